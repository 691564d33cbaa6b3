"""Rows that are handed out are nobody else's, and those given back are used before there are more."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.slots import Slots, longer


@given(st.lists(st.integers(0, 400), max_size=300))
def test_no_row_has_two_owners_and_arrays_are_long_enough(moves: list[int]) -> None:
    held, rows = set[int](), np.zeros((0, 2))

    def grow(more: int) -> None:
        nonlocal rows
        rows = longer(rows, more, np.nan)

    slots, most = Slots(grow), 0
    for move in moves:
        if move % 3 and held:
            gone = sorted(held)[move % len(held)]
            held.remove(gone)
            slots.give_back([gone])
        else:
            row = slots.take()
            assert row not in held
            assert row < len(rows)
            held.add(row)
        most = max(most, len(held))
        assert sorted([*held, *slots.free]) == list(range(len(rows)))
    assert len(rows) <= max(64, 2 * most)
    assert np.isnan(rows).all()
