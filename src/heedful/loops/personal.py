"""The personal loop: observations and dispensings → features, adherence, changes → timeline, risk, plan → decisions and outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time

import polars as pl

from heedful.core.labels import Care
from heedful.core.schemas import Deliveries, Features, Observations, People
from heedful.intervene import (
    Budget,
    Decision,
    DecisionPoint,
    LedgerState,
    PersonState,
    QuietHours,
    Scheduled,
    decide_many,
    ledger_states,
    outcomes,
    scheduled,
)
from heedful.intervene.decide import Due, Rules
from heedful.intervene.policies import POLICIES, Policy
from heedful.loops.crisis_stops import crisis_times, open_crises
from heedful.loops.settings import DecisionSettings
from heedful.loops.site import Site
from heedful.store.decision_log import DecisionLog
from heedful.trust.consent import people_with

DECISION_KINDS = ("activity",)
"""Kinds of data that the daily decision looks at; consent for care must cover them at the moment of deciding."""


def daily_point(settings: DecisionSettings) -> DecisionPoint:
    """The one decision point of this release: once a day at the local time of the settings."""
    return DecisionPoint("daily", _time(settings.local_time), needs_approval=settings.approval)


def rules_of(settings: DecisionSettings, key: bytes) -> Rules:
    """Policy, budget and quiet hours as the settings say."""
    kind = POLICIES.get(settings.policy)
    chosen = {"probability": settings.probability} if settings.policy == "fixed" else {}
    policy: Policy = kind(low=settings.low, high=settings.high, **chosen)
    quiet = QuietHours(_time(settings.quiet_from), _time(settings.quiet_until))
    return Rules(policy, key, budget=Budget(settings.per_day, settings.per_week, quiet=quiet))


def decide_due(site: Site, start: datetime, end: datetime, replay: bool = False) -> list[Decision]:
    """Take every decision that fell due from `start` up to `end`, each written to the ledger before anything leaves.

    A decision that the ledger has already is not taken again. Returns those that were new. With `replay` (the simulator, a back-test)
    each is taken at the instant at which it was due, on the features of the days before.
    """
    settings = site.settings.decisions
    point, rules = daily_point(settings), rules_of(settings, site.secret.derived("decisions"))
    features, states = site.view(Features, Care), person_states(site)
    taken: list[Decision] = []
    with DecisionLog(site.ledger) as log:
        for at, people in _due(point, states, start, end):
            agreed = people_with(site.grants(), "care", DECISION_KINDS)
            sent = sent_before(site, [state.person for state, _ in people], at, rules.budget)
            dues = [Due(state, due, state.person in agreed, sent.get(state.person, LedgerState())) for state, due in people]
            for decision in decide_many(point, dues, features, rules, at if replay else site.clock.now()):
                if log.record(decision.row(), _delivery(decision)):
                    taken.append(decision)
            if replay:
                send_waiting(site, at)
    if taken:
        site.ledger.audit(site.clock.now(), "decide", {"decisions": len(taken), "sent": sum(d.outcome == "send" for d in taken)})
    return taken


def _due(
    point: DecisionPoint, states: list[PersonState], start: datetime, end: datetime
) -> list[tuple[datetime, list[tuple[PersonState, Scheduled]]]]:
    """Who is due when, in order of time: the budget of a later decision sees the earlier ones."""
    found: dict[datetime, list[tuple[PersonState, Scheduled]]] = {}
    for state in states:
        for due in scheduled(point, state.zone or "UTC", start, end):
            found.setdefault(due.at, []).append((state, due))
    return sorted(found.items(), key=lambda pair: pair[0])


def sent_before(site: Site, people: Iterable[str], at: datetime, budget: Budget) -> dict[str, LedgerState]:
    """What these people were sent, as far back as the budget of a decision due at `at` looks."""
    return ledger_states(site.ledger.sent(people, at - budget.reach))


def person_states(site: Site) -> list[PersonState]:
    """What is known of every participant who agreed to care, for the decision loop."""
    people = site.view(People, Care).data.sort("person")
    crisis = crisis_times(site)
    return [
        PersonState(
            row["person"],
            row["zone"],
            row["language"] or "en",
            birth_year=row["birth_year"],
            crisis_at=crisis.get(row["person"], (None, None))[0],
            crisis_cleared_at=crisis.get(row["person"], (None, None))[1],
        )
        for row in people.iter_rows(named=True)
    ]


def send_waiting(site: Site, now: datetime) -> dict[str, int]:
    """Write waiting messages to the outbox file, each within its time; late ones expire, so that nothing piles up.

    A message that was decided before a crisis became known waits, too, until a human cleared it or its time is over.
    """
    moved = {"sent": 0, "expired": 0}
    waiting = site.ledger.rows("deliveries", status="waiting")
    if not waiting.height:
        return moved
    outbox = site.folder / "outbox"
    outbox.mkdir(exist_ok=True)
    resting = open_crises(site)["person"].to_list()
    held = site.ledger.rows("decisions").filter(pl.col("person").is_in(resting))["decision"].to_list() if resting else []
    for row in waiting.iter_rows(named=True):
        status = "sent" if now <= row["deliver_by"] else "expired"
        if status == "sent" and row["decision"] in held:
            continue
        if status == "sent":
            # One file a message, named by its decision: written again after a crash it is the same file, not a second message.
            (outbox / f"{row['decision']}.txt").write_text(row["text"] + "\n", "utf-8")
        site.ledger.update("deliveries", {"decision": row["decision"]}, {"status": status, "at": now})
        moved[status] += 1
    return moved


def join_outcomes(site: Site) -> int:
    """Join what followed every randomised decision whose window has ended; returns how many outcomes are new."""
    decisions = site.ledger.rows("decisions")
    if not decisions.height:
        return 0
    point = daily_point(site.settings.decisions)
    rows = outcomes(decisions, site.view(Observations, Care), {point.name: point.outcome_minutes}, site.clock.now())
    return site.ledger.insert("outcomes", rows.data.iter_rows(named=True))


def _delivery(decision: Decision) -> dict[str, object] | None:
    if decision.outcome != "send":
        return None
    row: dict[str, object] = {
        "decision": decision.decision,
        "channel": "file",
        "text": decision.text or "",
        "deliver_by": decision.deliver_by,
        "status": "awaiting_approval" if decision.needs_approval else "waiting",
        "at": decision.decided_at,
    }
    assert row.keys() == Deliveries.columns.keys()
    return row


def _time(text: str) -> time:
    return time(int(text[:2]), int(text[3:]))
