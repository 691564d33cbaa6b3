"""Social jet lag: two hours later on weekends, worked by hand."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from heedful.behavior.main_sleeps import main_sleeps
from heedful.behavior.social_jet_lag import social_jet_lag
from heedful.core.labels import Care, Consented
from heedful.core.schemas import LiveHours, Observations
from heedful.core.seals import seal

ALL_DAY = 2**24 - 1


def lag(rows: SimpleNamespace, made: list[dict[str, Any]], hours: pl.DataFrame | None = None) -> pl.DataFrame:
    alive = LiveHours.empty() if hours is None else hours
    return social_jet_lag(
        main_sleeps(seal(rows.table(made), Consented[Care], Observations), seal(alive, Consented[Care], LiveHours))
    ).data.sort("day")  # fmt: skip


def fortnight(rows: SimpleNamespace) -> list[dict[str, Any]]:
    """Nights of seven hours that end on Monday 2 March, Tuesday …; those that end on Saturday and Sunday begin two hours later."""
    days = [rows.monday + dt.timedelta(days=n) for n in range(14)]
    return [rows.observed("sleep_stage", day + dt.timedelta(hours=2 if day.weekday() >= 5 else 0), 420, "asleep") for day in days]


def test_two_hours_later_on_free_days(rows: SimpleNamespace) -> None:
    out = lag(rows, fortnight(rows))
    assert out["missing"].to_list()[:6] == ["too_short"] * 6
    assert out["value"].to_list()[6:] == pytest.approx([120.0] * 8)
    assert out["coverage"].to_list()[-1] == pytest.approx(14 / 28)


def test_a_night_cut_short_by_a_watch_that_was_off_is_left_out(rows: SimpleNamespace) -> None:
    """The tenth night, a Wednesday's, holds its first hour only: the midpoint lies three hours early if it counts."""
    made = fortnight(rows)
    made[9] = rows.observed("sleep_stage", rows.monday + dt.timedelta(days=9), 60, "asleep")
    days = [rows.monday.date() + dt.timedelta(days=n) for n in range(14)]
    worn = pl.DataFrame({"person": "a", "day": days, "alive": [ALL_DAY] * 14}, schema=LiveHours.dtypes())
    off = worn.with_columns(alive=pl.when(pl.col("day") == days[9]).then(ALL_DAY - 0b11111110).otherwise("alive").cast(pl.Int32))
    out = lag(rows, made, off)
    assert days[9] not in out["day"].to_list()
    assert out["value"][-1] == pytest.approx(120)
    assert out["coverage"][-1] == pytest.approx(13 / 28)
    assert lag(rows, made, worn)["value"][-1] == pytest.approx(120 + 180 / 10), "one of ten working nights, three hours early"
