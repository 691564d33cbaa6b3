"""The plan as FHIR R4: one CarePlan and its Goals, a draft until a human has approved them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import polars as pl

from heedful.core.errors import NotFoundError
from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Plans
from heedful.person.plan import AT_LEAST, AT_MOST

Resource = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"

_MEASURES = {
    "steps": {
        "coding": [{"system": LOINC, "code": "55423-8", "display": "Number of steps in unspecified time Pedometer"}],
        "text": "steps",
    },
    "sleep_regularity": {"text": "standard deviation of sleep onset"},
}  # fmt: skip
_COMPARATORS = {AT_LEAST: ">=", AT_MOST: "<="}
_GOAL_STATES = {"waiting": "proposed", "approved": "active", "declined": "rejected"}


def plan_states(plans: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """The items with their state: 'waiting', 'approved' or 'declined', by whom and when; the newest answer counts.

    What the clinical record holds was given by a human and is approved as long as nobody declines it here.

    `plans` and `approvals` are rows of `Plans` and `Approvals`; the answer has the columns of `plans` and `state`, `by`, `at`.
    """
    newest = (
        approvals.select("person", "item", "answer", "by", "at", "approval")
        .sort("at", "approval", descending=True)
        .unique(["person", "item"], keep="first", maintain_order=True)
        .drop("approval")
    )
    return (
        plans.join(newest, on=["person", "item"], how="left")
        .with_columns(state=pl.coalesce("answer", pl.when(pl.col("given_by").is_not_null()).then(pl.lit("approved")), pl.lit("waiting")))
        .drop("answer")
        .sort("person", "item")
    )


@checked
def care_plan(plans: Frame[Consented[Care], Plans], approvals: pl.DataFrame, person: str, at: datetime) -> list[Resource]:
    """One person's plan as FHIR R4 resources: the CarePlan first, then its Goals.

    Parameters
    ----------
    plans: under the purpose care. approvals: rows of `Approvals`. person: pseudonym; becomes `Patient/<pseudonym>`.
    at: when the document is made (aware).

    The CarePlan is `draft` with intent `proposal` while any item waits, `active` with intent `plan` once none waits and at least
    one was approved, `revoked` when all were declined. Goals that came from the record stay there and are not repeated. Activities that
    were declined are `cancelled`. An item of kind goal becomes a Goal; every item that is an activity becomes `activity.detail`. Raises
    `NotFoundError` if there is no plan for the person.
    """
    proposed = plans.data.filter((pl.col("person") == person) & pl.col("given_by").is_null())
    items = plan_states(proposed, approvals).to_dicts()
    if not items:
        raise NotFoundError(f"There is no plan for {person}: too little is known of this person yet, or the pseudonym is not right.")
    subject = {"reference": f"Patient/{fhir_id(person)}"}
    goals = [_goal(item, subject) for item in items if item["kind"] == "goal"]
    activities = [_activity(item) for item in items if item["kind"] != "goal"]
    states = {item["state"] for item in items}
    status, intent = ("draft", "proposal") if "waiting" in states else ("active", "plan") if "approved" in states else ("revoked", "plan")
    plan: Resource = {
        "resourceType": "CarePlan",
        "id": fhir_id("plan", person),
        "status": status,
        "intent": intent,
        "title": "Plan proposed by heedful, for a human to approve",
        "subject": subject,
        "created": at.isoformat(timespec="seconds"),
    }
    if goals:
        plan["goal"] = [{"reference": f"Goal/{goal['id']}"} for goal in goals]
    if activities:
        plan["activity"] = activities
    return [plan, *goals]


def fhir_id(*parts: str) -> str:
    """An id that FHIR allows (letters, digits, '-' and '.', at most 64): the text itself, or its hash where it does not fit.

    >>> fhir_id("plan", "a1b2")
    'plan-a1b2'
    """
    text = "-".join(parts)
    if len(text) <= 64 and text.isascii() and text.replace("-", "").replace(".", "").isalnum():
        return text
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def _goal(item: dict[str, Any], subject: Resource) -> Resource:
    goal: Resource = {
        "resourceType": "Goal",
        "id": fhir_id("goal", item["person"], item["item"]),
        "lifecycleStatus": _GOAL_STATES[item["state"]],
        "description": {"text": item["title"]},
        "subject": subject,
        "note": [{"text": text} for text in (item["reason"], item["evidence"]) if text] + _answer(item),
    }
    if item["from_day"] is not None:
        goal["startDate"] = item["from_day"].isoformat()
    if item["target"] is not None:
        quantity: Resource = {"value": _plain(item["target"]), "unit": item["unit"], "system": UCUM, "code": item["unit"]}
        if item["comparator"] is not None:
            quantity["comparator"] = _COMPARATORS[item["comparator"]]
        goal["target"] = [{"measure": _MEASURES.get(item["item"], {"text": item["item"]}), "detailQuantity": quantity}]
    return goal


def _activity(item: dict[str, Any]) -> Resource:
    detail: Resource = {
        "status": "cancelled" if item["state"] == "declined" else "not-started",
        "description": " ".join(text for text in (f"{item['title']}.", item["reason"], item["evidence"]) if text),
    }
    if item["from_day"] is not None:
        detail["scheduledPeriod"] = {"start": item["from_day"].isoformat()}
    answer = _answer(item)
    return {"detail": detail, "progress": answer} if answer else {"detail": detail}


def _answer(item: dict[str, Any]) -> list[Resource]:
    return [{"authorString": item["by"], "time": item["at"].isoformat(timespec="seconds"), "text": item["state"]}] if item["by"] else []


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value
