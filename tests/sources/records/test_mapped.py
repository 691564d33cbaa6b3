"""Any CSV by a declared mapping, on Fitabase's tables and our own."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError

Read = Callable[..., Any]
CSV = Callable[..., Path]
MAPPED = "records.mapped"
STEPS = {"person": "Id", "start_at": "ActivityDay", "value": "StepTotal"}


@pytest.mark.real
def test_fitabase_daily_steps(shared_data: Path, read: Read) -> None:
    """940 days of 33 persons; US dates by a declared pattern, in the persons' zone."""
    path = shared_data / "interop/fitbit/fitabase/dailySteps_merged.csv"
    got = read(MAPPED, path, table="observations", columns=STEPS, code="steps", date_format="%m/%d/%Y", zone="America/New_York")
    rows, plain = got["observations"], pl.read_csv(path)
    assert (rows.height, rows["person"].n_unique(), rows["value"].sum()) == (940, 33, plain["StepTotal"].sum())
    assert rows["day"].to_list() == plain["ActivityDay"].str.to_date("%m/%d/%Y").to_list()
    assert set(rows["offset_minutes"]) == {-240}
    with pytest.raises(SourceError, match="date_format"):
        read(MAPPED, path, table="observations", columns=STEPS, code="steps")


@pytest.mark.real
def test_pounds_become_the_kilograms_that_fitbit_says(shared_data: Path, read: Read) -> None:
    path = shared_data / "behavior/fitbit_fitabase/weight_log.csv.gz"
    plain = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None)
    columns = {"person": "Id", "start_at": "Date", "value": "WeightPounds"}
    rows = read(MAPPED, path, table="observations", columns=columns, code="body_weight", unit="[lb_av]")["observations"]
    assert rows.height == plain.height
    assert rows["value"].to_list() == pytest.approx(plain["WeightKg"].to_list(), rel=1e-5)


@pytest.mark.real
def test_dispensings_by_mapping_equal_the_dispensing_source(shared_data: Path, read: Read) -> None:
    path = shared_data / "behavior/dispensing/med_events.csv.gz"
    assert read(MAPPED, path, table="dispensings")["dispensings"].equals(read("records.dispensing", path)["dispensings"])


def test_observations_of_several_codes_and_units(csv: CSV, read: Read) -> None:
    path = csv(
        "who,what,when,until,number,unit",
        "a,body_temperature,2024-03-31T01:30,,98.6,[degF]",
        "a,clinic:mood,2024-03-31T03:30+02:00,2024-03-31T04:30+02:00,4,{score}",
        "a,mood,2024-03-31T03:30,,4,{score}",
        "a,body_weight,2024-03-31T03:30,,4,mmol/L",
        "a,body_weight,2024-03-31T03:30,2024-03-31T03:00,70,kg",
        "a,body_weight,2024-03-31T03:30,,,kg",
        "a,clinic:mood,2024-03-31T03:30,,4,",
    )
    columns = {"person": "who", "code": "what", "start_at": "when", "end_at": "until", "value": "number", "unit": "unit"}
    got = read(MAPPED, path, table="observations", columns=columns, zone="Europe/Berlin", device="thermometer")
    rows = got["observations"]
    assert rows["value"].to_list() == [37.0, 4.0]
    assert rows["unit"].to_list() == ["Cel", "{score}"]
    assert rows["offset_minutes"].to_list() == [60, 120]
    assert rows["end_at"].to_list() == [datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 2, 30, tzinfo=UTC)]
    assert got["quarantine"]["line"].to_list() == [4, 5, 6, 7, 8]
    reasons = " ".join(got["quarantine"]["reason"])
    assert all(word in reasons for word in ("not one of heedful's", "cannot be converted", "ends before", "neither value nor", "no unit"))


def test_the_same_value_twice_is_one_row_and_another_is_numbered(csv: CSV, read: Read) -> None:
    path = csv("when,kg,note", "2024-03-01,70,a", "2024-03-01,70,b", "2024-03-01,71,c")
    columns = {"start_at": "when", "value": "kg"}
    got = read(MAPPED, path, table="observations", columns=columns, code="body_weight", subject="me")
    assert got["observations"].select("person", "value", "row").rows() == [("me", 70, 0), ("me", 71, 1)]
    assert got.skipped == {"same value twice in this file": 1}
    assert got.aside == {"note": 3}


def test_a_diary(csv: CSV, read: Read) -> None:
    path = csv("when,text", '2024-03-01 23:30,"slept badly, again"', "2024-03-02 23:30,", "soon,hello")
    columns = {"written_at": "when", "text": "text"}
    got = read(MAPPED, path, table="diary", columns=columns, subject="me", zone="America/New_York", language="en")
    row = got["diary"].row(0, named=True)
    assert (row["day"], row["text"], row["language"]) == (date(2024, 3, 1), "slept badly, again", "en")
    assert row["written_at"] == datetime(2024, 3, 2, 4, 30, tzinfo=UTC)
    assert got["diary"].equals(
        read(MAPPED, path, table="diary", columns=columns, subject="me", zone="America/New_York", language="en")["diary"]
    )
    assert got["quarantine"]["line"].to_list() == [3, 4]


def test_answers(csv: CSV, read: Read) -> None:
    path = csv("pid,q,asked,done,score", "a,phq9_1,1709283600,1709283660,2", "a,phq9_2,1709283600,,3", "a,phq9_3,1709283600,,")
    columns = {"person": "pid", "item": "q", "asked_at": "asked", "answered_at": "done", "value": "score"}
    got = read(MAPPED, path, table="answers", columns=columns, instrument="phq9", date_format="epoch_s")
    assert got["answers"].select("instrument", "item", "value").rows() == [("phq9", "phq9_1", 2), ("phq9", "phq9_2", 3)]
    assert got["answers"]["asked_at"][0] == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert got["answers"]["answered_at"].null_count() == 1
    assert got["quarantine"]["line"].to_list() == [4]


def test_people(csv: CSV, read: Read) -> None:
    path = csv("pid,born,sex,tz", "a,1980,F,Europe/Berlin", "b,80,m,", "c,,nonbinary,")
    columns = {"person": "pid", "birth_year": "born", "sex": "sex", "zone": "tz"}
    got = read(MAPPED, path, table="people", columns=columns)
    assert got["people"].select("person", "birth_year", "sex", "zone").rows() == [
        ("a", 1980, "female", "Europe/Berlin"),
        ("c", None, "other", None),
    ]
    assert got["quarantine"]["line"].to_list() == [3]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "table must be one of"),
        ({"table": "moods"}, "table must be one of observations, diary"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}}, "need code"),
        ({"table": "observations", "columns": {"start_at": "when"}, "code": "steps"}, "at least one of value"),
        ({"table": "observations", "columns": {"weight": "kg"}, "code": "steps"}, "Left of '=' may stand"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "weight"}, "clinic:weight"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "body_weight", "unit": "mmol/L"}, "UCUM"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "steps", "zone": "Mars"}, "no time zone"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "steps", "date_format": "iso"}, "date_format"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "steps", "how": "guessed"}, "how must be"),
        ({"table": "diary", "colums": {}}, "It knows: table, columns"),
        ({"table": "observations", "columns": {"start_at": "when", "value": "kg"}, "code": "steps", "delimiter": "::"}, "one character"),
    ],
)
def test_a_wrong_mapping_names_the_cure(csv: CSV, read: Read, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read(MAPPED, csv("when,kg", "2024-03-01,70"), subject="me", **settings)


def test_an_absent_column_is_the_files_fault(csv: CSV, read: Read) -> None:
    with pytest.raises(SourceError, match="no column 'weight'"):
        read(MAPPED, csv("when,kg", "2024-03-01,70"), table="observations", columns={"value": "weight"}, code="steps")
