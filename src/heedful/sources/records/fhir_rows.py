"""FHIR resources as rows of `people`, `dispensings` and `records`."""

from __future__ import annotations

import hashlib
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import orjson

from heedful.sources.records.fhir_answers import without_free_text
from heedful.sources.records.fhir_identifiers import stripped
from heedful.sources.records.fhir_observations import quantity
from heedful.sources.records.fhir_references import Context, Resource, plain, resolved
from heedful.sources.records.fhir_times import UnfitError, When, when

Row = dict[str, Any]

SYSTEMS = {
    "http://snomed.info/sct": "SNOMED CT", "http://loinc.org": "LOINC", "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM", "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM",
    "http://www.whocc.no/atc": "ATC", "http://hl7.org/fhir/sid/ndc": "NDC", "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.ama-assn.org/go/cpt": "CPT", "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
}  # fmt: skip
"""Printed names of code systems; others keep their URI."""

HAPPENED: dict[str, tuple[str, ...]] = {
    "Condition": ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
    "AllergyIntolerance": ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
    "Procedure": ("performedDateTime", "performedPeriod.start"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod.start", "dateAsserted"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod.start", "issued"),
    "Immunization": ("occurrenceDateTime",),
    "Encounter": ("period.start",),
    "Goal": ("startDate",),
    "CarePlan": ("period.start", "created"),
    "Consent": ("dateTime",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod.start"),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "ServiceRequest": ("occurrenceDateTime", "occurrencePeriod.start", "authoredOn"),
    "QuestionnaireResponse": ("authored",),
    "RiskAssessment": ("occurrenceDateTime", "occurrencePeriod.start"),
    "ClinicalImpression": ("effectiveDateTime", "effectivePeriod.start", "date"),
    "DetectedIssue": ("identifiedDateTime", "identifiedPeriod.start"),
    "AdverseEvent": ("date", "detected", "recordedDate"),
    "Communication": ("sent", "received"),
    "CommunicationRequest": ("occurrenceDateTime", "occurrencePeriod.start", "authoredOn"),
    "NutritionOrder": ("dateTime",),
    "Device": (),
    "DeviceRequest": ("occurrenceDateTime", "occurrencePeriod.start", "authoredOn"),
    "DeviceUseStatement": ("timingDateTime", "timingPeriod.start", "recordedOn"),
    "FamilyMemberHistory": ("date",),
    "Flag": ("period.start",),
    "Specimen": ("collection.collectedDateTime", "receivedTime"),
    "ImagingStudy": ("started",),
    "EpisodeOfCare": ("period.start",),
    "CareTeam": ("period.start",),
    "DocumentReference": ("date", "context.period.start"),
    "ResearchSubject": ("period.start",),
    "Claim": ("billablePeriod.start", "created"),
    "ExplanationOfBenefit": ("billablePeriod.start", "created"),
    "Coverage": ("period.start",),
    "Observation": ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "issued"),
}
"""Types that become `records`, and the elements that say when it happened, first one first."""

ENDED = ("abatementDateTime", "abatementPeriod.end", "performedPeriod.end", "effectivePeriod.end", "period.end", "provision.period.end",
         "billablePeriod.end")  # fmt: skip
CODE = {"Immunization": "vaccineCode", "Encounter": "type", "Goal": "description", "CarePlan": "category", "Consent": "scope",
        "AdverseEvent": "event", "Communication": "category", "CommunicationRequest": "category", "CareTeam": "category",
        "DocumentReference": "type", "Device": "type", "Claim": "type", "ExplanationOfBenefit": "type", "Coverage": "type",
        "EpisodeOfCare": "type", "Specimen": "type", "DeviceRequest": "codeCodeableConcept"}  # fmt: skip
STATUS = ("clinicalStatus", "status", "lifecycleStatus")
SEX = {"female": "female", "male": "male", "other": "other"}
_SUPPLY_DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25, "h": 1 / 24}


class NoEventError(UnfitError):
    """A dispensing without a day or a drug: it is no event that adherence could count, and stays in the record as it is."""


def person_row(resource: Resource, person: str, context: Context) -> Row:
    """Year of birth, gender, language, zone and the country or state; nothing else of a Patient is kept."""
    birth = resource.get("birthDate")
    return {
        "person": person,
        "zone": _zone(resource),
        "birth_year": when(birth, ZoneInfo("UTC")).day.year if birth is not None else None,
        "sex": SEX.get(str(resource.get("gender"))),
        "place": _place(resource.get("address", [])),
        "language": _language(resource.get("communication", [])),
    }


def record_row(resource: Resource, person: str, context: Context) -> Row:
    """The typed columns of a record and its JSON without identifiers."""
    kind = str(resource["resourceType"])
    told = without_free_text(resource) if kind == "QuestionnaireResponse" else resource
    # The id is kept even if it was made here, so that the record is the same one when it is read again from an export.
    kept = stripped(told, person, context) | {"id": identity(resource)}
    happened, ended = _first_time(resource, HAPPENED[kind], context), _first_time(resource, ENDED, context)
    number = quantity(resource)
    return {
        "person": person,
        "resource": f"{kind}/{identity(resource)}",
        "type": kind,
        "day": happened.day if happened else None,
        "happened_at": happened.at if happened else None,
        "ended_at": ended.at if ended else None,
        **coding(_concept(resource, kind, context)),
        "status": _status(resource),
        "value": number[0] if number else None,
        "unit": number[1] if number else None,
        "json": orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode(),
    }


def dispensing_row(resource: Resource, person: str, context: Context) -> Row:
    """A MedicationDispense. Raises `NoEventError` where it says no day or names no drug, `UnfitError` where an amount is none."""
    handed = _first_time(resource, HAPPENED["MedicationDispense"], context)
    if handed is None or handed.precision in ("year", "month"):
        raise NoEventError("this MedicationDispense has no day on which it was handed over; add whenHandedOver")
    drug = coding(_concept(resource, "MedicationDispense", context))
    reference = resource.get("medicationReference")
    named = _text(reference.get("display")) if isinstance(reference, dict) else None
    name = drug["code"] or drug["display"] or named or plain(reference, context)
    if not name:
        raise NoEventError("this MedicationDispense names no drug; add medicationCodeableConcept")
    dose, unit = _daily_dose(resource.get("dosageInstruction", []))
    return {
        "person": person, "drug": name, "drug_system": (drug["system"] if drug["code"] else None) or "local", "day": handed.day,
        "dispensed_on": handed.day, "days_supplied": _supply(resource.get("daysSupply")), "daily_dose": dose, "dose_unit": unit,
        "quantity": _positive(resource.get("quantity")), "extra": None,
    }  # fmt: skip


def identity(resource: Resource) -> str:
    """The resource's id; one from its content where it has none, so that reading it again finds the same row."""
    given = resource.get("id")
    if isinstance(given, str) and given:
        return given
    return "content-" + hashlib.blake2b(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def coding(concept: Any) -> Row:
    """Code, system and display of a CodeableConcept's first coding that has a code."""
    found = concept[0] if isinstance(concept, list) and concept else concept
    if not isinstance(found, dict):
        return {"code": None, "system": None, "display": None}
    codings = found.get("coding", [found] if "code" in found else [])
    chosen = next((item for item in codings if item.get("code")), codings[0] if codings else {})
    system = chosen.get("system")
    display = chosen.get("display") or found.get("text")
    return {
        "code": _text(chosen.get("code")),
        "system": SYSTEMS.get(str(system), _text(system)),
        "display": _text(display),
    }


def _concept(resource: Resource, kind: str, context: Context) -> Any:
    if "medicationCodeableConcept" in resource or "medicationReference" in resource:
        drug = resolved(resource.get("medicationReference"), resource, context)
        return resource.get("medicationCodeableConcept") or (drug or {}).get("code")
    found = resource.get(CODE.get(kind, "code"))
    return found or resource.get("class" if kind == "Encounter" else "code")


def _status(resource: Resource) -> str | None:
    for name in STATUS:
        found = resource.get(name)
        if isinstance(found, dict):
            return coding(found)["code"] or coding(found)["display"]
        if found is not None:
            return _text(found)
    return None


def _first_time(resource: Resource, paths: tuple[str, ...], context: Context) -> When | None:
    for path in paths:
        found: Any = resource
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None:
            return when(found, context.zone)
    return None


def _supply(value: Any) -> float | None:
    number = _positive(value)
    unit = str(value.get("code") or value.get("unit") or "d") if isinstance(value, dict) else "d"
    days = _SUPPLY_DAYS.get({"day": "d", "days": "d", "Day": "d", "weeks": "wk"}.get(unit, unit))
    return number * days if number is not None and days else None


def _positive(value: Any) -> float | None:
    number = value.get("value") if isinstance(value, dict) else None
    if number is None:
        return None
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not 0 < number < 1e12:
        raise UnfitError(f"the amount {str(number)[:40]!r} is not a positive number; correct it")
    return float(number)


def _daily_dose(instructions: Any) -> tuple[float | None, str | None]:
    """Dose a day of one plain instruction (so many, so often); nothing where there are several, since they may follow each other."""
    if not isinstance(instructions, list) or len(instructions) != 1:
        return None, None
    repeat = instructions[0].get("timing", {}).get("repeat", {})
    doses = [item["doseQuantity"] for item in instructions[0].get("doseAndRate", []) if "doseQuantity" in item]
    days = _SUPPLY_DAYS.get(str(repeat.get("periodUnit")))
    if len(doses) != 1 or not days or not repeat.get("frequency") or not repeat.get("period"):
        return None, None
    dose = _positive(doses[0])
    unit = doses[0].get("code") or doses[0].get("unit")
    return (dose * repeat["frequency"] / (repeat["period"] * days), _text(unit)) if dose is not None else (None, None)


def _place(addresses: Any) -> str | None:
    """`US/MA` or `US` from the first address whose country is two letters; longer names are not guessed."""
    for address in addresses:
        country, state = str(address.get("country", "")).strip(), str(address.get("state", "")).strip()
        if len(country) == 2 and country.isascii() and country.isalpha():
            within = f"/{state.upper()}" if len(state) == 2 and state.isascii() and state.isalnum() else ""
            return country.upper() + within
    return None


def _language(communication: Any) -> str | None:
    spoken = sorted(communication, key=lambda item: not item.get("preferred", False))
    return coding(spoken[0].get("language"))["code"] if spoken else None


def _zone(resource: Resource) -> str | None:
    for extension in resource.get("extension", []):
        if str(extension.get("url", "")).rsplit("/", 1)[-1] in ("timezone", "tz-code"):
            zone = extension.get("valueCode")
            return zone if zone in available_timezones() else None
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
