"""N-of-1 trial: the effect of a treatment within one person, days being alike in a row (autoregressive errors).

Generalised least squares with errors whose correlation is phi to the power of the days between; phi by (restricted) maximum likelihood.

Reference: Pinheiro & Bates 2000, Mixed-Effects Models in S and S-PLUS, ch. 5; for such trials Zucker et al. 2010, J Clin Epidemiol 63:1312.
Equals R nlme 3.1 `gls` with `corAR1`: standard errors under "ml" carry n / (n - terms), sigma does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
Likelihood = Literal["reml", "ml"]
_MOST = 0.999999


@dataclass(frozen=True)
class GlsFit:
    """Estimates in the outcome's unit per unit of each term, with t and p at n - terms degrees of freedom; `phi` the correlation of
    neighboring days; `sigma` the errors' standard deviation. Likelihoods of "reml" fits compare only between the same terms."""

    estimate: Floats
    std_error: Floats
    phi: float
    sigma: float
    log_likelihood: float
    aic: float
    degrees_of_freedom: int

    @property
    def t_value(self) -> Floats:
        return self.estimate / self.std_error

    @property
    def p_value(self) -> Floats:
        return np.asarray(2 * stdtr(self.degrees_of_freedom, -np.abs(self.t_value)))

    def interval(self, confidence: float = 0.95) -> tuple[Floats, Floats]:
        half = float(stdtrit(self.degrees_of_freedom, (1 + confidence) / 2)) * self.std_error
        return self.estimate - half, self.estimate + half


def n_of_1(
    outcome: ArrayLike, design: ArrayLike, time: ArrayLike, *, likelihood: Likelihood = "reml", autoregressive: bool = True
) -> GlsFit:
    """Fit one person's series.

    Parameters
    ----------
    outcome: one number an occasion. design: [occasions, terms], an intercept included by the caller. time: whole numbers (days), all
    different, in any order; gaps are allowed. Occasions with a missing outcome are left out by the caller. autoregressive: False leaves
    the errors independent (phi is then 0 and not counted in the AIC).

    Errors: `SettingsError` for missing values, times that are not whole or repeat, collinear terms, or too few occasions.

    >>> day = np.arange(40.0)
    >>> treated = (day // 10) % 2
    >>> fit = n_of_1(5 - treated + np.sin(day), np.column_stack([np.ones(40), treated]), day)
    >>> fit.estimate.round(2).tolist(), bool(fit.phi > 0.3)
    ([5.28, -1.44], True)
    """
    from scipy.optimize import minimize_scalar  # slow to load, and seldom needed

    if likelihood not in ("reml", "ml"):
        raise SettingsError(f"n_of_1: the likelihood is reml or ml, not {likelihood!r}.")
    y, x, gap = checked_series(outcome, design, time)
    if not autoregressive:
        return _fitted(y, x, gap, 0.0, likelihood, correlations=0)
    # looked for on a grid first, since the likelihood may have two hills
    grid = np.linspace(-0.98, 0.98, 99)
    best = int(np.argmax([profile(y, x, gap, phi, likelihood)[0] for phi in grid]))
    low, high = max(-_MOST, grid[best] - 0.02), min(_MOST, grid[best] + 0.02)
    found = minimize_scalar(
        lambda phi: -profile(y, x, gap, phi, likelihood)[0], bounds=(low, high), method="bounded", options={"xatol": 1e-11, "maxiter": 200}
    )
    return _fitted(y, x, gap, float(found.x), likelihood, correlations=1)


def checked_series(outcome: ArrayLike, design: ArrayLike, time: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Outcome and design in order of time, and the times between neighbors. Raises `SettingsError` as `n_of_1` does."""
    y, x, at = np.asarray(outcome, dtype=np.float64), np.asarray(design, dtype=np.float64), np.asarray(time, dtype=np.float64)
    if y.ndim != 1 or x.ndim != 2 or len(x) != len(y) or at.shape != y.shape:
        raise SettingsError(f"n_of_1: outcome, design and time need one row each occasion: {y.shape}, {x.shape}, {at.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise SettingsError("n_of_1: an outcome or a term is missing; leave those occasions out (gaps in time are allowed).")
    if not (at == np.round(at)).all() or len(np.unique(at)) < len(at):
        raise SettingsError("n_of_1: times are whole numbers, each once; number the occasions or take the day.")
    if len(y) <= x.shape[1] + 1 or np.linalg.matrix_rank(x) < x.shape[1]:
        raise SettingsError(f"n_of_1: {len(y)} occasions cannot tell {x.shape[1]} terms apart; are they collinear, or too few days seen?")
    order = np.argsort(at)
    return y[order], x[order], np.diff(at[order])


def profile(y: Floats, x: Floats, gap: Floats, phi: float, likelihood: Likelihood) -> tuple[float, Floats, Floats, float]:
    """Log likelihood at phi, estimates, inverse of X'V^-1 X, and the weighted sum of squares."""
    n, p = x.shape
    rho = np.power(phi, gap)
    scale = np.sqrt(1 - rho**2)
    white_y = np.concatenate([y[:1], (y[1:] - rho * y[:-1]) / scale])
    white_x = np.concatenate([x[:1], (x[1:] - rho[:, None] * x[:-1]) / scale[:, None]])
    q, r = np.linalg.qr(white_x)
    estimate = np.asarray(np.linalg.solve(r, q.T @ white_y), dtype=np.float64)
    squares = float(((white_y - white_x @ estimate) ** 2).sum())
    root = np.linalg.inv(r)
    half_log_determinant = float(np.log(scale).sum())
    if likelihood == "ml":
        value = -n / 2 * (np.log(2 * np.pi * squares / n) + 1) - half_log_determinant
    else:
        value = -(n - p) / 2 * (np.log(2 * np.pi * squares / (n - p)) + 1) - half_log_determinant - np.log(np.abs(np.diag(r))).sum()
    return float(value), estimate, np.asarray(root @ root.T, dtype=np.float64), squares


def _fitted(y: Floats, x: Floats, gap: Floats, phi: float, likelihood: Likelihood, *, correlations: int) -> GlsFit:
    n, p = x.shape
    value, estimate, inverse, squares = profile(y, x, gap, phi, likelihood)
    sigma = float(np.sqrt(squares / (n if likelihood == "ml" else n - p)))
    error = np.sqrt(np.diag(inverse) * squares / (n - p))
    return GlsFit(estimate, error, phi, sigma, value, -2 * value + 2 * (p + 1 + correlations), n - p)


_ARGUMENTS = {"outcome", "terms", "time", "correlation", "method", "confidence_level"}


@method(Card(
    name="experiments.n_of_1_generalised_least_squares",
    definition="Effect of treatment (and trend) in one person's series, errors autoregressive over days.",
    units="unit of the outcome",
    reference="Pinheiro & Bates 2000, ch. 5; Zucker et al. 2010, J Clin Epidemiol 63:1312",
    equals="R nlme 3.1 gls corAR1, to 1e-5",
    limits="Says what held in this person in these days; carry-over and a drift beside the terms mislead it; intervals ignore phi's error.",
))  # fmt: skip
def run_n_of_1(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; a term 'a:b' is the product of two columns. Rows with a missing value are left out, as R does when asked to."""
    check_arguments("experiments.n_of_1_generalised_least_squares", arguments, _ARGUMENTS)
    correlation = arguments.get("correlation", "ar1")
    if correlation not in ("ar1", "none"):
        raise SettingsError(f"n_of_1: the correlation is ar1 or none; {correlation!r} is not offered.")
    data, terms = inputs["data"], [str(term) for term in arguments["terms"]]
    columns = [np.prod([numbers(data, name) for name in term.split(":")], axis=0) for term in terms]
    design = np.column_stack([np.ones(len(data)), *columns])
    outcome, time = numbers(data, str(arguments["outcome"])), numbers(data, str(arguments["time"]))
    known = np.isfinite(outcome) & np.isfinite(design).all(axis=1)
    fit = n_of_1(
        outcome[known], design[known], time[known], likelihood=arguments.get("method", "reml"), autoregressive=correlation == "ar1"
    )
    lower, upper = fit.interval(float(arguments.get("confidence_level", 0.95)))
    return {
        "terms": ["(Intercept)", *terms], "estimate": fit.estimate.tolist(), "std_error": fit.std_error.tolist(),
        "t_value": fit.t_value.tolist(), "p_value": fit.p_value.tolist(), "ci_lower": lower.tolist(), "ci_upper": upper.tolist(),
        "phi": fit.phi, "sigma": fit.sigma, "log_likelihood": fit.log_likelihood, "aic": fit.aic,
    }  # fmt: skip
