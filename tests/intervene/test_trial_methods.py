"""Trials, off-policy values and targeting: the reference cases, statsmodels where it can, and laws."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ncf

from heedful.core.errors import SettingsError
from heedful.intervene.channels import GREEDY_SHARE, best_channels, greedy_channels
from heedful.intervene.excursions.distal import distal_excursion_effect, run_distal_excursion_effect
from heedful.intervene.excursions.marginal import marginal_excursion_effect
from heedful.intervene.excursions.trial import Trial
from heedful.intervene.excursions.weighted_centered import weighted_centered_least_squares
from heedful.intervene.noncentral_f import noncentral_f
from heedful.intervene.off_policy import Rounds, bootstrap_intervals, clipping_bias, round_values
from heedful.intervene.policies.linear_bandit import action_centered_posterior, linear_upper_confidence_bound, smooth_allocation
from heedful.intervene.sample_size import daily_course, people_needed, people_needed_exact, power_of
from heedful.intervene.uplift import qini_area, scored, uplift_area, uplift_at, uplift_by_bin
from heedful.loops.parity import parity

METHODS = (
    "experiments.weighted_centered_least_squares", "experiments.estimator_marginal_excursion_effect",
    "experiments.distal_causal_excursion_effect", "experiments.mrt_sample_size", "experiments.mrt_sample_size_binary",
    "policies.action_centred_thompson_sampling", "policies.linear_upper_confidence_bound", "policies.off_policy_evaluation",
    "targeting.channel_budget", "targeting.uplift_metrics",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_equals_the_peer(shared_reference: Path, method: str) -> None:
    results = [result for result in parity(shared_reference / "interventions", method) if result.method == method]
    assert [(result.case, result.message) for result in results if not result.passed] == []


def trial(seed: int, people: int = 30, points: int = 20, binary: bool = False) -> Trial:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), points)
    moderator, control = rng.integers(0, 2, len(person)), rng.normal(size=len(person))
    p = rng.choice([0.3, 0.5, 0.7], len(person))
    treated = (rng.random(len(person)) < p) * 1.0
    available = (rng.random(len(person)) < 0.8) * 1.0
    if binary:
        outcome = (rng.random(len(person)) < 0.2 * np.exp(0.4 * treated)) * 1.0
    else:
        outcome = control + treated * (1 + moderator) + rng.normal(size=people)[person] + rng.normal(size=len(person))
    one = np.ones(len(person))
    return Trial(person, outcome, treated, p, available, np.column_stack([one, moderator]), np.column_stack([one, control]))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_many_people_give_the_weighted_fit_with_clustered_errors_of_statsmodels(seed: int) -> None:
    sm = pytest.importorskip("statsmodels.api")
    held = trial(seed, people=60)
    fit, on = weighted_centered_least_squares(held, 0.5), held.available == 1
    weight = np.where(held.treatment == 1, 0.5 / held.probability, 0.5 / (1 - held.probability))[on]
    design = np.column_stack([held.controls, held.moderators * (held.treatment - 0.5)[:, None]])[on]
    theirs = sm.WLS(held.outcome[on], design, weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": held.person[on], "use_correction": False}
    )
    assert fit.effect == pytest.approx(theirs.params[2:])
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(theirs.bse[2:], rel=1e-8)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_few_people_are_corrected_as_the_paper_writes_it(seed: int) -> None:
    held = trial(seed, people=12, points=8)
    fit, on = weighted_centered_least_squares(held, 0.5), held.available == 1
    weight = np.where(held.treatment == 1, 0.5 / held.probability, 0.5 / (1 - held.probability))[on]
    x = np.column_stack([held.controls, held.moderators * (held.treatment - 0.5)[:, None]])[on]
    bread = np.linalg.inv((x * weight[:, None]).T @ x)
    rest = held.outcome[on] - x @ bread @ (x * weight[:, None]).T @ held.outcome[on]
    meat = np.zeros((4, 4))
    for person in np.unique(held.person[on]):
        rows = held.person[on] == person
        hat = x[rows] @ bread @ (x[rows] * weight[rows, None]).T
        score = (x[rows] * weight[rows, None]).T @ np.linalg.solve(np.eye(rows.sum()) - hat, rest[rows])
        meat += np.outer(score, score)
    assert fit.covariance == pytest.approx((bread @ meat @ bread)[2:, 2:], rel=1e-7)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.booleans())
def test_order_of_rows_and_unavailable_rows_do_not_matter(seed: int, binary: bool) -> None:
    held = trial(seed, binary=binary)
    order = np.argsort(np.random.default_rng(seed).random(len(held.person)))
    outcome = np.where(held.available == 1, held.outcome, np.nan)
    mixed = Trial(held.person[order], outcome[order], held.treatment[order], held.probability[order], held.available[order],
                  held.moderators[order], held.controls[order])  # fmt: skip
    if binary:
        one, other = marginal_excursion_effect(held), marginal_excursion_effect(mixed)
        assert np.sqrt(np.diag(one.adjusted)).min() > 0
        assert other.adjusted == pytest.approx(one.adjusted, rel=1e-6, abs=1e-9)
    else:
        one, other = weighted_centered_least_squares(held, 0.5), weighted_centered_least_squares(mixed, 0.5)
        assert other.covariance == pytest.approx(one.covariance, rel=1e-6, abs=1e-12)
    assert other.effect == pytest.approx(one.effect, rel=1e-6, abs=1e-8)


def test_a_trial_that_cannot_be_is_told() -> None:
    held = trial(1)
    with pytest.raises(SettingsError, match="randomization probability"):
        Trial(held.person, held.outcome, held.treatment, np.ones(len(held.person)), held.available, held.moderators, held.controls)
    with pytest.raises(SettingsError, match="outcome of 0 or 1"):
        marginal_excursion_effect(held)
    with pytest.raises(SettingsError, match="changes within a person"):
        distal_excursion_effect(held)
    with pytest.raises(SettingsError, match="cross-fitting"):
        run_distal_excursion_effect({"cross_fit": True}, {})
    with pytest.raises(SettingsError, match="numerator"):
        weighted_centered_least_squares(held, 1.0)


@settings(deadline=None)
@given(st.floats(0.1, 9), st.integers(1, 4), st.integers(5, 400), st.floats(0.0, 60))
def test_noncentral_f_is_scipys(x: float, first: int, second: int, held: float) -> None:
    assert noncentral_f(x, first, second, held) == pytest.approx(float(ncf.cdf(x, first, second, held)), abs=3e-9)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.02, 0.6), st.integers(1, 3), st.integers(1, 4), st.sampled_from([0.7, 0.8, 0.9]))
def test_the_size_is_the_smallest_with_the_power(held: float, effects: int, controls: int, power: float) -> None:
    people = people_needed(held, effects, controls, power)
    assert power_of(people, held, effects, controls) >= power
    assert people == effects + controls + 1 or power_of(people - 1, held, effects, controls) < power
    assert people - 1 <= people_needed_exact(held, effects, controls, power) <= people


@given(st.integers(3, 60), st.floats(0, 1), st.floats(0, 1), st.integers(1, 60))
def test_a_course_keeps_its_mean_and_start(days: int, mean: float, initial: float, extreme: int) -> None:
    for shape in ("linear", "quadratic"):
        try:
            course = daily_course(shape, days, mean, initial, min(extreme, days))  # type: ignore[arg-type]
        except SettingsError:
            continue
        assert course.mean() == pytest.approx(mean, abs=1e-6)
        assert course[0] == pytest.approx(initial, abs=1e-6)


def rounds(seed: int, count: int = 300) -> Rounds:
    rng = np.random.default_rng(seed)
    behavior, target = rng.dirichlet(np.ones(3) * 3, count), rng.dirichlet(np.ones(3) * 3, count)
    action = np.array([rng.choice(3, p=row) for row in behavior])
    return Rounds(action, rng.random(count), behavior[np.arange(count), action], target, rng.random((count, 3)))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_the_taming_knobs_at_their_ends_are_the_plain_estimators(seed: int) -> None:
    held = rounds(seed)
    tame = {name: each.mean() for name, each in round_values(held, clip=1e9, switch=0, shrinkage=1e12, sub_gaussian=0).items()}
    assert tame["inverse_probability_weighting_clipped"] == pytest.approx(tame["inverse_probability_weighting"])
    assert tame["switch_doubly_robust"] == pytest.approx(tame["direct_method"])
    assert tame["doubly_robust_optimistic_shrinkage"] == pytest.approx(tame["doubly_robust"])
    assert tame["sub_gaussian_doubly_robust"] == pytest.approx(tame["doubly_robust"])
    estimate, bound = clipping_bias(held, 1e9, 0.05)
    assert estimate == 0 < bound


def test_an_interval_depends_on_the_seed_only_and_holds_the_mean() -> None:
    values = round_values(rounds(1), clip=3, switch=3, shrinkage=5, sub_gaussian=0.05)
    one = bootstrap_intervals(values, 500, 0.95, 1)
    assert one == bootstrap_intervals(values, 500, 0.95, 1)
    assert all(low < values[name].mean() < high for name, (low, high) in one.items())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_late_rewards_change_nothing_in_the_end(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, arm, reward = rng.normal(size=(40, 3)), rng.integers(0, 3, 40), rng.normal(size=40)
    order = rng.permutation(40)
    how = {"arms": 3, "exploration": 1.0, "ridge": 1.0}
    one = linear_upper_confidence_bound(features, arm, reward, features[:5], **how)  # type: ignore[arg-type]
    other = linear_upper_confidence_bound(features[order], arm[order], reward[order], features[:5], **how)  # type: ignore[arg-type]
    assert one[0] == pytest.approx(other[0])
    assert (one[0] >= one[1]).all()
    prior = {"prior_mean": np.zeros(9), "prior_covariance": np.eye(9), "noise": 2.0}
    action, p = (arm > 0) * 1.0, np.full(40, 0.5)
    first = action_centered_posterior(features[:20], action[:20], p[:20], reward[:20], **prior)  # type: ignore[arg-type]
    rest = {"prior_mean": first[0], "prior_covariance": first[1], "noise": 2.0}
    second = action_centered_posterior(features[20:], action[20:], p[20:], reward[20:], **rest)  # type: ignore[arg-type]
    whole = action_centered_posterior(features, action, p, reward, **prior)  # type: ignore[arg-type]
    assert second[0] == pytest.approx(whole[0], rel=1e-6, abs=1e-8)


@settings(deadline=None, max_examples=30)
@given(st.floats(-200, 200), st.floats(0.5, 40), st.floats(0.05, 3), st.floats(0.2, 20))
def test_the_smooth_allocation_equals_a_fine_sum(mean: float, sd: float, steepness: float, offset: float) -> None:
    grid = np.linspace(-10, 10, 200_001)
    height = 1 / (1 + offset * np.exp(np.clip(-steepness * (mean + sd * grid), -700, 700))) * np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    found = smooth_allocation(mean, sd, lower=0.2, upper=0.8, steepness=steepness, offset=offset)
    assert found == pytest.approx(0.2 + 0.6 * np.trapezoid(height, grid), abs=1e-8)


def _group(seed: int, count: int = 300) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(seed)
    score, treated = rng.normal(size=count), rng.integers(0, 2, count) * 1.0
    return (rng.random(count) < 0.3 + 0.2 * treated * (score > 0)) * 1.0, treated, score


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_only_the_order_of_scores_matters_and_the_perfect_one_is_one(seed: int) -> None:
    outcome, treated, score = _group(seed)
    one, other = scored(outcome, treated, score), scored(outcome, treated, np.exp(score) * 3)
    told = [(qini_area(each), uplift_area(each), *uplift_at(each, 0.3)) for each in (one, other)]
    assert told[0] == pytest.approx(told[1])
    assert qini_area(scored(outcome, treated, outcome * (2 * treated - 1))) == pytest.approx(1)
    assert qini_area(one) <= 1 + 1e-9
    uplift, with_it, without = uplift_by_bin(one, 5)
    assert with_it.sum() + without.sum() == len(outcome)
    assert np.abs(uplift).max() <= 1


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 15))
def test_the_optimum_is_that_of_trying_all_and_greed_keeps_its_promise(seed: int, budget: int) -> None:
    rng = np.random.default_rng(seed)
    reach, weight, cost = rng.integers(0, 2, (6, 12)), rng.integers(0, 5, 12), rng.integers(1, 6, 6)
    sets = [list(chosen) for size in range(7) for chosen in combinations(range(6), size) if cost[list(chosen)].sum() <= budget]
    most = max(float(weight[reach[chosen].any(axis=0)].sum()) if chosen else 0.0 for chosen in sets)
    best, greedy = best_channels(reach, weight, cost, budget), greedy_channels(reach, weight, cost, budget)
    assert best.weight == most
    assert best.cost <= budget
    assert 0.5 * GREEDY_SHARE * most <= greedy.weight <= most
    same = greedy_channels(reach, weight, np.ones(6), 3)
    assert same.weight >= GREEDY_SHARE * best_channels(reach, weight, np.ones(6), 3).weight - 1e-9


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="costs above 0"):
        best_channels([[1, 0]], [1, 1], [0], 3)
    with pytest.raises(SettingsError, match="sum to 1"):
        Rounds(np.array([0, 1]), np.ones(2), np.full(2, 0.5), np.full((2, 2), 0.9), np.ones((2, 2)))
    with pytest.raises(SettingsError, match="needs an effect"):
        people_needed(0.0, 1, 3, 0.8)
    with pytest.raises(SettingsError, match="both occur"):
        scored([0, 1], [1, 1], [1, 2])
    with pytest.raises(SettingsError, match="ridge above 0"):
        linear_upper_confidence_bound(np.ones((1, 1)), np.zeros(1, int), np.ones(1), np.ones((1, 1)), arms=1, exploration=1, ridge=0)
