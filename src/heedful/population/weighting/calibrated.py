"""Several calibrations of one sample side by side, cut to bounds where asked, each with the standard error it leaves.

The methods are those of `heedful.population.survey`: `calibrate` and `trim_weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.survey.calibrate import calibrate, model_matrix, named_totals, trim_weights
from heedful.population.survey.design import Design, design_of
from heedful.population.survey.estimates import mean, numbers


@method(
    Card(
        name="weighting.calibrate",
        definition="Weights calibrated to population totals under several distances, and trimmed with what was cut shared out again.",
        units="1",
        reference="Deville & Särndal 1992, J Am Stat Assoc 87:376-382",
        equals="R survey 4.1-1 calibrate and trimWeights, within 1e-5",
        limits="Trimmed weights no longer meet the totals.",
    )
)
def run_calibrate(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights of every variant, with mean and standard error of `mean_of`."""
    sample = inputs["sample"]
    design = design_of(_named_design(arguments, sample), sample)
    made: dict[str, Design] = {}
    answer: dict[str, Any] = {}
    for name, variant in arguments["variants"].items():
        if isinstance(variant, Mapping) and "of" in variant:
            whole = made[variant["of"]]
            low, high = float(variant.get("lower", -np.inf)), float(variant.get("upper", np.inf))
            made[name] = replace(whole, weights=trim_weights(whole.weights, low, high, strict=name != "trim_once"))
            answer["trim_once"] = {"weights": trim_weights(whole.weights, low, high).tolist()}
        else:
            made[name] = _calibrated(name, variant, design, sample, arguments["totals"])
        found = mean(numbers(sample, arguments["mean_of"]), made[name])
        answer[name] = {"weights": made[name].weights.tolist(), "stat": {"mean": found.value, "se": found.standard_error}}
    return answer


def _calibrated(name: str, variant: Any, design: Design, sample: pl.DataFrame, totals: Mapping[str, float]) -> Design:
    """A variant is a list of terms, or an object with `terms`, `bounds` and `distance`; else its name says which distance."""
    given = variant if isinstance(variant, Mapping) else {"terms": variant}
    distance = given.get("distance", name.partition("_")[0])
    if distance not in ("linear", "raking", "logit"):
        raise SettingsError(f"weighting.calibrate: variant {name!r} does not say its distance: linear, raking or logit.")
    terms = list(given["terms"])
    names, variables = model_matrix(sample, terms if "intercept" in terms else ["intercept", *terms])
    bounds = given.get("bounds")
    return calibrate(
        design, variables, named_totals(names, totals), distance, (float(bounds[0]), float(bounds[1])) if bounds is not None else None
    )


def _named_design(arguments: Mapping[str, Any], sample: pl.DataFrame) -> dict[str, Any]:
    """Columns of the design as said; without a word, rows drawn one by one with replacement, weighted by `weight` where there is one."""
    named = {"weights": "weight" if "weight" in sample.columns else None}
    return named | {key: arguments[key] for key in ("weights", "fpc", "strata", "cluster", "nest") if key in arguments}
