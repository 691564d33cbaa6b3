"""Farrington 1996 equals R, at both of R's stopping rules, and answers every series by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult, load_case
from heedful.population.farrington import Farrington, FarringtonResult, State, calendar_of, farrington
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.yearly_reference import Calendar

CALENDAR = Calendar(12)
DETECTORS: dict[str, Callable[[np.ndarray], FarringtonResult]] = {
    "1996": lambda y: farrington(y, CALENDAR, Farrington(3, 1, min_cases=0)),
    "delta": lambda y: farrington_flexible(y, CALENDAR, FarringtonFlexible(3, 1, 4, 1, min_cases=0)),
    "muan as in R": lambda y: farrington_flexible(
        y, CALENDAR, FarringtonFlexible(3, 1, 4, 1, threshold="muan", mode="surveillance", weights_threshold=1.0)
    ),
}
COUNTS = arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(40, 50)), elements=st.integers(0, 9).map(float) | st.just(float("nan"))
)


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("farrington1996_")
    assert len(results) >= 6
    assert [result for result in results if not result.passed] == []


def test_r_as_shipped_stops_where_we_stop(shared_reference: Path) -> None:
    folder = shared_reference / "surveillance" / "farrington1996_agona_default"
    case, theirs = load_case(folder), orjson.loads((folder / "expected.json").read_bytes())["outputs_as_shipped"]
    counts = case.inputs["series"]["count"].to_numpy().astype(float)[None, :]
    rows = slice(case.arguments["first_time_index"] - 1, case.arguments["last_time_index"])
    ours = farrington(counts, calendar_of(case.arguments, case.inputs), Farrington(mode="surveillance", tolerance=1e-8), rows)
    np.testing.assert_allclose(ours.bound[0], theirs["upperbound"], rtol=1e-9)
    np.testing.assert_allclose(ours.expected[0], theirs["median"], rtol=1e-9)


@pytest.mark.parametrize("name", DETECTORS)
@settings(max_examples=20, deadline=None)
@given(counts=COUNTS)
def test_a_series_is_answered_the_same_alone_and_among_others(name: str, counts: np.ndarray) -> None:
    together = DETECTORS[name](counts)
    for row in range(len(counts)):
        alone = DETECTORS[name](counts[row : row + 1])
        for field in fields(FarringtonResult):
            if field.name != "lacking":
                np.testing.assert_array_equal(getattr(alone, field.name)[0], getattr(together, field.name)[row])


@pytest.mark.parametrize("name", DETECTORS)
@settings(max_examples=20, deadline=None)
@given(counts=COUNTS)
def test_what_comes_later_changes_nothing(name: str, counts: np.ndarray) -> None:
    whole, cut = DETECTORS[name](counts), DETECTORS[name](counts[:, :-3])
    np.testing.assert_array_equal(cut.bound, whole.bound[:, :-3])
    np.testing.assert_array_equal(cut.state, whole.state[:, :-3])


def test_what_is_not_tested_says_why() -> None:
    counts = np.full((1, 60), 4.0)
    counts[0, -1] = np.nan
    counts[0, -2], counts[0, -6:-2] = 1, 0
    result = farrington(counts, CALENDAR, Farrington(3, 1))
    assert result.state[0, [0, -2, -1]].tolist() == [State.TOO_SHORT, State.FEW_CASES, State.NO_COUNT]
    assert result.lacking[0] == 9
    assert np.isnan(result.bound[0, 0])
    assert not result.alarm[0, [0, -2, -1]].any()
    assert all(state.says for state in State)


def test_an_outbreak_is_an_alarm() -> None:
    counts = np.random.default_rng(2).poisson(10, (1, 72)).astype(float)
    counts[0, -1] = 60
    result = farrington(counts, CALENDAR, Farrington(5, 1, alpha=0.01))
    assert result.alarm[0, -1]
    assert result.p_value[0, -1] < 1e-4
    assert result.bound[0, -1] < 60


@pytest.mark.parametrize("setting", [{"alpha": 0.0}, {"years_back": 0}, {"power": "3/4"}, {"mode": "best"}, {"min_cases": -1}])
def test_impossible_settings_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="farrington"):
        Farrington(**setting)  # type: ignore[arg-type]


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(SettingsError, match="Series 1, row 3"):
        farrington(np.array([[1.0, 2.0, -1.0]]), CALENDAR, Farrington())
    with pytest.raises(SettingsError, match="a day for each row"):
        farrington(np.ones((1, 3)), Calendar(52, np.arange("2020-01-06", "2020-01-20", 7, dtype="datetime64[D]")), Farrington())
