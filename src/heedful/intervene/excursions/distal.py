"""Distal causal excursion effect: what one more message at some point does to an outcome at the trial's end.

Two stages: the outcome is predicted with and without treatment at each decision point; then the weighted difference of the outcome from
those predictions is averaged over points, as far as the moderators say. Sandwich standard errors, clustered by person.

Reference: Qian 2025, "Distal causal excursion effects". Equals MRTAnalysis 0.3.1 `dcee` with linear nuisance models (or none) and without
cross-fitting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.intervene.excursions.trial import Trial, combinations, read_trial

Floats = NDArray[np.float64]
Prediction = Literal["linear_model", "set_to_zero"]
_NORMAL = 1.96
"""The peer's rounded quantile of its large-sample interval."""


@dataclass(frozen=True)
class DistalFit:
    """Effects in the unit of the distal outcome, their covariance matrix, and people minus effects."""

    effect: Floats
    covariance: Floats
    degrees_of_freedom: int


def distal_excursion_effect(trial: Trial, prediction: Prediction = "linear_model") -> DistalFit:
    """Fit; the trial's outcome is the distal one, the same in every row of a person; every decision point weighs 1 / (rows a person).

    Errors: `SettingsError` for an outcome that changes within a person, no more people than effects, or a missing value.

    >>> rng = np.random.default_rng(0)
    >>> person, treated = np.repeat(np.arange(200), 10), rng.integers(0, 2, 2000) * 1.0
    >>> outcome = np.bincount(person, treated)[person] * 0.5 + np.repeat(rng.normal(size=200), 10)
    >>> one = np.ones((2000, 1))
    >>> fit = distal_excursion_effect(Trial(person, outcome, treated, np.full(2000, 0.5), np.ones(2000), one, one))
    >>> bool(abs(fit.effect[0] - 0.5) < 3 * np.sqrt(fit.covariance[0, 0]))
    True
    """
    people, effects = trial.people, trial.moderators.shape[1]
    first = np.full(people, np.nan)
    first[trial.person[::-1]] = trial.outcome[::-1]
    if not np.array_equal(first[trial.person], trial.outcome):
        raise SettingsError("A distal outcome is one number a person; it changes within a person here, or is missing.")
    if people <= effects or not (np.isfinite(trial.moderators).all() and np.isfinite(trial.controls).all()):
        raise SettingsError(f"{people} people, {effects} effects: more people are needed, and no missing moderator or control in any row.")
    with_it, without = (_predicted(trial, arm, prediction) for arm in (1, 0))
    p = np.where(trial.available == 1, trial.probability, 0.5)
    weight = people / len(trial.person)
    sign = np.where(trial.treatment == 1, 1 / p, -1 / (1 - p))
    pull = weight * trial.available * sign * (trial.outcome - (1 - p) * with_it - p * without)
    bread = np.linalg.inv(weight * trial.moderators.T @ trial.moderators / people)
    effect = bread @ (trial.moderators.T @ pull) / people
    scores = trial.per_person(trial.moderators * (pull - weight * (trial.moderators @ effect))[:, None])
    covariance = bread @ (scores.T @ scores / people) @ bread / people
    return DistalFit(np.asarray(effect), np.asarray(covariance), people - effects)


def _predicted(trial: Trial, arm: int, prediction: Prediction) -> Floats:
    """Outcome predicted for every row by a linear model of the rows with this treatment."""
    if prediction == "set_to_zero":
        return np.zeros(len(trial.outcome))
    rows = trial.treatment == arm
    if np.linalg.matrix_rank(trial.controls[rows]) < trial.controls.shape[1]:
        raise SettingsError(f"Among rows with treatment {arm} the controls are collinear; drop one.")
    return np.asarray(trial.controls @ np.linalg.lstsq(trial.controls[rows], trial.outcome[rows], rcond=None)[0])


_ARGUMENTS = {
    "id", "outcome", "treatment", "randomisation_probability", "availability", "moderators", "controls", "control_regression", "cross_fit",
    "confidence_level", "linear_combinations",
}  # fmt: skip


@method(Card(
    name="experiments.distal_causal_excursion_effect",
    definition="Effect of one more message at a decision point on an outcome at the end of the trial.",
    units="unit of the outcome",
    reference="Qian 2025, Distal causal excursion effects",
    equals="MRTAnalysis 0.3.1 dcee with linear models, to 1e-7",
    limits="Linear nuisance models only, no cross-fitting; known randomization probabilities.",
))  # fmt: skip
def run_distal_excursion_effect(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("experiments.distal_causal_excursion_effect", arguments, _ARGUMENTS)
    if arguments.get("cross_fit"):
        raise SettingsError("distal_excursion_effect: cross-fitting is not offered (its folds would be random).")
    regression = arguments.get("control_regression", "linear_model")
    if regression not in ("linear_model", "set_to_zero"):
        raise SettingsError(f"distal_excursion_effect: the regression is linear_model or set_to_zero; {regression!r} is not offered.")
    fit = distal_excursion_effect(read_trial(arguments, inputs["data"]), regression)
    df, error = fit.degrees_of_freedom, np.sqrt(np.diag(fit.covariance))
    names, rows = combinations(arguments, ["(Intercept)", *arguments.get("moderators", [])])
    estimate, of = rows @ fit.effect, np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    half = float(stdtrit(df, (1 + float(arguments.get("confidence_level", 0.95))) / 2)) * of
    return {
        "terms": names,
        "fit": {
            "beta_hat": fit.effect.tolist(), "beta_se": error.tolist(), "beta_varcov": fit.covariance.tolist(),
            "conf_int": np.column_stack([fit.effect - _NORMAL * error, fit.effect + _NORMAL * error]).tolist(),
        },
        "df": df,
        "summary": {
            "estimate": estimate.tolist(), "std_error": of.tolist(), "t_value": (estimate / of).tolist(), "df": [df] * len(names),
            "p_value": (2 * stdtr(df, -np.abs(estimate / of))).tolist(), "ci_lower": (estimate - half).tolist(),
            "ci_upper": (estimate + half).tolist(),
        },
    }  # fmt: skip
