"""Resting rates of a day by RHR-AD's and RHR-Diff's rules: worked by hand, and what their detectors average."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from heedful.behavior.cusum_online import CusumOnline, _means, first_days
from heedful.behavior.resting_rates import rhr_diff_resting_rates, rhrad_resting_rates
from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS

MONDAY = dt.datetime(2026, 3, 2)


def _minutes(rate: list[float], steps: list[float], start: dt.datetime = MONDAY) -> pl.DataFrame:
    return pl.DataFrame({"at": [start + dt.timedelta(minutes=n) for n in range(len(rate))], "rate": rate, "steps": steps})


def test_rhrad_takes_minutes_that_end_a_window_without_a_step() -> None:
    """Steps in the third minute: of windows of three, rest are the sixth to the eighth. The first two have no whole window."""
    minutes = _minutes([50.0, 50, 99, 98, 97, 60, 61, 65], [0.0, 0, 7, 0, 0, 0, 0, 0])
    assert rhrad_resting_rates(minutes, window=3, smoothing=1)["value"].to_list() == [62.0]
    assert rhrad_resting_rates(minutes, window=3, smoothing=2)["value"].to_list() == [(60.5 + 63) / 2]
    assert rhrad_resting_rates(minutes.reverse(), window=3, smoothing=2)["value"].to_list() == [(60.5 + 63) / 2]


def test_rhrad_smooths_over_measured_minutes_and_into_the_next_day() -> None:
    """Three minutes before midnight, three of the morning after a pause: what was measured last stands next to it."""
    minutes = pl.concat([
        _minutes([60.0, 62, 64], [0.0] * 3, MONDAY - dt.timedelta(minutes=3)), _minutes([70.0, 72, 74], [0.0] * 3, MONDAY + dt.timedelta(hours=6)),
    ])  # fmt: skip
    out = rhrad_resting_rates(minutes, window=1, smoothing=2)
    assert out["day"].to_list() == [dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
    assert out["value"].to_list() == [(61 + 63) / 2, (67 + 71 + 73) / 3]


def test_rhrad_says_nothing_of_a_day_without_enough_rest() -> None:
    assert rhrad_resting_rates(_minutes([60.0] * 410, [0.0] * 410)).height == 0, "399 minutes at rest: no mean over 400"
    assert rhrad_resting_rates(_minutes([60.0] * 411, [0.0] * 411))["value"].to_list() == [60.0]
    with pytest.raises(SettingsError, match="window and smoothing"):
        rhrad_resting_rates(_minutes([60.0], [0.0]), window=0)


def test_rhr_diff_leaves_out_steps_and_the_minutes_after_them() -> None:
    rate = np.full((2, 1440), np.nan)
    rate[0, :8] = [60, 62, 64, 120, 118, 110, 70, 72]
    walked = np.zeros(rate.shape, bool)
    walked[0, 3] = True
    found = rhr_diff_resting_rates(rate, walked, smoothing=1, rest=2)
    assert found[0] == (60 + 62 + 64 + 70 + 72) / 5
    assert np.isnan(found[1]), "nothing was measured"


def test_rhr_diff_smooths_before_it_leaves_out_and_over_no_gap() -> None:
    rate = np.full((1, 1440), np.nan)
    rate[0, :6] = [60, 62, 64, 80, np.nan, 70]
    walked = np.zeros(rate.shape, bool)
    assert rhr_diff_resting_rates(rate, walked, smoothing=2, rest=0).tolist() == [(61 + 63 + 72) / 3]
    walked[0, 3] = True
    assert rhr_diff_resting_rates(rate, walked, smoothing=2, rest=0).tolist() == [62.0]


def test_rhr_diff_is_what_the_detector_averages() -> None:
    rng = np.random.default_rng(7)
    rate, walked = rng.normal(62, 4, (5, 1440)), rng.random((5, 1440)) < 0.03
    rate[rng.random(rate.shape) < 0.05] = np.nan
    day = CusumOnline(resolution_minutes=1440)
    assert rhr_diff_resting_rates(rate, walked) == pytest.approx(_means(first_days(rate, walked, day))[:, 0])


def test_wrong_shapes_are_told() -> None:
    with pytest.raises(SettingsError, match="1440"):
        rhr_diff_resting_rates(np.zeros((1, 60)), np.zeros((1, 60), bool))


@pytest.mark.parametrize("rule", ["rhrad", "rhr_diff"])
def test_both_have_a_card(rule: str) -> None:
    card = METHODS.get(f"features.resting_heart_rate_{rule}").card
    assert card.units == "/min"
    assert "Mishra" in card.reference
