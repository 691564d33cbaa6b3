"""Several numbers of a night against what this person's own nights lead one to expect; an alarm needs two such nights in a row.

1. Each feature's expected value is the median of the nights 3 to 110 days before, with the difference of weekends and of the second half
   of the cycle as far as this person's nights show one. Nights of the first ten of an alarm, or that something declared explains, are not
   among them.
2. What is left, over its robust spread (cut at 4), is joined along the direction of an infection: heart rate, breathing, skin temperature
   and sleep up, steps and heart rate variability down, weighted by the inverse of this person's own (shrunken) correlations. The
   score of a night has spread 1 if nothing is going on, however many features it has.
3. The lower score of two nights in a row is judged (a single missing night between them is allowed). The threshold lies halfway between a
   height that is the same for everybody and this person's own: that at which their past scores, drawn anew in blocks of a week, alarm as
   often as was asked for. Their own alone would spend as many alarms on a person whose nights hardly vary, and whose illness would stand
   out at any height, as on one whose nights vary much; the common one alone would tell a restless sleeper every week.

Missing nights are left out, never filled; a feature that is missing is left out of that night's score; a night that the device did not
cover is missing. The rule of two nights is NightSignal's (Alavi et al. 2022, Nature Medicine 28:175); the joint score is the linear
discriminant along a known direction (Healy 1987, Technometrics 29:409); the draw is a block bootstrap (Künsch 1989, Ann Stat 17:1217).
A one-sided CuSum of the same score and a hidden Markov filter did worse on the half of the simulated people on which this was chosen
(docs/illness.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NightFeature:
    """How an infection moves a feature: `shift` in spreads, `floor` least spread in its unit (of logarithms where `log`)."""

    name: str
    words: str
    shift: float
    floor: float
    log: bool = False


NIGHT_FEATURES = (
    NightFeature("resting_heart_rate", "resting heart rate", 2.0, 0.7),
    NightFeature("hrv_rmssd", "heart rate variability", -0.3, 0.05, log=True),
    NightFeature("respiratory_rate", "breathing", 2.0, 0.2),
    NightFeature("skin_temperature", "skin temperature", 1.5, 0.08),
    NightFeature("sleep_minutes", "sleep", 1.0, 15.0),
    NightFeature("steps", "steps of the day before", -1.0, 0.15, log=True),
)
"""What a night is judged by. The shifts are round numbers chosen on simulated people, not fitted to real illness."""
LEAST_COVERAGE = 0.5
"""Of the usual coverage: a night recorded for less than this share of the usual time counts as missing, never as unusual."""


@dataclass(frozen=True)
class IllnessSettings:
    """`window` days back and `gap` nights left out before the judged one; `least` nights a feature needs; alarms in 30 nights of nothing at
    this person's own height of level 1 (`often`) and 2 (`seldom`), and the heights that are the same for everybody (`common`,
    `common_high`), between which the thresholds lie halfway; nights `quiet` after an alarm before the next is counted; `autoregression`:
    share (0 to 1) of what the night before foretells that is taken off."""

    window: int = 110
    gap: int = 2
    least: int = 14
    autoregression: float = 0.0
    often: float = 0.5
    seldom: float = 0.15
    common: float = 2.0
    common_high: float = 2.4
    quiet: int = 7

    def __post_init__(self) -> None:
        if not (self.window > self.least + self.gap >= 7 and 0 < self.seldom <= self.often <= 4 and self.quiet >= 1):
            raise SettingsError(f"illness: a window longer than the least nights, 0 < seldom <= often <= 4, quiet of 1 or more: {self}.")
        if not 0 < self.common <= self.common_high:
            raise SettingsError(f"illness: the common heights are above 0, that of level 2 no lower than that of level 1: {self}.")
        if not 0 <= self.autoregression <= 1:
            raise SettingsError(f"illness: autoregression is a share from 0 to 1, not {self.autoregression}.")


@dataclass(frozen=True)
class IllnessNights:
    """One entry a night [n] or night and feature [n, f].

    `expected` and `spread` in the feature's unit, `part` of each feature in the night's score (unit 1, NaN where it was missing), `score`
    (NaN where nothing could be judged), `pair` the lower score of this night and the one before (NaN without one), `threshold` of
    level 1 and `high` of level 2, `used` nights behind the baseline, `level` -1, 0, 1, 2.
    """

    expected: Floats
    spread: Floats
    part: Floats
    score: Floats
    pair: Floats
    threshold: Floats
    high: Floats
    used: NDArray[np.int64]
    level: NDArray[np.int64]


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
    context: [n, causes] nights on which something regular holds (weekend, second half of the cycle).
    held: nights that a declared cause explains.

    Errors: `SettingsError` for shapes that do not fit or days out of order.

    >>> rng = np.random.default_rng(0)
    >>> rate = rng.normal(60, 1.5, 60)
    >>> rate[50:] += 7
    >>> found = illness_nights(np.arange(60), rate[:, None], np.array([2.0]), np.array([0.5]))
    >>> found.level[50:55].tolist()
    [0, 2, 2, 2, 2]
    """
    settings = settings or IllnessSettings()
    n = len(day)
    context = np.zeros((n, 0), np.bool_) if context is None else context
    held = np.zeros(n, np.bool_) if held is None else held
    if value.ndim != 2 or len(value) != n or len(context) != n or len(held) != n or not len(shift) == len(floor) == value.shape[1]:
        raise SettingsError(f"illness: {n} days need values [{n}, features], context, held and a shift and floor for each feature.")
    if (np.diff(day) <= 0).any():
        raise SettingsError("illness: days are in order, one entry a night.")
    return follow_on(day, value, shift, floor, context, held, no_nights(n, value.shape[1]), 0, settings)


def no_nights(n: int, features: int) -> IllnessNights:
    """So many nights of which nothing is said yet."""
    expected, spread, part = np.full((3, n, features), np.nan)
    score, pair, threshold, high = np.full((4, n), np.nan)
    return IllnessNights(expected, spread, part, score, pair, threshold, high, np.zeros(n, np.int64), np.full(n, -1, np.int64))


def follow_on(
    day: NDArray[np.int64], value: Floats, shift: Floats, floor: Floats, context: NDArray[np.bool_], held: NDArray[np.bool_],
    nights: IllnessNights, begin: int, settings: IllnessSettings | None = None,
) -> IllnessNights:  # fmt: skip
    """`illness_nights` from night `begin` on, into `nights`, where those before stand already: none of them looks at a later one."""
    settings = settings or IllnessSettings()
    said = (
        nights.expected, nights.spread, nights.part, nights.score, nights.pair, nights.threshold, nights.high, nights.used, nights.level,
    )  # fmt: skip
    _follow(
        day.astype(np.int64), value.astype(np.float64), context, held, shift.astype(np.float64), floor.astype(np.float64), settings.window,
        settings.gap, settings.least, settings.autoregression, settings.often, settings.seldom, settings.common, settings.common_high,
        settings.quiet, begin, *said,
    )  # fmt: skip
    return nights


def prepared(value: Floats) -> Floats:
    """Values [n, 6] in the order of `NIGHT_FEATURES` as they are judged: logarithms where a feature is judged by its ratio, and no steps
    where the night itself has nothing."""
    out = value.astype(np.float64).copy()
    out[np.isnan(out[:, :-1]).all(axis=1)] = np.nan
    for place, feature in enumerate(NIGHT_FEATURES):
        if feature.log:
            known = out[:, place] > 0
            out[:, place] = np.where(known, np.log(np.where(known, out[:, place], 1.0)), np.nan)
    return out


_MOST, _TAME = 4.0, 3.0
_PATH, _BLOCK = 1_500, 7
_NORMAL = np.array([-1.64, -1.15, -0.84, -0.6, -0.39, -0.19, 0.0, 0.19, 0.39, 0.6, 0.84, 1.15, 1.64, -1.28, 1.28])
"""Quantiles of the standard normal: as if so many more nights of nothing had been seen. Without them three weeks decide a threshold."""


@njit(cache=True)
def _follow(  # type: ignore[no-untyped-def]
    day, value, context, held, shift, floor, window, gap, least, keep, often, seldom, common, common_high, quiet, begin, expected, spread,
    part, score, pair, threshold, high, used, level,
):  # fmt: skip
    n, f = value.shape
    expected[begin:], spread[begin:], part[begin:] = np.nan, np.nan, np.nan
    score[begin:], pair[begin:], threshold[begin:], high[begin:] = np.nan, np.nan, np.nan, np.nan
    used[begin:], level[begin:] = 0, -1
    out = np.zeros(n, np.bool_)
    for t in range(begin):
        out[t] = held[t] or (level[t] >= 1 and _recent(level, t))
    for t in range(begin, n):
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
            score[t] = min(max(score[t], -2 * _MOST), 2 * _MOST)
            # a declared cause of the night before must not make a pair with this one
            before = t - 1
            while before >= 0 and (np.isnan(score[before]) or (held[before] and not held[t])):
                before -= 1
            past = score[:t][~np.isnan(score[:t]) & ~held[:t]]
            lower, upper = _thresholds(np.minimum(past[-180:], _TAME), often, seldom, quiet)
            threshold[t], high[t] = 0.5 * (common + lower), 0.5 * (common_high + upper)
            level[t] = 0
            if before >= 0 and day[t] - day[before] <= 2:
                pair[t] = min(score[t], score[before])
                level[t] = 2 if pair[t] >= high[t] else (1 if pair[t] >= threshold[t] else 0)
        out[t] = held[t] or (level[t] >= 1 and _recent(level, t))


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
def _thresholds(past, often, seldom, quiet):  # type: ignore[no-untyped-def]
    """The heights at which past scores, drawn anew in blocks, alarm as often as was asked for; the same scores give the same draw."""
    path = np.empty(_PATH)
    seed = np.uint64(88172645463325252)
    known = len(past)
    i, before = 0, 0.0
    while i < _PATH:
        seed = seed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        pick = np.int64(seed >> np.uint64(33)) % (known + len(_NORMAL))
        for b in range(_BLOCK):
            if i == _PATH:
                break
            value = past[(pick + b) % known] if pick < known else _NORMAL[(pick - known + 4 * b) % len(_NORMAL)]
            path[i] = min(value, before)
            before = value
            i += 1
    return _height(path, often, quiet), _height(path, seldom, quiet)


@njit(cache=True)
def _height(path, rate, quiet):  # type: ignore[no-untyped-def]
    """The least height that `path` reaches at most `rate` times in 30 nights, counting again only after `quiet` nights."""
    low, high = 0.0, max(path.max(), 0.0) + 0.5
    tall = np.flatnonzero(path >= low)
    count = len(tall)
    for _ in range(14):
        middle = 0.5 * (low + high)
        alarms, last = 0, -quiet - 1
        for k in range(count):
            i = tall[k]
            if path[i] >= middle and i - last > quiet:
                alarms += 1
                last = i
                if alarms * 30.0 / len(path) > rate:
                    break
        if alarms * 30.0 / len(path) > rate:
            low, kept = middle, 0
            for k in range(count):  # no height below is asked for again
                if path[tall[k]] >= low:
                    tall[kept] = tall[k]
                    kept += 1
            count = kept
        else:
            high = middle
    return high
