"""How far a risk model's probabilities can be trusted: calibration, discrimination and net benefit of acting on them.

References: Cox 1958, Biometrika 45:562 (calibration slope); Steyerberg et al. 2010, Epidemiology 21:128; Vickers & Elkin 2006, Med Decis
Making 26:565 (net benefit). Equals statsmodels 0.15 `Logit`, scikit-learn 1.9.1 and dcurves 1.1.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
Bins = Literal["quantile", "uniform"]
_NEWTON_STEPS, _CLOSE = 50, 1e-12


@dataclass(frozen=True)
class Calibration:
    """`in_the_large`: intercept given slope 1 (0 is right); `slope` (1 is right; below 1 the model is overconfident) with its own
    `intercept`; standard errors; observed over expected events."""

    in_the_large: float
    in_the_large_error: float
    slope: float
    slope_error: float
    intercept: float
    observed_expected: float


def calibration(outcome: ArrayLike, predicted: ArrayLike) -> Calibration:
    """Logistic calibration of `predicted` probabilities (strictly between 0 and 1) by what happened (0 or 1).

    Errors: `SettingsError` for missing values, other outcomes, probabilities of 0 or 1, or outcomes all alike.

    >>> found = calibration([0, 0, 0, 1, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9])
    >>> round(found.in_the_large, 3), round(found.slope, 3), round(found.observed_expected, 3)
    (0.138, 2.781, 1.053)
    """
    happened, risk = checked(outcome, predicted)
    if not ((risk > 0) & (risk < 1)).all():
        raise SettingsError("calibration: a probability of 0 or 1 has no logit; keep predictions strictly between them.")
    odds = logit(risk)
    ones = np.ones((len(risk), 1))
    level, of_level = _logistic(ones, happened, odds)
    both, of_both = _logistic(np.column_stack([ones, odds]), happened, np.zeros(len(risk)))
    return Calibration(
        float(level[0]), float(np.sqrt(of_level[0, 0])), float(both[1]), float(np.sqrt(of_both[1, 1])), float(both[0]),
        float(happened.mean() / risk.mean()),
    )  # fmt: skip


def net_benefit(outcome: ArrayLike, predicted: ArrayLike, thresholds: ArrayLike) -> tuple[Floats, Floats]:
    """Net benefit a person of acting on a risk at or above each threshold, and of acting on everybody. Acting on nobody is 0.

    >>> model, everybody = net_benefit([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.2, 0.5])
    >>> model.round(4).tolist(), everybody.round(4).tolist()
    ([0.4375, 0.25], [0.375, 0.0])
    """
    happened, risk = checked(outcome, predicted)
    at = np.asarray(thresholds, dtype=np.float64)
    if not ((at >= 0) & (at < 1)).all():
        raise SettingsError(f"net_benefit: thresholds are probabilities of at least 0 and below 1, not {at.tolist()}.")
    acted = risk[None, :] >= at[:, None]
    odds = at / (1 - at)
    model = (acted * happened).mean(axis=1) - (acted * (1 - happened)).mean(axis=1) * odds
    return model, happened.mean() - (1 - happened.mean()) * odds


def roc_area(outcome: ArrayLike, predicted: ArrayLike) -> float:
    """Probability that a person with the outcome has the higher prediction; ties count half. NaN if one kind is missing.

    >>> roc_area([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    happened, risk = checked(outcome, predicted)
    with_it = happened.sum()
    without = len(happened) - with_it
    if not with_it or not without:
        return float("nan")
    _, place, count = np.unique(risk, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[happened == 1].sum() - with_it * (with_it + 1) / 2) / (with_it * without))


def average_precision(outcome: ArrayLike, predicted: ArrayLike) -> float:
    """Mean precision over the recall gained at each distinct prediction, from the highest down.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    happened, risk = checked(outcome, predicted)
    order = np.argsort(-risk, kind="stable")
    hits = np.cumsum(happened[order])
    last = np.append(np.flatnonzero(np.diff(risk[order])), len(risk) - 1)
    recall = hits[last] / hits[-1] if hits[-1] else np.full(len(last), np.nan)
    return float((np.diff(np.concatenate([[0.0], recall])) * hits[last] / (last + 1)).sum())


def calibration_curve(outcome: ArrayLike, predicted: ArrayLike, bins: int = 10, strategy: Bins = "quantile") -> tuple[Floats, Floats]:
    """Share with the outcome and mean prediction in each bin that holds anybody; bins of equal size or of equal width.

    >>> seen, told = calibration_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], bins=2)
    >>> seen.tolist(), told.round(3).tolist()
    ([0.5, 0.5], [0.225, 0.6])
    """
    happened, risk = checked(outcome, predicted)
    if bins < 1 or strategy not in ("quantile", "uniform"):
        raise SettingsError(f"calibration_curve: at least 1 bin, the strategy quantile or uniform, not {bins} and {strategy!r}.")
    grid = np.linspace(0, 1, bins + 1)
    edges = np.percentile(risk, grid * 100) if strategy == "quantile" else grid
    place = np.searchsorted(edges[1:-1], risk)
    count = np.bincount(place, minlength=bins)
    held = count > 0
    seen, told = (np.bincount(place, weights=values, minlength=bins)[held] / count[held] for values in (happened, risk))
    return seen, told


def checked(outcome: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    """Both as arrays; `SettingsError` unless outcomes are 0 or 1 and predictions lie in [0, 1]."""
    happened, risk = np.asarray(outcome, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if happened.shape != risk.shape or happened.ndim != 1 or happened.size == 0:
        raise SettingsError(f"One outcome and one prediction for each person are needed, not {happened.shape} and {risk.shape}.")
    if not np.isin(happened, (0, 1)).all() or not ((risk >= 0) & (risk <= 1)).all():
        raise SettingsError("Outcomes are 0 or 1 and predictions probabilities, none missing; leave other people out.")
    return happened, risk


def _logistic(design: Floats, happened: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Coefficients and covariance matrix by Newton steps."""
    beta = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        mean = expit(design @ beta + offset)
        information = (design * (mean * (1 - mean))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (happened - mean))
        except np.linalg.LinAlgError as error:
            raise SettingsError(f"calibration: the logistic fit breaks down ({error}); are all outcomes or predictions alike?") from error
        beta = beta + step
        if np.abs(step).max() < _CLOSE * (1 + np.abs(beta).max()):
            return beta, np.asarray(np.linalg.inv(information), dtype=np.float64)
    raise SettingsError("calibration: the logistic fit does not converge; do the predictions separate the outcomes?")


_ARGUMENTS = {"outcome", "predicted", "group", "thresholds", "bins", "bin_strategy"}


@method(Card(
    name="risk.calibration_and_net_benefit",
    definition="Calibration in the large and slope, observed over expected, Brier score, areas, calibration curve, net benefit; by group.",
    units="1; net benefit in true positives a person",
    reference="Cox 1958, Biometrika 45:562; Vickers & Elkin 2006, Med Decis Making 26:565",
    equals="statsmodels 0.15.0 Logit, scikit-learn 1.9.1, dcurves 1.1.7, to 1e-6",
    limits="Says nothing of people unlike those tested; net benefit takes the threshold as the true exchange of harm and good.",
))  # fmt: skip
def run_calibration_and_net_benefit(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("risk.calibration_and_net_benefit", arguments, _ARGUMENTS)
    data = inputs["data"]
    outcome, risk = numbers(data, str(arguments["outcome"])), numbers(data, str(arguments["predicted"]))
    found = calibration(outcome, risk)
    seen, told = calibration_curve(outcome, risk, int(arguments.get("bins", 10)), arguments.get("bin_strategy", "quantile"))
    model, everybody = net_benefit(outcome, risk, arguments.get("thresholds", []))
    answer: dict[str, Any] = {
        "calibration_intercept_in_the_large": found.in_the_large, "calibration_intercept_std_error": found.in_the_large_error,
        "calibration_slope": found.slope, "calibration_slope_std_error": found.slope_error,
        "calibration_intercept_with_slope": found.intercept, "observed_expected_ratio": found.observed_expected,
        "brier": float(((risk - outcome) ** 2).mean()), "roc_auc": roc_area(outcome, risk),
        "average_precision": average_precision(outcome, risk), "decile_observed": seen.tolist(), "decile_predicted": told.tolist(),
        "net_benefit": model.tolist(), "net_benefit_treat_all": everybody.tolist(), "net_benefit_treat_none": [0.0] * len(model),
    }  # fmt: skip
    if arguments.get("group") is not None:
        name = str(arguments["group"])
        if name not in data.columns:
            raise SchemaError(f"The input has no column '{name}'; it has {', '.join(data.columns)}.")
        members = [(data[name] == value).to_numpy() for value in data[name].unique().sort()]
        answer["roc_auc_by_group"] = [roc_area(outcome[chosen], risk[chosen]) for chosen in members]
        answer["observed_expected_by_group"] = [float(outcome[chosen].mean() / risk[chosen].mean()) for chosen in members]
    return answer
