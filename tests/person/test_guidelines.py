"""Guidelines applied to people of a site: conditions on record, days, adherence and answers; what is told with an item; what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Adherence, Answers, Features, People, Records, Schema
from heedful.core.seals import seal
from heedful.person.guidelines import Guidelines, check_guideline, guideline_plan

KNOWN = datetime(2026, 3, 20, tzinfo=UTC)
STEPS_BELOW = "%record.where(code.coding.exists(code = '55423-8')).valueQuantity.value.first() < 5000"


def action(identity: str, expression: str = "", **more: Any) -> dict[str, Any]:
    condition = [{"kind": "applicability", "expression": {"language": "text/fhirpath", "expression": expression}}] if expression else []
    return {"id": identity, "title": identity.capitalize(), "condition": condition, **more}


def plan(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "PlanDefinition", "id": "moves", "title": "Moving more", "version": "1.2", "date": "2025-05-01",
            "action": list(actions), **more}  # fmt: skip


def items(definition: dict[str, Any], **tables: pl.DataFrame) -> pl.DataFrame:
    schemas: dict[str, type[Schema]] = {
        "people": People, "records": Records, "answers": Answers, "features": Features, "adherence": Adherence,
    }  # fmt: skip
    frames = [seal(tables.get(name, schema.empty()), Consented[Held], schema) for name, schema in schemas.items()]
    return guideline_plan(*frames, guidelines=Guidelines((definition,))).data


def person(birth_year: int = 1950) -> pl.DataFrame:
    rows = [{"person": "p", "birth_year": birth_year, "sex": "female", "known_at": KNOWN}]
    return pl.DataFrame(rows, schema_overrides={"birth_year": pl.Int32, "known_at": People.dtypes()["known_at"]})


def answer(instrument: str, item: str, value: float | None, text: str | None = None) -> pl.DataFrame:
    rows = [{"person": "p", "instrument": instrument, "item": item, "day": date(2026, 3, 2), "asked_at": KNOWN, "value": value,
             "value_text": text, "known_at": KNOWN}]  # fmt: skip
    return Answers.check(pl.DataFrame(rows, schema={name: Answers.dtypes()[name] for name in rows[0]}))


def test_days_decide_and_the_item_says_by_which_condition_and_guideline(rows: SimpleNamespace) -> None:
    walk = action("walk", STEPS_BELOW, documentation=[{"type": "citation", "citation": "WHO 2020."}])
    low = items(plan(walk), features=rows.features("p", "steps[sum]", "{steps}", [4000.0] * 10))
    assert low.select("item", "title", "evidence", "given_by").rows() == [("guideline moves 1", "Walk", "WHO 2020.", None)]
    assert low["reason"].item() == f"Moving more (version 1.2, 2025-05-01): {STEPS_BELOW} is true."
    assert items(plan(walk), features=rows.features("p", "steps[sum]", "{steps}", [9000.0] * 10)).is_empty()


def test_only_the_newest_fourteen_known_days_count(rows: SimpleNamespace) -> None:
    values: list[float | None] = [20_000.0] * 20 + [4000.0] * 14 + [None]
    assert items(plan(action("walk", STEPS_BELOW)), features=rows.features("p", "steps[sum]", "{steps}", values)).height == 1


def test_age_record_and_adherence_can_be_asked(rows: SimpleNamespace) -> None:
    condition = {"resourceType": "Condition", "id": "c", "code": {"coding": [{"code": "44054006"}]}}
    record = Records.check(pl.DataFrame(
        [{"person": "p", "resource": "Condition/c", "type": "Condition", "day": date(2026, 3, 5), "known_at": KNOWN, "json": json.dumps(condition)}],
        schema_overrides={"known_at": Records.dtypes()["known_at"]},
    ))  # fmt: skip
    asked = plan(
        action("old", "%subject.birthDate <= today() - 65 years"),
        action("diabetes", "%record.where(code.coding.exists(code = '44054006')).exists()"),
        action("pills", "%record.where(code.coding.exists(system = 'urn:heedful:adherence')).valueQuantity.value.first() < 0.8"),
        action("young", "%subject.birthDate > today() - 65 years"),
    )
    found = items(asked, people=person(), records=record, adherence=rows.adherence("p", "drug:metformin", 0.5))
    assert found["title"].to_list() == ["Old", "Diabetes", "Pills"]


def test_a_no_and_a_barrier_are_told_with_the_item_and_take_nothing_away() -> None:
    walk = action("walk", code=[{"coding": [{"code": "walking"}]}])
    told = pl.concat([answer("preferences", "walking", 0.0), answer("barriers", "walking", None, "my knee hurts")])
    reason = items(plan(walk), answers=told)["reason"].item()
    assert "own preference for walking, 2026-03-02: no." in reason
    assert "own barrier for walking, 2026-03-02: my knee hurts." in reason


def test_groups_are_entered_and_are_no_items() -> None:
    found = items(plan(action("group", action=[action("one"), action("two", "false")])), people=person())
    assert found["item"].to_list() == ["guideline moves 1.1"]


def test_a_plan_that_breaks_on_one_person_says_so_in_the_plan() -> None:
    found = items(plan(action("walk", "%subject.birthDate + 1")), people=person())
    assert found["title"].to_list() == ["Moving more (version 1.2, 2025-05-01) could not be applied"]
    assert found["reason"].item()


def test_nobody_gets_items_because_of_another(rows: SimpleNamespace) -> None:
    both = pl.concat([rows.features("p", "steps[sum]", "{steps}", [4000.0] * 9), rows.features("q", "steps[sum]", "{steps}", [9000.0] * 9)])
    assert items(plan(action("walk", STEPS_BELOW)), features=both)["person"].to_list() == ["p"]


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ([{"resourceType": "Patient", "id": "1"}], "no PlanDefinition"),
        ([{"resourceType": "PlanDefinition", "action": []}], "has no id"),
        ([plan(action("a", "1 +"))], "action 'A'"),
        (
            [plan({"title": "A", "condition": [{"kind": "applicability", "expression": {"language": "text/cql", "expression": "x"}}]})],
            "text/cql",
        ),
        ([plan(action("a", definitionCanonical="http://x/ActivityDefinition/walk"))], "points to http://x/ActivityDefinition/walk"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_its_place(resources: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        check_guideline(resources)
