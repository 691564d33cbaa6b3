from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from heedful.core.errors import NotFoundError
from heedful.person.fhirpath import FhirPathError
from heedful.person.plan_definition import (
    Case,
    PlanDefinitionError,
    apply_plan_definition,
    care_plan,
    request_bundle,
    run_apply_plan_definition,
)

PATIENT = {"resourceType": "Patient", "id": "1", "birthDate": "1990-01-01", "name": [{"given": ["Ann"]}]}
WALK = {
    "resourceType": "ActivityDefinition", "id": "walk", "url": "http://x/walk", "version": "2", "kind": "ServiceRequest",
    "code": {"text": "Walk"}, "intent": "plan", "timingTiming": {"repeat": {"frequency": "1", "period": "1.5", "periodUnit": "d"}},
}  # fmt: skip


def condition(expression: str, language: str = "text/fhirpath") -> list[dict[str, Any]]:
    return [{"kind": "applicability", "expression": {"language": language, "expression": expression}}]


def plan(*actions: dict[str, Any], identity: str = "plan", **more: Any) -> dict[str, Any]:
    return {"resourceType": "PlanDefinition", "id": identity, "url": f"http://x/{identity}", "action": list(actions), **more}


def case(*definitions: dict[str, Any], now: datetime | None = None) -> Case:
    return Case("Patient/1", [PATIENT, *definitions], now=now)


def test_conditions_are_honored_with_all_below_them() -> None:
    inner = {"title": "inner", "condition": condition("%subject.name.exists()")}
    tree = plan(
        {"title": "old", "condition": condition("today() - 60 years >= %subject.birthDate"), "action": [inner]},
        {"title": "young", "condition": condition("%patient.birthDate > today() - 60 years"), "action": [inner]},
        {"title": "unknown", "condition": condition("%subject.deceasedBoolean")},
    )
    group = apply_plan_definition(tree, case(now=datetime(2026, 1, 1))).group
    assert [action["title"] for action in group["action"]] == ["young"]
    assert group["action"][0]["action"] == [{"title": "inner", "condition": inner["condition"]}]


def test_a_condition_in_another_language_is_refused_not_ignored() -> None:
    with pytest.raises(PlanDefinitionError, match="text/cql"):
        apply_plan_definition(plan({"condition": condition("Is Old", "text/cql")}), case())
    with pytest.raises(FhirPathError, match="instant"):
        apply_plan_definition(plan({"condition": condition("today() > @2020-01-01")}), case())


def test_an_activity_becomes_a_draft_with_numbers_and_values() -> None:
    value = {"path": "note[0].text", "expression": {"language": "text/fhirpath", "expression": "%subject.name.given"}}
    own = {"path": "action.title", "expression": {"language": "text/fhirpath", "expression": "'For ' + %subject.name.given"}}
    applied = apply_plan_definition(plan({"definitionCanonical": "http://x/walk|2", "dynamicValue": [value, own]}), case(WALK))
    request = applied.requests[0]
    assert request["status"] == "draft"
    assert request["intent"] == "plan"
    assert request["instantiatesCanonical"] == ["http://x/walk|2"]
    assert request["occurrenceTiming"]["repeat"] == {"frequency": 1, "period": 1.5, "periodUnit": "d"}
    assert request["note"] == [{"text": "Ann"}]
    assert applied.group["action"] == [{"title": "For Ann", "resource": {"reference": "ServiceRequest/walk"}}]
    assert care_plan(applied, case())["contained"][0]["action"][0]["resource"] == {"reference": "#walk"}


def test_the_same_activity_twice_gets_two_ids_and_nested_plans_are_followed() -> None:
    twice = plan({"id": "a", "definitionCanonical": "http://x/walk"}, {"id": "b", "definitionCanonical": "http://x/walk"}, identity="twice")
    applied = apply_plan_definition(plan({"definitionCanonical": "http://x/twice"}), case(WALK, twice))
    assert [(one["resourceType"], one["id"]) for one in applied.requests] == [
        ("RequestGroup", "twice"), ("ServiceRequest", "walk"), ("ServiceRequest", "walk-b"),
    ]  # fmt: skip
    entries = request_bundle(applied)["entry"]
    assert len(entries) == 4


def test_a_circle_and_what_is_missing_are_told() -> None:
    circle = plan({"definitionCanonical": "http://x/circle"}, identity="circle")
    with pytest.raises(PlanDefinitionError, match="circle > circle"):
        apply_plan_definition(circle, case(circle))
    with pytest.raises(NotFoundError, match="http://x/gone"):
        apply_plan_definition(plan({"definitionCanonical": "http://x/gone"}), case())
    with pytest.raises(NotFoundError, match="Patient/2"):
        apply_plan_definition(plan(), Case("Patient/2", [PATIENT]))
    with pytest.raises(PlanDefinitionError, match="DeviceRequest"):
        apply_plan_definition(plan({"definitionCanonical": "http://x/walk"}), case({**WALK, "kind": "DeviceRequest"}))
    with pytest.raises(PlanDefinitionError, match="gap"):  # noqa: PT012
        value = {"path": "note[2].text", "expression": {"language": "text/fhirpath", "expression": "'x'"}}
        apply_plan_definition(plan({"definitionCanonical": "http://x/walk", "dynamicValue": [value]}), case(WALK))
    with pytest.raises(PlanDefinitionError, match="R4"):
        run_apply_plan_definition({"fhir_version": "5.0.0", "subject": "Patient/1", "plan_definition": "x"}, {})


def test_applying_changes_nothing_that_was_given() -> None:
    given = plan(
        {"definitionCanonical": "http://x/walk", "timingTiming": {"repeat": {"count": "3"}}}, goal=[{"description": {"text": "Fit"}}]
    )
    before = repr((given, WALK))
    applied = apply_plan_definition(given, case(WALK))
    assert repr((given, WALK)) == before
    assert applied.goals[0]["description"] == {"text": "Fit"}
    assert care_plan(applied, case())["goal"] == [{"reference": "#1"}]
