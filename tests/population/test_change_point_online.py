"""Bayesian online change points against the sum over every way to cut a short series, and laws."""

from __future__ import annotations

from itertools import pairwise, product
from math import lgamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heedful.core.errors import SettingsError
from heedful.population.change_point_online import ChangePoints, ChangePointStream, change_points


def segment(values: np.ndarray, exposure: np.ndarray, choice: ChangePoints) -> float:
    """Log probability of counts that share one rate, by the integral over it."""
    if choice.kind == "poisson":
        a, b = choice.prior_cases, choice.prior_dates
        total, span = values.sum(), exposure.sum()
        own = sum(value * np.log(e) - lgamma(value + 1) for value, e in zip(values, exposure, strict=True))
        return own + a * np.log(b) - lgamma(a) + lgamma(a + total) - (a + total) * np.log(b + span)
    size, first, second = choice.size, choice.size * choice.prior_dates + 1, choice.prior_cases
    ways = sum(lgamma(value + size) - lgamma(value + 1) - lgamma(size) for value in values)
    beta = [lgamma(x) + lgamma(y) - lgamma(x + y) for x, y in ((first + size * len(values), second + values.sum()), (first, second))]
    return ways + beta[0] - beta[1]


def enumerated(values: np.ndarray, exposure: np.ndarray, choice: ChangePoints) -> tuple[float, np.ndarray]:
    """Evidence of the whole, and chance of each length of the last run."""
    total, by_length = 0.0, np.zeros(len(values) + 1)
    for cuts in product([False, True], repeat=len(values) - 1):
        begins = [0, *(n + 1 for n, cut in enumerate(cuts) if cut), len(values)]
        chance = np.prod([choice.hazard if cut else 1 - choice.hazard for cut in cuts])
        weight = chance * np.exp(sum(segment(values[i:j], exposure[i:j], choice) for i, j in pairwise(begins)))
        total += weight
        by_length[len(values) - begins[-2]] += weight
    return np.log(total), by_length / total


@pytest.mark.parametrize("kind", ["poisson", "negative_binomial"])
@given(values=st.lists(st.integers(0, 9), min_size=2, max_size=9), seed=st.integers(0, 999))
@settings(max_examples=25, deadline=None)
def test_it_is_the_sum_over_all_ways_to_cut(kind: str, values: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    choice = ChangePoints(kind, hazard=0.2, prior_cases=1.7, prior_dates=0.6, size=3)  # type: ignore[arg-type]
    counts = np.array(values, float)
    exposure = rng.uniform(0.3, 3, len(values)) if kind == "poisson" else np.ones(len(values))
    found = change_points(counts[None], choice, exposure[None] if kind == "poisson" else None)
    evidence, by_length = enumerated(counts, exposure, choice)
    assert found.evidence.sum() == pytest.approx(evidence, abs=1e-9)
    assert found.run_length[0, -1] == pytest.approx((by_length * np.arange(len(by_length))).sum(), abs=1e-9)


@pytest.mark.parametrize("kind", ["poisson", "negative_binomial"])
def test_predictions_add_up_to_one(kind: str) -> None:
    choice = ChangePoints(kind, prior_cases=2, prior_dates=1, size=4)  # type: ignore[arg-type]
    past = np.array([3.0, 2, 5, 1])
    tried = np.array([[*past, float(count)] for count in range(60)])
    found = change_points(tried, choice)
    chance = np.exp(found.evidence[:, -1])
    assert chance.sum() == pytest.approx(1, abs=1e-3)
    tail = chance[::-1].cumsum()[::-1] + (1 - chance.sum())
    np.testing.assert_allclose(found.p[:, -1], tail, atol=1e-9)
    assert found.expected[0, -1] == pytest.approx((chance * np.arange(60)).sum(), rel=0.02)


def test_of_a_rate_that_never_changes_p_is_fair_and_a_rise_is_found() -> None:
    rng = np.random.default_rng(2)
    expected = 10 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(150) / 52))
    counts = rng.poisson(expected, (1500, 150)).astype(float)
    choice = ChangePoints(prior_cases=5, prior_dates=5, hazard=1 / 200)
    found = change_points(counts, choice, expected)
    u = found.p[:, -1] - rng.random(1500) * np.array([stats.poisson.pmf(c, expected[-1]) for c in counts[:, -1]])
    assert stats.kstest(u, "uniform").statistic < 0.05
    assert found.alarm.mean() < 0.001
    risen = counts.copy()
    risen[:, -3:] = rng.poisson(3 * expected[-3:], (1500, 3))
    assert change_points(risen, choice, expected).alarm[:, -3:].any(axis=1).mean() > 0.8


@given(seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_alone_among_others_and_date_by_date_the_answer_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(4, (3, 40)).astype(float)
    counts[rng.random(counts.shape) < 0.1] = np.nan
    choice = ChangePoints(longest=12)
    whole = change_points(counts, choice)
    np.testing.assert_allclose(change_points(counts[1:2], choice).risen[0], whole.risen[1], atol=1e-9)
    np.testing.assert_array_equal(change_points(counts[:, :-1], choice).p, whole.p[:, :-1])
    stream = ChangePointStream(3, choice)
    np.testing.assert_array_equal(np.hstack([stream.step(counts[:, date]).risen for date in range(40)]), whole.risen)
    assert np.array_equal(np.isnan(whole.p), np.isnan(counts))
    assert (np.nan_to_num(whole.run_length) <= 13).all()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingsError, match="series 2 has -1"):
        change_points(np.array([[1.0], [-1.0]]))
    with pytest.raises(SettingsError, match="no expected counts"):
        change_points(np.ones((1, 3)), ChangePoints("negative_binomial"), np.ones(3))
    with pytest.raises(SettingsError, match="above 0"):
        change_points(np.ones((1, 3)), expected=np.zeros(3))
    for wrong in ({"hazard": 0}, {"kind": "normal"}, {"recent": 200}, {"size": 0}):
        with pytest.raises(SettingsError):
            ChangePoints(**wrong)  # type: ignore[arg-type]
