"""RKI: mean plus two standard deviations of the reference weeks, and exact Poisson limits where the mean is small.

Reference: Robert Koch Institute's rules as in Höhle 2007, Comput Stat 22:571-582. Equals R surveillance 1.20.3 `algo.rki` within 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, flags, plain, series_of, tested, time_index
from heedful.population.reference_window import ReferenceWindow, reference_moments

POISSON_LIMITS = (
    3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633,
    19.05, 20.335, 21.364, 22.945, 23.762, 25.4, 26.306, 27.735, 28.966, 30.017,
)  # fmt: skip
"""Upper limits of the exact Poisson interval by whole mean 0..20."""


def rki(
    counts: Floats, window: ReferenceWindow, limits: Sequence[float] = POISSON_LIMITS, normal_above: float = 20
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Bound and alarm of every date, [series, dates].

    Parameters
    ----------
    counts: [series, dates], consecutive periods; NaN for a missing count, which leaves the dates that refer to it untested (NaN).
    window: reference rows. limits: bound by whole mean, up to `normal_above`; above it the bound is mean + 2 standard deviations.

    Errors: `SettingsError` if `limits` is too short for `normal_above`.

    >>> bound, alarm = rki(np.array([[1.0, 2, 0, 1, 2, 9]]), ReferenceWindow(0, 4))
    >>> float(bound[0, 5]), bool(alarm[0, 5])
    (5.323, True)
    """
    if len(limits) <= normal_above:
        raise SettingsError(f"rki: {len(limits)} limits do not reach the mean of {normal_above}; give one for each whole mean from 0.")
    counts = np.asarray(counts, dtype=np.float64)
    total, spread = reference_moments(counts, window)
    mean = total / len(window.offsets)
    whole = np.where((mean >= 0) & (mean <= normal_above), mean, 0).astype(np.int64)
    small = np.where(np.isnan(mean), np.nan, np.asarray(limits)[whole])
    bound = np.where(mean > normal_above, mean + 2 * spread, small)
    return bound, counts > bound


@method(
    Card(
        name="surveillance.rki_reference",
        definition="Count above mean + 2 sd of the same weeks of earlier years, or above the exact Poisson limit for means up to 20.",
        units="{count}",
        reference="Höhle 2007, Comput Stat 22:571-582",
        equals="R surveillance 1.20.3 algo.rki, within 1e-9",
        limits="The Poisson limit jumps at whole means; no trend, no season within the window.",
    )
)
def run_rki(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: bound and alarm of the tested rows."""
    counts = series_of(inputs)
    window = ReferenceWindow(int(arguments["years_back"]), int(arguments["half_window"]), bool(arguments["include_current_year"]))
    rows = tested(arguments, counts.shape[1])
    limits, above = arguments["poisson_upper_limits_by_floor_of_mean"], float(arguments["normal_rule_above_mean"])
    bound, alarm = rki(counts, window, limits, above)
    return {"time_index": time_index(rows), "upperbound": plain(bound[0, rows]), "alarm": flags(alarm[0, rows], bound[0, rows])}
