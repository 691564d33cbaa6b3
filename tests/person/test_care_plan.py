from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import LabelError, NotFoundError
from heedful.core.labels import Care, Consented, Research
from heedful.core.schemas import Approvals, Plans
from heedful.core.seals import seal
from heedful.person.care_plan import care_plan, fhir_id

AT = datetime(2026, 3, 20, 9, tzinfo=UTC)
ITEMS = pl.DataFrame(
    {
        "person": ["p1"] * 3, "item": ["adherence: drug:sertraline", "sleep_regularity", "steps"], "kind": ["activity", "goal", "goal"],
        "title": ["Talk about sertraline", "Sleep at the same time", "Walk 6,000 steps a day"], "target": [0.8, 60.0, 6000.0],
        "unit": ["1", "min", "{steps}"], "comparator": ["at_least", "at_most", "at_least"], "from_day": [date(2026, 3, 20)] * 3,
        "reason": ["r1.", "r2.", "r3."], "evidence": ["e1", None, "e3"],
    }
)  # fmt: skip


def _approvals(*answers: tuple[str, str, int]) -> pl.DataFrame:
    rows = [
        {"approval": f"a{n}", "person": "p1", "item": item, "answer": answer, "by": "Dr. A", "at": AT.replace(hour=hour)}
        for n, (item, answer, hour) in enumerate(answers)
    ]
    return Approvals.check(pl.DataFrame(rows, schema_overrides=Approvals.dtypes())) if rows else Approvals.empty()


def _care_plan(*answers: tuple[str, str, int]) -> list[dict[str, Any]]:
    return care_plan(seal(ITEMS, Consented[Care], Plans), _approvals(*answers), "p1", AT)


def test_a_plan_that_nobody_has_seen_is_a_draft_and_its_goals_are_proposed() -> None:
    plan, *goals = _care_plan()
    assert (plan["status"], plan["intent"]) == ("draft", "proposal")
    assert [goal["lifecycleStatus"] for goal in goals] == ["proposed", "proposed"]
    assert [reference["reference"] for reference in plan["goal"]] == [f"Goal/{goal['id']}" for goal in goals]
    steps = goals[1]["target"][0]
    assert steps["detailQuantity"] == {
        "value": 6000,
        "comparator": ">=",
        "unit": "{steps}",
        "system": "http://unitsofmeasure.org",
        "code": "{steps}",
    }
    assert steps["measure"]["coding"][0]["code"] == "55423-8"


def test_the_newest_answer_counts_and_a_declined_goal_is_rejected() -> None:
    plan, sleep, steps = _care_plan(
        ("steps", "declined", 10), ("steps", "approved", 11), ("sleep_regularity", "declined", 10),
        ("adherence: drug:sertraline", "approved", 10)
    )  # fmt: skip
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert (sleep["lifecycleStatus"], steps["lifecycleStatus"]) == ("rejected", "active")
    assert {"authorString": "Dr. A", "time": "2026-03-20T11:00:00+00:00", "text": "approved"} in steps["note"]


def test_a_plan_with_everything_declined_is_revoked() -> None:
    plan, *_ = _care_plan(*[(item, "declined", 10) for item in ITEMS["item"]])
    assert plan["status"] == "revoked"
    assert plan["activity"][0]["detail"]["status"] == "cancelled"


def test_ids_are_ones_that_fhir_allows() -> None:
    allowed = re.compile(r"[A-Za-z0-9\-.]{1,64}")
    assert all(allowed.fullmatch(resource["id"]) for resource in _care_plan())
    assert allowed.fullmatch(fhir_id("goal", "p" * 80, "steps"))


def test_nobodys_plan_and_a_plan_for_research_are_refused() -> None:
    with pytest.raises(NotFoundError):
        care_plan(seal(ITEMS, Consented[Care], Plans), Approvals.empty(), "p2", AT)
    with pytest.raises(LabelError):
        care_plan(seal(ITEMS, Consented[Research], Plans), Approvals.empty(), "p1", AT)  # type: ignore[arg-type]
