"""The town: who lives where, who posts, who takes part with which devices and medicines, and what happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.simulate.concepts import DRUGS, PLACES
from heedful.simulate.outbreaks import PLANS, fall_ill, outbreak, participant_illness, rumours
from heedful.simulate.truth import Illness, Outbreak, Rumour

FIRST_DAY = date(2026, 1, 26)
"""A Monday; sixty days from here hold the spring change of American clocks."""

POSTERS, PEOPLE, POSTS, DEVICES, PHARMACY, DIARIES, SERIES = range(7)
"""Streams of chance: each part of the town draws from its own, so that a change in one leaves the others as they were."""


@dataclass(frozen=True)
class Size:
    """How large the town is. `posts` is the expected number of posts by healthy people; outbreaks and rumours add to it.

    `watches`: participants with minute data of a watch; they come first. Every second of them, and every second of the rest, has a phone.
    """

    posters: int = 2_000
    days: int = 60
    participants: int = 40
    watches: int = 20
    posts: int = 40_000
    first_day: date = FIRST_DAY

    def __post_init__(self) -> None:
        if self.days < 28 or self.posters < 50 or not 0 <= self.watches <= self.participants or self.participants < 6 or self.posts < 0:
            raise SettingsError(
                f"A town needs at least 28 days, 50 posters and 6 participants, and no more watches than participants; asked for: {self}."
            )


@dataclass(frozen=True)
class Town:
    """A town and its truth, as drawn from `seed`.

    `posters`: author, place, declares (how the author writes the place, null if not), zone, rate, drug (null if none).
    `people`: participants with zone, birth_year, sex, place, language, watch, phone, drug, pillbox, responder, poor_refills,
    irregular, and the numbers of their bodies: steps, resting, bedtime (minutes from midnight), bedtime_sd.
    `ill_posters`: who (row of posters), day (index of the first day of symptoms).
    """

    seed: int
    size: Size
    posters: pl.DataFrame
    people: pl.DataFrame
    ill_posters: pl.DataFrame
    outbreaks: tuple[Outbreak, ...]
    rumours: tuple[Rumour, ...]
    illnesses: tuple[Illness, ...]

    def day(self, index: int) -> date:
        """The day with this index."""
        return self.size.first_day + timedelta(days=index)

    def rng(self, stream: int, part: int = 0) -> np.random.Generator:
        """The chance of one part of the town: the same for the same seed, whatever else was drawn."""
        return np.random.default_rng([self.seed, stream, part])


def build(seed: int, size: Size | None = None) -> Town:
    """The town of a seed: the same seed and size give the same town, on any machine with the same numpy."""
    size = size or Size()
    rng = np.random.default_rng([seed, POSTERS])
    posters = _posters(size, rng)
    place = posters["place"].to_numpy()
    waves = [(plan, fall_ill(plan, np.flatnonzero(place == plan.place), size.days, rng)) for plan in PLANS]
    people_rng = np.random.default_rng([seed, PEOPLE])
    people = _people(size, people_rng)
    return Town(
        seed, size, posters, people,
        ill_posters=pl.concat([ill for _, ill in waves]).sort("day", "who"),
        outbreaks=tuple(outbreak(plan, ill, size.first_day, size.days) for plan, ill in waves),
        rumours=rumours(size.first_day, size.days),
        illnesses=participant_illness(people, size.first_day, size.days, people_rng),
    )  # fmt: skip


def _posters(size: Size, rng: np.random.Generator) -> pl.DataFrame:
    n = size.posters
    home = rng.choice(len(PLACES), n, p=[place.share for place in PLACES])
    spelling = rng.integers(0, 1_000, n)
    declares = rng.random(n) < 0.75
    drug = rng.choice(len(DRUGS) + 1, n, p=[*(drug.share for drug in DRUGS), 1 - sum(drug.share for drug in DRUGS)])
    return pl.DataFrame(
        {
            "author": [f"poster{number:05d}" for number in range(n)],
            "place": [PLACES[index].code for index in home],
            "town": [PLACES[index].name for index in home],
            "zone": [PLACES[index].zone for index in home],
            "declares": [
                PLACES[index].written[spell % len(PLACES[index].written)] if told else None
                for index, spell, told in zip(home, spelling, declares, strict=True)
            ],
            "rate": rng.lognormal(0, 0.9, n),
            "drug": [DRUGS[index].name if index < len(DRUGS) else None for index in drug],
        },
        schema_overrides={"declares": pl.String, "drug": pl.String},
    )


def _people(size: Size, rng: np.random.Generator) -> pl.DataFrame:
    n = size.participants
    index = np.arange(n)
    # In turn, so that each outbreak meets some participants however few there are.
    home = index % len(PLACES)
    drug = rng.permutation(n) % 4
    irregular = rng.permutation(n) % 4 == 0
    return pl.DataFrame(
        {
            "person": [f"p{number:03d}" for number in index],
            "zone": [PLACES[place].zone for place in home],
            "birth_year": rng.integers(1945, 2004, n),
            "sex": rng.choice(["female", "male", "other"], n, p=[0.5, 0.47, 0.03]),
            "place": [PLACES[place].code for place in home],
            "language": rng.choice(["en", "es", "de"], n, p=[0.8, 0.15, 0.05]),
            "watch": index < size.watches,
            "phone": index % 2 == 0,
            "drug": [("sertraline", "lisinopril", "metformin", None)[number] for number in drug],
            "pillbox": rng.permutation(n) % 2 == 0,
            "responder": rng.permutation(n) % 2 == 0,
            "poor_refills": rng.permutation(n) % 3 == 0,
            "irregular": irregular,
            "steps": rng.normal(6_800, 1_900, n).clip(2_500, 13_000).round(),
            "resting": rng.normal(63, 6, n).clip(48, 80).round(),
            "bedtime": rng.normal(-50, 40, n).clip(-150, 40).round(),
            "bedtime_sd": np.where(irregular, 110.0, 25.0),
        },
        schema_overrides={"drug": pl.String},
    )
