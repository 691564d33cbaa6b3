"""Resting rates of a day by RHR-AD's and RHR-Diff's rules: worked by hand, what their detectors average, and the daily features."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.cusum_online import CusumOnline, _means, first_days
from heedful.behavior.daily import daily_features
from heedful.behavior.folds import WarmDays
from heedful.behavior.resting_rates import rhr_diff_resting_rates, rhrad_resting_rates
from heedful.core.errors import SettingsError
from heedful.core.labels import Care, Consented
from heedful.core.registry import METHODS
from heedful.core.schemas import Observations
from heedful.core.seals import seal

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


def _observations(rate: np.ndarray, steps: np.ndarray, day: dt.datetime) -> pl.DataFrame:
    """Rows of one day of minutes; NaN rates were not measured, and so are the steps of a minute below zero."""
    at = [day.replace(tzinfo=dt.UTC) + dt.timedelta(minutes=n) for n in range(1440)]
    parts = []
    for code, values in (("heart_rate", rate), ("steps", np.where(steps < 0, np.nan, steps))):
        rows = pl.DataFrame({"start_at": at, "value": values}).filter(pl.col("value").is_not_nan())
        parts.append(rows.with_columns(code=pl.lit(code)))
    return pl.concat(parts).select(
        "code", "value", "start_at", person=pl.lit("p"), day=pl.lit(day.date()), end_at=pl.col("start_at") + pl.duration(minutes=1),
        offset_minutes=pl.lit(0, pl.Int16), unit=pl.lit(""), device=pl.lit("watch"), how=pl.lit("measured"), row=pl.lit(0, pl.Int32),
        known_at="start_at",
    )  # fmt: skip


def _day(seed: int, gaps: float, walks: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rate, steps = np.round(rng.normal(64, 6, 1440)), np.zeros(1440)
    for start in rng.integers(0, 1430, walks):
        steps[start : start + int(rng.integers(1, 30))] = 60
    rate[rng.random(1440) < gaps] = np.nan
    start = int(rng.integers(0, 1300))
    rate[start : start + 120] = np.nan  # a charge
    return rate, steps


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02, 0.3]), st.integers(0, 60))
def test_the_daily_features_equal_the_rules_on_the_days_minutes(seed: int, gaps: float, walks: int) -> None:
    rate, steps = _day(seed, gaps, walks)
    found = daily_features(seal(_observations(rate, steps, MONDAY), Consented[Care], Observations)).data
    told = dict(found.filter(pl.col("feature").str.starts_with("day_resting")).select("feature", "value").iter_rows())
    minutes = _minutes(rate.tolist(), steps.tolist()).filter(pl.col("rate").is_not_nan())
    rest = rhrad_resting_rates(minutes)["value"].to_list()
    assert told["day_resting_heart_rate[rhrad]"] == (pytest.approx(rest[0], abs=1e-6) if rest else None)
    diff = float(rhr_diff_resting_rates(rate[None], steps[None] > 0)[0])
    assert told["day_resting_heart_rate[rhr_diff]"] == (None if np.isnan(diff) else pytest.approx(diff, abs=1e-6))


def test_the_daily_features_follow_live_minute_by_minute() -> None:
    rate, steps = _day(3, 0.05, 20)
    rows = _observations(rate, steps, MONDAY).sort("start_at", "code")
    held, _ = WarmDays.start(rows[:600])
    for first in range(600, rows.height, 97):
        assert held.step(rows[first : first + 97]) == []
        so_far = daily_features(seal(rows[: first + 97], Consented[Care], Observations)).data
        named = pl.col("feature").str.starts_with("day_resting")
        assert held.read().filter(named).equals(so_far.filter(named))


def test_the_daily_features_say_why_there_is_none(rows: SimpleNamespace) -> None:
    start = MONDAY.replace(tzinfo=dt.UTC)
    names = [f"day_resting_heart_rate[{rule}]" for rule in ("rhrad", "rhr_diff")]
    rates = [rows.observed("heart_rate", start + dt.timedelta(minutes=n), 0, 60.0) for n in range(30)]
    out = rows.derive(daily_features, rates)
    assert [rows.value_of(out, name) for name in names] == [(None, "no_data")] * 2, "nobody knows when there was rest"
    out = rows.derive(daily_features, [*rates, rows.observed("steps", start, 1, 0.0)])
    assert [rows.value_of(out, name) for name in names] == [(None, "too_short"), (60.0, "")]
    assert out.filter(pl.col("feature") == names[1])["coverage"].item() == pytest.approx(21 / 1440)
    out = rows.derive(daily_features, [rows.observed("heart_rate", start, 0, 600.0), rows.observed("steps", start, 1, 0.0)])
    assert [rows.value_of(out, name) for name in names] == [(None, "implausible")] * 2
