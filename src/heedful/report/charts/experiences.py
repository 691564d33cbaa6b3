"""What people say a treatment did: one bar an axis and treatment, all on one scale of people."""

from __future__ import annotations

import altair as alt
import polars as pl

from heedful.report.charts.pixels import y_at, y_to
from heedful.report.drawing import rows, svg
from heedful.report.theme import paint

AXES = {
    "adverse": ("side effect", "alarm"),
    "withdrawal": ("withdrawal", "alarm"),
    "no_effect": ("no effect", "amber"),
    "benefit": ("benefit", "teal"),
    "stop": ("stopped", "purple"),
    "switch": ("switched", "purple"),
    "missed_dose": ("missed a dose", "purple"),
}
"""Axes in the order of their columns: what harmed, what did nothing, what helped, what people did; name and colour."""

DRUGS = 10
_COLUMN, _GAP, _ROW = 98, 16, 25
_WIDTH = len(AXES) * (_COLUMN + _GAP) - _GAP


def experience_chart(people: pl.DataFrame, label: str, name: str) -> str:
    """The matrix as SVG. `people`: distinct people (`people`, and in words `shown`, which withholds small numbers) by `drug` (shown name)
    and `axis`; drugs in the order of the rows.

    A person may stand on several axes, so that bars are put beside each other and never added up.
    """
    order = people["drug"].unique(maintain_order=True).to_list()[:DRUGS]
    height = _ROW * len(order)
    cells = _cells(people, order)
    heads = pl.DataFrame(
        {"left": _lefts(), "words": [words for words, _ in AXES.values()], "colour": [paint(each) for _, each in AXES.values()]}
    )
    labels = alt.Axis(labelLimit=150, labelFontSize=12, labelColor=paint("ink"), grid=False, minExtent=110)
    y = alt.Y("drug:N", sort=order, title=None, axis=labels, scale=alt.Scale(paddingInner=0.34, paddingOuter=0.2))
    scale = alt.Scale(domain=[0, _WIDTH], nice=False)
    left, right = alt.X("left:Q", title=None, axis=None, scale=scale), alt.X("right:Q", title=None, axis=None, scale=scale)
    colour = alt.Color("colour:N", scale=None)
    base, top = alt.Chart(rows(cells)), alt.Chart(rows(heads))
    ground = top.mark_rule(color=paint("line"), strokeWidth=1).encode(left, y_at(0), y_to(height))
    titles = top.mark_text(align="left", fontSize=12, fontWeight=600, dy=-12).encode(left, y_at(0), alt.Text("words:N"), colour)
    bars = base.mark_bar(cornerRadiusEnd=2).encode(left, alt.X2("right"), y, colour, alt.Description("tip:N"))
    texts = base.mark_text(align="left", dx=4, fontSize=11).encode(right, y, alt.Text("shown:N"), alt.Color("text:N", scale=None))
    return svg(alt.layer(ground, bars, texts, titles).properties(width=_WIDTH, height=height), label, name)


def _lefts() -> list[int]:
    return [number * (_COLUMN + _GAP) for number in range(len(AXES))]


def _cells(people: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Every treatment and axis with the edges of its bar in pixels; all bars share one scale of people."""
    axes = pl.DataFrame({"axis": list(AXES), "left": _lefts(), "colour": [paint(each) for _, each in AXES.values()]})
    grid = (
        pl.DataFrame({"drug": order})
        .join(axes, how="cross")
        .join(people.select("drug", "axis", "people", "shown"), on=["drug", "axis"], how="left")
    )
    withheld = pl.col("shown").str.starts_with("<")
    known = grid.with_columns(people=pl.when(withheld).then(0).otherwise("people").fill_null(0), shown=pl.col("shown").fill_null("0"))
    words = pl.col("axis").replace({axis: words for axis, (words, _) in AXES.items()})
    longest = pl.col("people").max().clip(1)
    return known.with_columns(
        right=pl.col("left") + pl.col("people") / longest * _COLUMN * 0.76,
        text=pl.when(pl.col("shown") != "0").then(pl.lit(paint("ink"))).otherwise(pl.lit(paint("muted"))),
        tip=pl.format("{}: {} people, {}", "drug", "shown", words),
    )
