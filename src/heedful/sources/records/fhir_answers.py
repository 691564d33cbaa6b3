"""A FHIR QuestionnaireResponse as answers: one row an item, known forms under heedful's names, so that a PHQ-9 is scored as any other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from heedful.sources.records.fhir_references import Context, Resource
from heedful.sources.records.fhir_times import When, when

Row = dict[str, Any]
Answer = tuple[str, str, dict[str, Any]]
"""Item, its text, and the answer as it stands."""

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
FREE = ("valueString", "valueUri", "valueAttachment", "valueReference")
FREE_TEXT = "free text or attachment in a questionnaire, which may identify a person"
BIRTH = "date of birth in a questionnaire"
_BIRTH_WORDS = ("birth", "dob", "geburt", "naissance", "nacimiento")
_ITEMS = {
    "phq9": ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"),
    "gad7": ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"),
    "auditc": ("68518-0", "68519-8", "68520-6"),
}
"""LOINC codes of the items of forms that are scored, in the forms' order."""
_BY_LOINC = {loinc: (form, number) for form, items in _ITEMS.items() for number, loinc in enumerate(items, 1)}
_ORDINALS: dict[str, float] = {
    "LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3,
    "LA6270-8": 0, "LA18926-8": 1, "LA18927-6": 2, "LA18928-4": 3, "LA18929-2": 4,
    "LA15694-5": 0, "LA15695-2": 1, "LA18930-0": 2, "LA18931-8": 3, "LA18932-6": 4,
    "LA18933-4": 1, "LA18876-5": 2, "LA18891-4": 3, "LA18934-2": 4,
}  # fmt: skip
"""LOINC's own ordinals of the choices of PHQ-9, GAD-7 and AUDIT-C; elsewhere a choice has the ordinal that the answer itself bears."""


def answers(resource: Resource, person: str, context: Context, skipped: Counter[str]) -> list[Row]:
    """Rows of `answers` (without `known_at`), none where the response bears no time of day or day. Free text is counted, not kept."""
    authored = resource.get("authored")
    at = when(authored, context.zone) if authored is not None else None
    if at is None or at.precision in ("year", "month"):
        return []
    told = list(_items(resource.get("item"), ()))
    form = _form(resource, [item for item, *_ in told])
    rows, seen = [], Counter[str]()
    for item, text, answer in told:
        if why := _withheld(item, text, answer):
            skipped[why] += 1
            continue
        name = _name(item, form)
        seen[name] += 1
        value, words = _told(answer, form)
        rows.append(_row(person, form, name if seen[name] == 1 else f"{name}#{seen[name]}", at, value, words))
    return rows


def without_free_text(resource: Resource) -> Resource:
    """A copy of the response whose answers hold neither free text, attachments, names nor dates of birth: what may be kept of it."""
    kept = dict(resource)
    if isinstance(resource.get("item"), list):
        kept["item"] = [_cleared(item) for item in resource["item"]]
    return kept


def _cleared(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    kept = dict(item)
    if isinstance(item.get("item"), list):
        kept["item"] = [_cleared(one) for one in item["item"]]
    if isinstance(item.get("answer"), list):
        name, text = str(item.get("linkId", "")), str(item.get("text", ""))
        kept["answer"] = [
            {key: [_cleared(part) for part in value] if key == "item" and isinstance(value, list) else value
             for key, value in answer.items() if not (key.startswith("value") and _withheld(name, text, answer))}
            for answer in item["answer"] if isinstance(answer, dict)
        ]  # fmt: skip
    return kept


def _items(items: Any, above: tuple[str, ...]) -> Iterator[Answer]:
    """All answers, those of groups and of answers below them too."""
    if len(above) > 32:
        raise ValueError("its items are nested deeper than 32 levels")
    for item in items or ():
        name = str(item.get("linkId", ""))
        for answer in item.get("answer") or ():
            yield name, str(item.get("text", "")), answer
            yield from _items(answer.get("item"), (*above, name))
        yield from _items(item.get("item"), (*above, name))


def _withheld(item: str, text: str, answer: dict[str, Any]) -> str:
    if any(name in answer for name in FREE):
        return FREE_TEXT
    asked = f"{item} {text}".lower()
    return BIRTH if {"valueDate", "valueDateTime"} & set(answer) and any(word in asked for word in _BIRTH_WORDS) else ""


def _loinc(item: str) -> str:
    return item.strip("/").rsplit("/", 1)[-1]


def _form(resource: Resource, items: list[str]) -> str:
    """A known form by the LOINC codes of its items; else the name that the questionnaire's address ends with."""
    known = Counter(_BY_LOINC[_loinc(item)][0] for item in items if _loinc(item) in _BY_LOINC)
    if known:
        return known.most_common(1)[0][0]
    address = str(resource.get("questionnaire") or "").split("|", 1)[0].split("#", 1)[0]
    return address.rstrip("/").rsplit("/", 1)[-1] or "questionnaire"


def _name(item: str, form: str) -> str:
    of, number = _BY_LOINC.get(_loinc(item), ("", 0))
    return f"{form}_{number}" if of == form else item.strip("/") or "item"


def _told(answer: dict[str, Any], form: str) -> tuple[float | None, str | None]:
    """Value and words of an answer."""
    key = next((name for name in answer if name.startswith("value")), "")
    found = answer.get(key)
    if key in ("valueInteger", "valueDecimal") and isinstance(found, int | float) and not isinstance(found, bool):
        return (float(found) if math.isfinite(found) else None), None
    if key == "valueBoolean" and isinstance(found, bool):
        return float(found), "yes" if found else "no"
    if key == "valueCoding" and isinstance(found, dict):
        return _ordinal(found, form), str(found.get("display") or found.get("code") or "") or None
    if key == "valueQuantity" and isinstance(found, dict):
        number = found.get("value")
        return (float(number) if isinstance(number, int | float) else None), str(found.get("unit") or found.get("code") or "") or None
    return None, str(found)[:200] if found is not None else None


def _ordinal(coding: dict[str, Any], form: str) -> float | None:
    for extension in coding.get("extension") or ():
        if extension.get("url") == ORDINAL and isinstance(extension.get("valueDecimal"), int | float):
            return float(extension["valueDecimal"])
    return _ORDINALS.get(str(coding.get("code"))) if form in _ITEMS else None


def _row(person: str, form: str, item: str, at: When, value: float | None, words: str | None) -> Row:
    return {
        "person": person, "instrument": form, "item": item, "day": at.day, "asked_at": at.at, "answered_at": at.at, "value": value,
        "value_text": words,
    }  # fmt: skip
