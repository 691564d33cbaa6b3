"""Two contextual bandits as plain functions: LinUCB, and Thompson sampling with action centering; what they expect of each action.

References: Li et al. 2010, WWW:661 (LinUCB, disjoint); Greenewald et al. 2017 and Liao et al. 2020 (action centering, HeartSteps);
Trella et al. 2023 (Oralytics, smooth allocation). Equal to mabwiser 2.7.4 and to oralytics_algorithm_design dd9947a.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from heedful.core.columns import check_arguments, matrix, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]


def linear_upper_confidence_bound(
    features: Floats, arm: NDArray[np.int64], reward: Floats, contexts: Floats, *, arms: int, exploration: float, ridge: float
) -> tuple[Floats, Floats]:
    """Upper bound and mean of each arm's reward in each context, [contexts, arms].

    Parameters
    ----------
    features: [rounds, features], as they are (no intercept is added). arm: taken in each round, from 0. contexts: [contexts, features].
    exploration: standard errors added to the mean. ridge: above 0.

    The order and grouping of rounds does not matter: late rewards change nothing but when they are known. Errors: `SettingsError`.

    >>> bound, mean = linear_upper_confidence_bound(np.ones((4, 1)), np.array([0, 0, 1, 1]), np.array([1.0, 1, 0, 0]), np.ones((1, 1)),
    ...     arms=2, exploration=0.0, ridge=1e-9)
    >>> mean.round(3).tolist()
    [[1.0, 0.0]]
    """
    if not ridge > 0 or exploration < 0 or arms < 1 or (len(arm) and not (0 <= arm.min() <= arm.max() < arms)):
        raise SettingsError(f"LinUCB: ridge above 0, exploration not negative, arms 0 .. {arms - 1}; got {ridge}, {exploration}.")
    bound, mean = np.empty((len(contexts), arms)), np.empty((len(contexts), arms))
    for number in range(arms):
        taken = arm == number
        inverse = np.linalg.inv(features[taken].T @ features[taken] + ridge * np.eye(features.shape[1]))
        mean[:, number] = contexts @ (inverse @ (features[taken].T @ reward[taken]))
        bound[:, number] = mean[:, number] + exploration * np.sqrt(np.einsum("ij,jk,ik->i", contexts, inverse, contexts))
    return bound, mean


def action_centered_posterior(
    features: Floats, action: Floats, probability: Floats, reward: Floats, *, prior_mean: Floats, prior_covariance: Floats, noise: float
) -> tuple[Floats, Floats]:
    """Posterior mean and covariance of [baseline f, p f, (a - p) f]: Bayesian linear regression with known noise variance.

    >>> mean, _ = action_centered_posterior(np.ones((1, 1)), np.ones(1), np.full(1, 0.5), np.ones(1), prior_mean=np.zeros(3),
    ...     prior_covariance=np.eye(3), noise=1.0)
    >>> mean.round(3).tolist()
    [0.4, 0.2, 0.2]
    """
    size = 3 * features.shape[1]
    if prior_mean.shape != (size,) or prior_covariance.shape != (size, size) or not noise > 0:
        raise SettingsError(f"The prior has {prior_mean.size} places for 3 x {features.shape[1]} terms, the noise variance is {noise}.")
    design = np.column_stack([features, features * probability[:, None], features * (action - probability)[:, None]])
    precision = np.linalg.inv(prior_covariance)
    covariance = np.asarray(np.linalg.inv(precision + design.T @ design / noise), dtype=np.float64)
    return np.asarray(covariance @ (precision @ prior_mean + design.T @ reward / noise)), covariance


def smooth_allocation(mean: float, sd: float, *, lower: float, upper: float, steepness: float, offset: float) -> float:
    """Expected generalized logistic of a normal advantage: lower + (upper - lower) / (1 + offset exp(-steepness x)).

    >>> round(smooth_allocation(0.0, 1.0, lower=0.2, upper=0.8, steepness=1.0, offset=1.0), 6)
    0.5
    """
    from scipy.integrate import quad  # slow to load

    shift = np.log(offset)

    def height(x: float) -> float:
        return float(expit(steepness * x - shift) * np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi)))

    middle, width = shift / steepness, 8 / abs(steepness)
    low, high = mean - 12 * sd, mean + 12 * sd
    # cut where the logistic turns and where the normal is high, so that neither is missed
    inner = (middle - 4 * width, middle - width, middle, middle + width, middle + 4 * width, mean - 3 * sd, mean, mean + 3 * sd)
    cuts = sorted({low, high, *(cut for cut in inner if low < cut < high)})
    share = sum(quad(height, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in pairwise(cuts))
    return lower + (upper - lower) * share


_UCB = {"features", "exploration", "l2_regularisation", "arms", "decision_contexts", "intercept", "scale"}
_THOMPSON = {
    "features", "prior_mean", "prior_covariance_diagonal", "noise_variance", "decision_states", "allocation", "lower", "upper", "steepness",
    "offset", "hard_clip",
}  # fmt: skip


@method(Card(
    name="policies.linear_upper_confidence_bound",
    definition="LinUCB, one ridge regression an arm: mean plus a multiple of its standard error.",
    units="unit of the reward",
    reference="Li et al. 2010, WWW:661",
    equals="mabwiser 2.7.4 LinUCB, to 1e-7",
    limits="Chooses without chance, so that effects cannot be estimated afterwards; never used for messages without added randomization.",
))  # fmt: skip
def run_linear_upper_confidence_bound(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; `reward_arrived_in_batch` 0 is what was known before the late rewards."""
    check_arguments("policies.linear_upper_confidence_bound", arguments, _UCB)
    if arguments.get("intercept") or arguments.get("scale"):
        raise SettingsError("LinUCB: features are used as given; add the intercept's column or scale them beforehand.")
    data = inputs["history"]
    features, arm, reward = matrix(data, arguments["features"]), numbers(data, "arm").astype(np.int64), numbers(data, "reward")
    contexts = np.asarray(arguments["decision_contexts"], dtype=np.float64)
    how = {
        "arms": int(arguments["arms"]), "exploration": float(arguments["exploration"]), "ridge": float(arguments["l2_regularisation"]),
    }  # fmt: skip
    bound, mean = linear_upper_confidence_bound(features, arm, reward, contexts, **how)  # type: ignore[arg-type]
    told: dict[str, Any] = {"upper_confidence_bound": bound.tolist(), "chosen": bound.argmax(axis=1).tolist(), "ridge_mean": mean.tolist()}
    if "reward_arrived_in_batch" in data.columns:
        early = numbers(data, "reward_arrived_in_batch") == 0
        before, _ = linear_upper_confidence_bound(features[early], arm[early], reward[early], contexts, **how)  # type: ignore[arg-type]
        told["upper_confidence_bound_before_delayed_rewards"] = before.tolist()
    return told


@method(Card(
    name="policies.action_centred_thompson_sampling",
    definition="Bayesian linear regression with action centering; probability of acting: smooth allocation and Thompson's.",
    units="unit of the reward; probabilities",
    reference="Greenewald et al. 2017; Liao et al. 2020, IMWUT 4:18; Trella et al. 2023",
    equals="oralytics_algorithm_design dd9947a, to 1e-7",
    limits="Noise variance and prior are given, not learned; one model for all rounds that are passed.",
))  # fmt: skip
def run_action_centered_thompson(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("policies.action_centred_thompson_sampling", arguments, _THOMPSON)
    if arguments.get("allocation", "generalised_logistic") != "generalised_logistic":
        raise SettingsError(f"The allocation is generalised_logistic; {arguments['allocation']!r} is not offered.")
    data = inputs["history"]
    prior_mean = np.asarray(arguments["prior_mean"], dtype=np.float64)
    mean, covariance = action_centered_posterior(
        matrix(data, arguments["features"]), numbers(data, "action"), numbers(data, "action_probability"), numbers(data, "reward"),
        prior_mean=prior_mean, prior_covariance=np.diag(np.asarray(arguments["prior_covariance_diagonal"], dtype=np.float64)),
        noise=float(arguments["noise_variance"]),
    )  # fmt: skip
    states = np.asarray(arguments["decision_states"], dtype=np.float64)
    block = slice(len(mean) - states.shape[1], len(mean))
    advantage, sd = states @ mean[block], np.sqrt(np.einsum("ij,jk,ik->i", states, covariance[block, block], states))
    shape = {name: float(arguments[name]) for name in ("lower", "upper", "steepness", "offset")}
    probability = ndtr(advantage / sd)
    return {
        "posterior_mean": mean.tolist(), "posterior_covariance": covariance.tolist(), "advantage_mean": advantage.tolist(),
        "advantage_sd": sd.tolist(), "thompson_probability": probability.tolist(),
        "smooth_allocation_probability": [smooth_allocation(float(a), float(s), **shape) for a, s in zip(advantage, sd, strict=True)],
        "thompson_probability_clipped": np.clip(probability, *arguments.get("hard_clip", (0.0, 1.0))).tolist(),
    }  # fmt: skip
