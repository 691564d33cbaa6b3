"""Nights: which one, which device, which part; long and short nights; a person and night stand alone."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.devices import TODAY
from heedful.behavior.sleep import nightly_sleep, nights
from heedful.core.schemas import LiveHours

MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def _stage(rows: SimpleNamespace, start: float, end: float, stage: str, **more: Any) -> dict[str, Any]:
    """A stage from `start` to `end` in hours after Monday's midnight, UTC."""
    made: dict[str, Any] = rows.observed("sleep_stage", MONDAY + dt.timedelta(hours=start), 60 * (end - start), stage, **more)
    return made


def test_a_night_in_stages(rows: SimpleNamespace) -> None:
    made = [
        _stage(rows, -2, 7, "in_bed"), _stage(rows, -1.5, 2, "light"), _stage(rows, 2, 2.5, "awake"), _stage(rows, 2.5, 6, "rem"),
        _stage(rows, 13, 14, "asleep"),
    ]  # fmt: skip
    out = rows.derive(nightly_sleep, made)
    assert out["day"].unique().to_list() == [MONDAY.date()]
    values = dict(out.select("feature", "value").rows())
    assert values == {
        "sleep_minutes[stages]": 420, "sleep_onset": -90, "sleep_offset": 360, "sleep_efficiency": pytest.approx(100 * 7 / 9), "waso": 30,
        "sleep_midpoint": 135, "naps": 1, "nap_minutes": 60,
    }  # fmt: skip
    assert out["coverage"].unique().to_list() == [pytest.approx(7.5 / 9)]


def test_one_app_is_chosen(rows: SimpleNamespace) -> None:
    staged = [_stage(rows, 0, 6, "deep"), _stage(rows, 6, 6.5, "awake")]
    phone = [_stage(rows, -2, 8, "asleep", device="iPhone")]
    bed = [_stage(rows, -3, 9, "in_bed", device="Sleep app")]
    assert rows.value_of(rows.derive(nightly_sleep, staged + phone + bed), "sleep_minutes[stages]")[0] == 360
    assert rows.value_of(rows.derive(nightly_sleep, phone + bed), "sleep_minutes[stages]")[0] == 600
    only_bed = rows.derive(nightly_sleep, bed)
    assert rows.value_of(only_bed, "sleep_minutes[stages]") == (None, "no_data")
    assert rows.value_of(rows.derive(nightly_sleep, phone), "sleep_efficiency") == (None, "no_data")


def test_awake_wins_over_asleep_and_repeats_count_once(rows: SimpleNamespace) -> None:
    made = [_stage(rows, 0, 6, "asleep"), _stage(rows, 1, 5, "light", row=1), _stage(rows, 2, 3, "awake"), _stage(rows, 5.5, 6, "awake")]
    out = rows.derive(nightly_sleep, made)
    assert rows.value_of(out, "sleep_minutes[stages]")[0] == 60 * 4.5
    assert rows.value_of(out, "sleep_offset")[0] == 60 * 5.5
    assert rows.value_of(out, "waso")[0] == 60


def test_nights_of_23_and_25_hours(rows: SimpleNamespace) -> None:
    """Berlin: 22:00 to 6:00 is seven hours on 29 March 2026 and nine on 25 October."""
    for night, before, after, hours in ((dt.date(2026, 3, 29), 60, 120, 7), (dt.date(2026, 10, 25), 120, 60, 9)):
        evening = dt.datetime.combine(night, dt.time(), dt.UTC) - dt.timedelta(hours=2, minutes=before)
        first = rows.observed("sleep_stage", evening, 120, "light", offset=before)
        second = rows.observed("sleep_stage", evening + dt.timedelta(hours=2), 60 * (hours - 2), "deep", offset=before)
        third = rows.observed("sleep_stage", evening + dt.timedelta(hours=hours), 30, "rem", offset=after)
        out = rows.derive(nightly_sleep, [first, second, third])
        assert rows.value_of(out, "sleep_minutes[stages]")[0] == 60 * hours + 30
        assert (rows.value_of(out, "sleep_onset")[0], rows.value_of(out, "sleep_offset")[0]) == (-120, 390)
        assert out["day"].unique().to_list() == [night]


def _hours(*alive: int) -> pl.DataFrame:
    """Hours after Monday's midnight with a sign of life; before it negative."""
    days = {day: sum(1 << (hour % 24) for hour in set(alive) if hour // 24 == day) for day in (-1, 0)}
    return LiveHours.check(pl.DataFrame(
        [{"person": "a", "day": MONDAY.date() + dt.timedelta(days=day), "alive": bits} for day, bits in days.items()],
        schema=LiveHours.dtypes(),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "known", "reason"),
    [
        (-0.5, 0, [*range(-12, 0), *range(9, 24)], "not_worn"),  # off at midnight
        (3, 6.5, [*range(-12, -3), *range(3, 20)], "not_worn"),  # on at three
        (-0.5, 0, [], ""),  # nothing measures this person by the hour
        (-0.5, 0, range(-12, 20), ""),  # worn through: a bad night
        (-0.5, 0, [*range(-12, 0), *range(1, 24)], ""),  # one silent hour is none
        (0, 6.5, [*range(-12, -3), *range(0, 20)], ""),  # long enough to be a night
        (3, 6.5, [*range(-12, -3), *range(8, 20)], ""),  # a mattress slept on without a watch
    ],
)
def test_a_night_cut_short_by_a_watch_that_was_off_is_not_a_short_night(
    rows: SimpleNamespace, start: float, end: float, known: list[int], reason: str
) -> None:
    made = rows.table([_stage(rows, start, end, "light"), _stage(rows, 14, 14.5, "asleep")])
    out = nights(made, TODAY, _hours(*known))
    value = None if reason else 60 * (end - start)
    assert rows.value_of(out, "sleep_minutes[stages]") == (value, reason)
    assert {rows.value_of(out, name)[1] for name in ("sleep_onset", "sleep_offset", "sleep_midpoint", "naps")} == {reason}


def test_vendor_totals_of_one_night_add_up(rows: SimpleNamespace) -> None:
    made = [rows.observed("sleep_minutes", MONDAY - dt.timedelta(hours=1), 300, 280.0), rows.observed("sleep_minutes", MONDAY, 0, 100.0)]
    made += [rows.observed("sleep_minutes", MONDAY, 60, 500.0, device="app")]
    assert rows.value_of(rows.derive(nightly_sleep, made), "sleep_minutes[vendor]") == (380.0, "")


STAGES = st.lists(
    st.tuples(
        st.integers(-200, 300), st.integers(-5, 80), st.sampled_from(["in_bed", "awake", "asleep", "light", "deep", "rem"]),
        st.sampled_from(["Apple Watch", "iPhone"]),
    ), max_size=25,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(stages=STAGES, random=st.randoms())
def test_a_night_depends_on_two_days_only_and_on_no_order(rows: SimpleNamespace, stages: list[Any], random: Any) -> None:
    made = [
        _stage(rows, start / 4, (start + length) / 4, stage, device=device, row=n)
        for n, (start, length, stage, device) in enumerate(stages)
    ]
    whole = rows.table(made)
    out = rows.derive(nightly_sleep, whole)
    random.shuffle(made)
    assert rows.derive(nightly_sleep, made).equals(out)
    for day in out["day"].unique():
        two = whole.filter(pl.col("day").is_between(day - dt.timedelta(days=1), day))
        assert rows.derive(nightly_sleep, two).filter(pl.col("day") == day).equals(out.filter(pl.col("day") == day))
    minutes = out.filter(pl.col("feature") == "sleep_minutes[stages]").drop_nulls("value")
    assert minutes.filter(pl.col("value") <= 0).is_empty()
    assert out.filter((pl.col("feature") == "sleep_efficiency") & ~pl.col("value").is_between(0, 100)).is_empty()


@settings(max_examples=60, deadline=None)
@given(
    stages=st.lists(
        st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from(["in_bed", "awake", "asleep"])), min_size=1, max_size=12
    )
)
def test_time_asleep_equals_counting_quarters(rows: SimpleNamespace, stages: list[tuple[int, int, str]]) -> None:
    """One sleep without long pauses: asleep is every quarter hour marked asleep and not awake."""
    made = [_stage(rows, s / 4, (s + n) / 4, stage, row=i) for i, (s, n, stage) in enumerate(stages)]
    made.append(_stage(rows, 0, 7, "in_bed", row=99))
    marked = {stage: {q for s, n, name in stages if name == stage for q in range(s, s + n)} for stage in ("awake", "asleep")}
    quarters = marked["asleep"] - marked["awake"]
    value, _ = rows.value_of(rows.derive(nightly_sleep, made), "sleep_minutes[stages]")
    assert (value or 0) == 15 * len(quarters)
