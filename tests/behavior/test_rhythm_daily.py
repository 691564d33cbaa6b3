"""Hours of a day and the rhythm over seven: a person who walks alike every day, and one of whom little is known."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.behavior.actigraphy.nonparametric import extremes, stability_and_variability
from heedful.behavior.actigraphy.recordings import HOUR, recordings
from heedful.behavior.hours import HOUR_COLUMNS
from heedful.behavior.hours_daily import day_hours
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.core.labels import Care, Consented
from heedful.core.schemas import DayHours
from heedful.core.seals import seal


def _rhythm(hours: pl.DataFrame) -> pl.DataFrame:
    return daily_rhythm(seal(hours, Consented[Care], DayHours)).data


def _hourly(rows: SimpleNamespace, steps: Any, **more: Any) -> list[dict[str, Any]]:
    """Fine rows of ten minutes at the start of each hour from Monday's midnight on."""
    return [rows.observed("steps", rows.monday + dt.timedelta(hours=n), 10, float(value), **more) for n, value in enumerate(steps)]


def test_hours_of_the_most_trusted_device(rows: SimpleNamespace) -> None:
    watch = _hourly(rows, [0.0] * 8 + [100.0] * 8)
    phone = _hourly(rows, [50.0] * 24, device="iPhone")
    late = [
        rows.observed("heart_rate", rows.monday + dt.timedelta(hours=20), 0, 60.0),
        rows.observed("steps", rows.monday, 1440, 9000.0, row=1),
    ]
    held = rows.derive(day_hours, watch + phone + late)
    assert held.select("signal").to_series().to_list() == ["steps"]
    assert held.select(HOUR_COLUMNS).row(0) == (0.0,) * 8 + (100.0,) * 8 + (0.0,) * 8
    assert held["known"].item() == 2**24 - 1
    alone = rows.derive(day_hours, watch + late)
    assert alone["known"].item() == 2**16 - 1 + 2**20


def test_local_hours(rows: SimpleNamespace) -> None:
    held = rows.derive(day_hours, [rows.observed("steps", rows.monday - dt.timedelta(hours=1), 1, 10.0, offset=120)])
    assert held["day"].to_list() == [rows.monday.date()]
    assert held.select(HOUR_COLUMNS).row(0)[:3] == (0.0, 10.0, 0.0)


def test_a_week_equals_the_methods_over_the_same_hours(rows: SimpleNamespace) -> None:
    rng = np.random.default_rng(3)
    steps = rng.poisson(np.tile(np.r_[np.zeros(7), np.full(12, 400.0), np.full(5, 60.0)], 7)).astype(float)
    out = _rhythm(rows.derive(day_hours, _hourly(rows, steps)))
    held = recordings([steps], [np.datetime64("2026-03-02T00:00")], 3600)
    stability, variability = stability_and_variability(held, HOUR)
    found = extremes(held)
    last = {r["feature"]: r["value"] for r in out.filter(pl.col("day") == dt.date(2026, 3, 8)).iter_rows(named=True)}
    assert last["interdaily_stability[steps_7]"] == pytest.approx(stability[0])
    assert last["intradaily_variability[steps_7]"] == pytest.approx(variability[0])
    assert last["l5[steps_7]"] == pytest.approx(found.least[0])
    assert last["m10[steps_7]"] == pytest.approx(found.most[0])
    assert last["relative_amplitude[steps_7]"] == pytest.approx(found.relative_amplitude[0])
    third = out.filter((pl.col("day") == dt.date(2026, 3, 4)) & pl.col("feature").str.ends_with("_7]"))
    assert third["missing"].unique().to_list() == ["too_short"]


def test_the_cosine_of_a_day(rows: SimpleNamespace) -> None:
    wave = 200 + 100 * np.cos(2 * np.pi * (np.arange(24) + 0.5 - 15) / 24)
    out = _rhythm(rows.derive(day_hours, _hourly(rows, wave[:20])))
    values = {r["feature"]: r["value"] for r in out.iter_rows(named=True)}
    assert values["cosinor_mesor[steps]"] == pytest.approx(200, abs=1e-3)
    assert values["cosinor_amplitude[steps]"] == pytest.approx(100, abs=1e-3)
    assert values["cosinor_peak[steps]"] == pytest.approx(15, abs=1e-3)


def test_a_person_stands_alone(rows: SimpleNamespace) -> None:
    one, two = _hourly(rows, range(48)), _hourly(rows, range(50, 90), person="b")
    both = _rhythm(rows.derive(day_hours, one + two))
    assert both.filter(pl.col("person") == "a").equals(_rhythm(rows.derive(day_hours, one)))
    assert both.filter(pl.col("person") == "b").equals(_rhythm(rows.derive(day_hours, two)))
