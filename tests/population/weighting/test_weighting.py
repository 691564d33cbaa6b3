"""Weights for samples without a design: the peers' numbers, and laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import ks_2samp, wasserstein_distance

import heedful.population  # noqa: F401  registers the methods
from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS
from heedful.loops.parity import load_case, run_case
from heedful.population.weighting.balance import (
    earth_mover,
    kolmogorov_smirnov,
    mean_over_covariates,
    run_standardized_mean_differences,
    standardized_mean_differences,
)
from heedful.population.weighting.cells import Ending, run_rake, weights_to_cells, weights_to_margins
from heedful.population.weighting.multilevel import fit_multilevel, laplace, run_multilevel_poststratify
from heedful.population.weighting.spread import spread, trim_at_mean_ratio, winsorize

CASES = [
    "weight_calibrate_raking_trim",
    "weight_design_effect_trim",
    "weight_poststratify_cells",
    "weight_rake_two_margins",
    "balance_asmd",
]
WEIGHTS = st.lists(st.floats(0.01, 100), min_size=2, max_size=40).map(np.array)


@pytest.mark.parametrize("name", CASES)
def test_the_peers_give_the_same_numbers(name: str, shared_reference: Path) -> None:
    case = load_case(shared_reference / "trust" / name)
    result = run_case(case, METHODS._members[case.method])
    assert result.passed, result.message


def test_lme4_gives_the_same_model(shared_reference: Path) -> None:
    """All but `truth`, which is that of the simulation and follows from nothing in the case."""
    case = load_case(shared_reference / "trust" / "weight_mrp_binary")
    ours = run_multilevel_poststratify(case.arguments, case.inputs)
    for name, theirs in case.outputs.items():
        if name == "truth":
            continue
        if isinstance(theirs, dict):
            assert ours[name] == pytest.approx(theirs, rel=0.005, abs=0.002)
        else:
            np.testing.assert_allclose(ours[name], theirs, rtol=0.005, atol=0.002)


@given(weights=WEIGHTS, factor=st.floats(0.1, 10))
def test_spread_does_not_see_the_scale(weights: np.ndarray, factor: float) -> None:
    one, other = spread(weights), spread(weights * factor)
    assert one.design_effect_kish >= 1 - 1e-12
    assert one.design_effect_kish == pytest.approx(other.design_effect_kish)
    assert one.effective_sample_size_kish == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


@given(weights=WEIGHTS)
def test_cutting_lowers_the_design_effect_and_keeps_the_sum(weights: np.ndarray) -> None:
    before = spread(weights).design_effect_kish
    for cut in (trim_at_mean_ratio(weights, 1.5), winsorize(weights, 0.1, 0.1)):
        assert cut.sum() == pytest.approx(weights.sum())
        assert spread(cut).design_effect_kish <= before + 1e-9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999))
def test_margins_are_met_and_weights_stay_a_product(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = np.arange(40) % 2, np.arange(40) // 2 % 3
    shares = [random.dirichlet(np.full(2, 5.0)), random.dirichlet(np.full(3, 5.0))]
    found = weights_to_margins([(first, shares[0]), (second, shares[1])], np.ones(40), Ending(1e-10, 0))
    for levels, share in ((first, shares[0]), (second, shares[1])):
        np.testing.assert_allclose(np.bincount(levels, found) / found.sum(), share, rtol=1e-8)
    by_cell = np.array([[found[(first == a) & (second == b)][0] for b in range(3)] for a in range(2)])
    assert np.linalg.matrix_rank(by_cell, tol=1e-8) == 1


def test_a_cell_without_anybody_is_named_with_what_it_costs() -> None:
    with pytest.raises(SettingsError, match=r"30\.0%"):
        weights_to_cells(np.array([0, 0]), np.array([7.0, 3.0]), np.ones(2))
    case = {"variables": ["g"], "target_margins": {"g": {"a": 1}}, "missing_values": "guess"}
    with pytest.raises(SettingsError, match="own_level"):
        run_rake(case, {"sample": pl.DataFrame({"g": ["a"]})})


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999))
def test_distances_are_those_of_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    sample, target, weights = random.integers(0, 9, 20).astype(float), random.normal(4, 2, 30), random.uniform(0.1, 3, 20)
    assert kolmogorov_smirnov(sample, target) == pytest.approx(ks_2samp(sample, target).statistic)
    assert earth_mover(sample, target, weights) == pytest.approx(wasserstein_distance(sample, target, weights))
    whole = random.integers(1, 4, 20)
    assert kolmogorov_smirnov(sample, target, whole.astype(float)) == pytest.approx(ks_2samp(np.repeat(sample, whole), target).statistic)


def test_differences_are_signless_and_standardized_as_asked() -> None:
    sample, target = np.array([[1.0], [2], [6]]), np.array([[2.0], [4]])
    gap = abs(3 - 3.0)
    assert standardized_mean_differences(sample, target)[0] == gap
    moved = target + 2
    for by, variance in (("target", 2.0), ("sample", 7.0), ("pooled", 4.5)):
        assert standardized_mean_differences(sample, moved, by=by)[0] == pytest.approx(2 / variance**0.5)  # type: ignore[arg-type]
    assert np.isnan(standardized_mean_differences(sample, np.ones((2, 1)))[0])
    assert mean_over_covariates(["a", "b[x]", "b[y]"], np.array([np.nan, 1.0, 3.0])) == pytest.approx(1.0)
    with pytest.raises(SettingsError, match="offered"):
        run_standardized_mean_differences({"categorical": "other"}, {})


def test_laplace_is_near_the_integral_it_stands_for() -> None:
    answers, offset = np.array([1.0, 0, 1, 1, 0, 1, 1, 1, 0, 1]), np.full(10, 0.3)
    design = np.full((10, 1), 0.8)

    def joint(u: float) -> float:
        p = expit(offset + 0.8 * u)
        return float(np.prod(np.where(answers == 1, p, 1 - p)) * np.exp(-u * u / 2) / np.sqrt(2 * np.pi))

    exact = -2 * np.log(quad(joint, -10, 10)[0])
    _, ours = laplace(answers, offset, design, np.zeros(1))
    assert ours == pytest.approx(exact, abs=0.05)


def test_groups_are_drawn_together_and_new_ones_are_average() -> None:
    random = np.random.default_rng(4)
    levels = np.repeat(np.arange(8), 25)
    truth = random.normal(0, 1, 8)
    answers = (random.random(200) < expit(truth[levels] - 0.3)).astype(float)
    model = fit_multilevel(answers, np.ones((200, 1)), [levels])
    raw = np.array([answers[levels == level].mean() for level in range(8)])
    ours = model.probability(np.ones((8, 1)), [np.arange(8)])
    assert ours.std() < raw.std()
    assert np.corrcoef(ours, raw)[0, 1] > 0.99
    assert model.probability(np.ones((1, 1)), [np.array([-1])])[0] == pytest.approx(expit(model.fixed[0]))
    with pytest.raises(SettingsError, match="0 and 1"):
        fit_multilevel(np.ones(5), np.ones((5, 1)), [np.zeros(5, dtype=int)])
    with pytest.raises(SettingsError, match="form"):
        run_multilevel_poststratify({"formula": "y ~ x*z + (1|g)"}, {})
    with pytest.raises(SettingsError, match="binomial"):
        run_multilevel_poststratify({"formula": "y ~ x + (1|g)", "family": "poisson"}, {})
