"""The posterior of an N-of-1 effect: against a sampler written out plainly, its coverage, and its place beside the least squares interval."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.stats import multivariate_normal

from heedful.core.errors import SettingsError
from heedful.person.n_of_1 import n_of_1
from heedful.person.n_of_1_posterior import comparison_sentence, effect_posterior

Floats = NDArray[np.float64]


def series(random: np.random.Generator, n: int, phi: float, effect: float) -> tuple[Floats, Floats, Floats]:
    noise = np.empty(n)
    noise[0] = random.normal() / np.sqrt(1 - phi**2)
    for day in range(1, n):
        noise[day] = phi * noise[day - 1] + random.normal()
    treated = ((np.arange(n) // 7) % 2).astype(np.float64)
    return 3 + effect * treated + noise, np.column_stack([np.ones(n), treated]), np.arange(n, dtype=np.float64)


def test_it_equals_importance_sampling_of_the_whole_model() -> None:
    y, x, at = series(np.random.default_rng(3), 28, 0.4, 1.0)
    random, draws = np.random.default_rng(5), 12_000
    phi, log_sigma = random.uniform(-0.995, 0.995, draws), random.uniform(-2, 2, draws)
    # Effects around the plain least squares estimate from a wide normal; the weight is prior x likelihood / proposal.
    start = np.linalg.lstsq(x, y, rcond=None)[0]
    proposal = multivariate_normal(start, 1.2 * np.eye(2))
    beta = proposal.rvs(draws, random_state=9)
    log_weight = np.array([
        multivariate_normal(x @ b, np.exp(2 * s) * toeplitz(p ** np.arange(28)) / (1 - p**2)).logpdf(y) for b, s, p in
        zip(beta, log_sigma, phi, strict=True)
    ]) - proposal.logpdf(beta)  # fmt: skip
    # The model's sigma is that of a day, here that of the innovations: the ratio depends on phi alone and log sigma is flat, so nothing changes.
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    found = effect_posterior(y, x, at)
    assert found.mean == pytest.approx(float(weight @ beta[:, 1]), abs=0.08)
    assert found.below(0.5) == pytest.approx(float(weight @ (beta[:, 1] < 0.5)), abs=0.06)


def test_ninety_per_cent_intervals_hold_the_effect_nine_times_in_ten() -> None:
    random = np.random.default_rng(17)
    held, gls_held, trials = 0, 0, 100
    for _ in range(trials):
        y, x, at = series(random, 42, 0.5, 1.0)
        low, high = effect_posterior(y, x, at).interval(0.9)
        lower, upper = n_of_1(y, x, at).interval(0.9)
        held += low <= 1.0 <= high
        gls_held += lower[1] <= 1.0 <= upper[1]
    assert 0.85 <= held / trials <= 0.96
    assert held >= gls_held


def test_the_quantiles_invert_the_distribution() -> None:
    found = effect_posterior(*series(np.random.default_rng(1), 30, 0.2, -0.5))
    low, high = found.interval(0.8)
    assert found.below(low) == pytest.approx(0.1)
    assert found.below(high) == pytest.approx(0.9)


def test_a_term_that_is_not_there_is_refused() -> None:
    y, x, at = series(np.random.default_rng(1), 30, 0.2, 0)
    with pytest.raises(SettingsError, match="no term 2"):
        effect_posterior(y, x, at, term=2)


def test_the_sentence_tells_direction_size_and_chance() -> None:
    found = effect_posterior(*series(np.random.default_rng(1), 60, 0.1, 3.0))
    said = comparison_sentence(found, "mood", "points", worthwhile=1.0)
    assert said.startswith("Mood was higher by about")
    assert "by more than 1 points is over 99 %" in said
