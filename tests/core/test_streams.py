"""Streams: numbers say the same as the text, whether views repeat or every row has its own."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core import streams as module
from heedful.core.buffers import batches
from heedful.core.streams import streams

WORDS = ["a", "b", "a rather long name of a device", "another rather long name", ""]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(WORDS)), min_size=1, max_size=60))
def test_rows_of_a_stream_hold_equal_text(rows: list[tuple[str, str, str]]) -> None:
    data = pl.DataFrame(rows, schema=["x", "y", "z"], orient="row")
    of_row, firsts = streams(next(batches(data)), data)
    assert [data.row(int(firsts[n])) for n in of_row] == data.rows()


def test_text_is_hashed_when_no_view_repeats(monkeypatch: object) -> None:
    """Long strings written one by one have a view each; beyond the limit the text itself decides."""
    text = [f"device number {n % 7} with a long name" for n in range(400)]
    data = pl.DataFrame({"x": text, "y": text})
    monkeypatch.setattr(module, "_FEW", 10)  # type: ignore[attr-defined]
    of_row, firsts = streams(next(batches(data)), data)
    assert len(firsts) == 7
    assert [text[int(firsts[n])] for n in of_row] == text


def test_many_streams_are_numbered_as_they_come() -> None:
    """More than there is room for at first."""
    pairs = [(f"p{(n * 7) % 2_500}", f"d{n % 3}") for n in range(8_000)]
    data = pl.DataFrame(pairs, schema=["x", "y"], orient="row")
    of_row, firsts = streams(next(batches(data)), data)
    numbers: dict[tuple[str, str], int] = {}
    assert of_row.tolist() == [numbers.setdefault(pair, len(numbers)) for pair in pairs]
    assert firsts.tolist() == [pairs.index(pair) for pair in numbers]
