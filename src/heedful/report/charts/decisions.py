"""Decisions and what followed: how many ended how, with which probabilities, and what was measured after each action."""

from __future__ import annotations

import altair as alt
import polars as pl

from heedful.report.drawing import rows, svg
from heedful.report.theme import SHORT_NUMBER, paint

COLOURS = {"send": "teal", "no_message": "blue", "refused": "amber", "error": "alarm"}
WIDTH = 330


def endings_chart(endings: pl.DataFrame, label: str, name: str) -> str:
    """How decisions ended, as bars. `endings`: `what` (shown words), `kind` (send, no_message, refused or error), `n`."""
    order = endings["what"].to_list()
    base = alt.Chart(rows(endings.with_columns(tip=pl.format("{}: {}", "what", "n"))))
    y = alt.Y(
        "what:N",
        sort=order,
        title=None,
        axis=alt.Axis(grid=False, labelLimit=230, labelFontSize=12, labelColor=paint("ink"), minExtent=205),
    )
    most = float(endings["n"].max() or 1)  # type: ignore[arg-type]
    x = alt.X("n:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * 1.2], nice=False))
    colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(COLOURS), range=[paint(each) for each in COLOURS.values()]))
    bars = base.mark_bar(cornerRadiusEnd=2, height=14).encode(x, y, colour, alt.Description("tip:N"))
    texts = base.mark_text(align="left", dx=5, color=paint("ink")).encode(x, y, alt.Text("n:Q", format=","))
    return svg(alt.layer(bars, texts).properties(width=WIDTH - 150, height=24 * len(order)), label, name)


def probabilities_chart(decisions: pl.DataFrame, label: str, name: str) -> str:
    """With which probability the action was taken: a histogram with bins of 0.05, messages above none. Needs outcome, probability."""
    bins = (
        decisions.filter(pl.col("probability").is_not_null())
        .with_columns(low=((pl.col("probability") * 20).floor().clip(0, 19) / 20).round(2))
        .group_by("outcome", "low")
        .agg(n=pl.len())
        .sort("outcome", "low")
        .with_columns(
            high=pl.col("low") + 0.046,
            tip=pl.format(
                "{} at {} to {}: {}",
                pl.col("outcome").replace({"send": "message", "no_message": "no message"}),
                "low",
                (pl.col("low") + 0.05).round(2),
                "n",
            ),
        )
    )
    parts = []
    for outcome, words in (("send", "message"), ("no_message", "no message")):
        base = alt.Chart(rows(bins.filter(pl.col("outcome") == outcome)))
        x = alt.X(
            "low:Q",
            title="probability of the action taken" if outcome == "no_message" else None,
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f", labels=outcome == "no_message"),
        )
        y = alt.Y("n:Q", title=None, axis=alt.Axis(tickCount=2, minExtent=34, maxExtent=34))
        bars = base.mark_bar(color=paint(COLOURS[outcome])).encode(x, alt.X2("high"), y, alt.Y2Datum(0), alt.Description("tip:N"))
        parts.append(bars.properties(width=WIDTH - 60, height=54, title=alt.TitleParams(words, fontSize=11.5)))
    return svg(alt.vconcat(*parts, spacing=40, bounds="flush"), label, name)


def outcomes_chart(after: pl.DataFrame, unit: str, label: str, name: str) -> str:
    """What was measured after a message and after none: every outcome as a dot, the mean with its 95 % interval.

    `after`: `arm` (shown words), `value`, `at` (a fixed place across the row, 0 to 1), one row a decision.
    """
    arms = after["arm"].unique().sort().to_list()
    means = after.group_by("arm").agg(mean=pl.col("value").mean(), error=pl.col("value").std() / pl.len().sqrt(), n=pl.len()).sort("arm")
    means = means.with_columns(low=pl.col("mean") - 1.96 * pl.col("error"), high=pl.col("mean") + 1.96 * pl.col("error"))
    means = means.with_columns(tip=pl.format("{}: mean {} from {}", "arm", pl.col("mean").round(0).cast(pl.Int64), "n"))
    axis = alt.Axis(grid=False, labelLimit=170, labelFontSize=12, labelColor=paint("ink"), minExtent=100)
    y = alt.Y("arm:N", sort=arms, title=None, axis=axis)
    x = alt.X("value:Q", title=unit, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, labelExpr=SHORT_NUMBER, grid=True))
    shift = alt.YOffset("at:Q", scale=alt.Scale(domain=[0, 1], range=[10, 46]))
    dots = alt.Chart(rows(after)).mark_point(filled=True, size=20, color=paint("soft"), opacity=0.55).encode(x, y, shift)
    base = alt.Chart(rows(means))
    lines = base.mark_rule(color=paint("ink"), strokeWidth=2.2).encode(alt.X("low:Q"), alt.X2("high"), y)
    marks = base.mark_point(filled=True, shape="diamond", size=110, color=paint("ink"), opacity=1).encode(
        alt.X("mean:Q"), y, alt.Description("tip:N")
    )
    return svg(alt.layer(dots, lines, marks).properties(width=640, height=60 * len(arms)), label, name)
