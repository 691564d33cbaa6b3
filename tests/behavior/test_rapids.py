"""Features over time segments equal RAPIDS: on its half hours (the reference), and on its periodic and event segments.

Numbers beside the reference's are of RAPIDS' own test files for the same records (stz_periodic, stz_event).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS

CASES = {"features.battery": "phone_battery", "features.calls": "phone_calls", "features.heartrate_intraday": "fitbit_heartrate_intraday",
         "features.steps_intraday": "fitbit_steps_intraday"}  # fmt: skip
PERIODIC = pl.DataFrame({
    "label": ["morning", "daily", "threeday", "weekend"], "start_time": ["06:00:00", "00:00:00", "00:00:00", "00:00:00"],
    "length": ["5H 59M 59S", "23H 59M 59S", "71H 59M 59S", "71H 59M 59S"], "repeats_on": ["every_day", "every_day", "every_day", "wday"],
    "repeats_value": [0, 0, 0, 5],
})  # fmt: skip
EVENT = pl.DataFrame({
    "label": ["beforeMarchEvent", "beforeNovemberEvent"], "event_timestamp": [1583625600000, 1604185200000], "length": ["22H", "22H"],
    "shift": ["3H", "3H"], "shift_direction": [-1, -1],
})  # fmt: skip


@pytest.fixture
def run_with(shared_reference: Path) -> Callable[..., list[dict[str, Any]]]:
    """Run a method on its reference record with other segments; one dictionary a segment."""

    def run(name: str, kind: str, segments: pl.DataFrame, **more: Any) -> list[dict[str, Any]]:
        folder = shared_reference / "behavior" / f"features_rapids_{CASES[name]}"
        arguments = json.loads((folder / "call.json").read_text())["arguments"] | {"segment_type": kind} | more
        arguments.pop("segment_minutes")
        method = METHODS.get(name).run
        assert method is not None
        out = method(arguments, {"raw": pl.read_csv(folder / "raw.csv.gz", infer_schema_length=None), "time_segments": segments})
        short = {key.split("_rapids_")[-1]: values for key, values in out.items()}
        return pl.DataFrame(short).rows(named=True)

    return run


def of(rows: list[dict[str, Any]], label: str, start: str) -> dict[str, Any]:
    return next(row for row in rows if row["local_segment_label"] == label and row["local_segment_start_datetime"].startswith(start))


def holds(row: dict[str, Any], **expected: float | None) -> None:
    assert {name: row[name] for name in expected} == {name: pytest.approx(value) for name, value in expected.items()}


@pytest.mark.parametrize("name", CASES.values())
def test_equals_rapids_on_half_hours(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"features_rapids_{name}")


def test_heart_rates_on_days_weekends_and_around_events(run_with: Callable[..., list[dict[str, Any]]]) -> None:
    rows = run_with("features.heartrate_intraday", "periodic", PERIODIC)
    assert len(rows) == 8 + 6 + 10 + 2
    assert [row["local_segment_label"] for row in rows] == sorted(row["local_segment_label"] for row in rows)
    holds(of(rows, "daily", "2020-03-08"), maxhr=171, minhr=59, avghr=89.1428571428571, medianhr=69, modehr=59, stdhr=40.6342571870442,
          entropyhr=1.86664727392762, minutesonoutofrangezone=4, minutesoncardiozone=0, minutesonpeakzone=1)  # fmt: skip
    holds(of(rows, "threeday", "2020-10-29"), avghr=104, modehr=103, stdhr=39.5015822467911, diffminmodehr=51, minutesonfatburnzone=5)
    holds(of(rows, "morning", "2020-03-09"), maxhr=78, stdhr=None, entropyhr=0, diffmaxmodehr=0)
    event = run_with("features.heartrate_intraday", "event", EVENT)
    holds(event[1], avghr=95.25, medianhr=101.5, stdhr=27.8964923550307, entropyhr=2.04190619303657)


def test_steps_on_days_and_around_events(run_with: Callable[..., list[dict[str, Any]]]) -> None:
    rows = run_with("features.steps_intraday", "periodic", PERIODIC)
    assert len(rows) == 8 + 6 + 10 + 2
    holds(of(rows, "daily", "2020-03-07"), sumsteps=527, stdsteps=22.5081514815607, firststeptime=538, laststeptime=1203,
          countepisodesedentarybout=4, stddurationsedentarybout=0.5, sumdurationactivebout=13, avgdurationactivebout=3.25)  # fmt: skip
    holds(of(rows, "threeday", "2020-03-06"), sumsteps=1085, countepisodesedentarybout=10, stddurationsedentarybout=1.88856206322871,
          stddurationactivebout=0.699205898780101)  # fmt: skip
    event = run_with("features.steps_intraday", "event", EVENT)
    holds(event[0], sumsteps=433, firststeptime=968, laststeptime=721, activetosedentarytransitionprobability=0.4, ginicoefficient=0.1,
          max5minutecadence=33.8, max20minutecadence=21.65, peak30minutecadence=None, totalminutes60to79cadence=2,
          sumdurationactivitylessthan5minutes=10)  # fmt: skip


def test_battery_on_days_and_where_segments_overlap(run_with: Callable[..., list[dict[str, Any]]]) -> None:
    rows = run_with("features.battery", "periodic", PERIODIC)
    assert len(rows) == 8 + 4 + 10 + 2
    holds(of(rows, "daily", "2020-03-06"), countdischarge=7, sumdurationdischarge=209.252233333333, avgconsumptionrate=0.162372228128814,
          maxconsumptionrate=0.454125732277743, countcharge=6, sumdurationcharge=233.02095)  # fmt: skip
    holds(of(rows, "morning", "2020-03-09"), countdischarge=0, avgconsumptionrate=0, countcharge=1, sumdurationcharge=41.9993)
    holds(of(rows, "threeday", "2020-10-29"), countdischarge=8, sumdurationdischarge=282.9656, avgconsumptionrate=0.0949082639946863,
          countcharge=7, sumdurationcharge=279.020183333333)  # fmt: skip


def test_calls_counted_where_they_begin(run_with: Callable[..., list[dict[str, Any]]]) -> None:
    rows = run_with("features.calls", "periodic", PERIODIC, features_type="EVENTS")
    assert len(rows) == 8 + 8 + 10 + 2
    holds(of(rows, "daily", "2020-03-06"), missed_count=6, missed_countmostfrequentcontact=4, incoming_stdduration=465.141603289913,
          incoming_entropyduration=2.18820020272087, incoming_modeduration=439, outgoing_timelastcall=1277,
          outgoing_countmostfrequentcontact=3)  # fmt: skip
    holds(of(rows, "threeday", "2020-10-31"), incoming_distinctcontacts=12, outgoing_modeduration=32, outgoing_entropyduration=2.00189640194173,
          missed_countmostfrequentcontact=1)  # fmt: skip
    event = run_with("features.calls", "event", EVENT, features_type="EVENTS")
    holds(event[0], missed_timefirstcall=1167, missed_timelastcall=708, incoming_entropyduration=1.67668030893401,
          outgoing_stdduration=785.268956048393)  # fmt: skip


def test_calls_shared_out_add_up(run_with: Callable[..., list[dict[str, Any]]]) -> None:
    whole = run_with("features.calls", "periodic", PERIODIC.filter(pl.col("label") == "daily"), features_type="EVENTS")
    shared = run_with("features.calls", "periodic", PERIODIC.filter(pl.col("label") == "daily"))
    seconds = [sum(row[f"{kind}_sumduration"] for row in rows for kind in ("incoming", "outgoing")) for rows in (whole, shared)]
    assert seconds[0] == pytest.approx(seconds[1], abs=0.01)


@pytest.mark.parametrize(("name", "wrong"), [
    ("features.battery", {"threshold": 3}), ("features.battery", {"episode_threshold_between_rows_minutes": 0}),
    ("features.calls", {"call_types": ["video"]}), ("features.calls", {"features_type": "WHOLE"}),
    ("features.heartrate_intraday", {"zones": 1}), ("features.steps_intraday", {"reference_hour": 24}),
    ("features.steps_intraday", {"timezone": "Nowhere"}), ("features.calls", {"segment_type": "hourly"}),
])  # fmt: skip
def test_arguments_that_are_not_understood(run_with: Callable[..., list[dict[str, Any]]], name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        run_with(name, wrong.pop("segment_type", "periodic"), PERIODIC, **wrong)
