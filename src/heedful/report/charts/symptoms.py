"""Symptoms told in a diary, or in public under an account that the participant linked: on which days which one was said to be there."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from heedful.report.charts.pixels import x_at
from heedful.report.charts.supply import Lane
from heedful.report.drawing import rows
from heedful.report.theme import AXIS_WIDTH, paint

_TITLES = {
    ("diary",): ("Symptoms in the diary", "dot: the diary of that day says it is there; no dot says nothing"),
    ("post",): ("Symptoms in own public posts", "ring: a post of that day says it is there; no ring says nothing"),
    ("diary", "post"): ("Symptoms told", "dot: in the diary of that day; ring: in an own public post; no mark says nothing"),
}
_MARKS: dict[str, dict[str, Any]] = {"diary": {"filled": True, "size": 42}, "post": {"filled": False, "size": 44, "strokeWidth": 1.8}}
_WORDS = {"diary": "in the diary", "post": "in an own public post"}


def symptom_lane(symptoms: pl.DataFrame, x: alt.X, width: int) -> Lane:
    """The lane of a timeline: one row a symptom, a mark on each day on which it is told to be there. Columns: symptom, day, and told
    ('diary', a dot, or 'post', a ring)."""
    names = symptoms["symptom"].unique().sort().to_list()
    said = pl.col("told").replace_strict(_WORDS, return_dtype=pl.String)
    data = symptoms.with_columns(tip=pl.format("{}: {}, told {}", pl.col("day").dt.strftime("%-d %b"), "symptom", said))
    axis = alt.Axis(labels=False, grid=False, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    y = alt.Y("symptom:N", sort=names, title=None, axis=axis, scale=alt.Scale(paddingInner=0.5, paddingOuter=0.5))
    kinds = data["told"].unique().sort().to_list()
    marks = [
        alt.Chart(rows(data.filter(pl.col("told") == kind)))
        .mark_point(color=paint("purple"), opacity=1, clip=True, **_MARKS[kind])
        .encode(x, y, alt.Description("tip:N"))
        for kind in kinds
    ]
    words = (
        alt.Chart(rows(pl.DataFrame({"symptom": names})))
        .mark_text(align="left", dy=-11, fontSize=11, color=paint("ink"))
        .encode(x_at(2), y, alt.Text("symptom:N"))
    )
    title, subtitle = _TITLES[tuple(kinds)]
    head = alt.TitleParams(title, subtitle=subtitle)
    return alt.layer(*marks, words).properties(width=width, height=30 * len(names), title=head)
