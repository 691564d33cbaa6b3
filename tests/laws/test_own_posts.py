"""The law for own posts, in a world of links and posts alone: what is stored is what is said once, and nobody else's post is ever in it."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.core.schemas import LinkedAccounts, OwnPosts, Posts, Schema, Timeline
from heedful.engine.intake import label_of
from heedful.engine.local import Changed, Engine
from heedful.loops.own_posts import own_posts
from heedful.person.own_posts import timeline_own_posts
from heedful.store.lake import Lake
from tests.laws.base_rows import FIRST, random_rows
from tests.laws.test_law import resources, stopped_and_as_of

DERIVATIONS = (own_posts, timeline_own_posts)
BASE: tuple[type[Schema], ...] = (LinkedAccounts, Posts)


def act(lake: Lake, engine: Engine, rng: random.Random, batch: int) -> None:
    """New rows of either table, corrections among them (the world is small), or rows that go."""
    changed = Changed()
    for schema in rng.sample(BASE, rng.randint(1, 2)):
        node = (schema, label_of(schema))
        if rng.random() < 0.3:
            held = lake.scan(schema.table, schema).select(list(schema.columns)).collect()
            column = rng.choice([name for name in ("person", "author", "post") if name in held.columns])
            doomed = held.filter(pl.col(column) == rng.choice(held[column].unique().sort().to_list() or [""]))
            if doomed.height:
                hits = held.join(doomed.select(schema.key).unique(), on=list(schema.key), how="semi")
                lake.delete(schema, hits.select(schema.key))
                changed.add(node, hits)
            continue
        done = lake.append(schema, random_rows(schema, rng, rng.randint(1, 25)), batch)
        changed.add(node, done.changed, fresh=not done.corrected)
    engine.update(changed, batch)


def assert_lawful(lake: Lake, engine: Engine) -> None:
    stored, whole = engine.stored(), engine.recompute()
    for name, schema in (("own_posts", OwnPosts), ("timeline_own_posts", Timeline)):
        assert_frame_equal(stored[name].sort(schema.key), whole[name].sort(schema.key))
    rows = stored["own_posts"]
    grants = engine.resources["own_post_grants"].grants
    links, posts = lake.read(LinkedAccounts), lake.read(Posts)
    for row in rows.iter_rows(named=True):
        claims = links.filter(pl.col("source") == row["source"], pl.col("author") == row["author"])
        assert claims["person"].to_list() == [row["person"]]
        there = posts.filter(pl.col("source") == row["source"], pl.col("post") == row["post"]).row(0, named=True)
        assert there["author"] == row["author"]
        assert row["known_at"] == max(there["known_at"], claims["known_at"][0])
        mine = grants.filter(pl.col("person") == row["person"]).row(0, named=True)
        assert mine["from_at"] is None or mine["from_at"] <= there["posted_at"]
        assert mine["until_at"] is None or there["posted_at"] < mine["until_at"]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
def test_incremental_equals_full_and_only_what_was_linked_and_agreed_to(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        engine = Engine(lake, DERIVATIONS, resources())
        for batch in range(1, 9):
            act(lake, engine, rng, batch)
            assert_lawful(lake, engine)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
def test_as_of_a_past_day(seed: int) -> None:
    rng = random.Random(seed)
    moment = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=rng.randrange(4, 14))
    then, past = stopped_and_as_of({schema: random_rows(schema, rng, 40) for schema in BASE}, DERIVATIONS, moment)
    for name, schema in (("own_posts", OwnPosts), ("timeline_own_posts", Timeline)):
        assert_frame_equal(then[name].sort(schema.key), past[name].sort(schema.key))


def test_the_world_reaches_the_door() -> None:
    rng = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for schema in BASE:
            lake.append(schema, random_rows(schema, rng, 60), 1)
        found = Engine(lake, DERIVATIONS, resources()).recompute()
        assert found["own_posts"]["person"].n_unique() == 3
        assert found["own_posts"].height < lake.read(Posts).height
        assert set(found["timeline_own_posts"]["lane"]) == {"symptom", "medication"}
