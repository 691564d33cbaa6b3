"""The day's glucose: what iglu says of the same readings, which device counts, and what is too little."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.glucose import range_and_risk as risk
from heedful.behavior.glucose.daily import daily_glucose
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

FEATURES = ("glucose_above[180]", "glucose_below[70]", "glucose_in_range[70-180]", "glucose_management_indicator", "glucose_mean",
            "glucose_variation")  # fmt: skip


def readings(rows: SimpleNamespace, values: np.ndarray, step: int = 15, **more: Any) -> list[dict[str, Any]]:
    return [
        rows.observed("glucose", rows.monday + dt.timedelta(minutes=step * n), 0, float(value), **({"device": "sensor"} | more))
        for n, value in enumerate(values)
    ]


def test_features_are_the_indices_of_the_readings(rows: SimpleNamespace) -> None:
    values = 120 + 70 * np.sin(np.arange(96) / 7)
    out = rows.derive(daily_glucose, readings(rows, values))
    assert out["feature"].to_list() == list(FEATURES)
    found = dict(out.select("feature", "value").iter_rows())
    assert found == {
        "glucose_mean": pytest.approx(values.mean()), "glucose_in_range[70-180]": pytest.approx(risk.percent_in(values, 70, 180)),
        "glucose_below[70]": pytest.approx(risk.percent_below(values, 70)), "glucose_above[180]": pytest.approx(risk.percent_above(values, 180)),
        "glucose_variation": pytest.approx(risk.variation(values)),
        "glucose_management_indicator": pytest.approx(risk.management_indicator(values)),
    }  # fmt: skip
    assert out["coverage"].unique().to_list() == [1.0]


def test_too_little_is_missing_with_its_coverage(rows: SimpleNamespace) -> None:
    out = rows.derive(daily_glucose, readings(rows, np.full(66, 100.0)))
    assert out.select("value", "missing", "coverage").unique().rows() == [(None, "too_short", 66 / 96)]
    assert rows.value_of(rows.derive(daily_glucose, readings(rows, np.full(67, 100.0))), "glucose_mean") == (100.0, "")


def test_readings_that_cannot_be_are_left_out(rows: SimpleNamespace) -> None:
    made = readings(rows, np.full(90, 100.0)) + readings(rows, np.full(3, 5_000.0), device="broken")
    assert rows.value_of(rows.derive(daily_glucose, made), "glucose_mean") == (100.0, "")
    alone = rows.derive(daily_glucose, readings(rows, np.full(96, 2.0)))
    assert alone["missing"].unique().to_list() == ["implausible"]
    assert alone["coverage"].unique().to_list() == [0.0]


def test_devices_are_not_mixed(rows: SimpleNamespace) -> None:
    sensor, sticks = readings(rows, np.full(90, 110.0)), readings(rows, np.full(4, 300.0), 240, device="meter")
    told = readings(rows, np.full(96, 200.0), device="app", how="self_reported")
    for made in (sensor + sticks + told, told + sticks + sensor):
        assert rows.value_of(rows.derive(daily_glucose, made), "glucose_mean") == (110.0, "")


def test_the_local_day_counts_and_people_are_apart(rows: SimpleNamespace) -> None:
    made = readings(rows, np.full(96, 100.0), offset=-300) + readings(rows, np.full(96, 150.0), person="b")
    out = rows.derive(daily_glucose, made).filter(pl.col("feature") == "glucose_mean")
    assert out.select("person", "value", "missing").rows() == [("a", None, "too_short"), ("a", 100.0, ""), ("b", 150.0, "")]
    assert out["coverage"].to_list() == [pytest.approx(20 / 96), pytest.approx(76 / 96), 1.0]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_day_is_the_same_whatever_comes_with_it(seed: int) -> None:
    """The law asks it of every derivation; the law's own random days are too thin to have a value."""
    random = np.random.default_rng(seed)
    made = [
        {
            "person": person, "code": "glucose", "day": start.date(), "start_at": start, "end_at": start, "offset_minutes": 0,
            "value": float(random.choice([30, 65, 70, 120, 180, 200, 5_000])), "value_code": None, "unit": "mg/dL", "device": device,
            "how": "measured", "row": 0, "known_at": start,
        }
        for person in "ab" for day in range(2) for device in ("sensor", "watch") for quarter in range(96) if random.random() < 0.95
        for start in [dt.datetime(2026, 3, 2 + day, quarter // 4, 15 * (quarter % 4), tzinfo=dt.UTC)]
    ]  # fmt: skip
    table = Observations.check(pl.DataFrame(made, schema={k: v for k, v in Observations.dtypes().items() if k != "extra"}))

    def derived(rows: pl.DataFrame) -> pl.DataFrame:
        return daily_glucose(seal(rows, Consented[Care], Observations)).data.sort("person", "day", "feature")

    whole = derived(table.sample(fraction=1, shuffle=True, seed=seed % 1000))
    alone = [derived(part) for part in table.partition_by("person", "day")]
    assert_frame_equal(whole, pl.concat(alone).sort("person", "day", "feature"), rel_tol=1e-12)
    assert whole["value"].is_not_null().any()


def test_a_day_equals_what_iglu_python_says_of_it() -> None:
    """Numbers of iglu_python 0.4.3 (mean_glu, in_range_percent [70, 180], below_percent, above_percent, cv_glu, gmi) for these readings."""
    rng = np.random.default_rng(4)
    values = []
    for k in range(288):
        value = float(np.round(140 + 60 * np.sin(k / 40) + rng.normal(0, 15)))
        values.append(180.0 if k % 23 == 0 else 70.0 if k % 17 == 0 else value)
    start = [dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=5 * k) for k in range(288)]
    rows = pl.DataFrame({
        "person": "p", "code": "glucose", "day": dt.date(2026, 3, 1), "start_at": start, "end_at": start, "offset_minutes": 0, "value": values,
        "value_code": None, "unit": "mg/dL", "device": "sensor", "how": "measured", "row": 0, "known_at": start, "extra": None,
    }, schema_overrides=Observations.dtypes())  # fmt: skip
    found = dict(daily_glucose(seal(Observations.check(rows), Consented[Care], Observations)).data.select("feature", "value").rows())
    assert found == {
        "glucose_mean": pytest.approx(142.23958333333334), "glucose_in_range[70-180]": pytest.approx(74.65277777777779),
        "glucose_below[70]": pytest.approx(3.125), "glucose_above[180]": pytest.approx(22.22222222222222),
        "glucose_variation": pytest.approx(31.523264005615825), "glucose_management_indicator": pytest.approx(6.712370833333334),
    }  # fmt: skip
