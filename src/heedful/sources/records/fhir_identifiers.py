"""What of a FHIR resource is kept beside its typed columns: everything but what names a person or a place of care."""

from __future__ import annotations

from typing import Any

from heedful.sources.records.fhir_answers import ORDINAL
from heedful.sources.records.fhir_references import Context, Resource, plain
from heedful.sources.records.fhir_times import UnfitError

DROPPED = frozenset(
    {
        "identifier", "groupIdentifier", "accessionIdentifier", "masterIdentifier", "name", "telecom", "address", "contact", "photo",
        "note", "comment", "fhir_comments", "extension", "signature", "authorString", "data", "presentedForm", "attachment",
        "contentString", "contentAttachment", "distinctIdentifier", "deviceName", "lotNumber", "subscriberId", "policyHolder",
        "sourceAttachment", "valueAttachment", "valueHumanName", "valueAddress", "valueContactPoint", "valueIdentifier", "valueAnnotation",
        "valueSignature", "serialNumber", "udiCarrier", "implicitRules", "birthDate",
    }
)  # fmt: skip
"""Elements that hold names, addresses, numbers of persons, or free notes; extensions too, since what they hold is not known."""

PERSONS = frozenset({"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person", "Organization", "Location", "CareTeam"})
DEPTH = 64


def stripped(resource: Resource, person: str, context: Context) -> Resource:
    """A copy without identifiers.

    The narrative, `DROPPED`, and names beside references go; references become `Type/id`, those to the patient `Patient/self`, those
    to other patients go; contained persons and organizations keep type and id only; of a modifier extension the URL stays, since it
    may turn the meaning round. Free text of clinical elements (a code's text, an instruction) stays for the door to de-identify.
    Raises `UnfitError` on nesting deeper than 64.
    """
    return _object(resource, person, context, 0)


def _object(value: Resource, person: str, context: Context, depth: int) -> Resource:
    if depth > DEPTH:
        raise UnfitError(f"it is nested deeper than {DEPTH} levels; no clinical record is")
    kept: Resource = {}
    for key, item in value.items():
        if key == "extension" and (ordinals := [part for part in item if isinstance(part, dict) and part.get("url") == ORDINAL]):
            kept[key] = ordinals  # the number of a choice, which a scale's score needs
            continue
        if key in DROPPED or key.startswith("_") or key == "display" or (key == "text" and isinstance(item, dict)):
            continue
        if key == "reference" and isinstance(item, str):
            if target := _pointed(value, person, context):
                kept[key] = target
        elif key == "contained":
            kept[key] = [_contained(part, person, context, depth) for part in item if isinstance(part, dict)]
        elif key == "modifierExtension":
            kept[key] = [{"url": str(part.get("url"))} for part in item if isinstance(part, dict)]
        else:
            inner = _value(item, person, context, depth)
            if inner not in ({}, []):
                kept[key] = inner
    # Beside a code it is the code's meaning; beside a reference, or alone, it is somebody's name.
    if isinstance(value.get("display"), str) and ("code" in kept or "system" in kept):
        kept["display"] = value["display"]
    return kept


def _value(item: Any, person: str, context: Context, depth: int) -> Any:
    if isinstance(item, dict):
        return _object(item, person, context, depth + 1)
    if isinstance(item, list):
        if depth > DEPTH:
            raise UnfitError(f"it is nested deeper than {DEPTH} levels; no clinical record is")
        return [inner for part in item if (inner := _value(part, person, context, depth + 1)) not in ({}, [])]
    return item


def _pointed(reference: Resource, person: str, context: Context) -> str:
    if reference["reference"].startswith("#"):
        return str(reference["reference"])
    target = plain(reference, context)
    if target in (person, f"Patient/{person}", "Patient/self"):
        return "Patient/self"
    return "" if target.startswith("Patient/") else target


def _contained(part: Resource, person: str, context: Context, depth: int) -> Resource:
    if part.get("resourceType") in PERSONS:
        return {name: part[name] for name in ("resourceType", "id") if isinstance(part.get(name), str)}
    return _object(part, person, context, depth + 1)
