"""The permutation scan: scores by enumeration, replicas that keep their margins, and p-values that are fair whatever the margins are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.population.scan import clusters, gumbel_p, nearest_neighbor_zones, scan
from heedful.population.scan_permutation import _dates_anew, permutation_expected, scan_permutation


def test_scores_equal_enumeration() -> None:
    random = np.random.default_rng(1)
    counts = random.poisson(2, (5, 6)).astype(float)
    counts[:, 4] = 0  # a place without any case
    zones = nearest_neighbor_zones(random.uniform(0, 1, 6), random.uniform(0, 1, 6), 3)
    found = scan_permutation(counts, zones)
    total, by_place, by_date = counts.sum(), counts.sum(axis=0), counts.sum(axis=1)
    for zone, members in enumerate(zones):
        for duration in range(1, 6):
            c = counts[-duration:][:, members].sum()
            mu = by_place[members].sum() * by_date[-duration:].sum() / total
            score = c * math.log(c / mu) + (total - c) * math.log((total - c) / (total - mu)) if c > mu else 0.0
            assert found.score[zone, duration - 1] == pytest.approx(score, abs=1e-9)
    # over all dates a place has what its margin says
    np.testing.assert_allclose(found.score[:, -1], 0, atol=1e-9)


def test_permuted_dates_keep_the_cases_of_each_place_and_date() -> None:
    random = np.random.default_rng(2)
    counts = random.poisson(3, (6, 9)).astype(float)
    drawn = [_dates_anew(counts, random) for _ in range(400)]
    for one in drawn[:20]:
        np.testing.assert_array_equal(one.sum(axis=0), counts.sum(axis=0))
        np.testing.assert_array_equal(one.sum(axis=1), counts.sum(axis=1))
    np.testing.assert_allclose(np.mean(drawn, axis=0), permutation_expected(counts), atol=0.5)


def test_p_is_fair_on_uneven_places_and_dates_and_a_cluster_is_found() -> None:
    random = np.random.default_rng(3)
    places = random.uniform(0, 1, (2, 15))
    zones = nearest_neighbor_zones(places[0], places[1], 4)
    mean = random.gamma(2, 2, 15) * random.gamma(4, 0.3, (8, 1))
    chance = [scan_permutation(random.poisson(mean).astype(float), zones, 39, seed).p for seed in range(100)]
    assert 0.35 < np.mean(chance) < 0.65
    counts = random.poisson(mean).astype(float)
    counts[-2:, zones[3]] += 9
    found = scan_permutation(counts, zones, 199, 1)
    assert found.p == pytest.approx(0.005)
    assert found.p_gumbel < 0.005
    assert set(zones[found.zone]) & set(zones[3])
    # the same rise everywhere is no cluster
    wave = np.array([1, 1, 1, 1, 1, 1, 4, 4])[:, None]
    rising = random.poisson(mean[:1] * wave).astype(float)
    assert scan_permutation(rising, zones, 99, 1).p > 0.01


def test_gumbel_p_continues_what_counting_says() -> None:
    random = np.random.default_rng(4)
    zones = nearest_neighbor_zones(random.uniform(0, 1, 20), random.uniform(0, 1, 20), 5)
    expected = np.full((4, 20), 3.0)
    few = scan(random.poisson(expected).astype(float), expected, zones, "expectation", 199, 5).replicas
    many = scan(random.poisson(expected).astype(float), expected, zones, "expectation", 20_000, 6).replicas
    for level in (0.05, 0.01, 0.001):
        assert gumbel_p(float(np.quantile(many, 1 - level)), few) == pytest.approx(level, rel=0.6)
    assert np.isnan(gumbel_p(5.0, few[:50]))
    assert np.isnan(gumbel_p(5.0, np.zeros(200)))


def test_clusters_share_no_place_and_come_by_score() -> None:
    random = np.random.default_rng(5)
    line = np.arange(30.0)
    zones = nearest_neighbor_zones(line, line * 0, 5)
    expected = np.full((5, 30), 3.0)
    counts = random.poisson(expected).astype(float)
    counts[-2:, 4:7] += 8
    counts[-1:, 20:23] += 9
    found = scan(counts, expected, zones, "expectation", 199, 7)
    listed = clusters(found, zones, 5)
    assert [one.score for one in listed] == sorted((one.score for one in listed), reverse=True)
    assert sum(len(one.places) for one in listed) == len({place for one in listed for place in one.places})
    assert (listed[0].zone, listed[0].duration, listed[0].p) == (found.zone, found.duration, found.p)
    assert [set(one.places) & {5, 21} for one in listed[:2]] in ([{5}, {21}], [{21}, {5}])
    assert listed[1].p == pytest.approx(0.005)
    assert listed[1].p_gumbel < 0.01
    assert all(one.p > 0.05 for one in listed[2:])


@pytest.mark.parametrize("counts", [[[1.5, 2]], [[0.0, 0]], [[1.0, -1]], [[1.0, float("nan")]]])
def test_what_cannot_be_permuted_is_refused(counts: list[list[float]]) -> None:
    with pytest.raises(SettingsError, match="scan"):
        scan_permutation(np.array(counts), [[0], [1]])
    with pytest.raises(SettingsError, match="seed"):
        scan_permutation(np.ones((2, 2)), [[0], [1]], 9)
