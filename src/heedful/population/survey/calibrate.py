"""Calibration: weights as near as possible to those of the design that reproduce known totals exactly.

The distance from the design weight is quadratic (linear, the regression estimator), that of raking (weights stay above 0), or logit
(the factor stays between two bounds). The standard error is that of what a regression on the calibration variables leaves.

Reference: Deville & Särndal 1992, J Am Stat Assoc 87:376-382. Equals R survey 4.1-1 `calibrate` within 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.design import Design, Residual, design_of
from heedful.population.survey.estimates import means_and_totals

Distance = Literal["linear", "raking", "logit"]
MOST_STEPS = 50
_RESCALE_BEYOND = 20.0
"""Where the population is more than so many times the weighted sample, R scales all weights up first."""


def calibrate(
    design: Design,
    variables: Floats,
    totals: Floats,
    distance: Distance = "linear",
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-7,
) -> Design:
    """The design with calibrated weights.

    Parameters
    ----------
    variables: [n, totals], a column of ones among them (or spanned by them) to keep the population's size.
    totals: what each column sums to in the population.
    bounds: least and largest factor of a weight; needed for logit, below and above 1.
    tolerance: of each total, relative to 1 + its size.

    Errors: `SettingsError` if lengths differ, bounds do not fit, or the totals cannot be met.

    >>> from heedful.population.survey.design import draw
    >>> design = draw(4, np.full(4, 5.0))
    >>> calibrate(design, np.array([[1.0, 0], [1, 0], [1, 0], [1, 1]]), np.array([20.0, 8])).weights.round(6).tolist()
    [4.0, 4.0, 4.0, 8.0]
    """
    if distance not in get_args(Distance):
        raise SettingsError(f"calibrate: the distance is {', '.join(get_args(Distance))}, not {distance!r}.")
    if variables.shape != (len(design.weights), len(totals)):
        raise SettingsError(f"calibrate: {variables.shape} variables for {len(design.weights)} rows and {len(totals)} totals.")
    if distance == "logit" and (bounds is None or not 0 <= bounds[0] < 1 < bounds[1] < np.inf):
        raise SettingsError(f"calibrate: logit keeps factors between bounds, one below and one above 1; given is {bounds}.")
    absent = ~variables.any(axis=0) & (totals == 0)
    variables, totals = variables[:, ~absent], totals[~absent]
    factor = _factors(design.weights, variables, totals, distance, bounds or (-np.inf, np.inf), tolerance)
    return design.adjusted(design.weights * factor, _left_by_regression(variables, design.weights, factor))


def _factors(
    weights: Floats, variables: Floats, totals: Floats, distance: Distance, bounds: tuple[float, float], tolerance: float
) -> Floats:
    """Newton's method for the multipliers of the totals."""
    sums = weights @ variables
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = totals / sums
    scale = float(growth.mean()) if distance != "linear" and np.nanmin(growth) > _RESCALE_BEYOND else 1.0
    weights, sums = weights * scale, sums * scale
    multipliers = np.zeros(len(totals))
    u = variables @ multipliers
    for _step in range(MOST_STEPS):
        factor, slope = _of(distance, u, bounds)
        matrix = (variables * (weights * slope)[:, None]).T @ variables
        change = np.linalg.pinv(matrix, rcond=256 * np.finfo(np.float64).eps) @ (totals - (weights * factor) @ variables)
        for _halving in range(MOST_STEPS):
            multipliers = multipliers + change
            u = variables @ multipliers
            factor, slope = _of(distance, u, bounds)
            if np.isfinite(factor).all() and np.isfinite(slope).all():
                break
            multipliers, change = multipliers - change, change / 2
        misfit = np.abs(totals - (weights * factor) @ variables) / (1 + np.abs(totals))
        if (misfit < tolerance).all():
            return factor * scale
    raise SettingsError(
        f"calibrate: the totals are not met in {MOST_STEPS} steps; the worst is off by {misfit.max():.2g} of itself. The sample may have "
        "nobody to stand for a group, or the bounds are too narrow: widen them, or join groups."
    )


def _of(distance: Distance, u: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """Factor of the weight and its derivative at the linear predictor u."""
    low, high = bounds
    with np.errstate(over="ignore", invalid="ignore"):
        if distance == "logit":
            a = (high - low) / ((high - 1) * (1 - low))
            grown = np.exp(a * u)
            below = high - 1 + (1 - low) * grown
            factor = (low * (high - 1) + high * (1 - low) * grown) / below
            return factor, (1 - low) * a * grown * (high - factor) / below
        factor = u + 1 if distance == "linear" else np.exp(u)
        inside = (u < high - 1) & (u > low - 1)
        slope = np.ones(len(u)) if distance == "linear" else factor
        return np.clip(factor, low, high), np.where(inside, slope, 0.0)


def _left_by_regression(variables: Floats, weights: Floats, factor: Floats) -> Residual:
    basis, _ = np.linalg.qr(_independent(variables * np.sqrt(weights)[:, None]))
    scale = (factor * np.sqrt(weights))[:, None]

    def residual(influence: Floats) -> Floats:
        plain = influence / scale
        return (plain - basis @ (basis.T @ plain)) * scale

    return residual


def _independent(columns: Floats) -> Floats:
    """Columns that the ones before do not already span."""
    kept: list[int] = []
    for place in range(columns.shape[1]):
        if np.linalg.matrix_rank(columns[:, [*kept, place]]) > len(kept):
            kept.append(place)
    return columns[:, kept]


def trim_weights(weights: Floats, lower: float, upper: float, *, strict: bool = False) -> Floats:
    """Weights cut to [lower, upper], what was cut off shared out equally among the others; `strict` repeats until none is outside.

    Equals R survey 4.1-1 `trimWeights`. Errors: `SettingsError` if all weights are outside, or strict bounds cannot be kept.

    >>> trim_weights(np.array([1.0, 2, 9]), 0, 6).tolist()
    [2.5, 3.5, 6.0]
    """
    for _round in range(len(weights) + 1):
        outside = (weights < lower) | (weights > upper)
        if not outside.any():
            return weights
        if outside.all():
            raise SettingsError(f"trim_weights: no weight lies between {lower} and {upper}, so nobody can take over what is cut off.")
        cut = np.clip(weights, lower, upper)
        spare = (weights - cut).sum()
        weights = np.where(outside, cut, cut + spare / (~outside).sum())
        if not strict:
            return weights
    raise SettingsError(f"trim_weights: weights of mean {weights.mean():.3g} cannot all be kept between {lower} and {upper}. Widen them.")


def model_matrix(sample: pl.DataFrame, terms: Sequence[str]) -> tuple[list[str], Floats]:
    """Columns as R's model.matrix makes them: numbers as they are, texts as an indicator a level, without the first level if there is an
    intercept (or an earlier text).

    Errors: `SchemaError` for a column that is absent or has missing values; `SettingsError` for a term that is not a column.

    >>> model_matrix(pl.DataFrame({"sex": ["m", "f", "f"]}), ["intercept", "sex"])[0]
    ['(Intercept)', 'sexm']
    """
    names: list[str] = []
    columns: list[Floats] = []
    full = "intercept" not in terms and "(Intercept)" not in terms
    for term in terms:
        if term in ("intercept", "(Intercept)"):
            names.append("(Intercept)")
            columns.append(np.ones(sample.height))
            continue
        if term not in sample.columns:
            raise SettingsError(f"calibrate: {term!r} is not a column; terms are columns or 'intercept', without interactions.")
        column = sample[term]
        if column.null_count():
            raise SchemaError(f"Column {term!r} has missing values. Fill them, or leave the rows out.")
        if column.dtype.is_numeric():
            names.append(term)
            columns.append(column.cast(pl.Float64).to_numpy())
            continue
        levels = column.cast(pl.String).unique().sort().to_list()
        for level in levels if full else levels[1:]:
            names.append(f"{term}{level}")
            columns.append((column.cast(pl.String) == level).cast(pl.Float64).to_numpy())
        full = False
    return names, np.column_stack(columns)


def named_totals(names: Sequence[str], totals: Mapping[str, float]) -> Floats:
    """Totals in the order of the columns. Errors: `SettingsError` for one that is missing."""
    lacking = [name for name in names if name not in totals]
    if lacking:
        raise SettingsError(f"calibrate: no total is given for {', '.join(lacking)}; there are totals for {', '.join(totals)}.")
    return np.array([float(totals[name]) for name in names])


@method(
    Card(
        name="survey.calibrate",
        definition="Weights nearest to the design's that reproduce known population totals; estimates with the standard errors they leave.",
        units="1",
        reference="Deville & Särndal 1992, J Am Stat Assoc 87:376-382",
        equals="R survey 4.1-1 calibrate (linear, raking, logit), within 1e-6",
        limits="Linear weights can be negative; totals are taken as known without error.",
    )
)
def run_calibrate(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights, and mean and total of every column of numbers."""
    sample = inputs["sample"]
    names, variables = model_matrix(sample, arguments["formula"])
    extra = [name for name in arguments["totals"] if name not in names]
    if extra:
        raise SettingsError(f"calibrate: totals for {', '.join(extra)}, which the terms do not have; they have {', '.join(names)}.")
    bounds = arguments.get("bounds")
    design = calibrate(
        design_of(arguments, sample),
        variables,
        named_totals(names, arguments["totals"]),
        arguments.get("distance", "linear"),
        (float(bounds[0]), float(bounds[1])) if bounds is not None else None,
        float(arguments.get("epsilon", 1e-7)),
    )
    return {"weights": design.weights.tolist(), **means_and_totals(sample, design)}
