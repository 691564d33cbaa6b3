"""Against the records themselves, read by json and csv alone."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options
from heedful.sources.cut_json import BrokenOffError

SOURCE = "wearables.oura"
KNOWN_AT = datetime(2026, 11, 1, tzinfo=UTC)


def observed(path: Path, zone: str = "UTC") -> pl.DataFrame:
    batches = SOURCES.get(SOURCE).read(path, Options("ring", "p1", zone), KNOWN_AT)
    return pl.concat([unseal(frame) for batch in batches for frame in batch.rows if frame.schema.table == "observations"])


@pytest.mark.real
def test_the_nights_of_the_export(shared_data: Path) -> None:
    path = shared_data / "interop/oura/oura_sleep.csv"
    nights = [row for row in csv.DictReader(path.open()) if row["type"] not in ("rest", "deleted")]
    rows = observed(path)
    assert SOURCES.get(SOURCE).recognise(path, path.read_bytes()[:65_536]) == 0.9
    asleep = rows.filter(pl.col("code") == "sleep_minutes")
    assert asleep["value"].sum() == pytest.approx(sum(float(night["total_sleep_duration"] or 0) for night in nights) / 60)
    stages = rows.filter(pl.col("code") == "sleep_stage").with_columns(
        minutes=(pl.col("end_at") - pl.col("start_at")).dt.total_seconds() / 60
    )
    for mark, stage in {"1": "deep", "2": "light", "3": "rem", "4": "awake"}.items():
        expected = sum((night["sleep_phase_30_sec"] or "").count(mark) for night in nights) / 2
        expected += sum(5 * night["sleep_phase_5_min"].count(mark) for night in nights if not night["sleep_phase_30_sec"])
        assert stages.filter(pl.col("value_code") == stage)["minutes"].sum() == pytest.approx(expected)
    pulses = [one for night in nights if night["heart_rate"] for one in ast.literal_eval(night["heart_rate"])["items"] if one is not None]
    assert rows.filter(pl.col("code") == "heart_rate")["value"].sum() == sum(pulses)
    assert set(rows["offset_minutes"]) == {-480}


@pytest.mark.real
def test_the_answers_of_the_api(shared_data: Path) -> None:
    folder = shared_data / "interop/oura"
    assert SOURCES.get(SOURCE).recognise(folder, b"") == 0.85
    pulses = json.loads((folder / "heartrate.json").read_bytes())["data"]
    rows = observed(folder / "heartrate.json")
    assert [(int(at.timestamp()), value) for at, value in rows.select("start_at", "value").rows()] == [
        (int(datetime.fromisoformat(one["timestamp"]).timestamp()), one["bpm"]) for one in pulses
    ]
    day = json.loads((folder / "daily_activity.json").read_bytes())["data"][0]
    steps = observed(folder / "daily_activity.json").filter(pl.col("code") == "steps").sort("start_at")
    assert steps["value"][0] == day["steps"]
    assert steps["end_at"][0] - steps["start_at"][0] == timedelta(days=1)
    oxygen = observed(folder / "daily_spo2.json", "America/Los_Angeles").sort("start_at")
    assert [str(day) for day in oxygen["day"]] == ["2026-08-10", "2026-08-11"]
    workouts = observed(folder / "workout.json").sort("start_at")
    assert workouts.select("value", "value_code", "how").row(0) == (69.0, "cycling", "measured")


def test_a_run_of_a_phase_is_one_stretch_and_a_rest_no_night(tmp_path: Path, read: Callable[..., Any]) -> None:
    night = {"bedtime_start": "2024-03-10T22:00:00+01:00", "bedtime_end": "2024-03-11T06:00:00+01:00", "total_sleep_duration": 600,
             "sleep_phase_5_min": "4422214x"}  # fmt: skip
    path = tmp_path / "sleep.json"
    path.write_text(json.dumps({"data": [night, night | {"type": "rest"}]}))
    found = read(SOURCE, path)
    stages = found["observations"].filter(pl.col("code") == "sleep_stage")
    assert stages["value_code"].to_list() == ["awake", "light", "deep", "awake"]
    assert [end - start for start, end in stages.select("start_at", "end_at").rows()] == [timedelta(minutes=5 * n) for n in (2, 3, 1, 1)]
    assert "phase 'x' is not known" in found["quarantine"]["reason"][0]
    assert found.skipped.total() == 1


@pytest.mark.real
def test_tags_are_answers_and_their_comments_are_not_kept(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "enhanced_tag.json"
    path.write_text((shared_data / "interop/oura/enhanced_tag.json").read_text().replace("2026", "2025"))
    found = read(SOURCE, path, zone="Europe/Berlin", subject="p")
    answers = found["answers"]
    assert answers.select("person", "instrument", "item", pl.col("day").cast(pl.String), "value").rows() == [
        ("p", "oura_tags", "illness", "2025-08-10", 1.0), ("p", "oura_tags", "alcohol", "2025-08-11", 1.0),
    ]  # fmt: skip
    assert [at.isoformat() for at in answers["asked_at"]] == ["2025-08-10T06:00:00+00:00", "2025-08-11T17:30:00+00:00"]
    assert not any("wine" in str(cell) for row in answers.rows() for cell in row)


def test_a_tag_of_ones_own_name_and_one_that_cannot_be_read(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "tags.json"
    path.write_text(
        '{"data": [{"tag_type_code": "custom", "custom_name": "dinner with Jane", "start_day": "2025-08-10"},'
        ' {"tag_type_code": "tag_generic_travel", "start_time": "2025-08-11T08:00:00+02:00"}, {"tag_type_code": "tag_sleep_nap",'
        ' "custom_name": "Jane", "comment": "too much wine"}]}'
    )
    found = read(SOURCE, path)
    assert found["answers"]["item"].to_list() == ["custom", "travel"]
    assert found["quarantine"]["line"].to_list() == [3]
    assert "tag_sleep_nap" in found["quarantine"]["content"][0]
    assert "Jane" not in found["quarantine"]["content"][0]
    assert "wine" not in found["quarantine"]["content"][0]


def test_whole_tags_of_a_file_that_breaks_off_are_read_and_it_is_said_each_time(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    path.write_text('{"data": [{"tag_type_code": "tag_generic_travel", "start_day": "2025-08-10"}, {"tag_type_code": "tag_gen')
    reading = SOURCES.get(SOURCE).read(path, Options("ring", "p"), KNOWN_AT)
    batch = next(reading)
    assert [item for frame in batch.rows for item in unseal(frame)["item"]] == ["travel"]
    for rest in (reading, SOURCES.get(SOURCE).read(path, Options("ring", "p"), KNOWN_AT, batch.cursor)):
        with pytest.raises(BrokenOffError, match="one whole record"):
            next(rest)


def test_a_tag_alone_and_tags_behind_many_other_records(tmp_path: Path, read: Callable[..., Any]) -> None:
    tag = {"tag_type_code": "tag_generic_alcohol", "start_day": "2025-08-10"}
    path = tmp_path / "tags.json"
    path.write_text(json.dumps({"data": tag}))
    assert read(SOURCE, path)["answers"]["item"].to_list() == ["alcohol"]
    pulses = [{"bpm": 60, "source": "awake", "timestamp": f"2025-08-10T{n // 60:02}:{n % 60:02}:00+00:00"} for n in range(1_000)]
    path.write_text(json.dumps({"data": [*pulses, tag]}))
    assert path.stat().st_size > 65_536
    found = read(SOURCE, path)
    assert (found["observations"].height, found["answers"]["item"].to_list()) == (1_000, ["alcohol"])
