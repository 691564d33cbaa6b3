"""Weekly counts with one and a half to three years behind them are asked by harmonic regression, each date from its own look-back alone."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.population.official_series import alarms, assert_answered_from_the_look_back, weekly

from heedful.population.harmonic_regression import HarmonicRegression, harmonic_regression
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.watch_waves import LEAST_WEEKS
from heedful.population.yearly_reference import Calendar

START = date(2023, 1, 2)
WAVES = "harmonic_regression@office"
EARS = {"ears@office", "ears.c1@office", "ears.c2@office", "ears.c3@office"}


def official(values: np.ndarray, place: str = "US", start: date = START, unit: str = "{count}") -> pl.DataFrame:
    return weekly(values, place, start, unit)


def counts(weeks: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(20 * np.exp(np.sin(np.arange(weeks) * 2 * np.pi / 52.18))).astype(float)


@pytest.mark.parametrize(("weeks", "start"), [(79, START), (130, START), (140, date(2019, 1, 7))])
def test_numbers_are_those_of_the_function_itself(weeks: int, start: date) -> None:
    values = counts(weeks)
    values[-1] = 140
    found = alarms(official(values, start=start)).filter(pl.col("day") == start + timedelta(weeks=weeks - 1))
    assert found["detector"].to_list() == [WAVES]
    days = np.datetime64(start) + 7 * np.arange(weeks)
    own = harmonic_regression(values[None], Calendar(52, days), HarmonicRegression(alpha=0.001), slice(weeks - 1, weeks))
    row = found.row(0, named=True)
    assert (row["observed"], row["alarm"]) == (140, True)
    assert row["p"] == row["q"]  # one series
    assert [row["expected"], row["bound"], row["p"]] == pytest.approx([own.expected[0, 0], own.bound[0, 0], own.p[0, 0]], rel=1e-6)
    assert (row["trend"], row["down_weighted"]) == (own.trend_kept[0, 0], own.down_weighted[0, 0])
    assert row["why"].startswith("140 where ")
    assert f" were expected from the season in {own.used[0, 0]} earlier weeks" in row["why"]


def test_it_begins_with_a_year_and_a_half_and_ends_with_three_years() -> None:
    found = alarms(official(counts(200)))
    waves = found.filter(detector=WAVES)
    first, last = waves["day"].min(), waves["day"].max()
    assert first == START + timedelta(weeks=LEAST_WEEKS)
    assert isinstance(last, date)
    assert START + timedelta(weeks=153) <= last <= START + timedelta(weeks=157)
    assert waves.height == waves["day"].n_unique() == (last - first).days // 7 + 1  # type: ignore[operator]  # an expected curve, no gaps
    assert set(found.filter(pl.col("day") < first)["detector"]) <= EARS
    assert set(found.filter(pl.col("day") > last)["detector"]) == {"farrington_flexible@office"}
    assert waves["why"].str.contains(r"; up to [\d.]+ is usual here by the season in \d+ earlier weeks").any()


def test_weeks_that_were_not_issued_do_not_count_as_known() -> None:
    values = counts(100)
    values[:40] = np.nan
    values[30] = 5.0
    last = START + timedelta(weeks=99)
    assert set(alarms(official(values)).filter(day=last)["detector"]) == EARS - {"ears@office"}


def test_pandemic_weeks_alone_say_nothing_of_a_season() -> None:
    start = date(2020, 3, 2)
    last = start + timedelta(weeks=100)
    assert set(alarms(official(counts(101), start=start)).filter(day=last)["detector"]) == EARS - {"ears@office"}


def test_rates_stay_with_ears() -> None:
    rows = official(counts(120), unit="%")
    assert set(alarms(rows)["detector"]) <= EARS


def test_a_past_outbreak_is_weighed_down_and_said() -> None:
    values = counts(130)
    values[60:63] = 300
    values[-1] = 200
    row = alarms(official(values)).filter(day=START + timedelta(weeks=129)).row(0, named=True)
    assert row["alarm"]
    assert row["down_weighted"] >= 3
    assert "high weeks among them counted less and up to" in row["why"]


def test_the_rise_of_a_season_is_no_outbreak() -> None:
    quiet = np.concatenate([simulate(one, 2, seed=one.number, weeks=156)[0] for one in SCENARIOS if one.waves])
    rows = pl.concat([official(values, f"P{n}") for n, values in enumerate(quiet)])
    tested = pl.DataFrame({"day": [START + timedelta(weeks=week) for week in range(104, 156)]})
    found = alarms(rows, tested)
    assert found.filter(pl.col("detector") == WAVES).height > 0.5 * 52 * len(quiet)
    assert found["alarm"].sum() / len(quiet) < 0.3  # EARS: 0.6 to 0.8


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_a_day_is_answered_the_same_from_its_look_back_alone(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for place in ("US", "NY", "NJ"):
        values = rng.poisson(rng.choice([0.1, 5, 40]), int(rng.integers(80, 160))).astype(float)
        values[rng.random(len(values)) < rng.choice([0, 0.1, 0.9])] = np.nan
        parts.append(official(values, place, START + timedelta(weeks=int(rng.integers(-300, 80)))))
    rows = pl.concat(parts)
    if rows.is_empty():
        return
    assert_answered_from_the_look_back(rows, data)
