"""The reproduction number equals EpiEstim, and knows what it does not know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import gamma

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.reproduction_number import ReproductionNumber, reproduction_number, serial_interval

INTERVAL = serial_interval(2.6, 1.5, 10)


def test_epiestim_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("epiestim_")
    assert len(results) >= 6
    assert [result for result in results if not result.passed] == []


def test_without_cases_the_answer_is_the_prior() -> None:
    result = reproduction_number(np.zeros((2, 20)), INTERVAL, prior_mean=3, prior_sd=2)
    np.testing.assert_allclose(result.mean, 3)
    np.testing.assert_allclose(result.standard_deviation, 2)


@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.975])
def test_quantiles_are_scipys(probability: float) -> None:
    shape = np.exp(np.random.default_rng(3).uniform(-1, 12, (1, 500)))
    shape[0, 0] = np.nan
    none = np.zeros(500, dtype=np.int64)
    ours = ReproductionNumber(shape, np.full_like(shape, 2.0), none, none).quantile(probability)
    np.testing.assert_allclose(ours, gamma.ppf(probability, shape, scale=2.0), rtol=1e-11)


def test_many_series_are_answered_as_one() -> None:
    cases = np.random.default_rng(1).poisson(8, (5, 40)).astype(float)
    together = reproduction_number(cases, INTERVAL)
    for row in range(5):
        np.testing.assert_allclose(reproduction_number(cases[row : row + 1], INTERVAL).mean[0], together.mean[row], rtol=1e-12)


def test_a_missing_day_is_missing_only_where_it_reaches() -> None:
    cases = np.random.default_rng(2).poisson(8, (1, 60)).astype(float)
    lost = cases.copy()
    lost[0, 20] = np.nan
    whole, part = reproduction_number(cases, INTERVAL), reproduction_number(lost, INTERVAL)
    reached = (part.starts <= 20 + len(INTERVAL) - 1) & (part.ends >= 20)
    np.testing.assert_array_equal(np.isnan(part.mean[0]), reached)
    np.testing.assert_allclose(part.mean[0, ~reached], whole.mean[0, ~reached])


def test_imported_cases_infect_but_were_not_infected() -> None:
    local, imported = np.full((1, 30), 4.0), np.full((1, 30), 4.0)
    mean = reproduction_number(local, INTERVAL, imported=imported).mean[0, -1]
    assert mean == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("interval", [np.array([0.5, 0.5]), np.array([0.0, -0.1, 1.1]), np.array([0.0])])
def test_what_is_no_serial_interval_is_refused(interval: np.ndarray) -> None:
    with pytest.raises(SettingsError, match="lag 0"):
        reproduction_number(np.ones((1, 20)), interval)


def test_windows_outside_the_days_are_refused() -> None:
    with pytest.raises(SettingsError, match="second day"):
        reproduction_number(np.ones((1, 20)), INTERVAL, starts=np.array([15]))
