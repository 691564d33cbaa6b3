"""Weekly counts with years behind them are asked by flexible Farrington, each date from its own look-back alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.population.official_series import alarms, assert_answered_from_the_look_back, weekly

from heedful.population.alarms import series_alarms
from heedful.population.false_discovery import hierarchical_q
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.watch_years import LOOKBACK_DAYS, yearly_answers
from heedful.population.yearly_reference import Calendar

START = date(2019, 1, 7)  # the 53 weeks of 2020 lie in every history


def official(values: np.ndarray, place: str = "US", start: date = START, unit: str = "{count}") -> pl.DataFrame:
    return weekly(values, place, start, unit)


def counts(weeks: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(20 + 10 * np.sin(np.arange(weeks) * 2 * np.pi / 52.18)).astype(float)


def test_numbers_are_the_detectors_and_ears_is_not_asked_as_well() -> None:
    values = counts(300)
    values[-1] = 70
    days = np.datetime64(START) + 7 * np.arange(300)
    found = alarms(official(values)).filter(pl.col("day") == START + timedelta(weeks=299))
    assert found["detector"].to_list() == ["farrington_flexible@office"]
    own = farrington_flexible(
        values[None, :], Calendar(52, days), FarringtonFlexible(years_back=5, alpha=0.001, threshold="muan"), slice(299, 300)
    )
    row = found.row(0, named=True)
    assert (row["observed"], row["alarm"]) == (70, True)
    assert [row["expected"], row["bound"], row["p"]] == pytest.approx([own.expected[0, 0], own.bound[0, 0], own.p_value[0, 0]])
    assert row["why"].startswith("70 where ")
    assert "the same weeks of 5 years" in row["why"]


def test_it_begins_with_three_years_and_takes_up_to_five() -> None:
    found = alarms(official(counts(290)))
    yearly = found.filter(pl.col("detector") == "farrington_flexible@office")
    first = yearly["day"].min()
    assert isinstance(first, date)
    # 157 weeks back is three years; a half window of three weeks may still be missing
    assert date(2019, 1, 7) + timedelta(weeks=157 - 3) <= first <= date(2019, 1, 7) + timedelta(weeks=157)
    assert found.filter(pl.col("day") >= first)["detector"].unique().to_list() == ["farrington_flexible@office"]
    before = found.filter(pl.col("day") < first)["detector"]
    assert set(before) <= {"ears@office", "ears.c1@office", "ears.c2@office", "ears.c3@office", "harmonic_regression@office"}
    values = official(counts(290)).with_columns(withheld=pl.lit(False))
    years = yearly_answers(values, ["place"], values["day"], 0.001).rows.filter(detector="farrington_flexible")
    assert years["years"].unique().sort().to_list() == [3, 4, 5]


def test_rates_and_short_histories_stay_with_ears_and_their_family_is_their_own() -> None:
    rows = pl.concat(
        [official(counts(200)), official(counts(200, 2), "NY", unit="%"), official(counts(40, 3), "NJ", START + timedelta(weeks=160))]
    )
    last = alarms(rows).filter(pl.col("day") == rows["day"].max())
    assert set(last.filter(place="US")["detector"]) == {"farrington_flexible@office"}
    for place in ("NY", "NJ"):
        assert set(last.filter(place=place)["detector"]) == {"ears.c1@office", "ears.c2@office", "ears.c3@office"}
    ears = alarms(rows.filter(pl.col("place") != "US")).filter(pl.col("day") == rows["day"].max())
    same = ["detector", "place", "expected", "bound", "alarm"]  # p looks at the dispersion of all series
    assert last.filter(pl.col("place") != "US").select(same).equals(ears.select(same))


def test_few_cases_raise_nothing_and_say_so() -> None:
    values = np.zeros(200)
    values[::9] = 1
    values[-1] = 3
    found = alarms(official(values), alpha=0.05).filter(pl.col("day") == START + timedelta(weeks=199)).row(0, named=True)
    assert not found["alarm"]
    assert "too few cases in the last four weeks" in found["why"]


def test_a_past_outbreak_is_weighed_down_and_said() -> None:
    values = counts(300)
    values[130:134] = 150
    values[-1] = 80
    why = alarms(official(values)).filter(pl.col("day") == START + timedelta(weeks=299))["why"][0]
    assert "high weeks among them counted less" in why


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_a_day_is_answered_the_same_from_its_look_back_alone(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for place in ("US", "NY", "NJ"):
        values = rng.poisson(rng.choice([0.3, 5, 40]), int(rng.integers(160, 380))).astype(float)
        values[rng.random(len(values)) < rng.choice([0, 0.3, 0.9])] = np.nan
        parts.append(official(values, place, START + timedelta(weeks=int(rng.integers(0, 80)))))
    rows = pl.concat(parts)
    if rows.is_empty():
        return
    assert_answered_from_the_look_back(rows, data)


def test_false_discoveries_among_many_quiet_series_are_held() -> None:
    parts = [simulate(scenario, 25, 5)[0][:, 260:] for scenario in SCENARIOS]
    rows = np.vstack(parts)
    frame = pl.DataFrame({
        "place": np.repeat([f"P{n}" for n in range(len(rows))], rows.shape[1]),
        "day": np.tile(np.datetime64(START) + 7 * np.arange(rows.shape[1]), len(rows)),
        "value": rows.ravel(),
    }).with_columns(pl.col("day").cast(pl.Date))  # fmt: skip
    last = frame["day"].unique().sort().tail(26)
    asked = yearly_answers(frame, ["place"], last, 0.001)
    series = asked.answered.group_by("day").agg(strands=pl.len())
    found = hierarchical_q(asked.rows.join(series, on="day").with_columns(strand=pl.col("place"), tests=1))
    alarmed = found.filter(pl.col("above") & (pl.col("q") <= 0.05))
    # 1,050 series on 26 days: without control some 30 would be above their bound at 0.001
    assert alarmed.height <= 8
    assert LOOKBACK_DAYS % 7 == 0


def issued_again(values: np.ndarray, shares: tuple[float, ...], place: str, start: date) -> pl.DataFrame:
    """Each week issued several times, growing to its value."""
    rows = official(values, place, start)
    growing = [
        rows.with_columns(
            value=(pl.col("value") * share).round(),
            known_at=pl.col("day").cast(pl.Datetime("us", "UTC")) + pl.duration(days=7 * delay + 6),
        )
        for delay, share in enumerate(shares)
    ]
    last = start + timedelta(weeks=len(values))
    return pl.concat(growing).filter(pl.col("known_at").dt.date() < last)


def test_an_incomplete_week_is_nowcast_and_tested_and_says_so() -> None:
    values = counts(300) * 10
    values[-1] = 700
    rows = issued_again(values, (0.3, 0.7, 1.0), "US", START)
    row = alarms(rows).filter(pl.col("day") == START + timedelta(weeks=299)).row(0, named=True)
    assert (row["observed"], row["alarm"]) == (210, True)  # as issued it would lie below the bound
    assert row["observed"] < row["bound"] < row["nowcast_low"] < row["nowcast"] < row["nowcast_high"]
    assert row["nowcast"] == pytest.approx(700, rel=0.1)
    assert row["completeness"] == pytest.approx(0.3, rel=0.1)
    assert row["why"].startswith("210 so far, by nowcast ")
    assert row["why"].endswith("It rests on a nowcast: about 30 % of the count is known by then.")
    final = alarms(issued_again(values, (1.0,), "US", START)).filter(pl.col("day") == START + timedelta(weeks=299)).row(0, named=True)
    assert final["nowcast"] is None
    assert final["p"] < row["p"]  # what is not known yet makes an alarm less sure


def test_too_few_vintages_leave_the_count_as_issued_and_say_so() -> None:
    whole = official(counts(200) * 10)
    grown = issued_again(counts(200) * 10, (0.3, 1.0), "US", START).filter(pl.col("day") >= START + timedelta(weeks=197))
    rows = pl.concat([whole.filter(pl.col("day") < START + timedelta(weeks=197)), grown])
    row = (
        alarms(rows.with_columns(known_at=pl.col("known_at").clip(upper_bound=datetime(2022, 11, 20, tzinfo=UTC))))
        .sort("day")
        .tail(1)
        .row(0, named=True)
    )
    assert row["nowcast"] is None
    assert "earlier weeks show how it grows, 6 are needed, so it was taken as issued." in row["why"]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_a_nowcast_day_is_answered_the_same_from_its_look_back_alone(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for place in ("US", "NY"):
        values = rng.poisson(rng.choice([1, 30]), int(rng.integers(30, 200))).astype(float)
        values[rng.random(len(values)) < rng.choice([0, 0.3])] = np.nan
        parts.append(issued_again(values, (0.5, 0.9, 0.8, 1.0), place, START + timedelta(weeks=int(rng.integers(0, 30)))))
    rows = pl.concat(parts)
    rows = rows.filter(pl.Series(rng.random(rows.height) < 0.8))
    whole = alarms(rows)
    for day in data.draw(st.lists(st.sampled_from(sorted(set(rows["day"]))[-40:]), min_size=1, max_size=3)):
        part = rows.filter(pl.col("day").is_between(day - timedelta(days=series_alarms.lookback), day))
        mine = whole.filter(pl.col("day") == day)
        assert_frame_equal(alarms(part).filter(pl.col("day") == day), mine, rel_tol=1e-9)
        assert_frame_equal(alarms(part, pl.DataFrame({"day": [day]})).filter(pl.col("day") == day), mine, rel_tol=1e-9)
