"""Whom a decision point is for: age, and enough recent data to decide on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from heedful.intervene.state import PersonState


@dataclass(frozen=True)
class Eligibility:
    """Conditions that a person must meet. `minimum_age` in years (0: any; asks for a declared birth year otherwise).

    `needs`: features that must have a value in the snapshot.
    """

    minimum_age: int = 0
    needs: tuple[str, ...] = ()


def ineligible(rule: Eligibility, state: PersonState, values: Mapping[str, float | None], at: datetime) -> str:
    """The condition that is not met, as a sentence; empty if all are. A birth year that is not known fails an age limit."""
    if rule.minimum_age:
        if state.birth_year is None:
            return f"The age must be at least {rule.minimum_age} and the birth year is not known."
        # Only the year is declared: the birthday may still come, so the younger age counts.
        age = at.year - state.birth_year - 1
        if age < rule.minimum_age:
            return f"The person may be younger than {rule.minimum_age}."
    absent = [name for name in rule.needs if values.get(name) is None]
    return f"There is no recent value of {', '.join(absent)}." if absent else ""
