from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.person.survival import log_rank, persistence_curve, run_persistence_curve

PEOPLE = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=1, max_size=40)


@given(PEOPLE)
def test_without_loss_it_is_the_share_still_on(people: list[tuple[int, int]]) -> None:
    duration = np.array([time for time, _ in people], dtype=float)
    curve = persistence_curve(duration, np.ones(len(people)))
    for time in range(32):
        assert curve.at([time])[0][0] == pytest.approx((duration > time).mean(), abs=1e-12)
    assert curve.restricted_mean(31) == pytest.approx(duration.mean())


@given(PEOPLE)
def test_the_interval_holds_the_curve(people: list[tuple[int, int]]) -> None:
    duration, stopped = np.array(people, dtype=float).T
    survival, lower, upper = persistence_curve(duration, stopped).at(np.arange(31))
    known = np.isfinite(lower)
    assert (lower[known] <= survival[known] + 1e-12).all()
    assert (survival[known] <= upper[known] + 1e-12).all()
    assert (np.diff(survival) <= 1e-12).all()


@given(PEOPLE, PEOPLE)
def test_log_rank_does_not_care_for_names_and_equals_statsmodels(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    duration, stopped = np.array([*one, *other], dtype=float).T
    group = np.array([0] * len(one) + [1] * len(other))
    statistic, p_value = log_rank(duration, stopped, group)
    assert log_rank(duration, stopped, 1 - group)[0] == pytest.approx(statistic, abs=1e-9)
    assert 0 <= p_value <= 1
    if np.array_equal(sorted(one), sorted(other)):
        assert statistic == pytest.approx(0, abs=1e-9)


def test_log_rank_equals_statsmodels() -> None:
    duration_module = pytest.importorskip("statsmodels.duration.survfunc")
    rng = np.random.default_rng(2)
    duration, stopped, group = rng.integers(1, 30, 200).astype(float), rng.integers(0, 2, 200), rng.integers(0, 3, 200)
    statistic, p_value = duration_module.survdiff(duration, stopped, group)
    assert log_rank(duration, stopped, group) == pytest.approx((statistic, p_value))


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="at least 0"):
        persistence_curve([-1], [1])
    with pytest.raises(SettingsError, match="one group"):
        log_rank([1, 2], [1, 1], [0, 0])
    with pytest.raises(SettingsError, match="log_log"):
        run_persistence_curve({"confidence": "plain"}, {})


def test_bounds_where_nobody_or_everybody_has_stopped_are_the_share_itself() -> None:
    """lifelines 0.30.3: KaplanMeierFitter().fit([5, 8, 8, 12, 20], [0, 1, 0, 1, 1]).confidence_interval_ at 1, 8 and 20."""
    survival, lower, upper = persistence_curve([5, 8, 8, 12, 20], [0, 1, 0, 1, 1]).at([1, 8, 20])
    assert survival.tolist() == [1.0, 0.75, 0.0]
    assert lower.tolist() == pytest.approx([1.0, 0.127947, 0.0], abs=1e-6)
    assert upper.tolist() == pytest.approx([1.0, 0.960549, 0.0], abs=1e-6)
