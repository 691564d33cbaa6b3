"""Covariate balancing propensity score (CBPS): a logistic model of who is treated, or who posts, chosen so that its weights balance.

Just-identified, the inverse-probability weights of the two groups balance every covariate exactly. Over-identified, balance and the
likelihood of the logistic model are weighed against each other (two-step generalized method of moments); J says how badly both fit.

Reference: Imai & Ratkovic 2014, J R Stat Soc B 76:243-263. Follows R CBPS 0.24 `CBPS(ATT = 0)`, method "exact" and "over".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from scipy.special import expit

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.calibrate import model_matrix

Identified = Literal["exact", "over"]
MOST_STEPS = 200
_SMALLEST = 1e-6
"""Probabilities are kept so far from 0 and 1."""


@dataclass(frozen=True)
class Propensity:
    """`coefficients` on the scale of the variables; `probability` of treatment and `weights` [n], which sum to 1 in each group;
    `j`, n times the weighted squares of what the moments miss (0 where all are met)."""

    coefficients: Floats
    probability: Floats
    weights: Floats
    j: float


def balancing_propensity(treated: Floats, variables: Floats, identified: Identified = "over") -> Propensity:
    """Fit the score for the average effect over all.

    Parameters
    ----------
    treated: [n] 0 or 1. variables: [n, covariates], a column of ones first.

    Errors: `SettingsError` if a group is empty, variables depend on each other, or the groups do not overlap.

    >>> treated = np.array([1.0, 1, 0, 0, 0, 1])
    >>> fitted = balancing_propensity(treated, np.column_stack([np.ones(6), [1.0, 2, 1, 2, 3, 3]]), "exact")
    >>> fitted.probability.round(3).tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    """
    if identified not in get_args(Identified):
        raise SettingsError(f"balancing_propensity: identified is {' or '.join(get_args(Identified))}, not {identified!r}.")
    if not np.isin(treated, (0.0, 1.0)).all() or treated.min() == treated.max():
        raise SettingsError("balancing_propensity: treated must be 0 and 1, and both must occur.")
    basis, triangle = np.linalg.qr(variables)
    if np.abs(np.diag(triangle)).min() < 1e-9 * np.abs(np.diag(triangle)).max():
        raise SettingsError("balancing_propensity: a variable follows from the others. Leave it out.")
    basis = basis * np.sqrt(len(treated))
    likely = _newton(treated, basis, _likelihood)
    balanced = _newton(treated, basis, _balance)
    point, inverse = balanced, None
    if identified == "over":
        point, inverse = _over_identified(treated, basis, likely, balanced)
    probability = _probability(basis, point)
    weights = np.where(treated == 1, 1 / probability, 1 / (1 - probability))
    for group in (0, 1):
        weights[treated == group] /= weights[treated == group].sum()
    j = 0.0 if inverse is None else _loss(point, treated, basis, inverse)
    return Propensity(np.linalg.solve(triangle, point) * np.sqrt(len(treated)), probability, weights, j)


def _probability(basis: Floats, point: Floats) -> Floats:
    return np.clip(expit(basis @ point), _SMALLEST, 1 - _SMALLEST)


def _likelihood(treated: Floats, odds: Floats) -> tuple[float, Floats, Floats]:
    """Value, slope and curvature by the log odds."""
    p = expit(odds)
    return float((treated * odds - np.logaddexp(0, odds)).sum()), treated - p, p * (1 - p)


def _balance(treated: Floats, odds: Floats) -> tuple[float, Floats, Floats]:
    """A concave function whose slope is the signed inverse-probability weight: where it is flat, all variables balance."""
    with np.errstate(over="ignore"):
        up, down = treated * np.exp(-odds), (1 - treated) * np.exp(odds)
    sign = 2 * treated - 1
    return float((sign * odds - up - down).sum()), sign + up - down, up + down


def _newton(treated: Floats, basis: Floats, what: Any) -> Floats:
    point = np.zeros(basis.shape[1])
    value, slope, curvature = what(treated, basis @ point)
    for _step in range(MOST_STEPS):
        change = np.linalg.solve((basis * curvature[:, None]).T @ basis, basis.T @ slope)
        for _halving in range(60):
            ahead = what(treated, basis @ (point + change))
            if ahead[0] >= value - 1e-12 * abs(value):
                break
            change = change / 2
        point, (value, slope, curvature) = point + change, ahead
        if np.abs(change).max() < 1e-10:
            return point
        if np.abs(basis @ point).max() > 40:
            break
    raise SettingsError("balancing_propensity: the groups do not overlap, so no weights can balance them. Leave out what separates them.")


def _moments(point: Floats, treated: Floats, basis: Floats) -> tuple[Floats, Floats]:
    """Mean of score and of imbalance, and the probability."""
    p = _probability(basis, point)
    return np.concatenate([basis.T @ (treated - p), basis.T @ (1 / (p - 1 + treated))]) / len(treated), p


def _inverse_covariance(point: Floats, treated: Floats, basis: Floats) -> Floats:
    _, p = _moments(point, treated, basis)
    spread = p * (1 - p)
    cross = basis.T @ basis
    upper, lower = (basis * spread[:, None]).T @ basis, (basis / spread[:, None]).T @ basis
    return np.asarray(np.linalg.pinv(np.block([[upper, cross], [cross, lower]]) / len(treated)), dtype=np.float64)


def _loss(point: Floats, treated: Floats, basis: Floats, inverse: Floats) -> float:
    moments, _ = _moments(point, treated, basis)
    return float(len(treated) * moments @ inverse @ moments)


def _over_identified(treated: Floats, basis: Floats, likely: Floats, balanced: Floats) -> tuple[Floats, Floats]:
    """The weights of the moments come from the logistic fit, shrunk or stretched to where its own moments fit best."""
    from scipy.optimize import minimize, minimize_scalar  # 16 MB and slow to load: only where one is fitted

    def own(scale: float) -> float:
        return _loss(likely * scale, treated, basis, _inverse_covariance(likely * scale, treated, basis))

    scale: Any = minimize_scalar(own, bounds=(0.8, 1.1), method="bounded")
    first = likely * scale.x
    inverse = _inverse_covariance(first, treated, basis)

    def slope(point: Floats, *_: Any) -> Floats:
        moments, p = _moments(point, treated, basis)
        by_score = -(basis * (p * (1 - p))[:, None]).T @ basis
        by_balance = -(basis * ((treated - p) ** 2 / (p * (1 - p)))[:, None]).T @ basis
        return 2 * np.hstack([by_score, by_balance]) @ inverse @ moments

    found = [minimize(_loss, start, (treated, basis, inverse), "BFGS", jac=slope, options={"gtol": 1e-8}) for start in (first, balanced)]
    return min(found, key=lambda one: float(one.fun)).x, inverse


def _columns(arguments: Mapping[str, Any], sample: pl.DataFrame) -> tuple[str, list[str]]:
    """Treatment and covariates: `treatment` and `covariates`, or a formula "treatment ~ a + b"."""
    if "formula" in arguments:
        left, _, right = str(arguments["formula"]).partition("~")
        return left.strip(), [term.strip() for term in right.split("+")]
    if "treatment" not in arguments:
        raise SettingsError("covariate_balancing_propensity: name the treatment and the covariates, or give a formula.")
    treatment = str(arguments["treatment"])
    return treatment, list(arguments.get("covariates", [name for name in sample.columns if name != treatment]))


@method(
    Card(
        name="weighting.covariate_balancing_propensity",
        definition="Propensity scores whose inverse-probability weights balance the covariates of the two groups.",
        units="1",
        reference="Imai & Ratkovic 2014, J R Stat Soc B 76:243-263",
        equals="follows R CBPS 0.24 (ATT = 0), not compared with it",
        limits="Average effect over all only; balances means, not distributions; needs groups that overlap.",
    )
)
def run_covariate_balancing_propensity(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner: coefficients, scores, weights and J under both identifications."""
    if str(arguments.get("estimand", "ATE")).upper() != "ATE" or arguments.get("ATT", 0):
        raise SettingsError("covariate_balancing_propensity: the estimand is ATE.")
    sample = inputs["sample"] if "sample" in inputs else next(iter(inputs.values()))
    treatment, covariates = _columns(arguments, sample)
    if treatment not in sample.columns:
        raise SchemaError(f"The sample has no column {treatment!r}; it has {', '.join(sample.columns)}.")
    names, variables = model_matrix(sample, ["intercept", *covariates])
    treated = sample[treatment].cast(pl.Float64).to_numpy()
    answer: dict[str, Any] = {}
    identifications: dict[str, Identified] = {"just_identified": "exact", "over_identified": "over"}
    for name, identified in identifications.items():
        found = balancing_propensity(treated, variables, identified)
        answer[name] = {
            "coefficients": dict(zip(names, found.coefficients.tolist(), strict=True)),
            "fitted": found.probability.tolist(),
            "weights": found.weights.tolist(),
            "J": found.j,
        }
    return answer
