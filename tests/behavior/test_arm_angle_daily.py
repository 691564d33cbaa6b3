"""The night by the arm's angle: the rows of a day are what the two functions say of its angles, and what cannot be said has its reason."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.behavior.actigraphy.van_hees import sleep_period, sustained_inactivity
from heedful.behavior.arm_angle_daily import arm_angle_sleep
from heedful.core.schemas import Observations

HOUR = 720


def night(seed: int = 0) -> np.ndarray:
    """Noon to noon: awake to 23:00, asleep to 6:30 with a turn about each ten minutes, half an hour of it awake."""
    rng = np.random.default_rng(seed)
    angle = rng.normal(0, 25, 24 * HOUR).clip(-90, 90)
    begin, end = 11 * HOUR, int(18.5 * HOUR)
    turns = np.cumsum(np.where(rng.random(end - begin) < 1 / 120, 40.0, 0.0)) % 150 - 75
    angle[begin:end] = turns + rng.normal(0, 0.05, end - begin)
    angle[15 * HOUR : 15 * HOUR + HOUR // 2] = rng.normal(0, 25, HOUR // 2).clip(-90, 90)
    return angle


def rows_of(start: dt.datetime, angle: np.ndarray, **more: Any) -> pl.DataFrame:
    at = [start + dt.timedelta(seconds=5 * n) for n in range(len(angle))]
    told = {
        "person": "a",
        "code": "arm_angle",
        "value_code": None,
        "unit": "deg",
        "device": "Axivity AX3",
        "how": "measured",
        "row": 0,
    } | more
    table = pl.DataFrame({"start_at": at, "value": angle}).filter(pl.col("value").is_not_nan())
    table = table.with_columns(
        day=pl.col("start_at").dt.date(), end_at=pl.col("start_at") + pl.duration(seconds=5), known_at=pl.col("start_at"),
        offset_minutes=pl.lit(0, pl.Int16), **{name: pl.lit(value, Observations.dtypes()[name]) for name, value in told.items()},
    )  # fmt: skip
    return Observations.check(table.select([name for name in Observations.columns if name in table.columns]))


def test_a_day_is_what_the_functions_say(rows: SimpleNamespace) -> None:
    angle = night()
    noon = rows.monday - dt.timedelta(hours=12)
    out = rows.derive(arm_angle_sleep, rows_of(noon, angle))
    assert out["day"].unique().to_list() == [rows.monday.date()]
    period = sleep_period(angle)
    asleep = np.flatnonzero(sustained_inactivity(angle)[period.begin : period.end] == 1)
    assert (period.end - period.begin) / HOUR == pytest.approx(7.5, abs=0.15)
    assert rows.value_of(out, "sleep_period_minutes[van_hees]") == (pytest.approx((period.end - period.begin) / 12), "")
    assert rows.value_of(out, "sleep_minutes[van_hees]") == (pytest.approx(len(asleep) / 12), "")
    onset, offset = (rows.value_of(out, f"sleep_{name}[van_hees]")[0] for name in ("onset", "offset"))
    assert onset == pytest.approx((period.begin + asleep[0] - 12 * HOUR) / 12)
    assert (onset, offset) == (pytest.approx(-60, abs=10), pytest.approx(390, abs=10))
    assert rows.value_of(out, "waso[van_hees]") == (pytest.approx(offset - onset - len(asleep) / 12), "")
    assert out["coverage"].unique().to_list() == [1.0]


def test_what_cannot_be_said_has_its_reason(rows: SimpleNamespace) -> None:
    noon, angle = rows.monday - dt.timedelta(hours=12), night()
    angle[15 * HOUR :] = np.nan
    assert set(rows.derive(arm_angle_sleep, rows_of(noon, angle))["missing"]) == {"too_short"}  # 15 of 24 hours
    awake = np.random.default_rng(1).normal(0, 25, 24 * HOUR).clip(-90, 90)
    assert set(rows.derive(arm_angle_sleep, rows_of(noon, awake))["missing"]) == {"too_short"}
    table = awake.copy()
    table[10 * HOUR : 20 * HOUR] = -88 + np.random.default_rng(2).normal(0, 0.03, 10 * HOUR)
    assert set(rows.derive(arm_angle_sleep, rows_of(noon, table))["missing"]) == {"not_worn"}


def test_the_device_with_most_epochs_is_asked_and_none_twice(rows: SimpleNamespace) -> None:
    noon, angle = rows.monday - dt.timedelta(hours=12), night()
    one = rows_of(noon, angle)
    other = rows_of(noon, night(3)[: 20 * HOUR], device="GENEActiv")
    alone, both = rows.derive(arm_angle_sleep, one), rows.derive(arm_angle_sleep, pl.concat([other, one]))
    assert both.equals(alone)


@pytest.mark.parametrize("change", [60, -60])
def test_a_night_in_which_the_clock_changes_is_as_long_as_it_was(rows: SimpleNamespace, change: int) -> None:
    """At three hours after midnight of the first offset: an hour skipped (nothing is missing) or told twice (nothing is lost)."""
    noon, angle = rows.monday - dt.timedelta(hours=12), night()
    plain = rows.derive(arm_angle_sleep, rows_of(noon, angle))
    turned = pl.col("start_at") >= rows.monday + dt.timedelta(hours=3)
    local = pl.col("start_at") + pl.duration(minutes=pl.col("offset_minutes").cast(pl.Int64))
    moved = rows_of(noon, angle).with_columns(offset_minutes=pl.when(turned).then(change).otherwise(0).cast(pl.Int16))
    moved = moved.with_columns(day=local.dt.date()).filter(local < rows.monday + dt.timedelta(hours=12))
    out = rows.derive(arm_angle_sleep, Observations.check(moved))
    for name in ("sleep_period_minutes", "sleep_minutes", "sleep_onset", "waso"):
        assert rows.value_of(out, f"{name}[van_hees]") == rows.value_of(plain, f"{name}[van_hees]")
    offset = rows.value_of(plain, "sleep_offset[van_hees]")[0]
    assert rows.value_of(out, "sleep_offset[van_hees]") == (pytest.approx(offset + change), "")
    assert out["coverage"].unique().to_list() == [pytest.approx(1.0 if change > 0 else 24 / 25)]
