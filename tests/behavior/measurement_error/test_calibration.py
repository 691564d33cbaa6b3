"""The calibration line: SciPy's regression, the known slopes of classical error, prediction intervals that cover, and no line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import linregress

from heedful.behavior.measurement_error.calibration import calibration_line
from heedful.core.errors import SettingsError


def test_the_line_is_scipys() -> None:
    rng = np.random.default_rng(1)
    report = rng.normal(8000, 1500, 40)
    measured = 0.7 * report + rng.normal(0, 800, 40)
    found, peer = calibration_line(report, measured), linregress(report, measured)
    assert found is not None
    assert found.slope == pytest.approx(peer.slope)
    assert found.at(9000) == pytest.approx(peer.intercept + 9000 * peer.slope)
    assert (found.slope_high - found.slope_low) / 2 == pytest.approx(2.0243942 * peer.stderr, rel=1e-6)  # t of 38 degrees of freedom
    assert found.simex == found.slope


def test_simex_undoes_the_error_from_day_to_day_and_regression_calibration_predicts_with_it() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(8000, 2000, 6000)
    report = 500 + truth + rng.normal(0, 1200, 6000)
    found = calibration_line(report, truth, 1200.0)
    assert found is not None
    kept = 2000**2 / (2000**2 + 1200**2)
    assert found.reliability == pytest.approx(kept, abs=0.02)
    assert found.slope == pytest.approx(kept, abs=0.02)
    assert found.simex == pytest.approx(1, abs=0.04)
    assert found.simex_at(9000) == pytest.approx(8500, abs=120)


@pytest.mark.parametrize(("people", "kept"), [(15, 0.8), (30, 0.6), (30, 0.93), (100, 0.8)])
def test_the_interval_of_simex_holds_the_slope_of_the_truth(people: int, kept: float) -> None:
    rng, held, times = np.random.default_rng(7), 0, 100
    error = np.sqrt((1 - kept) / kept)
    for _ in range(times):
        truth = rng.normal(0, 1, people)
        found = calibration_line(truth + rng.normal(0, error, people), 0.8 * truth + rng.normal(0, 0.4, people), error)
        assert found is not None
        held += found.simex_low <= 0.8 <= found.simex_high
        assert found.simex_low < found.simex < found.simex_high
    assert held / times >= 0.88  # 95 % but for chance in 100 runs and few people


def test_where_little_is_error_there_is_a_slope_although_no_curve_bends() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        truth = rng.normal(0, 1, 30)
        found = calibration_line(truth + rng.normal(0, 0.4, 30), 0.8 * truth + rng.normal(0, 0.4, 30), 0.4)
        assert found is not None
        assert np.isfinite([found.simex, found.simex_low, found.simex_high]).all()


def test_simex_of_a_usual_report_has_an_interval_that_widens_away_from_the_mean() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(8000, 2000, 60)
    found = calibration_line(truth + rng.normal(0, 1200, 60), truth, 1200.0)
    assert found is not None
    (low, high), (far_low, far_high) = found.simex_interval(found.reported), found.simex_interval(found.reported + 4000)
    assert low < found.simex_at(found.reported) < high
    assert far_high - far_low > high - low


def test_intervals_hold_new_people() -> None:
    rng, held, times = np.random.default_rng(3), 0.0, 200
    for _ in range(times):
        report = rng.normal(8000, 1500, 15)
        found = calibration_line(report, 0.8 * report + rng.normal(0, 600, 15), 300.0)
        assert found is not None
        new = rng.normal(8000, 1500, 50)
        bounds = np.array([found.interval(one) for one in new])
        measured = 0.8 * new + rng.normal(0, 600, 50)
        held += ((bounds[:, 0] <= measured) & (measured <= bounds[:, 1])).mean()
    assert 0.93 <= held / times <= 0.97


def test_where_there_is_no_line() -> None:
    flat = np.full(20, 7.0)
    assert calibration_line(flat, np.arange(20.0)) is None
    assert calibration_line(np.arange(4.0), np.arange(4.0)) is None
    noisy = calibration_line(np.arange(20.0), np.arange(20.0), 50.0)
    assert noisy is not None
    assert np.isnan(noisy.simex)
    assert noisy.reliability == 0
    with pytest.raises(SettingsError, match="none missing"):
        calibration_line(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
