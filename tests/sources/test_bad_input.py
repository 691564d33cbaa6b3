"""Each kind of bad input ends up refused or set aside with file, line and cure; the rest of the file is kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine, Records
from heedful.loops.settings import InputSettings, Settings, SiteSettings
from heedful.loops.site import Site
from heedful.loops.swapped_devices import swapped_devices

NOW = datetime(2026, 3, 29, tzinfo=UTC)
COLUMNS = ("person", "code", "start_at", "end_at", "value", "unit", "device")
MAPPED = {"table": "observations", "columns": {name: name for name in COLUMNS}}
GOOD = "ana,steps,2026-03-01T12:00:00Z,2026-03-01T12:01:00Z,90,{steps},watch"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    held = Site(Settings(SiteSettings()), tmp_path / "site", FixedClock(NOW), own_files=True)
    yield held
    held.close()


def read(site: Site, path: Path, kind: str = "", **settings: object) -> None:
    given = InputSettings(str(path), kind=kind, subject="ana", settings=dict(settings))
    with site.writing():
        for one in site._recognised(given, path):
            site.read(one)
        site.intake.derive()


def mapped(lines: list[str], path: Path) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return path


WRONG = {
    "a heart rate of 600": ("ana,heart_rate,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,600,/min,watch", "600.0 /min is outside"),
    "a year's steps in a minute": ("ana,steps,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,3650000,{steps},watch", "outside"),
    "a day's steps in a minute": ("ana,steps,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,9000,{steps},watch", "nobody steps so fast"),
    "a clock in 1970": ("ana,steps,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,9,{steps},watch", "the clock was not set"),
    "a clock in 2099": ("ana,steps,2099-01-01T00:00:00Z,2099-01-01T00:01:00Z,9,{steps},watch", "a wrong clock"),
    "a unit that is none": ("ana,body_weight,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,70,furlong,scale", "unit"),
    "a unit that is wrong": ("ana,body_weight,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,70000,kg,scale", "correct it or its unit"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_row_that_cannot_be_true_is_set_aside_and_the_rest_kept(site: Site, tmp_path: Path, what: str) -> None:
    line, says = WRONG[what]
    read(site, mapped([GOOD, line, GOOD.replace("12:0", "13:0")], tmp_path / "rows.csv"), "records.mapped", **MAPPED)
    aside = site.lake.read(Quarantine)
    assert aside.select("file", "line").rows() == [("rows.csv", 3)]
    assert says in aside["reason"][0]
    assert ";" in aside["reason"][0]  # a cure follows
    assert site.lake.read(Observations)["value"].to_list() == [90.0, 90.0]


def apple(record: str, path: Path) -> Path:
    path.write_text(f'<?xml version="1.0"?>\n<HealthData locale="en_US">\n{record}\n{APPLE.replace("@", "70")}\n</HealthData>\n')
    return path


APPLE = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" creationDate="2026-03-01 10:00:00 +0000" '
    'startDate="2026-03-01 10:00:00 +0000" endDate="2026-03-01 10:00:00 +0000" value="@"/>'
)


def test_the_same_of_an_apple_export(site: Site, tmp_path: Path) -> None:
    read(site, apple(APPLE.replace("@", "600"), tmp_path / "export.xml"))
    assert site.lake.read(Quarantine)["file"].to_list() == ["export.xml"]
    assert site.lake.read(Observations)["value"].to_list() == [70.0]


def test_a_file_uploaded_twice_counts_once(site: Site, tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        read(site, mapped([GOOD], tmp_path / name), "records.mapped", **MAPPED)
    assert site.lake.read(Observations).height == 1


def test_one_recording_under_two_names_is_found(site: Site, tmp_path: Path) -> None:
    def minutes(person: str) -> list[str]:
        return [f"{person},heart_rate,2026-03-01T10:{n:02}:00Z,2026-03-01T10:{n:02}:00Z,{60 + n % 13},/min,watch" for n in range(60)]

    read(site, mapped([*minutes("ana"), *minutes("bo"), *minutes("cy")[:40]], tmp_path / "rows.csv"), "records.mapped", **MAPPED)
    found = swapped_devices(site)
    names = sorted(site.participant_key.name(name) for name in ("ana", "bo"))
    assert found.select("person", "other", "finding").rows() == [(*names, "same_recording")]


HOSTILE = [
    ("xml/billion_laughs.xml", "apple_health"), ("xml/quadratic_blowup.xml", "apple_health"), ("xml/billion_laughs.xml", "wearables.gpx"),
    ("xml/quadratic_blowup.xml", "wearables.tcx"), ("xml/billion_laughs.xml", "answers.odk"), ("xml/external_entity.xml", "answers.odk"), ("xml/external_entity.xml", "wearables.gpx"), ("zip/truncated_export.zip", "apple_health"),
    ("xml/huge_attribute_11MB.xml.gz", "apple_health"), ("xml/apple_export_cut_mid_record.xml.gz", "apple_health"),
    *((f"zip/{name}.zip", kind) for name in ("ratio_bomb_200MB", "path_traversal", "symlink_member", "nested_bomb")
      for kind in ("apple_health", "wearables.fitbit_takeout", "wearables.google_fit", "wearables.fit", "phones.beiwe", "answers.odk",
                   "wearables.health_connect")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), HOSTILE)
def test_bombs_cut_files_and_paths_that_point_outside_are_refused(site: Site, shared_data: Path, name: str, kind: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(site, shared_data / "hostile" / name, kind)
    assert str(refused.value).count(". ") >= 1  # the cure is a sentence of its own


def test_localised_names_in_an_archive_are_read(site: Site, shared_data: Path) -> None:
    read(site, shared_data / "hostile/zip/localised_member_names.zip")
    assert site.lake.read(Observations).height > 200


def test_a_folder_with_three_platforms_is_read_by_each(site: Site, shared_data: Path) -> None:
    folder = shared_data / "interop/beiwe_aware_radar"
    found = {one.source.card.name for one in site._recognised(InputSettings(str(folder), subject="ana"), folder)}
    assert found == {"phones.aware", "phones.beiwe", "phones.radar"}


def test_what_a_clinical_record_cannot_mean_stays_in_the_record(site: Site, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(
        '{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/ana"},"effectiveDateTime":"2026-03-01T10:00:00Z",'
        '"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"valueQuantity":{"value":600,"unit":"/min",'
        '"system":"http://unitsofmeasure.org","code":"/min"}}'
    )
    read(site, tmp_path / "one.json", "records.fhir")
    assert site.lake.read(Observations).is_empty()
    assert site.lake.read(Records).height == 1


def fitbit_day(day: int) -> str:
    return json.dumps([{"dateTime": f"06/{day}/23 08:{n:02}:00", "value": {"bpm": 60 + n, "confidence": 2}} for n in range(40)])


def test_one_cut_file_of_a_takeout_is_set_aside_and_the_others_are_read(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "Takeout" / "Fitbit" / "Global Export Data"
    folder.mkdir(parents=True)
    (folder / "heart_rate-2023-06-23.json").write_text(fitbit_day(23)[:900])
    (folder / "heart_rate-2023-06-24.json").write_text(fitbit_day(24))
    read(site, tmp_path / "Takeout")
    aside = site.lake.read(Quarantine)
    assert aside["file"].to_list() == ["heart_rate-2023-06-23.json"]
    assert "not complete JSON" in aside["reason"][0]
    assert "Export or copy the file again" in aside["reason"][0]
    whole = fitbit_day(23)[:900].count("}}")
    assert f"behind {whole} whole records" in aside["reason"][0]
    assert site.lake.read(Observations).height == 40 + whole


def test_one_cut_file_of_a_fitabase_folder_is_set_aside_from_there_on(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "fitabase"
    folder.mkdir()
    many = "\n".join(["Id,ActivityMinute,Steps", *(f"1,4/12/2016 2:{n % 60:02}:00 PM,{n % 60}" for n in range(60)), ""])
    whole = gzip.compress(many.encode(), mtime=0)
    (folder / "minuteStepsNarrow_merged.csv.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "heartrate_seconds_merged.csv").write_text("Id,Time,Value\n1,4/12/2016 7:21:00 AM,97\n1,4/12/2016 7:21:05 AM,102\n")
    read(site, folder)
    assert site.lake.read(Quarantine)["file"].to_list() == ["minuteStepsNarrow_merged.csv.gz"]
    assert site.lake.read(Observations).filter(code="heart_rate")["value"].sort().to_list() == [97.0, 102.0]


def test_a_line_that_is_cut_names_its_cure(site: Site, tmp_path: Path) -> None:
    read(site, mapped([GOOD, GOOD.replace("12:0", "13:0"), "ana,steps,2026-03-01T14:0"], tmp_path / "rows.csv"), "records.mapped", **MAPPED)
    assert site.lake.read(Quarantine).select("line", "reason").rows() == [
        (4, "3 fields where the header has 7; correct or remove the line")
    ]
    assert site.lake.read(Observations).height == 2


XML_BOMBS = ("xml/billion_laughs.xml", "xml/quadratic_blowup.xml", "xml/external_entity.xml", "xml/deep_nesting_100000.xml.gz")


@pytest.mark.parametrize("name", XML_BOMBS)
def test_the_projects_xml_of_redcap_can_be_no_bomb(site: Site, shared_data: Path, tmp_path: Path, name: str) -> None:
    """The hostile documents under REDCap's own root, so that its reader takes them up."""
    with pytest.raises(SourceError):
        read(site, shared_data / "hostile" / name, "answers.redcap")
    bomb = tmp_path / "project.xml"
    bomb.write_text(
        '<?xml version="1.0"?><!DOCTYPE ODM [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "/etc/passwd">]>'
        '<ODM xmlns:redcap="https://projectredcap.org"><Study><MetaDataVersion><ItemDef OID="id" redcap:Variable="id" redcap:FieldType="text">'
        "&b;&c;</ItemDef></MetaDataVersion></Study></ODM>"
    )
    with pytest.raises(SourceError) as refused:
        read(site, bomb)
    assert "root:" not in str(refused.value)


def test_pounds_under_the_name_of_grams_and_fahrenheit_under_that_of_celsius(site: Site, tmp_path: Path) -> None:
    rows = [
        "ana,body_weight,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,154,g,scale",
        "ana,body_temperature,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,98.6,Cel,thermometer",
        "ana,glucose,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z,5.5,mg/dL,sensor",
        GOOD,
    ]
    read(site, mapped(rows, tmp_path / "rows.csv"), "records.mapped", **MAPPED)
    assert site.lake.read(Quarantine)["line"].sort().to_list() == [2, 3, 4]
    assert site.lake.read(Observations).height == 1
