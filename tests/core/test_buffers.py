"""Columns in place say what polars says, sliced, chunked and after the frame is gone."""

from __future__ import annotations

import gc

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.buffers import batches
from heedful.core.errors import SchemaError

ROWS = st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(-500, 500), st.floats(-1e9, 1e9), st.text(max_size=20)), max_size=30)


def _frame(rows: list[tuple[int, int, float, str]]) -> pl.DataFrame:
    data = pl.DataFrame(rows, schema={"at": pl.Int64, "offset": pl.Int16, "value": pl.Float64, "text": pl.String}, orient="row")
    return data.with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")), day=pl.col("offset").cast(pl.Int32).cast(pl.Date))


@settings(deadline=None)
@given(ROWS, ROWS, st.integers(0, 10), st.integers(0, 40))
def test_equals_polars(first: list[tuple[int, int, float, str]], second: list[tuple[int, int, float, str]], skip: int, length: int) -> None:
    data = pl.concat([_frame(first), _frame(second)], rechunk=False).slice(skip, length)
    held = list(batches(data))
    for number, column in enumerate(data.get_columns()):
        got = np.concatenate([batch[number] for batch in held]) if held else np.empty(0)
        if column.dtype == pl.String:
            short = [text.encode() for text in column]
            words = [row.tobytes() for row in got]
            assert [int.from_bytes(word[:4], "little") for word in words] == [len(text) for text in short]
            assert [word[4 : 4 + len(text)] for word, text in zip(words, short, strict=True) if len(text) <= 12] == [
                t for t in short if len(t) <= 12
            ]
        else:
            assert got.tolist() == column.to_physical().to_list()


def test_memory_outlives_the_frame() -> None:
    data = pl.DataFrame({"value": np.arange(100_000, dtype=np.float64)})
    arrays = [batch[0] for batch in batches(data)]
    del data
    gc.collect()
    pl.DataFrame({"value": np.zeros(100_000)}).with_columns(pl.col("value") + 1)
    assert np.concatenate(arrays).sum() == 99_999 * 100_000 / 2
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][0] = 1.0


def test_a_nested_type_is_refused() -> None:
    with pytest.raises(SchemaError, match="cannot be read in place"):
        list(batches(pl.DataFrame({"a": [[1], [2]]})))
