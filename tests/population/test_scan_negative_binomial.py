"""The negative binomial scan: scores by enumeration, and p-values fair where the Poisson scan's are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.population.scan import nearest_neighbor_zones, scan
from heedful.population.scan_negative_binomial import run_scan_negative_binomial, scan_negative_binomial


@pytest.mark.parametrize("outbreak", ["hotspot", "emerging"])
@pytest.mark.parametrize("mode", ["corrected", "scanstatistics"])
def test_scores_equal_enumeration(outbreak: str, mode: str) -> None:
    random = np.random.default_rng(1)
    expected, size = random.uniform(1, 6, (5, 6)), random.uniform(0.5, 5, (5, 6))
    counts = random.poisson(expected).astype(float)
    zones = nearest_neighbor_zones(random.uniform(0, 1, 6), random.uniform(0, 1, 6), 3)
    found = scan_negative_binomial(counts, expected, size, zones, outbreak, mode=mode)  # type: ignore[arg-type]
    w = 1 + expected / size
    for zone, members in enumerate(zones):
        for duration in range(1, 6):
            s = np.arange(1, duration + 1)[:, None] if outbreak == "emerging" else np.ones((duration, 1))
            part = np.ix_(range(5 - duration, 5), members)
            above = (s * (counts[part] - expected[part]) / w[part]).sum()
            below = (s**2 * expected[part] / w[part]).sum()
            assert found.score[zone, duration - 1] == pytest.approx(above / (np.sqrt(below) if mode == "corrected" else below), abs=1e-9)


def test_p_is_fair_on_overdispersed_counts_where_a_poisson_scan_cries_wolf() -> None:
    random = np.random.default_rng(2)
    zones = nearest_neighbor_zones(random.uniform(0, 1, 12), random.uniform(0, 1, 12), 4)
    expected = np.full((4, 12), 5.0)
    ours, poisson = [], []
    for seed in range(100):
        counts = random.negative_binomial(2, 2 / (2 + expected)).astype(float)
        ours.append(scan_negative_binomial(counts, expected, 2.0, zones, replicas=39, seed=seed).p)
        poisson.append(scan(counts, expected, zones, "expectation", 39, seed).p)
    assert 0.38 < np.mean(ours) < 0.64
    assert np.mean(np.array(poisson) < 0.05) > 0.5
    counts[-1, zones[3]] += 40
    found = scan_negative_binomial(counts, expected, 2.0, zones, replicas=199, seed=1)
    assert found.p == pytest.approx(0.005)
    assert set(zones[found.zone]) & set(zones[3])


def test_a_growing_rise_scores_higher_when_growth_is_looked_for() -> None:
    expected = np.full((4, 3), 10.0)
    counts = expected.copy()
    counts[:, 1] += [0, 3, 6, 9]
    standing, growing = (scan_negative_binomial(counts, expected, 5.0, [[0], [1]], one) for one in ("hotspot", "emerging"))  # type: ignore[arg-type]
    assert growing.score[1, 3] > standing.score[1, 3]


def test_a_case_is_answered_as_the_peer_does() -> None:
    cases = pl.DataFrame({"county": ["a", "b"] * 2, "week": [1, 1, 2, 2], "count": [2, 3, 4, 9], "baseline": [3.0] * 4})
    zones = pl.DataFrame({"zone": [1, 2], "county": ["a", "b"]})
    answer = run_scan_negative_binomial({"theta": 6, "replicates": 0}, {"cases": cases, "zones": zones})
    assert answer["score"] == pytest.approx([1 / 3, 0, 2, 1])
    assert answer["cluster_counties"] == ["b"]


def test_what_makes_no_sense_is_refused() -> None:
    ones = np.ones((2, 2))
    with pytest.raises(SettingsError, match="size"):
        scan_negative_binomial(ones, ones, 0.0, [[0]])
    with pytest.raises(SettingsError, match="above 0"):
        scan_negative_binomial(ones, ones * 0, 1.0, [[0]])
    with pytest.raises(SettingsError, match="none of"):
        scan_negative_binomial(ones, ones, 1.0, [[0]], "sudden")  # type: ignore[arg-type]
