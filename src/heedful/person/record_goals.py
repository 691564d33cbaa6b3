"""Goals and activities that the clinical record holds (FHIR Goal and CarePlan), as items of the plan that a human gave already."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import polars as pl

from heedful.core.derivations import derivation
from heedful.core.errors import SchemaError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Plans, Records
from heedful.person.plan import AT_LEAST, AT_MOST, STEPS

GOALS_IN_FORCE = ("planned", "accepted", "active")
PLANS_IN_FORCE = ("active",)
ACTIVITIES_IN_FORCE = ("not-started", "scheduled", "in-progress")
RECORD = "record"

_MEASURES = {
    "55423-8": (STEPS, "{steps}", AT_LEAST),
    "41950-7": (STEPS, "{steps}", AT_LEAST),
    "93832-4": ("sleep_minutes[stages]", "min", AT_LEAST),
    "40443-4": ("resting_heart_rate[vendor]", "/min", AT_MOST),
}
"""By LOINC code: the daily feature, the unit in which a target can be compared with it, and the side meant where the goal names none."""
_SIDES = {">=": AT_LEAST, ">": AT_LEAST, "<=": AT_MOST, "<": AT_MOST}
_STEP_UNITS = ("1", "{steps}", "{steps}/d", "steps", "/d")
_MINUTES = {"min": 1.0, "h": 60.0}


@derivation(reads=(Records,), writes=Plans, by=("person",), version=1)
def record_goals(records: Frame[Consented[P], Records]) -> Frame[Consented[P], Plans]:
    """Goals in force (planned, accepted, active) and activities in force of active care plans, each as one item named by its resource.

    A target with a quantity becomes the item's target; where its measure is a LOINC code of a daily feature, days can be held against it.
    A target that is a range, a code or words stays in the title. Nothing of a resource that is on hold, completed or cancelled.
    """
    rows = records.data.filter(pl.col("type").is_in(["Goal", "CarePlan"])).sort("person", "resource")
    items = [
        {"person": person, **item}
        for person, resource, text in rows.select("person", "resource", "json").iter_rows()
        for item in _items(resource, _document(resource, text))
    ]
    return records.derive(Plans, pl.DataFrame(items, schema=Plans.dtypes()).sort("person", "item"))


def _document(resource: str, text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SchemaError(f"records: {resource} holds no JSON ({error}); read its source again.") from error
    return found


def _items(resource: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    if document.get("resourceType") == "Goal":
        return [_goal(resource, document)] if document.get("lifecycleStatus") in GOALS_IN_FORCE else []
    if document.get("status") not in PLANS_IN_FORCE or document.get("intent") not in ("plan", "order"):
        return []
    details = [(number, activity.get("detail") or {}) for number, activity in enumerate(document.get("activity") or [], 1)]
    return [_activity(f"{resource} {number}", detail) for number, detail in details if detail.get("status") in ACTIVITIES_IN_FORCE]


def _goal(resource: str, document: dict[str, Any]) -> dict[str, Any]:
    feature = target = unit = side = None
    for each in document.get("target") or []:
        quantity = each.get("detailQuantity") or {}
        if isinstance(quantity.get("value"), int | float):
            feature, target, unit, side = _target(each.get("measure") or {}, quantity)
            break
    title = _words(document.get("description") or {}) or "A goal without words"
    return _item(resource, "goal", title, _day(document.get("startDate"))) | {
        "target": target, "unit": unit, "measure": feature, "comparator": side,
    }  # fmt: skip


def _target(measure: dict[str, Any], quantity: dict[str, Any]) -> tuple[str | None, float, str, str | None]:
    value, unit = float(quantity["value"]), str(quantity.get("code") or quantity.get("unit") or "1")
    side = _SIDES.get(str(quantity.get("comparator", "")))
    codes = [coding.get("code") for coding in measure.get("coding") or [] if coding.get("system") == "http://loinc.org"]
    for code in codes:
        if code not in _MEASURES:
            continue
        feature, ours, usual = _MEASURES[code]
        if ours == "min" and unit in _MINUTES:
            return feature, value * _MINUTES[unit], ours, side or usual
        if unit == ours or (ours == "{steps}" and unit in _STEP_UNITS):
            return feature, value, ours, side or usual
    return None, value, unit, side


def _activity(item: str, detail: dict[str, Any]) -> dict[str, Any]:
    title = detail.get("description") or _words(detail.get("code") or {}) or "An activity without words"
    return _item(item, "activity", str(title), _day((detail.get("scheduledPeriod") or {}).get("start")))


def _item(item: str, kind: str, title: str, from_day: date | None) -> dict[str, Any]:
    return {
        "item": item, "kind": kind, "title": title, "target": None, "unit": None, "measure": None, "comparator": None, "from_day": from_day,
        "reason": f"The clinical record holds it as {item}.", "evidence": None, "given_by": RECORD,
    }  # fmt: skip


def _words(concept: dict[str, Any]) -> str:
    coded = next((coding["display"] for coding in concept.get("coding") or [] if coding.get("display")), "")
    return str(concept.get("text") or coded)


def _day(text: object) -> date | None:
    """The day of a FHIR date; of a year or month alone its first day."""
    parts = str(text or "")[:10].split("-")
    if not parts[0].isdigit():
        return None
    try:
        return date(int(parts[0]), int(parts[1]) if len(parts) > 1 else 1, int(parts[2]) if len(parts) > 2 else 1)
    except ValueError:
        return None
