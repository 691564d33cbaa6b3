"""Means, totals, ratios and proportions of a designed sample, of all of it or of a domain, with linearized standard errors.

Reference: Särndal, Swensson & Wretman 1992, ch. 5. Equals R survey 4.1-1 `svymean`, `svytotal`, `svyratio` and `svyby` within 1e-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.design import Design, design_of


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error; `design_effect`, its variance over that of a simple random sample of the same size drawn
    without replacement (NaN where not meaningful)."""

    value: float
    standard_error: float
    design_effect: float = float("nan")


def total(values: Floats, design: Design) -> Estimate:
    """Population total of `values` [n].

    >>> from heedful.population.survey.design import draw
    >>> found = total(np.array([1.0, 2, 6]), draw(3, np.full(3, 10.0)))
    >>> found.value, round(found.standard_error, 4)
    (90.0, 45.8258)
    """
    size = design.weights.sum()
    error = design.standard_error(values * design.weights)
    return Estimate(float(values @ design.weights), error, _effect(error / size, values, design))


def mean(values: Floats, design: Design, domain: npt.NDArray[np.bool_] | None = None) -> Estimate:
    """Population mean of `values` [n], or of those in `domain` [n].

    Errors: `SettingsError` if the domain is empty.
    """
    weights = design.weights if domain is None else design.weights * domain
    if not weights.sum() > 0:
        raise SettingsError("survey: nobody in the sample is in this domain; it has no mean.")
    value = float(values @ weights / weights.sum())
    error = design.standard_error((values - value) * weights / weights.sum())
    return Estimate(value, error, _effect(error, values, design) if domain is None else float("nan"))


def ratio(numerator: Floats, denominator: Floats, design: Design) -> Estimate:
    """Ratio of two population totals."""
    below = float(denominator @ design.weights)
    value = float(numerator @ design.weights) / below
    return Estimate(value, design.standard_error((numerator - value * denominator) * design.weights / below))


def _effect(error: float, values: Floats, design: Design) -> float:
    """Variance of the mean over that of a simple random sample."""
    drawn, size = len(values), design.weights.sum()
    if drawn < 2 or size <= drawn:
        return float("nan")
    center = values @ design.weights / size
    spread = (design.weights @ (values - center) ** 2) / size * drawn / (drawn - 1)
    simple = spread * (size - drawn) / (size * drawn)
    return float(error**2 / simple) if simple > 0 else float("nan")


def numbers(sample: pl.DataFrame, name: str) -> Floats:
    """Column `name` of a case's sample. Errors: `SchemaError` if it is absent, not numeric or has missing values."""
    if name not in sample.columns or not sample[name].dtype.is_numeric():
        raise SchemaError(f"The sample has no column of numbers {name!r}; it has {', '.join(sample.columns)}.")
    if sample[name].null_count():
        raise SchemaError(f"Column {name!r} has missing values. Leave those rows out before the design is made, or fill them.")
    return sample[name].cast(pl.Float64).to_numpy()


def means_and_totals(sample: pl.DataFrame, design: Design) -> dict[str, list[float]]:
    """For runners: mean_x, mean_x_se, total_x, total_x_se of every column of numbers without missing values."""
    answer: dict[str, list[float]] = {}
    for name in sample.columns:
        if not sample[name].dtype.is_numeric() or sample[name].null_count():
            continue
        values = numbers(sample, name)
        for kind, found in (("mean", mean(values, design)), ("total", total(values, design))):
            answer[f"{kind}_{name}"], answer[f"{kind}_{name}_se"] = [found.value], [found.standard_error]
    return answer


def _indicator(sample: pl.DataFrame, condition: str) -> Floats:
    """1 where a condition such as "smoker == Yes" holds."""
    name, equals, value = (part.strip() for part in condition.partition("=="))
    if not equals or name not in sample.columns:
        raise SettingsError(f"survey: a proportion is asked for as 'column == value', not {condition!r}.")
    return (sample[name].cast(pl.String) == value.strip("\"'")).cast(pl.Float64).to_numpy()


@method(
    Card(
        name="survey.design_estimates",
        definition="Means, totals, ratios and proportions of a stratified or clustered sample with linearized standard errors.",
        units="as the variable",
        reference="Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling, ch. 5",
        equals="R survey 4.1-1 svymean, svytotal, svyratio, svyby, within 1e-8",
        limits="Strata with one cluster are refused; rows with missing values must be left out before.",
    )
)
def run_design_estimates(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases."""
    sample = inputs["sample"]
    design = design_of(arguments, sample)
    names = list(arguments.get("variables", ()))
    means = [mean(numbers(sample, name), design) for name in names]
    totals = [total(numbers(sample, name), design) for name in names]
    answer: dict[str, Any] = {
        "mean": [found.value for found in means],
        "mean_se": [found.standard_error for found in means],
        "design_effect": [found.design_effect for found in means],
        "total": [found.value for found in totals],
        "total_se": [found.standard_error for found in totals],
        **means_and_totals(sample, design),
    }
    if arguments.get("ratio"):
        above, below = arguments["ratio"]
        found = ratio(numbers(sample, above), numbers(sample, below), design)
        answer |= {"ratio": [found.value], "ratio_se": [found.standard_error]}
    if arguments.get("proportion"):
        found = mean(_indicator(sample, arguments["proportion"]), design)
        answer |= {"proportion": [found.value], "proportion_se": [found.standard_error]}
    if arguments.get("by"):
        if not isinstance(arguments["by"], str):
            raise SettingsError("survey: estimates by domain take one column; join several into one first.")
        groups = sample[arguments["by"]]
        levels = groups.drop_nulls().unique().sort().to_list()
        values = numbers(sample, names[0])
        by = [mean(values, design, (groups == level).fill_null(value=False).to_numpy()) for level in levels]
        answer |= {"by_level": levels, "by_mean": [one.value for one in by], "by_se": [one.standard_error for one in by]}
    return answer
