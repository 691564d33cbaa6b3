"""Against the tables of OHDSI's simulated database, read by csv alone."""

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

from heedful.behavior.adherence.stays import hospital_days
from heedful.core.errors import SettingsError, SourceError
from heedful.person.fhir_export import record_resource
from heedful.sources.base import SOURCES

SOURCE = "records.omop"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    data = (folder / name).read_bytes()
    return list(csv.DictReader(io.StringIO((gzip.decompress(data) if name.endswith(".gz") else data).decode())))


@pytest.fixture
def cdm(shared_data: Path) -> Path:
    return shared_data / "interop/omop"


@pytest.mark.real
def test_every_row_is_there_once(cdm: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, cdm)
    measured, drugs = rows(cdm, "MEASUREMENT.csv.gz"), rows(cdm, "DRUG_EXPOSURE.csv.gz")
    packed = ("CONDITION_OCCURRENCE", "PROCEDURE_OCCURRENCE", "OBSERVATION", "VISIT_OCCURRENCE")
    plain = ("DEVICE_EXPOSURE", "DEATH", "OBSERVATION_PERIOD", "PAYER_PLAN_PERIOD", "SPECIMEN", "EPISODE")
    others = [*(rows(cdm, f"{name}.csv.gz") for name in packed), *(rows(cdm, f"{name}.csv") for name in plain)]
    assert found["people"].height == 28
    assert found["dispensings"].height == len(drugs)  # all are pharmacy claims
    assert found["observations"].height + found["records"].height == len(measured) + sum(map(len, others))
    assert found["quarantine"].is_empty()
    assert not found["records"].select("person", "resource").is_duplicated().any()
    assert len(found.aside) == 24
    assert "table not read: visit_detail" in found.aside


@pytest.mark.real
def test_visits_are_encounters_of_a_class_and_deaths_are_told(cdm: Path, read: Callable[..., Any]) -> None:
    records = read(SOURCE, cdm, zone="Europe/Berlin")["records"]
    visits = rows(cdm, "VISIT_OCCURRENCE.csv.gz")
    ours = records.filter(pl.col("type") == "Encounter").with_columns(
        by_class=pl.col("json").str.json_path_match("$.class.code"), end=pl.col("json").str.json_path_match("$.period.end")
    )
    names = {"9201": "IMP", "9202": "AMB", "9203": "EMER"}
    expected = Counter((row["person_id"], names[row["visit_concept_id"]], row["visit_start_date"], row["visit_end_date"]) for row in visits)
    assert Counter(ours.select("person", "by_class", pl.col("day").cast(pl.String), "end").rows()) == expected
    assert set(ours["display"]) == {"Inpatient Visit", "Outpatient Visit", "Emergency Room Visit"}
    words = "\n".join(records["json"])
    assert not any(row["visit_source_value"] in words or row["visit_source_value"] in set(records["code"]) for row in visits)
    dead = records.filter(pl.col("resource") == "death/1").select("person", "display", pl.col("day").cast(pl.String)).rows()
    assert sorted(dead) == sorted((row["person_id"], "Death", row["death_date"]) for row in rows(cdm, "DEATH.csv"))


@pytest.mark.real
def test_measurements_by_loinc(cdm: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, cdm, zone="America/New_York")["observations"]
    codes = {row["concept_id"]: row["concept_code"] for row in rows(cdm, "CONCEPT.csv.gz")}
    measured = rows(cdm, "MEASUREMENT.csv.gz")
    for loinc, name in {
        "29463-7": "body_weight",
        "8302-2": "body_height",
        "8480-6": "systolic_blood_pressure",
        "8867-4": "heart_rate",
    }.items():
        expected = [
            (row["person_id"], row["measurement_date"], float(row["value_as_number"]))
            for row in measured
            if codes.get(row["measurement_concept_id"]) == loinc
        ]
        ours = found.filter(pl.col("code") == name).select("person", pl.col("day").cast(pl.String), "value").rows()
        assert Counter(ours) == Counter(expected), name
    assert set(found["extra"]) == {'{"precision":"day"}'}  # all times are midnight


@pytest.mark.real
def test_drugs_people_and_conditions(cdm: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, cdm)
    drugs = rows(cdm, "DRUG_EXPOSURE.csv.gz")
    assert found["dispensings"]["days_supplied"].sum() == sum(float(row["days_supply"]) for row in drugs)
    assert found["dispensings"]["days_supplied"].null_count() == sum(row["days_supply"] == "0" for row in drugs)
    assert set(found["dispensings"]["drug_system"]) == {"RxNorm"}
    men = sum(row["gender_concept_id"] == "8507" for row in rows(cdm, "PERSON.csv.gz"))
    assert found["people"].filter(pl.col("sex") == "male").height == men > 0
    conditions = found["records"].filter(pl.col("type") == "Condition")
    expected = Counter(row["condition_source_value"] for row in rows(cdm, "CONDITION_OCCURRENCE.csv.gz"))
    assert Counter(conditions["code"].to_list()) == expected  # Synthea writes SNOMED CT itself
    ended = sum(bool(row["condition_end_date"]) for row in rows(cdm, "CONDITION_OCCURRENCE.csv.gz"))
    assert conditions["ended_at"].count() == ended


@pytest.mark.real
def test_nothing_that_leads_to_people_is_kept(cdm: Path, read: Callable[..., Any]) -> None:
    words = "\n".join(read(SOURCE, cdm)["records"]["json"])
    for row in rows(cdm, "PERSON.csv.gz"):
        assert row["person_source_value"] not in words
    for name in ("provider_id", "sig", "value_as_string", "value_source_value", "person_id"):
        assert f'"{name}"' not in words


@pytest.mark.real
def test_without_concepts_the_codes_are_local(cdm: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    for name in ("PERSON.csv.gz", "CONDITION_OCCURRENCE.csv.gz"):
        shutil.copyfile(cdm / name, tmp_path / name)
    records = read(SOURCE, tmp_path)["records"]
    assert set(records["system"]) == {"local"}
    assert set(records["code"]) == {row["condition_source_value"] for row in rows(cdm, "CONDITION_OCCURRENCE.csv.gz")}


def table(path: Path, *lines: str) -> None:
    path.write_text("\n".join([*lines, ""]))


def test_units_are_converted_and_prescriptions_are_no_dispensings(tmp_path: Path, read: Callable[..., Any]) -> None:
    table(tmp_path / "person.csv", "PERSON_ID,GENDER_CONCEPT_ID", "1,8507")
    table(
        tmp_path / "concept.csv",
        "concept_id\tconcept_code\tvocabulary_id\tconcept_name",
        "5\t29463-7\tLOINC\tWeight",
        "6\t308182\tRxNorm\tDrug",
    )
    head = "MEASUREMENT_ID,PERSON_ID,MEASUREMENT_CONCEPT_ID,MEASUREMENT_DATE,MEASUREMENT_DATETIME,VALUE_AS_NUMBER,UNIT_SOURCE_VALUE"
    table(
        tmp_path / "measurement.csv",
        head,
        "1,1,5,2024-03-10,2024-03-10 09:30:00,100,lbs",
        "2,1,5,2024-03-11,,100,stone",
        "3,1,5,2024-03-12,,,",
    )
    head = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_type_concept_id,days_supply"
    table(tmp_path / "drug_exposure.csv", head, "1,1,6,2024-03-10,32838,30", "2,1,6,2024-03-10,32869,30")
    found = read(SOURCE, tmp_path, zone="America/Chicago")
    (weight,) = found["observations"].rows(named=True)
    assert weight["value"] == pytest.approx(45.359237)
    assert (weight["start_at"], weight["extra"]) == (datetime(2024, 3, 10, 14, 30, tzinfo=UTC), None)
    assert found["records"].select("resource", "type").rows() == [
        ("measurement/2", "Observation"), ("measurement/3", "Observation"), ("drug_exposure/1", "MedicationStatement"),
    ]  # fmt: skip
    assert json.loads(found["records"]["json"][2])["days_supply"] == "30"
    assert found["dispensings"].height == 1


def test_a_stay_of_a_visit_is_known_by_local_days_wherever_it_was(tmp_path: Path, read: Callable[..., Any]) -> None:
    table(tmp_path / "person.csv", "person_id,gender_concept_id", "1,8507")
    head = "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime"
    visits = [
        "1,1,9201,2024-03-10,2024-03-10 00:00:00,2024-03-13,2024-03-13 00:00:00",
        "2,1,9202,2024-04-10,,2024-04-12,",
        "3,1,262,2024-05-01,,,",
    ]
    table(tmp_path / "visit_occurrence.csv", head, *visits)
    for zone in ("Pacific/Auckland", "UTC", "America/New_York"):
        records = read(SOURCE, tmp_path, zone=zone)["records"].with_columns(person=pl.lit("p"))
        assert [str(day) for day in hospital_days(records)["day"]] == ["2024-03-10", "2024-03-11", "2024-03-12"]
        (stay,) = (record_resource(row) for row in records.filter(resource="visit_occurrence/1").rows(named=True))
        assert (stay["class"], stay["period"]) == ({"code": "IMP"}, {"start": "2024-03-10", "end": "2024-03-13"})


def test_a_specimen_s_label_at_its_laboratory_is_not_kept(tmp_path: Path, read: Callable[..., Any]) -> None:
    table(tmp_path / "person.csv", "person_id,gender_concept_id", "1,8507")
    head = "specimen_id,person_id,specimen_concept_id,specimen_date,specimen_source_id,anatomic_site_concept_id"
    table(tmp_path / "specimen.csv", head, "1,1,4002890,2024-03-10,LAB-77,4")
    (found,) = read(SOURCE, tmp_path)["records"]["json"]
    assert "LAB-77" not in found
    assert '"anatomic_site_concept_id":"4"' in found


def test_what_is_no_such_database(tmp_path: Path, read: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match="no folder with a table PERSON"):
        read(SOURCE, tmp_path)
    table(tmp_path / "PERSON.csv", "person_id,gender_concept_id", "1,8507")
    table(tmp_path / "MEASUREMENT.csv", "measurement_id,person_id", "1,1")
    with pytest.raises(SourceError, match="lacks the columns"):
        read(SOURCE, tmp_path)
    with pytest.raises(SettingsError):
        read(SOURCE, tmp_path, colour=1)
    assert SOURCES.get(SOURCE).recognise(tmp_path / "PERSON.csv", b"") == 0.0
