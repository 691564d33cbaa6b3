"""Balancing propensity scores: exact balance, the logistic likelihood, and a simulation that it was proposed for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from heedful.core.errors import SettingsError
from heedful.population.weighting.propensity import (
    _likelihood,
    _newton,
    balancing_propensity,
    run_covariate_balancing_propensity,
)


def people(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    variables = np.column_stack([np.ones(rows), random.normal(40, 10, rows), random.integers(0, 2, rows), random.normal(0, 1, rows)])
    odds = 0.04 * (variables[:, 1] - 40) - 0.6 * variables[:, 2] + 0.5 * variables[:, 3]
    return (random.random(rows) < expit(odds)).astype(float), variables


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999))
def test_weights_balance_every_variable_exactly(seed: int) -> None:
    treated, variables = people(seed)
    fitted = balancing_propensity(treated, variables, "exact")
    inside, outside = (fitted.weights[treated == group] @ variables[treated == group] for group in (1, 0))
    np.testing.assert_allclose(inside, outside, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(expit(variables @ fitted.coefficients), fitted.probability, rtol=1e-8)


def test_the_likelihood_start_is_logistic_regression() -> None:
    treated, variables = people(3)
    theirs = sm.Logit(treated, variables).fit(disp=0, tol=1e-12).params
    np.testing.assert_allclose(_newton(treated, variables / 1.0, _likelihood), theirs, rtol=1e-6)


def test_over_identified_lies_between_and_its_j_is_a_chi_square() -> None:
    js = []
    for seed in range(30):
        treated, variables = people(seed)
        over = balancing_propensity(treated, variables, "over")
        js.append(over.j)
        raw = np.abs(variables[treated == 1].mean(axis=0) - variables[treated == 0].mean(axis=0))
        left = np.abs(over.weights[treated == 1] @ variables[treated == 1] - over.weights[treated == 0] @ variables[treated == 0])
        assert (left[1:] < raw[1:] + 0.05).all()
    # a right model: J has as many degrees of freedom as there are variables
    assert 2 < np.mean(js) < 6.5


def test_the_scale_of_variables_does_not_matter() -> None:
    treated, variables = people(5)
    scaled = variables * np.array([1.0, 1000, 1, 0.01])
    for identified in ("exact", "over"):
        one, other = (balancing_propensity(treated, given, identified) for given in (variables, scaled))  # type: ignore[arg-type]
        np.testing.assert_allclose(one.probability, other.probability, rtol=1e-5)
        np.testing.assert_allclose(one.coefficients, other.coefficients * np.array([1.0, 1000, 1, 0.01]), rtol=1e-4, atol=1e-7)


def test_what_cannot_be_balanced_is_refused() -> None:
    treated = np.repeat([0.0, 1], 10)
    with pytest.raises(SettingsError, match="overlap"):
        balancing_propensity(treated, np.column_stack([np.ones(20), np.arange(20.0)]), "exact")
    with pytest.raises(SettingsError, match="follows from"):
        balancing_propensity(treated, np.ones((20, 2)))
    with pytest.raises(SettingsError, match="both"):
        balancing_propensity(np.ones(20), np.ones((20, 1)))
    with pytest.raises(SettingsError, match="ATE"):
        run_covariate_balancing_propensity({"estimand": "ATT"}, {"sample": pl.DataFrame({"t": [0, 1]})})
    table = pl.DataFrame({"t": [0, 1, 0, 1], "x": [1.0, 2, 2, 1]})
    assert run_covariate_balancing_propensity({"formula": "t ~ x"}, {"sample": table})["just_identified"]["J"] == 0
