"""The index says of each row what a plain dictionary says."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.schemas import Posts
from heedful.store.key_index import KeyIndex

PAIRS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2)), max_size=20)


def plain(known: set[tuple[int, int]], rows: list[tuple[int, int]]) -> tuple[list[bool], list[int]]:
    """Which rows are to be stored, and which of them are of a known key."""
    seen, store, corrected = set(known), [], []
    for key, content in rows:
        content = 1 if (key, content) == (0, 0) else content  # the empty slot
        store.append((key, content) not in seen)
        corrected.append(int(any(key == other for other, _ in seen)))
        seen.add((key, content))
    return store, corrected


@given(PAIRS, st.lists(PAIRS, max_size=4))
def test_equals_a_dictionary(stored: list[tuple[int, int]], batches: list[list[tuple[int, int]]]) -> None:
    start = np.array(stored, np.int64).reshape(-1, 2)
    index = KeyIndex(lambda schema: (start[:, 0].copy(), start[:, 1].copy()))
    known = {(key, 1 if (key, content) == (0, 0) else content) for key, content in stored}
    for rows in batches:
        frame = pl.DataFrame(rows, schema={"_id": pl.Int64, "_content": pl.Int64}, orient="row")
        mask, versions = index.classify(Posts, frame)
        want, corrected = plain(known, rows)
        assert mask.to_list() == want
        assert [version for version, new in zip(versions.tolist(), want, strict=True) if new] == [
            version for version, new in zip(corrected, want, strict=True) if new
        ]
        index.add(Posts, frame.filter(mask))
        known |= {(key, 1 if (key, content) == (0, 0) else content) for key, content in rows}


def test_many_rows_grow_the_table() -> None:
    index = KeyIndex(lambda schema: (np.empty(0, np.int64), np.empty(0, np.int64)))
    rng = np.random.default_rng(1)
    rows = pl.DataFrame({"_id": rng.integers(-(2**62), 2**62, 50_000), "_content": rng.integers(-(2**62), 2**62, 50_000)})
    index.add(Posts, rows)
    mask, versions = index.classify(Posts, rows.with_columns(_content=pl.col("_content") + (pl.col("_id") % 2)))
    assert mask.to_list() == (rows["_id"] % 2 != 0).to_list()
    assert versions.all()
