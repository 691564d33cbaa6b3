"""What is unusual for this person today, against the four weeks before.

A day's value is compared with the median of the same feature on the 28 days before (the day itself excluded; at least 7 values). Its
distance in robust standard deviations, z = (value - median) / (1.4826 * median absolute deviation), gives the level: 0 below 3.5, 1 from
3.5 (unusual), 2 from 5 on (very unusual). Where more than half of the values are equal, 1.2533 times the mean absolute deviation takes the
place of a spread of zero (Iglewicz and Hoaglin 1993, "How to detect and handle outliers").

A day that was recorded much less than usual (coverage under half of the median coverage) cannot be judged: a watch in the drawer is no
change of behavior.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numba import njit

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Changes, Features

BASELINE_DAYS, LEAST_VALUES = 28, 7
UNUSUAL, VERY_UNUSUAL = 3.5, 5.0
NOT_JUDGED = ("wear_minutes",)
_FEW, _FLAT, _UNCOVERED = -1, -2, -3
"""Why a day could not be judged, as the kernel says it; all of them are level -1 in the table."""


@derivation(reads=(Features,), writes=Changes, by=("person", "day"), lookback=2 * BASELINE_DAYS, narrow=True, version=2)
def baseline_change(features: Frame[Consented[P], Features], *, keys: pl.DataFrame | None = None) -> Frame[Consented[P], Changes]:
    """Level of every feature's day (all but wear time) against the 28 days before; no row where the day has no value.

    `false_alarm_rate` is the share of level 1 and more among the judged days of the 28 days before (so 56 days are read). With `keys`
    (person, day) only their rows are given: most of the days that are read are there for the baseline.
    """
    values = (
        features.data.filter(pl.col("value").is_finite() & ~pl.col("feature").is_in(NOT_JUDGED))
        .sort("person", "feature", "day").with_columns(series=pl.struct("person", "feature").rle_id().cast(pl.Int64))
    )  # fmt: skip
    series, day, value, coverage = (values.get_column(name).to_physical().to_numpy() for name in ("series", "day", "value", "coverage"))
    median, spread, used, verdict = _judge(series, day, value, coverage)
    rate = _earlier_alarms(series, day, verdict)
    judged = values.with_columns(
        expected=pl.Series(median).fill_nan(None), spread=pl.Series(spread).fill_nan(None), nights_used=pl.Series(used).cast(pl.Int32),
        verdict=pl.Series(verdict), rate=pl.Series(rate).fill_nan(None),
    )  # fmt: skip
    judged = judged if keys is None else judged.join(keys, on=["person", "day"], how="semi")
    out = judged.select(
        "person", "day", detector=pl.lit("baseline_28"), feature="feature", observed="value", expected="expected", spread="spread",
        level=pl.max_horizontal("verdict", pl.lit(-1)).cast(pl.Int16), nights_used="nights_used", false_alarm_rate="rate", why=_why(),
    )  # fmt: skip
    return features.derive(Changes, out.sort("person", "day", "feature"))


def _why() -> pl.Expr:
    observed, expected = (_number(pl.col(name)) for name in ("value", "expected"))
    side = pl.when(pl.col("value") >= pl.col("expected")).then(pl.lit("above")).otherwise(pl.lit("below"))
    times = ((pl.col("value") - pl.col("expected")).abs() / pl.col("spread")).round(1)
    how = pl.when(pl.col("verdict") == 1).then(pl.lit("Unusually")).otherwise(pl.lit("Very"))
    against = pl.format("{} against a median of {} on {} of the 28 days before", observed, expected, pl.col("nights_used"))
    return (
        pl.when(pl.col("verdict") == _FEW)
        .then(pl.format("Could not be judged: only {} of the 28 days before have a value, 7 are needed.", pl.col("nights_used")))
        .when(pl.col("verdict") == _FLAT).then(pl.format("Could not be judged: all {} earlier values are the same.", pl.col("nights_used")))
        .when(pl.col("verdict") == _UNCOVERED)
        .then(pl.format("Could not be judged: recorded for {} % of the needed time, much less than usual.", _percent("coverage")))
        .when(pl.col("verdict") == 0).then(pl.format("As usual: {}.", against))
        .otherwise(pl.format("{} far {} this person's baseline: {}, {} times the usual spread.", how, side, against, times))
    )  # fmt: skip


def _number(value: pl.Expr) -> pl.Expr:
    """Whole from 100 on, one decimal below."""
    return pl.when(value.abs() >= 100).then(value.round(0).cast(pl.Int64).cast(pl.String)).otherwise(value.round(1).cast(pl.String))


def _percent(name: str) -> pl.Expr:
    return (100 * pl.col(name)).round(0).cast(pl.Int64)


@njit(cache=True)
def _judge(series, day, value, coverage):  # type: ignore[no-untyped-def]
    """Median, spread, number of values behind them, and verdict of each row of sorted series."""
    n = len(series)
    median, spread = np.full(n, np.nan), np.full(n, np.nan)
    used, verdict = np.zeros(n, np.int64), np.full(n, _FEW, np.int64)
    first = 0
    for i in range(n):
        while series[first] != series[i] or day[first] < day[i] - BASELINE_DAYS:
            first += 1
        used[i] = i - first
        if used[i] < LEAST_VALUES:
            continue
        before = value[first:i]
        median[i] = np.median(before)
        spread[i] = 1.4826 * np.median(np.abs(before - median[i]))
        if spread[i] == 0:
            spread[i] = 1.2533 * np.mean(np.abs(before - median[i]))
        z = abs(value[i] - median[i]) / spread[i] if spread[i] > 0 else 0.0
        if coverage[i] < 0.5 * np.median(coverage[first:i]):
            verdict[i] = _UNCOVERED
        elif spread[i] == 0:
            verdict[i] = 0 if value[i] == median[i] else _FLAT
        else:
            verdict[i] = 2 if z >= VERY_UNUSUAL else (1 if z >= UNUSUAL else 0)
    return median, spread, used, verdict


@njit(cache=True)
def _earlier_alarms(series, day, verdict):  # type: ignore[no-untyped-def]
    """Share of levels 1 and more among the judged rows of the same series on the 28 days before each row."""
    rate = np.full(len(series), np.nan)
    first = 0
    for i in range(len(series)):
        while series[first] != series[i] or day[first] < day[i] - BASELINE_DAYS:
            first += 1
        judged = alarms = 0
        for j in range(first, i):
            judged += verdict[j] >= 0
            alarms += verdict[j] >= 1
        if judged > 0:
            rate[i] = alarms / judged
    return rate
