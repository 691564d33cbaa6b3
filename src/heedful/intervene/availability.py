"""Whether a person can be reached without harm or nuisance right now; if not, why."""

from __future__ import annotations

from datetime import datetime

from heedful.intervene.state import PersonState


def unavailable(state: PersonState, at: datetime) -> str:
    """The reason why nothing should reach this person at `at`, as a sentence; empty if nothing speaks against it.

    Availability is of the moment and says nothing of the person: driving, asleep, exercising already, paused, no channel.
    """
    if not state.reachable:
        return "No channel is set up over which this person can be reached."
    if state.paused_until is not None and at < state.paused_until:
        return f"The participant asked for quiet until {state.paused_until.isoformat(timespec='minutes')}."
    if state.driving:
        return "The person seems to be driving."
    if state.asleep:
        return "The person seems to be asleep."
    if state.exercising:
        return "The person is exercising already."
    return ""
