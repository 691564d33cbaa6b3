"""Estimator for the marginal excursion effect (EMEE): the effect of one more message on a yes-or-no outcome, as a log relative risk.

Estimating equations with a log-linear control part, blipped down by the treated person's effect, weighted by numerator over actual
probability; sandwich standard errors clustered by person, raw and corrected by (I - H)^-1.

Reference: Qian et al. 2021, Biometrika 108:507. Equals MRTAnalysis 0.3.1 `emee`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.intervene.excursions.trial import Trial, combinations, probability_of, read_trial

Floats = NDArray[np.float64]
_STEPS, _CLOSE = 200, 1e-12


@dataclass(frozen=True)
class MarginalFit:
    """`control` and `effect` coefficients (log scale), and the covariance matrices of both together, raw and adjusted."""

    control: Floats
    effect: Floats
    covariance: Floats
    adjusted: Floats
    degrees_of_freedom: int


def marginal_excursion_effect(trial: Trial, numerator: Floats | float = 0.5) -> MarginalFit:
    """Log relative risk of the outcome (0 or 1) with treatment, as far as the moderators say.

    `numerator`: the probability that treatment is centered on, in (0, 1).

    Errors: `SettingsError` for an outcome that is not 0 or 1, no more people than terms, or equations without a solution.

    >>> rng = np.random.default_rng(0)
    >>> person, treated = np.repeat(np.arange(50), 60), rng.integers(0, 2, 3000) * 1.0
    >>> outcome = (rng.random(3000) < 0.2 * np.exp(0.7 * treated)) * 1.0
    >>> one = np.ones((3000, 1))
    >>> fit = marginal_excursion_effect(Trial(person, outcome, treated, np.full(3000, 0.5), np.ones(3000), one, one))
    >>> float(fit.effect[0].round(1))
    0.6
    """
    on = trial.available == 1
    if not np.isin(trial.outcome[on], (0, 1)).all():
        raise SettingsError("The marginal excursion effect is one on an outcome of 0 or 1.")
    z, x, treatment = trial.controls[on], trial.moderators[on], trial.treatment[on]
    q = z.shape[1]
    terms, people = q + x.shape[1], trial.people
    if people <= terms:
        raise SettingsError(f"{people} people cannot tell {terms} terms apart.")
    centered = np.broadcast_to(np.asarray(numerator, dtype=np.float64), trial.outcome.shape)[on]
    probability = trial.probability[on]
    weight = np.where(treatment == 1, centered / probability, (1 - centered) / (1 - probability))
    instrument = np.column_stack([z, x * (treatment - centered)[:, None]])
    slope = np.column_stack([z, x * treatment[:, None]])
    blip = np.column_stack([np.zeros_like(z), x * treatment[:, None]])
    outcome, person = trial.outcome[on], trial.person[on]

    def parts(theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(slope @ theta)
            moved = instrument * (np.exp(-(blip @ theta)) * weight)[:, None]
        rest = outcome - mean
        # derivative of D r: D falls with the effect, r with the mean
        derivative = -(moved * rest[:, None]).T @ blip - moved.T @ (slope * mean[:, None])
        return moved, rest, mean, derivative

    theta = _solved(parts, terms)
    moved, rest, mean, derivative = parts(theta)
    inverse = np.linalg.inv(derivative / people)
    scores, corrected = np.zeros((people, terms)), np.zeros((people, terms))
    for number in np.unique(person):
        rows = person == number
        scores[number] = moved[rows].T @ rest[rows]
        hat = -(slope[rows] * mean[rows, None]) @ inverse @ moved[rows].T / people
        corrected[number] = moved[rows].T @ np.linalg.solve(np.eye(int(rows.sum())) - hat, rest[rows])
    covariances = [inverse @ (each.T @ each / people) @ inverse.T / people for each in (scores, corrected)]
    return MarginalFit(theta[:q], theta[q:], covariances[0], covariances[1], people - terms)


def _solved(parts: Any, terms: int) -> Floats:
    """Newton steps from 0, halved while they lead away."""
    theta = np.zeros(terms)
    moved, rest, _, derivative = parts(theta)
    value = moved.T @ rest
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(derivative, value)
        except np.linalg.LinAlgError as error:
            raise SettingsError(f"The estimating equations are singular ({error}); are the terms collinear?") from error
        scale = 1.0
        while scale > 1e-8:
            moved, rest, _, derivative = parts(theta - scale * step)
            after = moved.T @ rest
            if np.isfinite(after).all() and np.linalg.norm(after) <= np.linalg.norm(value):
                break
            scale /= 2
        theta, value = theta - scale * step, after
        if np.abs(scale * step).max() < _CLOSE * (1 + np.abs(theta).max()):
            return theta
    raise SettingsError("The estimating equations have no solution within reach; are there events among treated and untreated?")


_ARGUMENTS = {
    "id", "outcome", "treatment", "randomisation_probability", "availability", "numerator_probability", "confidence_level", "moderators",
    "controls", "linear_combinations",
}  # fmt: skip


@method(Card(
    name="experiments.estimator_marginal_excursion_effect",
    definition="Causal excursion effect on a binary proximal outcome, as a log relative risk.",
    units="1",
    reference="Qian et al. 2021, Biometrika 108:507",
    equals="MRTAnalysis 0.3.1 emee, to 1e-6",
    limits="Needs known randomization probabilities and outcomes that are not nearly always 1 (a log-linear mean may pass 1).",
))  # fmt: skip
def run_marginal_excursion_effect(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; intervals are t ones with the adjusted standard errors."""
    check_arguments("experiments.estimator_marginal_excursion_effect", arguments, _ARGUMENTS)
    trial = read_trial(arguments, inputs["data"])
    numerator = arguments.get("numerator_probability")
    fit = marginal_excursion_effect(trial, probability_of(0.5 if numerator is None else numerator, inputs["data"]))
    names, rows = combinations(arguments, ["(Intercept)", *arguments.get("moderators", [])])
    q = len(fit.control)
    raw, adjusted = (np.sqrt(np.diag(covariance)) for covariance in (fit.covariance, fit.adjusted))
    estimate = rows @ fit.effect
    error = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.adjusted[q:, q:], rows))
    df = fit.degrees_of_freedom
    half = float(stdtrit(df, (1 + float(arguments.get("confidence_level", 0.95))) / 2)) * error
    return {
        "terms": names, "estimate": estimate.tolist(), "ci_lower": (estimate - half).tolist(), "ci_upper": (estimate + half).tolist(),
        "std_error": error.tolist(), "t_value": (estimate / error).tolist(), "df": [df] * len(names),
        "p_value": (2 * stdtr(df, -np.abs(estimate / error))).tolist(), "df.1": [df],
        "fit": {
            "beta_hat": fit.effect.tolist(), "alpha_hat": fit.control.tolist(), "beta_se": raw[q:].tolist(), "alpha_se": raw[:q].tolist(),
            "beta_se_adjusted": adjusted[q:].tolist(), "alpha_se_adjusted": adjusted[:q].tolist(),
        },
    }  # fmt: skip
