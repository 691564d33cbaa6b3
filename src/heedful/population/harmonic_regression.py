"""Negative binomial regression on a trend and waves of the year, all of the past used, the pandemic years handled and past outbreaks
down-weighted.

log mean = level (+ slope) + waves of the year (+ weekdays in daily series), variance = mean + a mean^2, a by moments (Pearson's statistic
equals its degrees of freedom). Fitted to the rows before each tested one, the newest `left_out` excepted; fitted again with a weight of
s^-2 where an Anscombe residual s is above `weights_threshold`, as Noufaily et al. do; and without slope unless its test and 3 years keep
it. The bound is the negative binomial's quantile, the fit's own error added to the variance.

Counts of the pandemic years say little of what is usual: by default they are left out, or they count with a small weight, or fully; the
result says how many rows it was. They need dates: without days nobody knows which rows they are.

Reference: Hilbe 2011, Negative Binomial Regression; Breslow 1984, Appl Stat 33:38-44 (moments); Noufaily et al. 2013 (weights). Equals R
`glm` with `MASS::negative.binomial` and `MASS::theta.mm` in turns, within 1e-6, where nothing is down-weighted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats
from heedful.population.farrington import YEARS_FOR_A_TREND, State
from heedful.population.overdispersed import quantile, upper_tail
from heedful.population.yearly_reference import Calendar, Ints

Pandemic = Literal["leave out", "down-weight", "keep"]
Variance = Literal["wider", "quadratic"]
PANDEMIC = (np.datetime64("2020-03-01"), np.datetime64("2022-06-30"))
"""First and last day taken as pandemic, unless said otherwise."""
FEWEST_CASES = 10
"""With fewer in all of the past no season can be fitted: the mean is then one level, half a case added. Where a season finds no end of its
fit (cases of one week alone), it is one level too."""
_MOST_STEPS = 60

METHODS.add(
    "surveillance.harmonic_regression",
    Method(
        Card(
            name="surveillance.harmonic_regression",
            definition="Count above the prediction limit of a negative binomial regression on trend and waves of the year; pandemic years "
            "left out or down-weighted.",
            units="{count}",
            reference="Hilbe 2011; Noufaily et al. 2013, Stat Med 32:1206-1222",
            equals="R glm with MASS::negative.binomial and theta.mm, within 1e-6, unweighted",
            limits="Seasons are smooth waves that peak at the same time each year; a level that changed for good is learned slowly.",
        )
    ),
)


@dataclass(frozen=True)
class HarmonicRegression:
    """Settings. `years` of past at most, at least one; `waves` a year; `left_out` newest rows before the tested one; `alpha` one-sided;
    `trend` whether to offer one, kept at `trend_p`; `reweight` past outbreaks above `weights_threshold`; `variance` of a new count:
    "quadratic" mean + a mean^2, "wider" also at least in proportion to the mean.

    `pandemic` says what the rows between `pandemic_from` and `pandemic_to` count for: "leave out" nothing, "down-weight"
    `pandemic_weight`, "keep" as much as any.

    Errors: `SettingsError` for a setting outside its range.
    """

    years: int = 5
    waves: int = 2
    left_out: int = 26
    alpha: float = 0.01
    trend: bool = True
    trend_p: float = 0.05
    reweight: bool = True
    weights_threshold: float = 2.58
    variance: Variance = "wider"
    pandemic: Pandemic = "leave out"
    pandemic_from: np.datetime64 = PANDEMIC[0]
    pandemic_to: np.datetime64 = PANDEMIC[1]
    pandemic_weight: float = 0.1

    def __post_init__(self) -> None:
        if self.years < 1 or self.waves < 0 or self.left_out < 0:
            raise SettingsError(f"harmonic_regression: at least 1 year, waves and left_out not negative: {self}.")
        if not 0 < self.alpha < 1 or not 0 < self.trend_p <= 1 or not self.weights_threshold > 0:
            raise SettingsError(f"harmonic_regression: alpha and trend_p are shares, weights_threshold above 0: {self}.")
        if self.pandemic not in get_args(Pandemic) or not 0 < self.pandemic_weight <= 1:
            raise SettingsError(
                f"harmonic_regression: pandemic rows are one of {', '.join(get_args(Pandemic))}, not {self.pandemic!r}; their weight lies "
                f"above 0, up to 1, not at {self.pandemic_weight}."
            )
        if self.variance not in get_args(Variance):
            raise SettingsError(f"harmonic_regression: the variance is one of {', '.join(get_args(Variance))}, not {self.variance!r}.")
        if not self.pandemic_from <= self.pandemic_to:
            raise SettingsError(f"harmonic_regression: the pandemic begins {self.pandemic_from} and ends {self.pandemic_to}: swap them.")


@dataclass(frozen=True)
class HarmonicResult:
    """All [series, rows], NaN where untested. `dispersion` a; `slope` of the log mean a year, 0 where none is kept; `down_weighted` past
    outbreak rows; `used` rows in the fit, of them `pandemic` [rows] left out or down-weighted; `state` a `State`."""

    expected: Floats
    bound: Floats
    p: Floats
    alarm: npt.NDArray[np.bool_]
    dispersion: Floats
    slope: Floats
    trend_kept: npt.NDArray[np.bool_]
    down_weighted: Ints
    used: Ints
    pandemic: Ints
    state: npt.NDArray[np.int8]


def harmonic_regression(
    counts: Floats, calendar: Calendar, settings: HarmonicRegression | None = None, rows: slice | None = None
) -> HarmonicResult:
    """Test `rows` (all of them if None; the last one alone for one new date) of every series.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the fit, and not tested.
    calendar: when the rows were. With days the waves follow the days of the year, so that years of 53 weeks shift nothing, and the pandemic
        is known; without, they follow the row numbers, and all rows count fully.

    Errors: `SettingsError` if lengths differ or a count is negative.

    >>> season = 20 * np.exp(np.cos(2 * np.pi * np.arange(312) / 52))
    >>> counts = np.rint(season)[None]
    >>> counts[0, -1] = 90
    >>> found = harmonic_regression(counts, Calendar(52), rows=slice(310, 312))
    >>> found.expected.round().tolist(), found.alarm.tolist()
    ([[53.0, 54.0]], [[False, True]])
    """
    settings = settings or HarmonicRegression()
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    rows = rows or slice(0, counts.shape[1])
    _check(counts, calendar)
    places = np.arange(counts.shape[1])[rows]
    weights = pandemic_weights(counts.shape[1], calendar, settings)
    design = _design(counts.shape[1], calendar, settings)
    out = np.full((8, len(counts), len(places)), np.nan)
    threshold = settings.weights_threshold if settings.reweight else np.inf
    _fit_all(
        counts, weights, design, places, settings.years * calendar.frequency, settings.left_out, calendar.frequency, settings.trend,
        float(ndtri(1 - settings.trend_p / 2)), threshold, out,
    )  # fmt: skip
    earlier = np.concatenate([[0], np.cumsum(weights < 1)])
    stop = np.maximum(places - settings.left_out, 0)
    pandemic = earlier[stop] - earlier[np.maximum(stop - settings.years * calendar.frequency, 0)]
    return _judged(counts[:, places], out, pandemic, settings)


def pandemic_weights(rows: int, calendar: Calendar, settings: HarmonicRegression) -> Floats:
    """What each row counts for, [rows]: 1, and in the pandemic what `settings.pandemic` says; all 1 without days."""
    weights = np.ones(rows)
    if calendar.days is not None and settings.pandemic != "keep":
        inside = (calendar.days >= settings.pandemic_from) & (calendar.days <= settings.pandemic_to)
        weights[inside] = 0.0 if settings.pandemic == "leave out" else settings.pandemic_weight
    return weights


def _check(counts: Floats, calendar: Calendar) -> None:
    if counts.ndim != 2 or (calendar.days is not None and len(calendar.days) != counts.shape[1]):
        raise SettingsError(f"harmonic_regression: counts {counts.shape} must be [series, rows], a row for each day of the calendar.")
    if (counts < 0).any():
        series, row = (int(place[0]) for place in np.nonzero(counts < 0))
        when = "" if calendar.days is None else f" ({calendar.days[row]})"
        raise SettingsError(
            f"Series {series + 1}, row {row + 1}{when}: a count of {counts[series, row]:g} is below 0. Give cases, or nothing."
        )


def _design(rows: int, calendar: Calendar, settings: HarmonicRegression) -> Floats:
    """[rows, columns]: level, waves, weekdays of daily series; years since the first row last, as the slope may be dropped."""
    if calendar.days is None:
        year = np.arange(rows) / calendar.frequency
    else:
        year = (calendar.days - calendar.days[0]) / np.timedelta64(1, "D") / 365.25
    columns = [np.ones(rows)]
    for wave in range(1, settings.waves + 1):
        columns += [np.cos(2 * np.pi * wave * year), np.sin(2 * np.pi * wave * year)]
    if calendar.frequency >= 360:
        day = np.arange(rows) if calendar.days is None else calendar.days.astype("datetime64[D]").astype(np.int64)
        columns += [(day % 7 == weekday).astype(np.float64) for weekday in range(6)]
    return np.column_stack([*columns, year])


def _judged(observed: Floats, out: Floats, pandemic: Ints, settings: HarmonicRegression) -> HarmonicResult:
    log_mean, variance, dispersion, slope, down_weighted, used, state, pearson = out
    expected = np.exp(log_mean)
    spread = 1 + dispersion * expected
    if settings.variance == "wider":
        spread = np.fmax(spread, pearson)
    spread = spread + variance * expected
    bound = quantile(1 - settings.alpha, expected, spread)
    p = upper_tail(observed, expected, spread)
    state = np.where(np.isnan(observed), State.NO_COUNT, state).astype(np.int8)
    untested = np.isnan(p)
    return HarmonicResult(
        np.where(np.isnan(observed), np.nan, expected), np.where(np.isnan(observed), np.nan, bound), p, ~untested & (observed > bound),
        dispersion, np.where(np.isnan(slope), 0.0, slope), ~np.isnan(slope) & (slope != 0), down_weighted.astype(np.int64),
        used.astype(np.int64), np.asarray(pandemic), state,
    )  # fmt: skip


# loops instead of slices that are assigned: for these numba compiles the wording of their errors too, three seconds a kernel
_jit = numba.njit(cache=True, nogil=True, error_model="numpy")


@_jit
def _fit_all(
    counts: Floats, row_weights: Floats, design: Floats, places: Ints, longest: int, left_out: int, year: int, trend: bool, z_trend: float,
    threshold: float, out: Floats,
) -> None:  # fmt: skip
    """Fill out[what, series, place]: log mean, its variance, dispersion, slope, rows down-weighted, used, state, Pearson's multiple."""
    columns = design.shape[1]
    room, beta = np.zeros((3, len(design))), np.zeros(columns)
    for series in range(len(counts)):
        for n in range(len(places)):
            stop = max(places[n] - left_out, 0)
            start = max(stop - longest, 0)
            y, w, mean = room[0, : stop - start], room[1, : stop - start], room[2, : stop - start]
            used, cases, known, weighted = 0, 0.0, 0.0, 0.0
            for row in range(stop - start):
                y[row], w[row] = counts[series, start + row], row_weights[start + row]
                if np.isnan(y[row]) or w[row] == 0:
                    y[row] = w[row] = 0.0
                    continue
                used, cases, known, weighted = used + 1, cases + y[row], known + w[row], weighted + w[row] * y[row]
            out[4, series, n], out[5, series, n] = 0.0, used
            if used < year:
                out[6, series, n] = 1
                continue
            out[6, series, n] = 0
            x, now = design[start:stop], design[places[n]]
            if cases < FEWEST_CASES:
                rate = (weighted + 0.5) / known
                out[0, series, n], out[1, series, n], out[2, series, n] = np.log(rate), 1 / max(weighted + 0.5, 1.0), 0.0
                out[3, series, n] = np.nan
                continue
            full = columns if trend and used >= YEARS_FOR_A_TREND * year else columns - 1
            _fit_one(y, w, x, now, mean, full, columns, z_trend, threshold, beta, out[:, series, n])


@_jit
def _fit_one(
    y: Floats, w: Floats, x: Floats, now: Floats, mean: Floats, full: int, columns: int, z_trend: float, threshold: float, beta: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """One date: fitted; again with past outbreaks down-weighted; again without a slope that is not kept; one level where that fails."""
    used, last, alpha, good = full, columns - 1, 0.0, True
    covariance = np.zeros((columns, columns))
    for attempt in range(4):
        if attempt == 1:
            if not good or not threshold < np.inf:
                continue
            out[4] = _down_weight(y, w, x, used, beta, alpha, threshold)
            if out[4] == 0:
                continue
        if attempt == 2:
            if not good or used < columns or abs(beta[last]) > z_trend * np.sqrt(covariance[last, last]):
                continue
            used = last
        if attempt == 3:
            if good:
                continue
            used = 1
        if attempt in (0, 3):
            total, known, alpha = 0.0, 0.0, 0.0
            for row in range(len(y)):
                total, known = total + w[row] * y[row], known + w[row]
            for i in range(columns):
                beta[i] = 0.0
            beta[0] = np.log(total / known)
        alpha, good = _fit(y, w, x, used, beta, alpha, mean, covariance)
    if not good:
        out[6] = 2
        return
    pearson, free = 0.0, float(-used)
    for row in range(len(y)):
        if w[row] > 0:
            pearson, free = pearson + w[row] * (y[row] - mean[row]) ** 2 / mean[row], free + w[row]
    out[7] = pearson / free
    eta, variance = 0.0, 0.0
    for i in range(used):
        eta += now[i] * beta[i]
        for j in range(used):
            variance += now[i] * covariance[i, j] * now[j]
    out[0], out[1], out[2] = eta, variance, alpha
    out[3] = beta[last] if used == columns else np.nan


@_jit
def _fit(
    y: Floats, w: Floats, x: Floats, used: int, beta: Floats, alpha: float, mean: Floats, covariance: Floats
) -> tuple[float, bool]:  # fmt: skip
    """A step of iteratively reweighted least squares and the dispersion at its means, in turns, until both stand still; beta and the
    coefficients' `covariance` are changed in place. Returns the dispersion and whether it came to an end."""
    normal, step, free = np.zeros((used, used)), np.zeros(used), float(-used)
    for row in range(len(w)):
        free += w[row]
    for _step in range(_MOST_STEPS):
        _normal(y, w, x, used, beta, alpha, mean, normal, step)
        if not _factor(normal, used):
            return alpha, False
        _solve(normal, step, used)
        largest = 0.0
        for i in range(used):
            largest = max(largest, abs(step[i]))
        shrink = min(1.0, 2.0 / largest) if largest > 0 else 1.0
        for i in range(used):
            beta[i] += shrink * step[i]
        if largest > 1.0:  # far off, residuals say nothing of the dispersion
            continue
        last, alpha = alpha, _dispersion(y, w, mean, free, alpha)
        if largest <= 1e-8 and abs(alpha - last) <= 1e-8 * (alpha + 1e-3):
            for i in range(used):
                for j in range(used):
                    step[j] = 1.0 if i == j else 0.0
                _solve(normal, step, used)
                for j in range(used):
                    covariance[i, j] = step[j]
            return alpha, True
    return alpha, False


@_jit
def _normal(y: Floats, w: Floats, x: Floats, used: int, beta: Floats, alpha: float, mean: Floats, normal: Floats, right: Floats) -> None:
    """Means, information and score at beta."""
    for i in range(used):
        right[i] = 0.0
        for j in range(used):
            normal[i, j] = 0.0
    for row in range(len(y)):
        if w[row] == 0:
            continue
        eta = 0.0
        for i in range(used):
            eta += x[row, i] * beta[i]
        mean[row] = np.exp(min(max(eta, -30.0), 30.0))
        scale = w[row] / (1 + alpha * mean[row])
        weight, pull = mean[row] * scale, (y[row] - mean[row]) * scale
        for i in range(used):
            right[i] += x[row, i] * pull
            part = x[row, i] * weight
            for j in range(i + 1):
                normal[i, j] += part * x[row, j]


@_jit
def _factor(matrix: Floats, size: int) -> bool:
    """Cholesky's factor in the lower half; False where there is none."""
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not total > 1e-12 * (1 + matrix[i, i]):
                    return False
                matrix[i, i] = np.sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    return True


@_jit
def _solve(factor: Floats, right: Floats, size: int) -> None:
    """`right` becomes the solution."""
    for i in range(size):
        for k in range(i):
            right[i] -= factor[i, k] * right[k]
        right[i] /= factor[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= factor[k, i] * right[k]
        right[i] /= factor[i, i]


@_jit
def _dispersion(y: Floats, w: Floats, mean: Floats, free: float, alpha: float) -> float:
    """Where Pearson's statistic equals its degrees of freedom; 0 where it never exceeds them. It falls convexly, so that Newton's steps
    rise to it from below."""
    for _step in range(_MOST_STEPS):
        value, slope = -free, 0.0
        for row in range(len(y)):
            if w[row] > 0:
                variance = mean[row] * (1 + alpha * mean[row])
                part = w[row] * (y[row] - mean[row]) ** 2 / variance
                value += part
                slope -= part * mean[row] ** 2 / variance
        if (value <= 0 and alpha == 0) or not slope < 0:
            return 0.0
        last, alpha = alpha, max(alpha - value / slope, 0.0)
        if abs(alpha - last) <= 1e-9 * (alpha + 1e-4):
            break
    return alpha


@_jit
def _down_weight(y: Floats, w: Floats, x: Floats, used: int, beta: Floats, alpha: float, threshold: float) -> int:
    """Rows whose Anscombe residual is above the threshold get its inverse square; returns how many."""
    number = 0
    for row in range(len(y)):
        if w[row] == 0:
            continue
        eta = 0.0
        for i in range(used):
            eta += x[row, i] * beta[i]
        mean = np.exp(min(max(eta, -30.0), 30.0))
        residual = 1.5 * (y[row] ** (2 / 3) * mean ** (-1 / 6) - np.sqrt(mean)) / np.sqrt(1 + alpha * mean)
        if residual > threshold:
            w[row] *= residual**-2
            number += 1
    return number
