"""Counts of people: the archive by known day, and cells that nobody may work out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from heedful.core.places import parent_place
from heedful.core.schemas import Counts, PeopleMentions
from heedful.population.counts import count_people, withhold

DAY = date(2026, 1, 5)


def mention(place: str, author: str, concept: str = "HP:0002315", known: int = 5, posts: int = 1) -> dict[str, object]:
    at = datetime(2026, 1, known, 12, tzinfo=UTC)
    return {"day": DAY, "place": place, "concept": concept, "author": author, "posts": posts, "known_at": at}


def table(rows: list[dict[str, object]]) -> pl.DataFrame:
    return PeopleMentions.check(pl.DataFrame(rows, schema=PeopleMentions.dtypes()))


def test_a_count_is_kept_as_it_was_known_on_each_day() -> None:
    people = table(
        [mention("world", f"a{n}", known=5) for n in range(3)]
        + [mention("world", f"a{n}", known=7, posts=2) for n in range(3, 5)]
        + [mention("world", f"a{n}", "any", known=5) for n in range(9)]
        + [mention("world", f"b{n}", "any", known=6) for n in range(4)]
    )
    found = count_people(people, 1).filter(pl.col("signal") != "any")
    assert found.select("people", "posts", "denominator").rows() == [(3, 3, 9), (3, 3, 13), (5, 7, 13)]
    assert found["known_at"].to_list() == [datetime(2026, 1, day, 23, 59, 59, 999999, tzinfo=UTC) for day in (5, 6, 7)]


def test_a_day_on_which_nothing_shown_changed_has_no_row() -> None:
    people = table([mention("world", f"a{n}", known=5) for n in range(3)] + [mention("world", f"a{n}", "other", known=6) for n in range(6)])
    found = count_people(people, 5)
    assert found.select("signal", "people", "suppressed").rows() == [("HP:0002315", None, "minimum"), ("other", 6, "")]


def test_a_small_cell_is_null_and_so_is_a_denominator_that_is_small() -> None:
    people = table([mention("world", "a"), mention("world", "a", "any"), mention("world", "b", "any")])
    found = count_people(people, 3)
    assert found.select("people", "posts", "denominator", "suppressed").rows() == [(None, None, None, "minimum")] * 2


def test_no_rows_give_no_rows() -> None:
    assert count_people(PeopleMentions.empty(), 5).equals(Counts.empty())


def family(sizes: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"day": [DAY] * len(sizes), "signal": "s", "known_on": [DAY] * len(sizes), "place": list(sizes), "people": list(sizes.values())}
    )


def hidden(sizes: dict[str, int], minimum: int = 5) -> set[str]:
    return set(withhold(family(sizes), minimum).filter(pl.col("suppressed") != "")["place"])


def test_the_smallest_neighbor_of_a_single_small_place_is_withheld_too() -> None:
    sizes = {"world": 43, "US": 43, "US/CA": 20, "US/NY": 12, "US/TX": 8, "US/VT": 3}
    assert hidden(sizes) == {"US/TX", "US/VT"}


def test_two_small_places_protect_each_other() -> None:
    assert hidden({"world": 26, "US": 26, "US/CA": 20, "US/NY": 2, "US/TX": 4}) == {"US/NY", "US/TX"}


def test_two_small_places_that_can_only_be_four_each_do_not() -> None:
    assert hidden({"world": 28, "US": 28, "US/CA": 20, "US/NY": 4, "US/TX": 4}) == {"US/CA", "US/NY", "US/TX"}


def test_people_without_a_closer_place_protect_a_single_small_one() -> None:
    assert hidden({"world": 90, "US": 30, "US/CA": 20, "US/VT": 3}) == {"US/VT"}


def test_a_place_whose_only_neighbor_is_small_hides_what_stands_above() -> None:
    assert hidden({"world": 5, "AT": 1, "BE": 1, "DE": 1, "FR": 1, "IT": 1}) == {"world", "AT", "BE", "DE", "FR", "IT"}


def test_a_withheld_place_does_not_come_back_as_the_sum_of_its_parts() -> None:
    sizes = {"world": 25, "US": 11, "DE": 12, "FR": 2, "US/CA": 5, "US/NY": 6}
    assert hidden(sizes) == {"US", "FR", "US/CA"}


PLACES = ("US", "US/NY", "US/NY/1", "US/NY/2", "US/CA", "US/CA/3", "DE", "DE/BE", "FR")


@st.composite
def towns(draw: st.DrawFn) -> tuple[dict[str, int], bool]:
    """Sizes of all places of a small world; whether everybody gave the closest place that there is."""
    closed = draw(st.booleans())
    own = {place: draw(st.integers(0, 7)) for place in (*PLACES, "world")}
    if closed:
        own = {place: 0 if any(p.startswith(f"{place}/") for p in PLACES) or place == "world" else n for place, n in own.items()}
    sizes = dict.fromkeys(("world", *PLACES), 0)
    for place, n in own.items():
        for level in ("world", *PLACES):
            if level == "world" or place == level or place.startswith(f"{level}/"):
                sizes[level] += n
    return {place: n for place, n in sizes.items() if n}, closed


@settings(max_examples=60, deadline=None)
@given(towns(), st.integers(2, 6))
def test_no_small_cell_can_be_worked_out_by_linear_algebra(town: tuple[dict[str, int], bool], minimum: int) -> None:
    """The attacker knows the shown cells, the reasons and that parts do not exceed the whole; or equal it, where that is so."""
    sizes, closed = town
    if not sizes:
        return
    out = withhold(family(sizes), minimum)
    places, reasons = out["place"].to_list(), dict(zip(out["place"], out["suppressed"], strict=True))
    upper = {"": None, "minimum": minimum - 1, "complementary": None}
    bounds = [(sizes[p], sizes[p]) if reasons[p] == "" else (1, upper[reasons[p]]) for p in places]
    above = out.select(parent_place("place"))["place"].to_list()
    sums = np.array([[float(above[j] == p) - float(places[j] == p) for j in range(len(places))] for p in places if p in above])
    sums = sums.reshape(-1, len(places))
    rule = {"A_eq": sums, "b_eq": np.zeros(len(sums))} if closed else {"A_ub": sums, "b_ub": np.zeros(len(sums))}
    for place, row in zip(places, np.eye(len(places)), strict=True):
        if sizes[place] < minimum:
            assert reasons[place] != ""
            low, high = linprog(row, bounds=bounds, **rule), linprog(-row, bounds=bounds, **rule)
            assert low.status == 0
            assert high.status in (0, 3)
            assert high.status == 3 or -high.fun - low.fun >= 1 - 1e-9


@given(st.lists(st.tuples(st.sampled_from(["world", "US", "US/NY"]), st.integers(0, 6), st.integers(5, 8)), max_size=25), st.integers(0, 4))
def test_the_answer_of_a_day_does_not_depend_on_other_days(entries: list[tuple[str, int, int]], minimum: int) -> None:
    rows = [mention(place, f"a{n}", known=known) for place, n, known in {(p, n): (p, n, k) for p, n, k in entries}.values()]
    people = table(rows)
    other = people.with_columns(pl.lit(date(2026, 1, 4)).alias("day"), (pl.col("known_at") + pl.duration(days=9)).alias("known_at"))
    both = count_people(pl.concat([other, people]), minimum)
    assert both.filter(pl.col("day") == DAY).equals(count_people(people, minimum))
