"""What is held about a person as FHIR R4: Patient, Observation, MedicationDispense, and the clinical record as it was received.

So that it can be taken elsewhere and read again: `records.fhir` reads all of it back to the same rows (a device's name apart, which FHIR
keeps as a display that the reader does not trust).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import polars as pl

from heedful.core.codes import CODES

Resource = dict[str, Any]

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
OWN = "urn:heedful:code"
SYSTEMS = {
    "SNOMED CT": "http://snomed.info/sct", "LOINC": LOINC, "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ATC": "http://www.whocc.no/atc", "NDC": "http://hl7.org/fhir/sid/ndc",
}  # fmt: skip
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


def record_resource(person: str, text: str) -> Resource:
    """Of a row of `records`: the resource, its person named again."""
    found: Resource = orjson.loads(text.replace(f'"{SELF}"', f'"Patient/{person}"'))
    return found


def observation_resources(rows: pl.DataFrame) -> Iterator[Resource]:
    """Of rows of `observations`: each with a number or a coded value, in the local time in which it was measured."""
    for number, row in enumerate(rows.iter_rows(named=True), 1):
        code = CODES.get(row["code"])
        coding = {"system": LOINC, "code": code.loinc} if code is not None and code.loinc else {"system": OWN, "code": row["code"]}
        subject = {"reference": f"Patient/{row['person']}"}
        made: Resource = {
            "resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"coding": [coding], "text": row["code"]},
            "subject": subject, **_effective(row), "device": {"display": row["device"]},
        }  # fmt: skip
        if row["how"] == "self_reported":
            made["performer"] = [subject]
        if row["value"] is not None:
            made["valueQuantity"] = {"value": row["value"], "unit": row["unit"], "system": UCUM, "code": row["unit"]}
        elif row["value_code"] is not None:
            made["valueString"] = row["value_code"]
        yield made


def _effective(row: dict[str, Any]) -> Resource:
    precision = orjson.loads(row["extra"]).get("precision") if row["extra"] else None
    if precision == "day":
        return {"effectiveDateTime": row["day"].isoformat()}
    zone = timezone(timedelta(minutes=row["offset_minutes"]))
    start, end = (_written(row[name].astimezone(zone)) for name in ("start_at", "end_at"))
    return {"effectiveDateTime": start} if start == end else {"effectivePeriod": {"start": start, "end": end}}


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")


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
