"""Regression calibration: a linear model whose covariate was measured with error, put right with the people who were also measured well.

The error-prone covariate's coefficients are multiplied by the inverse of the calibration matrix (reference regressed on the error-prone
measurement and the covariates, in the validation subset). The efficient estimate is the average of that and the model fitted to
the validation subset alone, weighted by their inverse covariance matrices.

Reference: Rosner, Spiegelman & Willett 1990, Am J Epidemiol 132:734; Spiegelman, Carroll & Kipnis 2001, Stat Med 20:139. Equals mecor
1.0.0 (methods "standard" and "efficient"), which takes the delta method's derivative by a forward difference: `difference=1e-4`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.columns import check_arguments, matrix, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
MECOR_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Calibrated:
    """Coefficients in the order intercept, corrected covariate, other covariates; covariance matrices of the corrected ones."""

    uncorrected: Floats
    corrected: Floats
    covariance: Floats
    efficient: Floats
    efficient_covariance: Floats


def regression_calibration(
    outcome: Floats, error_prone: Floats, reference: Floats, covariates: Floats | None = None, *, difference: float | None = None
) -> Calibrated:
    """Correct the linear model outcome ~ error_prone + covariates by the people for whom `reference` is known.

    Parameters
    ----------
    outcome, error_prone: one number a person, none missing. reference: the good measurement, NaN outside the validation subset.
    covariates: [people, covariates], none missing. difference: step of a forward difference instead of the exact derivative.

    Errors: `SettingsError` for missing values, unequal lengths, a validation subset smaller than the model, or collinear columns.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=4000)
    >>> seen, outcome = truth + rng.normal(size=4000), 2 * truth + rng.normal(size=4000)
    >>> reference = np.where(np.arange(4000) < 1000, truth, np.nan)
    >>> found = regression_calibration(outcome, seen, reference)
    >>> float(found.uncorrected[1].round(1)), float(found.corrected[1].round(1))
    (1.0, 2.0)
    """
    others = np.empty((len(outcome), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    _check(outcome, error_prone, reference, others)
    validated = np.isfinite(reference)
    # As in the papers the error-prone covariate comes first, then the intercept.
    seen = np.column_stack([error_prone, np.ones(len(outcome)), others])
    known = np.column_stack([reference, np.ones(len(outcome)), others])[validated]
    uncorrected, of_uncorrected = _least_squares(seen, outcome)
    model, of_model = _least_squares(seen[validated], reference[validated])
    calibration = np.eye(seen.shape[1])
    calibration[0] = model
    inverse = np.asarray(np.linalg.inv(calibration), dtype=np.float64)
    corrected = uncorrected @ inverse
    slopes = np.array([uncorrected @ change for change in _changes(calibration, inverse, difference)])
    covariance = inverse.T @ of_uncorrected @ inverse + slopes.T @ of_model @ slopes
    alone, of_alone = _least_squares(known, outcome[validated])
    weight, weight_alone = np.linalg.inv(covariance), np.linalg.inv(of_alone)
    of_efficient = np.asarray(np.linalg.inv(weight + weight_alone), dtype=np.float64)
    efficient = of_efficient @ (weight_alone @ alone + weight @ corrected)
    order = np.array([1, 0, *range(2, seen.shape[1])])
    square = np.ix_(order, order)
    return Calibrated(uncorrected[order], corrected[order], covariance[square], efficient[order], of_efficient[square])


def _check(outcome: Floats, error_prone: Floats, reference: Floats, others: Floats) -> None:
    people = len(outcome)
    if not (error_prone.shape == reference.shape == (people,) and others.shape[0] == people):
        raise SettingsError("regression_calibration: outcome, measurement, reference and covariates need one entry for each person.")
    for name, values in (("outcome", outcome), ("error-prone measurement", error_prone), ("covariates", others)):
        if not np.isfinite(values).all():
            missing = int((~np.isfinite(values)).sum())
            raise SettingsError(f"regression_calibration: {missing} values of the {name} are missing; leave those people out.")
    if int(np.isfinite(reference).sum()) <= others.shape[1] + 2:
        raise SettingsError("regression_calibration: the validation subset has no more people than the model has coefficients.")


def _least_squares(design: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Coefficients and their covariance matrix."""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise SettingsError("regression_calibration: the columns are collinear; drop the covariate that repeats another.")
    q, r = np.linalg.qr(design)
    coefficients = np.asarray(np.linalg.solve(r, q.T @ outcome), dtype=np.float64)
    rest = outcome - design @ coefficients
    root = np.linalg.inv(r)
    covariance = root @ root.T * float(rest @ rest) / (len(outcome) - design.shape[1])
    return coefficients, np.asarray(covariance, dtype=np.float64)


def _changes(calibration: Floats, inverse: Floats, difference: float | None) -> list[Floats]:
    """Change of the inverse with each coefficient of the calibration model (the matrix's first row)."""
    if difference is None:
        return [np.asarray(-np.outer(inverse[:, 0], inverse[place]), dtype=np.float64) for place in range(len(calibration))]
    changes: list[Floats] = []
    for place in range(len(calibration)):
        moved = calibration.copy()
        moved[0, place] += difference
        changes.append(np.asarray((np.linalg.inv(moved) - inverse) / difference, dtype=np.float64))
    return changes


_ARGUMENTS = {"outcome", "error_prone", "reference", "covariates", "validation"}


@method(Card(
    name="measurement_error.regression_calibration",
    definition="Linear coefficients corrected for error in one covariate by an internal validation subset; standard and efficient.",
    units="unit of the outcome per unit of the covariate",
    reference="Rosner, Spiegelman & Willett 1990, Am J Epidemiol 132:734; Spiegelman, Carroll & Kipnis 2001, Stat Med 20:139",
    equals="mecor 1.0.0 methods standard and efficient, to 1e-6",
    limits="Error must say nothing of the outcome beyond the truth; internal validation only; linear models only.",
))  # fmt: skip
def run_regression_calibration(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("measurement_error.regression_calibration", arguments, _ARGUMENTS)
    if arguments.get("validation", "internal") != "internal":
        raise SettingsError(f"regression_calibration: the validation subset is internal; {arguments['validation']!r} is not offered.")
    others = [str(name) for name in arguments.get("covariates", [])]
    outcome, error_prone, reference = (str(arguments[name]) for name in ("outcome", "error_prone", "reference"))
    data = inputs["data"]
    found = regression_calibration(
        numbers(data, outcome), numbers(data, error_prone), numbers(data, reference), matrix(data, others), difference=MECOR_DIFFERENCE
    )  # fmt: skip
    return {
        "terms": ["(Intercept)", reference, *others], "uncorrected": found.uncorrected.tolist(),
        "regression_calibration": found.corrected.tolist(), "efficient_regression_calibration": found.efficient.tolist(),
        "se_regression_calibration": np.sqrt(np.diag(found.covariance)).tolist(),
        "se_efficient_regression_calibration": np.sqrt(np.diag(found.efficient_covariance)).tolist(),
    }  # fmt: skip
