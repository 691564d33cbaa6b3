"""Hour after hour, or all days at once: the same rhythm to the last digit."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.hours import HOUR_COLUMNS, SIGNALS
from heedful.behavior.rhythm_daily import DAYS, daily_rhythm
from heedful.behavior.warm_rhythm import DEPTH, WarmRhythm
from heedful.core.labels import Care, Consented
from heedful.core.schemas import DayHours
from heedful.core.seals import seal

FIRST = date(2026, 3, 1)


def hours(rng: random.Random, person: str, day: int) -> dict[str, Any]:
    known = rng.choice((2**24 - 1, 2**24 - 1, 2**20 - 1, rng.randrange(2**24)))
    values = {
        name: float(rng.choice((0, 0, rng.randrange(900), rng.random() * 50))) if known >> n & 1 else 0.0
        for n, name in enumerate(HOUR_COLUMNS)
    }
    return {"person": person, "day": FIRST + timedelta(days=day), "signal": rng.choice(SIGNALS), "known": known} | values


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_step_by_step_equals_all_at_once(seed: int) -> None:
    rng, held = random.Random(seed), WarmRhythm()
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for step in range(rng.randrange(1, 60)):
        if rng.random() < 0.1:
            held = WarmRhythm()  # a restart: opened from what there is
            if rows:
                held.step(pl.DataFrame(list(rows.values()), schema=DayHours.dtypes()))
        new = [hours(rng, rng.choice("ab"), step // 2 - rng.choice((0, 0, 0, 1, 3))) for _ in range(rng.randrange(1, 4))]
        rows |= (fresh := {(row["person"], row["signal"], row["day"]): row for row in new})
        held.step(pl.DataFrame(list(fresh.values()), schema=DayHours.dtypes()))
    want = daily_rhythm(seal(pl.DataFrame(list(rows.values()), schema=DayHours.dtypes()), Consented[Care], DayHours)).data
    got = held.read()
    newest = {series: max(day for *other, day in rows if tuple(other) == series) for series in {key[:2] for key in rows}}
    near = [key[0::2] for key in rows if (newest[key[:2]] - key[2]).days <= DEPTH - DAYS]
    signal = pl.col("feature").str.extract(r"\[(steps|activity_count)")
    near_rows = pl.DataFrame(
        [(*key[:1], key[2], key[1]) for key in rows if (newest[key[:2]] - key[2]).days <= DEPTH - DAYS],
        schema={"person": pl.String, "day": pl.Date, "signal": pl.String}, orient="row",
    )  # fmt: skip
    kept = want.with_columns(signal=signal).join(near_rows, on=["person", "day", "signal"], how="semi").drop("signal")
    assert near
    assert_frame_equal(got, kept.sort("person", "day", "feature"), check_exact=True)


def test_days_too_far_back_are_handed_back_and_a_person_goes_whole() -> None:
    rng, held = random.Random(1), WarmRhythm()
    rows = [hours(rng, person, day) | {"signal": "steps"} for person in "ab" for day in range(40)]
    held.step(pl.DataFrame(rows, schema=DayHours.dtypes()))
    late = pl.DataFrame([hours(rng, "a", 3) | {"signal": "steps"}], schema=DayHours.dtypes())
    assert held.step(late) == [("a", late["day"].to_physical()[0])]
    held.forget_person("a")
    assert "a" not in held
    assert held.read()["person"].unique().to_list() == ["b"]
