"""Back-projection: R's numbers, a plain twin, and cases conserved."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.back_projection import back_project, bootstrap_interval

DELAY = np.array([0.1, 0.4, 0.3, 0.2])


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("backproj_")
    assert len(results) >= 2
    assert [result for result in results if not result.passed] == []


def plain_step(rates: list[float], counts: list[float], delay: list[float], smoothing: int) -> list[float]:
    dates = len(counts)

    def chance(lag: int) -> float:
        return delay[lag] if 0 <= lag < len(delay) else 0.0

    new = []
    for t in range(dates):
        total = 0.0
        for d in range(dates - t):
            expected = sum(rates[i] * chance(t + d - i) for i in range(t + d + 1))
            total += counts[t + d] * chance(d) / expected if expected else 0.0
        share = sum(delay[: dates - t])
        new.append(rates[t] / share * total if share else 0.0)
    smooth = []
    for t in range(dates):
        near = [(comb(smoothing, j), new[t + j - smoothing // 2]) for j in range(smoothing + 1) if 0 <= t + j - smoothing // 2 < dates]
        smooth.append(sum(weight * value for weight, value in near) / sum(weight for weight, _ in near))
    return smooth


@settings(max_examples=20, deadline=None)
@given(
    counts=st.lists(st.integers(0, 20), min_size=4, max_size=12), smoothing=st.sampled_from([0, 2, 4]), first=st.sampled_from([0.0, 0.2])
)
def test_steps_equal_a_plain_twin(counts: list[int], smoothing: int, first: float) -> None:
    delay = [first, 0.5, 0.5 - first]
    rates = [sum(counts) / len(counts)] * len(counts)
    for _step in range(3):
        rates = plain_step(rates, [float(count) for count in counts], delay, smoothing)
    ours = back_project(np.array([counts], dtype=float), np.array(delay), smoothing, tolerance=0, most_steps=2)
    if sum(counts):
        assert ours.steps[0] == 3
    np.testing.assert_allclose(ours.exposures[0], rates, rtol=1e-9, atol=1e-12)


def test_series_are_projected_as_if_alone() -> None:
    counts = np.random.default_rng(1).poisson(8, (4, 25)).astype(float)
    together = back_project(counts, DELAY)
    for row in range(4):
        alone = back_project(counts[row], DELAY)
        np.testing.assert_allclose(together.exposures[row], alone.exposures[0])
        assert together.steps[row] == alone.steps[0]


def test_a_wave_is_moved_back_by_its_delay() -> None:
    true = np.zeros(40)
    true[10:16] = [20, 60, 120, 90, 40, 10]
    arrived = np.convolve(true, DELAY)[:40]
    ours = back_project(arrived[None], DELAY, smoothing=0, tolerance=1e-6, most_steps=3000)
    assert ours.converged.all()
    np.testing.assert_allclose(ours.exposures[0, 8:20], true[8:20], atol=1.5)


def test_the_interval_needs_a_seed_and_holds_the_estimate_mostly() -> None:
    counts = np.random.default_rng(3).poisson(30, (1, 30)).astype(float)
    lower, upper = bootstrap_interval(counts, DELAY, seed=5, samples=40)
    again, _ = bootstrap_interval(counts, DELAY, seed=5, samples=40)
    np.testing.assert_array_equal(lower, again)
    estimate = back_project(counts, DELAY).exposures
    assert ((lower <= estimate) & (estimate <= upper)).mean() > 0.8


@pytest.mark.parametrize(
    ("counts", "delay", "smoothing"), [([1, np.nan], [1.0], 2), ([1, -1], [1.0], 2), ([1, 2], [0.7, 0.7], 2), ([1, 2], [1.0], 3)]
)
def test_what_makes_no_sense_is_refused(counts: list[float], delay: list[float], smoothing: int) -> None:
    with pytest.raises(SettingsError):
        back_project(np.array([counts]), np.array(delay), smoothing)
