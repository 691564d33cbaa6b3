"""Against sums by json and csv over two real exports, and the minutes by stage that Fitbit itself writes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options
from heedful.sources.wearables.fitbit_sleep import STAGES

SOURCE = "wearables.fitbit_takeout"
GLOBAL, GOOGLE = "Global Export Data", "Physical Activity_GoogleData"
KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def raw(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw(path).decode())))


def utc(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["timestamp"])


@pytest.fixture
def export(shared_data: Path) -> Path:
    return shared_data / "interop/fitbit_takeout"


def copied(export: Path, folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(export / name, folder / name)
    return folder


@pytest.mark.real
def test_steps_that_lie_there_twice_count_once(export: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = copied(export, tmp_path, f"{GLOBAL}/steps-2025-06-21.json.gz", f"{GOOGLE}/steps_2025-07-01.csv.gz")
    samples = json.loads(raw(folder / GLOBAL / "steps-2025-06-21.json.gz"))
    again = rows(folder / GOOGLE / "steps_2025-07-01.csv.gz")
    assert sum(float(row["steps"]) for row in again) == sum(float(sample["value"]) for sample in samples) == 10_770
    found = read(SOURCE, folder)
    assert found["observations"]["value"].sum() == 10_770
    assert found["observations"].height == len(samples) == 1_765
    assert found.skipped["same rows in steps-….json"] == len(again) == 387


@pytest.mark.real
def test_heart_rate_of_files_cut_at_other_midnights_is_whole_and_single(export: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    names = [f"{GLOBAL}/heart_rate-2023-06-23.json.gz", *(f"{GOOGLE}/heart_rate_2023-06-{day}.csv.gz" for day in (23, 24))]
    folder = copied(export, tmp_path, *names)
    expected = {
        datetime.strptime(one["dateTime"], "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC): one["value"]["bpm"]
        for one in json.loads(raw(folder / names[0]))
    }
    for name in names[1:]:
        for row in rows(folder / name):
            assert expected.setdefault(utc(row), float(row["beats per minute"])) == float(row["beats per minute"])
    found = read(SOURCE, folder)["observations"]
    assert dict(found.select("start_at", "value").rows()) == expected
    assert found.height == len(expected)


@pytest.mark.real
def test_the_zone_comes_from_where_files_are_cut_unless_declared(export: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = copied(export, tmp_path, f"{GLOBAL}/heart_rate-2023-06-23.json.gz")
    derived, declared = read(SOURCE, folder)["observations"], read(SOURCE, folder, zone="Europe/Berlin")["observations"]
    assert set(derived["offset_minutes"]) == {-420}
    assert {str(day) for day in derived["day"]} == {"2023-06-23"}
    assert set(declared["offset_minutes"]) == {120}
    (tmp_path / "Your Profile").mkdir()
    (tmp_path / "Your Profile" / "Profile.csv").write_text("id,timezone\nx,Asia/Kolkata\n")
    assert set(read(SOURCE, folder)["observations"]["offset_minutes"]) == {330}


@pytest.mark.real
@pytest.mark.parametrize(
    "name", [f"{GLOBAL}/sleep-2023-06-02.json.gz", f"{GLOBAL}/sleep-2023-07-02.json.gz", "second_person/sleep-2021-01-05.json.gz"]
)
def test_minutes_by_stage_are_those_of_fitbit_s_own_summary(name: str, export: Path, read: Callable[..., Any]) -> None:
    logs = json.loads(raw(export / name))
    expected: Counter[str] = Counter()
    for log in logs:
        for level, said in log["levels"]["summary"].items():
            expected[STAGES[level]] += said["minutes"]
    found = read(SOURCE, export / name)["observations"]
    stages = found.filter(pl.col("code") == "sleep_stage").with_columns(
        minutes=(pl.col("end_at") - pl.col("start_at")).dt.total_seconds() / 60
    )
    ours = dict(stages.group_by("value_code").agg(pl.col("minutes").sum()).rows())
    assert set(ours) == set(expected)
    for stage, minutes in expected.items():
        assert ours[stage] == pytest.approx(minutes, abs=len(logs))  # Fitbit rounds each log's minutes
    assert found.filter(pl.col("code") == "sleep_minutes")["value"].sum() == sum(log["minutesAsleep"] for log in logs)


@pytest.mark.real
def test_a_false_z_is_read_as_local_time(export: Path, read: Callable[..., Any]) -> None:
    breath = read(SOURCE, export / GOOGLE / "respiratory_rate_sleep_summary_2023-07-01.csv", zone="America/Los_Angeles")["observations"]
    wakes = {datetime.fromisoformat(log["endTime"]) for log in json.loads(raw(export / GLOBAL / "sleep-2023-06-02.json.gz"))}
    local = [at.replace(tzinfo=None) for at in breath["start_at"].dt.convert_time_zone("America/Los_Angeles").to_list()]
    assert local[0] == datetime(2023, 7, 1, 7, 30, 30)
    assert local[0] in wakes


@pytest.mark.real
def test_a_resting_heart_rate_of_zero_is_missing(export: Path, read: Callable[..., Any]) -> None:
    path = export / GLOBAL / "resting_heart_rate-2024-12-03.json.gz"
    values = [one["value"]["value"] for one in json.loads(raw(path))]
    found = read(SOURCE, path)
    assert found["observations"]["value"].to_list() == [value for value in values if value]
    assert found.skipped.total() == values.count(0.0) > 0


@pytest.mark.real
def test_the_whole_export_is_accounted_for_and_another_person_stays_out(export: Path, read: Callable[..., Any]) -> None:
    assert SOURCES.get(SOURCE).recognise(export, b"") == 0.9
    found = read(SOURCE, export, subject="p1")
    observed = found["observations"]
    assert found.records == observed.height + found["quarantine"].height + found.skipped.total()
    assert observed.select("person", "code", "start_at", "device", "row").is_duplicated().sum() == 0
    assert set(observed["person"]) == {"p1"}
    assert observed["day"].min() >= datetime(2022, 1, 1).date()
    assert found.aside["file of another person or product"] == 1


@pytest.mark.real
def test_a_zip_reads_as_its_folder(export: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = (
        copied(export, tmp_path / "in", f"{GLOBAL}/steps-2023-08-01.json", f"{GLOBAL}/distance-2023-08-01.json")
        if (tmp_path / "in").mkdir() is None
        else tmp_path
    )
    packed = Path(shutil.make_archive(str(tmp_path / "takeout"), "zip", folder))
    assert SOURCES.get(SOURCE).recognise(packed, packed.read_bytes()[:65_536]) == 0.9
    assert read(SOURCE, packed)["observations"].equals(read(SOURCE, folder)["observations"])


@pytest.mark.real
def test_an_older_export_whose_files_bear_the_person_s_suffix(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/fitbit/export"
    found = read(SOURCE, folder)
    rows = found["observations"]
    (steps,) = folder.glob("steps-*.json")
    (sleep,) = folder.glob("sleep-*.json")
    assert rows.filter(pl.col("code") == "steps")["value"].sum() == sum(float(one["value"]) for one in json.loads(steps.read_bytes()))
    asleep = sum(log["minutesAsleep"] for log in json.loads(sleep.read_bytes()))
    assert rows.filter(pl.col("code") == "sleep_minutes")["value"].sum() == asleep
    assert not found.aside
    assert found.records == rows.height + found["quarantine"].height + found.skipped.total()


def test_a_file_that_breaks_off_is_named(tmp_path: Path) -> None:
    (tmp_path / "steps-2023-08-01.json").write_text('[{"dateTime": "08/04/23 16:40:00", "value": "0"}, {"date')
    with pytest.raises(SourceError, match="not complete JSON"):
        list(SOURCES.get(SOURCE).read(tmp_path / "steps-2023-08-01.json", Options("x"), KNOWN_AT))


def test_going_on_after_a_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heedful.sources.wearables.fitbit_takeout.BATCH_ROWS", 10)
    for month in (7, 8):
        data = [{"dateTime": f"0{month}/04/23 16:{n % 60:02}:00", "value": str(n)} for n in range(45)]
        (tmp_path / f"steps-2023-0{month}-01.json").write_text(json.dumps(data))
    source = SOURCES.get(SOURCE)
    whole = list(source.read(tmp_path, Options("x"), KNOWN_AT))
    assert len(whole) == 10
    for position, batch in enumerate(whole):
        rest = list(source.read(tmp_path, Options("x"), KNOWN_AT, batch.cursor))
        assert [[unseal(f).rows() for f in one.rows] for one in rest] == [
            [unseal(f).rows() for f in one.rows] for one in whole[position + 1 :]
        ]


@pytest.mark.real
def test_oxygen_by_the_minute_counts_once(export: Path, read: Callable[..., Any]) -> None:
    rows = read(SOURCE, export)["observations"].filter(
        (pl.col("code") == "oxygen_saturation") & (pl.col("end_at") - pl.col("start_at") < pl.duration(hours=1))
    )
    said = dict[str, float]()
    for path in sorted((export / "Oxygen Saturation (SpO2)").glob("Minute*.csv")):
        said |= {one["timestamp"]: float(one["value"]) for one in csv.DictReader(path.open())}
    days = {stamp[:10] for stamp in said}
    for path in (export / "Physical Activity_GoogleData").glob("oxygen_saturation_*.csv"):
        said |= {
            one["timestamp"]: float(one["oxygen saturation percentage"])
            for one in csv.DictReader(path.open())
            if one["timestamp"][:10] not in days
        }
    ours = {f"{at:%Y-%m-%dT%H:%M:%SZ}": value for at, value in rows.select("start_at", "value").iter_rows()}
    assert 50.0 in said.values()
    # Fitbit's days are local and ours of the files UTC: where both sources cover a day, the minutes of the first alone count.
    assert ours.items() <= {stamp: value for stamp, value in said.items() if value != 50.0}.items()
    assert len(ours) > 1_000


@pytest.mark.real
def test_files_that_are_left_out_say_why(export: Path) -> None:
    for path in [
        *export.rglob("activity_level*"),
        *export.rglob("Device Temperature*"),
        *export.rglob("sleep_score*"),
        *export.rglob("live_pace*"),
    ]:
        data = raw(path)
        assert SOURCES.get(SOURCE).recognise(path, data[:65_536]) in (0.0, 0.6)
        with pytest.raises(SourceError, match="that is left out"):
            list(SOURCES.get(SOURCE).read(path, Options("x"), KNOWN_AT))
