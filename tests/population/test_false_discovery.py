"""Benjamini-Hochberg against SciPy; the hierarchical q against its paper, and its promise under null and dependent null by simulation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from heedful.population.false_discovery import benjamini_hochberg, hierarchical_q


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=30))
def test_scipy_gives_the_same_numbers_and_untested_series_do_not_count(values: list[float]) -> None:
    p = np.array(values)
    q = benjamini_hochberg(p[:, None])[:, 0]
    tested = ~np.isnan(p)
    assert np.isnan(q[~tested]).all()
    if tested.any():
        np.testing.assert_allclose(q[tested], false_discovery_control(p[tested]), rtol=1e-12)


def test_dates_are_families_of_their_own() -> None:
    both = benjamini_hochberg(np.array([[0.01, 0.5], [0.02, 0.04]]))
    np.testing.assert_allclose(both, [[0.02, 0.5], [0.02, 0.08]])


def test_no_series_no_q() -> None:
    assert benjamini_hochberg(np.empty((0, 3))).shape == (0, 3)


def by_hand(days: dict[int, dict[int, list[float]]], limit: float) -> set[tuple[int, int, int]]:
    """Benjamini & Bogomolov 2014 as their paper words it, at one level: (day, strand, test) that are called."""
    called = set()
    for day, strands in days.items():
        simes = {name: float(false_discovery_control(np.array(p)).min()) for name, p in strands.items()}
        names = list(simes)
        q = dict(zip(names, false_discovery_control(np.array([simes[name] for name in names])), strict=True))
        chosen = [name for name in names if q[name] <= limit]
        for name in chosen:
            within = false_discovery_control(np.array(strands[name]))
            called |= {(day, name, n) for n, value in enumerate(within) if value <= limit * len(chosen) / len(names)}
    return called


@given(
    st.dictionaries(
        st.integers(0, 2), st.dictionaries(st.integers(0, 5), st.lists(st.floats(1e-6, 1), min_size=1, max_size=5), min_size=1), min_size=1
    ),
    st.sampled_from([0.01, 0.05, 0.2, 0.5]),
)
def test_at_every_limit_the_hierarchical_q_calls_what_the_paper_calls(days: dict[int, dict[int, list[float]]], limit: float) -> None:
    rows = pl.DataFrame(
        [
            (day, strand, n, p, len(tests), len(strands))
            for day, strands in days.items()
            for strand, tests in strands.items()
            for n, p in enumerate(tests)
        ],
        schema=["day", "strand", "n", "p", "tests", "strands"],
        orient="row",
    )
    found = hierarchical_q(rows)
    near = found.filter((pl.col("q") / limit - 1).abs() < 1e-9).height
    if not near:  # at the limit itself rounding decides
        assert set(found.filter(pl.col("q") <= limit).select("day", "strand", "n").rows()) == by_hand(days, limit)
    assert (found.group_by("day", "strand").agg(least=pl.col("q").min(), own=pl.col("strand_q").first()).select(
        ((pl.col("least") - pl.col("own")).abs() < 1e-9).all()).item())  # fmt: skip


def test_tests_that_are_no_rows_count_as_p_of_one() -> None:
    rows = pl.DataFrame({"day": 1, "strand": [0, 0, 1], "p": [0.001, 0.02, 0.3], "tests": [4, 4, 1], "strands": 10})
    whole = pl.DataFrame({
        "day": 1, "strand": [0, 0, 0, 0, *range(1, 10)], "p": [0.001, 0.02, 1, 1, 0.3, *[1.0] * 8], "tests": [4] * 4 + [1] * 9, "strands": 10,
    })  # fmt: skip
    np.testing.assert_allclose(hierarchical_q(rows)["q"], hierarchical_q(whole)["q"].to_numpy()[[0, 1, 4]])


def simulated(seed: int, days: int, strands: int, places: int, effects: int, shared: float) -> pl.DataFrame:
    """One-sided normal tests: `effects` strands of each day are true in all places; places of a strand share a part of their noise."""
    rng = np.random.default_rng(seed)
    noise = np.sqrt(shared) * rng.standard_normal((days, strands, 1)) + np.sqrt(1 - shared) * rng.standard_normal((days, strands, places))
    true = np.zeros((days, strands, places), dtype=bool)
    true[:, :effects] = True
    p = norm.sf(noise + 3.5 * true)
    day, strand, _ = np.indices(p.shape)
    return pl.DataFrame({
        "day": day.ravel(), "strand": strand.ravel(), "p": p.ravel(), "true": true.ravel(), "tests": places, "strands": strands,
    })  # fmt: skip


def false_shares(rows: pl.DataFrame, limit: float) -> float:
    """Mean over days of the share of false strands among those called."""
    called = hierarchical_q(rows).filter(pl.col("q") <= limit)
    by = called.group_by("day", "strand").agg(pl.col("true").any()).group_by("day").agg(share=(~pl.col("true")).mean())
    return float(by["share"].sum()) / rows["day"].n_unique()


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("effects", [0, 5])
def test_the_share_of_false_signals_is_held_under_independent_and_dependent_places(shared: float, effects: int) -> None:
    rows = simulated(11, 600, 50, 8, effects, shared)
    limit = 0.1
    assert false_shares(rows, limit) <= limit + 3 * np.sqrt(limit * (1 - limit) / 600)
    if effects == 0 and shared == 0.0:  # Simes is exact there: the level is used up
        assert false_shares(rows, limit) >= limit - 3 * np.sqrt(limit * (1 - limit) / 600)
