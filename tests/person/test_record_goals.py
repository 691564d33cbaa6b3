"""Goals and care plans of a clinical record as plan items: HL7's own examples, targets that days can be held against, and what is not in force."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.labels import Care, Consented, Held
from heedful.core.schemas import Approvals, Plans, Records
from heedful.core.seals import seal
from heedful.person.care_plan import care_plan, plan_states
from heedful.person.record_goals import record_goals

KNOWN = datetime(2026, 6, 1, tzinfo=UTC)
STEPS_GOAL: dict[str, Any] = {
    "resourceType": "Goal", "id": "1", "lifecycleStatus": "active", "description": {"text": "Walk more"}, "startDate": "2026-02",
    "target": [{
        "measure": {"coding": [{"system": "http://loinc.org", "code": "55423-8"}]},
        "detailQuantity": {"value": 7500, "unit": "steps", "system": "http://unitsofmeasure.org", "code": "{steps}"},
    }],
}  # fmt: skip


def items(*documents: dict[str, Any]) -> pl.DataFrame:
    rows = pl.DataFrame(
        [
            {
                "person": "p",
                "resource": f"{one['resourceType']}/{one['id']}",
                "type": one["resourceType"],
                "known_at": KNOWN,
                "json": json.dumps(one),
            }
            for one in documents
        ],
        schema_overrides={"known_at": Records.dtypes()["known_at"]},
    )
    return record_goals(seal(rows, Consented[Held], Records)).data


def test_a_step_goal_can_be_held_against_days() -> None:
    row = items(STEPS_GOAL).row(0, named=True)
    assert (row["measure"], row["target"], row["comparator"], row["unit"]) == ("steps[sum]", 7500.0, "at_least", "{steps}")
    assert (row["from_day"], row["given_by"], row["title"]) == (date(2026, 2, 1), "record", "Walk more")


def test_hours_of_sleep_become_minutes_and_a_side_is_kept() -> None:
    measure = {"coding": [{"system": "http://loinc.org", "code": "93832-4"}]}
    target = [{"measure": measure, "detailQuantity": {"value": 7.5, "code": "h", "comparator": ">="}}]
    row = items({**STEPS_GOAL, "target": target}).row(0, named=True)
    assert (row["measure"], row["target"], row["comparator"]) == ("sleep_minutes[stages]", 450.0, "at_least")


def test_a_unit_that_cannot_be_compared_is_kept_as_it_is_without_a_measure() -> None:
    measure = {"coding": [{"system": "http://loinc.org", "code": "55423-8"}]}
    row = items({**STEPS_GOAL, "target": [{"measure": measure, "detailQuantity": {"value": 5, "code": "km"}}]}).row(0, named=True)
    assert (row["measure"], row["target"], row["unit"]) == (None, 5.0, "km")


def test_what_is_not_in_force_is_left_out() -> None:
    assert items({**STEPS_GOAL, "lifecycleStatus": "cancelled"}).is_empty()
    plan = {
        "resourceType": "CarePlan",
        "id": "9",
        "status": "completed",
        "intent": "plan",
        "activity": [{"detail": {"status": "scheduled"}}],
    }
    assert items(plan).is_empty()


def test_what_the_record_holds_is_approved_and_is_not_proposed_again() -> None:
    held = items(STEPS_GOAL)
    assert plan_states(held, Approvals.empty())["state"].to_list() == ["approved"]
    proposed = held.with_columns(item=pl.lit("steps"), given_by=pl.lit(None, pl.String))
    both = seal(pl.concat([held, proposed]), Consented[Care], Plans)
    plan, *goals = care_plan(both, Approvals.empty(), "p", KNOWN)
    assert plan["status"] == "draft"
    assert len(goals) == 1


def test_what_heedful_writes_is_read_back_as_the_same_goal() -> None:
    proposed = items(STEPS_GOAL).with_columns(item=pl.lit("steps"), given_by=pl.lit(None, pl.String))
    approved = pl.DataFrame(
        [{"approval": "a", "person": "p", "item": "steps", "answer": "approved", "by": "Dr. A", "at": KNOWN}],
        schema_overrides=Approvals.dtypes(),
    )
    _, goal = care_plan(seal(proposed, Consented[Care], Plans), Approvals.check(approved), "p", KNOWN)
    again = items(goal)
    same = ["kind", "title", "target", "unit", "measure", "comparator", "from_day"]
    # The measure is written as words and code; a goal of steps comes back as a goal of steps.
    assert again.select(same).equals(proposed.select(same))


def test_hl7_examples(shared_data: Path) -> None:
    folder = shared_data / "interop" / "fhir_r4_examples"
    documents = [json.loads(path.read_text("utf-8")) for path in sorted([*folder.glob("Goal-*.json"), *folder.glob("CarePlan-*.json")])]
    found = items(*documents)
    in_force = {f"Goal/{one['id']}" for one in documents if one.get("lifecycleStatus") in ("planned", "accepted", "active")}
    assert {item for item in found["item"] if item.startswith("Goal/")} == in_force
    assert found.filter(pl.col("title") == "").is_empty()
    assert found["item"].is_duplicated().sum() == 0
