"""Quasi-Poisson regression of counts on seasonal levels and a trend, reweighted once against past outbreaks: many series, many dates.

Both Farrington methods fit log mean = level + slope * time + offset. With a level for each season (instead of an intercept and
contrasts: the same model) the normal equations of the iteratively reweighted least squares are an arrow: the slope follows from
sums within levels, and no matrix is solved. Steps are those of R's `glm`: start at count + 0.1, stop when the deviance changes by
less than `tolerance` of itself.

Reference: Farrington et al. 1996, J R Stat Soc A 159:547-563; McCullagh & Nelder 1989, ch. 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from heedful.population.cases import Floats
from heedful.population.yearly_reference import Ints, ReferenceRows

MOST_STEPS = 60
SMALLEST_MEAN = float(np.finfo(np.float64).eps)
"""R does not let a fitted mean fall below this."""
_ROUNDING = 1e-15
"""Relative error of a sum of counts times their logarithms."""
_WILD = 100.0
"""A trend over this many powers of e is no longer followed from row to row."""
_FULL_LEVERAGE = 1 - 1e-10
"""Alone in its level, a count is fitted exactly: it has no residual, and is not down-weighted."""


class Fit(IntEnum):
    """How a fit ended."""

    DONE = 0
    TOO_FEW_COUNTS = 1
    NO_CONVERGENCE = 2


_DONE, _TOO_FEW_COUNTS, _NO_CONVERGENCE = int(Fit.DONE), int(Fit.TOO_FEW_COUNTS), int(Fit.NO_CONVERGENCE)


class Rules(NamedTuple):
    """How the model is fitted. `trend` asked for; `trend_p` largest p of a trend that is kept; `enough_years` may a trend be kept;
    `reweight` with weights 1 / s^2 where the standardized Anscombe residual s passes `weights_threshold`; `tolerance` of the deviance.

    Habits of R: `last_but_one`, hat values and dispersion come from the step before the last; `weights_overwritten`, the
    dispersion behind standard errors forgets the mean in the working weights of the reweighted fit; `dispersion_floored` at 1 behind
    the standard error of the prediction, and, separately, `test_floored` in the test of the trend (without it, a trend is "significant"
    in sparse series whose dispersion is nearly 0); `missing_shifts_time`, the time of the tested date counts
    from the first reference count that is not missing, though the times of the fit do not.
    """

    trend: bool
    trend_p: float
    enough_years: bool
    reweight: bool
    weights_threshold: float
    tolerance: float
    last_but_one: bool
    weights_overwritten: bool
    dispersion_floored: bool
    test_floored: bool
    missing_shifts_time: bool = False


@dataclass(frozen=True)
class Prediction:
    """All [series, dates], NaN where not fitted. `log_mean` of the tested date and its `standard_error`; `dispersion`, at least 1;
    `slope` per unit of time, NaN where no trend was `kept`; `down_weighted` reference counts of those `used`; `state` a `Fit`."""

    log_mean: Floats
    standard_error: Floats
    dispersion: Floats
    slope: Floats
    kept: npt.NDArray[np.bool_]
    down_weighted: npt.NDArray[np.int32]
    used: npt.NDArray[np.int32]
    state: npt.NDArray[np.int8]


def predict(
    counts: Floats, reference: ReferenceRows, rules: Rules, offset: Floats | None = None, offset_now: Floats | None = None
) -> Prediction:
    """Fit each series to each date's reference rows and predict the date.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the fit.
    reference: rows, levels and times of each tested date.
    offset: [series, rows] log of the population; offset_now [series, dates] that of the tested dates. None: none.

    >>> rows = ReferenceRows(np.array([[0, 1, 2, 3]]), np.zeros((1, 4), int), np.arange(1.0, 5)[None, :], 0, np.array([5.0]), np.array([0]))
    >>> plain = Rules(False, 0.05, True, False, 2.58, 1e-11, False, False, True, True)
    >>> fitted = predict(np.array([[4.0, 6.0, 5.0, 9.0]]), rows, plain)
    >>> float(np.exp(fitted.log_mean[0, 0]).round(6)), float(fitted.dispersion[0, 0])
    (6.0, 1.0)
    """
    numbers = np.full((4, len(counts), len(reference.rows)), np.nan)
    flags = np.zeros((4, len(counts), len(reference.rows)), dtype=np.int32)
    most = reference.rows.shape[1]
    # a trend is kept where |t| passes these, by degrees of freedom; any trend at all where p may be 1
    critical = stdtrit(np.arange(1.0, most + 2), 1 - rules.trend_p / 2) if rules.trend_p < 1 else np.zeros(most + 1)
    none = np.zeros((0, 0))
    _predict(
        np.ascontiguousarray(counts, dtype=np.float64), reference.rows, reference.levels, reference.times, reference.level_now,
        reference.time_now, none if offset is None else offset, none if offset_now is None else offset_now, critical, rules,
        numbers, flags,
    )  # fmt: skip
    log_mean, error, dispersion, slope = numbers
    return Prediction(log_mean, error, dispersion, slope, flags[0] > 0, flags[1], flags[2], flags[3].astype(np.int8))


class _Work(NamedTuple):
    """Room for one fit. `counts`, `logs` of them (0 of 0), `powers` 2/3, `starts` log(count + 0.1), `groups`, `times` about their mean,
    `offsets` and their `exposures` exp(offset), `gaps` to the time of the count before, `omega` weights, `eta`, `means`, `before` (the
    means that weighted the last step): of each reference count. `level`, `weight`, mean `time` and `rate` exp(level) of each level."""

    counts: Floats
    logs: Floats
    powers: Floats
    starts: Floats
    groups: Ints
    times: Floats
    offsets: Floats
    omega: Floats
    eta: Floats
    means: Floats
    before: Floats
    level: Floats
    weight: Floats
    time: Floats
    rate: Floats
    exposures: Floats
    gaps: Floats


class _Twice(NamedTuple):
    """What a fit, reweighted and repeated, gave. `spread` is the information of the slope; `behind` the dispersion behind standard
    errors, `dispersion` that of the counts, at least 1."""

    state: int
    slope: float
    spread: float
    behind: float
    dispersion: float
    lowered: int


# a call that hands a `_Work` over costs more than what these do in it. Loops instead of slices that are assigned or added to: for these
# numba compiles the wording of their errors too, three seconds a kernel
_near = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _predict(
    counts: Floats, rows: Ints, levels: Ints, times: Floats, level_now: int, time_now: Floats, offset: Floats, offset_now: Floats,
    critical: Floats, rules: Rules, numbers: Floats, flags: npt.NDArray[np.int32],
) -> None:  # fmt: skip
    """Every series and date; `numbers` and `flags` are filled."""
    most, top = rows.shape[1], level_now + 1
    room, by_level = np.zeros((12, most)), np.zeros((4, top))
    work = _Work(
        room[0], room[1], room[2], room[3], np.zeros(most, np.int64), room[4], room[5], room[6], room[7], room[8], room[9],
        by_level[0], by_level[1], by_level[2], by_level[3], room[10], room[11],
    )  # fmt: skip
    for one in range(counts.shape[0]):
        prepared = _prepared(counts[one])
        for date in range(rows.shape[0]):
            places = offset[one] if len(offset) else np.zeros(0)
            size, largest, shift = _gather(work, prepared, rows[date], levels[date], times[date], places)
            flags[2, one, date], flags[3, one, date] = size, _TOO_FEW_COUNTS
            present = _levels_present(work, size)
            if size - present < 2 or work.weight[level_now] == 0:
                continue
            now = time_now[date] - (shift if rules.missing_shifts_time else 0.0) - _center_times(work, size)
            later = offset_now[one, date] if len(offset_now) else 0.0
            fitted, kept = _with_or_without_trend(work, size, present, level_now, now, later, largest, critical, rules)
            flags[3, one, date] = fitted.state
            if fitted.state != _DONE:
                continue
            variance = 1 / work.weight[level_now]
            if fitted.spread > 0:
                variance += (now - work.time[level_now]) ** 2 / fitted.spread
            log_mean = work.level[level_now] + fitted.slope * now + later
            error = np.sqrt((fitted.dispersion if rules.dispersion_floored else fitted.behind) * variance)
            if not (np.isfinite(log_mean) and np.isfinite(error)):
                flags[3, one, date] = _NO_CONVERGENCE
                continue
            numbers[0, one, date], numbers[1, one, date] = log_mean, error
            numbers[2, one, date] = fitted.dispersion
            flags[0, one, date], flags[1, one, date] = kept, fitted.lowered
            if kept:
                numbers[3, one, date] = fitted.slope


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _prepared(counts: Floats) -> Floats:
    """Each count, its logarithm (0 of 0), its power 2/3 and the starting value log(count + 0.1)."""
    prepared = np.zeros((4, len(counts)))
    for row in range(len(counts)):
        y = counts[row]
        prepared[0, row], prepared[1, row] = y, np.log(y) if y > 0 else 0.0
        prepared[2, row], prepared[3, row] = np.cbrt(y) ** 2, np.log(y + 0.1)
    return prepared


@_near
def _gather(work: _Work, prepared: Floats, rows: Ints, levels: Ints, times: Floats, offset: Floats) -> tuple[int, float, float]:
    """Known reference counts into `work`: how many, the largest, and how much later than the first row the first of them is."""
    size, largest, shift, before = 0, 0.0, 0.0, 0.0
    for place in range(len(rows)):
        row = rows[place]
        if row < 0 or np.isnan(prepared[0, row]):
            continue
        if size == 0:
            shift = times[place] - times[0]
        work.counts[size], work.logs[size] = prepared[0, row], prepared[1, row]
        work.powers[size], work.starts[size] = prepared[2, row], prepared[3, row]
        work.groups[size], work.times[size] = levels[place], times[place]
        work.offsets[size] = offset[row] if len(offset) else 0.0
        work.exposures[size] = np.exp(work.offsets[size]) if len(offset) else 1.0
        work.gaps[size] = times[place] - before
        before = times[place]
        largest = max(largest, prepared[0, row])
        size += 1
    return size, largest, shift


@_near
def _levels_present(work: _Work, size: int) -> int:
    """How many levels have a count; `work.weight` holds how many counts each has."""
    present = 0
    for group in range(len(work.weight)):
        work.weight[group] = 0.0
    for place in range(size):
        group = work.groups[place]
        present += 1 if work.weight[group] == 0 else 0
        work.weight[group] += 1
    return present


@_near
def _center_times(work: _Work, size: int) -> float:
    """Count times from their mean, which is returned: sums of squares of years in days would lose digits."""
    middle = 0.0
    for place in range(size):
        middle += work.times[place]
    middle /= size
    for place in range(size):
        work.times[place] -= middle
    return middle


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _with_or_without_trend(
    work: _Work, size: int, present: int, level_now: int, now: float, later: float, largest: float, critical: Floats, rules: Rules
) -> tuple[_Twice, bool]:
    """The fit with the trend if it converges, is significant, comes from enough years and predicts nothing beyond what was seen; else
    the fit without. `later` is the offset of the tested date."""
    if rules.trend:
        fitted = _twice(work, size, present, True, rules)
        if fitted.state == _DONE and rules.enough_years and fitted.spread > 0:
            behind = max(fitted.behind, 1.0) if rules.test_floored else fitted.behind
            significant = abs(fitted.slope) > critical[size - present - 2] * np.sqrt(behind / fitted.spread)
            if significant and np.exp(work.level[level_now] + fitted.slope * now + later) <= largest:
                return fitted, True
    return _twice(work, size, present, False, rules), False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _twice(work: _Work, size: int, present: int, with_trend: bool, rules: Rules) -> _Twice:
    """Fit, reweight and fit again."""
    free = size - present - (1 if with_trend else 0)
    for place in range(size):
        work.omega[place] = 1.0
    done, slope, spread = _fit(work, size, with_trend, rules)
    if not done:
        return _Twice(_NO_CONVERGENCE, 0.0, 0.0, 0.0, 0.0, 0)
    dispersion = _pearson(work, size, False) / free
    if not rules.reweight:
        return _Twice(_DONE, slope, spread, dispersion, max(dispersion, 1.0), 0)
    lowered = _assign_weights(work, size, spread, max(dispersion, 1.0), rules.weights_threshold)
    # as in R, the reweighted fit is taken as it is where it has not converged
    done, slope, spread = _fit(work, size, with_trend, rules)
    dispersion = _pearson(work, size, False) / free
    behind = _pearson(work, size, True) / free if rules.weights_overwritten else dispersion
    return _Twice(_DONE, slope, spread, behind, max(dispersion, 1.0), lowered)


@_near
def _pearson(work: _Work, size: int, overwritten: bool) -> float:
    """Weighted sum of squared working residuals; working weights are omega * mean unless overwritten by omega."""
    total = 0.0
    for place in range(size):
        residual = (work.counts[place] - work.means[place]) / work.means[place]
        total += work.omega[place] * (1.0 if overwritten else work.before[place]) * residual * residual
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _assign_weights(work: _Work, size: int, spread: float, dispersion: float, weights_threshold: float) -> int:
    """Farrington's weights from standardized Anscombe residuals, into omega; how many counts are down-weighted."""
    total, lowered = 0.0, 0
    for place in range(size):
        group = work.groups[place]
        leverage = 1 / work.weight[group]
        if spread > 0:
            leverage += (work.times[place] - work.time[group]) ** 2 / spread
        leverage *= work.before[place]
        residual = 0.0
        if leverage < _FULL_LEVERAGE and work.counts[place] > work.means[place]:  # else the residual is not positive
            sixth = np.exp(work.eta[place] / 6)
            residual = 1.5 * (work.powers[place] / sixth - sixth**3) / np.sqrt(dispersion * (1 - leverage))
        work.omega[place] = 1.0
        if residual > weights_threshold:
            work.omega[place] = 1 / residual**2
            lowered += 1
        total += work.omega[place]
    for place in range(size):
        work.omega[place] *= size / total
    return lowered


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fit(work: _Work, size: int, with_trend: bool, rules: Rules) -> tuple[bool, float, float]:
    """Iteratively reweighted least squares: converged or not, slope and its information. Levels, `eta`, `means`, `before` and the
    levels' weights and mean times are left in `work`."""
    if not with_trend:
        return _fit_levels(work, size, rules), 0.0, 0.0
    old, slope, spread, done = _start(work, size), 0.0, 0.0, False
    for step in range(MOST_STEPS):
        change, spread = _step(work, size, step == 0)
        slope += change
        deviance, scale, growth, gap, factor = 0.0, 0.0, np.exp(slope * work.times[0]), 0.0, 1.0
        wild = not abs(slope) * (work.times[size - 1] - work.times[0]) < _WILD
        for group in range(len(work.level)):
            work.rate[group] = np.exp(work.level[group])
        for place in range(size):
            work.before[place] = work.means[place]
            group = work.groups[place]
            eta = work.level[group] + slope * work.times[place] + work.offsets[place]
            # exp(eta) from the one before: most gaps between rows are the same
            if place > 0:
                if work.gaps[place] != gap:
                    gap = work.gaps[place]
                    factor = np.exp(slope * gap)
                growth *= factor
            mean = np.exp(eta) if wild else work.rate[group] * growth * work.exposures[place]
            work.eta[place], work.means[place] = eta, max(mean, SMALLEST_MEAN)
            y, log_y = work.counts[place], work.logs[place]
            deviance += 2 * work.omega[place] * (y * (log_y - eta) - (y - work.means[place]))
            scale += work.omega[place] * y * (1 + abs(log_y))
        done = _settled(deviance, old, scale, rules.tolerance)
        if done or not np.isfinite(deviance):
            break
        old = deviance
    if not rules.last_but_one:
        for place in range(size):
            work.before[place] = work.means[place]
        spread = _information(work, size, True)
    return done, slope, spread


@_near
def _start(work: _Work, size: int) -> float:
    """Means of count + 0.1, and their deviance."""
    deviance = 0.0
    for place in range(size):
        work.eta[place], work.means[place] = work.starts[place], work.counts[place] + 0.1
        deviance += 2 * work.omega[place] * (work.counts[place] * (work.logs[place] - work.eta[place]) + 0.1)
    return deviance


@_near
def _settled(deviance: float, old: float, scale: float, tolerance: float) -> bool:
    """R's rule; but changes below the rounding of the sums say nothing, and counts of millions never reach 1e-11."""
    return abs(deviance - old) < max(tolerance * (abs(deviance) + 0.1), _ROUNDING * scale)


@_near
def _step(work: _Work, size: int, first: bool) -> tuple[float, float]:
    """One weighted least squares step: levels are moved, the move of the slope and its information are returned. The first starts from
    the counts themselves, which the model cannot express, so it solves for the levels instead of their moves."""
    spread = _information(work, size, True)
    moved, change = np.zeros(len(work.level)), 0.0
    for place in range(size):
        y, mean, group = work.counts[place], work.means[place], work.groups[place]
        pull = work.omega[place] * ((y - mean) + (mean * (work.eta[place] - work.offsets[place]) if first else 0.0))
        moved[group] += pull
        change += pull * (work.times[place] - work.time[group])
    change = change / spread if spread > 0 else 0.0
    for group in range(len(moved)):
        if work.weight[group] > 0:
            move = moved[group] / work.weight[group] - change * work.time[group]
            work.level[group] = move if first else work.level[group] + move
    return change, spread


@_near
def _information(work: _Work, size: int, with_trend: bool) -> float:
    """Weights of the levels and their weighted mean times; information of the slope, 0 without one."""
    for group in range(len(work.weight)):
        work.weight[group] = work.time[group] = 0.0
    for place in range(size):
        weight = work.omega[place] * work.means[place]
        work.weight[work.groups[place]] += weight
        work.time[work.groups[place]] += weight * work.times[place]
    for group in range(len(work.weight)):
        if work.weight[group] > 0:
            work.time[group] /= work.weight[group]
    spread = 0.0
    if with_trend:
        for place in range(size):
            spread += work.omega[place] * work.means[place] * (work.times[place] - work.time[work.groups[place]]) ** 2
    return spread


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fit_levels(work: _Work, size: int, rules: Rules) -> bool:
    """`_fit` without a trend: the same steps from sums over each level, which are then few operations a level."""
    old, (counted, deviance_part, exposed, weight, pull) = _start(work, size), _level_sums(work, size)
    previous, scale, done = np.zeros(len(work.level)), 0.0, False
    for group in range(len(previous)):
        scale += counted[group] + abs(deviance_part[group])
    for step in range(MOST_STEPS):
        deviance = 0.0
        for group in range(len(previous)):
            if weight[group] == 0:
                continue
            level = work.level[group]
            fitted = exposed[group] * np.exp(level)
            previous[group] = level
            level = pull[group] / weight[group] if step == 0 else level + (counted[group] - fitted) / fitted
            work.weight[group], work.level[group] = weight[group] if step == 0 else fitted, level
            deviance += 2 * (deviance_part[group] - counted[group] * (level + 1) + exposed[group] * np.exp(level))
        done = _settled(deviance, old, scale, rules.tolerance)
        if done or not np.isfinite(deviance):
            break
        old = deviance
    for group in range(len(previous)):
        work.rate[group], previous[group] = np.exp(work.level[group]), np.exp(previous[group])
    for place in range(size):
        group, exposure = work.groups[place], work.exposures[place]
        # after the first step the weights are still those of the start
        before = previous[group] * exposure if step > 0 else work.means[place]
        work.eta[place] = work.level[group] + work.offsets[place]
        work.means[place], work.before[place] = max(work.rate[group] * exposure, SMALLEST_MEAN), max(before, SMALLEST_MEAN)
    if not rules.last_but_one:
        for place in range(size):
            work.before[place] = work.means[place]
        _information(work, size, False)
    return done


@_near
def _level_sums(work: _Work, size: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Weighted sums over each level: counts; what the deviance needs of them; exp(offset); weights and pull of the first step."""
    sums = np.zeros((5, len(work.level)))
    for place in range(size):
        y, omega, group, offset = work.counts[place], work.omega[place], work.groups[place], work.offsets[place]
        sums[0, group] += omega * y
        sums[1, group] += omega * y * (work.logs[place] - offset)
        sums[2, group] += omega * work.exposures[place]
        sums[3, group] += omega * (y + 0.1)
        sums[4, group] += omega * ((y + 0.1) * (work.starts[place] - offset) - 0.1)
    return sums[0], sums[1], sums[2], sums[3], sums[4]
