"""The season blend against its parts, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.population.farrington import State
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.harmonic_regression import harmonic_regression
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.overdispersed import upper_tail
from heedful.population.season_blend import SeasonBlend, season_blend
from heedful.population.yearly_reference import Calendar

WEEKLY, ROWS = Calendar(52), slice(305, 312)


def counts_of(seed: int) -> np.ndarray:
    return np.vstack([simulate(SCENARIOS[number], 2, seed, weeks=312)[0] for number in (1, 7, 14, 26, 37)])


def test_p_is_the_mean_of_its_parts() -> None:
    counts = counts_of(1)
    found = season_blend(counts, WEEKLY, rows=ROWS)
    steps = farrington_flexible(counts, WEEKLY, FarringtonFlexible(alpha=0.01, threshold="muan"), ROWS)
    waves = harmonic_regression(counts, WEEKLY, rows=slice(304, 312))
    mean, spread = waves.expected, 1 + waves.dispersion * waves.expected
    two = upper_tail(
        counts[:, 304:311] + counts[:, ROWS], mean[:, :-1] + mean[:, 1:],
        ((mean * spread)[:, :-1] + (mean * spread)[:, 1:]) / (mean[:, :-1] + mean[:, 1:]),
    )  # fmt: skip
    one = upper_tail(counts[:, ROWS], mean[:, 1:], spread[:, 1:])
    np.testing.assert_allclose(found.p, (steps.p_value * one) ** 0.325 * two**0.35, rtol=1e-9)


@given(seed=st.integers(0, 999))
@settings(max_examples=8, deadline=None)
def test_the_bound_is_the_most_without_an_alarm(seed: int) -> None:
    counts = counts_of(seed)
    found = season_blend(counts, WEEKLY, rows=slice(311, 312))
    finite = np.isfinite(found.bound[:, 0])
    assert finite.mean() > 0.7
    for more, alarm in ((0, False), (1, True)):
        changed = counts[finite].copy()
        changed[:, -1] = found.bound[finite, 0] + more
        assert (season_blend(changed, WEEKLY, rows=slice(311, 312)).alarm[:, 0] == alarm).all()


def test_alone_and_date_by_date_the_answer_is_the_same_and_gaps_are_no_zeros() -> None:
    counts = counts_of(3)
    counts[2, 308] = np.nan
    whole = season_blend(counts, WEEKLY, rows=ROWS)
    np.testing.assert_array_equal(season_blend(counts[2:3], WEEKLY, rows=ROWS).p[0], whole.p[2])
    for row in range(305, 312):
        early = counts.copy()
        early[:, row + 1 :] = np.nan
        np.testing.assert_array_equal(season_blend(early, WEEKLY, rows=slice(row, row + 1)).p[:, 0], whole.p[:, row - 305])
    assert np.isnan(whole.p[2, 3])
    assert whole.state[2, 3] == State.NO_COUNT
    assert not np.isnan(whole.p[2, 4])
    short = season_blend(counts[:, :120], WEEKLY)
    assert (short.state == State.TOO_SHORT).all()


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="earlier"):
        SeasonBlend(earlier=1)
    with pytest.raises(SettingsError, match="muan or nbPlugin"):
        SeasonBlend(steps=FarringtonFlexible())
