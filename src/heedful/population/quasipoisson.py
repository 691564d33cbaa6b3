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

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from heedful.population.cases import Floats
from heedful.population.yearly_reference import ReferenceRows

MOST_STEPS = 60
SMALLEST_MEAN = float(np.finfo(np.float64).eps)
"""R does not let a fitted mean fall below this."""
_ROUNDING = 4e-16
_FULL_LEVERAGE = 1 - 1e-10
"""Alone in its level, a count is fitted exactly: it has no residual, and is not down-weighted."""


class Fit(IntEnum):
    """How a fit ended."""

    DONE = 0
    TOO_FEW_COUNTS = 1
    NO_CONVERGENCE = 2


@dataclass(frozen=True)
class Rules:
    """How the model is fitted. `trend` asked for; `trend_p` largest p of a trend that is kept; `enough_years` may a trend be kept;
    `reweight` with weights 1 / s^2 where the standardized Anscombe residual s passes `weights_threshold`; `tolerance` of the deviance.

    Three habits of R: `last_but_one`, hat values and dispersion come from the step before the last; `weights_overwritten`, the
    dispersion behind standard errors forgets the mean in the working weights of the reweighted fit; `dispersion_floored` at 1 behind
    the standard error of the prediction (but never in the test of the trend); `missing_shifts_time`, the time of the tested date counts
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
    missing_shifts_time: bool = False


@dataclass(frozen=True)
class Prediction:
    """All [series, dates], NaN where not fitted. `log_mean` of the tested date and its standard error; `dispersion`, at least 1; `slope`
    per unit of time, NaN where no trend was kept; `kept`; `down_weighted` reference counts; `used` reference counts; `state` a `Fit`."""

    log_mean: Floats
    standard_error: Floats
    dispersion: Floats
    slope: Floats
    kept: npt.NDArray[np.bool_]
    down_weighted: npt.NDArray[np.int32]
    used: npt.NDArray[np.int32]
    state: npt.NDArray[np.int8]


def predict(counts: Floats, reference: ReferenceRows, rules: Rules, offset: Floats | None = None, offset_now: Floats | None = None) -> Prediction:
    """Fit each series to each date's reference rows and predict the date.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the fit.
    reference: rows, levels and times of each tested date.
    offset: [series, rows] log of the population; offset_now [series, dates] that of the tested dates. None: none.
    """
    series, dates = len(counts), len(reference.rows)
    numbers = np.full((4, series, dates), np.nan)
    flags = np.zeros((4, series, dates), dtype=np.int32)
    most = reference.rows.shape[1]
    with np.errstate(divide="ignore"):
        critical = stdtrit(np.arange(1.0, most + 2), 1 - rules.trend_p / 2) if rules.trend_p < 1 else np.zeros(most + 1)
    no_offset = np.zeros((1, 1))
    _predict(
        np.ascontiguousarray(counts, dtype=np.float64), reference.rows, reference.levels, reference.times, reference.level_now,
        reference.time_now, no_offset if offset is None else offset, no_offset if offset_now is None else offset_now,
        offset is not None, critical, rules.trend, rules.enough_years, rules.reweight, rules.weights_threshold, rules.tolerance,
        rules.last_but_one, rules.weights_overwritten, rules.dispersion_floored, rules.missing_shifts_time, numbers, flags,
    )  # fmt: skip
    log_mean, error, dispersion, slope = numbers
    return Prediction(log_mean, error, dispersion, slope, flags[0] > 0, flags[1], flags[2], flags[3].astype(np.int8))


@numba.njit(cache=True, nogil=True)
def _predict(
    counts, rows, levels, times, level_now, time_now, offset, offset_now, has_offset, critical, trend, enough_years, reweight,
    weights_threshold, tolerance, last_but_one, weights_overwritten, dispersion_floored, missing_shifts_time, numbers, flags,
):  # fmt: skip
    """Every series and date; `numbers` and `flags` are filled."""
    series, dates = numbers.shape[1:]
    most, top = rows.shape[1], level_now + 1
    # y, log y, y^(2/3), log(y + 0.1) of a series, then the same of the rows of a fit
    prepared, at = np.zeros((4, counts.shape[1])), np.zeros((4, most))
    group, time, off, omega = np.zeros(most, np.int64), np.zeros(most), np.zeros(most), np.ones(most)
    eta, mean, before = np.zeros(most), np.zeros(most), np.zeros(most)
    level, inner = np.zeros(top), np.zeros((2, top))
    for one in range(series):
        _prepare(counts[one], prepared)
        for date in range(dates):
            size, largest, total_time = 0, 0.0, 0.0
            for place in range(most):
                row = rows[date, place]
                if row < 0 or np.isnan(counts[one, row]):
                    continue
                for part in range(4):
                    at[part, size] = prepared[part, row]
                group[size], time[size] = levels[date, place], times[date, place]
                off[size] = offset[one, row] if has_offset else 0.0
                largest, total_time = max(largest, counts[one, row]), total_time + time[size]
                size += 1
            flags[2, one, date], flags[3, one, date] = size, 1
            present, here = _levels_present(group, size, inner, level_now)
            if size == 0 or not here or size - present - 1 < 1:
                continue
            now = time_now[date] - (time[0] - times[date, 0] if missing_shifts_time else 0.0)
            middle = total_time / size
            for place in range(size):
                time[place] -= middle
            now -= middle
            fit = (at, group, time, off, omega, eta, mean, before, level, inner)
            with_trend, kept = trend, False
            state, slope, spread, dispersion, phi, lowered = _twice(
                fit, size, top, present, with_trend, reweight, weights_threshold, tolerance, last_but_one, weights_overwritten
            )
            if state == 2 and with_trend:
                with_trend = False
                state, slope, spread, dispersion, phi, lowered = _twice(
                    fit, size, top, present, with_trend, reweight, weights_threshold, tolerance, last_but_one, weights_overwritten
                )
            later = offset_now[one, date] if has_offset else 0.0
            if state == 0 and with_trend:
                kept = enough_years and spread > 0 and abs(slope) > critical[size - present - 2] * np.sqrt(dispersion / spread)
                kept = kept and np.exp(level[level_now] + slope * now + later) <= largest
                if not kept:
                    with_trend = False
                    state, slope, spread, dispersion, phi, lowered = _twice(
                        fit, size, top, present, with_trend, reweight, weights_threshold, tolerance, last_but_one, weights_overwritten
                    )
            flags[3, one, date] = state
            if state != 0:
                continue
            variance = 1 / inner[0, level_now]
            if with_trend:
                variance += (now - inner[1, level_now]) ** 2 / spread
            numbers[0, one, date] = level[level_now] + slope * now + later
            numbers[1, one, date] = np.sqrt((phi if dispersion_floored else dispersion) * variance)
            numbers[2, one, date] = phi
            flags[0, one, date], flags[1, one, date] = kept, lowered
            if kept:
                numbers[3, one, date] = slope


@numba.njit(cache=True, nogil=True)
def _prepare(counts, prepared):
    for row in range(len(counts)):
        y = counts[row]
        prepared[0, row], prepared[1, row] = y, np.log(y) if y > 0 else 0.0
        prepared[2, row], prepared[3, row] = np.cbrt(y) ** 2, np.log(y + 0.1)


@numba.njit(cache=True, nogil=True)
def _levels_present(group, size, inner, level_now):
    """How many levels have a count, and whether that of the tested date is one of them."""
    inner[:] = 0
    for place in range(size):
        inner[0, group[place]] += 1
    return int((inner[0] > 0).sum()), inner[0, level_now] > 0


@numba.njit(cache=True, nogil=True)
def _twice(fit, size, top, present, with_trend, reweight, weights_threshold, tolerance, last_but_one, weights_overwritten):
    """Fit, reweight and fit again. State, slope, its information, dispersion behind standard errors, dispersion floored at 1, and how
    many counts were down-weighted."""
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    free = size - present - (1 if with_trend else 0)
    omega[:size] = 1.0
    done, slope, spread = _fit(fit, size, top, with_trend, tolerance, last_but_one)
    if not done:
        return 2, 0.0, 0.0, 0.0, 0.0, 0
    dispersion = _pearson(at, omega, mean, before, size, False) / free
    if not reweight:
        return 0, slope, spread, dispersion, max(dispersion, 1.0), 0
    lowered = _assign_weights(fit, size, with_trend, spread, max(dispersion, 1.0), weights_threshold)
    # R keeps what the reweighted fit gives, converged or not
    done, slope, spread = _fit(fit, size, top, with_trend, tolerance, last_but_one)
    phi = _pearson(at, omega, mean, before, size, False) / free
    behind = _pearson(at, omega, mean, before, size, True) / free if weights_overwritten else phi
    return 0, slope, spread, behind, max(phi, 1.0), lowered


@numba.njit(cache=True, nogil=True)
def _pearson(at, omega, mean, before, size, overwritten):
    """Weighted sum of squared working residuals; working weights are omega * mean unless overwritten by omega."""
    total = 0.0
    for place in range(size):
        residual = (at[0, place] - mean[place]) / mean[place]
        total += omega[place] * (1.0 if overwritten else before[place]) * residual * residual
    return total


@numba.njit(cache=True, nogil=True)
def _assign_weights(fit, size, with_trend, spread, phi, weights_threshold):
    """Farrington's weights from standardized Anscombe residuals, into omega; how many counts are down-weighted."""
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    total, lowered = 0.0, 0
    for place in range(size):
        leverage = 1 / inner[0, group[place]]
        if with_trend:
            leverage += (time[place] - inner[1, group[place]]) ** 2 / spread
        leverage *= before[place]
        sixth = np.exp(eta[place] / 6)
        residual = 0.0
        if leverage < _FULL_LEVERAGE:
            residual = 1.5 * (at[2, place] / sixth - sixth**3) / np.sqrt(phi * (1 - leverage))
        omega[place] = 1.0
        if residual > weights_threshold:
            omega[place] = 1 / residual**2
            lowered += 1
        total += omega[place]
    for place in range(size):
        omega[place] *= size / total
    return lowered


@numba.njit(cache=True, nogil=True)
def _fit(fit, size, top, with_trend, tolerance, last_but_one):
    """Iteratively reweighted least squares. Converged, slope, information of the slope; level, eta, mean, the means that weighted the
    last step (`before`) and the levels' weights and weighted mean times (`inner`) are left in `fit`."""
    if not with_trend:
        return _fit_levels(fit, size, top, tolerance, last_but_one), 0.0, 0.0
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    old = 0.0
    for place in range(size):
        eta[place], mean[place] = at[3, place], at[0, place] + 0.1
        old += omega[place] * (at[0, place] * (at[1, place] - eta[place]) + 0.1)
    old *= 2
    slope, spread, done = 0.0, 0.0, False
    level[:] = 0
    for step in range(MOST_STEPS):
        change, spread = _step(fit, size, top, with_trend, step == 0)
        slope = change if step == 0 else slope + change
        deviance, scale = 0.0, 0.0
        for place in range(size):
            before[place] = mean[place]
            eta[place] = level[group[place]] + slope * time[place] + off[place]
            mean[place] = max(np.exp(eta[place]), SMALLEST_MEAN)
            y = at[0, place]
            deviance += omega[place] * (y * (at[1, place] - eta[place]) - (y - mean[place]))
            scale += omega[place] * y
        deviance *= 2
        if not np.isfinite(deviance):
            break
        # past the rounding of the sums nothing can be told: counts of millions never reach 1e-11
        if abs(deviance - old) < max(tolerance * (abs(deviance) + 0.1), _ROUNDING * scale):
            done = True
            break
        old = deviance
    if not last_but_one:
        before[:size] = mean[:size]
        spread = _information(fit, size, top, with_trend)
    return done, slope, spread


@numba.njit(cache=True, nogil=True)
def _fit_levels(fit, size, top, tolerance, last_but_one):
    """The same without a trend: each level is fitted by its own sums, in the same steps, which are then few operations a level."""
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    # weighted sums of counts, of what the deviance needs of them, of exp(offset), of starting weights, and of those times the start
    sums, old = np.zeros((5, top)), 0.0
    for place in range(size):
        y, start, one = at[0, place], at[0, place] + 0.1, group[place]
        exposed = 1.0 if off[place] == 0 else np.exp(off[place])
        mean[place] = exposed
        sums[0, one] += omega[place] * y
        sums[1, one] += omega[place] * y * (at[1, place] - off[place])
        sums[2, one] += omega[place] * exposed
        sums[3, one] += omega[place] * start
        sums[4, one] += omega[place] * (start * (at[3, place] - off[place]) - 0.1)
        old += omega[place] * (y * (at[1, place] - at[3, place]) + 0.1)
    old, scale, done, previous = 2 * old, sums[0].sum(), False, np.zeros(top)
    inner[:] = 0
    for step in range(MOST_STEPS):
        deviance = 0.0
        for one in range(top):
            if sums[3, one] > 0:
                fitted = sums[2, one] * np.exp(level[one])
                inner[0, one] = sums[3, one] if step == 0 else fitted
                previous[one] = level[one]
                level[one] = sums[4, one] / sums[3, one] if step == 0 else level[one] + (sums[0, one] - fitted) / fitted
                deviance += sums[1, one] - sums[0, one] * (level[one] + 1) + sums[2, one] * np.exp(level[one])
        deviance *= 2
        if not np.isfinite(deviance):
            break
        if abs(deviance - old) < max(tolerance * (abs(deviance) + 0.1), _ROUNDING * scale):
            done = True
            break
        old = deviance
    for place in range(size):
        one, exposed = group[place], mean[place]
        eta[place] = level[one] + off[place]
        mean[place] = max(exposed * np.exp(level[one]), SMALLEST_MEAN)
        before[place] = max(exposed * np.exp(previous[one]), SMALLEST_MEAN) if step > 0 else at[0, place] + 0.1
    if not last_but_one:
        before[:size] = mean[:size]
        _information(fit, size, top, False)
    return done


@numba.njit(cache=True, nogil=True)
def _step(fit, size, top, with_trend, first):
    """One weighted least squares step: levels are moved, the move of the slope and its information are returned. The first starts from
    the counts themselves, which the model cannot express, so it solves for the levels instead of their moves."""
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    spread = _information(fit, size, top, with_trend)
    moved, change = np.zeros(top), 0.0
    for place in range(size):
        work = (at[0, place] - mean[place]) / mean[place] + (eta[place] - off[place] if first else 0.0)
        moved[group[place]] += omega[place] * mean[place] * work
        if with_trend:
            change += omega[place] * mean[place] * work * (time[place] - inner[1, group[place]])
    change = change / spread if spread > 0 else 0.0
    for one in range(top):
        if inner[0, one] > 0:
            move = moved[one] / inner[0, one] - change * inner[1, one]
            level[one] = move if first else level[one] + move
    return change, spread


@numba.njit(cache=True, nogil=True)
def _information(fit, size, top, with_trend):
    """Weights of the levels and their weighted mean times, into `inner`; information of the slope, 0 without one."""
    at, group, time, off, omega, eta, mean, before, level, inner = fit
    inner[:] = 0
    for place in range(size):
        weight = omega[place] * mean[place]
        inner[0, group[place]] += weight
        inner[1, group[place]] += weight * time[place]
    for one in range(top):
        if inner[0, one] > 0:
            inner[1, one] /= inner[0, one]
    spread = 0.0
    if with_trend:
        for place in range(size):
            spread += omega[place] * mean[place] * (time[place] - inner[1, group[place]]) ** 2
    return spread
