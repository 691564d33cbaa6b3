"""A person's days on one axis: nights, resting heart rate, steps and medicines; what is missing is hatched, never zero."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import polars as pl

from heedful.behavior.clock_features import clock
from heedful.report.charts.pixels import y_at, y_to
from heedful.report.charts.supply import Lane, supply_lane
from heedful.report.charts.symptoms import symptom_lane
from heedful.report.drawing import milliseconds, rows, svg
from heedful.report.theme import AXIS_WIDTH, HATCHED, SHORT_NUMBER, paint

DAY_PIXELS, LEAST_WIDTH, MOST_WIDTH = 14, 420, 880
NIGHT_HEIGHT, LANE_HEIGHT = 150, 92
_NIGHT_FROM = 18 * 60
_NIGHT_MINUTES = 18 * 60
_HALF = 43_200_000 - 5_000_000


@dataclass(frozen=True)
class Days:
    """What is drawn of one person, between two days, both included.

    `nights`: day, onset, offset (minutes after any midnight; null if not known), missing. `heart`: day, value, low, high (baseline
    band; null where there is none), level, missing. `steps`: day, value, missing, goal (null where there is none), level.
    `supplies`: drug, from_day, to_day (exclusive), kind 'supply' or 'gap'; `dispensed`: drug, day. `symptoms`: symptom, day, told
    ('diary' or 'post'). Any of them may be empty.
    """

    first: datetime.date
    last: datetime.date
    nights: pl.DataFrame = field(default_factory=pl.DataFrame)
    heart: pl.DataFrame = field(default_factory=pl.DataFrame)
    steps: pl.DataFrame = field(default_factory=pl.DataFrame)
    supplies: pl.DataFrame = field(default_factory=pl.DataFrame)
    dispensed: pl.DataFrame = field(default_factory=pl.DataFrame)
    symptoms: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def width(self) -> int:
        """Pixels of the shared axis."""
        return int(min(max(((self.last - self.first).days + 1) * DAY_PIXELS, LEAST_WIDTH), MOST_WIDTH))


def timeline_chart(days: Days, label: str, name: str) -> str:
    """All lanes that have rows, one below the other, as one SVG. Raises `ValueError` if there is nothing to draw."""
    lanes: list[Lane] = []
    if days.nights.height:
        lanes.append(_lane(_nights(days), days, "Nights", "from falling asleep to waking up; dotted: the usual times", NIGHT_HEIGHT))
    if days.heart.height:
        lanes.append(_lane(_heart(days), days, "Resting heart rate", "beats a minute; band: this person's usual range", LANE_HEIGHT))
    if days.steps.height:
        lanes.append(_lane(_steps(days), days, "Steps", "a day; line: the goal of that day", LANE_HEIGHT))
    if days.supplies.height:
        lanes.append(supply_lane(days.supplies, days.dispensed, x_axis(days), days.width))
    if days.symptoms.height:
        lanes.append(symptom_lane(days.symptoms, x_axis(days), days.width))
    if not lanes:
        raise ValueError(f"{name}: there is no lane to draw between {days.first} and {days.last}.")
    return svg(alt.vconcat(*lanes, bounds="flush", spacing=72), label, name)


def x_axis(days: Days) -> alt.X:
    """The shared axis: each day's noon lies in the middle of its column."""
    domain = [milliseconds(days.first) - 43_200_000, milliseconds(days.last) + 43_200_000]
    interval = "week" if (days.last - days.first).days <= 150 else "month"
    axis = alt.Axis(
        tickCount={"interval": interval, "step": 1}, format="%-d %b" if interval == "week" else "%b %Y", labelOverlap=True, grid=True
    )
    return alt.X("day:T", title=None, scale=alt.Scale(type="utc", domain=domain, nice=False), axis=axis)


def _lane(layers: list[alt.Chart], days: Days, title: str, subtitle: str, height: int) -> Lane:
    head = alt.TitleParams(title, subtitle=subtitle)
    return alt.layer(*layers).properties(width=days.width, height=height, title=head)


def _y(field_: str, **scale: Any) -> alt.Y:
    axis = alt.Axis(tickCount=4, labelExpr=SHORT_NUMBER, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    return alt.Y(field_, title=None, axis=axis, scale=alt.Scale(**scale))


def _columns(data: pl.DataFrame) -> pl.DataFrame:
    """Left and right edge of a day's column, in milliseconds."""
    middle = pl.col("day").cast(pl.Datetime("ms")).cast(pl.Int64)
    return data.with_columns(left=middle - _HALF, right=middle + _HALF)


def _missing(data: pl.DataFrame, days: Days, height: int) -> alt.Chart:
    """Hatched columns over the whole height of a lane, with the reason as tooltip."""
    gone = _columns(data.filter(pl.col("missing") != "")).with_columns(
        tip=pl.format("{}: {}", pl.col("day").dt.strftime("%-d %b"), pl.col("missing").str.replace_all("_", " "))
    )
    left = x_axis(days)
    left["shorthand"] = "left:T"
    return alt.Chart(rows(gone)).mark_rect(color=HATCHED).encode(left, alt.X2("right"), y_at(0), y_to(height), alt.Description("tip:N"))


def _nights(days: Days) -> list[alt.Chart]:
    placed = _placed(days.nights)
    known = _columns(placed.filter(pl.col("missing") == "")).with_columns(
        tip=pl.format(
            "Night of {}: {} to {}",
            pl.col("day").dt.strftime("%-d %b"),
            clock(pl.col("onset") + _NIGHT_FROM),
            clock(pl.col("offset") + _NIGHT_FROM),
        )
    )
    left = x_axis(days)
    left["shorthand"] = "left:T"
    hours = "format((floor((datum.value + 1080) / 60)) % 24, '02') + ':00'"
    axis = alt.Axis(values=[0, 240, 480, 720, 960], labelExpr=hours, labelOverlap=False, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH)
    y = alt.Y("onset:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, _NIGHT_MINUTES], reverse=True, nice=False))
    bars = (
        alt.Chart(rows(known))
        .mark_bar(color=paint("night"), cornerRadius=2)
        .encode(left, alt.X2("right"), y, alt.Y2("offset"), alt.Description("tip:N"))
    )
    usual_y = y.copy()
    usual_y["shorthand"] = "at:Q"
    usual = known.select(pl.col("onset", "offset").median()).unpivot(value_name="at").drop_nulls()
    lines = alt.Chart(rows(usual)).mark_rule(color=paint("muted"), strokeDash=[2, 3], strokeWidth=1).encode(usual_y)
    return [_missing(placed, days, NIGHT_HEIGHT), bars, lines]


def _placed(nights: pl.DataFrame) -> pl.DataFrame:
    """Minutes after 18:00, cut at 18:00 and 12:00; a sleep that lies wholly between 12:00 and 18:00 is said, not drawn."""
    onset, offset = ((pl.col(each) - _NIGHT_FROM).mod(1440) for each in ("onset", "offset"))
    start, end = pl.when(onset >= _NIGHT_MINUTES).then(0.0).otherwise(onset), offset.clip(0, _NIGHT_MINUTES)
    outside = ((onset >= _NIGHT_MINUTES) & (offset >= _NIGHT_MINUTES)) | (end <= start)
    reason = pl.when((pl.col("missing") == "") & outside).then(pl.lit("asleep outside the hours drawn")).otherwise("missing")
    return nights.select("day", onset=start, offset=end, missing=reason)


def _heart(days: Days) -> list[alt.Chart]:
    data = days.heart.sort("day").with_columns(
        tip=pl.format("{}: {} a minute", pl.col("day").dt.strftime("%-d %b"), pl.col("value").round(1)),
        run=(pl.col("value").is_null() | (pl.col("day").diff() > pl.duration(days=1)).fill_null(False)).cum_sum(),
    )
    base = alt.Chart(rows(data)).encode(x_axis(days))
    y = _y("value:Q", zero=False, nice=True, padding=6)
    band = (
        base.transform_filter("datum.low !== null && datum.value !== null")
        .mark_area(color=paint("band"), interpolate="monotone")
        .encode(_y("low:Q", zero=False), alt.Y2("high"), alt.Detail("run:N"))
    )
    known = base.transform_filter("datum.value !== null")
    line = known.mark_line(color=paint("blue"), strokeWidth=1.4).encode(y, alt.Detail("run:N"))
    dots = known.mark_point(filled=True, size=26, color=paint("blue"), opacity=1).encode(y, alt.Description("tip:N"))
    return [_missing(data, days, LANE_HEIGHT), band, line, dots, *_unusual(known, y)]


def _unusual(known: alt.Chart, y: alt.Y) -> list[alt.Chart]:
    """Unusual days: an amber diamond for level 1, a red triangle for level 2; the shape tells them apart without colour."""
    marks = []
    for level, shape, colour, size in ((1, "diamond", "amber", 78), (2, "triangle-up", "alarm", 96)):
        chosen = known.transform_filter(f"datum.level === {level}")
        marks.append(
            chosen.mark_point(filled=True, shape=shape, size=size, color=paint(colour), opacity=1).encode(y, alt.Description("tip:N"))
        )
    return marks


def _steps(days: Days) -> list[alt.Chart]:
    missed = (pl.col("value") < pl.col("goal")).fill_null(False)
    without = pl.col("goal").is_null() & pl.lit(bool(days.steps["goal"].count()))
    data = _columns(days.steps.sort("day")).with_columns(
        colour=pl.when(missed).then(pl.lit(paint("soft"))).when(without).then(pl.lit(paint("grey"))).otherwise(pl.lit(paint("teal"))),
        tip=pl.format("{}: {} steps", pl.col("day").dt.strftime("%-d %b"), pl.col("value").round(0).cast(pl.Int64)),
    )
    left = x_axis(days)
    left["shorthand"] = "left:T"
    y = _y("value:Q", domainMin=0, nice=True)
    known = alt.Chart(rows(data)).transform_filter("datum.value !== null")
    met = alt.Color("colour:N", scale=None)
    bars = known.mark_bar(cornerRadiusEnd=1.5).encode(left, alt.X2("right"), y, alt.Y2Datum(0), met, alt.Description("tip:N"))
    base = alt.Chart(rows(data)).encode(x_axis(days))
    held = alt.Chart(rows(data)).transform_filter("datum.goal !== null")
    goal = held.mark_rule(color=paint("ink"), strokeWidth=1.4).encode(left, alt.X2("right"), alt.Y("goal:Q"))
    return [_missing(data, days, LANE_HEIGHT), bars, goal, *_unusual(base.transform_filter("datum.value !== null"), y)]
