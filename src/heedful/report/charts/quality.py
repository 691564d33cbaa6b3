"""How much is known: days with a value and days without, by reason, for each feature."""

from __future__ import annotations

import altair as alt
import polars as pl

from heedful.report.drawing import rows, svg
from heedful.report.theme import HATCHED, paint

REASONS = {
    "": ("known", paint("blue")),
    "too_short": ("too little recorded", paint("amber")),
    "implausible": ("not plausible", paint("alarm")),
    "not_worn": ("not worn", HATCHED),
    "no_data": ("nothing recorded", paint("soft")),
    "other": ("another reason", paint("grey")),
}


def coverage_chart(days: pl.DataFrame, label: str, name: str) -> str:
    """Person-days by feature and reason as bars of equal length. `days`: `feature` (shown name), `missing`, `n`."""
    order = days["feature"].unique(maintain_order=True).to_list()
    named = pl.when(pl.col("missing").is_in(list(REASONS))).then("missing").otherwise(pl.lit("other")).alias("missing")
    days = days.group_by("feature", named).agg(pl.col("n").sum())
    data = days.with_columns(part=pl.col("n") / pl.col("n").sum().over("feature")).sort(
        "feature", pl.col("missing").cast(pl.Enum(list(REASONS)))
    )
    data = data.with_columns(end=pl.col("part").cum_sum().over("feature"))
    data = data.with_columns(
        pl.col("missing").cast(pl.String),
        start=pl.col("end") - pl.col("part"),
        tip=pl.format(
            "{}: {} of person-days {}",
            "feature",
            pl.format("{} %", (pl.col("part") * 100).round(0).cast(pl.Int64)),
            pl.col("missing").replace({reason: words for reason, (words, _) in REASONS.items()}),
        ),
    )
    axis = alt.Axis(grid=False, labelLimit=210, labelFontSize=12, labelColor=paint("ink"), minExtent=190)
    y = alt.Y("feature:N", sort=order, title=None, axis=axis)
    x = alt.X("start:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=4))
    colour = alt.Color("missing:N", legend=None, scale=alt.Scale(domain=list(REASONS), range=[colour for _, colour in REASONS.values()]))
    bars = alt.Chart(rows(data)).mark_bar(height=15).encode(x, alt.X2("end"), y, colour, alt.Description("tip:N"))
    return svg(bars.properties(width=640, height=25 * len(order)), label, name)
