"""What is known of a person when a decision is due, beside features: declared attributes and the signals of the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class PersonState:
    """A participant at a decision point. Everything that is not known stays at its default, which never opens a door.

    Parameters
    ----------
    person: pseudonym. zone: IANA zone; None stops every message, as no hour of the day is known then.
    language: BCP 47 tag of messages. reading_level: 'plain' or 'standard'. birth_year: as declared.
    paused_until: the participant asked for quiet until then. reachable: a channel is set up.
    asleep, driving, exercising: what the phone or watch reports now.
    crisis_at: when a diary or answer last spoke of a crisis; crisis_cleared_at: when a human cleared it.
    contraindications: tags under which a message may not go to this person, such as 'no_walking' (see `Message.not_for`).
    values: numbers and names that messages may show.
    """

    person: str
    zone: str | None
    language: str = "en"
    reading_level: str = "plain"
    birth_year: int | None = None
    paused_until: datetime | None = None
    reachable: bool = True
    asleep: bool = False
    driving: bool = False
    exercising: bool = False
    crisis_at: datetime | None = None
    crisis_cleared_at: datetime | None = None
    contraindications: frozenset[str] = frozenset()
    values: dict[str, float | str] = field(default_factory=dict)
