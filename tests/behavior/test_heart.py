"""Resting rates and mean rate: the derivations reproduce NightSignal's published states from minute data, and hold their definitions."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from heedful.behavior.daily import daily_features
from heedful.behavior.nightsignal import nightsignal
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Observations
from heedful.core.seals import seal

MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", ["fitbit_planted", "fitbit_real"])
def test_from_minutes_to_the_published_states(shared_reference: Path, name: str) -> None:
    case = shared_reference / "behavior" / f"illness_nightsignal_{name}"
    minutes = pl.read_csv(case / "heart_rate.csv.gz")
    at = pl.col("Datetime").str.to_datetime(time_unit="us", time_zone="UTC")
    both = pl.concat([
        minutes.select(at=at, value=pl.col("HR").cast(pl.Float64), code=pl.lit("heart_rate")),
        minutes.select(at=at, value=pl.col("Steps").cast(pl.Float64), code=pl.lit("steps")),
    ])  # fmt: skip
    rows = both.select(
        "code", "value", person=pl.lit("P"), day=pl.col("at").dt.date(), start_at="at", end_at=pl.col("at") + pl.duration(minutes=1),
        offset_minutes=pl.lit(0, pl.Int16), unit=pl.lit(""), device=pl.lit("Fitbit"), how=pl.lit("measured"), row=pl.lit(0, pl.Int32),
        known_at="at",
    )  # fmt: skip
    features = daily_features(seal(rows.unique(["code", "start_at"], keep="first", maintain_order=True), Consented[Care], Observations))
    changes = nightsignal(
        features.derive(features.schema, features.data.filter(pl.col("feature") == "resting_heart_rate[nightsignal]")),
        features.derive(Annotations, Annotations.empty()),
    ).data
    outputs = json.loads((case / "expected.json").read_text())["outputs"]
    states = dict(zip(outputs["night"], outputs["state"], strict=True))
    assert changes.height > 30
    assert {str(day): states[str(day)] for day in changes["day"]} == {str(d): s for d, s in changes.select("day", "level").rows()}


def test_steps_and_day_are_left_out_of_the_night(rows: SimpleNamespace) -> None:
    made = [rows.observed("heart_rate", MONDAY + dt.timedelta(minutes=n), 0, 60.9) for n in range(20)]
    made += [rows.observed("heart_rate", MONDAY + dt.timedelta(hours=2, minutes=n), 0, 120.0) for n in range(20)]
    made += [
        rows.observed("steps", MONDAY + dt.timedelta(hours=2), 10, 500.0),
        rows.observed("steps", MONDAY + dt.timedelta(hours=2.2), 10, 300.0),
    ]
    made += [rows.observed("heart_rate", MONDAY + dt.timedelta(hours=7), 0, 150.0)]
    out = rows.derive(daily_features, made)
    quiet = 20 + 2  # minutes 10 and 11 of the walk lie between its two rows
    assert rows.value_of(out, "resting_heart_rate[nightsignal]") == (float((20 * 60 + 2 * 120) // quiet), "")
    assert out.filter(pl.col("feature").str.contains("nightsignal"))["coverage"].item() == pytest.approx(quiet / 420)


def test_a_workout_weighs_no_more_than_its_minutes(rows: SimpleNamespace) -> None:
    made = [rows.observed("heart_rate", MONDAY + dt.timedelta(minutes=n), 0, 60.0) for n in range(10)]
    made += [rows.observed("heart_rate", MONDAY + dt.timedelta(hours=9, seconds=n), 0, 160.0) for n in range(120)]
    assert rows.value_of(rows.derive(daily_features, made), "heart_rate_mean") == (pytest.approx((10 * 60 + 2 * 160) / 12), "")
    assert rows.value_of(rows.derive(daily_features, made[:9]), "heart_rate_mean") == (None, "too_short")
    wild = [rows.observed("heart_rate", MONDAY, 0, 600.0)]
    assert rows.value_of(rows.derive(daily_features, wild), "heart_rate_mean") == (None, "implausible")


def test_vendor_value_is_the_last_of_the_most_trusted(rows: SimpleNamespace) -> None:
    made = [
        rows.observed("resting_heart_rate", MONDAY, 600, 61.0),
        rows.observed("resting_heart_rate", MONDAY, 900, 59.0, row=1),
        rows.observed("resting_heart_rate", MONDAY, 1000, 70.0, device="some app"),
        rows.observed("resting_heart_rate", MONDAY, 1100, 900.0),
    ]
    out = rows.derive(daily_features, made)
    assert rows.value_of(out, "resting_heart_rate[vendor]") == (59.0, "")
    assert out.height == 1
    assert rows.value_of(rows.derive(daily_features, made[3:]), "resting_heart_rate[vendor]") == (None, "implausible")


def test_night_is_local(rows: SimpleNamespace) -> None:
    made = [
        rows.observed("heart_rate", MONDAY + dt.timedelta(hours=7, minutes=n), 0, 55.0, offset=-300) for n in range(30)
    ]  # 2 o'clock there
    assert rows.value_of(rows.derive(daily_features, made), "resting_heart_rate[nightsignal]") == (55.0, "")
