"""Mobility equals scikit-mobility, and a plain twin of the Lempel-Ziv estimate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.mobility import (
    TraceError,
    distance_km,
    home,
    radius_of_gyration,
    random_entropy,
    real_entropy,
    run_mobility,
    trace,
    uncorrelated_entropy,
)
from heedful.core.errors import SettingsError


def test_equals_scikit_mobility(check_case: Callable[[str], None]) -> None:
    check_case("mobility_individual_two_weeks")


def plain_real_entropy(places: list[int]) -> float:
    """As in the peer: for each visit the shortest run from there on that did not occur before it."""
    n, total = len(places), 3.0

    def occurs(run: list[int], before: list[int]) -> bool:
        return any(before[i : i + len(run)] == run for i in range(len(before) - len(run) + 1))

    for i in range(1, n - 1):
        j = i + 1
        while j < n and occurs(places[i:j], places[:i]):
            j += 1
        total += j - i + (1 if j == n else 0)
    return n * np.log2(n) / total


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=40))
def test_real_entropy_is_that_of_a_plain_search(places: list[int]) -> None:
    held = trace(np.arange(len(places)), np.array(places, float), np.zeros(len(places)))
    assert real_entropy(held) == pytest.approx(plain_real_entropy(places))
    assert uncorrelated_entropy(held) <= random_entropy(held) + 1e-12


def test_distances() -> None:
    assert float(distance_km(0, 0, 0, 180)) == pytest.approx(np.pi * 6371)
    assert float(distance_km(10, 20, 10, 20)) == 0
    still = trace(np.arange(5), np.full(5, 52.5), np.full(5, 13.4))
    assert radius_of_gyration(still) == pytest.approx(0, abs=1e-6)
    assert random_entropy(still) == 0


def test_one_visit_has_no_jump() -> None:
    table = pl.DataFrame({"time": ["2026-01-01T23:00:00"], "latitude": [52.5], "longitude": [13.4]})
    found = run_mobility({}, {"trace": table})
    assert found["maximum_distance_km"] is None
    assert (found["jump_lengths_km"], found["distance_straight_line_km"], found["home"]) == ([], 0, [52.5, 13.4])


def test_home_without_a_night_is_where_one_is_most() -> None:
    at = np.array([43_200, 46_800, 50_400])
    assert home(trace(at, np.array([1.0, 2.0, 2.0]), np.zeros(3))) == (2.0, 0.0)
    with pytest.raises(SettingsError):
        home(trace(at, np.zeros(3), np.zeros(3)), ("22", "07:00"))


def test_what_is_no_trace() -> None:
    row = {"time": "2026-01-01T23:00:00", "latitude": 52.5, "longitude": 13.4}
    for rows in ([row | {"latitude": 152.5}], [row | {"longitude": None}], [row | {"person": "a"}, row | {"person": "b"}]):
        with pytest.raises(TraceError):
            run_mobility({}, {"trace": pl.DataFrame(rows, infer_schema_length=None)})
    with pytest.raises(TraceError):
        run_mobility({}, {"trace": pl.DataFrame([row]).drop("time")})
    with pytest.raises(TraceError):
        run_mobility({}, {"trace": pl.DataFrame([row]).clear()})
    for wrong in ({"radius": 1}, {"entropy_base": 1}, {"earth_radius_km": 0}):
        with pytest.raises(SettingsError):
            run_mobility(wrong, {"trace": pl.DataFrame([row])})
