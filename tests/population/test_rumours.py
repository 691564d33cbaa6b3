"""Rumours: growth as statsmodels has it, minimum cells everywhere, cascades and communities, greedy audiences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from heedful.core.errors import SettingsError
from heedful.core.schemas import Claims
from heedful.population.rumours import LEAST_PEOPLE, audiences, cascades, communities, growth

DAY = date(2026, 3, 2)


def claims(rows: list[tuple[str, str, int]], claim: str = "c1") -> pl.DataFrame:
    """author, stance, day (days after the first)."""
    made = [
        {"source": "a", "post": f"{author}-{n}", "claim": claim, "author": author, "day": DAY + timedelta(days=at), "known_at": datetime(2026, 3, 2, tzinfo=UTC),
         "stance": stance, "score": 0.9, "evidence": "", "cue": ""}
        for n, (author, stance, at) in enumerate(rows)
    ]  # fmt: skip
    return Claims.check(pl.DataFrame(made, schema=Claims.dtypes()))


@given(st.lists(st.integers(0, 40), min_size=5, max_size=28))
@settings(max_examples=40, deadline=None)
def test_growth_is_that_of_a_quasi_poisson_regression(counts: list[int]) -> None:
    y = np.array(counts)
    found = growth(y)
    if y.sum() < LEAST_PEOPLE or (y > 0).sum() < 2:
        assert np.isnan(found.rate)
        return
    model = sm.GLM(y, sm.add_constant(np.arange(len(y))), family=sm.families.Poisson()).fit(scale="X2", tol=1e-12, maxiter=200)
    assert found.rate == pytest.approx(model.params[1], abs=1e-6)
    if model.scale >= 1:
        low, high = model.params[1] + np.array([-1, 1]) * model.bse[1] * t.ppf(0.975, len(y) - 2)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-5)


def posts(links: list[tuple[str, str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [("a", post, author, above) for post, author, above in links],
        schema={"source": pl.String, "post": pl.String, "author": pl.String, "reply_to": pl.String}, orient="row",
    )  # fmt: skip


def test_cascades_and_communities() -> None:
    pytest.importorskip("networkx")
    chain = [("x0", "ada", None), *((f"x{n}", f"w{n}", f"x{n - 1}") for n in range(1, 5)), ("y0", "bo", None), ("y1", "cy", "y0")]
    match = claims([("ada", "spreads", 0), ("bo", "spreads", 0)]).with_columns(post=pl.Series(["x0", "y0"]))
    found = cascades(posts(chain), match, 3).row(0, named=True)
    assert (found["cascades"], found["largest"], found["deepest"]) == (1, 5, 4)  # two people around bo are too few
    assert found["in_communities"] <= 5
    assert cascades(posts(chain), match, 6).is_empty()


def test_without_a_graph_library_communities_are_missing_not_none() -> None:
    chain = [("x0", "ada", None), *((f"x{n}", f"w{n}", f"x{n - 1}") for n in range(1, 5))]
    match = claims([("ada", "spreads", 0)]).with_columns(post=pl.Series(["x0"]))
    found = cascades(posts(chain), match, 3, grouped=False).row(0, named=True)
    assert (found["cascades"], found["communities"], found["in_communities"]) == (1, None, None)


def test_two_cliques_are_two_communities() -> None:
    pytest.importorskip("networkx")
    pairs = [(f"{group}{i}", f"{group}{j}") for group in "ab" for i in range(6) for j in range(i)] + [("a0", "b0")]
    assert communities([one for one, _ in pairs], [other for _, other in pairs]) == [6, 6]


def people(groups: dict[tuple[str, str], tuple[int, int]]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    topics, homes, met = [], [], []
    for (place, topic), (n, hit) in groups.items():
        for i in range(n):
            author = f"{place}{topic}{i}"
            topics.append((author, topic))
            homes.append((author, place))
            met += [author] if i < hit else []
    return (
        pl.DataFrame(topics, schema=["author", "topic"], orient="row"), pl.DataFrame(homes, schema=["author", "place"], orient="row"),
        pl.DataFrame({"author": met}),
    )  # fmt: skip


def test_a_correction_goes_first_where_most_people_meet_the_claim() -> None:
    found = audiences(*people({("US/NY", "fever"): (100, 10), ("US/MA", "fever"): (60, 40), ("US/TX", "cough"): (400, 2)}), 3)
    assert found.select("place", "topic").rows() == [("US/MA", "fever"), ("US/NY", "fever")]  # two who met it in Texas are too few
    assert 0.5 < found["share"][0] <= 40 / 60
    assert found["reached"].to_list() == pytest.approx((found["people"] * found["share"]).to_list())
    assert found["met"].to_list() == [40, 10]
    assert ((found["low"] < found["share"]) & (found["share"] < found["high"])).all()


def test_what_two_audiences_share_is_not_told_of_few() -> None:
    """Two of the people who write of a cough write of fever too: how many it adds would give the two away."""
    topics, homes, met = people({("US/NY", "fever"): (50, 20), ("US/NY", "cough"): (30, 10)})
    both = pl.concat([topics, pl.DataFrame({"author": ["US/NYcough0", "US/NYcough29"], "topic": ["fever", "fever"]})])
    found = audiences(both, homes, met, 3)
    assert found["newly_reached"].is_null().to_list() == [False, True]
    assert audiences(topics, homes, met, 3)["newly_reached"].null_count() == 0


def test_an_audience_that_is_held_already_adds_nothing() -> None:
    topics, homes, met = people({("US/NY", "fever"): (50, 10)})
    both = pl.concat([topics, topics.with_columns(topic=pl.lit("cough"))])
    assert audiences(both, homes, met, 3).height == 1


@given(st.lists(st.tuples(st.sampled_from(["US/NY", "US/MA"]), st.sampled_from("xyz"), st.integers(0, 8), st.integers(0, 8)), max_size=6))
@settings(max_examples=30, deadline=None)
def test_no_audience_tells_of_few(groups: list[tuple[str, str, int, int]]) -> None:
    given_groups = {(place, topic): (n, min(n, hit)) for place, topic, n, hit in groups}
    if not given_groups or not sum(n for n, _ in given_groups.values()):
        return
    topics, homes, met = people(given_groups)
    found = audiences(topics, homes, met.cast({"author": pl.String}), 3)
    for place, topic in found.select("place", "topic").iter_rows():
        n, hit = given_groups[(place, topic)]
        assert hit >= 3
        assert n - hit >= 3


def test_single_people_are_never_shown() -> None:
    topics, homes, met = people({("US/NY", "fever"): (50, 20)})
    with pytest.raises(SettingsError):
        audiences(topics, homes, met, 1)
    with pytest.raises(SettingsError):
        cascades(posts([("x0", "ada", None)]), claims([("ada", "spreads", 0)]), 1)
