"""Night after night, or all at once: the same levels, whatever is said again, missing or filled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.nightsignal import Nights, night_levels
from heedful.behavior.warm_nights import WarmNights
from heedful.core.errors import SettingsError

nights = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 3), st.lists(st.integers(55, 70), min_size=1, max_size=3)), min_size=1, max_size=60
)


def told(said: dict[tuple[int, int], tuple[float, ...]], found: Nights) -> None:
    columns = (found.value, found.median, found.spread, found.used, found.level, found.filled)
    for person, day, *rest in zip(found.person.tolist(), found.day.tolist(), *(column.tolist() for column in columns), strict=True):
        said[person, day] = tuple(rest)


@given(nights, st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_step_by_step_equals_all_at_once(world: list[tuple[int, int, list[int]]], cut: int) -> None:
    day = [0, 0]
    said: dict[tuple[int, int], tuple[float, ...]] = {}
    last: dict[tuple[int, int], float] = {}
    held = WarmNights()
    for number, (person, later, values) in enumerate(world):
        day[person] += later
        if number == cut and last:
            held = WarmNights()  # a restart
            rows = sorted(last)
            said.clear()
            told(said, held.open([str(p) for p, _ in rows], np.array([d for _, d in rows]), np.array([last[row] for row in rows])))
            said = {(int(name), d): rest for (p, d), rest in said.items() for name in "01" if name in held and held.person(name) == p}
        for value in values:
            found = held.step([str(person)], np.array([day[person]]), np.array([float(value)]))
            mine: dict[tuple[int, int], tuple[float, ...]] = {}
            told(mine, found)
            said |= {(person, d): rest for (_, d), rest in mine.items()}
            last[person, day[person]] = float(value)
        rows = sorted(last)
        want: dict[tuple[int, int], tuple[float, ...]] = {}
        told(want, night_levels(np.array([p for p, _ in rows]), np.array([d for _, d in rows]), np.array([last[row] for row in rows])))
        assert said == want


def test_a_night_before_the_newest_is_refused_and_nothing_stays_of_who_was_forgotten() -> None:
    held = WarmNights()
    held.open(["a", "a", "b"], np.array([1, 2, 1]), np.array([60.0, 61.0, 62.0]))
    with pytest.raises(SettingsError, match="before the newest"):
        held.step(["a"], np.array([1]), np.array([60.0]))
    held.forget(["a"])
    assert "a" not in held
    assert "b" in held
    assert not np.isin([60.0, 61.0], held._ordered).any()
    assert not np.isin([60.0, 61.0], held._state["newest_value"]).any()
    assert held.step(["a"], np.array([1]), np.array([70.0])).used.tolist() == [1]
