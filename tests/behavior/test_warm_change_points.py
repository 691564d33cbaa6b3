"""Row after row, or all at once: the same change points, whatever is said again, late or taken back."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.change_points import person_change_points
from heedful.behavior.warm_change_points import WarmChangePoints
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Features
from heedful.core.seals import seal

FIRST = date(2026, 3, 1)
NAMES = ("steps[sum]", "heart_rate_mean", "wear_minutes", "sleep_minutes[stages]")
Row = tuple[float | None, float]


def table(rows: dict[tuple[str, int, str], Row]) -> pl.DataFrame:
    made = [
        (person, FIRST + timedelta(days=day), name, value, "1", coverage, "" if value is not None else "no_data")
        for (person, day, name), (value, coverage) in rows.items()
    ]
    return pl.DataFrame(made, schema=Features.dtypes(), orient="row")


def derived(rows: dict[tuple[str, int, str], Row]) -> pl.DataFrame:
    frames = (seal(data, Consented[Care], schema) for data, schema in ((table(rows), Features), (Annotations.empty(), Annotations)))
    return person_change_points(*frames).data.sort("person", "day", "feature")


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_step_by_step_equals_all_at_once(seed: int) -> None:
    rng, held = random.Random(seed), WarmChangePoints()
    rows: dict[tuple[str, int, str], Row] = {}
    moves = rng.random() < 0.7
    for day in range(rng.randrange(1, 75)):
        new: dict[tuple[str, int, str], Row] = {}
        for person in "ab":
            for name in rng.sample(NAMES, rng.randrange(len(NAMES) + 1)):
                value = None if rng.random() < 0.05 else rng.gauss(0, 1) + 4 * (moves and day > 40)
                new[person, day, name] = (value, rng.choice((1.0, 1.0, 0.9, 0.2)))
        if rows and rng.random() < 0.3:
            new[rng.choice(sorted(rows))] = (rng.gauss(9, 1), 1.0)  # late
        gone = {key: rows[key] for key in rng.sample(sorted(rows), min(len(rows), rng.choice((0, 0, 0, 1, 5))))}
        for key in gone:
            del rows[key]
        rows |= new
        if rng.random() < 0.05:
            held = WarmChangePoints()  # a restart
            held.step(table(rows))
        else:
            held.step(table(new), table(gone))
        if rng.random() < 0.1:
            assert_frame_equal(held.read(), derived(rows), check_exact=True)
    assert_frame_equal(held.read(), derived(rows), check_exact=True)


def test_the_minutes_of_today_look_for_nothing_again() -> None:
    held = WarmChangePoints()
    held.step(table({("a", day, "steps[sum]"): (float(day * 7 % 11), 1.0) for day in range(60)}))
    held.read()
    found = held._people["a"].found
    held.step(table({("a", 59, "steps[sum]"): (77.0, 1.0)}))
    assert held._people["a"].found is found
    held.step(table({("a", 60, "steps[sum]"): (1.0, 1.0)}))
    assert held._people["a"].found is None
    held.forget_person("a")
    assert "a" not in held
