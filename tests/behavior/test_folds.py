"""The warm day against the derivations that it stands for: step by step, in any order, it says what they say of all rows at once."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.daily import daily_features
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.folds import WarmDays
from heedful.behavior.hours_daily import day_hours
from heedful.core.derivations import Key
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

FIRST = date(2026, 3, 28)
DEVICES = ("Charge 5 wrist", "iPhone", "Apple Watch", "csv", "Polar")
DECLARED = DeviceTrust((("steps", ("iphone", "polar")),))


def row(rng: random.Random) -> dict[str, Any]:
    """Mostly a minute, also seconds, quarters, hours and days; three zones; now and then what nobody can believe."""
    day, offset = FIRST + timedelta(days=rng.randrange(2)), rng.choice((60, 60, 60, 60, 120, -300) if rng.random() < 0.1 else (60, 60, 120))
    code = rng.choice(("steps", "steps", "heart_rate", "heart_rate", "intensity", "activity_count", "resting_heart_rate", "glucose"))
    length = rng.choice((0, 1, 60, 60, 60, 60, 60, 60, 300, 900, 3_600, 86_400, 100_000, -60))
    local = rng.choice((0, rng.randrange(1_440), 9 * 60 + rng.randrange(40), rng.randrange(420))) * 60 + rng.choice((0, 0, 0, 17))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=local if length < 86_400 else 0, minutes=-offset)
    if rng.random() < 0.02:
        start += timedelta(hours=rng.choice((-14, 9, 60)))
    value = rng.choice((0, 0, 7, 60, 100, 101.5, 130, 70, 55, 61.9, 10**6, None))
    return {
        "person": rng.choice("ab"), "day": day, "code": code, "start_at": start, "end_at": start + timedelta(seconds=length),
        "offset_minutes": offset, "value": value, "unit": "1", "device": rng.choice(DEVICES[: rng.randrange(1, 6)]),
        "how": rng.choice(("measured", "measured", "measured", "self_reported")), "row": rng.randrange(10**6), "known_at": datetime(2026, 4, 1, tzinfo=UTC),
    }  # fmt: skip


def rows(seed: int, count: int) -> pl.DataFrame:
    rng = random.Random(seed)
    made = [row(rng) for _ in range(count)]
    return Observations.check(pl.DataFrame(made, schema={name: dtype for name, dtype in Observations.dtypes().items() if name in made[0]}))


def assert_as_derived(held: WarmDays, seen: pl.DataFrame, devices: DeviceTrust = TODAY) -> None:
    """What is held says what the derivations say of all rows of its days."""
    mine = [of(seen, key) for key in keys_of(seen) if key in held]
    of_held = pl.concat([seen.clear(), *mine])
    frame = seal(of_held, Consented[Care], Observations)
    assert_frame_equal(held.read(), daily_features(frame, devices=devices).data, check_exact=True)
    assert_frame_equal(held.hours(), day_hours(frame, devices=devices).data, check_exact=True)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 250), at_start=st.floats(0, 1), declared=st.booleans())
@settings(max_examples=120, deadline=None)
def test_step_by_step_equals_all_at_once(seed: int, count: int, at_start: float, declared: bool) -> None:
    everything, rng = rows(seed, count), random.Random(seed)
    devices = DECLARED if declared else TODAY
    cut = int(at_start * count)
    held, _ = WarmDays.start(everything[:cut], devices)
    while cut < count:
        more = min(count, cut + rng.choice((1, 1, 2, 20)))
        new, seen = everything[cut:more], everything[:more]
        for key in held.step(new):
            assert key not in held
            if rng.random() < 0.8:  # what an engine does: all rows of the day, read again
                held.open(of(seen, key))
        cut = more
        if rng.random() < 0.2:
            assert_as_derived(held, seen, devices)
    assert_as_derived(held, everything, devices)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_nothing_stays_of_a_person_who_is_forgotten(seed: int) -> None:
    everything = rows(seed, 150)
    held, _ = WarmDays.start(everything)
    held.forget_person("a")
    others = everything.filter(pl.col("person") == "b")
    assert_as_derived(held, others)
    assert not [key for key in keys_of(everything) if key[0] == "a" and key in held]
    assert b"a" not in {key[0].encode() for key in [*held._stated, *held._hour_place, *held._place]}
    sums = held._sums
    free = sums._days.free
    assert not any(array[free].any() for array in sums._arrays.values())
    assert not sums.total[sums._day_hours.free].any()
    assert not sums.walks[free]["steps"].any()


def test_a_day_that_is_not_held_is_handed_back() -> None:
    everything = rows(1, 20)
    held = WarmDays()
    assert set(held.step(everything)) == set(keys_of(everything))
    assert len(held) == 0
    assert held.read().height == held.hours().height == 0


def test_a_row_far_from_its_day_lets_the_day_go() -> None:
    """The layout is that of the first row's zone: a flight is derived from all rows."""
    first = Observations.check(pl.DataFrame([row_at(60, 9)]))
    held, left = WarmDays.start(first)
    assert not left
    assert len(held) == 1
    assert held.step(Observations.check(pl.DataFrame([row_at(-600, 23)]))) == keys_of(first)
    assert len(held) == 0


def row_at(offset: int, hour: int) -> dict[str, Any]:
    start = datetime(2026, 3, 28, hour, tzinfo=UTC) - timedelta(minutes=offset)
    return row(random.Random(1)) | {
        "person": "a", "day": date(2026, 3, 28), "code": "steps", "value": 50.0, "offset_minutes": offset, "start_at": start,
        "end_at": start + timedelta(minutes=1),
    }  # fmt: skip


def keys_of(rows: pl.DataFrame) -> list[Key]:
    return [(person, day) for person, day in rows.select("person", pl.col("day").to_physical()).unique().iter_rows()]


def of(seen: pl.DataFrame, key: Key) -> pl.DataFrame:
    return seen.filter((pl.col("person") == key[0]) & (pl.col("day").to_physical() == key[1]))
