"""EARS against R surveillance, and its laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.ears import Ears, EarsStream, Form, ears

COUNTS = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(0, 30)), elements=st.integers(0, 9).map(float) | st.just(float("nan")))
FORMS = st.sampled_from(["C1", "C2", "C3", "C3[surveillance]"])


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("ears_c")
    assert len(results) >= 5
    assert [result for result in results if not result.passed] == []


@given(COUNTS, FORMS, st.sampled_from([0.0, 1.0]))
def test_one_date_at_a_time_says_the_same(counts: np.ndarray, form: Form, floor: float) -> None:
    settings = Ears(form, min_sigma=floor)
    whole, stream = ears(counts, settings), EarsStream(len(counts), settings)
    for date in range(counts.shape[1]):
        step = stream.step(counts[:, date])
        np.testing.assert_array_equal(step.bound[:, 0], whole.bound[:, date])
        np.testing.assert_array_equal(step.statistic[:, 0], whole.statistic[:, date])
        np.testing.assert_array_equal(step.alarm[:, 0], whole.alarm[:, date])


@given(COUNTS, FORMS)
def test_a_series_is_answered_the_same_alone_and_among_others(counts: np.ndarray, form: Form) -> None:
    together = ears(counts, Ears(form))
    for row in range(len(counts)):
        np.testing.assert_array_equal(ears(counts[row : row + 1], Ears(form)).bound[0], together.bound[row])


@given(COUNTS, st.sampled_from(["C1", "C2", "C3"]))
def test_the_statistic_and_the_bound_raise_the_same_alarms(counts: np.ndarray, form: Form) -> None:
    settings = Ears(form, min_sigma=0.5)
    result = ears(counts, settings)
    clear = np.abs(result.statistic - settings.z) > 1e-9
    above = (result.statistic > settings.z) & (counts > 0)
    np.testing.assert_array_equal(result.alarm[clear], above[clear])


def test_a_missing_day_in_the_baseline_leaves_the_date_untested() -> None:
    counts = np.array([[1.0, 2, 1, np.nan, 1, 2, 1, 50]])
    assert np.isnan(ears(counts, Ears("C1")).bound[0, 7])
    assert not ears(counts, Ears("C1")).alarm.any()


CALM = [2.0, 3, 4, 3, 2, 3, 4, 3, 3, 2, 4, 3]


def test_published_c3_adds_what_c2_leaves_below_its_bound() -> None:
    counts = np.array([[*CALM, 4.9, 4.9, 4.9]])
    assert not ears(counts, Ears("C2")).alarm.any()
    assert ears(counts, Ears("C3")).alarm[0].nonzero()[0].tolist() == [13, 14]


def test_the_peers_c3_forgets_today_and_is_not_the_published_one() -> None:
    for today in (6.0, 600.0):
        counts = np.array([[*CALM, 5.0, today]])
        assert ears(counts, Ears("C3")).alarm[0, 13]
        assert not ears(counts, Ears("C3[surveillance]")).alarm[0, 13]


def test_a_date_without_cases_is_no_alarm_whatever_came_before() -> None:
    assert not ears(np.array([[*CALM, 9.0, 9.0, 0.0]]), Ears("C3")).alarm[0, 14]


@pytest.mark.parametrize("wrong", [{"form": "C4"}, {"baseline": 1}, {"alpha": 0.0}, {"min_sigma": -1.0}, {"lag": -1}])
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="EARS"):
        Ears(**wrong)  # type: ignore[arg-type]
