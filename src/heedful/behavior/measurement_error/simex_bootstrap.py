"""Intervals of SIMEX by drawing people anew: nothing is assumed of their spread, and the error's size may be estimated anew with them.

Percentile bootstrap (Efron 1979, Ann Stat 7:1). Each draw runs the whole extrapolation, so that it costs as many SIMEX fits as there are
draws: for a figure, not for a live page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.measurement_error.simex import Simex, simex
from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]
LEAST_SHARE = 0.9
"""Share of the draws that must have a value; of fewer an interval would be that of the draws that went well."""


def simex_bootstrap(
    outcome: Floats,
    error_prone: Floats,
    error_sd: float | Callable[[NDArray[np.intp]], float],
    covariates: Floats | None = None,
    settings: Simex | None = None,
    *,
    draws: int = 500,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Lower and upper ends of each coefficient of `simex` (intercept, error-prone covariate, others).

    Parameters
    ----------
    outcome, error_prone, covariates, settings: as of `simex`; the seed of the settings draws the people too.
    error_sd: the error's standard deviation, or a function that estimates it from the people drawn (their places, with repeats), so that
    its uncertainty is in the interval. draws: how often people are drawn. level: of the interval.

    Errors: `SettingsError` for less than 20 draws, a level outside 0 to 1, or draws of which less than `LEAST_SHARE` have a value; what
    `simex` raises for the people as they are.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=200)
    >>> seen, outcome = truth + rng.normal(size=200) / 2, truth + rng.normal(size=200) / 10
    >>> low, high = simex_bootstrap(outcome, seen, 0.5, settings=Simex(replicates=20), draws=50)
    >>> bool(low[1] < 1 < high[1])
    True
    """
    if draws < 20 or not 0 < level < 1:
        raise SettingsError(f"simex_bootstrap: at least 20 draws and a level between 0 and 1, not {draws} and {level}.")
    settings = settings or Simex()
    size = error_sd if callable(error_sd) else lambda _: error_sd
    everybody = np.arange(len(outcome))
    simex(outcome, error_prone, size(everybody), covariates, settings)  # what is wrong with the people as they are is told as it is
    rng = np.random.default_rng(settings.seed)
    found = []
    for draw in range(draws):
        people = rng.integers(0, len(outcome), len(outcome))
        others = None if covariates is None else covariates[people]
        try:
            found.append(simex(outcome[people], error_prone[people], size(people), others, replace(settings, seed=draw)).simex)
        except SettingsError:  # a draw without a value: counted below
            continue
    if len(found) < LEAST_SHARE * draws:
        raise SettingsError(
            f"simex_bootstrap: only {len(found)} of {draws} draws have a value; the curve cannot be told where so much is error. Take the "
            "extrapolation quadratic, or give more people."
        )
    low, high = np.quantile(np.array(found), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
