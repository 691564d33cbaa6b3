"""Tails of short baselines: against SciPy's distributions, and against the promise that quiet series raise no alarm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, t

from heedful.population.ears import Ears, ears
from heedful.population.false_discovery import benjamini_hochberg
from heedful.population.prediction import count_tail, dispersion, value_tail


def test_counts_follow_scipys_negative_binomial() -> None:
    observed, mean, phi = np.array([0.0, 3, 30, 70]), np.array([4.0, 4, 9, 40]), np.array([1.0, 2, 3, 1])
    variance = phi * mean * (1 + 1 / 7)
    expected = nbinom.sf(observed - 1, mean**2 / (variance - mean), mean / variance)
    np.testing.assert_allclose(count_tail(observed, mean, phi, 1, 7), expected, rtol=1e-9)


def test_values_follow_scipys_student_t_and_without_spread_there_is_no_tail() -> None:
    found = value_tail(np.array([4.0, 4.0]), np.array([3.0, 3.0]), np.array([0.5, 0.0]), 1, 7)
    assert found[0] == pytest.approx(t.sf(1 / (0.5 * np.sqrt(8 / 7)), 6))
    assert np.isnan(found[1])


def test_a_missing_count_has_no_tail() -> None:
    assert np.isnan(count_tail(np.array([np.nan]), np.array([2.0]), np.array([1.0]), 1, 7)).all()


def test_dispersion_is_never_below_poisson_and_never_below_what_is_typical() -> None:
    mean, spread = np.full((3, 1), 10.0), np.array([[1.0], [5.0], [9.0]])
    everywhere = dispersion(mean, spread, np.full((3, 1), True))
    assert everywhere[0, 0] == pytest.approx(2.5 * 6 / 5.348)
    assert everywhere[2, 0] == pytest.approx(8.1)
    assert dispersion(mean, spread, np.full((3, 1), False))[0, 0] == 1.0


@pytest.mark.parametrize("variance_over_mean", [1, 2, 4])
def test_quiet_series_keep_the_promise_of_the_false_discovery_limit(variance_over_mean: int) -> None:
    random = np.random.default_rng(20260105)
    shape, mean = (4000, 40), 12.0
    if variance_over_mean == 1:
        counts = random.poisson(mean, shape).astype(float)
    else:
        counts = random.negative_binomial(mean / (variance_over_mean - 1), 1 / variance_over_mean, shape).astype(float)
    result = ears(counts, Ears("C1", min_sigma=1.0))
    phi = dispersion(result.expected, result.spread, np.isfinite(result.expected))
    alarm = result.alarm & (benjamini_hochberg(count_tail(counts, result.expected, phi, 1, 7)) <= 0.05)
    assert result.alarm.any(axis=0)[7:].all()
    assert alarm.any(axis=0)[7:].mean() <= 0.1
    risen = ears(np.hstack([counts, np.full((shape[0], 1), 12.0 * 5)]), Ears("C1", min_sigma=1.0))
    tail = count_tail(np.full(shape[0], 60.0), risen.expected[:, -1], phi[:, -1], 1, 7)
    assert np.median(tail) < 1e-3
