"""Rows read once for several derivations: at least those that were asked for, of no more days, and read as few times as promised."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.labels import Consented, Held, Public
from heedful.core.schemas import Features, Observations, Posts
from heedful.engine.keys import day_range
from heedful.engine.local import Changed
from heedful.engine.read_once import ReadOnce
from heedful.store.warm import Names

FIRST, DAYS, PEOPLE = date(2026, 3, 1), 8, "abcdef"
FEATURES: Any = (Features, Consented[Held])
OBSERVATIONS: Any = (Observations, Consented[Held])
ALL = pl.DataFrame(
    [{"person": person, "day": FIRST + timedelta(days=day), "n": day} for person in PEOPLE for day in range(DAYS)], schema_overrides={"day": pl.Date}
)  # fmt: skip


class Table:
    """A lake of one table that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: Any, keys: pl.DataFrame | None, names: Names | None = None) -> pl.DataFrame:
        self.asked += 1
        return ALL if keys is None else ALL.join(keys, on=keys.columns, how="semi")


people = st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True)
days = st.lists(st.integers(0, DAYS - 1), min_size=1, unique=True)


def keys_of(people: list[str], days: list[int] | None) -> pl.DataFrame:
    named = pl.DataFrame({"person": people})
    dated = pl.DataFrame({"day": [FIRST + timedelta(days=day) for day in days or ()]}, schema={"day": pl.Date})
    return named if days is None else named.join(dated, how="cross")


@given(
    asked=st.lists(st.tuples(people, st.none() | days), min_size=1, max_size=6), changed=st.none() | people, node=st.sampled_from((FEATURES, OBSERVATIONS))
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_at_least_what_was_asked_for(asked: list[tuple[list[str], list[int] | None]], changed: list[str] | None, node: Any) -> None:
    known = Changed()
    if changed is not None:
        known.add(node, keys_of(changed, [0]))
    read = ReadOnce(Table(), {FEATURES}, known)
    for names, when in asked:
        keys = keys_of(names, when)
        rows = read(node, keys)
        wanted = ALL.join(keys, on=keys.columns, how="semi")
        assert wanted.join(rows, on=ALL.columns, how="anti").is_empty()
        assert not rows.is_duplicated().any()
        span = day_range(keys)
        if span is not None and node is FEATURES:
            assert rows["day"].is_between(*span).all()


def test_people_are_read_once() -> None:
    table, known = Table(), Changed()
    known.add(FEATURES, keys_of(list(PEOPLE), [7]))
    read = ReadOnce(table, {FEATURES}, known)
    for keys in (keys_of(["a", "b"], None), keys_of(list(PEOPLE), [6, 7]), keys_of(["f"], None)):
        read(FEATURES, keys)
    assert table.asked == 1
    assert read(FEATURES, keys_of(["f"], None)).height == DAYS


def test_somebody_else_is_read_anew() -> None:
    table = Table()
    read = ReadOnce(table, {FEATURES}, Changed())
    read(FEATURES, keys_of(["a"], None))
    assert read(FEATURES, keys_of(["b"], None))["person"].unique().to_list() == ["b"]
    assert table.asked == 2


def test_what_is_public_and_whole_tables_are_not_kept() -> None:
    table = Table()
    read, posts = ReadOnce(table, {FEATURES}, Changed()), (Posts, Public)
    for _ in range(2):
        read(posts, keys_of(["a"], [1]))
        read(FEATURES, None)
    assert table.asked == 4
