"""Regression calibration and SIMEX: the reference cases, and that they undo an error of known size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.measurement_error.regression_calibration import regression_calibration, run_regression_calibration
from heedful.behavior.measurement_error.simex import Simex, run_simex, simex
from heedful.behavior.measurement_error.simex_bootstrap import simex_bootstrap
from heedful.core.errors import SettingsError


@pytest.mark.parametrize("name", ["regression_calibration_vat", "simex_linear"])
def test_equals_the_program(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"measurement_error_{name}")


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(0, 2))
def test_exact_and_differenced_standard_errors_are_close(seed: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    truth, covariates = rng.normal(size=400), rng.normal(size=(400, others))
    seen = truth + rng.normal(size=400) / 2 + covariates.sum(axis=1) / 3
    outcome = truth + covariates.sum(axis=1) + rng.normal(size=400)
    reference = np.where(np.arange(400) < 150, truth, np.nan)
    exact = regression_calibration(outcome, seen, reference, covariates)
    stepped = regression_calibration(outcome, seen, reference, covariates, difference=1e-4)
    assert np.sqrt(np.diag(exact.covariance)) == pytest.approx(np.sqrt(np.diag(stepped.covariance)), rel=1e-2)
    assert np.array_equal(exact.corrected, stepped.corrected)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_calibrating_by_regression_of_the_prediction_is_the_same(seed: int) -> None:
    """Textbook form: replace the measurement by the calibration model's prediction."""
    rng = np.random.default_rng(seed)
    truth, covariate = rng.normal(size=300), rng.normal(size=300)
    seen = truth + rng.normal(size=300)
    outcome = truth + covariate + rng.normal(size=300)
    reference = np.where(np.arange(300) < 100, truth, np.nan)
    ones = np.ones(300)
    model = np.linalg.lstsq(np.column_stack([ones, seen, covariate])[:100], truth[:100], rcond=None)[0]
    predicted = np.column_stack([ones, seen, covariate]) @ model
    plain = np.linalg.lstsq(np.column_stack([ones, predicted, covariate]), outcome, rcond=None)[0]
    assert regression_calibration(outcome, seen, reference, covariate[:, None]).corrected == pytest.approx(plain, rel=1e-8, abs=1e-9)


def test_simex_undoes_a_known_error() -> None:
    rng = np.random.default_rng(4)
    truth, covariate = rng.normal(size=(2, 5000))
    outcome = 1 + 2 * truth - covariate + rng.normal(size=5000) / 2
    found = simex(outcome, truth + rng.normal(size=5000) * 0.4, 0.4, covariate[:, None], Simex(replicates=40))
    assert found.naive[1] < 1.8
    assert found.simex == pytest.approx([1, 2, -1], abs=0.06)
    assert found.se_asymptotic == pytest.approx(found.se_jackknife, rel=0.25)


def test_intervals_are_those_of_the_standard_errors() -> None:
    rng = np.random.default_rng(6)
    truth = rng.normal(size=400)
    found = simex(truth + rng.normal(size=400) / 2, truth + rng.normal(size=400) / 2, 0.5, settings=Simex(replicates=40))
    low, high = found.interval("jackknife", 0.9)
    assert found.degrees == 398
    assert (low + high) / 2 == pytest.approx(found.simex)
    assert (high - low) / 2 == pytest.approx(1.6487 * found.se_jackknife, rel=1e-4)  # t of 398 degrees of freedom
    assert found.interval()[1] - found.simex == pytest.approx(1.96594 * found.se_asymptotic, rel=1e-4)
    with pytest.raises(SettingsError, match="level"):
        found.interval(level=1.5)


def test_people_drawn_anew_give_about_the_asymptotic_interval() -> None:
    rng = np.random.default_rng(8)
    truth = rng.normal(size=150)
    outcome, seen = truth + rng.normal(size=150) / 2, truth + rng.normal(size=150) / 2
    settings = Simex(extrapolation="nonlinear", replicates=40)
    low, high = simex(outcome, seen + 1, 0.5, settings=settings).interval()
    drawn_low, drawn_high = simex_bootstrap(outcome, seen + 1, 0.5, settings=settings, draws=120)
    assert drawn_high[1] - drawn_low[1] == pytest.approx(high[1] - low[1], rel=0.25)
    # Whose error is only known from as many repeats has the wider interval.
    repeats = rng.normal(0, 0.5, size=150)
    wide_low, wide_high = simex_bootstrap(
        outcome, seen + 1, lambda people: float(repeats[people].std()), settings=settings, draws=120
    )  # fmt: skip
    assert wide_high[1] - wide_low[1] > 0.9 * (drawn_high[1] - drawn_low[1])


def test_a_bootstrap_without_values_is_refused() -> None:
    rng = np.random.default_rng(9)
    with pytest.raises(SettingsError, match="draws"):
        simex_bootstrap(rng.normal(size=30), rng.normal(size=30), 0.5, draws=3)
    truth = rng.normal(size=12)
    with pytest.raises(SettingsError, match=r"have a value|no value at -1"):
        simex_bootstrap(truth, 1 + truth + rng.normal(size=12), 1.0, settings=Simex(extrapolation="nonlinear", replicates=10), draws=40)


@pytest.mark.parametrize("validated", [25, 60])
def test_the_interval_of_regression_calibration_counts_the_doubt_in_the_calibration_model(validated: int) -> None:
    rng, held, held_without, times = np.random.default_rng(10), 0, 0, 200
    for _ in range(times):
        truth = rng.normal(size=1500)
        seen, outcome = truth + rng.normal(size=1500), 2 * truth + rng.normal(size=1500)
        found = regression_calibration(outcome, seen, np.where(np.arange(1500) < validated, truth, np.nan))
        off = abs(found.corrected[1] - 2)
        held += off <= 1.96 * np.sqrt(found.covariance[1, 1])
        # The uncorrected slope's error alone, multiplied as the slope is: what would be told if the model counted as known.
        plain = np.sqrt(
            ((outcome - outcome.mean() - found.uncorrected[1] * (seen - seen.mean())) ** 2).sum() / 1498 / ((seen - seen.mean()) ** 2).sum()
        )
        held_without += off <= 1.96 * plain * found.corrected[1] / found.uncorrected[1]
    assert held / times >= 0.9
    assert held_without / times < 0.75


def test_the_rational_curve_undoes_a_large_error() -> None:
    rng = np.random.default_rng(4)
    truth = 3 + rng.normal(size=5000)
    seen, outcome = truth + rng.normal(size=5000), 1 + 2 * truth + rng.normal(size=5000) / 2
    found = simex(outcome, seen, 1.0, settings=Simex(extrapolation="nonlinear", replicates=60))
    assert found.simex == pytest.approx([1, 2], abs=0.3)
    assert abs(found.simex[1] - 2) < abs(simex(outcome, seen, 1.0, settings=Simex(replicates=60)).simex[1] - 2)


def test_logistic_naive_fit_equals_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(5)
    seen = rng.normal(size=500)
    event = (rng.random(500) < 1 / (1 + np.exp(-seen))).astype(float)
    found = simex(event, seen, 0.3, settings=Simex(model="logistic", replicates=20))
    theirs = sm.Logit(event, sm.add_constant(seen)).fit(disp=0)
    assert found.naive == pytest.approx(theirs.params, rel=1e-6)
    assert abs(found.simex[1]) > abs(found.naive[1])


def test_wrong_input_is_told() -> None:
    ones = np.ones(10)
    with pytest.raises(SettingsError, match="validation"):
        run_regression_calibration({"validation": "external"}, {})
    with pytest.raises(SettingsError, match="no more people"):
        regression_calibration(ones, ones, np.full(10, np.nan))
    with pytest.raises(SettingsError, match="missing"):
        regression_calibration(np.full(10, np.nan), ones, ones)
    with pytest.raises(SettingsError, match="does not know"):
        run_simex({"sd": 1}, {})
    with pytest.raises(SettingsError, match="model is linear or logistic"):
        Simex(model="cox")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="0 or 1"):
        simex(np.arange(10.0), np.arange(10.0), 1, settings=Simex(model="logistic"))
    with pytest.raises(SettingsError, match="collinear"):
        regression_calibration(np.arange(10.0), ones, np.arange(10.0))
