"""Safety stops: a crisis that no human has cleared silences everything; a contraindication takes the message away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from heedful.intervene.messages import Library
from heedful.intervene.state import PersonState


def in_crisis(state: PersonState, at: datetime) -> bool:
    """Whether a crisis was seen by `at` that no human has cleared since. There is no time after which it clears itself."""
    if state.crisis_at is None or state.crisis_at > at:
        return False
    return state.crisis_cleared_at is None or not (state.crisis_at <= state.crisis_cleared_at <= at)


def safe_messages(messages: Iterable[str], state: PersonState, library: Library) -> tuple[str, ...]:
    """The actions that no contraindication of this person forbids, in the order given."""
    return tuple(action for action in messages if not (library.not_for(action) & state.contraindications))


def stopped(messages: tuple[str, ...], state: PersonState, library: Library, at: datetime) -> str:
    """Why nothing may be sent, as a sentence; empty if at least one of `messages` may. A human is told of crises elsewhere."""
    if in_crisis(state, at):
        return "A diary entry or answer speaks of a crisis that no human has cleared; automatic messages rest until then."
    if messages and not safe_messages(messages, state, library):
        return f"Every message of this decision point is contraindicated for this person ({', '.join(sorted(state.contraindications))})."
    return ""
