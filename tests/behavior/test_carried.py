"""Carried on by what differs, or derived from all rows: the same findings, whatever comes, is late, changes, goes or is opened anew."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.change import baseline_change
from heedful.behavior.change_points import person_change_points
from heedful.behavior.hours import HOUR_COLUMNS, SIGNALS
from heedful.behavior.illness_signal import illness_signal
from heedful.behavior.nightsignal import nightsignal
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.core.derivations import Carried, Derivation
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, DayHours, Features
from heedful.core.seals import seal, unseal

FIRST = date(2026, 3, 1)
PEOPLE = "abc"
NAMES = (
    "steps[sum]", "heart_rate_mean", "wear_minutes", "resting_heart_rate[nightsignal]", "resting_heart_rate[vendor]", "sleep_minutes[stages]",
    "sleep_minutes[vendor]", "hrv_rmssd[before_noon]", "skin_temperature[night]", "steps[reported]",
)  # fmt: skip
KINDS = ("alcohol", "travel", "vaccination", "cycle_start")
CARRIED = (daily_rhythm, baseline_change, nightsignal, illness_signal, person_change_points)


def feature(rng: random.Random, day: int) -> dict[str, Any]:
    name = rng.choice(NAMES)
    value: float | None = 60 + rng.choice((0, 0, rng.gauss(0, 2), 25)) if rng.random() < 0.5 else round(rng.gauss(60, 2))
    value = None if rng.random() < 0.05 else float("nan") if rng.random() < 0.02 else value
    return {
        "person": rng.choice(PEOPLE), "day": FIRST + timedelta(days=day), "feature": name, "value": value, "unit": "1",
        "coverage": rng.choice((1.0, 1.0, 0.9, 0.6, 0.2)), "missing": "" if value is not None else "no_data",
    }  # fmt: skip


def note(rng: random.Random, day: int) -> dict[str, Any]:
    when = FIRST + timedelta(days=day)
    return {"person": rng.choice(PEOPLE), "day": when, "kind": rng.choice(KINDS), "source": rng.choice(("diary", "clock"))}


def hours(rng: random.Random, day: int) -> dict[str, Any]:
    known = rng.choice((2**24 - 1, 2**24 - 1, 2**20 - 1, rng.randrange(2**24)))
    values = {name: float(rng.choice((0, rng.randrange(900)))) if known >> n & 1 else 0.0 for n, name in enumerate(HOUR_COLUMNS)}
    when = FIRST + timedelta(days=day)
    return {"person": rng.choice(PEOPLE), "day": when, "signal": rng.choice(SIGNALS), "known": known, "alive": None} | values


MAKERS: dict[Any, Callable[[random.Random, int], dict[str, Any]]] = {Features: feature, Annotations: note, DayHours: hours}


class World:
    """Tables that change, what is stored of a derivation, and a state that carries it on."""

    def __init__(self, derivation: Derivation, seed: int) -> None:
        self.rng, self.derivation = random.Random(seed), derivation
        self.rows: list[dict[Any, dict[str, Any]]] = [{} for _ in derivation.reads]
        assert isinstance(derivation.fold, Carried)
        self.state = derivation.fold.start()
        self.stored = derivation.writes.empty()
        self.told = 0

    def table(self, position: int, rows: list[dict[str, Any]]) -> pl.DataFrame:
        schema = self.derivation.reads[position]
        return schema.check(pl.DataFrame(rows, schema=schema.dtypes()))

    def all_tables(self) -> list[pl.DataFrame]:
        return [self.table(position, list(rows.values())) for position, rows in enumerate(self.rows)]

    def derived(self) -> pl.DataFrame:
        frames = [seal(rows, Consented[Care], schema) for rows, schema in zip(self.all_tables(), self.derivation.reads, strict=True)]
        return unseal(self.derivation(*frames))

    def change(self, day: int) -> None:
        """A few rows of each table come, change or go, most of them of `day`; the state hears of it, or is opened."""
        rng, waiting = self.rng, []
        for position, (schema, rows) in enumerate(zip(self.derivation.reads, self.rows, strict=True)):
            many = rng.choice((0, 0, 1)) if schema is Annotations else rng.randrange(12)
            late = rng.choice((0, 0, 0, 1, 3, 9, 60))
            made = [MAKERS[schema](rng, max(0, day - rng.choice((0, 0, 0, 0, late)))) for _ in range(many)]
            new = {tuple(row[name] for name in schema.key): row for row in made}
            gone = rng.sample(sorted(rows), min(len(rows), rng.choice((0, 0, 0, 1, 4)))) if rng.random() < 0.5 else []
            gone = [key for key in gone if key not in new]
            for key in gone:
                del rows[key]
            rows |= new
            keys = [dict(zip(schema.key, key, strict=True)) for key in gone]
            dtypes = {name: schema.dtypes()[name] for name in schema.key}
            waiting.append((position, pl.DataFrame(keys, schema=dtypes), self.table(position, list(new.values()))))
        for position, *parts in waiting:
            names = self.derivation.only.get("features"), self.derivation.matching.get("features")
            held = pl.col("person").is_in(list(self.state.people()))
            read = pl.lit(True) if names == (None, None) or position else pl.col("feature").str.contains(names[1] or _one_of(names[0]))
            self.state.step(position, *(rows.filter(held & read) for rows in parts))
        keys, found = self.state.read()
        derived = self.derived()
        if keys.height:
            self.told += 1
            found = derived.join(keys, on=keys.columns, how="semi") if found is None else found
            assert found.join(keys, on=keys.columns, how="anti").is_empty()
            self.stored = pl.concat([self.stored.join(keys, on=keys.columns, how="anti"), self.derivation.writes.check(found)])
        others = [person for person in PEOPLE if person not in self.state.people()]
        alone = pl.col("person").is_in(others)
        self.stored = pl.concat([self.stored.filter(~alone), derived.filter(alone)])
        if others:
            self.state.open(others, [rows.filter(alone) for rows in self.all_tables()])

    def assert_as_derived(self) -> None:
        key = list(self.derivation.writes.key)
        assert_frame_equal(self.stored.sort(key), self.derived().sort(key), check_exact=True)


def _one_of(names: tuple[str, ...] | None) -> str:
    return "|".join(f"^{re.escape(name)}$" for name in names or ())


@pytest.mark.parametrize("derivation", CARRIED, ids=lambda one: one.name)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_carried_on_equals_derived(derivation: Derivation, seed: int) -> None:
    world, day = World(derivation, seed), 0
    for number in range(world.rng.choice((10, 60, 100))):
        day += world.rng.choice((0, 0, 1, 1, 1, 2)) if world.rng.random() < 0.99 else 40
        world.change(day)
        if world.rng.random() < 0.02:
            assert isinstance(derivation.fold, Carried)
            world.state = derivation.fold.start()  # a restart
        if number % 10 == 0:
            world.assert_as_derived()
    world.assert_as_derived()


@pytest.mark.parametrize("derivation", CARRIED, ids=lambda one: one.name)
def test_nothing_stays_of_who_was_forgotten(derivation: Derivation) -> None:
    world = World(derivation, 1)
    for day in range(40):
        world.change(day)
    assert world.told
    assert set(world.state.people()) == set(PEOPLE)
    for person in PEOPLE:
        world.state.forget_person(person)
    assert not world.state.people()
    assert world.state.read()[0].is_empty()
