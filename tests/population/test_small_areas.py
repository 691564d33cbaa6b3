"""MRP for small areas: equals lme4's model where the data say enough, measured coverage, what the card says of who is missing."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SchemaError
from heedful.core.schemas import BodyDays
from heedful.population.body_estimates import body_estimates
from heedful.population.body_signals import HEART, STRATA
from heedful.population.estimates import PER, Population
from heedful.population.small_areas import Areas, area_cells, in_age_groups, small_areas
from heedful.population.weighting.multilevel import fit_multilevel

PLACES = [f"US/{name}" for name in "ABCDEFGHIJKLMNOPQRST"]
AGES, SEXES = ("18-44", "45-64", "65+"), ("female", "male")
MONDAY = date(2026, 3, 2)


def world(rng: np.random.Generator, spread: float) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Cells of a population with their true shares and the place of each."""
    at = np.array(list(product(range(len(PLACES)), range(3), range(2))))
    effects = [rng.normal(0, deviation, size) for deviation, size in ((spread, len(PLACES)), (0.5, 3), (0.3, 2))]
    true = 1 / (1 + np.exp(2 - sum(effect[at[:, n]] for n, effect in enumerate(effects))))
    cells = pl.DataFrame(
        {"place": [PLACES[p] for p in at[:, 0]], "age": [AGES[a] for a in at[:, 1]], "sex": [SEXES[s] for s in at[:, 2]]}
    ).with_columns(size=pl.Series(rng.integers(100, 5000, len(at)).astype(float)))
    return cells, true, at


def test_intervals_cover_and_small_areas_borrow_strength() -> None:
    """40 populations of 20 places with 0 to 40 in the sample, older people rarer in it: coverage, and errors against shares as found."""
    rng = np.random.default_rng(1)
    covered, ours, found = [], [], []
    for _replica in range(40):
        cells, true, at = world(rng, float(rng.choice([0.1, 0.3, 0.6])))
        n = rng.poisson(4 * np.array([2, 1, 0.3])[at[:, 1]] * np.repeat(rng.gamma(1, 1, len(PLACES)), 6))
        y = rng.binomial(n, true)
        sample = cells.drop("size").with_columns(n=pl.Series(n), y=pl.Series(y)).filter(pl.col("n") > 0)
        answer = {row["place"]: row for row in small_areas(sample, Areas(cells, ("age", "sex"))).iter_rows(named=True)}
        size = cells["size"].to_numpy()
        for number, place in enumerate(PLACES):
            mine = at[:, 0] == number
            share = float(size[mine] @ true[mine] / size[mine].sum())
            covered.append(answer[place]["low"] <= share <= answer[place]["high"])
            if n[mine].sum():
                ours.append(answer[place]["share"] - share)
                found.append(y[mine].sum() / n[mine].sum() - share)
    assert 0.92 <= np.mean(covered) <= 0.98
    assert np.std(ours) < 0.5 * np.std(found)


def test_where_the_data_say_enough_it_is_the_model_without_a_prior() -> None:
    """7,200 people of 6 places: within 0.006 of `fit_multilevel`, which equals lme4."""
    rng = np.random.default_rng(2)
    cells, true, at = world(rng, 0.5)
    cells, true, at = cells.head(36), true[:36], at[:36]
    n = np.full(len(at), 200)
    y = rng.binomial(n, true)
    sample = cells.drop("size").with_columns(n=pl.Series(n), y=pl.Series(y))
    answer = small_areas(sample, Areas(cells, ("age", "sex")))
    people = np.repeat(np.arange(len(at)), 2)
    answers = np.tile([0.0, 1.0], len(at))
    people, answers = np.repeat(people, np.column_stack([n - y, y]).ravel()), np.repeat(answers, np.column_stack([n - y, y]).ravel())
    model = fit_multilevel(answers, np.ones((len(answers), 1)), [at[people, 0], at[people, 1], at[people, 2]])
    p, size = model.probability(np.ones((len(at), 1)), [at[:, 0], at[:, 1], at[:, 2]]), cells["size"].to_numpy()
    for number, place in enumerate(PLACES[:6]):
        mine = at[:, 0] == number
        ours = answer.row(by_predicate=pl.col("place") == place, named=True)["share"]
        assert ours == pytest.approx(float(size[mine] @ p[mine] / size[mine].sum()), abs=0.006)


def table(**places: float) -> Population:
    rows = [(f"US/{place}", "all", people) for place, people in places.items()]
    rows += [(f"US/{p}", f"age:{age}", n * part) for p, n in places.items() for age, part in zip(AGES, (0.5, 0.3, 0.2), strict=True)]
    rows += [(f"US/{place}", f"sex:{sex}", people / 2) for place, people in places.items() for sex in SEXES]
    return Population(pl.DataFrame(rows, schema=["place", "stratum", "people"], orient="row"))


def test_joint_strata_and_margins_make_the_same_cells_where_they_are_independent() -> None:
    by_margin = area_cells(table(A=1000).rows)
    joint = [("US/A", f"age:{row[1]};sex:{row[2]}", row[3]) for row in by_margin.rows.iter_rows()]
    rows = pl.DataFrame([("US/A", "all", 1000.0), *joint], schema=["place", "stratum", "people"], orient="row")
    assert area_cells(rows).rows.equals(by_margin.rows)
    assert by_margin.kinds == ("age", "sex")
    assert by_margin.rows["size"].sum() == pytest.approx(1000)
    whole = [("US", stratum, 10 * people) for _, stratum, people in rows.iter_rows()]
    assert area_cells(pl.concat([rows, pl.DataFrame(whole, schema=rows.schema, orient="row")])).rows["place"].unique().to_list() == ["US/A"]
    with pytest.raises(SchemaError, match=r"'old'. Write it as age:18-44 or age:65\+"):
        area_cells(pl.DataFrame({"place": ["US", "US"], "stratum": ["all", "age:old"], "people": [2.0, 1.0]}))


def test_ages_fall_into_the_groups_of_the_table_or_none() -> None:
    ages = pl.DataFrame({"age": [17, 18, 44, 45, 99, None]})
    assert ages.select(in_age_groups(pl.col("age"), AGES)).to_series().to_list() == [None, "18-44", "18-44", "45-64", "65+", None]


def days(groups: dict[tuple[str, int | None, str | None], tuple[int, int]]) -> pl.DataFrame:
    """Participants of one week: by place, birth year and sex, how many and how many of them with an unusual day."""
    rows = [
        (f"{place}{born}{sex}{i}", MONDAY, HEART, place, born, sex, i < unusual)
        for (place, born, sex), (people, unusual) in groups.items()
        for i in range(people)
    ]
    columns = ["person", "day", "signal", "place", "birth_year", "sex", "unusual"]
    return BodyDays.check(pl.DataFrame(rows, schema=columns, orient="row").cast({"birth_year": pl.Int32}).select(*BodyDays.columns))


GROUPS: dict[tuple[str, int | None, str | None], tuple[int, int]] = {
    ("US/A", 1990, "female"): (40, 8), ("US/A", 1990, "male"): (30, 6), ("US/A", 1970, "female"): (8, 3),
    ("US/B", 1990, "female"): (30, 3), ("US/B", 1970, "male"): (20, 3), ("US/C", 1950, "male"): (2, 2), ("US/D", 1950, "male"): (2, 1), ("US/B", None, "male"): (6, 1),
}  # fmt: skip


def at(rows: pl.DataFrame, place: str) -> dict[str, object]:
    return rows.row(by_predicate=pl.col("place") == place, named=True)


def test_the_card_of_a_modelled_share_says_who_is_missing() -> None:
    found = body_estimates(days(GROUPS), table(A=5000, B=4000, C=3000, D=2000, E=1000), 3)
    country, small, empty = at(found, "US"), at(found, "US/C"), at(found, "US/E")
    assert set(found["stratum"]) == {STRATA[HEART]}
    assert (country["people"], country["posters"], country["weighted_people"]) == (27, 138, 132)
    assert country["share"] == pytest.approx(27 / 138 * PER)
    for place in (country, small, empty):
        assert place["weighted_low"] < place["weighted"] < place["weighted_high"]  # type: ignore[operator]
    assert "nobody who can be shown of US/B, US/C, US/D, US/E" in str(country["missing"])
    assert "nobody who can be shown of age 65+" in str(country["missing"])
    assert "6 participants who declare no such age or sex" in str(country["missing"])
    assert "by place and age and sex (MRP)" in str(country["why"])
    # too few to be shown, or nobody: no number of people, an estimate from the others, wider than that of a place with people
    for place in (small, empty):
        assert (place["people"], place["share"], place["suppressed"]) == (None, None, "")
        assert "Nobody who can be shown takes part here" in str(place["why"])
    wide, narrow = (at(found, place) for place in ("US/E", "US/A"))
    assert wide["effective_n"] < narrow["effective_n"]  # type: ignore[operator]


def test_who_is_withheld_acts_through_age_and_sex_alone() -> None:
    """Withheld places swap their people: nothing that is shown changes."""
    swap = {"US/C": "US/D", "US/D": "US/C"}
    moved = {(swap.get(place, place), born, sex): many for (place, born, sex), many in GROUPS.items()}
    one, other = (body_estimates(days(groups), table(A=5000, B=4000, C=3000, D=2000, E=1000), 3) for groups in (GROUPS, moved))
    assert one.equals(other)


def test_without_strata_or_with_too_few_it_says_why_it_is_not_modelled() -> None:
    plain = Population(pl.DataFrame({"place": ["US/A"], "stratum": ["all"], "people": [10.0]}))
    assert "no population table by age or sex" in str(at(body_estimates(days(GROUPS), plain, 3), "US/A")["why"])
    nobody = {key: (people, 0) for key, (people, _) in GROUPS.items()} | {("US/A", 1990, "female"): (40, 4)}
    rare = body_estimates(days(nobody), table(A=5000, B=4000), 5)
    assert rare["weighted"].null_count() == rare.height
    assert body_estimates(BodyDays.empty(), plain, 3).is_empty()
