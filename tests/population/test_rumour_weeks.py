"""Rumours by week and place: windows of four weeks, people once, cells withheld, growth of first-time spreaders, audiences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from heedful.core.schemas import Claims, DeclaredPlaces, PeopleMentions, Rumours
from heedful.population.rumour_weeks import audience_weeks, rumour_weeks, with_cascades

MONDAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, tzinfo=UTC)
Post = tuple[str, int, str, str]
"""author, days after the first Monday, declared place (empty: none), stance (empty: says nothing of the claim)."""


def tables(posts: list[Post]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """people, claims, declared."""
    dated = [(author, MONDAY + timedelta(days=at), place, stance) for author, at, place, stance in posts]
    people = pl.DataFrame(
        sorted({(day, "world", "any", author, 1, AT) for author, day, _, _ in dated}), schema=PeopleMentions.dtypes(), orient="row"
    )
    claims = [("a", f"{n}", "c1", author, day, AT, stance, 0.9, "", "") for n, (author, day, _, stance) in enumerate(dated) if stance]
    homes = sorted({(day, author, place, 1, AT) for author, day, place, _ in dated if place})
    return (
        people,
        pl.DataFrame(claims, schema=Claims.dtypes(), orient="row"),
        pl.DataFrame(homes, schema=DeclaredPlaces.dtypes(), orient="row"),
    )


def one(rows: pl.DataFrame, stance: str = "spreads", place: str = "world", day: date = MONDAY) -> dict[str, object]:
    return rows.row(by_predicate=(pl.col("stance") == stance) & (pl.col("place") == place) & (pl.col("day") == day), named=True)


def test_people_count_once_and_the_interval_is_wilson_s() -> None:
    posts = [(f"p{n}", n % 5, "US/NY", "spreads" if n < 9 else "") for n in range(40)]
    row = one(rumour_weeks(*tables([*posts, *posts[:9]]), 3), place="US/NY")
    assert (row["people"], row["posters"]) == (9, 40)
    low, high = proportion_confint(9, 40, method="wilson")
    assert (row["share"], row["low"], row["high"]) == pytest.approx((1e5 * 9 / 40, 1e5 * low, 1e5 * high))
    assert "9 of 40 people who posted spread it" in str(row["why"])


def test_a_claim_that_doubles_every_two_days() -> None:
    counts = np.round(3 * 2 ** (np.arange(7) / 2)).astype(int)
    row = one(rumour_weeks(*tables([(f"p{day}-{n}", day, "", "spreads") for day, count in enumerate(counts) for n in range(count)]), 3))
    assert row["doubling_days"] == pytest.approx(2, rel=0.05)
    assert row["people"] == counts.sum()
    assert "double every 2.0 days" in str(row["why"])


def test_a_week_stands_for_four_weeks_and_ends_where_posts_end() -> None:
    posts = [(f"p{n}", 0, "", "spreads") for n in range(5)] + [("q", 21, "", ""), ("q", 29, "", "")]
    rows = rumour_weeks(*tables(posts), 3)
    assert [day.isoformat() for day in rows["day"].unique().sort()] == ["2026-03-02", "2026-03-23"]  # nobody posted in two of the weeks
    assert one(rows, day=MONDAY + timedelta(days=21))["people"] == 5  # and five weeks later nobody counts any more


def test_few_people_are_no_number() -> None:
    rows = rumour_weeks(*tables([("a", 0, "", "spreads"), ("b", 0, "", "spreads"), *((f"q{n}", 0, "", "asks") for n in range(5))]), 3)
    assert (one(rows)["people"], one(rows)["growth"], one(rows)["suppressed"]) == (None, None, "minimum")
    assert one(rows, "asks")["people"] == 5
    assert rumour_weeks(*tables([("a", 0, "", "")]), 3).is_empty()


def test_places_below_are_those_that_are_shown() -> None:
    posts = [(f"p{n}", 0, "US/NY", "spreads") for n in range(7)] + [(f"q{n}", 0, "US/MA", "spreads") for n in range(7)]
    rows = rumour_weeks(*tables(posts), 3)
    assert (one(rows, place="US")["places"], one(rows, place="US/NY")["places"]) == (2, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefghij"), st.integers(0, 20), st.sampled_from(["US/NY", "US/MA", "GB/ENG", ""]),
            st.sampled_from(["spreads", "asks", "refutes", ""]),
        ), max_size=40,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_no_number_is_of_few(posts: list[Post]) -> None:
    rows = rumour_weeks(*tables(posts), 3)
    shown = rows.filter(pl.col("suppressed") == "")
    assert (shown["people"] >= 3).all()
    assert (shown["posters"] >= 3).all()
    numbers = [name for name, column in Rumours.columns.items() if column.nullable]
    assert rows.filter(pl.col("suppressed") != "").select(numbers).null_count().row(0) == (rows.height - shown.height,) * len(numbers)
    places = shown.filter(pl.col("place") != "world")
    assert not places.filter(pl.col("place") == "").height


def test_cascades_stand_where_the_world_is_shown() -> None:
    people, claims, declared = tables([(f"p{n}", n % 3, "", "spreads") for n in range(6)])
    rows = rumour_weeks(people, claims, declared, 3)
    posts = claims.select("source", "post", "author", "day", reply_to=pl.when(pl.col("post") != "0").then(pl.lit("0")))
    found = one(with_cascades(rows, posts, claims, 3, grouped=False))
    assert (found["cascades"], found["largest"], found["deepest"], found["communities"]) == (1, 6, 1, None)
    assert one(with_cascades(rows, posts.with_columns(reply_to=pl.lit(None, pl.String)), claims, 3, grouped=False))["cascades"] == 0


def test_audiences_leave_words_of_crisis_out() -> None:
    people, claims, declared = tables([(f"p{n}", 0, "US/NY/5128581", "asks" if n < 6 else "") for n in range(12)])
    topics = pl.concat([people, *(people.with_columns(concept=pl.lit(topic)) for topic in ("fever", "dread"))])
    found = audience_weeks(topics, claims, declared, 3, ["dread"])
    assert found.select("place", "topic", "people", "met", "rank").rows() == [("US/NY", "fever", 12, 6, 1)]
