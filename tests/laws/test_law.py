"""The one law, over every registered derivation: incremental equals full, whatever comes, repeats, changes, is late or goes."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.core.derivations import Carried, Derivation
from heedful.core.schemas import INSTANT, TABLES, Alarms, Answers, Diary, Observations, Posts, Schema, Series
from heedful.engine.intake import label_of
from heedful.engine.local import Changed, Engine
from heedful.language.claim_matches import SiteClaims
from heedful.loops.derivations import all_derivations
from heedful.loops.estimates import PublicHealthGrants
from heedful.loops.own_posts import OwnPostGrants
from heedful.loops.resources import site_resources
from heedful.loops.settings import Settings
from heedful.person.guidelines import Guidelines
from heedful.population.estimates import Population
from heedful.store.lake import Lake
from heedful.trust.consent import in_force
from tests.laws.base_rows import (
    FIRST,
    MAKERS,
    PEOPLE,
    beats_at_night,
    random_rows,
    rumour_in_a_town,
    still_morning,
    weeks_of_posts,
    years_of_weeks,
)

DERIVATIONS = all_derivations()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
READ_BASE = sorted({schema for d in DERIVATIONS for schema in d.reads if schema.kind == "base"}, key=lambda schema: schema.table)


def resources() -> dict[str, Any]:
    """Those of a site with a claim in its bank."""
    bank = pl.DataFrame({"claim": ["Garlic cures the flu."], "source": ["https://example.org/garlic"], "verdict": ["false"]})
    agreed = {
        "person": list(PEOPLE),
        "purpose": ["public_health"] * len(PEOPLE),
        "kinds": ["*"] * len(PEOPLE),
        "act": ["grant"] * len(PEOPLE),
    }
    acts = pl.DataFrame(agreed).with_columns(
        from_at=pl.lit(None, INSTANT), until_at=pl.lit(None, INSTANT), recorded_at=pl.lit(NOW, INSTANT)
    )
    grants = PublicHealthGrants(in_force(acts, NOW))
    first = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    named = acts.with_columns(
        purpose=pl.lit("care"), kinds=pl.lit("own_posts"), recorded_at=pl.lit(first, INSTANT),
        from_at=pl.Series([None, first + timedelta(days=3), None], dtype=INSTANT),
        until_at=pl.Series([None, None, first + timedelta(days=9)], dtype=INSTANT),
    )  # fmt: skip
    own_posts = OwnPostGrants(in_force(named, first))
    people = pl.DataFrame({"place": ["US/MA", "US/NY", "US", "GB"], "stratum": ["all"] * 4, "people": [7e6, 2e7, 3.3e8, 6.7e7]})
    ages = {"age:0-44": 0.6, "age:45+": 0.4}
    divided = [people.with_columns(stratum=pl.lit(age), people=pl.col("people") * part) for age, part in ages.items()]
    people = pl.concat([people, *divided])
    guideline = {"resourceType": "PlanDefinition", "id": "walk", "action": [{"id": "w", "title": "Walk", "condition": [{"kind": "applicability", "expression": {
        "language": "text/fhirpath", "expression": "%record.where(resourceType = 'Observation').count() > 1"}}]}]}  # fmt: skip
    return site_resources(Settings()) | {
        "guidelines": Guidelines((guideline,)),
        "claims": SiteClaims(bank),
        "public_health": grants,
        "own_post_grants": own_posts,
        "population": Population(people),
    }


def test_every_base_table_that_is_read_has_random_rows() -> None:
    assert set(READ_BASE) <= MAKERS.keys()


def test_names_are_unique() -> None:
    names = [derivation.name for derivation in DERIVATIONS]
    assert len(names) == len(set(names))


def test_no_two_derivations_answer_for_the_same_key(tmp_path: Path) -> None:
    """Each derivation owns its rows: of two that wrote one key of one table, a reader would see either, by chance."""
    rng, lake = random.Random(5), Lake(tmp_path)
    for schema in READ_BASE:
        lake.append(schema, random_rows(schema, rng, 600), 1)
    found: dict[tuple[str, Any], list[pl.DataFrame]] = {}
    engine = Engine(lake, DERIVATIONS, resources())
    for name, rows in engine.recompute().items():
        schema, label = engine.plan.step(name).output
        found.setdefault((schema.table, label), []).append(rows.select(schema.key))
    assert [table for (table, _), frames in found.items() if pl.concat(frames).is_duplicated().any()] == []


def assert_equal_tables(got: dict[str, pl.DataFrame], want: dict[str, pl.DataFrame], when: str) -> None:
    for name, right in want.items():
        schema = _writes(name)
        left = got[name].sort(schema.key)
        try:
            assert_frame_equal(left, right.sort(schema.key), check_exact=False, rel_tol=1e-9, abs_tol=1e-9)
        except AssertionError as error:
            raise AssertionError(f"{name} after {when}: {error}") from error


def _writes(name: str) -> type[Schema]:
    derivation: Derivation = next(d for d in DERIVATIONS if d.name == name)
    return derivation.writes


class TornError(Exception):
    """Stands for a kill."""


class World:
    """A lake that is kept up to date through random acts."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng, self.folder = random.Random(seed), folder
        self._open()
        self.batch = 0
        self.seen: list[tuple[type[Schema], pl.DataFrame]] = []

    def _open(self) -> None:
        """As a process does when it starts: nothing is known but what is on disk."""
        self.lake = Lake(self.folder)
        self.engine = Engine(self.lake, self.rng.sample(DERIVATIONS, len(DERIVATIONS)), resources())

    def act(self) -> str:
        what = self.rng.choice(("rows", "rows", "rows", "again", "correct", "delete"))
        torn = self.rng.random() < 0.4
        self.batch += 1
        changed = Changed()
        for schema in self.rng.sample(READ_BASE, self.rng.randint(1, len(READ_BASE))):
            node = (schema, label_of(schema))
            if what == "delete":
                hits = self._doomed(schema)
                if hits.height:
                    self.lake.delete(schema, hits.select(schema.key))
                    changed.add(node, hits)
                continue
            rows = self._rows(schema, what)
            done = self.lake.append(schema, rows, self.batch)
            changed.add(node, done.changed, fresh=not done.corrected)
        if torn:
            self._torn_update(changed)
        else:
            self.engine.update(changed, self.batch)
        return f"{what}, torn" if torn else what

    def take(self, rows: dict[type[Schema], pl.DataFrame]) -> None:
        """Some rows, and an update that ends."""
        self.batch += 1
        changed = Changed()
        for schema, some in rows.items():
            done = self.lake.append(schema, some, self.batch)
            changed.add((schema, label_of(schema)), done.changed, fresh=not done.corrected)
        self.engine.update(changed, self.batch)

    def _torn_update(self, changed: Changed) -> None:
        """An update that ends in the middle of its commits, and what recovery does then: all base rows again, not known to be fresh."""
        base, commits, settle = dict(changed.rows), self.rng.randrange(1 + len(DERIVATIONS)), self.lake.settle

        def torn(*args: Any) -> None:
            nonlocal commits
            if not commits:
                raise TornError
            commits -= 1
            settle(*args)

        self.lake.settle = torn  # type: ignore[method-assign]
        with suppress(TornError):
            self.engine.update(changed, self.batch)
        self._open()
        again = Changed()
        for node, parts in base.items():
            again.add(node, pl.concat(parts))
        self.engine.update(again, self.batch)

    def _rows(self, schema: type[Schema], what: str) -> pl.DataFrame:
        earlier = [rows for kind, rows in self.seen if kind is schema]
        if what == "again" and earlier:
            return self.rng.choice(earlier)
        many_years = schema is Series and self.rng.random() < 0.3
        rows = years_of_weeks(self.rng) if many_years else random_rows(schema, self.rng, self.rng.randint(1, 30))
        if schema is Posts and self.rng.random() < 0.3:
            rows = rumour_in_a_town(self.rng)
        if schema is Observations and self.rng.random() < 0.2:
            rows = self.rng.choice((beats_at_night, still_morning))(self.rng)
        if what == "correct" and earlier:
            old = self.rng.choice(earlier)
            known = (old["known_at"].max() or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(days=self.rng.choice((-9, 1, 2)))
            fresh = random_rows(schema, self.rng, old.height)
            rows = old.with_columns(fresh.select(pl.exclude(*schema.key, "day", "known_at"))).with_columns(known_at=pl.lit(known))
            rows = schema.check(rows)
        self.seen.append((schema, rows))
        return rows

    def _doomed(self, schema: type[Schema]) -> pl.DataFrame:
        rows = self.lake.scan(schema.table, schema).select(list(schema.columns)).collect()
        if not rows.height:
            return rows
        column = self.rng.choice([name for name in ("person", "author", "post", "entry", "day") if name in rows.columns])
        gone = self.rng.choice(rows[column].unique().sort().to_list())
        named = rows.filter(pl.col(column) == gone).select(schema.key)
        return rows.join(named, on=list(schema.key), how="semi")


@given(seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
def test_incremental_equals_full(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed)
        for _ in range(6):
            what = world.act()
        assert_equal_tables(world.engine.stored(), world.engine.recompute(), what)


def test_incremental_equals_full_where_states_carry_people_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world above starts anew so often that states are opened and hardly used; here every one of them is carried on."""
    told = set[str]()
    plain = Engine._told_differences

    def noted(self: Engine, step: Any, *rest: Any) -> Any:
        told.add(step.derivation.name)
        return plain(self, step, *rest)

    monkeypatch.setattr(Engine, "_told_differences", noted)
    world = World(tmp_path, 7)
    for many in (400, 60, 60, 60, 60):
        world.take({schema: random_rows(schema, world.rng, many) for schema in (Observations, Diary, Answers)})
    assert told == {derivation.name for derivation in DERIVATIONS if isinstance(derivation.fold, Carried)}
    assert_equal_tables(world.engine.stored(), world.engine.recompute(), "small batches")


@given(seed=st.integers(0, 2**32))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
def test_as_of_a_past_day_is_what_a_lake_stopped_on_that_day_holds(seed: int) -> None:
    rng = random.Random(seed)
    moment = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=rng.randrange(3, 12))
    stored, recomputed = stopped_and_as_of({schema: random_rows(schema, rng, 120) for schema in READ_BASE}, DERIVATIONS, moment)
    assert_equal_tables(stored, recomputed, f"as of {moment}")


def stopped_and_as_of(
    rows: dict[type[Schema], pl.DataFrame], derivations: Sequence[Derivation], moment: datetime
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Derived tables by name of a lake that got only the rows known at `moment`, and those of one with all rows, recomputed as of it."""
    with tempfile.TemporaryDirectory() as folder:
        whole, stopped = (Engine(Lake(Path(folder) / name), derivations, resources()) for name in ("whole", "stopped"))
        changed = Changed()
        for schema, table in rows.items():
            whole.lake.append(schema, table, 1)
            done = stopped.lake.append(schema, table.filter(pl.col("known_at") <= moment), 1)
            changed.add((schema, label_of(schema)), done.changed, fresh=not done.corrected)
        stopped.update(changed, 1)
        return stopped.stored(), whole.recompute(as_of=moment)


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda d: d.name)
def test_nothing_in_nothing_out(derivation: Derivation, tmp_path: Path) -> None:
    engine = Engine(Lake(tmp_path), DERIVATIONS, resources())
    assert engine.recompute()[derivation.name].height == 0


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda d: d.name)
def test_the_random_world_says_something_of_it(derivation: Derivation, random_world: dict[str, int]) -> None:
    """The law would hold of a table that is always empty: the random rows must reach every derivation."""
    assert random_world[derivation.name] > 0


@pytest.fixture(scope="module")
def random_world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    rng = random.Random(5)
    lake = Lake(tmp_path_factory.mktemp("world"))
    for schema in READ_BASE:
        lake.append(schema, random_rows(schema, rng, 3_000 if schema is Observations else 600), 1)
    lake.append(Series, years_of_weeks(rng), 2)
    lake.append(Posts, rumour_in_a_town(rng), 2)
    lake.append(Observations, beats_at_night(rng), 2)
    lake.append(Posts, weeks_of_posts(rng), 3)
    return {name: rows.height for name, rows in Engine(lake, DERIVATIONS, resources()).recompute().items()}


def test_the_random_world_has_years_enough_for_what_looks_years_back(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Series, years_of_weeks(random.Random(5)), 1)
    alarms = Engine(lake, DERIVATIONS, resources()).recompute()["series_alarms"]
    assert Alarms.check(alarms).filter(pl.col("detector").str.starts_with("farrington"), pl.col("bound").is_not_null()).height > 0


def test_the_random_world_has_beats_enough_for_variability(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Observations, beats_at_night(random.Random(5)), 1)
    found = Engine(lake, DERIVATIONS, resources()).recompute()["beat_variability"]
    assert found.filter((pl.col("feature") == "hrv_rmssd[beats_night]") & pl.col("value").is_not_null()).height == 1


def test_the_random_world_has_minutes_enough_for_the_days_resting_rates(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Observations, still_morning(random.Random(5)), 1)
    found = Engine(lake, DERIVATIONS, resources()).recompute()["daily_features"]
    assert found.filter(pl.col("feature").str.starts_with("day_resting") & pl.col("value").is_not_null()).height == 2


def test_all_tables_of_the_design_exist() -> None:
    assert {d.writes.table for d in DERIVATIONS} <= TABLES.keys()
