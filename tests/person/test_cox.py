from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.person.cox import concordance, cox_regression, run_cox_regression


def _people(seed: int, count: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([rng.integers(0, 2, count), rng.normal(size=count) * 10])
    time = np.ceil(rng.exponential(20 * np.exp(-0.5 * covariates[:, 0])))
    return time, (rng.random(count) < 0.7).astype(float), covariates


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_equals_statsmodels_with_ties_and_late_entry(seed: int) -> None:
    phreg = pytest.importorskip("statsmodels.duration.hazard_regression").PHReg
    time, event, covariates = _people(seed)
    start = np.floor(time * np.random.default_rng(seed + 1).random(len(time)) * 0.5) + 0.25  # never at an event, where programs differ
    for entry in (None, start):
        theirs = phreg(time, covariates, status=event, entry=entry, ties="efron").fit(disp=0)
        ours = cox_regression(time, event, covariates, entry)
        assert ours.coefficient == pytest.approx(theirs.params, rel=1e-4, abs=1e-5)
        assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-8)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_cutting_a_person_into_rows_changes_nothing(seed: int) -> None:
    time, event, covariates = _people(seed)
    cut = np.floor(time / 2)
    long = cut > 0
    start = np.concatenate([np.where(long, cut, 0), np.zeros(long.sum())])
    stop, died = np.concatenate([time, cut[long]]), np.concatenate([event, np.zeros(long.sum())])
    whole, rows = cox_regression(time, event, covariates), cox_regression(stop, died, np.concatenate([covariates, covariates[long]]), start)
    assert rows.coefficient == pytest.approx(whole.coefficient, rel=1e-6, abs=1e-9)
    assert rows.log_likelihood == pytest.approx(whole.log_likelihood)


def test_a_penalty_shrinks_and_survival_falls() -> None:
    time, event, covariates = _people(1)
    free, held = cox_regression(time, event, covariates), cox_regression(time, event, covariates, penalizer=1.0)
    assert np.abs(held.coefficient[0]) < np.abs(free.coefficient[0])
    step, line = free.survival(covariates[:3], np.arange(60)), free.survival(covariates[:3], np.arange(60), interpolated=True)
    assert (np.diff(step) <= 0).all()
    assert np.abs(step - line).max() < 0.1
    assert free.survival(covariates[:1], [0.0])[0, 0] == 1.0


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 1), st.integers(0, 4)), min_size=2, max_size=25))
def test_concordance_turns_over_with_the_risk(people: list[tuple[int, int, int]]) -> None:
    time, event, risk = np.array(people, dtype=float).T
    found = concordance(time, event, risk)
    if np.isfinite(found):
        assert concordance(time, event, -risk) == pytest.approx(1 - found)


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="no event"):
        cox_regression([1, 2], [0, 0], [[1], [2]])
    with pytest.raises(SettingsError, match="same in every row"):
        cox_regression([1, 2], [1, 0], [[1], [1]])
    with pytest.raises(SettingsError, match="start lies before"):
        cox_regression([1, 2], [1, 0], [[1], [2]], [1, 0])
    with pytest.raises(SettingsError, match="separate"):
        cox_regression([1, 2, 3, 4], [1, 1, 1, 1], [[1], [1], [0], [0]])
    with pytest.raises(SettingsError, match="Efron"):
        run_cox_regression({"ties": "breslow"}, {})


def test_the_steps_of_lifelines_end_where_its_do() -> None:
    """lifelines 0.30.3: CoxPHFitter().fit stops 1.2e-5 of the coefficient short of the maximum here."""
    row = np.arange(40)
    time, event = 1 + (row * 37) % 40 + (row % 3) * 5, (row % 4 > 0) * 1
    covariates = np.column_stack([(row * 13) % 17, row % 2])
    found = cox_regression(time, event, covariates, as_lifelines=True)
    assert found.coefficient.tolist() == pytest.approx([0.04188509192138585, 0.8752043554236802], rel=1e-10)
    assert found.std_error.tolist() == pytest.approx([0.04244793977833945, 0.42122886006755883], rel=1e-10)
    best = cox_regression(time, event, covariates)
    assert best.log_likelihood > found.log_likelihood == pytest.approx(-78.86432108921065)
    assert best.coefficient.tolist() == pytest.approx(found.coefficient.tolist(), rel=1e-4)


def test_separation_is_told_with_the_steps_of_lifelines_too() -> None:
    with pytest.raises(SettingsError, match="separate"):
        cox_regression([1, 2, 3, 4], [1, 1, 1, 1], [[1], [1], [0], [0]], as_lifelines=True)
