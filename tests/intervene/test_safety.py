from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from heedful.intervene.library import LIBRARY
from heedful.intervene.safety import in_crisis, safe_messages, stopped
from heedful.intervene.state import PersonState

AT = datetime(2026, 3, 1, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("crisis", "cleared", "silent"),
    [
        (None, None, False),
        (AT - HOUR, None, True),
        (AT - 1000 * 24 * HOUR, None, True),  # no time heals it: a human clears it
        (AT + HOUR, None, False),  # not known yet
        (AT - 2 * HOUR, AT - HOUR, False),
        (AT - HOUR, AT - 2 * HOUR, True),  # a new crisis after the last clearing
    ],
)
def test_a_crisis_silences_until_a_human_clears_it(crisis: datetime | None, cleared: datetime | None, silent: bool) -> None:
    state = PersonState("p", "UTC", crisis_at=crisis, crisis_cleared_at=cleared)
    assert in_crisis(state, AT) is silent
    assert bool(stopped(("stand_up",), state, LIBRARY, AT)) is silent


def test_a_contraindication_takes_its_messages_away_and_stops_where_nothing_is_left() -> None:
    state = PersonState("p", "UTC", contraindications=frozenset({"no_walking"}))
    assert safe_messages(("walk_short", "stand_up"), state, LIBRARY) == ("stand_up",)
    assert stopped(("walk_short", "stand_up"), state, LIBRARY, AT) == ""
    assert "no_walking" in stopped(("walk_short", "walk_goal"), state, LIBRARY, AT)
