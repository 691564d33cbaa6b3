"""The index of seven nights: by hand, minute by minute, key by key."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.main_sleeps import main_sleeps
from heedful.behavior.sleep_regularity import INDEX, regularity, sleep_regularity
from heedful.core.labels import Care, Consented
from heedful.core.schemas import LiveHours, MainSleeps, Observations
from heedful.core.seals import seal


def night(rows: SimpleNamespace, day: int, onset: int, minutes: int = 480, person: str = "a") -> dict[str, Any]:
    """A sleep that begins `onset` minutes after midnight of the day-th day from Monday on."""
    start = rows.monday + dt.timedelta(days=day, minutes=onset)
    made: dict[str, Any] = rows.observed("sleep_stage", start, minutes, "light", person=person)
    return made


def index(rows: SimpleNamespace, made: list[dict[str, Any]] | pl.DataFrame, hours: pl.DataFrame | None = None) -> pl.DataFrame:
    """The feature of these observations and hours with a sign of life."""
    table = made if isinstance(made, pl.DataFrame) else rows.table(made)
    alive = LiveHours.empty() if hours is None else hours
    sleeps = main_sleeps(seal(table, Consented[Care], Observations), seal(alive, Consented[Care], LiveHours))
    return sleep_regularity(seal(sleeps.data, Consented[Care], MainSleeps)).data


def test_the_same_night_every_night_is_100(rows: SimpleNamespace) -> None:
    out = index(rows, [night(rows, day, -30) for day in range(8)])
    assert out.get_column("value").to_list()[4:] == [100.0] * 4
    assert out.get_column("missing").to_list() == ["too_short"] * 4 + [""] * 4
    assert out.get_column("coverage").to_list() == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1, 1])


def test_a_night_an_hour_later_costs_two_hours_in_two_pairs(rows: SimpleNamespace) -> None:
    out = index(rows, [night(rows, day, 60 if day == 3 else 0) for day in range(7)])
    assert out.get_column("value")[6] == pytest.approx(200 * (4 + 2 * (1 - 120 / 1440)) / 6 - 100)


def test_a_missing_night_breaks_two_pairs(rows: SimpleNamespace) -> None:
    out = index(rows, [night(rows, day, 0) for day in range(8) if day != 5])
    last = out.row(-1, named=True)
    assert last["coverage"] == pytest.approx(4 / 6)
    assert last["value"] == 100
    assert out.height == 7, "no row for a day on which no night ends"


def test_a_night_cut_short_by_a_watch_that_was_off_is_left_out_like_one_without_rows(rows: SimpleNamespace) -> None:
    """The watch goes into the drawer an hour into the sixth night; worn through, an hour of sleep is a bad night and counts."""
    made = [night(rows, day, 0, 60 if day == 5 else 480) for day in range(8)]
    days = [rows.monday.date() + dt.timedelta(days=day) for day in range(8)]
    worn = pl.DataFrame({"person": "a", "day": days, "alive": [2**24 - 1] * 8}, schema=LiveHours.dtypes())
    off = worn.with_columns(alive=pl.when(pl.col("day") == days[5]).then(2**24 - 1 - 0b11111110).otherwise("alive").cast(pl.Int32))
    assert index(rows, made, off).equals(index(rows, [row for day, row in enumerate(made) if day != 5], worn))
    left_out = index(rows, made, off).row(-1, named=True)
    assert (left_out["value"], left_out["coverage"]) == (100, pytest.approx(4 / 6))
    counted = index(rows, made, worn)
    assert counted.height == 8
    assert counted["value"][-1] == pytest.approx(200 * (4 + 2 * (1 - 420 / 1440)) / 6 - 100)


@given(onsets=st.lists(st.integers(-300, 500), min_size=2, max_size=7), lengths=st.lists(st.integers(30, 700), min_size=7, max_size=7))
@settings(max_examples=50, deadline=None)
def test_it_is_the_index_of_the_minutes(onsets: list[int], lengths: list[int]) -> None:
    n = len(onsets)
    asleep = np.zeros((n, 3 * 1440), bool)  # from the midnight before each night's day on
    for k in range(n):
        asleep[k, 1440 + onsets[k] : 1440 + onsets[k] + lengths[k]] = True
    same = [max(1 - (asleep[k] ^ asleep[k + 1]).sum() / 1440, 0) for k in range(n - 1)]
    onset = np.array(onsets, float)
    found, pairs = regularity(np.zeros(n, int), np.arange(n), onset, onset + np.array(lengths[:n]))
    assert pairs[-1] == n - 1
    assert found[-1] == pytest.approx(200 * np.mean(same) - 100)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_key_is_answered_the_same_whatever_comes_with_it(rows: SimpleNamespace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = [
        night(rows, day, int(rng.integers(-300, 400)), int(rng.integers(60, 600)), person)
        for person in "abc" for day in range(14) if rng.random() < 0.8
    ]  # fmt: skip
    table = rows.table(made)
    whole = index(rows, table)
    for key in whole.sample(3, seed=seed % 1000).iter_rows(named=True):
        first = key["day"] - dt.timedelta(days=sleep_regularity.lookback + main_sleeps.lookback)
        mine = table.filter((pl.col("person") == key["person"]) & pl.col("day").is_between(first, key["day"]))
        alone = index(rows, mine).filter(pl.col("day") == key["day"])
        assert alone.row(0, named=True) == key


def test_nothing_in_nothing_out(rows: SimpleNamespace) -> None:
    assert index(rows, []).height == 0
    assert index(rows, [rows.observed("sleep_stage", rows.monday, 60, "in_bed")]).height == 0
    assert INDEX.startswith("sleep_regularity_index")
