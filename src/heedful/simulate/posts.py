"""What the town says in public: a table of posts, and beside it what each of them truly says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from heedful.simulate.concepts import DRUGS, FLU_LIKE, FLU_WEIGHTS, INFLUENZA, RELATIVES, SYMPTOMS, TELLING
from heedful.simulate.grammar import DRUG_KINDS, KINDS, says_symptom, sentence
from heedful.simulate.town import POSTS, Town

BASE = {
    "chatter": 0.73, "present": 0.11, "family": 0.03, "negated": 0.025, "figurative": 0.025, "relief": 0.02, "question": 0.015,
    "hypothetical": 0.01, "news": 0.025, "contact": 0.01,
}  # fmt: skip
"""Shares of kinds among posts of healthy people without medicines."""
DRUG_TALK = 0.35
ILL_TALK = 0.55
"""Chance that somebody who is ill says so on a day of the illness."""
_HOURS = np.array([1, 0.5, 0.3, 0.2, 0.3, 0.8, 2, 3, 4, 4, 4, 4, 5, 5, 4, 4, 4, 5, 6, 7, 7, 6, 4, 2], dtype=np.float64)


@dataclass(frozen=True)
class PostTable:
    """`posts`: id, author, created_at (UTC), text, location, lang, synthetic, in the order of time.

    `truth`: id, kind, concept, assertion, experiencer, drug, axis, effect; '' where there is none. An assertion of '' with a
    concept means that the words are there and nobody has the symptom: figurative.
    """

    posts: pl.DataFrame
    truth: pl.DataFrame


def write_posts(town: Town) -> PostTable:
    """All posts of the town. Deterministic in the town."""
    rng = town.rng(POSTS)
    drawn = pl.concat([_everyday(town, rng), _ill(town, rng), _rumours(town, rng)])
    drawn = drawn.with_columns(order=rng.permutation(drawn.height)).join(
        town.posters.with_row_index("who", 0).with_columns(pl.col("who").cast(pl.Int64)), on="who", how="left", maintain_order="left"
    )
    minute = rng.choice(24, drawn.height, p=_HOURS / _HOURS.sum()) * 60 + rng.integers(0, 60, drawn.height)
    second = rng.integers(0, 60, drawn.height)
    at = _instants(town, drawn, minute * 60 + second)
    told = _texts(drawn, rng)
    table = pl.concat([drawn.select("author", "order", "kind", location="declares"), told, at], how="horizontal").sort(
        "created_at", "order"
    )
    ids = pl.format("s{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(6)).alias("id")
    table = table.with_columns(ids, lang=pl.lit("en"), synthetic=pl.lit(True))
    return PostTable(
        table.select("id", "author", "created_at", "text", "location", "lang", "synthetic"),
        table.select("id", "kind", "concept", "assertion", "experiencer", "drug", "axis", "effect"),
    )


def _everyday(town: Town, rng: np.random.Generator) -> pl.DataFrame:
    """Who posts what on which day, while nothing special happens: columns who, day, kind, symptom."""
    size, rate = town.size, town.posters["rate"].to_numpy()
    weekday = np.array([1.25 if town.day(day).weekday() >= 5 else 1.0 for day in range(size.days)])
    n = rng.poisson(size.posts)
    who = rng.choice(size.posters, n, p=rate / rate.sum())
    day = rng.choice(size.days, n, p=weekday / weekday.sum())
    kind = rng.choice(list(BASE), n, p=list(BASE.values())).astype(object)
    drug = town.posters["drug"].to_list()
    takes = np.array([name is not None for name in drug])[who] & (rng.random(n) < DRUG_TALK)
    kind[takes] = rng.choice(list(TELLING), int(takes.sum()), p=list(TELLING.values()))
    symptom = rng.choice(list(SYMPTOMS), n, p=_weights()).astype(object)
    _of_drugs(kind, symptom, [drug[index] for index in who], takes, rng.random(n))
    return pl.DataFrame({"who": who.astype(np.int64), "day": day.astype(np.int64), "kind": kind.tolist(), "symptom": symptom.tolist()})


def _of_drugs(kind: np.ndarray, symptom: np.ndarray, drugs: list[str | None], takes: np.ndarray, chance: np.ndarray) -> None:
    """Give the tales of drugs the effects that each drug truly has; one that a drug does not have becomes plain taking."""
    cards = {drug.name: drug for drug in DRUGS}
    for index in np.flatnonzero(takes):
        card = cards[drugs[index] or ""]
        if kind[index] == "adverse":
            effects, shares = list(card.adverse), np.cumsum(list(card.adverse.values()) or [0])
            if effects:
                symptom[index] = effects[int(np.searchsorted(shares, chance[index] * shares[-1], side="right").clip(0, len(effects) - 1))]
            else:
                kind[index] = "taking"
        elif kind[index] == "withdrawal":
            symptom[index] = card.withdrawal or symptom[index]
            kind[index] = "withdrawal" if card.withdrawal else "taking"


def _ill(town: Town, rng: np.random.Generator) -> pl.DataFrame:
    """Posts of people whom an outbreak has hit: on each of four days from the first symptom on, with some chance."""
    who, onset = (town.ill_posters[name].to_numpy() for name in ("who", "day"))
    days = onset[:, None] + np.arange(4)[None, :]
    says = (rng.random(days.shape) < ILL_TALK) & (days < town.size.days)
    symptom = rng.choice(list(FLU_LIKE), days.shape, p=list(FLU_WEIGHTS))
    rows = np.nonzero(says)
    return pl.DataFrame(
        {
            "who": who[rows[0]].astype(np.int64), "day": days[rows].astype(np.int64), "kind": ["present"] * len(rows[0]),
            "symptom": symptom[rows].tolist(),
        },
        schema_overrides={"kind": pl.String, "symptom": pl.String},
    )  # fmt: skip


def _rumours(town: Town, rng: np.random.Generator) -> pl.DataFrame:
    """Posts that rumours and news add: the claim grows from day to day; news come on their days, in their place."""
    parts = []
    place = town.posters["place"].to_numpy()
    for rumour in town.rumours:
        begin, length = (rumour.first_day - town.size.first_day).days, (rumour.last_day - rumour.first_day).days + 1
        crowd = np.flatnonzero(place == rumour.place) if rumour.place != "world" else np.arange(place.size)
        most = max(3.0, crowd.size * (0.012 if rumour.claim else 0.08))
        growth = np.linspace(0.2, 1.0, length) if rumour.claim else np.ones(length)
        each = rng.poisson(most * growth)
        day = np.repeat(np.arange(begin, begin + length), each)
        who = rng.choice(crowd, day.size)
        kind = "rumour" if rumour.claim else "news"
        parts.append(
            pl.DataFrame({"who": who.astype(np.int64), "day": day.astype(np.int64)}).with_columns(
                kind=pl.lit(kind), symptom=pl.lit("HP:0001945")
            )
        )
    return pl.concat(parts).filter(pl.col("day") < town.size.days)


def _instants(town: Town, drawn: pl.DataFrame, second: np.ndarray) -> pl.DataFrame:
    """Wall-clock times of each author's zone as UTC; a time that the clock skips moves one hour on, a double one is the first."""
    local = drawn.select("zone", "day").with_columns(
        wall=pl.lit(town.size.first_day).cast(pl.Datetime("us"))
        + pl.duration(days=pl.col("day"), seconds=pl.lit(pl.Series(second, dtype=pl.Int64)))
    )
    utc = pl.lit(None, pl.Datetime("us", "UTC"))
    for zone in sorted(set(local["zone"])):
        here = pl.col("wall").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        later = (pl.col("wall") + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        utc = pl.when(pl.col("zone") == zone).then(pl.coalesce(here, later).dt.convert_time_zone("UTC")).otherwise(utc)
    return local.select(created_at=utc)


def _texts(drawn: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Text and truth of each post."""
    draws = rng.integers(0, 2**31, (drawn.height, 5)).tolist()
    purposes = {drug.name: drug.purpose for drug in DRUGS}
    rows = []
    for (kind_name, code, drug, town), draw in zip(drawn.select("kind", "symptom", "drug", "town").iter_rows(), draws, strict=True):
        kind, nouns = KINDS[kind_name], SYMPTOMS[code].nouns
        text = sentence(
            kind, (draw[0], draw[1], draw[2]), symptom=nouns[draw[3] % len(nouns)], drug=drug or "",
            relative=RELATIVES[draw[4] % len(RELATIVES)], place=town, purpose=purposes.get(drug or "", ""),
        )  # fmt: skip
        named = says_symptom(kind, draw[0])
        concept = code if named else INFLUENZA if kind_name in ("news", "rumour") else ""
        told = drug if kind_name in DRUG_KINDS else ""
        effect = code if kind.axis in ("adverse", "withdrawal") else ""
        rows.append((text, concept, kind.assertion if concept else "", kind.experiencer if concept else "", told, kind.axis, effect))
    names = ("text", "concept", "assertion", "experiencer", "drug", "axis", "effect")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _weights() -> np.ndarray:
    weights = np.array([symptom.weight for symptom in SYMPTOMS.values()])
    return np.asarray(weights / weights.sum())
