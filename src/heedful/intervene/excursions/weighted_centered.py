"""Weighted and centered least squares: the effect of one more message on a continuous outcome soon after, averaged over histories.

Least squares on controls and moderators times (treatment - numerator probability), weighted by numerator over actual probability. Errors
are clustered by person; with 50 people or fewer each person's residuals are corrected by (I - H)^-1 (Mancl & DeRouen).

Reference: Boruvka et al. 2018, JASA 113:1112; Liao et al. 2016, Stat Med 35:1944; Mancl & DeRouen 2001, Biometrics 57:126. Equals
MRTAnalysis 0.3.1 `wcls`, except for its rows of linear combinations, whose degrees of freedom it counts wrongly (a contrast of one row has
df1 = 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtrit

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.intervene.excursions.trial import Trial, combinations, probability_of, read_trial

Floats = NDArray[np.float64]
FEW_PEOPLE = 50


@dataclass(frozen=True)
class ExcursionFit:
    """`control` coefficients, `effect` coefficients (unit of the outcome) with their `covariance`, degrees of freedom."""

    control: Floats
    effect: Floats
    covariance: Floats
    degrees_of_freedom: int


def weighted_centered_least_squares(trial: Trial, numerator: Floats | float) -> ExcursionFit:
    """Fit the effect of treatment, as far as the moderators say.

    `numerator`: the probability that treatment is centered on, one number or one a row, in (0, 1); it may depend on the moderators only.

    Errors: `SettingsError` for a numerator outside (0, 1), collinear terms, or no more people than terms.

    >>> rng = np.random.default_rng(0)
    >>> person, treated = np.repeat(np.arange(30), 40), rng.integers(0, 2, 1200) * 1.0
    >>> one = np.ones((1200, 1))
    >>> trial = Trial(person, 3 + 2 * treated + rng.normal(size=1200), treated, np.full(1200, 0.5), np.ones(1200), one, one)
    >>> float(weighted_centered_least_squares(trial, 0.5).effect[0].round(1))
    2.0
    """
    centered = np.broadcast_to(np.asarray(numerator, dtype=np.float64), trial.outcome.shape)
    on = trial.available == 1
    if not ((centered[on] > 0) & (centered[on] < 1)).all():
        raise SettingsError("The numerator probability lies between 0 and 1, neither included.")
    person = np.unique(trial.person[on], return_inverse=True)[1]
    treatment, probability, centered = trial.treatment[on], trial.probability[on], centered[on]
    weight = np.where(treatment == 1, centered / probability, (1 - centered) / (1 - probability))
    design = np.column_stack([trial.controls[on], trial.moderators[on] * (treatment - centered)[:, None]])
    people, terms = int(person.max()) + 1, design.shape[1]
    if people <= terms or np.linalg.matrix_rank(design) < terms:
        raise SettingsError(f"{people} people cannot tell {terms} terms apart; are the terms collinear, or the people too few?")
    bread = np.asarray(np.linalg.inv((design * weight[:, None]).T @ design), dtype=np.float64)
    estimate = bread @ (design * weight[:, None]).T @ trial.outcome[on]
    rest = trial.outcome[on] - design @ estimate
    if people <= FEW_PEOPLE:
        rest = _corrected(rest, design, weight, bread, person)
    scores = np.zeros((people, terms))
    np.add.at(scores, person, design * (weight * rest)[:, None])
    covariance = bread @ (scores.T @ scores) @ bread
    controls = trial.controls.shape[1]
    return ExcursionFit(
        np.asarray(estimate[:controls]), np.asarray(estimate[controls:]), np.asarray(covariance[controls:, controls:]), people - terms
    )


def _corrected(rest: Floats, design: Floats, weight: Floats, bread: Floats, person: NDArray[np.intp]) -> Floats:
    """Residuals of each person times (I - H)^-1, solved in the few terms: (I - XBX'W)^-1 = I + XB(I - X'WXB)^-1 X'W."""
    out = rest.copy()
    for number in range(int(person.max()) + 1):
        rows = person == number
        x, weighted = design[rows], design[rows] * weight[rows, None]
        inner = np.linalg.solve(np.eye(x.shape[1]) - weighted.T @ x @ bread, weighted.T @ rest[rows])
        out[rows] = rest[rows] + x @ bread @ inner
    return out


_ARGUMENTS = {
    "id", "outcome", "treatment", "availability", "numerator_probability", "confidence_level", "small_sample_correction",
    "randomisation_probability", "moderators", "controls", "linear_combinations",
}  # fmt: skip
_CORRECTION = "mancl_derouen_hotelling_if_clusters_le_50"


@method(Card(
    name="experiments.weighted_centered_least_squares",
    definition="Causal excursion effect on a continuous proximal outcome, by weighted and centered least squares.",
    units="unit of the outcome",
    reference="Boruvka et al. 2018, JASA 113:1112",
    equals="MRTAnalysis 0.3.1 wcls, to 1e-7; linear combinations with df1 = 1",
    limits="Needs known randomization probabilities; an effect of now, given the past as it was in this trial.",
))  # fmt: skip
def run_weighted_centered_least_squares(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; statistics are squared, as the peer reports them."""
    check_arguments("experiments.weighted_centered_least_squares", arguments, _ARGUMENTS)
    if arguments.get("small_sample_correction", _CORRECTION) != _CORRECTION:
        raise SettingsError(
            f"wcls: the small-sample correction is {_CORRECTION!r}; {arguments['small_sample_correction']!r} is not offered."
        )
    trial = read_trial(arguments, inputs["data"])
    fit = weighted_centered_least_squares(trial, probability_of(arguments.get("numerator_probability", 0.5), inputs["data"]))
    names, rows = combinations(arguments, ["(Intercept)", *arguments.get("moderators", [])])
    estimate = rows @ fit.effect
    error = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    half = float(stdtrit(fit.degrees_of_freedom, (1 + float(arguments.get("confidence_level", 0.95))) / 2)) * error
    statistic = (estimate / error) ** 2
    return {
        "terms": names, "estimate": estimate.tolist(), "ci_lower": (estimate - half).tolist(), "ci_upper": (estimate + half).tolist(),
        "std_error": error.tolist(), "statistic": statistic.tolist(), "df1": [1] * len(names),
        "df2": [fit.degrees_of_freedom] * len(names), "p_value": fdtrc(1, fit.degrees_of_freedom, statistic).tolist(),
        "control": fit.control.tolist(),
    }  # fmt: skip
