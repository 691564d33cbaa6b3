"""Running numbers against a plain counter."""

from __future__ import annotations

from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.sources.records.occurrences import Occurrences


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=8), max_size=40))
def test_numbers_are_those_of_a_counter(portions: list[list[tuple[str, int]]]) -> None:
    seen, counter = Occurrences(), Counter[tuple[str, int]]()
    for portion in portions:
        expected = []
        for row in portion:
            expected.append(counter[row])
            counter[row] += 1
        frame = pl.DataFrame(portion, schema={"person": pl.String, "n": pl.Int64}, orient="row")
        assert seen.number(frame).to_list() == expected
