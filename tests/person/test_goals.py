from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS
from heedful.person.goals import percentile_goal, run_percentile_goal

STEPS = st.lists(st.one_of(st.just(float("nan")), st.floats(0, 40_000)), max_size=40)


def test_equals_r_on_forty_days_with_missing_ones(shared_reference: Path) -> None:
    case = shared_reference / "interventions" / "adaptive_goal_percentile"
    call, expected = (json.loads((case / name).read_text()) for name in ("call.json", "expected.json"))
    data = pl.read_csv(case / call["inputs"]["data"], null_values="NA")
    answer = run_percentile_goal(call["arguments"], {"data": data})
    assert answer.keys() == expected["outputs"].keys()
    for name, goals in expected["outputs"].items():
        ours, theirs = (np.array(values, dtype=np.float64) for values in (answer[name], goals))
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True), name


def test_the_runner_is_registered_for_parity() -> None:
    assert METHODS.add("plans.percentile_goal", METHODS._members["plans.percentile_goal"]).run is not None


@given(STEPS, st.integers(1, 12), st.floats(0.05, 0.95))
def test_equals_numpys_quantile_of_the_known_days_before(values: list[float], window: int, percentile: float) -> None:
    goals = percentile_goal(values, window, percentile)
    for n, goal in enumerate(goals):
        before = np.array(values[max(n - window, 0) : n])
        known = before[np.isfinite(before)]
        if n < window or known.size == 0:
            assert np.isnan(goal)
        else:
            assert goal == pytest.approx(np.quantile(known, percentile), rel=1e-9, abs=1e-9)


@given(STEPS, st.floats(0, 40_000))
def test_a_day_never_moves_its_own_goal(values: list[float], today: float) -> None:
    assert np.array_equal(percentile_goal([*values, today])[-1:], percentile_goal([*values, 0.0])[-1:], equal_nan=True)


def test_nearest_rank_is_a_day_that_was_lived_at_exact_products() -> None:
    # 0.6 * 5 = 3 exactly on paper; R's type 1 takes the third value.
    assert percentile_goal([5, 4, 3, 2, 1, 0], 5, 0.6, "nearest_rank")[-1] == 3.0


@pytest.mark.parametrize(("window", "percentile"), [(0, 0.6), (9, 60), (9, -0.1)])
def test_a_window_or_percentile_that_is_none(window: int, percentile: float) -> None:
    with pytest.raises(SettingsError, match="a percentile from 0 to 1"):
        percentile_goal([1.0, 2.0], window, percentile)


def test_a_case_names_the_goal_of_whole_windows_by_its_days() -> None:
    """R 4.2: quantile(x[(i - 3):(i - 1)], .5, type = 7), where all three days are known."""
    data = pl.DataFrame({"steps": [1000, 4000, 2000, None, 3000, 5000]})
    found = run_percentile_goal({"window_days": 3, "percentile": 0.5}, {"data": data})
    assert found["goal_linear"] == [None, None, None, 2000.0, 3000.0, 2500.0]
    assert found["goal_min_observed_3"] == [None, None, None, 2000.0, None, None]
    with pytest.raises(SettingsError, match="does not know days"):
        run_percentile_goal({"window_days": 3, "percentile": 0.5, "days": 1}, {"data": data})
