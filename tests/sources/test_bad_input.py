"""Each kind of bad input ends up refused or set aside with file, line and cure; the rest of the file is kept."""

from __future__ import annotations

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
    ("xml/quadratic_blowup.xml", "wearables.tcx"), ("xml/billion_laughs.xml", "answers.odk"), ("zip/truncated_export.zip", "apple_health"),
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
