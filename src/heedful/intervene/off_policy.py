"""Off-policy evaluation: what another policy would have been worth, from rounds that were randomized by the one in force.

Each estimator is the mean of a value a round: inverse probability weights, an outcome model, or both (doubly robust), with the heavy
weights tamed in several ways; w = target over behavior probability of the action taken.

References: Horvitz & Thompson 1952; Dudík et al. 2014, Stat Sci 29:485; Wang et al. 2017 (switch); Su et al. 2020 (shrinkage); Metelli et
al. 2021 (sub-Gaussian). Equals obp 0.5.5; bootstrap intervals up to simulation error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.columns import check_arguments, matrix, numbers
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rounds:
    """Logged rounds: `action` taken (counted from 0), `reward`, `behavior` probability of that action, and of every action the `target`
    policy's probability and the outcome `model`'s prediction, [rounds, actions]. Errors: `SettingsError` for impossible values."""

    action: NDArray[np.int64]
    reward: Floats
    behavior: Floats
    target: Floats
    model: Floats

    def __post_init__(self) -> None:
        if self.target.shape != self.model.shape or self.target.shape[0] != len(self.action) or len(self.action) < 2:
            raise SettingsError(
                f"Each of at least two rounds needs a target probability and a prediction for every action: {self.target.shape}."
            )
        if not ((self.behavior > 0) & (self.behavior <= 1)).all():
            raise SettingsError("A logged action has a behavior probability above 0; without it no other policy can be valued.")
        if (self.target < 0).any() or not np.allclose(self.target.sum(axis=1), 1, atol=1e-6):
            raise SettingsError("The target policy's probabilities are not negative and sum to 1 in every round.")
        if not np.isfinite(self.reward).all() or not np.isfinite(self.model).all():
            raise SettingsError("A reward or prediction is missing; leave those rounds out.")

    @property
    def weight(self) -> Floats:
        return self.target[np.arange(len(self.action)), self.action] / self.behavior

    @property
    def predicted(self) -> Floats:
        """The model's prediction for the action taken."""
        return self.model[np.arange(len(self.action)), self.action]


def round_values(rounds: Rounds, *, clip: float, switch: float, shrinkage: float, sub_gaussian: float) -> dict[str, Floats]:
    """A value a round by every estimator; its mean estimates the target policy's value.

    `clip`: weights are cut there. `switch`: above it the correction is dropped. `shrinkage` and `sub_gaussian`: their lambdas.

    >>> rounds = Rounds(np.array([0, 1]), np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.full((2, 2), 0.5), np.full((2, 2), 0.5))
    >>> float(round_values(rounds, clip=9, switch=9, shrinkage=1, sub_gaussian=0.1)["doubly_robust"].mean())
    0.5
    """
    w, gap = rounds.weight, rounds.reward - rounds.predicted
    direct = (rounds.target * rounds.model).sum(axis=1)
    return {
        "inverse_probability_weighting": w * rounds.reward,
        "inverse_probability_weighting_clipped": np.minimum(w, clip) * rounds.reward,
        "self_normalised": w * rounds.reward / w.mean(),
        "direct_method": direct,
        "doubly_robust": direct + w * gap,
        "self_normalised_doubly_robust": direct + w * gap / w.mean(),
        "switch_doubly_robust": direct + w * (w <= switch) * gap,
        "doubly_robust_optimistic_shrinkage": direct + shrinkage * w / (w**2 + shrinkage) * gap,
        "sub_gaussian_doubly_robust": direct + w / (1 - sub_gaussian + sub_gaussian * w) * gap,
    }


def effective_sample_size(weight: Floats) -> float:
    """Kish's number of equally weighted rounds that would say as much."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def clipping_bias(rounds: Rounds, clip: float, delta: float) -> tuple[float, float]:
    """Estimated absolute bias of the clipped doubly robust value, and a bound on it that holds with probability 1 - delta (Bernstein)."""
    w, n = rounds.weight, len(rounds.action)
    estimate = abs(float(((w - np.minimum(w, clip)) * (rounds.reward - rounds.predicted)).mean()))
    log = np.log(2 / delta)
    return estimate, float(estimate + np.sqrt(2 * (w**2).mean() * log / n) + 2 * w.max() * log / (3 * n))


def bootstrap_intervals(values: Mapping[str, Floats], samples: int, confidence: float, seed: int) -> dict[str, tuple[float, float]]:
    """Percentile intervals of the means over rounds drawn anew."""
    names = list(values)
    table = np.column_stack([values[name] for name in names])
    n = len(table)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=samples) @ table / n
    low, high = np.percentile(draws, [50 * (1 - confidence), 50 * (1 + confidence)], axis=0)
    return {name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)}


_ARGUMENTS = {
    "clip", "switch_threshold", "shrinkage", "sub_gaussian_lambda", "confidence_level", "bootstrap_samples", "delta", "seed",
}  # fmt: skip


@method(Card(
    name="policies.off_policy_evaluation",
    definition="Value of a target policy from rounds randomized by another, by nine estimators, with standard errors and intervals.",
    units="unit of the reward",
    reference="Dudík et al. 2014, Stat Sci 29:485",
    equals="obp 0.5.5, to 1e-7 (bootstrap intervals to 0.006)",
    limits="Needs the logged probabilities and overlap; a small effective sample size makes every estimate weak.",
))  # fmt: skip
def run_off_policy_evaluation(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: columns action, reward, behaviour_probability, target_probability_K, outcome_model_K."""
    check_arguments("policies.off_policy_evaluation", arguments, _ARGUMENTS)
    data = inputs["rounds"]
    actions = sum(name.startswith("target_probability_") for name in data.columns)
    if not actions:
        raise SchemaError("The rounds have no columns target_probability_0, target_probability_1, ...")
    target, model = (matrix(data, [f"{kind}_{k}" for k in range(actions)]) for kind in ("target_probability", "outcome_model"))
    rounds = Rounds(
        numbers(data, "action").astype(np.int64), numbers(data, "reward"), numbers(data, "behaviour_probability"), target, model
    )  # fmt: skip
    clip = float(arguments["clip"])
    values = round_values(
        rounds, clip=clip, switch=float(arguments["switch_threshold"]), shrinkage=float(arguments["shrinkage"]),
        sub_gaussian=float(arguments["sub_gaussian_lambda"]),
    )  # fmt: skip
    confidence, samples = float(arguments.get("confidence_level", 0.95)), int(arguments.get("bootstrap_samples", 2000))
    intervals = bootstrap_intervals(values, samples, confidence, int(arguments.get("seed", 1)))
    bias, bound = clipping_bias(rounds, clip, float(arguments.get("delta", 0.05)))
    return {
        "value": {name: float(each.mean()) for name, each in values.items()},
        "standard_error_of_round_mean": {name: float(each.std(ddof=1) / np.sqrt(len(each))) for name, each in values.items()},
        "bootstrap_interval": {name: list(interval) for name, interval in intervals.items()},
        "effective_sample_size_of_weights": effective_sample_size(rounds.weight),
        "bias_upper_bound_at_clip": bound, "bias_estimate_at_clip": bias,
    }  # fmt: skip
