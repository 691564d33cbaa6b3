"""Steps: the stated rule, case by case, and against a plain twin on random days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.daily import daily_features

HOUR = dt.timedelta(hours=1)
MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def _worn(rows: SimpleNamespace, hours: int = 10) -> list[dict[str, Any]]:
    """Heart rates every five minutes from 8 o'clock."""
    return [rows.observed("heart_rate", MONDAY + 8 * HOUR + dt.timedelta(minutes=5 * n), 0, 70.0) for n in range(12 * hours)]


def test_overlapping_phone_and_watch_count_once(rows: SimpleNamespace) -> None:
    at = MONDAY + 9 * HOUR
    made = [
        *_worn(rows),
        rows.observed("steps", at, 10, 1000.0),
        rows.observed("steps", at + dt.timedelta(minutes=5), 10, 900.0, device="iPhone"),  # half of it lies in the watch's minutes
        rows.observed("steps", at + 3 * HOUR, 1, 50.0, device="iPhone"),  # alone
        rows.observed("steps", at, 30, 9999.0, device="iPhone", how="self_reported", row=1),  # 15 of 30 minutes were measured
    ]
    assert rows.value_of(rows.derive(daily_features, made), "steps[sum]") == (pytest.approx(1000 + 450 + 50 + 9999 / 2, abs=1e-4), "")


def test_a_zero_counts_as_measured_only_with_a_heart_rate(rows: SimpleNamespace) -> None:
    at = MONDAY + 9 * HOUR
    phone = rows.observed("steps", at, 1, 80.0, device="iPhone")
    zero = rows.observed("steps", at, 1, 0.0)
    assert rows.value_of(rows.derive(daily_features, [*_worn(rows), phone, zero]), "steps[sum]")[0] == 0
    assert rows.value_of(rows.derive(daily_features, [phone, zero]), "steps[sum]") == (80.0, "")


def test_sums_repeat_finer_rows(rows: SimpleNamespace) -> None:
    fine = [rows.observed("steps", MONDAY + 9 * HOUR + dt.timedelta(minutes=n), 1, 100.0) for n in range(10)]
    hourly = rows.observed("steps", MONDAY + 9 * HOUR, 60, 1000.0, row=1)
    daily = rows.observed("steps", MONDAY, 1440, 5000.0)
    assert rows.value_of(rows.derive(daily_features, [*_worn(rows), *fine, hourly, daily]), "steps[sum]")[0] == 1000
    assert rows.value_of(rows.derive(daily_features, [daily]), "steps[sum]") == (5000.0, "")
    assert (
        rows.value_of(rows.derive(daily_features, [hourly, hourly | {"start_at": MONDAY, "end_at": MONDAY + HOUR}]), "steps[sum]")[0]
        == 2000
    )
    phone = [row | {"device": "iPhone"} for row in fine]
    assert rows.value_of(rows.derive(daily_features, [*phone, daily]), "steps[sum]")[0] == 5000  # the watch is trusted more
    out = rows.derive(daily_features, [daily])
    assert rows.value_of(out, "active_minutes") == (None, "no_data")
    assert rows.value_of(out, "wear_minutes") == (None, "no_data")


def test_not_worn_is_missing_not_zero(rows: SimpleNamespace) -> None:
    zeros = [rows.observed("steps", MONDAY + dt.timedelta(minutes=n), 1, 0.0, device="Fitbit") for n in range(1440)]
    out = rows.derive(daily_features, zeros)
    assert rows.value_of(out, "steps[sum]") == (None, "not_worn")
    assert rows.value_of(out, "wear_minutes") == (0.0, "")
    short = [*_worn(rows, 1), rows.observed("steps", MONDAY + 8 * HOUR, 1, 500.0)]
    assert rows.value_of(rows.derive(daily_features, short), "steps[sum]") == (None, "not_worn")
    assert rows.value_of(rows.derive(daily_features, _worn(rows)), "steps[sum]") == (None, "no_data")


def test_implausible_rows_are_set_aside(rows: SimpleNamespace) -> None:
    bad = rows.observed("steps", MONDAY + 9 * HOUR, 1, 3_000_000.0)
    assert rows.value_of(rows.derive(daily_features, [bad]), "steps[sum]") == (None, "implausible")
    good = rows.observed("steps", MONDAY + 10 * HOUR, 1, 90.0)
    assert rows.value_of(rows.derive(daily_features, [*_worn(rows), bad, good]), "steps[sum]") == (90.0, "")
    backwards = good | {"end_at": MONDAY}
    assert rows.value_of(rows.derive(daily_features, [backwards]), "steps[sum]") == (None, "implausible")


def test_the_25_hour_day_has_1500_minutes(rows: SimpleNamespace) -> None:
    start = dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC)  # midnight of 25 October in Berlin; clocks go back at 1:00 UTC
    made = [
        rows.observed("steps", start + dt.timedelta(minutes=n), 1, 1.0, offset=120 if n < 180 else 60)
        for n in range(1500)
    ]  # fmt: skip
    out = rows.derive(daily_features, made)
    assert out["day"].unique().to_list() == [dt.date(2026, 10, 25)]
    assert rows.value_of(out, "steps[sum]") == (1500.0, "")
    assert rows.value_of(out, "wear_minutes") == (1500.0, "")


def test_active_minutes(rows: SimpleNamespace) -> None:
    made = [rows.observed("steps", MONDAY + 9 * HOUR + dt.timedelta(minutes=n), 1, 59.0 + n % 2) for n in range(20)]
    ten = rows.observed("steps", MONDAY + 12 * HOUR, 10, 600.0)
    assert rows.value_of(rows.derive(daily_features, [*_worn(rows), *made, ten]), "active_minutes") == (20.0, "")


DEVICES = (("Apple Watch", "measured", 3), ("iPhone", "measured", 2), ("csv", "measured", 1), ("Apple Watch", "self_reported", 0))
STEP_ROWS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 600), st.integers(0, 300), st.sampled_from(DEVICES), st.sampled_from("ab")), max_size=30
)


def _twin(rows: list[tuple[int, int, int, tuple[str, str, int], str]], beats: list[int], person: str) -> float:
    """Rules 1 to 3 in plain Python: minutes are owned, seconds are counted."""
    mine = [row for row in rows if row[4] == person]
    owner: dict[int, tuple[int, str]] = defaultdict(lambda: (-1, ""))
    for start, length, steps, (device, _, trust), _ in mine:
        if steps > 0 or length == 0:
            for minute in range(start * 13 // 60, (start * 13 + length - 1) // 60 + 1):
                owner[minute] = max(owner[minute], (trust, device))
        else:
            for minute in range(start * 13 // 60, (start * 13 + length - 1) // 60 + 1):
                if minute in beats:
                    owner[minute] = max(owner[minute], (trust, device))
    total = 0.0
    for start, length, steps, (device, _, trust), _ in mine:
        own = sum(owner[second // 60] == (trust, device) for second in range(start * 13, start * 13 + length))
        total += steps * own / length
    return total


@settings(max_examples=80, deadline=None)
@given(stepped=STEP_ROWS, beats=st.lists(st.integers(0, 60), max_size=10), random=st.randoms())
def test_equals_the_plain_twin_in_any_order(rows: SimpleNamespace, stepped: list[Any], beats: list[int], random: Any) -> None:
    made = [
        rows.observed(
            "steps", MONDAY + dt.timedelta(seconds=13 * start), length / 60, float(steps), device=device, how=how, person=person, row=n
        )
        for n, (start, length, steps, (device, how, _), person) in enumerate(stepped)
    ]
    for person in "ab":
        made += [rows.observed("heart_rate", MONDAY + dt.timedelta(minutes=m), 0, 60.0, person=person) for m in beats]
        made += [rows.observed("heart_rate", MONDAY + 12 * HOUR + dt.timedelta(minutes=m), 0, 60.0, person=person) for m in range(300)]
    random.shuffle(made)
    out = rows.derive(daily_features, made)
    for person in {row[4] for row in stepped}:
        assert rows.value_of(out, "steps[sum]", person)[0] == pytest.approx(_twin(stepped, beats, person), abs=1e-4)
        alone = rows.derive(daily_features, rows.table(made).filter(pl.col("person") == person))
        assert alone.equals(out.filter(pl.col("person") == person))
    pieces = pl.concat([rows.table(made[::2]), rows.table(made[1::2])], rechunk=False)
    assert rows.derive(daily_features, pieces).equals(out)
