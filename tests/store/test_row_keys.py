"""Hashes of rows: several sets of columns at once say what each says alone."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.store.row_keys import hash_each, hash_rows

NAMES = ("a", "b", "c")
ROWS = st.lists(st.tuples(st.sampled_from(["", "x", "yy", None]), st.integers(-3, 3), st.sampled_from([0.0, -0.0, 1.5, None])), max_size=30)
SETS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), min_size=1, max_size=3)


@given(ROWS, SETS)
def test_several_sets_of_columns_are_hashed_as_each_alone(rows: list[tuple[str | None, int, float | None]], sets: list[list[str]]) -> None:
    data = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.Int64, "c": pl.Float64}, orient="row")
    together = hash_each(data, *sets)
    assert [one.tolist() for one in together] == [hash_rows(data, columns).tolist() for columns in sets]
    for columns, hashes in zip(sets, together, strict=True):
        assert len(set(hashes.tolist())) == data.select(columns).n_unique(), "equal rows, and only these, have one number"
