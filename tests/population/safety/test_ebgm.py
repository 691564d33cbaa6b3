"""EBGM against the documented examples of R openEBGM, SciPy's distributions, and planted parameters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime, brentq
from scipy.special import logit
from scipy.stats import gamma, nbinom

from heedful.core.errors import SettingsError
from heedful.population.safety import ebgm
from heedful.population.safety.ebgm import Prior, fit_prior, log_likelihood, scores

CAERS = Prior(3.25379064, 0.39988801, 2.02613219, 1.90808279, 0.06534557)
"""Estimates of openEBGM's vignette 4 on its CAERS data, with the first rows of its output below."""
EXPECTED = np.array([0.0360548272, 0.0038736591, 0.0002979738, 0.0360548272, 0.0765792610, 0.0527413588])


def test_scores_are_those_of_openebgms_vignette() -> None:
    found = scores(CAERS, np.ones(6), EXPECTED)
    assert found.first.round(7).tolist() == pytest.approx([0.2819736, 0.3409652, 0.3482316, 0.2819736, 0.2226354, 0.2556668], abs=2e-7)
    assert found.ebgm.round(2).tolist() == [2.23, 2.58, 2.63, 2.23, 1.92, 2.09]
    # its quantiles are bisected to within half a hundredth, then rounded
    assert found.low == pytest.approx([0.49, 0.52, 0.52, 0.49, 0.47, 0.48], abs=0.0075)
    assert found.high == pytest.approx([13.85, 15.78, 16.02, 13.85, 11.77, 12.95], abs=0.0075)


THETA = Prior(0.125874, 0.13587, 1.24578, 3.01587, 0.05)
COUNTS = np.array([0] * 5 + [1] * 4 + [2] * 6 + [3] * 2)
"""Counts of openEBGM's tests of its likelihoods, expected 1 .. 17."""


def test_the_likelihood_is_the_mixture_of_negative_binomials() -> None:
    expected = np.arange(1, 18)
    parts = [nbinom.pmf(COUNTS, a, b / (b + expected)) for a, b in ((THETA.alpha1, THETA.beta1), (THETA.alpha2, THETA.beta2))]
    assert log_likelihood(THETA, COUNTS, expected, least=0) == pytest.approx(np.log(0.05 * parts[0] + 0.95 * parts[1]).sum())
    some = COUNTS > 0
    none = [nbinom.pmf(0, a, b / (b + expected)) for a, b in ((THETA.alpha1, THETA.beta1), (THETA.alpha2, THETA.beta2))]
    told = 0.05 * parts[0] / (1 - none[0]) + 0.95 * parts[1] / (1 - none[1])
    assert log_likelihood(THETA, COUNTS[some], expected[some]) == pytest.approx(np.log(told[some]).sum())


@pytest.mark.parametrize("least", [0, 1])
def test_the_slope_is_that_of_the_likelihood(least: int) -> None:
    counts, expected = COUNTS[least <= COUNTS], np.arange(1.0, 18)[least <= COUNTS]
    pairs = ebgm._Pairs.of(counts, expected)
    place = ebgm._free(THETA)
    numeric = approx_fprime(place, lambda where: ebgm._minus(where, pairs, least)[0], 1e-6)
    assert ebgm._minus(place, pairs, least)[1] == pytest.approx(numeric, rel=1e-3, abs=1e-4)


def planted(pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    expected = np.exp(rng.normal(0, 1.5, pairs))
    first = rng.random(pairs) < 0.15
    ratio = np.where(first, rng.gamma(2.0, 1 / 0.3, pairs), rng.gamma(4.0, 1 / 4.2, pairs))
    return rng.poisson(ratio * expected), expected


def test_planted_parameters_come_back_when_every_pair_is_there() -> None:
    found = fit_prior(*planted(15_000, 3), least=0)
    assert found.agreeing >= 2
    first, second = sorted(
        [(found.prior.alpha1, found.prior.beta1, found.prior.share), (found.prior.alpha2, found.prior.beta2, 1 - found.prior.share)],
        key=lambda part: part[0] / part[1], reverse=True,
    )  # fmt: skip
    assert first == pytest.approx((2.0, 0.3, 0.15), rel=0.1)
    assert second == pytest.approx((4.0, 4.2, 0.85), rel=0.1)


def test_pooling_many_pairs_ends_at_the_same_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    observed, expected = planted(12_000, 4)
    told = observed > 0
    whole = fit_prior(observed[told], expected[told])
    monkeypatch.setattr(ebgm, "SQUASHED", 2_000)
    pooled = fit_prior(observed[told], expected[told])
    assert pooled.pairs == told.sum()
    assert pooled.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-3)


def test_every_quantile_is_where_the_posterior_says() -> None:
    rng = np.random.default_rng(5)
    observed, expected = rng.integers(0, 60, 40), np.exp(rng.normal(0, 2, 40))
    prior = Prior(0.3, 0.2, 3.0, 3.3, 0.1)
    found = scores(prior, observed, expected)
    for pair in range(40):
        shapes = [gamma(alpha + observed[pair], scale=1 / (beta + expected[pair])) for alpha, beta in ebgm._components(prior)]
        share = found.first[pair]

        def reached(x: float, share: float = share, shapes: list = shapes, at: float = 0.05) -> float:  # type: ignore[type-arg]
            return share * shapes[0].cdf(x) + (1 - share) * shapes[1].cdf(x) - at

        assert found.low[pair] == pytest.approx(brentq(reached, 1e-12, 1e4, xtol=1e-14), rel=1e-7)
        assert found.high[pair] == pytest.approx(brentq(lambda x: reached(x) - 0.9, 1e-12, 1e4, xtol=1e-14), rel=1e-7)
    assert (found.low < found.ebgm).all()
    assert (found.ebgm < found.high).all()


def test_a_single_account_is_drawn_down_and_many_stay() -> None:
    few, many = scores(CAERS, [1, 400], [0.01, 4.0]).ebgm
    assert few < 3 < 90 < many < 100


def test_bad_pairs_and_priors_are_refused() -> None:
    with pytest.raises(SettingsError, match="Pair 2"):
        scores(CAERS, [1, 1.5], [1.0, 1.0])
    with pytest.raises(SettingsError, match="least=0"):
        fit_prior([0, 1], [1.0, 1.0])
    with pytest.raises(SettingsError, match="no pair"):
        fit_prior([], [])
    with pytest.raises(SettingsError, match="share"):
        Prior(1, 1, 1, 1, 1)
    assert logit(0.5) == 0
