"""What really happens in the simulated town: the answers that a loop is scored against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec


@dataclass(frozen=True)
class Outbreak:
    """More people of `place` fall ill between `first_day` and `last_day` (both included); `signals` are the concepts that rise."""

    name: str
    place: str
    first_day: date
    last_day: date
    attack_rate: float
    signals: tuple[str, ...]
    ill_posters: int


@dataclass(frozen=True)
class Rumour:
    """A claim that spreads, or news that make people talk: mentions of `signals` rise and nobody is ill. `place` 'world' is everywhere."""

    name: str
    claim: str
    place: str
    first_day: date
    last_day: date
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What a treatment does to the people who take it: `axis` as in `Experiences`; `share` of its takers who tell of it."""

    drug: str
    axis: str
    effect: str
    share: float


@dataclass(frozen=True)
class Illness:
    """A participant's illness: resting heart rate is raised from `first_day` to `last_day` by up to `beats` a minute."""

    person: str
    first_day: date
    last_day: date
    beats: float


@dataclass(frozen=True)
class Truth:
    """Everything that is true of a simulated town, posts aside (they have a table of their own).

    `responders`: participants whose steps rise after a message. `not_worn`: person -> days on which the watch lay in a drawer.
    `missed_doses`: person -> days. `irregular_sleepers`, `poor_refillers`: participants. `crisis_entries`: ids of diary entries.
    """

    seed: int
    synthetic: bool
    first_day: date
    last_day: date
    outbreaks: tuple[Outbreak, ...]
    rumours: tuple[Rumour, ...]
    effects: tuple[Effect, ...]
    illnesses: tuple[Illness, ...]
    responders: tuple[str, ...]
    irregular_sleepers: tuple[str, ...]
    poor_refillers: tuple[str, ...]
    crisis_entries: tuple[str, ...]
    not_worn: dict[str, tuple[date, ...]]
    missed_doses: dict[str, tuple[date, ...]]
    without_consent: tuple[str, ...]
    withdraws: tuple[str, ...]
    posts_by_kind: dict[str, int]


def truth_to_json(truth: Truth) -> bytes:
    """The truth as indented JSON, as `truth.json` keeps it."""
    return msgspec.json.format(msgspec.json.encode(truth), indent=1)


def truth_from_json(text: bytes) -> Truth:
    """The truth of a `truth.json`; raises `msgspec.ValidationError` if it is something else."""
    return msgspec.json.decode(text, type=Truth)
