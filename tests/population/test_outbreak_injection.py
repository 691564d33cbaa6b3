"""Outbreaks put into histories: size, place, and the spread they are sized by."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.outbreak_injection import Outbreaks, baseline_spread, outbreaks
from heedful.population.yearly_reference import Calendar


def test_sizes_are_k_standard_deviations_and_delays_log_normal_weeks() -> None:
    rng = np.random.default_rng(1)
    drawn = outbreaks(np.full((20_000, 300), 3.0), slice(100, 101), 1, Outbreaks(5, 5), rng)
    # half of log-normal(0, 1/2) delays are under one week; cases after the last row are lost
    assert drawn.cases.sum(axis=1).mean() == pytest.approx(7.5, rel=0.02)
    assert not drawn.cases[:, 101:].any()
    wide = outbreaks(np.full((20_000, 300), 3.0), slice(100, 300), 1, Outbreaks(5, 5), rng)
    early = wide.start < 250
    assert wide.cases[early].sum() / early.sum() == pytest.approx(15, rel=0.02)
    first = wide.cases[early, wide.start[early]].sum() / wide.cases[early].sum()
    assert first == pytest.approx(0.5, abs=0.03)


def test_the_window_runs_from_the_first_to_the_last_case_and_no_case_has_none() -> None:
    drawn = outbreaks(np.full((500, 60), 0.3), slice(20, 60), 1, Outbreaks(), np.random.default_rng(2))
    window = drawn.window
    assert (drawn.cases[~window] == 0).all()
    for row in range(500):
        some = np.flatnonzero(drawn.cases[row])
        assert (drawn.start[row], drawn.end[row]) == ((some[0], some[-1]) if len(some) else (-1, -1))
    assert (drawn.start == -1).any()


@pytest.mark.parametrize("number", [13, 16, 26, 32, 40])
def test_the_fitted_spread_is_near_the_true_one(number: int) -> None:
    counts, spread = simulate(SCENARIOS[number], 20, seed=4, weeks=312)
    fitted = baseline_spread(counts, Calendar(52))
    assert np.median(fitted / spread) == pytest.approx(1, abs=0.12)


def test_daily_counts_have_weekdays_and_a_series_without_cases_no_spread() -> None:
    rng = np.random.default_rng(5)
    mean = np.where(np.arange(800) % 7 < 5, 40.0, 4.0)
    counts = np.vstack([rng.poisson(mean), np.zeros(800)]).astype(float)
    counts[0, 5:9] = np.nan
    fitted = baseline_spread(counts, Calendar(365))
    assert fitted[0, 100:700] == pytest.approx(np.sqrt(mean[100:700]), rel=0.15)
    assert (fitted[1] == 0).all()


def test_impossible_outbreaks_are_refused() -> None:
    with pytest.raises(SettingsError, match="smallest first"):
        Outbreaks(5, 2)
