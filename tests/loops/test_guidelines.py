"""Guidelines of a site: added, applied at the next run, listed, taken back; HL7's example orders and refused documents."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import SettingsError
from heedful.core.labels import Care
from heedful.core.schemas import Plans
from heedful.loops.guidelines import add_guideline, list_guidelines, remove_guideline
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
GUIDELINE = {
    "resourceType": "PlanDefinition", "id": "refill", "title": "Refill early",
    "action": [{"title": "Talk about refills", "condition": [{"kind": "applicability", "expression": {
        "language": "text/fhirpath", "description": "less than 80 % of days were covered",
        "expression": "%record.where(code.coding.exists(system = 'urn:heedful:adherence')).valueQuantity.value.first() < 0.8"}}]}],
}  # fmt: skip


def site_of(folder: Path) -> Site:
    (folder / "dispensing.csv").write_text(
        "PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION\n" + "".join(f"p1,2025-{month:02}-01,1,medA,15\n" for month in range(1, 12)), "utf-8"
    )
    inputs = [InputSettings("dispensing.csv")]
    site = Site(Settings(input=inputs), folder / "site", FixedClock(NOW))
    site.record_consents(pl.DataFrame({"person": ["p1"], "purpose": ["care"]}), "test")
    run_site(site, site.inputs(inputs, folder))
    return site


def titles(folder: Path) -> list[str]:
    """After a run by a new process, as the next `heedful run` would be."""
    site = Site(Settings(), folder / "site", FixedClock(NOW))
    run_site(site, [])
    found = site.view(Plans, Care).data
    site.close()
    return found.filter(pl.col("item").str.starts_with("guideline"))["title"].to_list()


def test_a_guideline_is_applied_at_the_next_run_and_goes_when_it_is_removed(tmp_path: Path) -> None:
    site_of(tmp_path).close()
    file = tmp_path / "refill.json"
    file.write_text(json.dumps(GUIDELINE), "utf-8")
    assert titles(tmp_path) == []
    assert add_guideline(tmp_path / "site", file) == ["refill"]
    assert titles(tmp_path) == ["Talk about refills"]
    assert [row["title"] for row in list_guidelines(tmp_path / "site")] == ["Refill early"]
    remove_guideline(tmp_path / "site", "refill")
    assert titles(tmp_path) == []


def test_the_same_plan_is_not_taken_twice_and_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "refill.json"
    file.write_text(json.dumps(GUIDELINE), "utf-8")
    add_guideline(tmp_path, file)
    with pytest.raises(SettingsError, match="a plan named refill is there already"):
        add_guideline(tmp_path, file, "again")
    (tmp_path / "broken.json").write_text("{", "utf-8")
    with pytest.raises(SettingsError, match=r"broken\.json: it cannot be read as JSON"):
        add_guideline(tmp_path, tmp_path / "broken.json")


def test_hl7_examples_are_taken_or_refused_with_a_reason(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "interop" / "fhir_r4_examples").glob("PlanDefinition-*.json"))
    refused = {}
    for file in files:
        with suppress(SettingsError):
            add_guideline(tmp_path, file)
            continue
        with pytest.raises(SettingsError) as told:
            add_guideline(tmp_path, file)
        refused[file.name] = str(told.value)
    assert all(name in why for name, why in refused.items())
    assert len(list_guidelines(tmp_path)) + len(refused) == len(files)
    assert list_guidelines(tmp_path)
