"""How fast a device's clock runs, as far as the rows themselves tell: from when they arrived, and from a second device on the same body.

*Arrivals.* A row that is pushed as it is measured is known a moment later, and the shortest delay of a day hardly changes. If the device's
clock gains, its stamps move towards the moment of arrival, day by day; the smallest delay of each day is taken, and the slope of these over
days, with its sign turned, is the gain. It is of the device's clock against this site's, and nothing is said of rows that came in one upload.

*Two devices.* Steps (or beats) of the same body are counted in the same minutes. The shift by which two devices' minutes of a day agree
best, found by cross-correlation to a fraction of a minute, changes from day to day by the difference of their gains; which of the two is wrong
it cannot say.

Both slopes are medians of the slopes between all pairs of days (Theil and Sen) with their 95 % interval; `told` says that this does not hold
zero. Estimates are findings: nothing is moved until the setting `clock_gain_seconds` declares it. A step of the clock (a time zone, a
correction) is no gain: days on either side of a jump of more than `LARGEST_STEP` seconds are judged by the longer side alone.

Theil 1950, Proc K Ned Akad Wet 53:386; Sen 1968, J Am Stat Assoc 63:1379. The rules around them are heedful's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_DAYS = 7
LEAST_AGREEMENT = 0.5
MOST_SHIFT_MINUTES = 30
LEAST_ACTIVE_MINUTES = 30
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


def gain_of_arrivals(measured_s: Floats, known_s: Floats) -> ClockGain | None:
    """The gain of the clock that stamped `measured_s` against the one that stamped `known_s`, row by row (seconds since 1970, any order).

    None where fewer than `LEAST_DAYS` days have an arrival of their own: of rows that came together only the last of each upload says when it
    was known, so at least so many uploads on different days are needed.

    >>> day = np.arange(10) * 86_400.0
    >>> found = gain_of_arrivals(day + np.arange(10) * 2.0, day + 60)
    >>> round(found.seconds, 6), found.told
    (2.0, True)
    """
    if not len(measured_s):
        return None
    delay = known_s - measured_s
    day = np.floor(known_s / 86_400).astype(np.int64)
    order = np.lexsort((delay, day))
    first = np.concatenate([[True], np.diff(day[order]) > 0])
    return _gain(day[order][first].astype(np.float64), -delay[order][first])


def gain_between(first: Floats, second: Floats) -> ClockGain | None:
    """The gain of the clock of `second` less that of `first`, from [days, minutes] of the same quantity of the same body; NaN where nothing
    is known counts as nothing, and a day agrees where its correlation at the best shift is `LEAST_AGREEMENT` or more.

    None where fewer than `LEAST_DAYS` days agree. A day without `LEAST_ACTIVE_MINUTES` minutes above its own median on both devices says
    nothing.
    """
    shifts = [(place, shift_of_day(one, other)) for place, (one, other) in enumerate(zip(first, second, strict=True))]
    known = [(place, found) for place, found in shifts if found is not None]
    if len(known) < LEAST_DAYS:
        return None
    return _gain(np.array([float(place) for place, _ in known]), np.array([found * 60 for _, found in known]))


def shift_of_day(first: Floats, second: Floats) -> float | None:
    """By how many minutes `second` counts later than `first`, by the highest correlation of their minutes; None where they do not agree.

    >>> steps = np.zeros(1_440)
    >>> steps[600:660] = np.arange(60)
    >>> shift_of_day(steps, np.roll(steps, 3))
    3.0
    """
    one, other = (np.nan_to_num(series) for series in (first, second))
    if any((series > np.median(series)).sum() < LEAST_ACTIVE_MINUTES for series in (one, other)):
        return None
    one, other = one - one.mean(), other - other.mean()
    length = len(one)
    size = 2 * length
    product = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)), size)
    lags = np.arange(-MOST_SHIFT_MINUTES, MOST_SHIFT_MINUTES + 1)
    agreed = product[lags] / np.sqrt(np.sum(one**2) * np.sum(other**2))
    best = int(agreed.argmax())
    if agreed[best] < LEAST_AGREEMENT or best in (0, len(lags) - 1):
        return None
    before, at, after = agreed[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(lags[best] + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def _gain(day: Floats, shift: Floats) -> ClockGain | None:
    """Theil and Sen's slope over the longest stretch of days without a step."""
    from scipy.stats import theilslopes  # slow to load

    edges = np.concatenate([[0], np.flatnonzero(np.abs(np.diff(shift)) > LARGEST_STEP * np.maximum(np.diff(day), 1)) + 1, [len(day)]])
    longest = int(np.diff(edges).argmax())
    part = slice(edges[longest], edges[longest + 1])
    if len(day[part]) < LEAST_DAYS:
        return None
    slope, _, low, high = theilslopes(shift[part], day[part], LEVEL)
    return ClockGain(float(slope), float(low), float(high), len(day[part]))
