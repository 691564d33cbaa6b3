"""In-control means: log-linear regression of past counts on a trend and harmonics, Poisson or negative binomial, one series at a time.

For a given dispersion the steps are those of R's `glm`, so that badly determined fits end where its fits end: iteratively reweighted
least squares from count + 0.1 (Poisson) or from count, 1/6 for 0 (negative binomial), until the deviance changes by less than
`tolerance` of itself. An unknown dispersion is estimated together with the mean, where R's `glm.nb` goes back and forth between the two.

Reference: McCullagh & Nelder 1989, ch. 2.5; Venables & Ripley 2002, ch. 7.4; Lawless 1987, Can J Stat 15:209-225.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats

MOST_STEPS = 200
SMALLEST_DISPERSION = 1e-7
"""Where counts vary less than Poisson's, the likelihood rises towards 0: this is given instead."""
SMALLEST_MEAN = float(np.finfo(np.float64).eps)
"""R does not let a fitted mean fall below this."""
_LONGEST_STEP = 3.0
"""Of a coefficient or the log dispersion, in one Newton step."""


@dataclass(frozen=True)
class InControl:
    """What the mean is made of: `harmonics` waves of `period` rows and a linear trend if `trend`."""

    period: float = 52
    harmonics: int = 1
    trend: bool = False

    def __post_init__(self) -> None:
        if self.period <= 0 or self.harmonics < 0:
            raise SettingsError(f"An in-control mean needs a period above 0 and 0 or more harmonics, not {self}.")

    def design(self, times: Floats) -> Floats:
        """[rows, columns]: 1, the time if `trend`, cosine and sine of each wave. Times are counted from 1, in rows.

        >>> InControl(4, 1, True).design(np.array([1.0, 2.0])).round(3).tolist()
        [[1.0, 1.0, 0.0, 1.0], [1.0, 2.0, -1.0, 0.0]]
        """
        columns = [np.ones(len(times)), *([times] if self.trend else [])]
        for wave in range(1, self.harmonics + 1):
            angle = 2 * np.pi * wave * times / self.period
            columns += [np.cos(angle), np.sin(angle)]
        return np.column_stack(columns)


def in_control_mean(
    past: Floats, ahead: int, model: InControl, alpha: float | None = 0.0, tolerance: float = 1e-11
) -> tuple[Floats, float]:
    """Mean of the `ahead` rows after those of `past`, and the dispersion alpha (variance = mean + alpha * mean^2).

    Parameters
    ----------
    past: [rows] counts of one series; NaN where missing, which is left out.
    alpha: dispersion; 0 for Poisson, None to estimate it.
    tolerance: of the deviance, relative; 1e-8 is R's default.

    Errors: `SettingsError` if there are fewer counts than coefficients, no case at all, or the fit does not end.

    >>> mean, alpha = in_control_mean(np.array([2.0, 4.0, 6.0, 4.0]), 2, InControl(harmonics=0))
    >>> mean.round(6).tolist(), alpha
    ([4.0, 4.0], 0.0)
    """
    design = _design(model, len(past) + ahead)
    present = ~np.isnan(past)
    counts, known = (past, design[: len(past)]) if present.all() else (past[present], np.ascontiguousarray(design[: len(past)][present]))
    if len(counts) < known.shape[1] or not counts.sum() > 0:
        raise SettingsError(
            f"An in-control mean of {known.shape[1]} coefficients cannot be fitted to {len(counts)} counts with {counts.sum():g} cases "
            "before the first tested row. Start testing later, or give a simpler model."
        )
    coefficients, dispersion, done = fit_log_linear(counts, known, alpha, tolerance)
    if not done:
        raise SettingsError("The in-control mean does not converge on the counts before the first tested row. Give a simpler model.")
    return np.exp(design[len(past) :] @ coefficients), dispersion


@lru_cache(maxsize=8)
def _design(model: InControl, rows: int) -> Floats:
    """Of rows 1..`rows`, never written to: many series share it, and making it takes as long as a fit."""
    return model.design(np.arange(1.0, rows + 1))


def fit_log_linear(counts: Floats, design: Floats, alpha: float | None, tolerance: float = 1e-11) -> tuple[Floats, float, bool]:
    """Coefficients of log mean = `design` [rows, columns] times them, dispersion, and whether the fit ended; `alpha` None: estimate it.

    >>> coefficients, alpha, done = fit_log_linear(np.array([2.0, 4.0, 6.0]), np.ones((3, 1)), 0.0)
    >>> coefficients.round(6).tolist(), alpha, done
    ([1.386294], 0.0, True)
    """
    return _fit(counts, design, -1.0 if alpha is None else float(alpha), tolerance)


# loops instead of slices that are assigned: for these numba compiles the wording of their errors too, three seconds a kernel
_jit = numba.njit(cache=True, nogil=True, error_model="numpy")


@_jit
def _fit(counts: Floats, design: Floats, alpha: float, tolerance: float) -> tuple[Floats, float, bool]:
    """Coefficients, dispersion, converged or not; a negative `alpha` is estimated. A Poisson fit is its start, or, where the likelihood
    does not lead on from there, one with a given dispersion."""
    if alpha >= 0:
        coefficients, _, done = _least_squares(counts, design, alpha, tolerance)
        return coefficients, alpha, done
    coefficients, dispersion, done = np.zeros(design.shape[1]), 0.0, False
    for first in (0.0, 1.0, 0.1, 10.0):
        coefficients, means, done = _least_squares(counts, design, first, 1e-3)
        if done:
            coefficients, dispersion, done = _jointly(counts, design, coefficients, means, first, tolerance)
        if done:
            break
    return coefficients, dispersion, done


@_jit
def _start(counts: Floats, alpha: float) -> Floats:
    start = np.empty(len(counts))
    for row in range(len(counts)):
        y = counts[row]
        start[row] = np.log(y + 0.1) if alpha <= 0 else np.log(y if y > 0 else 1 / 6)
    return start


@_jit
def _least_squares(counts: Floats, design: Floats, alpha: float, tolerance: float) -> tuple[Floats, Floats, bool]:
    """Iteratively reweighted least squares for a given dispersion, from R's start. A step after the first that makes
    the deviance larger is halved; R halves only where it is not finite, and can run away."""
    rows, columns = design.shape
    eta, means, logs = _start(counts, alpha), np.empty(rows), np.empty(rows)
    for row in range(rows):
        means[row], logs[row] = np.exp(eta[row]), np.log(max(counts[row], 1.0))  # of 0 it is multiplied by 0
    coefficients, last, done = np.zeros(columns), np.zeros(columns), False
    normal, pull = np.empty((columns, columns)), np.empty(columns)
    old, _ = _deviance(counts, logs, eta, means, alpha)
    for step in range(MOST_STEPS):
        for i in range(columns):
            last[i], pull[i] = coefficients[i], 0.0
            for j in range(columns):
                normal[i, j] = 0.0
        for row in range(rows):
            mean = means[row]
            weight = mean / (1 + alpha * mean)
            working = eta[row] + (counts[row] - mean) / mean
            for i in range(columns):
                pull[i] += weight * working * design[row, i]
                for j in range(i + 1):
                    normal[i, j] += weight * design[row, i] * design[row, j]
        _solve(normal, pull, coefficients)
        _predict(design, coefficients, eta, means)
        deviance, scale = _deviance(counts, logs, eta, means, alpha)
        for _halving in range(MOST_STEPS if step > 0 else 0):
            if np.isfinite(deviance) and deviance <= old + 1e-7 * (abs(old) + 0.1):
                break
            for i in range(columns):
                coefficients[i] = (coefficients[i] + last[i]) / 2
            _predict(design, coefficients, eta, means)
            deviance, scale = _deviance(counts, logs, eta, means, alpha)
        # changes below the rounding of the sums say nothing
        done = abs(deviance - old) < max(tolerance * (abs(deviance) + 0.1), 1e-15 * scale)
        if done or not np.isfinite(deviance):
            break
        old = deviance
    return coefficients, means, done


@_jit
def _predict(design: Floats, coefficients: Floats, eta: Floats, means: Floats) -> None:
    for row in range(len(eta)):
        value = 0.0
        for i in range(len(coefficients)):
            value += design[row, i] * coefficients[i]
        eta[row] = value
        means[row] = max(np.exp(value), SMALLEST_MEAN)


@_jit
def _deviance(counts: Floats, logs: Floats, eta: Floats, means: Floats, alpha: float) -> tuple[float, float]:
    """Deviance, and the size of what was summed."""
    deviance, scale = 0.0, 0.0
    for row in range(len(counts)):
        y, mean = counts[row], means[row]
        part = y * (logs[row] - eta[row])
        if alpha > 0:
            deviance += 2 * (part - (y + 1 / alpha) * np.log((1 + alpha * y) / (1 + alpha * mean)))
        else:
            deviance += 2 * (part - (y - mean))
        scale += abs(part) + mean
    return deviance, scale


@_jit
def _solve(normal: Floats, pull: Floats, solution: Floats) -> None:
    """Cholesky: the lower half of `normal` is overwritten."""
    columns = len(pull)
    for i in range(columns):
        for j in range(i + 1):
            value = normal[i, j]
            for k in range(j):
                value -= normal[i, k] * normal[j, k]
            normal[i, j] = np.sqrt(value) if i == j else value / normal[j, j]
    for i in range(columns):
        value = pull[i]
        for k in range(i):
            value -= normal[i, k] * solution[k]
        solution[i] = value / normal[i, i]
    for i in range(columns - 1, -1, -1):
        value = solution[i]
        for k in range(i + 1, columns):
            value -= normal[k, i] * solution[k]
        solution[i] = value / normal[i, i]


@_jit
def _jointly(
    counts: Floats, design: Floats, coefficients: Floats, means: Floats, first: float, tolerance: float
) -> tuple[Floats, float, bool]:
    """Newton's method on coefficients and log(1 / alpha) together; steps that lower the likelihood are halved."""
    rows, columns = design.shape
    most, spread = 0.0, 0.0
    for row in range(rows):
        most = max(most, counts[row])
    above = np.zeros(int(most) + 2)
    for row in range(rows):
        above[int(counts[row])] += 1
        spread += (counts[row] / means[row] - 1) ** 2
    for count in range(len(above) - 2, -1, -1):
        above[count] += above[count + 1]  # counts of at least `count`
    point, step, trial = np.zeros(columns + 1), np.zeros(columns + 1), np.zeros(columns + 1)
    for i in range(columns):
        point[i] = coefficients[i]
    point[columns] = -np.log(first) if first > 0 else np.log(min(max(rows / spread, 0.05), 1e4))
    eta, means, logs = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    _predict(design, point[:columns], eta, means)
    size = math.exp(point[columns])
    now = _log_likelihood(counts, eta, means, above, size, logs)
    for _turn in range(MOST_STEPS):
        if not _newton_step(counts, design, means, logs, above, size, step, True):
            _newton_step(counts, design, means, logs, above, size, step, False)
        longest = 0.0
        for i in range(columns + 1):
            longest = max(longest, abs(step[i]))
        if longest > _LONGEST_STEP:
            for i in range(columns + 1):
                step[i] *= _LONGEST_STEP / longest
            longest = _LONGEST_STEP
        value = -np.inf
        for _halving in range(MOST_STEPS):
            for i in range(columns + 1):
                trial[i] = point[i] + step[i]
            _predict(design, trial[:columns], eta, means)
            value = _log_likelihood(counts, eta, means, above, math.exp(trial[columns]), logs)
            if value >= now - 1e-12 * abs(now):
                break
            for i in range(columns + 1):
                step[i] *= 0.5
            longest *= 0.5
        else:
            return point[:columns].copy(), math.exp(-point[columns]), False
        for i in range(columns + 1):
            point[i] = trial[i]
        now = value
        size = min(math.exp(point[columns]), 1 / SMALLEST_DISPERSION)
        if longest < max(np.sqrt(tolerance), 1e-8) or size == 1 / SMALLEST_DISPERSION:
            return point[:columns].copy(), 1 / size, True
    return point[:columns].copy(), math.exp(-point[columns]), False


@_jit
def _newton_step(
    counts: Floats, design: Floats, means: Floats, logs: Floats, above: Floats, size: float, step: Floats, observed: bool
) -> bool:  # fmt: skip
    """Solve for the step, with the observed information or, always positive definite, with the expected one and no cross terms. `logs`:
    log(1 + mean / size)."""
    rows, columns = design.shape
    normal, pull = np.zeros((columns + 1, columns + 1)), np.zeros(columns + 1)
    score, information = 0.0, 0.0
    for below in range(len(above) - 1):  # digamma(size + y) - digamma(size) is a sum over 0..y-1, counts being whole
        score += above[below + 1] / (size + below)
        information += above[below + 1] / (size + below) ** 2
    for row in range(rows):
        y, mean = counts[row], means[row]
        both = size + mean
        score += 1 - logs[row] - (y + size) / both
        information += 2 / both - 1 / size - (y + size) / both**2
        slope = size * (y - mean) / both
        weight = (size + y) * mean * size / both**2 if observed else mean * size / both
        cross = -size * (y - mean) * mean / both**2 if observed else 0.0
        for i in range(columns):
            pull[i] += slope * design[row, i]
            normal[columns, i] += cross * design[row, i]
            for j in range(i + 1):
                normal[i, j] += weight * design[row, i] * design[row, j]
    curvature = size**2 * information - size * score
    pull[columns] = size * score
    normal[columns, columns] = curvature if observed else max(curvature, abs(size * score) / _LONGEST_STEP, 1e-12)
    _solve(normal, pull, step)
    longest = 0.0
    for i in range(columns + 1):
        longest += abs(step[i])
    return bool(np.isfinite(longest))


@_jit
def _log_likelihood(counts: Floats, eta: Floats, means: Floats, above: Floats, size: float, logs: Floats) -> float:
    """Up to what depends on neither mean nor dispersion; `logs` becomes log(1 + mean / size)."""
    total = 0.0
    for below in range(len(above) - 1):
        total += above[below + 1] * np.log((size + below) / size)
    for row in range(len(counts)):
        y, mean = counts[row], means[row]
        logs[row] = np.log1p(mean / size)
        total += y * eta[row] - (size + y) * logs[row]
    return total
