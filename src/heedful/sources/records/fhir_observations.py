"""A FHIR Observation as measured values: its own, and each component's (a blood pressure is two)."""

from __future__ import annotations

import math
from typing import Any

import orjson

from heedful.core.codes import Code
from heedful.sources.records.fhir_references import Context, Resource
from heedful.sources.records.fhir_times import When, when
from heedful.sources.records.fhir_units import HOW, OWN, code_of, converted, own_code, unit_of

DEVICE = "clinical_record"
LONGEST_DEVICE = 200
"""Characters of a device's name."""

Row = dict[str, Any]


def measured(resource: Resource, person: str, context: Context) -> tuple[list[Row], bool]:
    """Rows of `observations` (without `row` and `known_at`), and whether all that the resource says is in them.

    A part becomes an observation if its LOINC code is one of ours, its value a plain number in a unit that can be converted, and
    its day is known; otherwise the whole resource must be kept as a record too.
    """
    start, end = effective(resource, context)
    if start is None or start.precision in ("year", "month"):
        return [], False
    if (own := own_code(resource.get("code"))) is not None:
        mine = _own_row(resource, own, person, start, end or start)
        return ([mine], True) if mine else ([], False)
    parts: list[Resource] = [part for part in resource.get("component", []) if isinstance(part, dict)]
    if not parts or any(name.startswith("value") for name in resource):
        parts.insert(0, resource)
    rows = [row for part in parts if (row := _row(part, resource, person, start, end or start))]
    return rows, len(rows) == len(parts)


def _own_row(resource: Resource, code: Code, person: str, start: When, end: When) -> Row | None:
    """A row that heedful's own export wrote: what FHIR has no place for stands in components under heedful's codes.

    Only there is the name of the device that of heedful's own rows, without its owner's; elsewhere it may be anybody's.
    """
    beside = {}
    for part in resource.get("component", []):
        coding: Resource = next(iter(part.get("code", {}).get("coding", [])), {})
        if coding.get("system") == OWN and isinstance(part.get("valueString"), str):
            beside[str(coding.get("code"))] = part["valueString"]
    number = quantity(resource)
    value = (_in_unit(number, code) if code.unit else number[0]) if number else None
    unit = code.unit or str(resource["valueQuantity"].get("unit", "") if number else beside.get("unit", ""))
    if (
        (number and value is None)
        or (value is not None and not code.low <= value <= code.high)
        or (value is None and "value_code" not in beside)
        or not unit
    ):
        return None
    method: Resource = next(iter(resource.get("method", {}).get("coding", [])), {})
    derived = method.get("system") == HOW and method.get("code") == "vendor_derived"
    return {
        "person": person, "code": code.name, "day": start.day, "start_at": start.at, "end_at": max(start.at, end.at),
        "offset_minutes": start.offset, "value": value, "value_code": beside.get("value_code"), "unit": unit, "device": _device(resource),
        "how": "vendor_derived" if derived else _how(resource), "extra": beside.get("extra") or _extra(start),
    }  # fmt: skip


def _device(resource: Resource) -> str:
    told = resource.get("device")
    name = told.get("display") if isinstance(told, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= LONGEST_DEVICE else DEVICE


def effective(resource: Resource, context: Context) -> tuple[When | None, When | None]:
    """When an Observation or report was true: start and, of a period, end. Raises `UnfitError` for a time that is none."""
    for name in ("effectiveDateTime", "effectiveInstant"):
        if name in resource:
            return when(resource[name], context.zone), None
    period = resource.get("effectivePeriod")
    if isinstance(period, dict):
        start = when(period["start"], context.zone) if "start" in period else None
        end = when(period["end"], context.zone) if "end" in period else None
        return start, end
    return None, None


def quantity(part: Resource) -> tuple[float, str] | None:
    """Value and UCUM unit of a part; None if it has no number, or one that only bounds it (`<5`)."""
    found = part.get("valueQuantity")
    if isinstance(found, dict):
        value = found.get("value")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and "comparator" not in found:
            return float(value), unit_of(found)
    whole = part.get("valueInteger")
    return (float(whole), "1") if isinstance(whole, int) and not isinstance(whole, bool) else None


def _row(part: Resource, resource: Resource, person: str, start: When, end: When) -> Row | None:
    code, number = code_of(part.get("code")), quantity(part)
    if code is None or number is None:
        return None
    value = _in_unit(number, code)
    if value is None or not code.low <= value <= code.high:  # a heart rate of 600 stays in the record, whole, and is no observation
        return None
    at, ended = start.at, max(start.at, end.at)
    return {
        "person": person, "code": code.name, "day": start.day, "start_at": at, "end_at": ended, "offset_minutes": start.offset,
        "value": value, "value_code": None, "unit": code.unit, "device": DEVICE, "how": _how(resource), "extra": _extra(start),
    }  # fmt: skip


def _in_unit(number: tuple[float, str], code: Code) -> float | None:
    value, unit = number
    return converted(value, unit, code.unit) if unit else None


def _extra(start: When) -> str | None:
    return orjson.dumps({"precision": start.precision}).decode() if start.precision != "time" else None


def _how(resource: Resource) -> str:
    performers = [str(performer.get("reference", "")) for performer in resource.get("performer", [])]
    own = [name for name in performers if "Patient/" in name or "RelatedPerson/" in name]
    return "self_reported" if own and len(own) == len(performers) else "measured"
