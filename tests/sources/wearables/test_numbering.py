from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.sources.wearables import numbering
from heedful.sources.wearables.numbering import Numbering, mixed

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 6), st.integers(0, 3)), max_size=80)


@given(rows, st.lists(st.integers(0, 80), max_size=4), st.sampled_from([0, 10, 1_000]))
def test_numbers_are_those_of_a_dictionary_however_the_rows_are_cut(
    given_rows: list[tuple[int, int, int]], cuts: list[int], most_held: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:  # what is remembered lies in memory, or in a file
        patch.setattr(numbering, "MOST_HELD", most_held)
        _compared(given_rows, cuts)


def _compared(given_rows: list[tuple[int, int, int]], cuts: list[int]) -> None:
    seen: dict[tuple[int, int], list[int]] = {}
    expected = []
    for series, start, content in given_rows:
        known = seen.setdefault((series, start), [])
        expected.append((0, True) if content in known else (len(known), False))
        if content not in known:
            known.append(content)

    known_rows, found = Numbering(), []
    edges = sorted({0, len(given_rows), *(cut for cut in cuts if cut < len(given_rows))})
    for begin, end in itertools.pairwise(edges):
        series, start, content = (np.array(column) for column in zip(*given_rows[begin:end], strict=True))
        numbers, repeated = known_rows.assign(series * 70_000, start.astype(np.int64), content.astype(np.uint64))
        found += list(zip(numbers.tolist(), repeated.tolist(), strict=True))
    assert found == expected


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.integers(-1, 9)), min_size=1, unique=True))
def test_unequal_rows_hash_differently(values: list[tuple[int, float, int]]) -> None:
    whole, real, small = (np.array(column) for column in zip(*values, strict=True))
    bits = {(a, b, c) for a, b, c in zip(whole.tolist(), real.view(np.int64).tolist(), small.tolist(), strict=True)}
    assert len(set(mixed(whole, real, small.astype(np.int32)).tolist())) == len(bits)
