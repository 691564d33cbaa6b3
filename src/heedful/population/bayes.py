"""Bayes: a Gamma prior on the mean of the reference weeks; the bound is a quantile of the predictive negative binomial.

Reference: Höhle 2007, Comput Stat 22:571-582; Riebler 2004. Equals R surveillance 1.20.3 `algo.bayes` exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, flags, plain, series_of, tested, time_index
from heedful.population.reference_window import ReferenceWindow, reference_moments


def bayes(counts: Floats, window: ReferenceWindow, alpha: float = 0.05) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Bound and alarm of every date, [series, dates].

    Parameters
    ----------
    counts: [series, dates], consecutive periods; NaN for a missing count, which leaves the dates that refer to it untested (NaN).
    window: reference rows. alpha: one-sided level.

    Returns
    -------
    Quantile 1 - `alpha` of the negative binomial with size sum + 1/2 and probability n / (n + 1) (Jeffreys' prior), and whether the
    count is above it.

    >>> bound, alarm = bayes(np.array([[1.0, 2, 0, 1, 2, 9]]), ReferenceWindow(0, 4), 0.05)
    >>> float(bound[0, 5]), bool(alarm[0, 5])
    (4.0, True)
    """
    from scipy.stats import nbinom  # slow to import: only where a quantile is asked for

    if not 0 < alpha < 1:
        raise SettingsError(f"bayes: alpha must lie between 0 and 1, not {alpha}.")
    counts = np.asarray(counts, dtype=np.float64)
    total, _ = reference_moments(counts, window)
    n = len(window.offsets)
    # few distinct sums among many dates: one quantile each
    sums, where = np.unique(total, return_inverse=True)
    bound = np.asarray(nbinom.ppf(1 - alpha, sums + 0.5, n / (n + 1)))[where].reshape(total.shape)
    return bound, counts > bound


@method(
    Card(
        name="surveillance.bayes_reference",
        definition="Count above the predictive quantile of a negative binomial from the same weeks of earlier years and the weeks before.",
        units="{count}",
        reference="Höhle 2007, Comput Stat 22:571-582",
        equals="R surveillance 1.20.3 algo.bayes, exactly",
        limits="Assumes Poisson counts of one mean in the reference weeks: overdispersed or trending series alarm too often.",
    )
)
def run_bayes(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: bound and alarm of the tested rows."""
    counts = series_of(inputs)
    window = ReferenceWindow(int(arguments["years_back"]), int(arguments["half_window"]), bool(arguments["include_current_year"]))
    rows = tested(arguments, counts.shape[1])
    bound, alarm = bayes(counts, window, float(arguments["alpha"]))
    return {"time_index": time_index(rows), "upperbound": plain(bound[0, rows]), "alarm": flags(alarm[0, rows], bound[0, rows])}
