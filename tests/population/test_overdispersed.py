"""Negative binomial and Poisson tails and quantiles equal SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from heedful.population.overdispersed import quantile, upper_tail

RANDOM = np.random.default_rng(20)
MEAN = np.exp(RANDOM.uniform(-12, 12, 500))
DISPERSION = np.where(RANDOM.random(500) < 0.4, 1.0, 1 + np.exp(RANDOM.uniform(-8, 4, 500)))
SIZE, SHARE = MEAN / np.where(DISPERSION == 1, 1, DISPERSION - 1), 1 / DISPERSION


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.95, 0.995])
def test_the_quantile_is_scipys(probability: float) -> None:
    theirs = np.where(DISPERSION == 1, poisson.ppf(probability, MEAN), nbinom.ppf(probability, SIZE, SHARE))
    np.testing.assert_array_equal(quantile(probability, MEAN, DISPERSION), theirs)


def test_the_tail_is_scipys() -> None:
    count = RANDOM.poisson(MEAN).astype(float)
    theirs = np.where(DISPERSION == 1, poisson.sf(count - 1, MEAN), nbinom.sf(count - 1, SIZE, SHARE))
    np.testing.assert_allclose(upper_tail(count, MEAN, DISPERSION), theirs, rtol=1e-9)


def test_what_is_missing_stays_missing() -> None:
    assert np.isnan(quantile(0.9, np.array([np.nan, np.inf]), np.array([1.0, 2.0]))).all()
    assert np.isnan(upper_tail(np.array([np.nan, 1.0]), np.array([1.0, np.nan]), np.array([1.0, 1.0]))).all()
