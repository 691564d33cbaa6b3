"""The matrix of nights against a plain twin that walks rows, on random people with gaps."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.illness import LEAST_COVERAGE
from heedful.behavior.night_matrix import NAMES, RATE, SLEEP, SOURCES, STEPS, night_matrix

FIRST = date(2026, 2, 1)
ROW = st.tuples(
    st.sampled_from(["a", "b"]), st.integers(0, 40), st.sampled_from([*NAMES, "calls"]),
    st.one_of(st.none(), st.floats(-5, 5)), st.one_of(st.none(), st.sampled_from([0.0, 0.2, 0.45, 0.9, 1.0])),
)  # fmt: skip


def _plain(rows: list[tuple[str, int, str, float | None, float | None]], person: str) -> dict[int, tuple[list[float], bool]]:
    best: dict[tuple[int, int], tuple[int, float, float]] = {}
    for who, day, name, value, coverage in rows:
        if who != person or value is None or name not in NAMES:
            continue
        column = next(place for place, names in enumerate(SOURCES) if name in names)
        key, rank = (day + (column == STEPS), column), SOURCES[column].index(name)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, value, np.nan if coverage is None else coverage)
    days = sorted({day for day, _ in best})
    value = [[best.get((day, column), (0, np.nan, np.nan))[1] for column in range(6)] for day in days]
    share = [[best.get((day, column), (0, np.nan, np.nan))[2] for column in range(6)] for day in days]
    recorded = [any(np.isfinite(row[:STEPS])) for row in value]
    for place, row in enumerate(share):
        if np.isfinite(row[RATE]):
            row[SLEEP] = row[RATE]
        elif any(np.isfinite(earlier[RATE]) for earlier in share[:place]):
            row[SLEEP] = 0.0
    for place in range(len(days)):
        for column in range(6):
            usual = [row[column] for row in share[max(place - 28, 0) : place] if np.isfinite(row[column])]
            if usual and share[place][column] < LEAST_COVERAGE * float(np.median(usual)):
                value[place][column] = np.nan
    return {day: (value[place], recorded[place]) for place, day in enumerate(days)}


@given(st.lists(ROW, max_size=120, unique_by=lambda row: row[:3]))
@settings(deadline=None, max_examples=60)
def test_equal_to_a_walk_over_rows(rows: list[tuple[str, int, str, float | None, float | None]]) -> None:
    table = pl.DataFrame(
        [(who, FIRST + timedelta(days=day), name, value, coverage) for who, day, name, value, coverage in rows],
        schema={"person": pl.String, "day": pl.Date, "feature": pl.String, "value": pl.Float64, "coverage": pl.Float32}, orient="row",
    )  # fmt: skip
    found = night_matrix(table)
    first = (FIRST - date(1970, 1, 1)).days
    seen: dict[str, dict[int, tuple[list[float], bool]]] = {"a": {}, "b": {}}
    for begin, end in zip(found.start[:-1].tolist(), found.start[1:].tolist(), strict=True):
        for place in range(begin, end):
            seen[found.person[begin]][int(found.day[place]) - first] = (found.value[place].tolist(), bool(found.recorded[place]))
    for person in ("a", "b"):
        plain = _plain(rows, person)
        assert seen[person].keys() == plain.keys()
        for day, (value, recorded) in plain.items():
            assert np.array_equal(seen[person][day][0], value, equal_nan=True)
            assert seen[person][day][1] == recorded
