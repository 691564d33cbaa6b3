"""One decision, in one order, every refusal with its reason (DESIGN section 8): what may be sent, how probable it was, and why.

Availability, consent for care now, eligibility, safety stops, burden and quiet hours, policy, draw. On an error the answer is no
message, never a coin. Nothing is sent here: the caller commits the decision to the ledger first, and delivers after that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Literal

from heedful.core.errors import SettingsError
from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Features
from heedful.intervene.availability import unavailable
from heedful.intervene.burden import Budget, in_quiet_hours, overburdened, quiet_begins
from heedful.intervene.decision_points import DecisionPoint, Scheduled
from heedful.intervene.eligibility import Eligibility, ineligible
from heedful.intervene.ledger_state import LedgerState
from heedful.intervene.library import LIBRARY
from heedful.intervene.messages import Library, deliver_by, render
from heedful.intervene.policies.base import NO_MESSAGE, Choice, Context, Policy
from heedful.intervene.safety import safe_messages, stopped
from heedful.intervene.snapshot import snapshot, snapshots
from heedful.intervene.state import PersonState

Outcome = Literal["send", "no_message", "refused"]
RefusedBy = Literal["", "availability", "consent", "eligibility", "safety", "burden", "quiet_hours", "error"]


@dataclass(frozen=True)
class Rules:
    """What holds for every decision of a point: the policy, the key of its draw, and the limits that no policy can pass."""

    policy: Policy
    key: bytes = field(repr=False)
    eligibility: Eligibility = field(default_factory=Eligibility)
    budget: Budget = field(default_factory=Budget)
    library: Library = LIBRARY


@dataclass(frozen=True)
class Due:
    """A decision that is due: for whom, when, whether a consent for care is in force at this moment, and what was sent before.

    `consent`: the answer of `heedful.trust.consent.in_force` for (person, care) at the time of deciding.
    `ledger`: must not hold this very decision, so that a replay sees what the decision saw.
    """

    state: PersonState
    scheduled: Scheduled
    consent: bool
    ledger: LedgerState = field(default_factory=LedgerState)


@dataclass(frozen=True)
class Decision:
    """A decision with its whole reasoning. `row()` is what the ledger keeps; the rest is for the outbox.

    `text`, `deliver_by`: the rendered message and the instant after which it must not leave; None unless `outcome` is 'send'.
    """

    decision: str
    person: str
    decision_point: str
    scheduled_at: datetime
    decided_at: datetime
    outcome: Outcome
    refused_by: RefusedBy
    reason: str
    policy: str
    probability: float | None
    u: float | None
    action: str
    features: str
    offset_minutes: int
    text: str | None = None
    deliver_by: datetime | None = None
    needs_approval: bool = False

    def row(self) -> dict[str, object]:
        """The columns of `Decisions`."""
        return {name: getattr(self, name) for name in _LEDGER_COLUMNS}


_LEDGER_COLUMNS = tuple(Decision.__dataclass_fields__)[:14]


@checked
def decide(point: DecisionPoint, due: Due, features: Frame[Consented[Care], Features], rules: Rules, decided_at: datetime) -> Decision:
    """Decide for one person at one time; deterministic in its arguments.

    Parameters
    ----------
    features: rows of any persons; only this person's newest values of the 7 days before count, and only once consent is clear.
    decided_at: now, as the caller's clock says; in a replay the time that the ledger holds.

    Returns
    -------
    A `Decision`: 'send', 'no_message' (the draw said so) or 'refused' with the step that refused. An error inside is
    `refused_by='error'`. Raises `LabelError` before anything else if `features` is not consented for care.
    """
    return _decide(point, due, lambda: snapshot(features, due.state.person, due.scheduled.day), rules, decided_at)


@checked
def decide_many(
    point: DecisionPoint, dues: Iterable[Due], features: Frame[Consented[Care], Features], rules: Rules, decided_at: datetime
) -> list[Decision]:
    """As `decide` for many people, one decision each, in the order given: features are looked up once for all of them.

    Raises `SettingsError` if a person is due twice: the second decision would not see the first.
    """
    many = list(dues)
    days = {due.state.person: due.scheduled.day for due in many if due.consent}
    if len({due.state.person for due in many}) < len(many):
        raise SettingsError(f"A person is due twice at {point.name} in one call; decide day by day, so that the budget sees what was sent.")
    seen = snapshots(features, days)
    return [_decide(point, due, lambda due=due: seen.of(due.state.person), rules, decided_at) for due in many]  # type: ignore[misc]


def decision_id(person: str, point: str, scheduled_at: datetime) -> str:
    """The id of the one decision that there can be for this person, point and time."""
    parts = (person.encode(), point.encode(), str(int(scheduled_at.timestamp() * 1e6)).encode())
    return blake2b(b"".join(len(part).to_bytes(4, "big") + part for part in parts), digest_size=12).hexdigest()


def _decide(point: DecisionPoint, due: Due, look: Callable[[], dict[str, float | None]], rules: Rules, decided_at: datetime) -> Decision:
    try:
        return _in_order(point, due, look, rules, decided_at)
    except Exception as error:  # kept as the reason: whatever breaks, the answer is no message
        return _answer(point, due, rules, decided_at, "refused", "error", f"{type(error).__name__}: {error}")


def _in_order(point: DecisionPoint, due: Due, look: Callable[[], dict[str, float | None]], rules: Rules, decided_at: datetime) -> Decision:
    """The order of DESIGN section 8, step by step."""
    state, at = due.state, due.scheduled.at

    def refuse(by: RefusedBy, reason: str, seen: str = "{}") -> Decision:
        return _answer(point, due, rules, decided_at, "refused", by, reason, features=seen)

    if reason := _late(point, at, decided_at) or unavailable(state, decided_at):
        return refuse("availability", reason)
    if not due.consent:
        return refuse("consent", "No consent for care is in force now.")
    values = {name: value if value is not None and math.isfinite(value) else None for name, value in look().items()}
    if reason := ineligible(rules.eligibility, state, values, at):
        return refuse("eligibility", reason, _json(values))
    if reason := stopped(point.messages, state, rules.library, decided_at):
        return refuse("safety", reason, _json(values))
    if state.zone is None:
        return refuse("quiet_hours", "The person's time zone is not known, and with it whether the hour is a quiet one.", _json(values))
    if reason := overburdened(rules.budget, state.zone, due.ledger, at):
        return refuse("burden", reason, _json(values))
    # The hour must be right both when it was due and when it would really leave.
    if reason := in_quiet_hours(rules.budget, state.zone, at) or in_quiet_hours(rules.budget, state.zone, decided_at):
        return refuse("quiet_hours", reason, _json(values))
    shown = _shown(values, state)
    messages = _tellable(safe_messages(point.messages, state, rules.library), shown, state, rules.library)
    choice = rules.policy.choose(Context(state.person, point.name, at, messages, values), rules.key)
    return _drawn(point, due, rules, decided_at, choice, shown, _json(values, choice))


def _drawn(
    point: DecisionPoint, due: Due, rules: Rules, decided_at: datetime, choice: Choice, shown: Mapping[str, float | str], seen: str
) -> Decision:
    if choice.action == NO_MESSAGE:
        reason = f"The policy sends with probability {1 - choice.probability:.2f}; the draw {choice.u:.3f} says no message."
        return _answer(point, due, rules, decided_at, "no_message", "", reason, choice=choice, features=seen)
    state, at = due.state, due.scheduled.at
    text = render(rules.library.text_for(choice.action, state.language, state.reading_level), shown)
    until = deliver_by(at, point.window_minutes, quiet_begins(rules.budget, state.zone or "UTC", at))
    reason = f"The policy gives {choice.action} the probability {choice.probability:.2f}; the draw {choice.u:.3f} chose it."
    return _answer(point, due, rules, decided_at, "send", "", reason, choice=choice, features=seen, text=text, until=until)


def _answer(
    point: DecisionPoint,
    due: Due,
    rules: Rules,
    decided_at: datetime,
    outcome: Outcome,
    refused_by: RefusedBy,
    reason: str,
    *,
    choice: Choice | None = None,
    features: str = "{}",
    text: str | None = None,
    until: datetime | None = None,
) -> Decision:
    person, at = due.state.person, due.scheduled.at
    return Decision(
        decision_id(person, point.name, at), person, point.name, at, decided_at, outcome, refused_by, reason, rules.policy.label,
        choice.probability if choice else None, choice.u if choice else None, choice.action if choice else NO_MESSAGE, features,
        due.scheduled.offset_minutes, text, until, point.needs_approval and outcome == "send",
    )  # fmt: skip


def _late(point: DecisionPoint, at: datetime, decided_at: datetime) -> str:
    if decided_at < at:
        raise SettingsError(f"The decision {point.name} is due at {at.isoformat()} and was asked for before that.")
    if (decided_at - at).total_seconds() >= point.window_minutes * 60:
        return f"It is more than {point.window_minutes} min after the time for which the decision was due; late messages are not sent."
    return ""


def _shown(values: Mapping[str, float | None], state: PersonState) -> dict[str, float | str]:
    """Values that texts may show: yesterday's steps, and whatever the person's state brings along."""
    steps = values.get("steps[sum]")
    return {**({} if steps is None else {"steps": steps}), **state.values}


def _tellable(messages: tuple[str, ...], shown: Mapping[str, float | str], state: PersonState, library: Library) -> tuple[str, ...]:
    """The messages whose text can be filled for this person: one that shows a goal is no choice where there is none."""
    texts = ((action, library.text_for(action, state.language, state.reading_level)) for action in messages)
    return tuple(action for action, text in texts if all(shown.get(name) is not None for name in text.needs))


def _json(values: Mapping[str, float | None], choice: Choice | None = None) -> str:
    seen: dict[str, object] = {"features": dict(values)}
    if choice is not None:
        seen["probabilities"] = choice.probabilities
    return json.dumps(seen, sort_keys=True, allow_nan=False)
