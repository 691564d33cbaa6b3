"""CuSum equals the published program on its cases; its steps agree with a plain reading of the paper."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.cusum_online import (
    CusumOnline,
    CusumResult,
    _cusum,
    _null,
    cusum_alarms,
    cusum_online,
    minute_table,
    rhr_diff,
    run_cusum_online,
)
from heedful.core.errors import SchemaError, SettingsError


@pytest.mark.parametrize("name", ["illness_rhrdiff_cusum_planted", "illness_rhrdiff_cusum_real"])
def test_equals_the_published_program(check_case: Callable[[str], None], name: str) -> None:
    check_case(name)


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=60), st.floats(0.1, 1))
def test_cusum_never_falls_below_zero_and_counts_its_runs(residual: list[float], threshold: float) -> None:
    sums, runs = _cusum(np.array(residual), threshold, 0.0, 0)
    assert (sums >= 0).all()
    assert ((runs > 0) == (sums > 0)).all()
    starts = np.flatnonzero(runs == 1)
    for start in starts:
        assert sums[start] == pytest.approx(residual[start] - threshold)


@given(st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0, 3.0]), min_size=3, max_size=40))
def test_null_maxima_are_those_of_a_plain_loop(values: list[float]) -> None:
    cusum = np.array(values)
    starts = [n for n in range(len(values) - 1) if values[n] == 0 and values[n + 1] > 0]
    longest = 0 if not starts else 1 if len(starts) == 1 else max(b - a for a, b in pairwise(starts))
    plain = [sorted(max(values[n : n + k + 1]) for n in starts if n + k < len(values)) for k in range(1, longest + 1)]
    assert [found.tolist() for found in _null(cusum)] == plain


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_a_day_changes_nothing_before_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rate = rng.normal(60, 3, (9, 1440)).round()
    rate[rng.random(rate.shape) < 0.2] = np.nan
    walked = rng.random(rate.shape) < 0.01
    how = CusumOnline(baseline_days=5)
    whole, less = cusum_online(rate, walked, how), cusum_online(rate[:-1], walked[:-1], how)
    assert np.array_equal(whole.cusum[: len(less.cusum)], less.cusum)
    assert np.array_equal(whole.p_value[: len(less.cusum)], less.p_value, equal_nan=True)
    assert np.array_equal(whole.residual[: len(less.residual)], less.residual, equal_nan=True)


def test_a_run_must_be_long_and_rise_long_to_be_told() -> None:
    def result(length: int, rise: int) -> CusumResult:
        sums = np.concatenate([[0.0], np.arange(1.0, rise + 1), np.full(length - rise, 0.5), [0.0]])
        run = np.concatenate([[0], np.arange(1, length + 1), [0]])
        p_value = np.where(run >= 5, 0.0, np.nan)
        empty = np.empty(0)
        return CusumResult(np.empty(0, np.int64), empty, empty, np.empty(0, np.int64), sums, run, p_value)

    found = cusum_alarms(result(60, 30))
    assert [(alarm.at, alarm.maximum_at, alarm.length) for alarm in found] == [(5, 30, 60)]
    assert cusum_alarms(result(48, 30)) == []
    assert cusum_alarms(result(60, 24)) == []


def _table(column: str, days: int, first: str = "2026-01-01") -> pl.DataFrame:
    start = np.datetime64(first)
    at = [str(start + np.timedelta64(n, "m")).replace("T", " ") + ":00" for n in range(0, 1440 * days, 30)]
    return pl.DataFrame({"user": ["P"] * len(at), "datetime": at, column: [60.0] * len(at)})


def test_history_starts_after_the_last_pause_of_sixty_days() -> None:
    rates = pl.concat([_table("heartrate", 3), _table("heartrate", 2, "2026-06-01")])
    days, rate, walked = minute_table(rates, _table("steps", 1).head(0))
    assert days == ["2026-06-01", "2026-06-02"]
    assert rate.shape == walked.shape == (2, 1440)
    assert int(np.isfinite(rate).sum()) == 96


def test_steps_off_the_minute_are_not_counted() -> None:
    steps = pl.DataFrame({"datetime": ["2026-01-01 00:10:00", "2026-01-01 00:20:30"], "steps": [5, 5]})
    _, _, walked = minute_table(_table("heartrate", 1), steps)
    assert np.flatnonzero(walked[0]).tolist() == [10]


def test_hours_between_days_without_data_count_as_usual_in_the_scan() -> None:
    names = [f"2026-01-0{day} {hour:02d}:00:00" for day in (1, 3) for hour in range(24)]
    grid, _ = rhr_diff(names, np.zeros(48), alpha=0.05, draws=20, seed=1)
    assert len(grid) == 72


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CusumOnline(resolution_minutes=7), "resolution"),
        (lambda: CusumOnline(baseline_days=1), "baseline"),
        (lambda: cusum_online(np.zeros((3, 1440)), np.zeros((3, 1440), bool)), "baseline"),
        (lambda: cusum_online(np.zeros((3, 144)), np.zeros((3, 144), bool)), "1440"),
        (lambda: run_cusum_online({"smoothing": 3}, {}), "does not know smoothing"),
    ],
)
def test_wrong_settings_are_told(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        make()


def test_a_missing_column_is_told() -> None:
    with pytest.raises(SchemaError, match="heartrate"):
        minute_table(_table("rate", 1), _table("steps", 1))
