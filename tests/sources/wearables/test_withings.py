"""Against the answers themselves, read by json alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES
from heedful.sources.wearables.withings import ANOTHERS, GOAL, NO_CODE

SOURCE = "wearables.withings"


def answer(path: Path) -> Any:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


@pytest.mark.real
def test_every_measure_is_accounted_for(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/withings/measurement_list.json.gz"
    groups = answer(path)
    found = read(SOURCE, path)
    rows = found["observations"]
    assert found.records == sum(len(group["measures"]) for group in groups)
    assert found.records == rows.height + found["quarantine"].height + found.skipped.total()
    weights = {
        (group["date"], round(one["value"] * 10 ** one["unit"], 6))
        for group in groups if group["attrib"] != 1
        for one in group["measures"] if one["type"] == 1
    }  # fmt: skip
    ours = rows.filter(pl.col("code") == "body_weight")
    assert {(int(at.timestamp()), round(value, 6)) for at, value in ours.select("start_at", "value").rows()} == weights
    manual = sum(one["type"] == 1 for group in groups if group["attrib"] in (2, 4) for one in group["measures"])
    assert ours.filter(pl.col("how") == "self_reported").height == manual > 0
    assert found.skipped[ANOTHERS] == 3


@pytest.mark.real
def test_nights_and_their_stages(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/withings"
    stretches = answer(folder / "sleep.json.gz")["body"]["series"]
    rows = read(SOURCE, folder / "sleep.json.gz")["observations"]
    stages = rows.filter(pl.col("code") == "sleep_stage")
    assert stages.height == len({(one["startdate"], one["enddate"], one["state"]) for one in stretches})
    pulses = {(int(at), value) for one in stretches for at, value in one.get("hr", {}).items()}
    assert rows.filter(pl.col("code") == "heart_rate").height == len(pulses)
    nights = answer(folder / "sleep_summary.json.gz")["body"]["series"]
    asleep = read(SOURCE, folder / "sleep_summary.json.gz")["observations"].filter(pl.col("code") == "sleep_minutes")
    assert asleep["value"].sum() == pytest.approx(
        sum(night["data"]["total_sleep_time"] for night in nights if "total_sleep_time" in night["data"]) / 60
    )
    assert set(asleep["offset_minutes"]) <= {60, 120}  # Europe/Paris, as each night says


@pytest.mark.real
def test_a_day_of_activity_is_a_local_day(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/withings/activity.json"
    days = answer(path)["body"]["activities"]
    steps = read(SOURCE, path, zone="America/New_York")["observations"].filter(pl.col("code") == "steps").sort("start_at")
    assert dict(steps.select(pl.col("day").cast(pl.String), "value").rows()) == {one["date"]: one["steps"] for one in days}
    assert steps["start_at"][0].astimezone(UTC).hour == 22  # midnight in Amsterdam, whatever zone was declared


@pytest.mark.real
def test_the_folder_is_recognised(shared_data: Path) -> None:
    assert SOURCES.get(SOURCE).recognise(shared_data / "interop/withings", b"") == 0.85


def test_goals_and_other_people_s_measures_stay_out(tmp_path: Path, read: Callable[..., Any]) -> None:
    measure = [{"value": 705, "type": 1, "unit": -1}, {"value": 1, "type": 5, "unit": 2}]
    groups = [{"date": 1_700_000_000 + n, "measures": measure} | more for n, more in enumerate(({}, {"category": 2}, {"attrib": 1}))]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"status": 0, "body": {"measuregrps": groups}}))
    found = read(SOURCE, path)
    assert found["observations"].select("value", "start_at").rows() == [(70.5, datetime.fromtimestamp(1_700_000_000, UTC))]
    assert found.skipped == {GOAL: 2, ANOTHERS: 2, NO_CODE: 1}


def test_a_refusal_is_said(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"status": 401, "body": {}, "error": "invalid token"}')
    with pytest.raises(SourceError, match=r"refusal \(status 401\)"):
        read(SOURCE, path)
