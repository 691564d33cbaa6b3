"""A signal over time: people a day against what was expected, with alarms and with what was withheld."""

from __future__ import annotations

import altair as alt
import polars as pl

from heedful.report.charts.pixels import y_at, y_to
from heedful.report.drawing import rows, svg
from heedful.report.theme import SHORT_NUMBER, paint
from heedful.report.wording import figures

WIDTH, HEIGHT = 262, 112
MOST_DAYS_WITHOUT_YEAR = 366
POINTS = 180
"""Newest points of a series that are drawn; more would not be told apart at this width."""


def signal_chart(points: pl.DataFrame, label: str, name: str, *, unit: str = "people") -> str:
    """One small multiple as SVG; a date that rests on a nowcast shows it as an open point with its 95 % interval, above the count so far.

    `points`: one row a day (or week, or month), sorted, with `day` (Date), `value` (null if withheld or not known),
    `withheld` (bool), `expected`, `bound` (null where no detector tested the date) and `alarm` (bool); and, where the count is not
    final, `nowcast`, `nowcast_low`, `nowcast_high`. The band runs from the
    expected count to the detector's upper bound; it is left open where nothing was tested.
    """
    lost = [pl.lit(None, pl.Float64).alias(name) for name in ("nowcast", "nowcast_low", "nowcast_high") if name not in points.columns]
    shown = points.tail(POINTS).with_columns(pl.col("alarm").fill_null(False), pl.col("withheld").fill_null(False), *lost)
    shown = shown.with_columns(
        tip=_tips(unit),
        run=(pl.col("bound").is_null() != pl.col("bound").is_null().shift(1)).fill_null(True).cum_sum(),
        low=pl.min_horizontal("expected", "bound"),
        tested=pl.coalesce("nowcast", "value"),
    )
    base = alt.Chart(rows(shown)).encode(_x(shown["day"]))
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, labelExpr=SHORT_NUMBER), scale=alt.Scale(zero=True, nice=True, domainMin=0))
    tested = base.transform_filter("datum.bound !== null")
    band = tested.mark_area(color=paint("band"), interpolate="monotone").encode(alt.Y("low:Q"), alt.Y2("bound"), alt.Detail("run:N"))
    expected = tested.mark_line(color=paint("grey"), strokeWidth=1, strokeDash=[3, 3]).encode(alt.Y("expected:Q"), alt.Detail("run:N"))
    line = base.mark_line(color=paint("blue"), strokeWidth=1.8, interpolate="linear", strokeJoin="round").encode(y)
    each = base.mark_point(size=7, filled=True, color=paint("blue"), opacity=1).encode(alt.Y("value:Q"))
    withheld = (
        base.transform_filter("datum.withheld")
        .mark_point(shape="square", size=14, filled=False, color=paint("hatch"), strokeWidth=1.2)
        .encode(y_at(HEIGHT - 4))
    )
    alarms = (
        base.transform_filter("datum.alarm")
        .mark_point(shape="triangle-down", size=72, filled=True, color=paint("alarm"), opacity=1, yOffset=-9)
        .encode(alt.Y("tested:Q"))
    )
    dots = base.transform_filter("datum.alarm").mark_point(size=30, filled=True, color=paint("alarm"), opacity=1).encode(alt.Y("value:Q"))
    open_ = base.transform_filter("datum.nowcast !== null")
    range_ = open_.mark_rule(color=paint("blue"), strokeWidth=3, opacity=0.35).encode(alt.Y("nowcast_low:Q"), alt.Y2("nowcast_high"))
    nowcast = open_.mark_point(shape="circle", size=28, filled=False, color=paint("blue"), strokeWidth=1.4).encode(alt.Y("nowcast:Q"))
    hover = base.mark_bar(opacity=0, width=max(2.0, WIDTH / max(shown.height, 1))).encode(y_at(0), y_to(HEIGHT), alt.Description("tip:N"))
    parts = [band, expected, *([range_, nowcast] if shown["nowcast"].count() else []), line, each, withheld, dots, alarms, hover]
    return svg(alt.layer(*parts).properties(width=WIDTH, height=HEIGHT), label, name)


def _x(days: pl.Series) -> alt.X:
    long = days.n_unique() > 1 and (days.max() - days.min()).days > MOST_DAYS_WITHOUT_YEAR  # type: ignore[operator, union-attr]
    axis = alt.Axis(tickCount=4, labelFlush=True, format="%b %Y" if long else "%-d %b", labelOverlap=True)
    return alt.X("day:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _tips(unit: str) -> pl.Expr:
    when = pl.col("day").dt.strftime("%-d %b %Y")
    value, bound = figures("value"), figures("bound")
    against = pl.when(pl.col("bound").is_null()).then(pl.lit("")).otherwise(pl.format(", up to {} expected", bound))
    later = [figures(name) for name in ("nowcast", "nowcast_low", "nowcast_high")]
    coming = pl.when(pl.col("nowcast").is_not_null()).then(pl.format(" so far, {} to come to ({} to {})", *later)).otherwise(pl.lit(""))
    known = pl.format(
        "{}: {} {}{}{}{}", when, value, pl.lit(unit), coming, against, pl.when("alarm").then(pl.lit(" – alarm")).otherwise(pl.lit(""))
    )
    unknown = pl.format("{}: {}", when, pl.when("withheld").then(pl.lit("withheld, too few people")).otherwise(pl.lit("not known")))
    return pl.when(pl.col("value").is_null()).then(unknown).otherwise(known)
