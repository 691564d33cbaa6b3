"""Against sums by the csv module over the public Fitabase files."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options

SOURCE = "wearables.fitabase"
KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
REPEAT = "exact repeat of a row: same person, time and value"


def table(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    return list(csv.DictReader(io.StringIO((gzip.decompress(data) if path.suffix == ".gz" else data).decode())))


def written(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).write_text("\n".join([*lines, ""]))
    return folder / name


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "code", "column", "rows", "sum_"),
    [
        ("behavior/fitbit_fitabase/minute_steps_full.csv.gz", "steps", "steps", 60_480, 519_274),
        ("behavior/fitbit_fitabase/hourly_steps.csv.gz", "steps", "StepTotal", 2_201, None),
        ("interop/fitbit/fitabase/dailyActivity_merged.csv.gz", "steps", "TotalSteps", 940, None),
        ("interop/fitbit/fitabase/dailyCalories_merged.csv", "total_energy", "Calories", 940, None),
    ],
)
def test_rows_and_sums_are_those_of_the_csv(
    name: str, code: str, column: str, rows: int, sum_: int | None, shared_data: Path, read: Callable[..., Any]
) -> None:
    theirs = table(shared_data / name)
    ours = read(SOURCE, shared_data / name)["observations"].filter(pl.col("code") == code)
    assert ours.height == len(theirs) == rows
    assert ours["value"].sum() == sum(float(row[column]) for row in theirs)
    assert sum_ is None or ours["value"].sum() == sum_


@pytest.mark.real
def test_united_states_dates_are_read_as_such(shared_data: Path, read: Callable[..., Any]) -> None:
    days = read(SOURCE, shared_data / "interop/fitbit/fitabase/dailySteps_merged.csv")["observations"]["day"]
    assert (str(days.min()), str(days.max())) == ("2016-04-12", "2016-05-12")


@pytest.mark.real
def test_a_folder_counts_each_person_s_day_once_and_loses_nobody(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "behavior/fitbit_fitabase"
    assert SOURCES.get(SOURCE).recognise(folder, b"") == 0.9
    found = read(SOURCE, folder)
    rows = found["observations"]
    minutes = {(row["id"], row["minute"][:10]) for row in table(folder / "minute_steps_full.csv.gz")}
    expected = {(row["Id"], row["ActivityDate"]): float(row["TotalSteps"]) for row in table(folder / "daily_activity.csv.gz")}
    steps = rows.filter(pl.col("code") == "steps")
    lengths = (steps["end_at"] - steps["start_at"]).dt.total_minutes()
    by_day = dict.fromkeys(minutes, 1)
    assert {(p, str(d)) for p, d in steps.filter(lengths == 1).select("person", "day").rows()} >= set(by_day)
    daily = {(person, str(day)): value for person, day, value in steps.filter(lengths == 1_440).select("person", "day", "value").rows()}
    assert not set(daily) & set(by_day)
    assert all(expected[key] == value for key, value in daily.items())
    assert steps["person"].n_unique() == 33
    assert found.records == rows.height + found["quarantine"].height + found.skipped.total()
    assert rows.select("person", "code", "start_at", "device", "row").is_duplicated().sum() == 0
    assert found.aside["file without a code: hourly_intensities.csv.gz"] == 1


@pytest.mark.real
def test_repeated_nights_are_left_out_and_counted(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "behavior/fitbit_fitabase/sleep_day.csv.gz"
    theirs = table(path)
    distinct = {tuple(row.values()) for row in theirs}
    assert len(theirs) - len(distinct) == 3
    found = read(SOURCE, path)
    assert found["observations"].filter(pl.col("code") == "sleep_minutes").height == len(distinct)
    assert found.skipped[REPEAT] == 2 * 3


@pytest.mark.real
def test_weights_say_who_typed_them_in(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "behavior/fitbit_fitabase/weight_log.csv.gz"
    manual = sum(row["IsManualReport"] == "True" for row in table(path))
    weights = read(SOURCE, path)["observations"].filter(pl.col("code") == "body_weight")
    assert weights.filter(pl.col("how") == "self_reported").height == manual > 0


def test_days_of_23_and_25_hours(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = written(tmp_path, "dailySteps_merged.csv", "Id,ActivityDay,StepTotal", "1,3/31/2024,5", "1,10/27/2024,5")
    rows = read(SOURCE, path, zone="Europe/Berlin")["observations"]
    assert [end - start for start, end in rows.select("start_at", "end_at").rows()] == [timedelta(hours=23), timedelta(hours=25)]


def test_what_cannot_be_read_is_set_aside_and_the_run_goes_on(tmp_path: Path, read: Callable[..., Any]) -> None:
    lines = ["Id,ActivityMinute,Steps", "1,4/12/2016 2:15:00 PM,7", "1,4/12/2016 2:16:00 PM,many", "1,31/12/2016 2:16:00 PM,7",
             "1,4/12/2016 2:17:00 PM", "1,4/12/2016 2:18:00 PM,9999999", ",4/12/2016 2:19:00 PM,7", "1,4/12/2016 2:20:00 PM,8"]  # fmt: skip
    found = read(SOURCE, written(tmp_path, "minuteStepsNarrow_merged.csv", *lines))
    assert [str(at) for at in found["observations"]["start_at"].dt.time()] == ["14:15:00", "14:20:00"]
    assert found["quarantine"].sort("line")["line"].to_list() == [3, 4, 5, 6, 7]
    assert found.records == 7


def test_going_on_after_a_cursor_numbers_rows_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heedful.sources.wearables.fitabase.BATCH_ROWS", 10)
    rows = [f"{n % 2},4/12/2016 2:{n % 9:02}:00 PM,{n % 4}" for n in range(95)]
    path, source = (
        written(tmp_path, "heart.csv", "Id,Time,Value", *(row[:-1] + str(60 + int(row[-1])) for row in rows)),
        SOURCES.get(SOURCE),
    )
    whole = list(source.read(path, Options("x"), KNOWN_AT))
    for position, batch in enumerate(whole):
        rest = list(source.read(path, Options("x"), KNOWN_AT, batch.cursor))
        assert [(one.cursor, one.skipped, [unseal(f).rows() for f in one.rows]) for one in rest] == [
            (one.cursor, one.skipped, [unseal(f).rows() for f in one.rows]) for one in whole[position + 1 :]
        ]
    found = pl.concat([unseal(frame) for batch in whole for frame in batch.rows])
    assert found.height == len({(n % 2, n % 9, n % 4) for n in range(95)})


def test_rows_of_one_night_that_differ_are_all_kept_and_numbered(tmp_path: Path, read: Callable[..., Any]) -> None:
    lines = ["Id,SleepDay,TotalMinutesAsleep,TotalTimeInBed", "1,4/12/2016 12:00:00 AM,327,346", "1,4/12/2016 12:00:00 AM,327,346",
             "1,4/12/2016 12:00:00 AM,300,346"]  # fmt: skip
    found = read(SOURCE, written(tmp_path, "sleepDay_merged.csv", *lines))
    asleep = found["observations"].filter(pl.col("code") == "sleep_minutes").sort("row")
    assert asleep.select("value", "row").rows() == [(327.0, 0), (300.0, 1)]
    assert found.skipped[REPEAT] == 1 + 2
    assert found.records == 6
