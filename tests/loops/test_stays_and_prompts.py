"""From a file to what is derived: OMOP's visits as hospital stays, phones' prompts as compliance, a ring's tags as annotations."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.sources.phones.samples import esms

from heedful.core.clock import FixedClock
from heedful.core.labels import Care
from heedful.core.schemas import Adherence, Annotations, Features, Schema, Timeline
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def site_of(folder: Path, *inputs: InputSettings) -> Site:
    site = Site(Settings(input=list(inputs)), folder / "site", FixedClock(NOW), own_files=True)
    assert not run_site(site, site.inputs(inputs, folder)).refused
    return site


def derived(site: Site, schema: type[Schema]) -> pl.DataFrame:
    return site.view(schema, Care).data


@pytest.mark.real
def test_inpatient_visits_of_omop_leave_the_calendar_of_adherence(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "interop/omop"
    site = site_of(tmp_path, InputSettings(str(folder)))
    visits = list(csv.DictReader(gzip.decompress((folder / "VISIT_OCCURRENCE.csv.gz").read_bytes()).decode().splitlines()))
    inpatient = [row for row in visits if row["visit_concept_id"] == "9201"]
    told = derived(site, Timeline).filter(pl.col("text") == "In the record as encounter: Inpatient Visit.")
    assert sorted(told["day"].cast(pl.String)) == sorted(row["visit_start_date"] for row in inpatient)
    measures = derived(site, Adherence)
    outside = measures.filter(pl.col("measure") == "CMA7[outside_stays]")
    stayed = {site.person(row["person_id"]) for row in inpatient if row["visit_end_date"] > row["visit_start_date"]}
    assert set(outside["person"]) <= stayed
    assert outside.height > 10


@pytest.mark.real
def test_prompts_and_tags_are_derived_from(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "esms.csv").write_text("\n".join([*esms(), ""]))
    site = site_of(
        tmp_path,
        InputSettings("esms.csv", subject="ana", zone="Europe/Berlin"),
        InputSettings(str(shared_data / "interop/beiwe_aware_radar/beiwe")),
        InputSettings(str(shared_data / "interop/oura/enhanced_tag.json"), subject="ana"),
    )
    found = derived(site, Features).filter(pl.col("feature").str.starts_with("ema_compliance[")).sort("day")
    assert found.filter(pl.col("feature") == "ema_compliance[day]")["value"].to_list() == pytest.approx([200 / 3, 50, 50, 0])
    beiwe = found.filter(pl.col("person") == site.person("16au2moz"))
    assert beiwe.filter(pl.col("day").cast(pl.String) == "2022-03-14")["value"].to_list() == [50.0]  # three of six prompts
    annotations = derived(site, Annotations).select("person", pl.col("day").cast(pl.String), "kind", "source").rows()
    assert annotations == [(site.person("ana"), "2026-08-11", "alcohol", "answers")]
