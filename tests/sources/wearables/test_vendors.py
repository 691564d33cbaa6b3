"""Health Connect, Samsung, Polar, Fitbit's API and Shimmer's answers: against the files themselves, and files written after descriptions."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.samples import SAMPLES
from tests.sources.wearables.vendor_samples import START, health_connect_tables

from heedful.core.errors import SettingsError, SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options
from heedful.sources.cut_json import BrokenOffError
from heedful.sources.recognise import recognise

VENDORS = ("wearables.health_connect", "wearables.samsung", "wearables.polar", "wearables.fitbit_api", "wearables.shimmer")


def values(rows: pl.DataFrame, code: str) -> list[Any]:
    return rows.filter(pl.col("code") == code).sort("start_at")["value"].to_list()


@pytest.mark.real
def test_shimmers_answers_of_fitbit(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/vendor_api_openmhealth_shimmer/fitbit/mapper"
    source = "wearables.fitbit_api"
    for path in sorted(folder.glob("*.json")):
        assert recognise(path)[0].source == source, path.name
    weights = json.loads((folder / "fitbit-body-log-weight.json").read_bytes())["weight"]
    rows = read(source, folder / "fitbit-body-log-weight.json", zone="America/Denver")["observations"]
    assert values(rows, "body_weight") == [one["weight"] for one in weights]
    assert rows["start_at"].min() == datetime(2015, 5, 14, 0, 28, 59, tzinfo=UTC)
    sleep = json.loads((folder / "fitbit-sleep-date-range.json").read_bytes())["sleep"]
    rows = read(source, folder / "fitbit-sleep-date-range.json")["observations"]
    assert sorted(values(rows, "sleep_minutes")) == sorted(one["minutesAsleep"] for one in sleep)
    assert values(read(source, folder / "fitbit-activities-steps-timeseries.json")["observations"], "steps") == [175, 2937, 0]
    intraday = read(source, folder / "fitbit-activities-steps-1d-1m-intraday.json")
    assert values(intraday["observations"], "steps") == [7, 0, 52]
    assert intraday.skipped.total() == 1


@pytest.mark.real
def test_shimmers_answers_of_other_services(shared_data: Path, read: Callable[..., Any]) -> None:
    """The instants follow the files' own LastChangeTime; values are those of the files."""
    folder, source = shared_data / "interop/vendor_api_openmhealth_shimmer", "wearables.shimmer"
    pressure = read(source, folder / "ihealth/mapper/ihealth-bp.json")["observations"]
    assert values(pressure, "systolic_blood_pressure") == [120, 130]
    assert pressure["start_at"].min() == datetime.fromisoformat("2015-09-17T12:04:23-08:00")
    assert set(pressure["how"]) == {"measured", "self_reported"}
    googles = json.loads((folder / "googlefit/mapper/googlefit-merge-step-deltas.json").read_bytes())["point"]
    steps = read(source, folder / "googlefit/mapper/googlefit-merge-step-deltas.json")["observations"]
    assert sum(values(steps, "steps")) == sum(one["value"][0]["intVal"] for one in googles)
    misfit = read(source, folder / "misfit/mapper/misfit-sleeps.json")["observations"]
    assert misfit["start_at"].min() == datetime.fromisoformat("2015-02-23T21:40:59-05:00")
    read_files, rows = 0, 0
    for path in sorted(folder.rglob("*.json")):
        if path.parent.parent.name not in ("fitbit", "withings"):
            assert recognise(path)[0].source == source, path.name
            found = read(source, path)
            read_files, rows = read_files + 1, rows + found["observations"].height
    assert read_files == 39
    assert rows > 70


def test_health_connect_in_its_zip(tmp_path: Path, read: Callable[..., Any]) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as database:
        health_connect_tables(database)
        night = START + 8 * 3_600_000
        database.execute("INSERT INTO total_calories_burned_record_table VALUES (1,NULL,1,2,?,-18000,?,-18000,250000.0)", (START, night))
        database.execute("INSERT INTO weight_record_table VALUES (1,NULL,1,3,?,NULL,70500.0)", (START,))
        database.execute("INSERT INTO exercise_session_record_table VALUES (1,NULL,9,2,?,0,?,0,56)", (START, START + 1_800_000))
        database.commit()
    path = tmp_path / "Health Connect.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "x.db", "health_connect_export.db")
    assert SOURCES.get("wearables.health_connect").recognise(path, path.read_bytes()[:64]) == 0.95
    rows = read("wearables.health_connect", path, zone="Europe/Berlin")["observations"]
    assert rows.select("code", "value", "how", "device", "offset_minutes").sort("code").rows() == [
        ("body_weight", 70.5, "self_reported", "Watch App", 60),
        ("total_energy", 250.0, "vendor_derived", "Watch App", -300),
        ("workout", 30.0, "measured", "Health Connect", 0),
    ]


def test_samsungs_times_are_utc_with_an_offset(tmp_path: Path, read: Callable[..., Any]) -> None:
    path, options = SAMPLES["wearables.samsung"](tmp_path)
    found = read("wearables.samsung", path, subject="p1", zone=options.zone)
    pulse = found["observations"].filter(pl.col("code") == "heart_rate").sort("start_at")
    assert pulse["start_at"][0] == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert pulse["offset_minutes"][0] == 60
    assert values(found["observations"], "steps") == [9_000]
    assert found.aside == {"type that is not read: com.samsung.shealth.badge": 1}
    assert found["observations"].filter(pl.col("code") == "sleep_stage")["value_code"].to_list() == ["deep"]


def test_polars_night_and_session(tmp_path: Path, read: Callable[..., Any]) -> None:
    path, options = SAMPLES["wearables.polar"](tmp_path)
    found = read("wearables.polar", path, subject="p1", zone=options.zone)
    rows = found["observations"]
    assert values(rows, "sleep_minutes") == [180.0]
    assert values(rows, "workout") == [1800.5 / 60]
    assert sum(values(rows, "steps")) == 15
    assert rows.filter((pl.col("code") == "heart_rate") & (pl.col("value") >= 120))["start_at"].min() == datetime(2024, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("name", VENDORS)
def test_clocks_that_lie_are_set_aside(name: str, tmp_path: Path) -> None:
    path, options = SAMPLES[name](tmp_path)
    if path.is_file():
        assert name == "wearables.health_connect"  # its sample holds a row of 1970
    else:
        for file in sorted(path.iterdir()):
            text = file.read_text().replace("2024-03", "2099-03").replace(str(START)[:5], "40709")
            file.write_text(text)
    batches = SOURCES.get(name).read(path, options, datetime(2026, 1, 1, tzinfo=UTC))
    reasons = [reason for batch in batches for frame in batch.rows if frame.schema.table == "quarantine" for reason in frame_reasons(frame)]
    assert any("wrong clock" in reason or "before 1980" in reason for reason in reasons)


def frame_reasons(frame: Any) -> list[str]:
    from heedful.core.seals import unseal

    return unseal(frame)["reason"].to_list()


@pytest.mark.parametrize("name", VENDORS)
def test_settings_that_are_not_known_are_refused(name: str, tmp_path: Path) -> None:
    path, options = SAMPLES[name](tmp_path)
    with pytest.raises(SettingsError, match="no settings of its own"):
        list(SOURCES.get(name).read(path, Options(options.name, settings={"units": "us"}), datetime(2026, 1, 1, tzinfo=UTC)))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(VENDORS), cut=st.floats(0, 1), hole=st.integers(0, 40), data=st.binary(max_size=20))
def test_any_cut_or_hole_ends_in_rows_or_a_source_error(
    name: str, cut: float, hole: int, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, options = SAMPLES[name](tmp_path_factory.mktemp("cut"))
    target = path if path.is_file() else max(path.iterdir(), key=lambda file: file.stat().st_size)
    whole = target.read_bytes()
    place = int(cut * len(whole))
    for damaged in (whole[:place], whole[:place] + data + whole[place + hole :]):
        target.write_bytes(damaged)
        for given_path in {path, target}:
            assert kept_or_refused(name, given_path, options)


def kept_or_refused(name: str, path: Path, options: Options) -> bool:
    """Every record is accounted for, or the refusal names a cure."""
    try:
        batches = list(SOURCES.get(name).read(path, options, datetime(2026, 1, 1, tzinfo=UTC)))
    except SourceError as error:
        return bool(error.cure)
    return all(sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records for batch in batches)


def test_quarters_of_an_hour_stay_so_where_the_answer_breaks_off_before_it_says_how_long_they_are(tmp_path: Path) -> None:
    samples = [{"time": f"{n // 4:02}:{n % 4 * 15:02}:00", "value": n} for n in range(12)]
    day = {"activities-steps": [{"dateTime": "2024-03-01", "value": "66"}],
           "activities-steps-intraday": {"dataset": samples, "datasetInterval": 15, "datasetType": "minute"}}  # fmt: skip
    text = json.dumps(day)
    path = tmp_path / "steps.json"
    lasts = list[list[timedelta]]()
    for written in (text, text[: text.index('"value": 11')]):
        path.write_text(written)
        rows = list[pl.DataFrame]()
        with contextlib.suppress(BrokenOffError):
            for batch in SOURCES.get("wearables.fitbit_api").read(path, Options("x", "p"), datetime(2026, 1, 1, tzinfo=UTC)):
                rows += [unseal(frame) for frame in batch.rows]
        lasts.append((pl.concat(rows)["end_at"] - pl.concat(rows)["start_at"]).to_list())
    assert lasts == [[timedelta(minutes=15)] * count for count in (12, 11)]
