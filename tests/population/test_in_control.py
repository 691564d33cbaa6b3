"""In-control means against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import approx_fprime
from scipy.stats import nbinom

from heedful.core.errors import SettingsError
from heedful.population.in_control import SMALLEST_DISPERSION, InControl, fit_log_linear, in_control_mean

TIMES = np.arange(1.0, 157)
MODEL = InControl(52, 2, trend=True)


def counts_of(alpha: float, seed: int) -> np.ndarray:
    mean = np.exp(1.2 + 0.6 * np.cos(2 * np.pi * TIMES / 52) + 0.002 * TIMES)
    random = np.random.default_rng(seed)
    return (random.poisson(mean) if alpha == 0 else random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean))).astype(float)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_a_given_dispersion_is_a_glm(alpha: float) -> None:
    counts, design = counts_of(alpha, 1), MODEL.design(TIMES)
    family = sm.families.Poisson() if alpha == 0 else sm.families.NegativeBinomial(alpha=alpha)
    theirs = sm.GLM(counts, design, family=family).fit(tol=1e-12, maxiter=200).params
    ours, _, done = fit_log_linear(counts, design, alpha)
    assert done
    np.testing.assert_allclose(ours, theirs, atol=2e-6)  # the fit ends when the deviance does, R's way


@pytest.mark.parametrize("seed", range(6))
def test_an_unknown_dispersion_is_the_most_likely(seed: int) -> None:
    counts, design = counts_of(0.4, seed), MODEL.design(TIMES)
    ours, alpha, done = fit_log_linear(counts, design, None)
    assert done

    def log_likelihood(point: np.ndarray) -> float:
        mean, size = np.exp(design @ point[:-1]), 1 / point[-1]
        return float(nbinom.logpmf(counts, size, size / (size + mean)).sum())

    best = np.append(ours, alpha)
    slopes = approx_fprime(best, log_likelihood, 1e-7)
    np.testing.assert_allclose(slopes / np.append(np.abs(design).sum(axis=0), 156), 0, atol=1e-4)
    assert all(log_likelihood(best) > log_likelihood(best + step) for step in np.vstack([np.eye(7), -np.eye(7)]) * 1e-3)


def test_counts_that_vary_too_little_have_nearly_no_dispersion() -> None:
    _, alpha, done = fit_log_linear(np.tile([4.0, 5, 4, 5], 20), np.ones((80, 1)), None)
    assert done
    assert alpha == pytest.approx(SMALLEST_DISPERSION)


def test_a_sparse_series_on_which_going_back_and_forth_fails_is_fitted() -> None:
    counts = np.zeros(104)
    counts[:19] = [0, 3, 1, 0, 5, 1, 6, 15, 11, 9, 10, 8, 6, 13, 11, 13, 17, 12, 5]
    counts[[20, 23, 57, 69, 70, 71, 72, 73, 80]] = 1
    ours, alpha, done = fit_log_linear(counts, InControl(52, 1, trend=True).design(np.arange(1.0, 105)), None)
    assert done
    assert 0.1 < alpha < 0.5
    assert np.isfinite(ours).all()


def test_missing_counts_are_left_out_and_the_mean_goes_on() -> None:
    counts = counts_of(0.0, 3)
    gap = counts.copy()
    gap[40] = np.nan
    mean, _ = in_control_mean(gap, 5, MODEL)
    kept = np.delete(np.arange(156), 40)
    ours, _, _ = fit_log_linear(counts[kept], MODEL.design(TIMES)[kept], 0.0)
    np.testing.assert_allclose(mean, np.exp(MODEL.design(np.arange(157.0, 162)) @ ours))


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be fitted"):
        in_control_mean(np.zeros(50), 3, InControl())
    with pytest.raises(SettingsError, match="cannot be fitted"):
        in_control_mean(np.ones(2), 3, InControl())
    with pytest.raises(SettingsError, match="period"):
        InControl(0)
