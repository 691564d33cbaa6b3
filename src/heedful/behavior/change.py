"""What is unusual for this person today, against the four weeks before.

A day's value is compared with the median of the same feature on the 28 days before (the day itself excluded; at least 7 values). Its
distance in robust standard deviations, z = (value - median) / (1.4826 * median absolute deviation), gives the level: 0 below 3.5, 1 from
3.5 (unusual), 2 from 5 on (very unusual). Where more than half of the values are equal, 1.2533 times the mean absolute deviation takes the
place of a spread of zero (Iglewicz and Hoaglin 1993, "How to detect and handle outliers").

A day that was recorded much less than usual (coverage under half of the median coverage) cannot be judged: a watch in the drawer is no
change of behavior. Nor can the sleep of a night that the watch spent partly off the wrist: where the heart was recorded on any of the
nights before, a night with less than three quarters of the usual recorded minutes between midnight and seven says nothing of sleep.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.annotations import expected_nights
from heedful.behavior.clock_features import clock, is_clock
from heedful.behavior.false_alarms import explanation, rate_sentence, wilson
from heedful.behavior.nightsignal import NIGHT_VALUE
from heedful.core.buffers import batches
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Annotations, Changes, Features
from heedful.core.streams import streams

BASELINE_DAYS, LEAST_VALUES = 28, 7
UNUSUAL, VERY_UNUSUAL = 3.5, 5.0
JUDGED = (
    r"^(steps|active_minutes$|sedentary_minutes|sleep_(minutes|onset|offset|efficiency)|waso|resting_heart_rate|heart_rate_mean|hrv_|"
    r"respiratory_rate|skin_temperature|glucose_)"
)
"""Features of one day or night each. Indices over several days change with each of them, and shares near 0 or 1 have no spread to
measure by: `change_points` looks at all features together. What says nearly the same as another feature (SD1 is RMSSD by the root of two;
of the variability of the heart RMSSD and SDNN are judged) is not judged beside it: one change would be told many times."""
NOT_JUDGED = (
    r"^wear_minutes$|^day_resting_heart_rate\[|\[(reported|measured)\]$|"
    r"^hrv_(sd1|sd2|lf|hf|lf_hf|pnn50|sdann|sdnn_index|triangular_index)\["
)
SLEEP = r"^(sleep_|waso)"
NEEDED, NIGHT_NEEDED = 0.5, 0.75
"""Share of the usual coverage that a day, and the night of a sleep feature, needs to be judged."""
_FEW, _FLAT, _UNCOVERED = -1, -2, -3
"""Why a day could not be judged, as the kernel says it; all of them are level -1 in the table."""


def _history() -> HistoryState:
    from heedful.behavior.warm_baseline import WarmBaseline  # which reads this file

    return WarmBaseline()


@derivation(
    reads=(Features, Annotations), writes=Changes, by=("person", "day"), lookback=3 * BASELINE_DAYS, narrow=True, version=5,
    matching={"features": JUDGED}, own_days=True, fold=Carried(_history),
)  # fmt: skip
def baseline_change(
    features: Frame[Consented[P], Features], annotations: Frame[Consented[P], Annotations], *, keys: pl.DataFrame | None = None
) -> Frame[Consented[P], Changes]:
    """Level of every day of the features `JUDGED` against the 28 days before; no row where the day has no value.

    `false_alarm_rate` is the share of level 1 and more among the judged days of the 28 days before that no annotation explains (84 days
    are read: what covered a night of their baseline hangs on the 28 nights before it); a day that one explains keeps its level, and
    `because` and `why` say what it is. With `keys` (person, day) only their rows are given: most of the days that are read are there for
    the baseline.
    """
    values = _judged(features.data)
    known = expected_nights(annotations.data)
    values = values.join(known, on=["person", "day"], how="left") if known.height else values.with_columns(because=pl.lit(None, pl.String))
    series, order = _ordered(values)
    day, value, covered, needed = (
        values.get_column(name).to_physical().to_numpy()[order] for name in ("day", "value", "covered", "needed")
    )
    found = _judge(series, day, value, covered, needed)
    found = [*found, *_earlier_alarms(series, day, found[3], values.get_column("because").is_null().to_numpy()[order])]
    median, spread, used, verdict, judged_before, alarms = (_in_place(column, order) for column in found)
    judged = values.with_columns(
        expected=median.fill_nan(None), spread=spread.fill_nan(None), nights_used=used.cast(pl.Int32), verdict=verdict,
        judged=judged_before, alarms=alarms,
    )  # fmt: skip
    judged = judged if keys is None else judged.join(keys, on=["person", "day"], how="semi")
    return features.derive(Changes, findings(judged).sort("person", "day", "feature"))


def findings(judged: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Changes` from values with their baseline and verdict (`expected`, `spread`, `nights_used`, `verdict`), the judged days and
    alarms before (`judged`, `alarms`), the share of the needed time (`covered`) and what explains the day (`because`)."""
    low, high = wilson(pl.col("alarms"), pl.col("judged"))
    told = pl.concat_str(explanation(pl.col("because")), rate_sentence(pl.col("alarms"), pl.col("judged")))
    return judged.select(
        "person", "day", detector=pl.lit("baseline_28"), feature="feature", observed="value", expected="expected", spread="spread",
        level=pl.max_horizontal("verdict", pl.lit(-1)).cast(pl.Int16), nights_used="nights_used",
        false_alarm_rate=pl.when(pl.col("judged") > 0).then(pl.col("alarms") / pl.col("judged")),
        why=pl.concat_str(_why(), pl.when(pl.col("verdict") >= 1).then(told).otherwise(pl.lit(""))),
        false_alarm_low=low, false_alarm_high=high, because="because",
    )  # fmt: skip


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """The values of the features that are judged, with the columns of `_with_night_wear`."""
    names = rows.get_column("feature").unique()
    names = names.filter(names.str.contains(JUDGED) & ~names.str.contains(NOT_JUDGED))
    values = rows.filter(pl.col("value").is_finite() & pl.col("feature").is_in(names.implode()))
    if names.str.contains(SLEEP).any():
        return _with_night_wear(values)
    return values.with_columns(covered="coverage", needed=pl.lit(NEEDED))


def _ordered(values: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of rows in which those of a person and feature lie together, day after day, and the number of that pair of each."""
    number = np.empty(values.height, np.int64)
    known, at = dict[tuple[str, str], int](), 0
    text = values.select("person", "feature").rechunk()
    for views in batches(text):
        of_row, firsts = streams(views, text.slice(at, len(views[0])))
        pairs = text[firsts + at].rows()
        number[at : at + len(of_row)] = np.array([known.setdefault(pair, len(known)) for pair in pairs], np.int64)[of_row]
        at += len(of_row)
    order = np.lexsort((values.get_column("day").to_physical().to_numpy(), number))
    return number[order], order


def _in_place(column: NDArray[Any], order: NDArray[np.int64]) -> pl.Series:
    """Answers of rows in order, at the places of the rows."""
    out = np.empty_like(column)
    out[order] = column
    return pl.Series(out)


def _with_night_wear(values: pl.DataFrame) -> pl.DataFrame:
    """`covered`, the share that counts, and `needed`, the share of its usual that a day needs: for sleep that of the night's heart rate.

    A night without any heart rate counts as not covered if one of the 28 days before has some; where none has, the device has no such
    sensor and sleep's own coverage is all there is.
    """
    nights = values.filter(pl.col("feature") == NIGHT_VALUE).select("person", "day", night="coverage")
    seen = nights.select("person", "day", last="day").sort("day")
    joined = (
        values.join(nights, on=["person", "day"], how="left").sort("day")
        .join_asof(seen, on="day", by="person", strategy="backward", check_sortedness=False)
    )  # fmt: skip
    sleep = pl.col("feature").str.contains(SLEEP)
    recent = ((pl.col("day") - pl.col("last")).dt.total_days() <= BASELINE_DAYS).fill_null(value=False)
    night = pl.when(recent).then(pl.col("night").fill_null(0.0)).otherwise(pl.col("coverage"))
    return joined.with_columns(
        covered=pl.when(sleep).then(night).otherwise("coverage"), needed=pl.when(sleep).then(NIGHT_NEEDED).otherwise(NEEDED)
    ).drop("night", "last")


def _why() -> pl.Expr:
    timed = is_clock(pl.col("feature"))
    observed, expected = (pl.when(timed).then(clock(pl.col(name))).otherwise(_number(pl.col(name))) for name in ("value", "expected"))
    higher = pl.col("value") >= pl.col("expected")
    side = pl.when(timed).then(_either(higher, "after", "before")).otherwise(_either(higher, "above", "below"))
    times = ((pl.col("value") - pl.col("expected")).abs() / pl.col("spread")).round(1)
    how = pl.when(pl.col("verdict") == 1).then(pl.lit("Unusually")).otherwise(pl.lit("Very"))
    against = pl.format("{} against a median of {} on {} of the 28 days before", observed, expected, pl.col("nights_used"))
    return (
        pl.when(pl.col("verdict") == _FEW)
        .then(pl.format("Could not be judged: only {} of the 28 days before have a value, 7 are needed.", pl.col("nights_used")))
        .when(pl.col("verdict") == _FLAT).then(pl.format("Could not be judged: all {} earlier values are the same.", pl.col("nights_used")))
        .when(pl.col("verdict") == _UNCOVERED)
        .then(pl.format("Could not be judged: recorded for {} % of the needed time, much less than usual.", _percent("covered")))
        .when(pl.col("verdict") == 0).then(pl.format("As usual: {}.", against))
        .otherwise(pl.format("{} far {} this person's baseline: {}, {} times the usual spread.", how, side, against, times))
    )  # fmt: skip


def _either(condition: pl.Expr, true: str, false: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(true)).otherwise(pl.lit(false))


def _number(value: pl.Expr) -> pl.Expr:
    """Whole from 100 on, one decimal below."""
    return pl.when(value.abs() >= 100).then(value.round(0).cast(pl.Int64).cast(pl.String)).otherwise(value.round(1).cast(pl.String))


def _percent(name: str) -> pl.Expr:
    return (100 * pl.col(name)).round(0).cast(pl.Int64)


@njit(cache=True)
def _judge(series, day, value, coverage, needed):  # type: ignore[no-untyped-def]
    """Median, spread, number of values behind them, and verdict of each row of sorted series."""
    n = len(series)
    median, spread = np.full(n, np.nan), np.full(n, np.nan)
    used, verdict = np.zeros(n, np.int64), np.full(n, _FEW, np.int64)
    # the values and coverages of the days before, sorted: from row to row a few come and go
    before, shares = np.empty(n), np.empty(n)
    first = 0
    for i in range(n):
        while series[first] != series[i] or day[first] < day[i] - BASELINE_DAYS:
            _leave(before, i - first - 1, value[first])
            _leave(shares, i - first - 1, coverage[first])
            first += 1
        used[i] = i - first
        if used[i] >= LEAST_VALUES:
            median[i] = _middle(before, used[i])
            spread[i] = 1.4826 * _deviation(before, used[i], median[i])
            if spread[i] == 0:
                spread[i] = 1.2533 * np.mean(np.abs(value[first:i] - median[i]))
            z = abs(value[i] - median[i]) / spread[i] if spread[i] > 0 else 0.0
            if coverage[i] < needed[i] * _middle(shares, used[i]):
                verdict[i] = _UNCOVERED
            elif spread[i] == 0:
                verdict[i] = 0 if value[i] == median[i] else _FLAT
            else:
                verdict[i] = 2 if z >= VERY_UNUSUAL else (1 if z >= UNUSUAL else 0)
        _enter(before, used[i], value[i])
        _enter(shares, used[i], coverage[i])
    return median, spread, used, verdict


@njit(cache=True, inline="always")
def _enter(ordered, count, value):  # type: ignore[no-untyped-def]
    at = count
    while at > 0 and ordered[at - 1] > value:
        ordered[at] = ordered[at - 1]
        at -= 1
    ordered[at] = value


@njit(cache=True, inline="always")
def _leave(ordered, left, value):  # type: ignore[no-untyped-def]
    """Take one `value` out, so that `left` remain."""
    at = 0
    while at < left and ordered[at] != value:
        at += 1
    for k in range(at, left):
        ordered[k] = ordered[k + 1]


@njit(cache=True, inline="always")
def _middle(ordered, count):  # type: ignore[no-untyped-def]
    half = count >> 1
    return ordered[half] if count & 1 else (ordered[half - 1] + ordered[half]) / 2


@njit(cache=True)
def _deviation(ordered, count, middle):  # type: ignore[no-untyped-def]
    """Median absolute deviation from the median, of sorted values: the nearest ones lie beside it."""
    right = 0
    while right < count and ordered[right] < middle:
        right += 1
    left, last, before = right - 1, 0.0, 0.0
    for _ in range((count >> 1) + 1):
        before = last
        if right >= count or (left >= 0 and middle - ordered[left] <= ordered[right] - middle):
            last = middle - ordered[left]
            left -= 1
        else:
            last = ordered[right] - middle
            right += 1
    return last if count & 1 else (before + last) / 2


@njit(cache=True)
def _earlier_alarms(series, day, verdict, plain):  # type: ignore[no-untyped-def]
    """Judged rows, and those of level 1 and more, among the rows of the same series on the 28 days before that nothing explains."""
    judged, alarms = np.zeros(len(series), np.int64), np.zeros(len(series), np.int64)
    first, many, raised = 0, 0, 0
    for i in range(len(series)):
        while series[first] != series[i] or day[first] < day[i] - BASELINE_DAYS:
            many -= plain[first] and verdict[first] >= 0
            raised -= plain[first] and verdict[first] >= 1
            first += 1
        judged[i], alarms[i] = many, raised
        many += plain[i] and verdict[i] >= 0
        raised += plain[i] and verdict[i] >= 1
    return judged, alarms
