"""Glucose indices equal iglu on its sample data, and numbers worked by hand on small records."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.glucose import range_and_risk as risk
from heedful.behavior.glucose.day_grid import GlucoseError, day_grid
from heedful.behavior.glucose.excursions import _mean_swing, _turning_points, mage, naive_mage
from heedful.behavior.glucose.summary import readings, run_summary
from heedful.behavior.glucose.variability import conga, hourly_area, mag, modd
from heedful.core.errors import SettingsError


@pytest.mark.parametrize("name", ["glucose_summary_subject1", "glucose_summary_two_subjects"])
def test_equals_iglu(check_case: Callable[[str], None], name: str) -> None:
    check_case(name)


def test_ranges_close_and_limits_do_not() -> None:
    values = np.array([54.0, 60, 70, 100, 180, 181, 250, 260])
    assert risk.percent_in(values, 70, 180) == 37.5
    assert risk.percent_below(values, 54) == 0
    assert risk.percent_above(values, 250) == 12.5
    assert risk.risk_index(values) == pytest.approx(2.4 * 25 + 1.6 * 12.5 + 0.8 * 25)
    assert risk.risk_index(np.full(9, 40.0)) == 100


def test_gaps_are_not_bridged() -> None:
    at = np.array([0, 300, 600, 7200, 7500])
    grid = day_grid(at, np.array([100.0, 110, 120, 200, 210]))
    known = np.flatnonzero(np.isfinite(grid.flat))
    assert known.tolist() == [0, 1, 23, 24]
    assert mag(grid) == pytest.approx((10 + 10) / (2 * 5 / 60))
    assert hourly_area(grid) == pytest.approx((115 + 205) / 2)


def test_lags() -> None:
    at = np.arange(0, 3 * 86_400, 300)
    daily = day_grid(at, 120 + 30 * np.sin(2 * np.pi * at / 86_400))
    assert modd(daily) == pytest.approx(0, abs=1e-9)
    assert conga(daily, 24) == pytest.approx(0, abs=1e-9)
    assert conga(daily, 12) > 30


def test_records_that_cannot_be_laid_out() -> None:
    with pytest.raises(GlucoseError):
        day_grid(np.array([0]), np.array([100.0]))
    with pytest.raises(GlucoseError):
        day_grid(np.array([0, 420, 840]), np.array([100.0, 100, 100]))
    with pytest.raises(SettingsError):
        mage(day_grid(np.arange(0, 86_400, 900), np.full(96, 100.0)))


@pytest.mark.parametrize("table", [
    {"id": ["a"], "time": ["2026-01-01T00:00:00"], "gl": [None]}, {"id": ["a"], "time": ["2026-01-01T00:00:00"], "gl": [0.0]},
    {"id": ["a"], "time": ["2026-01-01T00:00:00"]},
])  # fmt: skip
def test_readings_that_are_none(table: dict[str, list[object]]) -> None:
    with pytest.raises(GlucoseError):
        readings(pl.DataFrame(table, schema_overrides={"gl": pl.Float64} if "gl" in table else None))


@pytest.mark.parametrize("wrong", [
    {"unit": "mmol/L"}, {"mage_version": "new"}, {"step": 5}, {"conga_n_hours": 0}, {"mage_short_window": 32, "mage_long_window": 5},
])  # fmt: skip
def test_arguments_that_are_not_understood(wrong: dict[str, object]) -> None:
    time = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 2), "5m", eager=True)
    table = pl.DataFrame({"id": "a", "time": time, "gl": 100 + 50 * np.sin(np.arange(len(time)) / 9)})
    assert run_summary({}, {"glucose": table})["mage"]["MAGE"][0] > 60
    with pytest.raises(SettingsError):
        run_summary(wrong, {"glucose": table})


def test_people_do_not_touch_each_other() -> None:
    time = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 3), "5m", eager=True)
    people = [
        pl.DataFrame({"id": name, "time": time, "gl": 120 + spread * np.sin(np.arange(len(time)) / 11)})
        for name, spread in (("b", 40.0), ("a", 20.0))
    ]  # fmt: skip
    both = run_summary({}, {"glucose": pl.concat(people).sample(fraction=1, shuffle=True, seed=1)})
    for table in people:
        alone = run_summary({}, {"glucose": table})
        for index, columns in alone.items():
            place = both[index]["id"].index(columns["id"][0])
            assert all(both[index][name][place] == pytest.approx(column[0]) for name, column in columns.items())


def plain_swings(turning: list[float], deviation: float, up: bool) -> float:
    """The peer's search over the matrix of differences."""
    n, heights, j, begin = len(turning), [], 0, 0
    while j < n:
        delta = [turning[j] - turning[i] for i in range(begin, j + 1)]
        if not delta:
            j += 1
            continue
        best = max(delta) if up else min(delta)
        i = delta.index(best) + begin
        if (best > deviation) if up else (best < -deviation):
            k = j
            while k < n:
                if (turning[k] >= turning[j]) if up else (turning[k] <= turning[j]):
                    j = k
                change = turning[k] - turning[j]
                if ((change < -deviation) if up else (change > deviation)) or k == n - 1:
                    heights.append(turning[j] - turning[i])
                    begin, j = (k, k) if up else (j, k)
                    break
                k += 1
        else:
            j += 1
    return float(np.mean(heights)) if heights else float("nan")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(60, 300), min_size=1, max_size=25), st.integers(1, 80))
def test_swings_are_those_of_a_plain_search(turning: list[int], deviation: int) -> None:
    values = np.array(turning, float)
    assert _mean_swing(values, float(deviation), True) == pytest.approx(plain_swings(turning, deviation, True), nan_ok=True)
    down = plain_swings(turning, deviation, False)
    assert _mean_swing(-values, float(deviation), False) == pytest.approx(-down, nan_ok=True)


def plain_turning_points(glucose: np.ndarray, apart: np.ndarray) -> list[float]:
    """The peer's crossings and extremes."""
    crossings, highs = [0], [bool(apart[0] > 0)]
    apart = np.where(apart == 0, np.nan, apart)
    for i in range(1, len(glucose)):
        if not np.isnan([glucose[i], glucose[i - 1], apart[i], apart[i - 1]]).any():
            before = apart[i - 1]
        elif not np.isnan(apart[i]):
            before = apart[crossings[-1]]
        else:
            continue
        if apart[i] * before < 0:
            crossings.append(i)
            highs.append(bool(apart[i] > before))
    out, start = [], 0
    for end, high in zip([*crossings[1:], len(glucose) - 1], highs, strict=True):
        part = glucose[start : end + 1]
        start += int(np.nanargmax(part) if high else np.nanargmin(part))
        out.append(float(glucose[start]))
    return out


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([90.0, 100.0, 120.0, np.nan]), st.integers(-2, 2)), min_size=2, max_size=40))
def test_turning_points_are_those_of_a_plain_search(rows: list[tuple[float, int]]) -> None:
    glucose, apart = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    glucose[0] = 95.0
    glucose[-1] = 105.0
    assert _turning_points(glucose, apart).tolist() == plain_turning_points(glucose, apart)


def test_nothing_swings_in_an_even_record() -> None:
    at = np.arange(0, 86_400, 300)
    assert np.isnan(mage(day_grid(at, np.full(len(at), 110.0))))
    assert np.isnan(naive_mage(np.full(9, 110.0)))
    assert naive_mage(np.array([100.0, 100, 100, 100, 200])) == pytest.approx(80)
