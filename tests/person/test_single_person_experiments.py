"""N-of-1 and interrupted time series against statsmodels and against their laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.person.interrupted_time_series import interrupted_time_series, run_interrupted_time_series
from heedful.person.n_of_1 import n_of_1, run_n_of_1


def _series(seed: int, days: int = 60, phi: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    error = np.zeros(days)
    for day in range(1, days):
        error[day] = phi * error[day - 1] + rng.normal()
    treated = (np.arange(days) // 10) % 2
    return 5 - treated + error, np.column_stack([np.ones(days), treated]), np.arange(days, dtype=float)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from(["ml", "reml"]))
def test_order_of_days_and_a_shift_do_not_matter(seed: int, likelihood: str) -> None:
    outcome, design, day = _series(seed)
    order = np.random.default_rng(seed).permutation(len(day))
    one = n_of_1(outcome, design, day, likelihood=likelihood)  # type: ignore[arg-type]
    other = n_of_1(outcome[order] + 3, design[order], day[order] + 100, likelihood=likelihood)  # type: ignore[arg-type]
    assert other.estimate == pytest.approx(one.estimate + np.array([3.0, 0.0]), rel=1e-5)
    assert other.phi == pytest.approx(one.phi, abs=1e-6)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-5)


def test_it_is_generalised_least_squares_at_its_phi_also_with_gaps() -> None:
    outcome, design, day = _series(7)
    kept = np.random.default_rng(1).random(60) < 0.7
    outcome, design, day = outcome[kept], design[kept], day[kept]
    fit = n_of_1(outcome, design, day)
    inverse = np.linalg.inv(fit.phi ** np.abs(day[:, None] - day[None, :]))
    plain = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ outcome)
    assert fit.estimate == pytest.approx(plain)
    rest = outcome - design @ plain
    assert fit.sigma**2 == pytest.approx(rest @ inverse @ rest / (len(day) - 2))
    assert fit.std_error == pytest.approx(np.sqrt(np.diag(np.linalg.inv(design.T @ inverse @ design))) * fit.sigma)


def test_independent_errors_are_ordinary_least_squares() -> None:
    sm = pytest.importorskip("statsmodels.api")
    outcome, design, day = _series(3, phi=0.0)
    fit, theirs = n_of_1(outcome, design, day, likelihood="ml", autoregressive=False), sm.OLS(outcome, design).fit()
    assert fit.std_error == pytest.approx(theirs.bse)
    assert fit.log_likelihood == pytest.approx(theirs.llf)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(0, 6), st.booleans())
def test_newey_west_equals_statsmodels(seed: int, lag: int, adjust: bool) -> None:
    sm = pytest.importorskip("statsmodels.api")
    month = np.arange(1.0, 61)
    after = (month > 30) * 1.0
    outcome = np.random.default_rng(seed).normal(size=60) + month / 10 - after
    fit = interrupted_time_series(outcome, month, after, after * (month - 30), [(12, 2)], lag=lag, adjust=adjust)
    waves = [wave(2 * np.pi * k * month / 12) for k in (1, 2) for wave in (np.sin, np.cos)]
    design = np.column_stack([np.ones(60), month, after, after * (month - 30), *waves])
    theirs = sm.OLS(outcome, design).fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": adjust})
    assert fit.estimate == pytest.approx(theirs.params, rel=1e-7, abs=1e-8)
    assert fit.std_error_newey_west == pytest.approx(theirs.bse, rel=1e-7)


def test_prewhitening_changes_the_error_and_nothing_else() -> None:
    month = np.arange(1.0, 61)
    after = (month > 30) * 1.0
    outcome = np.cumsum(np.random.default_rng(1).normal(size=60)) / 3
    plain, white = (interrupted_time_series(outcome, month, after, after * (month - 30), lag=3, prewhite=pre) for pre in (False, True))
    assert np.array_equal(plain.estimate, white.estimate)
    assert not np.allclose(plain.std_error_newey_west, white.std_error_newey_west)


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="whole numbers"):
        n_of_1(np.arange(6.0), np.ones((6, 1)), [1, 1, 2, 3, 4, 5])
    with pytest.raises(SettingsError, match="collinear"):
        n_of_1(np.arange(6.0), np.ones((6, 2)), np.arange(6))
    with pytest.raises(SettingsError, match="ar1 or none"):
        run_n_of_1({"correlation": "arma"}, {})
    data = {"data": pl.DataFrame({"m": [1.0]})}
    with pytest.raises(SettingsError, match="say the lag"):
        run_interrupted_time_series({"outcome": "m", "time": "m", "level": "m", "trend_after": "m"}, data)
    with pytest.raises(SettingsError, match="even, rising"):
        interrupted_time_series(np.arange(9.0), [1, 2, 3, 5, 6, 7, 8, 9, 10], [0] * 4 + [1] * 5, [0] * 4 + [1, 2, 3, 4, 5])
    with pytest.raises(SettingsError, match="collinear"):
        interrupted_time_series(np.arange(9.0), np.arange(9.0), [0] * 9, [0] * 9)
