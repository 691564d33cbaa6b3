"""Cosinor fits: the cases of the reference equal CosinorPy; errors and tests are those of statsmodels; wrong input says so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.cosinor import drawn, fit, period_search, run_fit, run_period_search, waves
from heedful.core.errors import HeedfulError, SettingsError

CASES = ("amplitude_acrophase_test", "one_component_24h", "two_components_24h", "period_grid")


@pytest.mark.parametrize("name", CASES)
def test_equals_cosinorpy(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"cosinor_{name}")


@given(seed=st.integers(0, 2**32 - 1), components=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_coefficients_and_errors_are_ordinary_least_squares(seed: int, components: int) -> None:
    models = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(0, 100, 60))
    values = rng.normal(10, 3, (2, 60))
    angles = [2 * np.pi * k * hours / 23 for k in range(1, components + 1)]
    design = np.stack([np.ones(60), *(wave(a) for a in angles for wave in (np.sin, np.cos))], axis=1)
    found = fit(hours, values, 23, components)
    for series in range(2):
        peer = models.OLS(values[series], design).fit()
        np.testing.assert_allclose(found.coefficients[series], peer.params, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.standard_errors[series], peer.bse, rtol=1e-8)
        assert found.p_value[series] == pytest.approx(peer.f_pvalue, rel=1e-8)
        scores = {
            name: period_search(hours, values, np.array([23.0]), components, name).scores[series, 0]
            for name in ("R2", "R2_adj", "log-likelihood")
        }
        assert list(scores.values()) == pytest.approx([peer.rsquared, peer.rsquared_adj, peer.llf])


@given(peak=st.floats(0, 23.9), amplitude=st.floats(0.5, 50))
@settings(max_examples=20, deadline=None)
def test_amplitude_and_peak_come_back(peak: float, amplitude: float) -> None:
    hours = np.arange(72.0)
    noise = np.random.default_rng(1).normal(0, 0.01, 72)
    found = fit(hours, (20 + amplitude * np.cos(2 * np.pi * (hours - peak) / 24) + noise)[None, :])
    wave, curve = waves(found), drawn(found)
    assert wave.amplitude[0] == pytest.approx(amplitude, abs=0.02)
    assert np.cos(-wave.acrophase[0] - 2 * np.pi * peak / 24) == pytest.approx(1, abs=1e-3)
    assert curve.amplitude == pytest.approx(amplitude, abs=0.02)
    assert np.cos(curve.acrophase - wave.acrophase[0]) == pytest.approx(1, abs=1e-3)
    assert wave.low[0, 1] < wave.amplitude[0] < wave.high[0, 1]


def test_lack_of_fit_needs_repeated_times() -> None:
    hours = np.arange(20.0)
    values = np.random.default_rng(2).normal(0, 1, (1, 20))
    assert np.isnan(fit(hours, values).p_rejected[0])
    square = np.where(np.arange(240) % 24 < 12, 1.0, 0.0) + np.random.default_rng(3).normal(0, 0.1, 240)
    assert fit(np.arange(240.0), square[None, :]).p_rejected[0] < 1e-6


def test_many_series_are_searched_at_once() -> None:
    hours = np.arange(200.0)
    values = np.stack([np.cos(2 * np.pi * hours / period) for period in (22, 24, 27)])
    found = period_search(hours, values, np.arange(20.0, 29.0))
    assert found.periods[found.best].tolist() == [22, 24, 27]
    assert found.scores.shape == (3, 9)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: fit(np.arange(9.0), np.full((1, 9), np.nan)), "missing"),
        (lambda: fit(np.arange(9.0), np.ones(9)), r"\[series, times\]"),
        (lambda: fit(np.arange(9.0), np.ones((1, 9)), 0), "above 0"),
        (lambda: fit(np.arange(5.0), np.ones((1, 5)), 24, 2), "too few"),
        (lambda: fit(np.arange(9.0) * 24, np.ones((1, 9)), 24), "apart"),
        (lambda: waves(fit(np.arange(48.0), np.ones((1, 48)), 24, 2)), "one component"),
        (lambda: period_search(np.arange(48.0), np.ones((1, 48)), np.array([])), "at least one period"),
        (lambda: period_search(np.arange(48.0), np.ones((1, 48)), np.array([24.0]), 1, "beauty"), "no criterion"),  # type: ignore[arg-type]
        (lambda: run_fit({}, {}), "hour and value"),
    ],
)
def test_wrong_input_says_what_and_how_to_cure_it(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(HeedfulError, match=says):
        wrong()


def test_arguments_that_are_not_known_are_refused() -> None:
    table = {"series": pl.DataFrame({"hour": np.arange(30.0), "value": np.arange(30.0)})}
    with pytest.raises(SettingsError, match="no argument lin_comp"):
        run_fit({"lin_comp": True}, table)
    with pytest.raises(SettingsError, match="tests amplitude"):
        run_fit({"tests": ["mesor"]}, table)
    with pytest.raises(SettingsError, match="no argument model"):
        run_period_search({"periods_hours": [24], "model": "nb"}, table)


def test_by_p_the_program_takes_the_first_period_whose_p_is_nothing_beside_1() -> None:
    """CosinorPy 3.1: p is 1 - F; of several periods with p = 0.0 get_best_fits gives the first."""
    hour = np.arange(0, 96, 0.5)
    series = pl.DataFrame({"hour": hour, "value": 50 + 10 * np.cos(2 * np.pi * hour / 24) + 0.1 * np.sin(7 * hour)})
    asked = {"components": 1, "periods_hours": [23.0, 23.5, 24.0, 24.5]}
    assert run_period_search(asked | {"criterion": "p"}, {"series": series})["best_period"] == 23.0
    assert run_period_search(asked | {"criterion": "RSS"}, {"series": series})["best_period"] == 24.0
