from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.simulate.devices import ASLEEP, AWAKE, minute_table, phone_steps, record, responses
from heedful.simulate.town import FIRST_DAY, Size, Town, build


@pytest.fixture(scope="module")
def town() -> Town:
    return build(7)


def test_the_body_stays_within_what_bodies_do(town: Town) -> None:
    for row in range(0, 20, 4):
        data, card = record(town, row), town.people.row(row, named=True)
        assert np.median(data.steps.sum(axis=1)) == pytest.approx(card["steps"], rel=0.2)
        assert 38 <= data.heart_rate.min() <= data.heart_rate.max() <= 190
        assert 6.5 <= (data.sleep > 0).sum() / 60 / town.size.days <= 8.5
        assert data.steps[data.sleep == ASLEEP].sum() == 0


def test_illness_raises_the_sleeping_heart_rate_by_its_beats(town: Town) -> None:
    rows = {person: row for row, person in enumerate(town.people["person"])}
    raised = []
    for illness in town.illnesses:
        data = record(town, rows[illness.person])
        nights = np.array([np.median(rate[sleep > 0]) for rate, sleep in zip(data.heart_rate, data.sleep, strict=True)])
        first = (illness.first_day - town.size.first_day).days
        last = (illness.last_day - town.size.first_day).days
        raised.append(np.mean(nights[first + 1 : last]) - np.median(nights[:first]) - illness.beats)
    assert len(raised) >= 5
    assert np.mean(raised) == pytest.approx(0, abs=1.0)


def test_a_person_is_recorded_the_same_whoever_else_is_and_the_seed_says_all(town: Town) -> None:
    one, again = record(town, 5), record(build(7), 5)
    assert all(np.array_equal(getattr(one, name), getattr(again, name)) for name in ("steps", "heart_rate", "sleep", "worn"))


def test_a_phone_never_counts_more_than_was_walked_and_overlaps_the_watch(town: Town) -> None:
    data = record(town, 0)
    phone = phone_steps(town, data, 0)
    walked = data.steps.reshape(town.size.days, 144, 10).sum(axis=2)
    seen = phone.with_columns(walked=pl.Series(walked[phone["day"].to_numpy(), phone["minute"].to_numpy() // 10]))
    assert (seen["steps"] <= seen["walked"]).all()
    assert 0.5 < phone["steps"].sum() / walked.sum() < 0.8


def test_the_skipped_hour_of_the_spring_change_does_not_exist() -> None:
    town = build(1, Size())
    table = minute_table(town, "America/New_York")
    lost = table.filter(pl.col("exists").not_())
    assert lost.height == 60
    assert lost["written"][0] == "3/8/2026 2:00:00 AM"
    assert table.height - lost.height == 60 * 1440 - 60
    assert table["written"][0] == "1/26/2026 12:00:00 AM"


def _at_five(zone: str, person: str, day: date, action: str) -> pl.DataFrame:
    wall = pl.lit(day).cast(pl.Datetime("us")) + pl.duration(hours=17)
    at = wall.dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
    return pl.DataFrame({"person": [person], "action": [action]}).with_columns(scheduled_at=at)


def test_only_responders_walk_after_a_message_and_only_while_awake_with_the_watch_on(town: Town) -> None:
    zones = dict(town.people.select("person", "zone").iter_rows())
    days = [FIRST_DAY + timedelta(days=n) for n in range(10, 30)]
    rows = [(person, day, "walk_short" if day.day % 2 else "none") for person in town.people["person"] for day in days]
    decisions = pl.concat(_at_five(zones[person], person, day, action) for person, day, action in rows)
    answers = responses(town, decisions)
    responders = set(town.people.filter(pl.col("responder") & pl.col("watch"))["person"])
    assert set(answers) == responders
    minutes = next(iter(answers.values()))
    clock = minutes["ActivityMinute"].str.to_datetime("%m/%d/%Y %I:%M:%S %p")
    assert set(clock.dt.hour()) == {17}
    assert clock.dt.minute().min() >= 5
    assert clock.dt.minute().max() < 30
    assert set(clock.dt.date().dt.day() % 2) == {1}
    assert not responses(town, decisions.with_columns(action=pl.lit("none")))


def test_the_drawer_is_silent(town: Town) -> None:
    data = record(town, 2)
    assert 3 <= (~data.worn.any(axis=1)).sum() <= 15
    assert (data.sleep == AWAKE).any()
