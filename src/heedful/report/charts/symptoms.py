"""Symptoms told in a diary: on which days which one was said to be there."""

from __future__ import annotations

import altair as alt
import polars as pl

from heedful.report.charts.pixels import x_at
from heedful.report.charts.supply import Lane
from heedful.report.drawing import rows
from heedful.report.theme import AXIS_WIDTH, paint


def symptom_lane(symptoms: pl.DataFrame, x: alt.X, width: int) -> Lane:
    """The lane of a timeline: one row a symptom, a dot on each day on which the diary says that it is there. Columns: symptom, day."""
    names = symptoms["symptom"].unique().sort().to_list()
    data = symptoms.with_columns(tip=pl.format("{}: {}", pl.col("day").dt.strftime("%-d %b"), "symptom"))
    axis = alt.Axis(labels=False, grid=False, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    y = alt.Y("symptom:N", sort=names, title=None, axis=axis, scale=alt.Scale(paddingInner=0.5, paddingOuter=0.5))
    dots = alt.Chart(rows(data)).mark_point(filled=True, size=42, color=paint("purple"), opacity=1, clip=True)
    words = (
        alt.Chart(rows(pl.DataFrame({"symptom": names})))
        .mark_text(align="left", dy=-11, fontSize=11, color=paint("ink"))
        .encode(x_at(2), y, alt.Text("symptom:N"))
    )
    title = alt.TitleParams("Symptoms in the diary", subtitle="dot: the diary of that day says it is there; no dot says nothing")
    return alt.layer(dots.encode(x, y, alt.Description("tip:N")), words).properties(width=width, height=30 * len(names), title=title)
