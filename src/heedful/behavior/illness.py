"""Several numbers of a night against what this person's own nights lead one to expect, added up until chance does not explain the sum.

1. Each feature's expected value is the median of the nights 3 to 56 days before, with the difference of weekends and of the second half
   of the cycle as far as this person's nights show one. Nights that alarmed, or that something declared explains, are not among them.
2. What is left, over its robust spread (cut at 4), loses what the night before foretells (autoregression of order 1), and the features
   that are there are joined along the direction of an infection: heart rate, breathing, skin temperature and sleep up, heart rate
   variability and steps down, weighted by the inverse of this person's own (shrunken) correlations.
3. The sum W = max(0, W + score - slack) is judged against a threshold for this person: the one at which their own past scores, drawn anew
   in blocks of a week, alarm as often as was asked for.

Missing nights are left out, never filled; a feature that is missing is left out of that night's score; a night that the device did not
cover is missing. References: Page 1954, Biometrika 41:100 (CUSUM); Healy 1987, Technometrics 29:409 (multivariate CUSUM along a known
direction); Künsch 1989, Ann Stat 17:1217 (block bootstrap).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class IllnessSettings:
    """`window` days back and `gap` nights left out before the judged one; `least` nights a feature needs; `slack` of the sum; alarms a
    person and 30 nights at level 1 (`often`) and 2 (`seldom`); nights `quiet` after an alarm before the next is counted."""

    window: int = 56
    gap: int = 2
    least: int = 14
    slack: float = 0.5
    autoregression: float = 1.0
    often: float = 0.5
    seldom: float = 0.1
    quiet: int = 7

    def __post_init__(self) -> None:
        if not (self.window > self.least + self.gap >= 7 and self.slack >= 0 and 0 < self.seldom <= self.often <= 4 and self.quiet >= 1):
            raise SettingsError(f"illness: a window longer than the least nights, slack of 0 or more, 0 < seldom <= often <= 4: {self}.")


@dataclass(frozen=True)
class IllnessNights:
    """One entry a night [n] or night and feature [n, f].

    `expected` and `spread` in the feature's unit, `part` of each feature in the night's score (unit 1, NaN where it was missing), `score`
    (NaN where nothing could be judged), `total` the sum W, `threshold` of level 1 and `high` of level 2, `used` nights behind the
    baseline, `level` -1, 0, 1, 2, `held` whether a declared cause keeps the night out of the sum.
    """

    expected: Floats
    spread: Floats
    part: Floats
    score: Floats
    total: Floats
    threshold: Floats
    high: Floats
    used: NDArray[np.int64]
    level: NDArray[np.int64]
    held: NDArray[np.bool_]


def illness_nights(
    day: NDArray[np.int64], value: Floats, shift: Floats, floor: Floats, *, context: NDArray[np.bool_] | None = None,
    held: NDArray[np.bool_] | None = None, settings: IllnessSettings | None = None,
) -> IllnessNights:  # fmt: skip
    """The nights of one person, each judged from the nights before it only.

    Parameters
    ----------
    day: days in order, one entry a night. value: [n, features], NaN where missing or not covered.
    shift: [features] how far an infection moves each feature, in spreads; the sign is the direction, 0 leaves it out.
    floor: [features] least spread, in the feature's unit (what the device cannot resolve).
    context: [n, causes] nights on which something regular holds (weekend, second half of the cycle). held: nights a declared cause explains.

    Errors: `SettingsError` for shapes that do not fit or days out of order.

    >>> rng = np.random.default_rng(0)
    >>> rate = rng.normal(60, 1.5, 60)
    >>> rate[50:] += 7
    >>> found = illness_nights(np.arange(60), rate[:, None], np.array([2.0]), np.array([0.5]))
    >>> np.flatnonzero(found.level >= 1).tolist()[0]
    51
    """
    settings = settings or IllnessSettings()
    n = len(day)
    context = np.zeros((n, 0), np.bool_) if context is None else context
    held = np.zeros(n, np.bool_) if held is None else held
    if value.ndim != 2 or len(value) != n or len(context) != n or len(held) != n or not len(shift) == len(floor) == value.shape[1]:
        raise SettingsError(f"illness: {n} days need values [{n}, features], context, held and a shift and floor for each feature.")
    if (np.diff(day) <= 0).any():
        raise SettingsError("illness: days are in order, one entry a night.")
    expected, spread, part, score, total, threshold, high, used, level = _follow(
        day.astype(np.int64), value.astype(np.float64), context, held, shift.astype(np.float64), floor.astype(np.float64), settings.window,
        settings.gap, settings.least, settings.slack, settings.autoregression, settings.often, settings.seldom, settings.quiet,
    )  # fmt: skip
    return IllnessNights(expected, spread, part, score, total, threshold, high, used, level, held)


_MOST, _BEST = 4.0, 4.0
_PATH, _BLOCK = 1_500, 7
_NORMAL = np.array([-1.64, -1.15, -0.84, -0.6, -0.39, -0.19, 0.0, 0.19, 0.39, 0.6, 0.84, 1.15, 1.64, -1.28, 1.28])
"""Quantiles of the standard normal: as if so many more nights of nothing had been seen. Without them three weeks decide a threshold."""


@njit(cache=True)
def _follow(day, value, context, held, shift, floor, window, gap, least, slack, keep, often, seldom, quiet):  # type: ignore[no-untyped-def]
    n, f = value.shape
    expected, spread, part = np.full((n, f), np.nan), np.full((n, f), np.nan), np.full((n, f), np.nan)
    score, total = np.full(n, np.nan), np.zeros(n)
    threshold, high = np.full(n, np.nan), np.full(n, np.nan)
    used, level = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    out = np.zeros(n, np.bool_)
    last_judged = np.int64(-1)
    for t in range(n):
        first = t
        while first > 0 and day[t] - day[first - 1] <= window:
            first -= 1
        rest = np.full((t - first + 1, f), np.nan)
        here = 0
        for j in range(f):
            if shift[j] != 0 and not np.isnan(value[t, j]):
                count = _residuals(day, value[:, j], context, out, first, t, gap, least, floor[j], rest[:, j], expected[t], spread[t], j)
                used[t] = max(used[t], count)
                here += not np.isnan(rest[t - first, j])
        if here > 0:
            _join(day[first : t + 1], rest, out[first : t + 1], shift, keep, gap, part[t])
            score[t] = 0.0
            for j in range(f):
                if not np.isnan(part[t, j]):
                    score[t] += part[t, j]
            score[t] = min(max(score[t], -_MOST), _BEST)
        before = total[t - 1] if t > 0 and last_judged >= 0 and day[t] - day[last_judged] <= 7 else 0.0
        if held[t] or np.isnan(score[t]):
            total[t] = before
        else:
            total[t] = max(0.0, before + score[t] - slack)
        if not np.isnan(score[t]):
            past = score[:t][~np.isnan(score[:t]) & ~held[:t]]
            threshold[t], high[t] = _thresholds(past[-180:], slack, often, seldom, quiet)
            tried = max(0.0, before + score[t] - slack)
            level[t] = 2 if tried >= high[t] else (1 if tried >= threshold[t] else 0)
            last_judged = t
        out[t] = held[t] or (level[t] >= 1 and _recent(level, t))
    return expected, spread, part, score, total, threshold, high, used, level


@njit(cache=True)
def _recent(level, t):  # type: ignore[no-untyped-def]
    """Whether the alarm that night `t` is in began less than ten nights ago: what lasts longer is this person's new usual."""
    begun = t
    while begun > 0 and level[begun - 1] != 0:
        begun -= 1
    return t - begun < 10


@njit(cache=True)
def _residuals(day, value, context, out, first, t, gap, least, floor, rest, expected, spread, j):  # type: ignore[no-untyped-def]
    """Standardised distance of each night of the window from its expected value into `rest`; how many nights stand behind it."""
    usual = np.empty(t - first, np.int64)
    count = 0
    for i in range(first, t):
        if day[t] - day[i] > gap and not out[i] and not np.isnan(value[i]):
            usual[count] = i
            count += 1
    if count < least:
        return count
    usual = usual[:count]
    level = value[first : t + 1].copy()
    for k in range(context.shape[1]):
        there = context[usual, k]
        many = there.sum()
        if 4 <= many <= count - 4:
            seen = level[usual - first]
            more = (np.median(seen[there]) - np.median(seen[~there])) * many / (many + 6.0)
            for i in range(first, t + 1):
                if context[i, k]:
                    level[i - first] -= more
    seen = level[usual - first]
    middle = np.median(seen)
    wide = max(1.4826 * np.median(np.abs(seen - middle)), floor)
    expected[j] = middle + (value[t] - level[t - first])
    spread[j] = wide
    for i in range(t - first + 1):
        rest[i] = min(max((level[i] - middle) / wide, -_MOST), _MOST)
    return count


@njit(cache=True)
def _join(day, rest, out, shift, keep, gap, part):  # type: ignore[no-untyped-def]
    """The part of each feature in the score of the last night of `rest`."""
    n, f = rest.shape
    fresh = np.full((n, f), np.nan)
    for j in range(f):
        if np.isnan(rest[n - 1, j]):
            continue
        both, own = 2.0, 10.0  # as if ten pairs with a correlation of 0.2 had been seen
        for i in range(1, n - 1):
            if day[i] - day[i - 1] == 1 and not out[i] and not out[i - 1] and not np.isnan(rest[i, j]) and not np.isnan(rest[i - 1, j]):
                both += rest[i, j] * rest[i - 1, j]
                own += 0.5 * (rest[i, j] ** 2 + rest[i - 1, j] ** 2)
        phi = keep * min(max(both / own, 0.0), 0.8)
        for i in range(n):
            fresh[i, j] = rest[i, j]
            if i > 0 and day[i] - day[i - 1] == 1 and not np.isnan(rest[i - 1, j]):
                fresh[i, j] = (rest[i, j] - phi * rest[i - 1, j]) / np.sqrt(1 - phi**2)
    there = np.flatnonzero(~np.isnan(fresh[n - 1]))
    m = len(there)
    matrix = np.eye(m)
    for a in range(m):
        for b in range(a):
            ab, aa, bb, pairs = 0.0, 1e-9, 1e-9, 0
            for i in range(n - 1):
                x, y = fresh[i, there[a]], fresh[i, there[b]]
                if day[n - 1] - day[i] > gap and not out[i] and not np.isnan(x) and not np.isnan(y):
                    ab, aa, bb, pairs = ab + x * y, aa + x * x, bb + y * y, pairs + 1
            matrix[a, b] = matrix[b, a] = ab / np.sqrt(aa * bb) * pairs / (pairs + 20.0)
    weight = np.linalg.solve(matrix, shift[there])
    length = np.sqrt(max((weight * shift[there]).sum(), 1e-9))
    for a in range(m):
        part[there[a]] = weight[a] * fresh[n - 1, there[a]] / length


@njit(cache=True)
def _thresholds(past, slack, often, seldom, quiet):  # type: ignore[no-untyped-def]
    """The sums at which past scores, drawn anew in blocks, alarm as often as was asked for; the same scores give the same draw."""
    path = np.empty(_PATH)
    seed = np.uint64(88172645463325252)
    known = len(past)
    i, total = 0, 0.0
    while i < _PATH:
        seed = (seed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)) & np.uint64(0xFFFFFFFFFFFFFFFF)
        pick = np.int64(seed >> np.uint64(33)) % (known + len(_NORMAL) * 2)
        for b in range(_BLOCK if pick < known else 1):
            if i == _PATH:
                break
            value = past[(pick + b) % known] if pick < known else _NORMAL[(pick - known) % len(_NORMAL)]
            total = max(0.0, total + value - slack)
            path[i] = total
            i += 1
    return _height(path, often, quiet), _height(path, seldom, quiet)


@njit(cache=True)
def _height(path, rate, quiet):  # type: ignore[no-untyped-def]
    """The least height that `path` reaches at most `rate` times in 30 nights, counting again only after `quiet` nights."""
    low, high = 0.0, path.max() + 0.5
    for _ in range(14):
        middle = 0.5 * (low + high)
        alarms, last = 0, -quiet - 1
        for i in range(len(path)):
            if path[i] >= middle and i - last > quiet:
                alarms += 1
                last = i
        if alarms * 30.0 / len(path) > rate:
            low = middle
        else:
            high = middle
    return high
