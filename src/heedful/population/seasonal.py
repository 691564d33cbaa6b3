"""Seasonal in-control means: Poisson regression on harmonics, for many series at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats

MOST_STEPS = 50


def harmonics(times: npt.NDArray[np.int64], period: float, *, trend: bool = False) -> Floats:
    """Design [dates, columns]: 1, the time if `trend`, cosine and sine of one wave a `period`.

    >>> abs(harmonics(np.array([0, 13]), 52).round(3)).tolist()
    [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    angle = 2 * np.pi * times / period
    columns = [np.ones(len(times)), *([times.astype(np.float64)] if trend else []), np.cos(angle), np.sin(angle)]
    return np.column_stack(columns)


def fit_poisson(counts: Floats, design: Floats, tolerance: float = 1e-11) -> Floats:
    """Coefficients [series, columns] of a log-linear Poisson regression of each series on the same `design` [dates, columns].

    Iteratively reweighted least squares until the deviance of every series changes by less than `tolerance` of itself. Missing counts
    (NaN) are left out. Errors: `SettingsError` if a series has fewer counts than the design has columns.

    Reference: McCullagh & Nelder 1989, ch. 2.5. Equals R `glm(family = poisson)` run to convergence.

    >>> fit_poisson(np.array([[2.0, 4.0, 6.0]]), np.ones((3, 1))).round(6).tolist()
    [[1.386294]]
    """
    present = ~np.isnan(counts)
    if (present.sum(axis=1) < design.shape[1]).any():
        raise SettingsError(f"A seasonal mean of {design.shape[1]} coefficients needs as many counts; a series has fewer.")
    y = np.where(present, counts, 0.0)
    mean = np.where(present, y + 0.1, 1.0)
    deviance = np.full(len(y), np.inf)
    coefficients = np.zeros((len(y), design.shape[1]))
    for _step in range(MOST_STEPS):
        weight = np.where(present, mean, 0.0)
        working = np.log(mean) + (y - mean) / mean
        normal = np.einsum("sd,di,dj->sij", weight, design, design, optimize=True)
        coefficients = np.linalg.solve(normal, ((weight * working) @ design)[:, :, None])[:, :, 0]
        mean = np.exp(coefficients @ design.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(y > 0, y * np.log(y / mean), 0.0) - (y - mean)
        now = 2 * np.where(present, terms, 0.0).sum(axis=1)
        if (np.abs(now - deviance) <= tolerance * (np.abs(now) + 0.1)).all():
            break
        deviance = now
    return coefficients
