"""Flu-like outbreaks in place and time, and who falls ill: among those who post, and among participants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from heedful.simulate.concepts import FLU_LIKE, INFLUENZA
from heedful.simulate.truth import Illness, Outbreak, Rumour

ILL_DAYS = 6


@dataclass(frozen=True)
class OutbreakPlan:
    """Where and when, as shares of the simulated span, so that any length of it has the same story."""

    name: str
    place: str
    begins: float
    days: int
    attack_rate: float


PLANS = (
    OutbreakPlan("first wave", "US/NY/5110629", 0.42, 14, 0.3),
    OutbreakPlan("second wave", "US/IL/4887398", 0.68, 14, 0.25),
)


def rumours(first_day: date, days: int) -> tuple[Rumour, ...]:
    """What makes people talk of the flu without anybody being ill."""
    claim, media = first_day + timedelta(days=int(0.55 * days)), first_day + timedelta(days=int(0.3 * days))
    return (
        Rumour("garlic", "garlic water cures the flu", "world", claim, claim + timedelta(days=6), (INFLUENZA,)),
        Rumour("media", "", "US/NY/5128581", media, media + timedelta(days=1), (INFLUENZA,)),
    )


def fall_ill(plan: OutbreakPlan, residents: np.ndarray, days: int, rng: np.random.Generator) -> pl.DataFrame:
    """Who of `residents` (indices) falls ill on which day: columns `who`, `day` (index of the first day of symptoms).

    Each resident is hit with the plan's attack rate; onsets follow a bell over the plan's days, as in a point-source outbreak.
    """
    ill = residents[rng.random(residents.size) < plan.attack_rate]
    begin = int(plan.begins * days)
    spread = rng.normal(0.5, 0.18, ill.size).clip(0, 0.999)
    onset = (begin + np.floor(spread * plan.days)).astype(np.int64)
    return pl.DataFrame({"who": ill, "day": onset}).filter(pl.col("day") < days)


def outbreak(plan: OutbreakPlan, ill: pl.DataFrame, first_day: date, days: int) -> Outbreak:
    """The truth of a plan that was carried out. It lasts until its last onset's symptoms are over."""
    begin = int(plan.begins * days)
    last = min(begin + plan.days - 1 + ILL_DAYS, days - 1)
    return Outbreak(
        plan.name, plan.place, first_day + timedelta(days=begin), first_day + timedelta(days=last), plan.attack_rate, FLU_LIKE, ill.height
    )


def participant_illness(people: pl.DataFrame, first_day: date, days: int, rng: np.random.Generator) -> tuple[Illness, ...]:
    """Illnesses of participants: three of four who live where an outbreak is, and one of ten elsewhere at any time.

    `people`: columns person, place, in a fixed order.
    """
    plans = {plan.place: plan for plan in PLANS}
    found = []
    for person, place in people.select("person", "place").iter_rows():
        chance, length, spread, beats = rng.random(), rng.integers(4, 7), rng.random(), rng.uniform(7, 12)
        plan = plans.get(place)
        if chance >= (0.75 if plan else 0.1):
            continue
        begin = int(plan.begins * days + spread * plan.days) if plan else int((0.4 + 0.5 * spread) * days)
        last = min(begin + int(length) - 1, days - 1)
        if begin < days:
            found.append(Illness(person, first_day + timedelta(days=begin), first_day + timedelta(days=last), round(float(beats), 1)))
    return tuple(found)
