"""From a report and a dispensing table to notes in the plan: only for what is taken, with guideline, version and day; under consent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.labels import Care
from heedful.core.schemas import Plans
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


def notes(folder: Path, shared: Path, drug: str, consent: bool = True) -> pl.DataFrame:
    (folder / "dispensing.csv").write_text(f"PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION\nme,2026-01-01,1,{drug},30\n", "utf-8")
    report = folder / "report.json.gz"
    report.write_bytes((shared / "interop/pharmgx/pharmcat.example.report.json.gz").read_bytes())
    inputs = [InputSettings("dispensing.csv"), InputSettings("report.json.gz", kind="records.pharmcat", subject="me")]
    site = Site(Settings(input=inputs), folder / "site", FixedClock(NOW))
    if consent:
        site.record_consents(pl.DataFrame({"person": ["me"], "purpose": ["care"]}), "test")
    run_site(site, site.inputs(inputs, folder))
    found = site.view(Plans, Care).data.filter(pl.col("item").str.starts_with("pharmacogenomics"))
    site.close()
    return found


def test_a_drug_that_is_taken_is_looked_at_and_no_other(shared_data: Path, tmp_path: Path) -> None:
    found = notes(tmp_path, shared_data, "Clopidogrel 75 MG")
    assert set(found["title"]) == {"Look at clopidogrel against the person's genes"}
    row = found.filter(pl.col("evidence").str.contains("CPIC")).row(0, named=True)
    assert row["reason"].startswith(
        "CYP2C19 *38/*38 (Normal Metabolizer), report of 2025-11-14. The guideline says: If considering clopidogrel"
    )
    assert "version 2025-11-05, Strong" in row["evidence"]
    assert row["given_by"] is None


def test_part_of_another_name_is_no_name(shared_data: Path, tmp_path: Path) -> None:
    assert notes(tmp_path, shared_data, "Clopidogrelol").is_empty()


def test_without_consent_there_is_no_note(shared_data: Path, tmp_path: Path) -> None:
    assert notes(tmp_path, shared_data, "clopidogrel", consent=False).is_empty()
