from __future__ import annotations

import datetime as dt

import polars as pl
from tests.report.content import DAYS, FIRST, LAST, PEOPLE, content

from heedful.report.sections.days import MOST_DAYS, days_of, pick


def test_a_missing_day_has_a_reason_and_never_a_number() -> None:
    days = days_of(content(), PEOPLE[1])
    assert days is not None
    unworn = FIRST + dt.timedelta(days=19)
    for part, column in ((days.nights, "onset"), (days.heart, "value"), (days.steps, "value")):
        row = part.filter(pl.col("day") == unworn).row(0, named=True)
        assert row[column] is None
        assert row["missing"] == "not_worn"
    assert days.steps.height == DAYS


def test_the_goal_and_the_usual_range_come_from_their_tables() -> None:
    days = days_of(content(), PEOPLE[0])
    assert days is not None
    assert days.steps.filter(pl.col("day") == LAST)["goal"].to_list() == [8200.0]
    band = days.heart.filter(pl.col("low").is_not_null()).select("low", "high").unique().row(0)
    assert band == (58 - 2 * 1.4, 58 + 2 * 1.4)


def test_a_day_is_held_against_its_own_goal_and_days_before_the_first_against_none() -> None:
    days = days_of(content(), PEOPLE[0])
    assert days is not None
    goals = days.steps.filter(pl.col("day") < LAST).select("day", "value", "goal")
    known = goals.filter(pl.col("value").is_not_null())
    assert (
        goals.filter(pl.col("day") <= known["day"][8])["goal"].to_list() == [None] * goals.filter(pl.col("day") <= known["day"][8]).height
    )
    own = known.filter(pl.col("day") < known["day"][20])["value"].tail(9).quantile(0.6, "linear")
    assert goals.filter(pl.col("day") == known["day"][20])["goal"].to_list() == [round(own or 0)]
    given = content().plans.with_columns(given_by=pl.lit("record"), from_day=pl.lit(LAST - dt.timedelta(days=4)))
    later = days_of(content(plans=given), PEOPLE[0])
    assert later is not None
    assert later.steps["goal"].to_list() == [None] * (later.steps.height - 5) + [8200.0] * 5


def test_only_symptoms_that_the_diary_says_are_there_are_drawn() -> None:
    days = days_of(content(), PEOPLE[0])
    assert days is not None
    told = [("Cough", 34), ("Fever", 33), ("Fever", 34)]
    assert days.symptoms.select("symptom", "day").rows() == [(name, FIRST + dt.timedelta(days=n)) for name, n in told]
    other = days_of(content(), PEOPLE[1])
    assert other is not None
    assert other.symptoms.is_empty()


def test_symptoms_of_own_posts_are_drawn_beside_those_of_the_diary() -> None:
    item, day = ("Fever [town p1]", "Rash [town p2]", "Asthma [town p3]"), FIRST + dt.timedelta(days=33)
    posts = pl.DataFrame({"item": item, "lane": ["symptom", "symptom", "medication"], "from_table": ["own_posts"] * 3}).with_columns(
        person=pl.lit(PEOPLE[0]), day=pl.lit(day), text=pl.lit("Told in an own public post."), value=pl.lit(None), unit=pl.lit(None)
    )
    given = content().timeline
    days = days_of(content(timeline=pl.concat([given, posts.select(given.columns).cast(dict(given.schema))])), PEOPLE[0])
    assert days is not None
    assert days.symptoms.filter(pl.col("day") == day).select("symptom", "told").rows() == [("Fever", "diary"), ("Rash", "post")]


def test_a_long_record_shows_its_newest_days() -> None:
    long = content().features.filter(pl.col("person") == PEOPLE[0])
    older = long.with_columns(pl.col("day") - pl.duration(days=200))
    days = days_of(content(features=pl.concat([long, older])), PEOPLE[0])
    assert days is not None
    assert (days.first, days.last) == (LAST - dt.timedelta(days=MOST_DAYS - 1), LAST)


def test_where_the_newest_days_hold_next_to_nothing_the_fullest_stretch_is_drawn() -> None:
    long = content().features.filter(pl.col("person") == PEOPLE[0])
    few = long.filter(pl.col("day") > LAST - dt.timedelta(days=3)).with_columns(pl.col("day") + pl.duration(days=400))
    days = days_of(content(features=pl.concat([long, few])), PEOPLE[0])
    assert days is not None
    assert days.first <= FIRST
    assert days.last == LAST


def test_days_on_which_nothing_came_are_missing_and_not_left_out() -> None:
    hole = FIRST + dt.timedelta(days=7)
    kept = content().features.filter((pl.col("person") == PEOPLE[0]) & (pl.col("day") != hole))
    days = days_of(content(features=kept), PEOPLE[0])
    assert days is not None
    for part in (days.nights, days.heart, days.steps):
        assert part["day"].to_list() == pl.date_range(days.first, days.last, eager=True).to_list()
        assert part.filter(pl.col("day") == hole)["missing"].to_list() == ["no_data"]


def test_dispensings_alone_are_drawn_and_nothing_is_none() -> None:
    whole = content()
    alone = content(features=whole.features.clear(), changes=whole.changes.clear())
    days = days_of(alone, PEOPLE[0])
    assert days is not None
    assert days.nights.is_empty()
    assert set(days.supplies["kind"]) == {"supply", "gap"}
    assert days_of(alone, PEOPLE[2]) is None


def test_one_definition_of_a_feature_is_picked() -> None:
    rows = [("steps[a]", 1.0), ("steps[b]", 2.0), ("steps[b]", 3.0), ("steps_per_hour", 9.0)]
    features = pl.DataFrame(
        [{"feature": name, "value": value, "day": FIRST + dt.timedelta(days=n)} for n, (name, value) in enumerate(rows)]
    )
    assert pick(features, "steps")["value"].to_list() == [2.0, 3.0]
