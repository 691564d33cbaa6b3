"""Against counts by ElementTree and regular expressions, the csv of another program, and files that are broken on purpose."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Batch, Options
from heedful.sources.wearables.apple_rows import REPEATED

KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = "HKQuantityTypeIdentifierStepCount"
PHONE = "&lt;&lt;HKDevice: 0x28%07x&gt;, name:iPhone, manufacturer:Apple, model:iPhone, hardware:iPhone8,1, software:10.3.1&gt;"


def record(
    value: object = 5, *, kind: str = STEPS, unit: str | None = "count", start: str = "2024-03-01 08:00:00 +0100", **more: str
) -> str:
    named = {"type": kind, "sourceName": "App", "unit": unit, "startDate": start, "endDate": start, "value": value} | more
    return "<Record " + " ".join(f'{name}="{said}"' for name, said in named.items() if said is not None) + "/>"


def export(folder: Path, *elements: str) -> Path:
    path = folder / "export.xml"
    path.write_text("\n".join(['<HealthData locale="en_GB">', *elements, "</HealthData>"]), encoding="utf-8")
    return path


def until_it_breaks(path: Path) -> tuple[list[Batch], SourceError]:
    batches: list[Batch] = []
    with pytest.raises(SourceError) as caught:
        batches.extend(_read_into(batches, path))
    return batches, caught.value


def _read_into(batches: list[Batch], path: Path) -> list[Batch]:
    for batch in SOURCES.get("apple_health").read(path, Options("x"), KNOWN_AT):
        batches.append(batch)
    return []


def rows_of(batches: list[Batch], table: str) -> int:
    return sum(len(frame) for batch in batches for frame in batch.rows if frame.schema.table == table)


@pytest.mark.real
def test_the_large_real_export_is_counted_as_elementtree_counts_it(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/apple_health/hkimport_export.xml.gz"
    root = ElementTree.fromstring(gzip.decompress(path.read_bytes()))
    top, nested = root.findall("Record"), root.findall("Correlation/Record")
    assert (len(top), len(nested), len(root.findall("Workout"))) == (10_939, 162, 61)
    asked = ("type", "startDate", "endDate", "value", "unit", "sourceName")
    distinct = {tuple(one.get(name) for name in asked) for one in [*top, *nested]}

    found = read("apple_health", path)
    rows = found["observations"]
    assert rows.filter(pl.col("code") != "workout").height == len(distinct) == 10_772
    assert found.skipped[REPEATED] == len(top) + len(nested) - len(distinct)
    assert rows.filter(pl.col("code") == "workout").height == 61
    steps = {key for key in distinct if key[0] == STEPS}
    assert rows.filter(pl.col("code") == "steps")["value"].sum() == sum(float(key[3] or 0) for key in steps)
    assert rows.select("person", "code", "start_at", "device", "row").is_duplicated().sum() == 0


@pytest.mark.real
def test_one_phone_is_one_device(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/apple_health/hkimport_export.xml.gz"
    assert len(set(re.findall(rb"HKDevice: (0x[0-9a-f]+)", gzip.decompress(path.read_bytes())))) == 6_095
    devices = read("apple_health", path)["observations"]["device"].unique().to_list()
    assert [name for name in devices if "iPhone" in name] == ["iPhone (iPhone8,1)"]
    assert not [name for name in devices if "0x" in name or "Jonathan" in name]


@pytest.mark.real
@pytest.mark.parametrize(("table", "code", "factor"), [("StepCount", "steps", 1), ("DistanceWalkingRunning", "distance", 1_000)])
def test_rows_are_those_of_applehealthdata(table: str, code: str, factor: int, shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/apple_health"
    theirs = pl.read_csv(folder / f"tdda_expected/{table}.csv", infer_schema=False)
    ours = read("apple_health", folder / "tdda_export6s3sample.xml")["observations"].filter(pl.col("code") == code)
    starts = theirs["startDate"].str.to_datetime("%Y-%m-%d %H:%M:%S %z").dt.cast_time_unit("us").to_list()
    assert ours["start_at"].to_list() == starts
    assert ours["value"].to_list() == pytest.approx([float(value) * factor for value in theirs["value"]], rel=1e-12)
    assert set(ours["offset_minutes"]) == {60}


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["tdda_export6s3sample.xml", "grll_export.xml", "dogsheep_export.xml", "alxdrcirilo_export.zip", "dogsheep_zip/apple_health_export"],
)
def test_every_record_is_accounted_for_and_the_file_is_recognised(name: str, shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/apple_health" / name
    found = read("apple_health", path)
    told = sum(found[table].height for table in ("observations", "people", "quarantine")) + found.skipped.total()
    assert found.records == told > 0
    head = b"" if path.is_dir() else path.read_bytes()[:65_536]
    assert SOURCES.get("apple_health").recognise(path, head) >= 0.9


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("xml/apple_export_ios16_broken_dtd.xml", 15),
        ("xml/apple_export_vertical_tab.xml", 15),
        ("zip/good_export.zip", 468),
        ("zip/localised_member_names.zip", 213),
    ],
)
def test_broken_prologs_control_characters_and_translated_names_read(
    name: str, rows: int, shared_data: Path, read: Callable[..., Any]
) -> None:
    assert read("apple_health", shared_data / "hostile" / name)["observations"].height == rows


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["xml/apple_cda_two_roots.xml", "xml/apple_export_attribute_name_with_space.xml", "xml/apple_export_duplicate_attribute.xml",
     "xml/billion_laughs.xml", "xml/quadratic_blowup.xml", "xml/external_entity.xml", "xml/huge_attribute_11MB.xml.gz",
     "zip/duplicate_members.zip", "zip/empty.zip", "zip/nested_bomb.zip", "zip/no_export_inside.zip", "zip/not_a_zip.zip",
     "zip/path_traversal.zip", "zip/ratio_bomb_200MB.zip", "zip/symlink_member.zip", "zip/truncated_export.zip", "zip/zero_bytes.zip"],
)  # fmt: skip
def test_what_is_no_export_is_refused_in_one_sentence_with_a_cure(name: str, shared_data: Path) -> None:
    batches, error = until_it_breaks(shared_data / "hostile" / name)
    assert rows_of(batches, "observations") == 0
    assert error.cure.endswith(".")
    assert "\n" not in str(error)


@pytest.mark.real
def test_a_cut_export_gives_the_rows_before_the_break_and_its_line(shared_data: Path) -> None:
    path = shared_data / "hostile/xml/apple_export_cut_mid_record.xml.gz"
    text = gzip.decompress(path.read_bytes())
    batches, error = until_it_breaks(path)
    assert rows_of(batches, "observations") == len(re.findall(rb"<Record [^<]*>", text)) == 1_659
    assert error.line == text.count(b"\n") + 1


def test_units_become_ours(tmp_path: Path, read: Callable[..., Any]) -> None:
    quantity = "HKQuantityTypeIdentifier"
    cases = [
        ("DistanceWalkingRunning", "mi", 1, "distance", 1_609.344), ("BodyMass", "lb", 100, "body_weight", 45.359237),
        ("BodyTemperature", "degF", 98.6, "body_temperature", 37.0), ("OxygenSaturation", "%", 0.97, "oxygen_saturation", 97.0),
        ("OxygenSaturation", "%", 98, "oxygen_saturation", 98.0), ("ActiveEnergyBurned", "kJ", 4.184, "active_energy", 1.0),
        ("ActiveEnergyBurned", "Cal", 20, "active_energy", 20.0), ("Height", "ft", 6, "body_height", 182.88),
        ("BloodGlucose", "mmol&lt;180.1558800000541&gt;/L", 5.5, "glucose", 99.085734), ("HeartRate", "count/s", 1.5, "heart_rate", 90.0),
        ("DietaryWater", "fl_oz_us", 8, "water", 236.588), ("BloodPressureSystolic", "mmHg", 120, "systolic_blood_pressure", 120.0),
    ]  # fmt: skip
    starts = [f"2024-03-01 08:{minute:02}:00 +0100" for minute in range(len(cases))]
    lines = [record(value, kind=quantity + kind, unit=unit, start=at) for (kind, unit, value, _, _), at in zip(cases, starts, strict=True)]
    rows = read("apple_health", export(tmp_path, *lines))["observations"]
    assert rows["code"].to_list() == [case[3] for case in cases]
    assert rows["value"].to_list() == pytest.approx([case[4] for case in cases], rel=1e-5)


def test_unknown_types_keep_their_name_and_unit(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = read("apple_health", export(tmp_path, record(7, kind="HKQuantityTypeIdentifierNikeFuel", unit="count")))["observations"]
    assert rows.select("code", "value", "unit").row(0) == ("apple:HKQuantityTypeIdentifierNikeFuel", 7.0, "count")


def test_sleep_stages_and_workouts_are_coded(tmp_path: Path, read: Callable[..., Any]) -> None:
    sleep = "HKCategoryTypeIdentifierSleepAnalysis"
    stages = {"InBed": "in_bed", "Asleep": "asleep", "Awake": "awake", "AsleepCore": "light", "AsleepDeep": "deep", "AsleepREM": "rem"}
    lines = [
        record(f"HKCategoryValueSleepAnalysis{stage}", kind=sleep, unit=None, start=f"2024-03-01 0{n}:00:00 +0100", endDate=f"2024-03-01 0{n}:30:00 +0100")
        for n, stage in enumerate([*stages, "Levitating"])
    ]  # fmt: skip
    workout = (
        '<Workout workoutActivityType="HKWorkoutActivityTypeTraditionalStrengthTraining" duration="0.5" durationUnit="hr" '
        'totalEnergyBurned="90" totalEnergyBurnedUnit="kcal" sourceName="App" startDate="2024-03-01 10:00:00 +0100" '
        'endDate="2024-03-01 10:30:00 +0100"><WorkoutEvent type="x"><MetadataEntry key="inner" value="1"/></WorkoutEvent>'
        '<WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="120" unit="count/min"/></Workout>'
    )
    found = read("apple_health", export(tmp_path, *lines, workout))
    rows = found["observations"]
    assert rows.filter(pl.col("code") == "sleep_stage")["value_code"].to_list() == list(stages.values())
    assert "sleep stage" in found["quarantine"]["reason"][0]
    done = rows.filter(pl.col("code") == "workout").row(0, named=True)
    assert (done["value"], done["value_code"], done["unit"]) == (30.0, "traditional_strength_training", "min")
    assert json.loads(done["extra"]) == {"totalEnergyBurned": "90 kcal", "averageHeartRate": "120 count/min"}


def test_a_workout_without_a_duration_lasts_as_long_as_its_times_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[..., Any]
) -> None:
    """Whatever stood at its place in the batch before."""
    monkeypatch.setattr("heedful.sources.wearables.apple_health.BATCH_ROWS", 2)
    span = 'startDate="2024-03-01 08:00:00 +0100" endDate="2024-03-01 08:30:00 +0100"'
    workouts = [f'<Workout workoutActivityType="HKWorkoutActivityType{kind}" sourceName="W" {span}/>' for kind in ("Yoga", "Running")]
    rows = read("apple_health", export(tmp_path, workouts[0], record(77), record(78), workouts[1]))["observations"]
    assert rows.filter(pl.col("code") == "workout").select("value", "value_code").rows() == [(30.0, "yoga"), (30.0, "running")]


def test_notes_tell_who_typed_and_identifiers_stay_out(tmp_path: Path, read: Callable[..., Any]) -> None:
    notes = "".join(
        f'<MetadataEntry key="{key}" value="{value}"/>'
        for key, value in (
            ("HKWasUserEntered", "1"),
            ("Meal", "lunch"),
            ("Withings User Identifier", "12345"),
            ("HKTimeZone", "Europe/Berlin"),
        )
    )
    told = record(60, kind="HKQuantityTypeIdentifierHeartRate", unit="count/min").replace("/>", f">{notes}</Record>")
    found = read("apple_health", export(tmp_path, record(), told, record(start="2024-03-01 09:00:00 +0100")))
    rows = found["observations"]
    assert rows["how"].to_list() == ["measured", "self_reported", "measured"]
    assert json.loads(rows["extra"][1]) == {"Meal": "lunch", "HKTimeZone": "Europe/Berlin"}
    assert rows["extra"].null_count() == 2
    assert found.aside["MetadataEntry with an identifier"] == 1


def test_an_ampersand_is_one(tmp_path: Path, read: Callable[..., Any]) -> None:
    """With `resolve_entities=False` libxml2 hands `&#38;` out for `&amp;` in an attribute."""
    told = record(sourceName="Ben &amp; Ada").replace("/>", '><MetadataEntry key="Meal" value="Kale &#38; Tofu"/></Record>')
    rows = read("apple_health", export(tmp_path, told))["observations"]
    assert rows.select("device", "extra").row(0) == ("Ben & Ada", '{"Meal":"Kale & Tofu"}')


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (record(600, kind="HKQuantityTypeIdentifierHeartRate", unit="count/min"), "outside what is plausible"),
        (record(3_650_000), "outside what is plausible"),
        (record(start="1970-01-01 00:00:00 +0000"), "before 1980"),
        (record(start="2099-01-01 00:00:00 +0000"), "wrong clock"),
        (record(endDate="2024-03-01 07:00:00 +0100"), "ends before it starts"),
        (record(start="2023-02-29 08:00:00 +0100"), "start time cannot be read"),
        (record("many"), "not a number"),
        (record("nan"), "not a number"),
        (record(None), "missing"),
        (record(unit="furlong"), "unit 'furlong' is not known"),
        ('<Record sourceName="App" startDate="2024-03-01 08:00:00 +0100" endDate="2024-03-01 08:00:00 +0100" value="1"/>', "no type"),
    ],
)
def test_what_cannot_be_true_is_set_aside_with_its_number_and_the_run_goes_on(
    line: str, reason: str, tmp_path: Path, read: Callable[..., Any]
) -> None:
    found = read("apple_health", export(tmp_path, record(), line, record(start="2024-03-01 09:00:00 +0100")))
    assert found["observations"].height == 2
    assert reason in found["quarantine"]["reason"][0]
    assert found["quarantine"]["line"].to_list() == [2]
    assert found.records == 3


def test_children_of_a_correlation_count_once_and_alone_are_not_lost(tmp_path: Path, read: Callable[..., Any]) -> None:
    pressure = record(120, kind="HKQuantityTypeIdentifierBloodPressureSystolic", unit="mmHg")
    other = record(80, kind="HKQuantityTypeIdentifierBloodPressureDiastolic", unit="mmHg")
    correlation = f'<Correlation type="x"><MetadataEntry key="HKWasUserEntered" value="1"/>{pressure}{other}</Correlation>'
    found = read("apple_health", export(tmp_path, record(), pressure, correlation))
    assert sorted(found["observations"]["value"]) == [5.0, 80.0, 120.0]
    assert set(found["observations"]["how"]) == {"measured"}
    assert found.skipped[REPEATED] == 1


def test_the_local_day_is_that_of_the_stamp_on_days_of_23_and_25_hours(tmp_path: Path, read: Callable[..., Any]) -> None:
    starts = ["2024-03-31 01:59:00 +0100", "2024-03-31 03:00:00 +0200", "2024-10-27 02:30:00 +0200", "2024-10-27 02:30:00 +0100", "2024-10-27 23:59:59 +0100"]  # fmt: skip
    rows = read("apple_health", export(tmp_path, *(record(start=at) for at in starts)))["observations"]
    assert rows["offset_minutes"].to_list() == [60, 120, 120, 60, 60]
    assert [day.isoformat() for day in rows["day"]] == [at[:10] for at in starts]
    assert [(later - earlier).total_seconds() for earlier, later in [rows["start_at"][:2], rows["start_at"][2:4]]] == [60, 3_600]


def test_the_person_is_the_declared_one_and_me_is_read(tmp_path: Path, read: Callable[..., Any]) -> None:
    prefix = "HKCharacteristicTypeIdentifier"
    me = f'<Me {prefix}DateOfBirth="1980-05-06" {prefix}BiologicalSex="HKBiologicalSexFemale" {prefix}BloodType="HKBloodTypeNotSet"/>'
    found = read("apple_health", export(tmp_path, me, record()), subject="p7")
    assert found["people"].select("person", "birth_year", "sex", "language", "extra").row(0) == ("p7", 1980, "female", "en-GB", None)
    assert found["observations"]["person"].to_list() == ["p7"]
    assert read("apple_health", tmp_path / "export.xml")["observations"]["person"].to_list() == ["self"]


def test_going_on_after_a_cursor_numbers_rows_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heedful.sources.wearables.apple_health.BATCH_ROWS", 100)
    monkeypatch.setattr("heedful.sources.wearables.apple_xml.BLOCK", 2_048)
    lines = [record(n % 7, start=f"2024-03-01 08:{n % 50:02}:00 +0100", device=PHONE % n) for n in range(1_000)]
    path, source = export(tmp_path, *lines), SOURCES.get("apple_health")
    whole = list(source.read(path, Options("x"), KNOWN_AT))
    assert len(whole) > 5
    for batch, position in ((batch, n) for n, batch in enumerate(whole)):
        rest = list(source.read(path, Options("x"), KNOWN_AT, batch.cursor))
        assert [other.cursor for other in rest] == [other.cursor for other in whole[position + 1 :]]
        pairs = zip(rest, whole[position + 1 :], strict=True)
        assert all(unseal(a).equals(unseal(b)) for one, other in pairs for a, b in zip(one.rows, other.rows, strict=True))
    rows = pl.concat([unseal(frame) for batch in whole for frame in batch.rows])
    assert rows.height == 350  # seven values at each of fifty minutes
    assert Counter(rows["row"].to_list()) == dict.fromkeys(range(7), 50)
