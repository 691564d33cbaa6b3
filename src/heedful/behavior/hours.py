"""Sums of the hours of local days by series, and the choice among devices: the arithmetic of `hours_daily`, which a warm day shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.minutes import FIXED, HOUR_US, MINUTE_US, RATE
from heedful.core.schemas import DayHours

HOURS = 24
_ALL_HOURS = (1 << HOURS) - 1
HOUR_COLUMNS = tuple(f"h{hour:02d}" for hour in range(HOURS))
SIGNALS = ("steps", "activity_count")
CODES_READ = ("steps", "heart_rate", "activity_count")
_BY_NAME = np.argsort(np.argsort(CODES_READ))
"""The place of each code among them by name."""


@dataclass(frozen=True)
class HourSeries:
    """Whose hours: number of the person, day since 1970, place of the code in `CODES_READ`, rank of the device (see `rows.Rows`)."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    kind: NDArray[np.int8]
    rank: NDArray[np.int32]


def chosen_hours(persons: pl.Series, series: HourSeries, total: NDArray[np.int64], known: NDArray[np.int64]) -> pl.DataFrame:
    """Of each person, day and signal the most trusted device that counted anything.

    `total` [n, 24]: sums (2^-20) of each series; `known` [n]: bit h says that hour h is known, bit 24 + h that
    there was a sign of life in it: a heart rate, or something counted.
    """
    first, span = int(series.day.min()), int(np.ptp(series.day)) + 1
    person_day = series.person * span + series.day - first
    kind, rank = _BY_NAME[series.kind], series.rank
    counted = np.flatnonzero(total.any(axis=1))
    counted = counted[np.lexsort((counted, rank[counted], kind[counted], person_day[counted]))]
    new = np.diff(person_day[counted] * len(CODES_READ) + kind[counted], prepend=-1) != 0
    begin, group = np.flatnonzero(new), np.cumsum(new) - 1
    highest = rank[counted][np.append(begin[1:], len(counted)) - 1] if len(counted) else rank[counted]
    # text views may number one device twice: streams of one person, kind and rank are one device
    mine = rank[counted] == highest[group]
    sums = np.zeros((len(begin), HOURS))
    np.add.at(sums, group[mine], total[counted[mine]] / FIXED)
    best = counted[begin]
    days, place = np.unique(person_day, return_inverse=True)
    seen = np.zeros(len(days), np.int64)
    np.bitwise_or.at(seen, place.reshape(-1), known)
    names = pl.Series(sorted(CODES_READ), dtype=pl.String)
    bits = seen[np.searchsorted(days, person_day[best])]
    return pl.DataFrame({
        "person": persons.gather(series.person[best]),
        "day": pl.Series(series.day[best].astype(np.int32)).cast(pl.Date),
        "signal": names.gather(kind[best]), "known": (bits & _ALL_HOURS).astype(np.int32),
        "alive": (bits >> HOURS).astype(np.int32),
        **{name: sums[:, hour] for hour, name in enumerate(HOUR_COLUMNS)},
    }, schema=DayHours.dtypes())  # fmt: skip


@njit(cache=True)
def add_hours(stream, base, kind, low, high, day, start, end, offset, value, of_run, run, total, known):  # type: ignore[no-untyped-def]
    """Add rows to `total` and `known`; `of_run` leads from each run of rows of one stream and day, from `run` on, to its place there."""
    i, n = 0, len(stream)
    while i < n:
        s, t, a = stream[i], day[i], i
        while i < n and stream[i] == s and day[i] == t:
            i += 1
        d, s = of_run[run], np.int64(s) + base
        run += 1
        if kind[s] >= 0:
            rows, bounds = (start[a:i], end[a:i], offset[a:i], value[a:i]), (low[s], high[s])
            known[d] |= _add_hours(rows, bounds, np.int64(t) * (HOURS * HOUR_US), kind[s] == RATE, total[d])


@njit(cache=True)
def _add_hours(rows, bounds, midnight, rated, total):  # type: ignore[no-untyped-def]
    """Add rows of one stream and day to `total` [24], unless they are `rated`; what is known by them."""
    start, end, offset, value = rows
    lowest, highest = bounds
    now = known = summed = np.int64(0)  # the sum of the hour `now` is kept aside until another hour comes
    began, alive = midnight, False
    for i in range(len(value)):
        v, length = value[i], end[i] - start[i]
        if not (lowest <= v <= highest) or length < 0 or length >= HOUR_US:
            continue
        local = start[i] + np.int64(offset[i]) * MINUTE_US
        if not began <= local < began + HOUR_US or not known:
            hour = (local - midnight) // HOUR_US
            if hour < 0 or hour >= HOURS:
                continue
            total[now] += summed
            known |= np.int64(alive) << (HOURS + now)
            now, began, summed, alive = hour, midnight + hour * HOUR_US, np.int64(0), False
            known |= np.int64(1) << hour
        alive |= rated or v > 0
        summed += np.int64(v * FIXED + 0.5) if v > 0 and not rated else np.int64(0)
    total[now] += summed
    return known | np.int64(alive) << (HOURS + now)
