"""Scan statistics: R's numbers, enumeration by hand, and p-values that are fair without a cluster."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult, load_case
from heedful.population.scan import expected_by_population, nearest_neighbor_zones, scan


def test_r_scanstatistics_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("scan_")
    assert len(results) >= 2
    assert [result for result in results if not result.passed] == []


def test_zones_of_neighbors_are_those_of_r(shared_reference: Path) -> None:
    case = load_case(shared_reference / "surveillance" / "scan_expectation_poisson_nm_1986_1989")
    places = case.inputs["places"]
    names = places["county"].to_list()
    ours = nearest_neighbor_zones(places["longitude"].to_numpy(), places["latitude"].to_numpy(), case.arguments["nearest_neighbours"])
    theirs = case.inputs["zones"].group_by("zone").agg("county")["county"].to_list()
    assert {frozenset(names[place] for place in zone) for zone in ours} == {frozenset(zone) for zone in theirs}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), model=st.sampled_from(["expectation", "population"]))
def test_scores_equal_enumeration(seed: int, model: str) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(2, (3, 5)).astype(float)
    if not counts.sum():
        return
    zones = [sorted(random.choice(5, random.integers(1, 6), replace=False).tolist()) for _ in range(7)]
    expected = random.uniform(0.5, 3, (3, 5))
    if model == "population":
        expected *= counts.sum() / expected.sum()
    found = scan(counts, expected, zones, model)  # type: ignore[arg-type]
    total = counts.sum()
    for zone, members in enumerate(zones):
        for duration in range(1, 4):
            c, b = counts[-duration:][:, members].sum(), expected[-duration:][:, members].sum()
            score = 0.0
            if c > b:
                score = c * math.log(c / b)
                score += b - c if model == "expectation" else (total - c) * math.log((total - c) / (total - b)) if total > c else 0.0
            assert found.score[zone, duration - 1] == pytest.approx(score, abs=1e-9)
    assert found.score[found.zone, found.duration - 1] == found.score.max()


@pytest.mark.parametrize("model", ["expectation", "population"])
def test_replicas_find_the_best_score_of_what_they_draw(model: str) -> None:
    random = np.random.default_rng(7)
    zones = nearest_neighbor_zones(random.uniform(0, 1, 12), random.uniform(0, 1, 12), 5)
    counts = random.poisson(3, (4, 12)).astype(float)
    expected = np.full((4, 12), counts.sum() / 48)
    found = scan(counts, expected, zones, model, 60, seed=11)  # type: ignore[arg-type]
    again = np.random.default_rng(11)
    for replica in range(50):
        if replica == 0:
            share = np.full(48, 1 / 48)
            drawn = again.poisson(expected, (50, 4, 12)) if model == "expectation" else again.multinomial(int(counts.sum()), share, 50)
            drawn = drawn.reshape(50, 4, 12).astype(float)
        alone = scan(drawn[replica], expected, zones, model)  # type: ignore[arg-type]
        assert found.replicas[replica] == pytest.approx(alone.score.max(), abs=1e-9)


def test_p_is_fair_without_a_cluster_and_small_with_one() -> None:
    random = np.random.default_rng(2)
    zones = nearest_neighbor_zones(random.uniform(0, 1, 15), random.uniform(0, 1, 15), 4)
    expected = np.full((3, 15), 4.0)
    chance = [scan(random.poisson(expected).astype(float), expected, zones, "expectation", 39, seed).p for seed in range(120)]
    assert 0.35 < np.mean(chance) < 0.65
    counts = random.poisson(expected).astype(float)
    counts[-2:, zones[3]] += 12
    found = scan(counts, expected, zones, "expectation", 99, 1)
    assert found.p == pytest.approx(0.01)
    assert set(zones[found.zone]) & set(zones[3])


def test_expected_counts_follow_the_population_within_a_date() -> None:
    counts = np.array([[1.0, 3], [4, 4]])
    expected = expected_by_population(counts, np.array([[1.0, 1], [1, 3]]))
    np.testing.assert_allclose(expected, [[3, 3], [1.5, 4.5]])
    with pytest.raises(SettingsError, match="population"):
        expected_by_population(counts, np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("counts", "expected", "zones", "replicas"),
    [
        ([[1.0, 2]], [[1.0, 0]], [[0]], 0), ([[1.0, -2]], [[1.0, 1]], [[0]], 0), ([[1.0, 2]], [[1.0, 1]], [[]], 0),
        ([[1.0, 2]], [[1.0, 1]], [[2]], 0), ([[1.0, 2]], [[1.0]], [[0]], 0), ([[1.0, 2]], [[1.0, 1]], [[0]], 9),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(counts: list, expected: list, zones: list, replicas: int) -> None:
    with pytest.raises(SettingsError):
        scan(np.array(counts), np.array(expected), zones, "expectation", replicas)
