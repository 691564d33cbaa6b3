"""Touched keys spread over days as a cross join would spread them, each once; portions hold every key once."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.engine.keys import spread
from heedful.engine.portions import portions

DAYS = st.integers(0, 40).map(lambda n: date(2026, 1, 1) + timedelta(n)) | st.none()
KEYS = st.lists(st.tuples(st.sampled_from(["ana", "bo", None]), DAYS), max_size=25)


@given(KEYS, st.integers(-6, 0), st.integers(0, 6), st.booleans())
def test_spread_is_each_key_at_each_day_around_it(rows: list[tuple[str | None, date | None]], before: int, after: int, named: bool) -> None:
    keys = pl.DataFrame(rows, schema={"person": pl.String, "day": pl.Date}, orient="row").unique()
    keys = keys if named else keys.select("day").unique()
    offsets = pl.DataFrame({"offset": list(range(before, after + 1))}, schema={"offset": pl.Int32})
    crossed = keys.join(offsets, how="cross").with_columns(day=(pl.col("day").to_physical() + pl.col("offset")).cast(pl.Date))
    want = crossed.select(keys.columns).unique().sort(keys.columns)
    got = spread(keys, before, after)
    assert got.sort(keys.columns).equals(want)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 90)), max_size=60, unique=True), st.booleans())
def test_portions_hold_every_key_once(pairs: list[tuple[int, int]], of_base: bool) -> None:
    rows = [(f"p{person}", date(2026, 1, 1) + timedelta(day)) for person, day in pairs]
    keys = pl.DataFrame(rows, schema={"person": pl.String, "day": pl.Date}, orient="row")
    found = pl.concat([keys.clear(), *portions(keys, of_base=of_base)])
    assert found.sort(keys.columns).equals(keys.sort(keys.columns))
