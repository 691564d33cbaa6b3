"""Re-weighted EARS against episomer, and what it is for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.ears_reweighted import ears_t_reweighted


def test_episomer_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("ears_t_reweighted")
    assert len(results) >= 2
    assert [result for result in results if not result.passed] == []


def test_a_wave_does_not_hide_its_second_day() -> None:
    result = ears_t_reweighted(np.array([[10.0, 12, 9, 11, 10, 9, 11, 40, 22]]))
    assert result.alarm[0, 8]
    assert not result.alarm_unweighted[0, 8]


def test_a_baseline_of_one_value_has_no_bound() -> None:
    result = ears_t_reweighted(np.full((1, 8), 4.0))
    assert np.isnan(result.bound[0, 7])
    assert result.bound_unweighted[0, 7] == 4.0


def test_a_single_outlier_over_equal_days_weighs_nothing() -> None:
    result = ears_t_reweighted(np.array([[4.0, 4, 4, 90, 4, 4, 4, 5]]))
    assert result.bound[0, 7] == pytest.approx(4.0)
    assert result.alarm[0, 7]


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(SettingsError, match="history"):
        ears_t_reweighted(np.zeros((1, 9)), history=3)
