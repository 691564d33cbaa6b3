"""What a participant takes away as FHIR is read again to the same rows: Synthea's people, and dispensings with their doses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import SourceError
from heedful.core.schemas import Answers, Dispensings, Observations, People, Records, Schema
from heedful.loops.rights import export_person
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site
from heedful.sources.base import SOURCES, Options

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BASE: tuple[type[Schema], ...] = (People, Observations, Dispensings, Records)
ALL = (*BASE, Answers)


def site_of(folder: Path, inputs: list[InputSettings]) -> Site:
    site = Site(Settings(input=inputs), folder / "site", FixedClock(NOW), own_files=True)
    run_site(site, site.inputs(inputs, folder))
    return site


def held(site: Site, schemas: tuple[type[Schema], ...] = BASE) -> dict[str, pl.DataFrame]:
    """All base rows without what is another site's to give: the pseudonym (also within a record), and the batch's instant."""
    found = {}
    for schema in schemas:
        rows = site.lake.read(schema).drop("person", "known_at")
        found[schema.table] = rows.sort(rows.columns)
    return found


@pytest.mark.real
def test_synthea_people_survive_the_round_trip(shared_data: Path, tmp_path: Path) -> None:
    records = 0
    for number, bundle in enumerate(sorted((shared_data / "interop/synthea").glob("*.json.gz"))):
        first, second = tmp_path / f"first{number}", tmp_path / f"second{number}"
        first.mkdir()
        second.mkdir()
        (first / "bundle.json.gz").write_bytes(bundle.read_bytes())
        one = site_of(first, [InputSettings("bundle.json.gz", kind="records.fhir")])
        (person,) = one.people()
        export_person(one, person, second / "export")
        files = ["fhir_bundle.json", "fhir_observations.ndjson"]
        two = site_of(
            second, [InputSettings(f"export/{name}", kind="records.fhir") for name in files if (second / "export" / name).is_file()]
        )
        assert len(two.people()) == 1
        before, after = held(one), held(two)
        plan = pl.col("resource").str.starts_with("CarePlan/plan-") | pl.col("resource").str.starts_with("Goal/goal-")
        after["records"] = after["records"].filter(~plan)  # heedful's own proposals are read back as what they are: a draft of a plan
        records += before["records"].height
        for table, rows in before.items():
            assert rows.equals(after[table]), f"{bundle.name}: {table}"
    assert records > 200


SETS = ("fhir_r4_examples", "fhir_bulk_ndjson", "fhir_validation", "us_core")
NO_FHIR = ("FILES.csv", "SOURCE.txt", "manifest.json", "log.ndjson")


@pytest.mark.real
@pytest.mark.parametrize("name", SETS)
def test_all_examples_survive_the_round_trip(shared_data: Path, tmp_path: Path, name: str) -> None:
    """Every row that a set gives, of all its people, is there again after each person's own export was read."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    one = site_of(first, [InputSettings(file, kind="records.fhir") for file in written(shared_data / "interop" / name, first)])
    exported = []
    for number, person in enumerate(sorted({person for schema in ALL for person in one.lake.read(schema)["person"]})):
        export_person(one, person, second / f"e{number}")
        exported += [f"e{number}/{file}" for file in ("fhir_bundle.json", "fhir_observations.ndjson")]
    two = site_of(second, [InputSettings(file, kind="records.fhir") for file in exported if (second / file).is_file()])
    before, after = held(one, ALL), held(two, ALL)
    assert sum(rows.height for rows in before.values()) > 30
    # heedful's own proposals come back as what they are: a draft of a plan
    draft = (
        (pl.col("type") == "CarePlan") & (pl.col("status") == "draft") & ~pl.col("resource").is_in(before["records"]["resource"].to_list())
    )
    after["records"] = after["records"].filter(~draft)
    for table, rows in before.items():
        assert rows.equals(after[table]), table


def written(source: Path, folder: Path) -> list[str]:
    """The set's documents in `folder`, YAML as JSON; those that are no JSON, which the reader refuses, are left out."""
    names = []
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.name in NO_FHIR or path.suffix == ".tmp":
            continue
        if path.suffix == ".yml":
            yaml = pytest.importorskip("yaml", reason="US Core's examples are YAML, and no YAML reader is installed")
            target = folder / f"{path.stem}.json"
            target.write_bytes(orjson.dumps(yaml.safe_load(path.read_text())))
        else:
            target = folder / path.name
            target.write_bytes(path.read_bytes())
        try:
            list(SOURCES.get("records.fhir").read(target, Options("test"), NOW))
        except SourceError:
            continue
        names.append(target.name)
    return names


def test_dispensings_keep_supply_dose_and_amount(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "claims.csv").write_text(
        "PATIENT_ID,DATE,PERDAY,ATC.CODE,DURATION,QUANTITY\nme,2026-01-01,2,A10BA02,30,60\nme,2026-02-03,2,A10BA02,30,60\n", "utf-8"
    )
    one = site_of(tmp_path / "first", [InputSettings("claims.csv")])
    (person,) = one.people()
    export_person(one, person, tmp_path / "second" / "export")
    two = site_of(tmp_path / "second", [InputSettings("export/fhir_bundle.json", kind="records.fhir")])
    assert held(one)["dispensings"].height == 2
    assert held(one)["dispensings"].equals(held(two)["dispensings"])


def test_what_watches_say_survives_with_its_words_and_how_it_came_about(tmp_path: Path) -> None:
    """Codes without LOINC, stages, kinds of workouts, the vendor's numbers, and JSON beside a number that is long enough for a telephone's."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    gpx = "".join(
        f'<trkpt lat="0" lon="0"><time>2026-03-10T10:0{n}:00.123456Z</time><extensions><x:hr xmlns:x="urn:x">{100 + n}</x:hr></extensions></trkpt>'
        for n in range(4)
    )
    track = f'<gpx version="1.1" creator="Watch" xmlns="http://www.topografix.com/GPX/1/1"><trk><type>running</type><trkseg>{gpx}</trkseg></trk></gpx>'
    (tmp_path / "first" / "run.gpx").write_text(track)
    night = {"startTime": "2026-03-09T23:00:00", "endTime": "2026-03-10T07:00:00", "duration": 28_800_000, "minutesAsleep": 400, "timeInBed": 480,
             "levels": {"data": [{"dateTime": "2026-03-09T23:00:00", "level": "deep", "seconds": 3_600}]}}  # fmt: skip
    (tmp_path / "first" / "night.json").write_bytes(orjson.dumps({"sleep": [night]}))
    skin = {"tempSkin": [{"dateTime": "2026-03-10", "value": {"nightlyRelative": -0.4}}]}
    (tmp_path / "first" / "skin.json").write_bytes(orjson.dumps(skin))
    lap = (
        '<Lap StartTime="2026-03-11T10:00:00Z"><TotalTimeSeconds>180</TotalTimeSeconds><DistanceMeters>1133.641</DistanceMeters>'
        "<Calories>91.4321234567</Calories><Track><Trackpoint><Time>2026-03-11T10:00:00Z</Time></Trackpoint></Track></Lap>"
    )
    space = 'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
    (tmp_path / "first" / "run.tcx").write_text(
        f'<TrainingCenterDatabase {space}><Activities><Activity Sport="Running">{lap}</Activity></Activities></TrainingCenterDatabase>'
    )
    files = ("run.gpx", "night.json", "skin.json", "run.tcx")
    one = site_of(tmp_path / "first", [InputSettings(name, subject="ana") for name in files])
    export_person(one, one.person("ana"), tmp_path / "second" / "export")
    two = site_of(tmp_path / "second", [InputSettings("export/fhir_observations.ndjson", kind="records.fhir")])
    rows = [held(site)["observations"] for site in (one, two)]
    assert {"workout", "heart_rate", "sleep_stage", "sleep_minutes", "time_in_bed", "skin_temperature"} <= set(rows[0]["code"])
    assert rows[0].sort(rows[0].columns).equals(rows[1].sort(rows[0].columns))
    assert held(two)["records"].is_empty()
    assert all(orjson.loads(text) for text in rows[0]["extra"].drop_nulls())


@pytest.mark.real
def test_all_that_phones_wrote_survives_with_its_devices(shared_data: Path, tmp_path: Path) -> None:
    """All real exports of Apple's Health app: types without a code of ours, equal values of two apps, several values at one time."""
    folder, rows = shared_data / "interop/apple_health", 0
    names = ("hkimport_export.xml.gz", "alxdrcirilo_export.zip", "dogsheep_export.xml", "grll_export.xml", "tdda_export6s3sample.xml")
    for number, name in enumerate(names):
        first, second = tmp_path / f"first{number}", tmp_path / f"second{number}"
        first.mkdir()
        (first / name).write_bytes((folder / name).read_bytes())
        one = site_of(first, [InputSettings(name)])
        (person,) = one.people()
        export_person(one, person, second / "export")
        two = site_of(second, [InputSettings("export/fhir_observations.ndjson", kind="records.fhir")])
        before, after = held(one)["observations"], held(two)["observations"]
        rows += before.height
        assert before.equals(after), name
        assert held(two)["records"].is_empty(), name
    assert rows > 10_000


@pytest.mark.real
@pytest.mark.parametrize("name", ["omop", "pharmgx"])
def test_records_of_other_models_leave_as_fhir_and_come_back(shared_data: Path, tmp_path: Path, name: str) -> None:
    """What OMOP's columns and PharmCAT's answers say; a bundle never holds what is no FHIR resource."""
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    folder = shared_data / "interop" / name
    paths = [folder] if name == "omop" else sorted(folder.glob("*.json.gz"))
    one = site_of(first, [InputSettings(str(path), subject="" if name == "omop" else "ana") for path in paths])
    people = sorted(set(one.lake.read(Records)["person"]))[:3]
    for number, person in enumerate(people):
        export_person(one, person, second / f"e{number}")
    bundles = sorted(second.glob("e*/fhir_bundle.json"))
    for bundle in bundles:
        assert all("resourceType" in entry["resource"] for entry in orjson.loads(bundle.read_bytes())["entry"])
    two = site_of(second, [InputSettings(str(path.relative_to(second)), kind="records.fhir") for path in bundles])
    unit = pl.when(pl.col("value").is_not_null()).then("unit").alias("unit")  # OMOP writes 'n/a' beside no value
    said = ["type", "day", "happened_at", "code", "system", "display", "value", "unit"]
    before = one.lake.read(Records).filter(pl.col("person").is_in(people)).with_columns(unit).select(said).sort(said)
    plans = pl.col("type").is_in(["CarePlan", "Goal"])
    after = two.lake.read(Records).filter(~plans).select(said).sort(said)
    assert before.height > 200
    assert before.equals(after)
