"""What is held about a person as FHIR R4: Patient, Observation, MedicationDispense, and the clinical record as it was received.

So that it can be taken elsewhere and read again: `records.fhir` reads all of it back to the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import polars as pl

from heedful.core.codes import CODES

Resource = dict[str, Any]

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
OWN, HOW = "urn:heedful:code", "urn:heedful:how"
SYSTEMS = {
    "SNOMED CT": "http://snomed.info/sct", "LOINC": LOINC, "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ATC": "http://www.whocc.no/atc", "NDC": "http://hl7.org/fhir/sid/ndc",
}  # fmt: skip
_SUBJECTS = ("subject", "patient", "beneficiary", "individual")
_CODED = {"Immunization": "vaccineCode", "Encounter": "type", "MedicationRequest": "medicationCodeableConcept",
          "MedicationStatement": "medicationCodeableConcept", "MedicationAdministration": "medicationCodeableConcept"}  # fmt: skip
_TIMES = {
    "Condition": ("onsetDateTime", "abatementDateTime"), "Procedure": ("performedPeriod.start", "performedPeriod.end"),
    "Encounter": ("period.start", "period.end"), "MedicationRequest": ("authoredOn", ""), "Immunization": ("occurrenceDateTime", ""),
    "MedicationStatement": ("effectivePeriod.start", "effectivePeriod.end"),
    "Observation": ("effectivePeriod.start", "effectivePeriod.end"), "Coverage": ("period.start", "period.end"),
    "EpisodeOfCare": ("period.start", "period.end"), "Specimen": ("collection.collectedDateTime", ""),
    "DeviceUseStatement": ("timingPeriod.start", "timingPeriod.end"),
}  # fmt: skip
"""Where a type says when it began and ended."""
SELF = "Patient/self"
"""How references to the person are kept in a record."""


def patient_resource(row: dict[str, Any]) -> Resource:
    """Of a row of `people`: what the person declared."""
    patient: Resource = {"resourceType": "Patient", "id": row["person"]}
    if row["birth_year"] is not None:
        patient["birthDate"] = f"{row['birth_year']:04}"
    if row["sex"] is not None:
        patient["gender"] = row["sex"]
    if row["place"]:
        country, _, state = row["place"].partition("/")
        patient["address"] = [{"country": country, **({"state": state} if state else {})}]
    if row["language"]:
        patient["communication"] = [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": row["language"]}]}}]
    return patient


def record_resource(row: dict[str, Any]) -> Resource:
    """Of a row of `records`: the resource as received, its person named again; of another model's row (OMOP) what its columns say."""
    subject = {"reference": f"Patient/{row['person']}"}
    found: Resource = orjson.loads(row["json"].replace(f'"{SELF}"', f'"{subject["reference"]}"'))
    if "resourceType" not in found:
        return _of_columns(row, subject)
    named = any(name in found for name in _SUBJECTS)
    return found if named else {**found, "subject": subject}


def _of_columns(row: dict[str, Any], subject: Resource) -> Resource:
    kind, coding = row["type"], {"code": row["code"], "system": SYSTEMS.get(row["system"], row["system"]), "display": row["display"]}
    made: Resource = {"resourceType": kind, "id": re.sub(r"[^A-Za-z0-9.-]", "-", row["resource"])[:64], "subject": subject}
    made[_CODED.get(kind, "code")] = {"coding": [{name: text for name, text in coding.items() if text is not None}]}
    if row["status"] is not None:
        made["status"] = row["status"]
    if row["value"] is not None:
        made["valueQuantity"] = {"value": row["value"], "unit": row["unit"], "system": UCUM, "code": row["unit"]}
    began, over = _TIMES.get(kind, ("effectiveDateTime", ""))
    for path, at in ((began, row["happened_at"]), (over, row["ended_at"])):
        if path and at is not None:
            name, _, within = path.partition(".")
            told = _written(at)
            made[name] = {**made.get(name, {}), within: told} if within else told
    if kind == "Encounter":
        told_here = orjson.loads(row["json"])
        made |= {name: {key: text for key, text in told_here[name].items() if text} for name in ("class", "period") if told_here.get(name)}
    return made


def observation_resources(rows: pl.DataFrame) -> Iterator[Resource]:
    """Of rows of `observations`: each with a number or a coded value, in the local time in which it was measured.

    Rows of one code, start and device come in the order of their `row`, so that who reads them numbers them as before.
    """
    for number, row in enumerate(rows.sort("start_at", "code", "device", "row").iter_rows(named=True), 1):
        code = CODES.get(row["code"])
        codings = [{"system": LOINC, "code": code.loinc}] if code is not None and code.loinc else []
        subject = {"reference": f"Patient/{row['person']}"}
        made: Resource = {
            "resourceType": "Observation", "id": f"o{number}", "status": "final",
            "code": {"coding": [*codings, {"system": OWN, "code": row["code"]}], "text": row["code"]},
            "subject": subject, **_effective(row), "device": {"display": row["device"]},
        }  # fmt: skip
        if row["how"] == "self_reported":
            made["performer"] = [subject]
        if row["value"] is not None:
            made["valueQuantity"] = {"value": row["value"], "unit": row["unit"], "system": UCUM, "code": row["unit"]}
        parts = [_part(name, row[name]) for name in ("value_code", "extra") if row[name] is not None and not _is_precision(row, name)]
        if code is None and row["value"] is None:
            parts.append(_part("unit", row["unit"]))
        yield made | ({"component": parts} if parts else {}) | _method(row["how"])


def _part(name: str, text: str) -> Resource:
    """What heedful keeps beside a number, under a code of its own; other readers may pass it over."""
    return {"code": {"coding": [{"system": OWN, "code": name}], "text": name.replace("_", " ")}, "valueString": text}


def _method(how: str) -> Resource:
    return {"method": {"coding": [{"system": HOW, "code": how}], "text": "vendor's own number"}} if how == "vendor_derived" else {}


def _beside(row: dict[str, Any]) -> dict[str, Any]:
    """The row's `extra` as an object; empty where it is none."""
    try:
        found = orjson.loads(row["extra"] or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_precision(row: dict[str, Any], name: str) -> bool:
    """Whether `extra` says no more than that a day is meant, which the written date says."""
    return name == "extra" and set(_beside(row)) == {"precision"}


def _effective(row: dict[str, Any]) -> Resource:
    if _beside(row).get("precision") == "day":
        return {"effectiveDateTime": row["day"].isoformat()}
    zone = timezone(timedelta(minutes=row["offset_minutes"]))
    start, end = (_written(row[name].astimezone(zone)) for name in ("start_at", "end_at"))
    return {"effectiveDateTime": start} if start == end else {"effectivePeriod": {"start": start, "end": end}}


def _written(at: datetime) -> str:
    return at.isoformat(timespec="microseconds" if at.microsecond % 1_000 else "milliseconds" if at.microsecond else "seconds")


def dispensing_resource(row: dict[str, Any], number: int) -> Resource:
    """Of a row of `dispensings`."""
    system = SYSTEMS.get(row["drug_system"], row["drug_system"] if "://" in row["drug_system"] else None)
    coding = {**({"system": system} if system else {}), "code": row["drug"]}
    made: Resource = {
        "resourceType": "MedicationDispense", "id": f"d{number}", "status": "completed", "medicationCodeableConcept": {"coding": [coding]},
        "subject": {"reference": f"Patient/{row['person']}"}, "whenHandedOver": row["dispensed_on"].isoformat(),
    }  # fmt: skip
    if row["days_supplied"] is not None:
        made["daysSupply"] = {"value": row["days_supplied"], "unit": "d", "system": UCUM, "code": "d"}
    if row["quantity"] is not None:
        made["quantity"] = {"value": row["quantity"]}
    if row["daily_dose"] is not None:
        dose = {"value": row["daily_dose"], **({"unit": row["dose_unit"], "code": row["dose_unit"]} if row["dose_unit"] else {})}
        repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
        made["dosageInstruction"] = [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}]
    return made
