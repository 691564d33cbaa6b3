"""Estimates: the same weights as on one row a person, Wilson as statsmodels has it, nothing shown that subtraction would not give anyway."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from heedful.core.errors import SchemaError
from heedful.population.estimates import PER, TRIM, Population, estimates, week_of_people
from heedful.population.people_mentions import ANY
from heedful.population.weighting.balance import standardized_mean_differences
from heedful.population.weighting.cells import weights_to_cells
from heedful.population.weighting.spread import spread, trim_at_mean_ratio

MONDAY = date(2026, 12, 28)
"""Of ISO week 53."""
STATES = ("US/NY", "US/MA", "US/TX", "US/OR")
NOBODY = Population()


def population(**people: float) -> Population:
    return Population(
        pl.DataFrame({"place": [f"US/{name}" for name in people], "stratum": "all", "people": [float(n) for n in people.values()]})
    )


def week(groups: dict[str, tuple[int, int]], alone: tuple[int, int] = (0, 0)) -> pl.DataFrame:
    """People of one week: by place (people, of whom said 'x'); `alone` declare no closer place than the country."""
    said, declared = [], []
    for place, (n, y) in {**groups, "US": alone}.items():
        for i in range(n):
            author = f"{place}{i}"
            declared.append((MONDAY, author, place, 1))
            said += [(MONDAY, author, ANY)] + ([(MONDAY, author, "x")] if i < y else [])
    types = {"day": pl.Date, "author": pl.String, "signal": pl.String}
    homes = pl.DataFrame(declared, schema={"day": pl.Date, "author": pl.String, "place": pl.String, "posts": pl.Int32}, orient="row")
    return week_of_people(pl.DataFrame(said, schema=types, orient="row"), homes)


def row(rows: pl.DataFrame, place: str = "US") -> dict[str, object]:
    return rows.row(by_predicate=(pl.col("place") == place) & (pl.col("signal") == "x"), named=True)


def test_the_interval_as_found_is_wilsons() -> None:
    found = row(estimates(week({"US/NY": (40, 9), "US/MA": (30, 5)}), NOBODY, 3))
    low, high = proportion_confint(14, 70, method="wilson")
    assert found["share"] == pytest.approx(14 / 70 * PER)
    assert (found["low"], found["high"]) == pytest.approx((low * PER, high * PER), rel=1e-6)
    assert found["weighted"] is None
    assert "Not weighted: the site has no population table" in str(found["why"])


counts = st.tuples(st.integers(20, 60), st.integers(5, 15))


@given(groups=st.tuples(counts, counts, counts), sizes=st.tuples(*[st.integers(1, 400)] * 3))
@settings(max_examples=25, deadline=None)
def test_weights_equal_those_of_one_row_a_person(groups: tuple[tuple[int, int], ...], sizes: tuple[int, ...]) -> None:
    found = row(estimates(week(dict(zip(STATES, groups, strict=False))), population(NY=sizes[0], MA=sizes[1], TX=sizes[2]), 3))
    cells = np.repeat(np.arange(3), [n for n, _ in groups])
    values = np.concatenate([np.arange(n) < y for n, y in groups]).astype(float)
    weights = trim_at_mean_ratio(weights_to_cells(cells, np.array(sizes, float), np.ones(len(cells))), TRIM)
    assert found["weighted"] == pytest.approx(PER * weights @ values / weights.sum())
    assert found["design_effect"] == pytest.approx(spread(weights).design_effect_kish)
    assert found["effective_n"] == pytest.approx(spread(weights).effective_sample_size_kish)
    one_hot = np.eye(3)
    target = np.repeat(np.arange(3), [1000 * size for size in sizes])  # one row a thousandth of a person, so that n - 1 is n
    for name, used in (("imbalance_before", None), ("imbalance_after", weights)):
        differences = standardized_mean_differences(one_hot[cells], one_hot[target], used)
        assert found[name] == pytest.approx(differences.mean(), abs=1e-3)
    low, high = proportion_confint(found["weighted"] / PER * found["effective_n"], found["effective_n"], method="wilson")  # type: ignore[operator]
    assert (found["weighted_low"], found["weighted_high"]) == pytest.approx((low * PER, high * PER), rel=1e-5)


def test_equal_shares_need_no_weights() -> None:
    found = row(estimates(week({"US/NY": (40, 10), "US/MA": (20, 5)}), population(NY=200, MA=100), 3))
    assert found["weighted"] == pytest.approx(found["share"])
    assert (found["design_effect"], found["imbalance_before"], found["trimmed"]) == (1, 0, 0)


def test_cut_weights_and_missing_places_are_named() -> None:
    groups = {"US/NY": (400, 40), "US/MA": (5, 3)}
    found = row(estimates(week(groups), population(NY=100, MA=900, TX=3000), 3))
    assert found["trimmed"] == 5
    assert found["missing"] == "nobody from US/TX (75.0 % of the population); far too few from US/MA"
    assert "the weights of 5 people were cut; missing: nobody from US/TX" in str(found["why"])
    assert found["imbalance_after"] > 0.1  # type: ignore[operator]


def test_withheld_places_are_one_stratum_with_those_who_declare_none_that_is_shown() -> None:
    groups = {"US/NY": (40, 10), "US/MA": (30, 2), "US/TX": (20, 1)}
    rows = estimates(week(groups, alone=(10, 1)), population(NY=100, MA=60, TX=40), 3)
    shown = rows.filter(pl.col("suppressed") == "")["place"].to_list()
    assert shown == ["US", "US/NY", "world"]
    found = row(rows)
    weights = np.array([100 / 40, 100 / 60])  # New York by itself; the other sixty stand for the other hundred
    assert found["weighted"] == pytest.approx(PER * (weights @ [10, 4]) / (weights @ [40, 60]))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=4, max_size=4), st.tuples(st.integers(0, 8), st.integers(0, 8)))
@settings(max_examples=60, deadline=None)
def test_the_weighted_value_follows_from_what_is_shown(groups: list[tuple[int, int]], alone: tuple[int, int]) -> None:
    """Two weeks that show the same show the same weighted value, however the withheld places differ: here they are swapped."""
    people = {place: (n, min(n, y)) for place, (n, y) in zip(STATES, groups, strict=True)}
    sizes = population(NY=300, MA=100, TX=50, OR=20)
    rows = estimates(week(people, (alone[0], min(alone))), sizes, 3)
    assert (rows.filter(pl.col("suppressed") == "")["people"] >= 3).all()
    hidden = rows.filter((pl.col("suppressed") != "") & pl.col("place").str.starts_with("US/"))["place"].to_list()
    assert rows.filter(pl.col("suppressed") != "").select("people", "share", "weighted", "effective_n", "posters").null_count().row(0) == (
        (len(rows) - rows.filter(pl.col("suppressed") == "").height,) * 5
    )
    if len(hidden) == 2:
        one, two = hidden
        moved = people | {one: (people[one][0], people[two][1]), two: (people[two][0], people[one][1])}
        if moved[one][1] > moved[one][0] or moved[two][1] > moved[two][0]:
            return
        again = estimates(week(moved, (alone[0], min(alone))), sizes, 3)
        shown, shown_again = (found.filter(pl.col("suppressed") == "").select("place", "people", "posters") for found in (rows, again))
        if shown.equals(shown_again):
            assert rows.filter(pl.col("suppressed") == "").equals(again.filter(pl.col("suppressed") == ""))


def test_a_person_counts_once_a_week_in_the_place_that_they_declare_most() -> None:
    said = pl.DataFrame(
        [(date(2026, 12, 28), "a", ANY), (date(2027, 1, 2), "a", ANY), (date(2027, 1, 2), "a", "x"), (date(2027, 1, 4), "a", ANY)],
        schema=["day", "author", "signal"], orient="row",
    )  # fmt: skip
    declared = pl.DataFrame(
        [(date(2026, 12, 28), "a", "US/NY", 1), (date(2027, 1, 2), "a", "US/MA", 3), (date(2027, 1, 4), "a", "GB", 1)],
        schema=["day", "author", "place", "posts"], orient="row",
    )  # fmt: skip
    rows = week_of_people(said, declared).filter(pl.col("place") != "world")
    assert sorted(rows.select("day", "place", "concept").rows()) == [
        (date(2026, 12, 28), "US", ANY), (date(2026, 12, 28), "US", "x"), (date(2026, 12, 28), "US/MA", ANY),
        (date(2026, 12, 28), "US/MA", "x"), (date(2027, 1, 4), "GB", ANY),
    ]  # fmt: skip


def test_strata_that_posters_do_not_declare_are_said_to_be_unused() -> None:
    rows = population(NY=10, MA=10).rows
    known = Population(pl.concat([rows, pl.DataFrame({"place": ["US/NY"], "stratum": ["age:65+"], "people": [2.0]})]))
    assert "Not weighted by age: posters do not declare it." in str(
        row(estimates(week({"US/NY": (9, 4), "US/MA": (9, 4)}), known, 3))["why"]
    )


@pytest.mark.parametrize(
    ("place", "stratum", "people", "says"),
    [
        ("US/NY", "all", -1.0, "number above 0"),
        ("US/MA", "all", 5.0, "two rows of US/MA"),
        ("US/VT", "age:0-17", 5.0, "no row with stratum 'all'"),
    ],
)
def test_a_population_table_that_cannot_be_one(place: str, stratum: str, people: float, says: str) -> None:
    rows = population(MA=10).rows
    with pytest.raises(SchemaError, match=says):
        Population(pl.concat([rows, pl.DataFrame({"place": [place], "stratum": [stratum], "people": [people]})]))


def test_places_without_a_row_are_the_sum_of_those_below() -> None:
    rows = pl.DataFrame({"place": ["US/NY", "US/MA", "GB"], "stratum": "all", "people": [20.0, 7, 67]})
    assert Population(rows).cells.rows() == [("US", "US/MA", 7.0), ("US", "US/NY", 20.0), ("world", "GB", 67.0), ("world", "US", 27.0)]
