"""What a participant takes away as FHIR is read again to the same rows: Synthea's people, and dispensings with their doses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.schemas import Dispensings, Observations, People, Records, Schema
from heedful.loops.rights import export_person
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BASE: tuple[type[Schema], ...] = (People, Observations, Dispensings, Records)


def site_of(folder: Path, inputs: list[InputSettings]) -> Site:
    site = Site(Settings(input=inputs), folder / "site", FixedClock(NOW), own_files=True)
    run_site(site, site.inputs(inputs, folder))
    return site


def held(site: Site) -> dict[str, pl.DataFrame]:
    """All base rows without what is another site's to give: the pseudonym (also within a record), and the batch's instant."""
    found = {}
    for schema in BASE:
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
