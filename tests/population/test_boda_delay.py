"""BODA: R within its Monte Carlo error, sampling by hand, and alarms as seldom as promised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.boda_delay import BodaDelay, _quantile, boda_delay, run_boda_delay
from heedful.population.yearly_reference import Calendar

WEEKLY = Calendar(52)


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("boda_delay_")
    assert results
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_the_quantile_is_that_of_many_draws(alpha: float) -> None:
    random = np.random.default_rng(1)
    means, sizes = random.uniform(20, 40, 50), random.uniform(2, 8, 50)
    drawn = random.negative_binomial(np.repeat(sizes, 40_000), np.repeat(sizes / (sizes + means), 40_000))
    assert _quantile(1 - alpha, means, sizes) == pytest.approx(np.quantile(drawn, 1 - alpha, method="inverted_cdf"), abs=1)


@pytest.mark.parametrize("periods", [1, 10])
def test_alarms_are_as_seldom_as_promised(periods: int) -> None:
    counts = np.random.default_rng(periods).negative_binomial(5, 5 / 25, (150, 330)).astype(float)
    found = boda_delay(counts, WEEKLY, BodaDelay(periods=periods, left_out=26 if periods > 1 else None, alpha=0.05), slice(328, 330))
    assert 0.01 < found.alarm.mean() < 0.09


def test_the_mean_does_not_see_the_rows_left_out() -> None:
    counts = np.random.default_rng(3).poisson(9, (1, 330)).astype(float)
    changed = counts.copy()
    changed[0, 303:329] += 50
    wanted = BodaDelay(periods=5, left_out=26)
    one, other = (boda_delay(series, WEEKLY, wanted, slice(329, 330)).expected[0, 0] for series in (counts, changed))
    assert one == other


def test_too_little_is_answered_with_nothing() -> None:
    counts = np.zeros((1, 330))
    assert np.isnan(boda_delay(counts, WEEKLY, BodaDelay(), slice(329, 330)).bound).all()
    early = boda_delay(np.ones((1, 330)), WEEKLY, BodaDelay(), slice(50, 51))
    assert np.isnan(early.bound).all()
    assert not early.alarm.any()
    with pytest.raises(SettingsError, match="alpha"):
        BodaDelay(alpha=0)
    with pytest.raises(SettingsError, match="Nowcast"):
        run_boda_delay({"delay": True}, {})
    with pytest.raises(SettingsError, match="INLA"):
        run_boda_delay({"inference": "INLA"}, {})
