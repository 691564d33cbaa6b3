"""Medicines at hand: what each dispensing covers, and the days that nothing covers."""

from __future__ import annotations

import datetime

import altair as alt
import polars as pl

from heedful.report.charts.pixels import x_at
from heedful.report.drawing import rows
from heedful.report.theme import AXIS_WIDTH, HATCHED, paint

Lane = alt.LayerChart | alt.FacetChart


def covered(dispensings: pl.DataFrame) -> pl.DataFrame:
    """Days covered by each dispensing and the gaps between them, by drug; supply left over is carried forward (as in CMA7).

    Columns: drug, from_day, to_day (exclusive), kind 'supply' or 'gap'. Dispensings without a known supply cover nothing here.
    """
    schema = {"drug": pl.String, "from_day": pl.Date, "to_day": pl.Date, "kind": pl.String}
    parts = []
    known = dispensings.filter(pl.col("days_supplied") > 0).sort("drug", "dispensed_on", "row")
    for (drug,), events in known.group_by("drug", maintain_order=True):
        until = None
        for on, supplied in events.select("dispensed_on", pl.col("days_supplied").floor().cast(pl.Int64)).iter_rows():
            start = on if until is None else max(on, until)
            if until is not None and start > until:
                parts.append((drug, until, start, "gap"))
            end = start + datetime.timedelta(days=supplied)
            parts.append((drug, start, end, "supply"))
            until = end
    return pl.DataFrame(parts, schema=schema, orient="row")


def supply_lane(supplies: pl.DataFrame, dispensed: pl.DataFrame, x: alt.X, width: int) -> Lane:
    """The lane of a timeline: one row a drug, bars for covered days, hatched for gaps, a tick on each dispensing day."""
    drugs = supplies["drug"].unique().sort().to_list()
    data = supplies.with_columns(
        tip=pl.format(
            "{}: {} from {} to {}",
            "drug",
            pl.col("kind").replace({"gap": "no supply", "supply": "supply"}),
            pl.col("from_day").dt.strftime("%-d %b"),
            pl.col("to_day").dt.offset_by("-1d").dt.strftime("%-d %b"),
        ),
    ).rename({"from_day": "day"})
    axis = alt.Axis(labels=False, grid=False, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    y = alt.Y("drug:N", sort=drugs, title=None, axis=axis, scale=alt.Scale(paddingInner=0.62, paddingOuter=0.45))
    base = alt.Chart(rows(data)).encode(x, alt.X2("to_day"), y, alt.Description("tip:N"))
    supply = base.transform_filter("datum.kind === 'supply'").mark_bar(color=paint("soft"), clip=True)
    gap = base.transform_filter("datum.kind === 'gap'").mark_bar(color=HATCHED, stroke=paint("alarm"), strokeWidth=1.5, clip=True)
    ticks = alt.Chart(rows(dispensed)).mark_tick(color=paint("blue"), thickness=2.5, clip=True, height=14).encode(x, y)
    names = (
        alt.Chart(rows(pl.DataFrame({"drug": drugs})))
        .mark_text(align="left", dy=-15, fontSize=11, color=paint("ink"))
        .encode(x_at(2), y, alt.Text("drug:N"))
    )
    title = alt.TitleParams("Medicines at hand", subtitle="tick: dispensed; bar: days covered; hatched with an outline: no supply")
    return alt.layer(supply, gap, ticks, names).properties(width=width, height=42 * len(drugs), title=title)
