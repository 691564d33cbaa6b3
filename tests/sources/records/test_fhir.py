"""FHIR: HL7's examples, Synthea, bulk ndjson, US Core and validator cases, and what must never leave."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.sources.samples import observation, patient, reference

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import SOURCES

Read = Callable[..., Any]
FHIR = "records.fhir"


@pytest.fixture
def one(tmp_path: Path, read: Read) -> Callable[..., Any]:
    """Reads resources as a bundle; each may come with its full URL."""

    def bundle(*resources: Any, **options: Any) -> Any:
        path = tmp_path / "bundle.json"
        entries = [item if isinstance(item, dict) and "resource" in item else {"resource": item} for item in resources]
        path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
        return read(FHIR, path, **options)

    return bundle


def documents(folder: Path, pattern: str) -> Iterator[tuple[Path, Any]]:
    for path in sorted(folder.rglob(pattern)):
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        if "ndjson" in path.name:
            yield path, [json.loads(line) for line in data.splitlines()]
        else:
            yield path, json.loads(data)


def secrets(resource: Any) -> Iterator[str]:
    """Names, numbers, phone numbers and streets of the people in a resource."""
    if resource.get("resourceType") not in ("Patient", "Practitioner", "RelatedPerson"):
        return
    for name in resource.get("name", []):
        yield from (name.get("family", ""), *name.get("given", []))
    yield from (item.get("value", "") for item in (*resource.get("identifier", []), *resource.get("telecom", [])))
    for address in resource.get("address", []):
        yield from (*address.get("line", []), address.get("city", ""), address.get("postalCode", ""))


# --- real files -------------------------------------------------------------------------------------------------------


@pytest.mark.real
def test_synthea_bundles(shared_data: Path, read: Read) -> None:
    """Rows equal a plain count over the files; nothing of a name, number or address is in any of them."""
    core = {"8302-2": 1, "29463-7": 1, "85354-9": 2, "8867-4": 1, "9279-1": 1, "39156-5": 1, "2339-0": 1, "8310-5": 1}
    kept = {"Condition", "Procedure", "MedicationRequest", "DiagnosticReport", "Immunization", "Encounter", "CarePlan",
            "CareTeam", "Claim", "ExplanationOfBenefit"}  # fmt: skip
    expected: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for path, bundle in documents(shared_data / "interop/synthea", "*.json.gz"):
        resources = [entry["resource"] for entry in bundle["entry"]]
        for resource in resources:
            code = resource["code"]["coding"][0]["code"] if resource["resourceType"] == "Observation" else ""
            expected["observations"] += core.get(code, 0)
            expected["records"] += resource["resourceType"] in kept or (code != "" and code not in core)
        got = read(FHIR, path)
        found.update({table: got[table].height for table in ("people", "observations", "records", "quarantine")})
        assert got.records == sum(got[table].height for table in ("people", "observations", "records")) + got.skipped.total()
        # Their ids stand among the identifiers too; the one of the patient is what the door turns into a pseudonym.
        private = {text for resource in resources for text in secrets(resource) if len(text) > 3} - {got["people"]["person"][0]}
        assert len(private) > 10
        everything = " ".join(got["records"]["json"]) + " ".join(map(str, got["people"].rows()))
        ids = {resource["id"] for resource in resources}
        assert [text for text in private - ids if text in everything] == []
    assert found == {"people": 4, "quarantine": 0, **expected}
    assert found["observations"] == 139


@pytest.mark.real
def test_bulk_ndjson(shared_data: Path, read: Read) -> None:
    folder = shared_data / "interop/fhir_bulk_ndjson"
    counts = {path.name.split(".")[0]: read(FHIR, path) for path in sorted(folder.glob("*.ndjson*")) if path.name != "log.ndjson"}
    assert {name: got["records"].height for name, got in counts.items() if got["records"].height} == {
        "AllergyIntolerance": 11, "Condition": 555, "Encounter": 400, "Immunization": 161, "MedicationRequest": 400, "Procedure": 400,
        "Device": 16, "DocumentReference": 400,
    }  # fmt: skip
    people = counts["Patient"]["people"]
    assert people.height == 13
    assert set(people["place"]) == {"US/KS"}
    assert not any(got["quarantine"].height for got in counts.values())
    assert counts["Location"].skipped == {"FHIR type Location is not read": 44}
    assert set(counts["MedicationRequest"]["records"]["system"]) == {"RxNorm"}
    assert set(counts["Condition"]["records"]["system"]) == {"SNOMED CT"}
    log = read(FHIR, folder / "log.ndjson")
    assert log["quarantine"].height == 4
    assert SOURCES.get(FHIR).recognise(folder / "log.ndjson", (folder / "log.ndjson").read_bytes()) == 0.0


@pytest.mark.real
def test_hl7_examples(shared_data: Path, read: Read) -> None:
    """All 304 are read; the six that are set aside name no patient, and no other does."""
    folder = shared_data / "interop/fhir_r4_examples"
    readings = {path.stem: read(FHIR, path) for path in sorted(folder.glob("*.json"))}
    assert len(readings) == 304
    aside = {name for name, got in readings.items() if got["quarantine"].height}
    assert aside == {
        "Observation-decimal", "Observation-vp-oyster", "RiskAssessment-population", "ServiceRequest-appendectomy-narrative",
        "ServiceRequest-education", "ServiceRequest-ob",
    }  # fmt: skip
    weight = readings["Observation-example"]["observations"].row(0, named=True)
    assert (weight["code"], weight["unit"], weight["day"]) == ("body_weight", "kg", date(2016, 3, 28))
    assert weight["value"] == pytest.approx(185 * 0.45359237)
    pressure = readings["Observation-blood-pressure"]["observations"]
    assert dict(zip(pressure["code"], pressure["value"], strict=True)) == {"systolic_blood_pressure": 107, "diastolic_blood_pressure": 60}
    newborn = {readings[f"Observation-{minute}minute-apgar-score"]["records"]["person"].item() for minute in (1, 2, 5, 20)}
    assert len(newborn) == 1  # a patient who is only contained is the same one in every resource that says the same of them
    undated = readings["MedicationDispense-meddisp008"]
    assert (undated["dispensings"].height, undated["records"]["type"].to_list()) == (0, ["MedicationDispense"])
    consent = readings["Consent-consent-example-notAuthor"]["records"].row(0, named=True)
    assert consent["type"] == "Consent"
    assert json.loads(consent["json"])["provision"]["actor"][0]["reference"] == {"reference": "Organization/f001"}
    names = ("Donald", "Duck", "Chalmers", "Windsor", "Heuvel", "van de")
    for name, got in readings.items():
        for text in got["records"]["json"]:
            shown = {key: value for key, value in json.loads(text).items() if key not in ("description", "conclusion", "title")}
            assert not any(word in json.dumps(shown) for word in names), name


@pytest.mark.real
def test_hl7_examples_are_read_again_from_what_was_kept(shared_data: Path, tmp_path: Path, read: Read) -> None:
    """What is kept of a record, read as a file, is the same record: nothing more is lost by a second reading."""
    seen = 0
    for path in sorted((shared_data / "interop/fhir_r4_examples").glob("*.json")):
        for row in read(FHIR, path)["records"].iter_rows(named=True):
            again = tmp_path / "again.json"
            again.write_text(row["json"], "utf-8")
            found = read(FHIR, again, subject=row["person"])["records"]
            assert found.height == 1, path.name
            second = found.row(0, named=True)
            # A drug or person that only another resource of the file names is not there the second time.
            same = set(row) - ({"code", "system", "display"} if "Reference" in row["json"] else set())
            assert {name: row[name] for name in same} == {name: second[name] for name in same}, path.name
            seen += 1
    assert seen > 100


@pytest.mark.real
def test_us_core(shared_data: Path, tmp_path: Path, read: Read) -> None:
    yaml = pytest.importorskip("yaml", reason="US Core's examples are YAML, and no YAML reader is installed")
    found: Counter[str] = Counter()
    for path in sorted((shared_data / "interop/us_core").glob("*.yml")):
        target = tmp_path / f"{path.stem}.json"
        target.write_bytes(orjson.dumps(yaml.safe_load(path.read_text())))
        got = read(FHIR, target)
        for table in ("people", "observations", "answers", "records", "dispensings", "quarantine"):
            found[table] += got[table].height
        if path.stem == "QuestionnaireResponse-phq-9-example":
            items = {name: got["answers"].filter(item=name)["value"].item() for name in (f"phq9_{n}" for n in range(1, 10))}
            assert sum(items.values()) == got["answers"].filter(item="44261-6")["value"].item() == 12
    assert found["quarantine"] == 0
    assert found["observations"] == 9
    assert found["dispensings"] == 1


@pytest.mark.real
def test_validator_cases_are_survived(shared_data: Path, read: Read) -> None:
    """What is no JSON is refused; every other file is read, and each of its resources is a row, set aside or counted."""
    folder, refused = shared_data / "interop/fhir_validation", set()
    for path in sorted(folder.rglob("*.json")):
        try:
            got = read(FHIR, path)
        except SourceError:
            refused.add(path.name)
            continue
        rows = sum(got[table].height for table in ("people", "observations", "answers", "records", "dispensings", "quarantine"))
        assert rows + got.skipped.total() == got.records > 0, path.name
    assert refused == {
        "json-comma-bad-1.json", "json-comma-bad-2.json", "json-comments-1.json", "json-comments-2.json", "json-no-quotes-1.json",
        "json-no-quotes-2.json", "json-prop-key.json", "manifest.json",
    }  # fmt: skip


# --- what becomes of a resource ---------------------------------------------------------------------------------------


def test_a_patient_leaves_year_sex_place_and_language(one: Read) -> None:
    row = one(patient(1))["people"].row(0, named=True)
    assert {name: row[name] for name in ("person", "birth_year", "sex", "place", "language", "zone", "extra")} == {
        "person": "p1", "birth_year": 1970, "sex": "female", "place": "US/MA", "language": "en-US", "zone": None, "extra": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "code", "expected"),
    [
        ((98.6, "[degF]"), "8310-5", 37.0),
        ((5.5, "mmol/L"), "15074-8", 99.0858),
        ((70, "in"), "8302-2", 177.8),
        ((72, "{beats}/min"), "8867-4", 72),
        ((0.97, "1"), "59408-5", 97),
    ],
)
def test_units_become_those_of_our_codes(one: Read, written: tuple[float, str], code: str, expected: float) -> None:
    coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
    got = one(observation(1, 1, *written, code=coding))
    assert got["observations"]["value"].to_list() == [pytest.approx(expected)]
    assert not got["records"].height


@pytest.mark.parametrize(
    "changed",
    [
        {"valueQuantity": {"value": 5, "comparator": "<", "unit": "kg", "code": "kg"}},
        {"valueQuantity": {"value": 5, "unit": "stone"}},
        {"effectiveDateTime": "2024-02"},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}},
    ],
    ids=["a bound", "an unknown unit", "a month", "another code"],
)
def test_what_is_no_plain_measurement_stays_a_record(one: Read, changed: dict[str, Any]) -> None:
    got = one(observation(1, 1, 5.0, **changed))
    assert not got["observations"].height
    assert got["records"]["type"].to_list() == ["Observation"]


def test_a_blood_pressure_with_a_part_of_its_own_is_kept_whole_beside_its_parts(one: Read) -> None:
    def part(code: str, value: float, unit: str) -> dict[str, Any]:
        coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
        return {"code": coding, "valueQuantity": {"value": value, "unit": unit, "code": unit}}

    parts = [part("8480-6", 16, "kPa"), part("8462-4", 80, "mm[Hg]"), part("8478-0", 93, "mm[Hg]")]
    resource = {name: value for name, value in observation(1, 1, 0.0, component=parts).items() if name != "valueQuantity"}
    got = one(resource)
    assert got["observations"]["value"].to_list() == [pytest.approx(120.01, rel=1e-5), 80]
    assert got["records"].height == 1
    assert got.records == 3


def test_days_and_offsets(one: Read) -> None:
    """A written offset stays; Z and days alone are of the input's zone; the day is the local one."""
    times = ["2024-02-01T23:30:00-05:00", "2024-02-01T23:30:00Z", "2024-07-01"]
    got = one(*(observation(1, 1, 70.0 + n, "kg", effectiveDateTime=text) for n, text in enumerate(times)), zone="Europe/Berlin")
    rows = got["observations"]
    assert rows["offset_minutes"].to_list() == [-300, 60, 120]
    assert rows["day"].to_list() == [date(2024, 2, 1), date(2024, 2, 2), date(2024, 7, 1)]
    assert rows["start_at"][2] == datetime(2024, 6, 30, 22, tzinfo=UTC)
    assert rows["extra"].to_list() == [None, None, '{"precision":"day"}']


@pytest.mark.parametrize(("text", "first"), [("2012", date(2012, 1, 1)), ("2012-05", date(2012, 5, 1)), ("2012-05-06", date(2012, 5, 6))])
def test_partial_dates_begin_on_their_first_day(one: Read, text: str, first: date) -> None:
    row = one({"resourceType": "Condition", "id": "c", "subject": reference(1), "onsetDateTime": text})["records"].row(0, named=True)
    assert row["day"] == first
    assert json.loads(row["json"])["onsetDateTime"] == text


@pytest.mark.parametrize("text", ["May 2012", "2012-13", "2012-02-30", "2012-02-03T25:00:00Z", "0201-01-01", 2012, ""])
def test_what_is_no_date_is_set_aside(one: Read, text: Any) -> None:
    got = one({"resourceType": "Condition", "id": "c", "subject": reference(1), "onsetDateTime": text})
    assert got["quarantine"].height == 1
    assert not got["records"].height


def test_a_dispensing(one: Read) -> None:
    dose = {
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": {"value": 1.5, "code": "mg"}}],
    }
    resource = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "contained": [
            {"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "C09AA03"}]}}
        ],
        "medicationReference": {"reference": "#m"},
        "subject": reference(1),
        "whenHandedOver": "2024-02-01T10:00:00+01:00",
        "daysSupply": {"value": 4, "code": "wk"},
        "quantity": {"value": 56},
        "dosageInstruction": [dose],
    }
    rows = one(resource, resource, {**resource, "quantity": {"value": -1}})
    first = rows["dispensings"].row(0, named=True)
    shown = ("person", "drug", "drug_system", "dispensed_on", "days_supplied", "quantity", "daily_dose", "dose_unit")
    assert [first[name] for name in shown] == ["p1", "C09AA03", "ATC", date(2024, 2, 1), 28, 56, 3, "mg"]
    assert rows["dispensings"]["row"].to_list() == [0, 1]
    assert rows["quarantine"]["line"].to_list() == [3]


def test_references_find_their_patient(one: Read) -> None:
    """By type and id, as a URL with a version, by the bundle's full URL; a group is nobody, a contained patient is nowhere else."""
    references = [
        "Patient/p1", "http://clinic.example/fhir/Patient/p1/_history/3", "urn:uuid:1", "Group/g", "#p1", "Patient?identifier=1", "",
    ]  # fmt: skip
    conditions = [{"resourceType": "Condition", "id": f"c{n}", "subject": {"reference": text}} for n, text in enumerate(references)]
    got = one({"fullUrl": "urn:uuid:1", "resource": patient(1)}, *conditions)
    assert got["records"]["person"].to_list() == ["p1"] * 3
    assert all(json.loads(text)["subject"] == {"reference": "Patient/self"} for text in got["records"]["json"])
    assert got.skipped == {"about a Group, not about a patient": 1}
    assert got["quarantine"]["line"].to_list() == [6, 7, 8]


def test_a_declared_subject_stands_for_the_only_patient(one: Read) -> None:
    assert set(one(patient(1), observation(1, 1, 70.0, "kg"), subject="me")["observations"]["person"]) == {"me"}
    assert set(one(patient(1), patient(2), subject="me")["people"]["person"]) == {"p1", "p2"}
    chosen = one(patient(1), patient(2), subject="me", patient="p2")
    assert chosen["people"]["person"].to_list() == ["me"]
    assert chosen.skipped == {"of another patient than the declared one": 1}
    with pytest.raises(SettingsError, match="subject"):
        one(patient(1), patient="p1")


def test_withdrawn_resources_and_other_types_are_counted(one: Read) -> None:
    withdrawn = {
        "resourceType": "Condition",
        "id": "c",
        "subject": reference(1),
        "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
    }
    got = one(observation(1, 1, 70.0, status="entered-in-error"), withdrawn, {"resourceType": "Location"}, None, {"id": "x"})
    assert got.skipped == {
        "entered in error, as its source says": 2, "FHIR type Location is not read": 1, "bundle entry without a resource": 1,
    }  # fmt: skip
    assert "resourceType" in got["quarantine"]["reason"][0]


def test_what_is_shaped_wrongly_is_set_aside_and_the_rest_goes_on(one: Read) -> None:
    wrong = [
        {"code": "weight"}, {"component": 3}, {"performer": "Dr. Who"}, {"subject": 5}, {"effectivePeriod": [], "effectiveDateTime": {}},
        {"code": {"coding": "x"}}, {"code": {"coding": [["x"]]}},
    ]  # fmt: skip
    got = one(*(observation(1, 1, 70.0, "kg", **change) for change in wrong), observation(1, 1, 99.0, "kg"))
    assert 99.0 in got["observations"]["value"]
    assert got["quarantine"].height >= 5


def test_nesting_without_end_is_set_aside(one: Read) -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"part": [deep]}
    got = one(
        {"resourceType": "Condition", "id": "c", "subject": reference(1), "evidence": deep | {"x": 1}, "stage": [{"a": _nested(100)}]}
    )
    assert "nested deeper" in got["quarantine"]["reason"][0]


def _nested(depth: int) -> Any:
    return {"x": 1} if depth == 0 else [_nested(depth - 1)]


def test_json_that_is_no_fhir_is_refused(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "x.json"
    for text in ("{}", "[1]", '"x"', '{"resourceType": 5}', '{"resourceType": "Bundle", "entry": {}}', "{'a': 1}", ""):
        path.write_text(text)
        with pytest.raises(SourceError):
            read(FHIR, path)
    path.write_text('{"resourceType": "Bundle"}')
    assert read(FHIR, path).records == 0


def test_a_line_that_grows_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    """Two days of a file that is appended to: the second reading starts at the cursor and still counts what stood before it."""
    from heedful.core.seals import unseal
    from heedful.sources.base import Options

    path, source = tmp_path / "grows.ndjson", SOURCES.get(FHIR)
    known = datetime(2026, 1, 1, tzinfo=UTC)
    path.write_text(json.dumps(observation(1, 1, 70.0, "kg")) + "\n")
    (first,) = source.read(path, Options("x"), known)
    with path.open("a") as file:
        file.write("".join(json.dumps(observation(1, 1, value, "kg")) + "\n" for value in (70.0, 71.0)))
    (second,) = source.read(path, Options("x"), known, first.cursor)
    assert unseal(second.rows[0]).select("value", "row").rows() == [(71.0, 1)]
    assert sum(second.skipped.values()) == 1
