"""RAPIDS' Fitbit tables against what stands in them, and its form with answers of the Web API in a column."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.sources.recognise import recognise
from heedful.sources.wearables.rapids import EARLIER, TOTAL

SOURCE = "wearables.rapids"
HEAD = '"timestamp","device_id","label","fitbit_id","fitbit_data_type","fitbit_data"'


@pytest.mark.real
def test_the_tables_of_rapids_own_tests(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/fitbit/web_api_json_in_csv"
    assert {found.source for found in recognise(folder)} == {SOURCE}
    found = read(SOURCE, folder, zone="America/New_York")

    def total(file: str, column: str) -> float:
        with (folder / file).open() as lines:
            return sum(float(row[column]) for row in csv.DictReader(lines))

    sums = dict(found["observations"].group_by("code").agg(pl.col("value").sum()).rows())
    assert sums["steps"] == total("fitbit_steps_intraday_raw.csv", "steps")
    assert sums["heart_rate"] == total("fitbit_heartrate_intraday_raw.csv", "heartrate")
    assert sums["total_energy"] == total("fitbit_calories_intraday_raw.csv", "value")
    assert sums["resting_heart_rate"] == total("fitbit_heartrate_summary_raw.csv", "heartrate_daily_restinghr")
    assert sums["sleep_minutes"] == total("fitbit_sleep_summary_raw.csv", "minutes_asleep")
    stages = found["observations"].filter(pl.col("code") == "sleep_stage")
    assert (stages["end_at"] - stages["start_at"]).dt.total_seconds().sum() == total("fitbit_sleep_intraday_raw.csv", "duration")
    assert found["quarantine"].is_empty()
    # Of the eight totals of days each has its minutes in another file: nothing is counted twice.
    assert found.skipped == {TOTAL: 8}
    assert set(found["observations"]["person"]) == {"fitbit"}  # the files' device_id


def cell(*answers: dict[str, Any], device: str = "d1") -> str:
    told = [json.dumps(answer).replace('"', '\\"') for answer in answers]
    return "\n".join([HEAD, *(f'1587614400000,"{device}","5S","5ZKN9B","steps","{one}"' for one in told), ""])


def test_answers_in_a_column(tmp_path: Path, read: Callable[..., Any]) -> None:
    """A day that was asked for twice counts as it was told last; a cell that is cut is set aside with its line."""
    noon = {"activities-steps": [{"dateTime": "2020-04-23", "value": "3000"}]}
    night = {"activities-steps": [{"dateTime": "2020-04-23", "value": "7881"}],
             "activities-steps-intraday": {"dataset": [{"time": "10:00:00", "value": 80}, {"time": "10:01:00", "value": 90}], "datasetInterval": 1}}  # fmt: skip
    path = tmp_path / "steps.csv"
    path.write_text(cell(noon, night) + '1,"d1","5S","5ZKN9B","steps","{\\"activities-steps\\":[{"\n')
    found = read(SOURCE, path, zone="America/New_York")
    rows = found["observations"].select("person", "code", "value", pl.col("start_at").dt.strftime("%H:%M")).rows()
    assert rows == [("d1", "steps", 80.0, "14:00"), ("d1", "steps", 90.0, "14:01")]
    assert found.skipped[EARLIER] == 1
    assert found["quarantine"]["line"].to_list() == [4]


def test_a_table_of_something_else_is_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "other.csv").write_text("device_id,colour\nd1,red\n")
    with pytest.raises(SourceError, match="no table of RAPIDS"):
        read(SOURCE, tmp_path / "other.csv")
