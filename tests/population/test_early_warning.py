"""Nowcasts against a lasso solved otherwise, against the future, and on ARGO's own inputs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from heedful.core.errors import SettingsError
from heedful.population.digital_drift import digital_drift
from heedful.population.early_warning import EarlyWarning, early_warning
from heedful.population.lasso_path import lasso_path

FIRST, LAST = date(2009, 4, 4), date(2015, 7, 11)


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_the_path_equals_a_bounded_quadratic_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(30, 6)) @ rng.normal(size=(6, 6))
    outcome = rng.normal(size=30)
    moments, with_outcome = columns.T @ columns / 30, columns.T @ outcome / 30
    penalties = np.abs(with_outcome).max() * np.array([1.0, 0.4, 0.05])
    path = lasso_path(moments, with_outcome, penalties, tolerance=1e-9)
    assert np.allclose(path[0], 0, atol=1e-9)
    for penalty, ours in zip(penalties, path, strict=True):
        # b = u - v with u, v >= 0 turns the lasso into a smooth problem within bounds.
        def cost(both: np.ndarray, penalty: float = penalty) -> tuple[float, np.ndarray]:
            b = both[:6] - both[6:]
            slope = moments @ b - with_outcome
            return float(0.5 * b @ moments @ b - with_outcome @ b + penalty * both.sum()), np.concatenate([slope, -slope]) + penalty

        best = minimize(cost, np.zeros(12), jac=True, bounds=[(0, None)] * 12, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000})
        assert cost(np.concatenate([ours.clip(0), (-ours).clip(0)]))[0] <= best.fun + 1e-8


@given(st.integers(110, 190), st.integers(0, 1000))
@settings(max_examples=10)
def test_nothing_later_is_used(week: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    official, digital = 2 + rng.random(200), rng.random((200, 3)) * 50
    short = EarlyWarning(lags=3, window=40, band=30)
    whole = early_warning(official, digital, short)
    official[week:], digital[week + 1 :] = 2 + rng.random(200 - week), rng.random((199 - week, 3))
    other = early_warning(official, digital, short)
    for name in ("estimate", "low", "high", "carried"):
        assert np.array_equal(getattr(whole, name)[: week + 1], getattr(other, name)[: week + 1], equal_nan=True)


def test_impossible_values_are_refused_by_week() -> None:
    with pytest.raises(SettingsError, match="week 3 is 0 %"):
        early_warning(np.array([1.0, 1, 1, 0]), np.ones((4, 1)))
    with pytest.raises(SettingsError, match="signal 0 is -1 in week 1"):
        early_warning(np.ones(4), np.array([[1.0], [-1], [1], [1]]))


def argo(folder: Path, name: str) -> tuple[list[date], np.ndarray, np.ndarray]:
    official = pl.read_csv(folder / "argo_cdc_gft.csv.gz", try_parse_dates=True)
    search = pl.read_csv(folder / f"argo_search_{name}.csv.gz", try_parse_dates=True)
    both = official.join(search, on="week_ending", how="left").sort("week_ending")
    share = both["cdc_weighted_ili_percent"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    signals = both.select(pl.exclude(*official.columns)).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return both["week_ending"].to_list(), share, signals


def test_the_bars_on_the_inputs_of_argo(shared_data: Path) -> None:
    """Google Correlate as long as it was issued, Google Trends after it, as the paper did. R's own: 0.634 of naive, 0.985."""
    folder = shared_data / "surveillance"
    weeks, share, signals = argo(folder, "gc10")
    correlate = early_warning(share, signals)
    trends = early_warning(share, argo(folder, "gt")[2])
    known = np.isfinite(correlate.estimate)
    estimate, low, high = (np.where(known, getattr(correlate, name), getattr(trends, name)) for name in ("estimate", "low", "high"))
    judged = np.array([FIRST <= week <= LAST for week in weeks])
    assert judged.sum() == np.isfinite(estimate[judged]).sum() == 328

    def error(of: np.ndarray) -> float:
        return float(np.sqrt(np.mean((of - share)[judged] ** 2)))

    assert error(estimate) / error(correlate.carried) <= 0.60
    assert np.corrcoef(estimate[judged], share[judged])[0, 1] >= 0.985
    covered = ((low <= share) & (share <= high))[judged].mean()
    assert 0.93 <= covered <= 0.98


def test_the_drift_of_google_flu_trends_is_called_before_its_error_doubles(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "surveillance" / "argo_cdc_gft.csv.gz", try_parse_dates=True).sort("week_ending")
    official, google = (table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in table.columns[1:])
    weeks = np.array(table["week_ending"].to_list())
    season = (weeks >= date(2012, 10, 1)) & (weeks < date(2013, 5, 1))
    found = digital_drift(official, google)
    called = weeks[season & found.alarm][0]
    doubled = weeks[season & (google / official >= 2)][0]
    assert called < doubled
    assert found.sum_above[weeks == called] > found.sum_below[weeks == called]
    assert found.alarm.sum() <= 6, "it does not cry every week: nine years of weeks"
