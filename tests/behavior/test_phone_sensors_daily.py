"""Battery and light of a phone: RAPIDS' numbers for a day, what a silent phone says, and light."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from tests.behavior.test_phone_daily import DAY, at, row

from heedful.behavior.phone.battery import run_battery
from heedful.behavior.phone_sensors_daily import daily_phone_sensors
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

STATES = {"charging": 2, "discharging": 3, "not_charging": 4, "full": 5}


def derived(rows: list[dict[str, Any]]) -> dict[str, float | str]:
    table = Observations.check(pl.DataFrame(rows, schema=Observations.dtypes()))
    found = daily_phone_sensors(seal(table, Consented[Care], Observations)).data.filter(pl.col("day") == DAY)
    return {name: missing or value for name, value, missing in found.select("feature", "value", "missing").rows()}


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_battery_is_rapids(seed: int) -> None:
    rng = random.Random(seed)
    minute, level, told = 0.0, 80, []
    while (minute := minute + rng.choice((4, 11, 25, 70))) < 1400:
        state = rng.choice(tuple(STATES)) if rng.random() < 0.3 or not told else told[-1][1]
        level = min(100, max(1, level + rng.randrange(-4, 1) if state in ("discharging", "not_charging") else level + rng.randrange(4)))
        told.append((minute, state, level))
    found = derived([row("phone_battery", at(minute), state, float(level)) for minute, state, level in told])
    raw = pl.DataFrame([
        {"timestamp": int(at(minute).timestamp() * 1000), "device_id": "d", "battery_status": STATES[state], "battery_level": level}
        for minute, state, level in told
    ])  # fmt: skip
    segments = pl.DataFrame(
        {"label": ["daily"], "start_time": ["00:00:00"], "length": ["23H 59M 59S"], "repeats_on": ["every_day"], "repeats_value": [0]}
    )
    peer = run_battery(
        {"timezone": "UTC", "segment_type": "periodic", "episode_threshold_between_rows_minutes": 30},
        {"raw": raw, "time_segments": segments},
    )
    told_by = {name.removeprefix("phone_battery_rapids_"): values[0] for name, values in peer.items() if isinstance(values, list)}
    assert found["battery_charges"] == told_by["countcharge"]
    assert found["battery_discharges"] == told_by["countdischarge"]
    assert found["battery_minutes[charging]"] == pytest.approx(told_by["sumdurationcharge"], rel=1e-3)
    assert found["battery_minutes[discharging]"] == pytest.approx(told_by["sumdurationdischarge"], rel=1e-3)
    assert found["battery_consumption[mean]"] == pytest.approx(60 * told_by["avgconsumptionrate"], rel=1e-3)


def test_a_level_that_never_moved_is_no_discharge() -> None:
    found = derived([row("phone_battery", at(10 * n), "discharging", 50.0) for n in range(9)])
    assert found["battery_discharges"] == 0
    assert found["battery_consumption[mean]"] == "no_data"
    assert found["battery_level[lowest]"] == 50


def test_nothing_passes_midnight_and_an_unknown_state_is_left_out() -> None:
    rows = [row("phone_battery", at(1430), "discharging", 50.0), row("phone_battery", at(1435), "discharging", 49.0)]
    found = derived(
        [*rows, row("phone_battery", at(5, DAY + timedelta(days=1)), "discharging", 40.0), row("phone_battery", at(100), None, 3.0)]
    )
    assert found["battery_minutes[discharging]"] == pytest.approx(10)
    assert found["battery_level[lowest]"] == 49


def test_light_of_a_day() -> None:
    found = derived([row("ambient_light", at(60 * n), None, value) for n, value in enumerate((0.0, 10.0, 500.0, 1e9))])
    assert found == {"ambient_light[mean]": 170, "ambient_light[median]": 10, "ambient_light[max]": 500}
