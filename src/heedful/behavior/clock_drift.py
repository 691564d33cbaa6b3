"""How fast a device's clock runs, as far as the rows themselves tell: from when they arrived, and from a second device on the same body.

*Arrivals.* A row that is pushed as it is measured is known a moment later, and the shortest delay of a day hardly changes. If the
device's clock gains, its stamps move towards the moment of arrival, day by day; the smallest delay of each day is taken, and the slope of
these over days, with its sign turned, is the gain. It is of the device's clock against this site's; rows of one upload say it once, and
seldom well.

*Two devices.* Steps of the same body are counted at the same times. The shift between two devices' minutes of a day, found by cross-
correlation and then, to a fraction of a minute, from the middles of bouts, changes from day to day by the difference of their gains;
which of the two is wrong it cannot say.

Both slopes are medians of the slopes between all pairs of days (Theil and Sen) with their 95 % interval; `told` says that it leaves zero
out. Estimates are findings: nothing is moved until the setting `clock_gain_seconds` declares it. A step of the clock (a time zone, a
correction) is no gain: on a jump of more than `LARGEST_STEP` seconds a day the longer side alone is judged. On simulated bodies (28 days,
one device counting 95 % of the steps, the other 85 %) two devices' gain came out within .03 seconds a day (one standard deviation), and
the interval held the truth in 92 to 100 % of 40 runs for gains of -3, 0, .5 and 1.5; that of arrivals (50 a day, 30 seconds late on
average) in 94 to 96 % of 200.

Theil 1950, Proc K Ned Akad Wet 53:386; Sen 1968, J Am Stat Assoc 63:1379. The rules around them are heedful's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SHIFTS = {"person": pl.String, "device": pl.String, "other": pl.String, "day": pl.Int32, "seconds": pl.Float64}
"""Of a day (since 1970) how many seconds `device` counts later than `other`; `other` is empty for the clock of this site."""
GAINS = {
    "person": pl.String, "device": pl.String, "other": pl.String, "gain_seconds": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "days": pl.Int32, "told": pl.Boolean,
}  # fmt: skip
LONGEST_MINUTES = 2
LEAST_DAYS = 7
LEAST_AGREEMENT = 0.5
MOST_SHIFT_MINUTES = 30
LEAST_ACTIVE_MINUTES = 30
QUIET_MINUTES, LEAST_IN_BOUT, LEAST_BOUTS = 2, 50, 3
LARGEST_STEP = 120.0
LEVEL = 0.95

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClockGain:
    """Seconds a day that a clock gains (negative: loses), its 95 % interval, and how many days it rests on."""

    seconds: float
    low: float
    high: float
    days: int

    @property
    def told(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def arrivals(observations: pl.DataFrame) -> pl.DataFrame:
    """Of each person, device and day of arrival the shortest delay, its sign turned, as `SHIFTS`; rows of one upload say it once.

    `observations`: rows of `Observations` of any code; what people report themselves is left out.

    >>> moment = pl.datetime(2026, 3, 1, 8, time_unit="us", time_zone="UTC")
    >>> rows = pl.select(person=pl.lit("a"), device=pl.lit("band"), how=pl.lit("measured"), end_at=moment)
    >>> arrivals(rows.with_columns(known_at=pl.col("end_at").dt.offset_by("40s")))["seconds"].to_list()
    [-40.0]
    """
    rows = observations.filter(pl.col("how") != "self_reported")
    delay = (pl.col("known_at") - pl.col("end_at")).dt.total_microseconds() / 1e6
    days = rows.group_by("person", "device", day=pl.col("known_at").dt.date().to_physical()).agg(seconds=-delay.min())
    return days.with_columns(other=pl.lit("")).select([pl.col(name).cast(dtype) for name, dtype in SHIFTS.items()])


def shifts(observations: pl.DataFrame) -> pl.DataFrame:
    """Of each person's day and pair of devices that count steps minute by minute (rows of at most two minutes), the shift, as `SHIFTS`.

    `observations`: rows of `Observations`; others than steps are left out. Days are those of UTC: a shift knows no zone.
    """
    lasts = (pl.col("end_at") - pl.col("start_at")).dt.total_seconds() / 60
    steps = observations.filter(
        (pl.col("code") == "steps") & (pl.col("how") != "self_reported") & (pl.col("value") > 0) & (lasts <= LONGEST_MINUTES)
    )
    minute = pl.col("start_at").dt.epoch("s") // 60
    counted = steps.group_by("person", "device", day=(minute // 1_440).cast(pl.Int32), minute=minute % 1_440).agg(pl.col("value").sum())
    found = list[tuple[str, str, str, int, float]]()
    for (person, day), rows in counted.sort("person", "day", "device", "minute").group_by("person", "day", maintain_order=True):
        series = {name: _day(part) for (name,), part in rows.group_by("device", maintain_order=True)}
        names = sorted(str(name) for name in series)
        for place, other in enumerate(names):
            for device in names[place + 1 :]:
                shift = shift_of_day(series[other], series[device])
                if shift is not None:
                    found.append((str(person), device, other, int(str(day)), 60 * shift))
    return pl.DataFrame(found, schema=SHIFTS, orient="row")


def _day(rows: pl.DataFrame) -> Floats:
    series = np.zeros(1_440)
    series[rows.get_column("minute").to_numpy()] = rows.get_column("value").to_numpy()
    return series


def gains(found: pl.DataFrame) -> pl.DataFrame:
    """What days of `SHIFTS` say of each clock, as `GAINS`: those that can be told from zero first, the largest of them first."""
    made = list[tuple[object, ...]]()
    for (person, device, other), days in found.sort("person", "device", "other", "day").group_by(
        "person", "device", "other", maintain_order=True
    ):
        gain = gain_of_days(days.get_column("day").to_numpy().astype(np.float64), days.get_column("seconds").to_numpy())
        if gain is not None:
            made.append((person, device, other, gain.seconds, gain.low, gain.high, gain.days, gain.told))
    table = pl.DataFrame(made, schema=GAINS, orient="row")
    return table.sort(~pl.col("told"), -pl.col("gain_seconds").abs(), "person", "device", "other")


def shift_of_day(first: Floats, second: Floats) -> float | None:
    """By how many minutes `second` counts later than `first`, by the highest correlation of their minutes; None where they do not agree.

    >>> steps = np.zeros(1_440)
    >>> for begin in (600, 700, 850):
    ...     steps[begin : begin + 20] = np.arange(20) + 60.0
    >>> shift_of_day(steps, np.roll(steps, 3))
    3.0
    """
    one, other = (np.nan_to_num(series) for series in (first, second))
    if any((series > 0).sum() < LEAST_ACTIVE_MINUTES or series.min() == series.max() for series in (one, other)):
        return None
    size = 2 * len(one)
    away, from_other = one - one.mean(), other - other.mean()
    product = np.fft.irfft(np.fft.rfft(from_other, size) * np.conj(np.fft.rfft(away, size)), size)
    lags = np.arange(-MOST_SHIFT_MINUTES, MOST_SHIFT_MINUTES + 1)
    agreed = product[lags] / np.sqrt(np.sum(away**2) * np.sum(from_other**2))
    best = int(agreed.argmax())
    if agreed[best] < LEAST_AGREEMENT or best in (0, len(lags) - 1):
        return None
    return _within_minutes(one, other, int(lags[best]))


def _within_minutes(one: Floats, other: Floats, lag: int) -> float | None:
    """The shift to a fraction of a minute: the median difference, over bouts, of the middle of what each device counted in a bout. (The
    peak of the correlation itself leans to whole minutes.) Bouts lie `QUIET_MINUTES` apart, and both count about the same in them."""
    inner = np.arange(MOST_SHIFT_MINUTES, len(one) - MOST_SHIFT_MINUTES)
    first, second = one[inner], other[inner + lag]
    busy = np.flatnonzero((first > 0) | (second > 0))
    if not len(busy):
        return None  # all of it lies at the very edges of the day
    bout = np.concatenate([[0], np.cumsum(np.diff(busy) > QUIET_MINUTES)])
    counted = [np.bincount(bout, series[busy]) for series in (first, second)]
    alike = (np.minimum(*counted) >= LEAST_IN_BOUT) & (np.maximum(*counted) <= 2 * np.minimum(*counted))
    if alike.sum() < LEAST_BOUTS:
        return None
    middles = [np.bincount(bout, series[busy] * busy)[alike] / total[alike] for series, total in zip((first, second), counted, strict=True)]
    return lag + float(np.median(middles[1] - middles[0]))


def gain_of_days(day: Floats, seconds: Floats) -> ClockGain | None:
    """Theil and Sen's slope of shifts over days, over the longest stretch of days without a step; None with fewer than `LEAST_DAYS`.

    >>> found = gain_of_days(np.arange(10.0), 2 * np.arange(10.0))
    >>> found.seconds, found.told, gain_of_days(np.arange(6.0), np.arange(6.0))
    (2.0, True, None)
    """
    from scipy.stats import theilslopes  # slow to load

    if len(day) < LEAST_DAYS:
        return None
    jumps = np.abs(np.diff(seconds)) > LARGEST_STEP * np.maximum(np.diff(day), 1)
    edges = np.concatenate([[0], np.flatnonzero(jumps) + 1, [len(day)]])
    longest = int(np.diff(edges).argmax())
    part = slice(edges[longest], edges[longest + 1])
    if len(day[part]) < LEAST_DAYS:
        return None
    found: Any = theilslopes(seconds[part], day[part], LEVEL)
    return ClockGain(float(found.slope), float(found.low_slope), float(found.high_slope), len(day[part]))
