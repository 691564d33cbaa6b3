"""Carried on by new rows or derived from all of them: the engine says the same, whatever comes, is late, corrected, erased, or restarts."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.behavior.test_folds import FIRST, row

from heedful.behavior.daily import daily_features
from heedful.behavior.devices import TODAY
from heedful.behavior.folds import WarmDays
from heedful.behavior.hours_daily import day_hours
from heedful.behavior.reported import reported_activity
from heedful.core.derivations import Fold, derivation
from heedful.core.errors import SchemaError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, Held, P
from heedful.core.schemas import Features, Observations
from heedful.engine import folds
from heedful.engine.local import Changed, Engine
from heedful.store.lake import Lake

DERIVATIONS = (daily_features, day_hours, reported_activity)
NODE: Any = (Observations, Consented[Held])
PEOPLE = "abcd"


def some_rows(rng: random.Random, count: int, known: int) -> pl.DataFrame:
    made = [row(rng) for _ in range(count)]
    for one in made:
        one["person"] = rng.choice(PEOPLE)
        one["row"] = 0 if one["how"] == "measured" else 1
        one["known_at"] = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=known)
        if rng.random() < 0.97 and one["how"] == "self_reported":
            one["how"] = "measured"
    rows = Observations.check(pl.DataFrame(made, schema={name: dtype for name, dtype in Observations.dtypes().items() if name in made[0]}))
    return rows.unique(list(Observations.key), keep="first", maintain_order=True)


class Site:
    """A lake and an engine, started anew now and then."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.batch = folder, 0
        self.start()

    def start(self) -> None:
        self.lake = Lake(self.folder)
        self.engine = Engine(self.lake, DERIVATIONS, {"devices": TODAY})

    def take(self, rows: pl.DataFrame) -> None:
        self.batch += 1
        changed = Changed()
        changed.add(NODE, self.lake.append(Observations, rows, self.batch).changed)
        self.engine.update(changed, self.batch)

    def erase(self, person: str) -> None:
        self.batch += 1
        rows = self.lake.scan("observations", Observations).filter(pl.col("person") == person).select(list(Observations.columns)).collect()
        if rows.height:
            self.lake.delete(Observations, pl.DataFrame({"person": [person]}))
            changed = Changed()
            changed.add(NODE, rows)
            self.engine.update(changed, self.batch)

    @property
    def held(self) -> set[Any]:
        return {key for warm in self.engine._folds._warm.values() for key in warm.state.keys()}  # noqa: SIM118

    def assert_as_computed_once(self) -> None:
        for name, want in self.engine.recompute().items():
            key = list(self.engine.plan.step(name).derivation.writes.key)
            assert self.engine.stored()[name].sort(key).equals(want.sort(key)), name


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_folded_equals_derived(seed: int) -> None:
    rng, held = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        with site.lake.writer_lock():
            taken = [some_rows(rng, rng.randint(1, 60), 0)]
            site.take(taken[0])
            for minute in range(1, 10):
                act = rng.random()
                if act < 0.7:
                    taken.append(some_rows(rng, rng.randint(1, 20), minute))
                    site.take(taken[-1])
                elif act < 0.8:
                    wrong = rng.choice(taken).with_columns(
                        value=pl.lit(55.0), known_at=pl.col("known_at") + timedelta(hours=rng.choice((-1, 1)))
                    )
                    site.take(wrong)
                elif act < 0.9:
                    person = rng.choice(PEOPLE)
                    site.erase(person)
                    assert person not in {key[0] for key in site.held}
                else:
                    site.start()
                    assert not site.held
                held += len(site.held)
                site.assert_as_computed_once()


def test_a_day_is_opened_when_it_is_asked_for_again_and_read_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, rng = Site(tmp_path), random.Random(1)
    with site.lake.writer_lock():
        for minute in range(2):
            site.take(some_rows(rng, 200, minute))
        assert len(site.held) == len(PEOPLE) * 2
        monkeypatch.setattr(site.lake, "read", lambda *_: pytest.fail("the day is held"))
        calm = some_rows(rng, 40, 3).filter(pl.col("how") == "measured", pl.col("day") == FIRST, pl.col("start_at").dt.date() == FIRST)
        short = calm.filter(pl.col("end_at") - pl.col("start_at") == timedelta(minutes=1))
        site.take(short.with_columns(row=pl.lit(9, pl.Int64)).cast({"row": Observations.dtypes()["row"]}))


def test_few_are_held_and_the_earliest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "MOST_HELD", 3)
    site, rng = Site(tmp_path), random.Random(2)
    with site.lake.writer_lock():
        for minute in range(8):
            rows = some_rows(rng, 200, minute)
            site.take(rows.filter(pl.col("day") == FIRST + timedelta(days=minute % 2), pl.col("person") < "c"))
            assert all(len(warm.state.keys()) <= 3 for warm in site.engine._folds._warm.values())
        site.assert_as_computed_once()


def test_a_fold_looks_at_no_other_day() -> None:
    def weekly(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Features]:
        return observations.derive(Features, Features.empty())

    with pytest.raises(SchemaError, match="a fold carries on one table's rows"):
        derivation(reads=(Observations,), writes=Features, by=("person", "day"), lookback=7, fold=Fold(WarmDays, WarmDays.read))(weekly)
