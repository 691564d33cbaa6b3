"""What participants write into their own diaries: the same grammar as posts, about their own illness and medicine."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from heedful.simulate.concepts import DRUGS, FLU_LIKE, RELATIVES, SYMPTOMS
from heedful.simulate.grammar import KINDS, says_symptom, sentence
from heedful.simulate.town import DIARIES, Town

WRITES = 0.15
"""Chance of an entry on a day; four times that while ill."""
CRISIS_AT = 0.66


def diaries(town: Town) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries (person, entry, wall: local wall clock, zone, text, language) and their truth (entry, kind, concept, assertion, …).

    Exactly one entry of the town, by the last participant, speaks of a crisis: a human must be told, and messages must rest.
    """
    entries, truths = [], []
    cards = {drug.name: drug for drug in DRUGS}
    for row, (person, zone, drug) in enumerate(town.people.select("person", "zone", "drug").iter_rows()):
        rng = town.rng(DIARIES, row)
        draws, chance, minute = (
            rng.integers(0, 2**31, (town.size.days, 6)).tolist(),
            rng.random(town.size.days),
            rng.integers(1_080, 1_320, town.size.days),
        )
        ill = _ill_days(town, person)
        for day in range(town.size.days):
            crisis = row == town.people.height - 1 and day == int(CRISIS_AT * town.size.days)
            if chance[day] >= (4 * WRITES if ill[day] else WRITES) and not crisis:
                continue
            entry = f"{person}-{day:03d}"
            text, truth = _entry(draws[day], bool(ill[day]), drug if drug in cards else None, crisis)
            wall = np.datetime64(town.day(day), "us").item() + timedelta(minutes=int(minute[day]))
            entries.append((person, entry, wall, zone, text, "en"))
            truths.append((entry, *truth))
    names = ("entry", "kind", "concept", "assertion", "experiencer", "drug", "axis", "effect")
    return (
        pl.DataFrame(
            entries,
            schema={
                "person": pl.String,
                "entry": pl.String,
                "wall": pl.Datetime("us"),
                "zone": pl.String,
                "text": pl.String,
                "language": pl.String,
            },
            orient="row",
        ),
        pl.DataFrame(truths, schema=dict.fromkeys(names, pl.String), orient="row"),
    )


def _ill_days(town: Town, person: str) -> np.ndarray:
    ill = np.zeros(town.size.days, dtype=np.bool_)
    for illness in town.illnesses:
        if illness.person == person:
            ill[(illness.first_day - town.size.first_day).days : (illness.last_day - town.size.first_day).days + 1] = True
    return ill


def _entry(draw: list[int], ill: bool, drug: str | None, crisis: bool) -> tuple[str, tuple[str, ...]]:
    choice = draw[5] % 10
    name = (
        "crisis"
        if crisis
        else "present"
        if ill or choice < 2
        else "chatter"
        if choice < 5 or drug is None
        else ("missed_dose", "taking", "adverse")[choice % 3]
    )
    codes = list(SYMPTOMS)
    code = FLU_LIKE[draw[3] % len(FLU_LIKE)] if ill else codes[draw[3] % len(codes)]
    card = next((known for known in DRUGS if known.name == drug), None)
    if name == "adverse":
        name, code = ("adverse", next(iter(card.adverse))) if card and card.adverse else ("taking", code)
    kind = KINDS[name]
    text = sentence(
        kind, (draw[0], draw[1], draw[2]), symptom=SYMPTOMS[code].nouns[0], drug=drug or "", relative=RELATIVES[draw[4] % len(RELATIVES)],
        place="town", purpose=card.purpose if card else "",
    )  # fmt: skip
    concept = code if says_symptom(kind, draw[0]) else ""
    told = (drug or "") if name in ("missed_dose", "taking", "adverse") else ""
    effect = code if kind.axis == "adverse" else ""
    return text, (name, concept, kind.assertion if concept else "", kind.experiencer if concept else "", told, kind.axis, effect)
