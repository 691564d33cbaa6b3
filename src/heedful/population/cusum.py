"""CUSUM of counts: standardized deviations above the mean add up until they cross a limit.

S(t) = max(0, S(t-1) + x(t) - k), alarm if S(t) >= h; the sum goes on after an alarm. x is the count's deviation from the in-control
mean m under one of three transforms.

Reference: Rossi, Lampugnani & Marchi 1999, Stat Med 18:2111-2122; Höhle 2007. Equals R surveillance 1.20.3 `algo.cusum` within 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, flags, plain, series_of, tested, time_index
from heedful.population.seasonal import fit_poisson, harmonics

Transform = Literal["standard", "rossi", "anscombe"]


@dataclass(frozen=True)
class CusumResult:
    """All [series, dates], NaN where the count or mean is missing. `statistic` is S; `bound` the count that would raise the alarm."""

    statistic: Floats
    bound: Floats
    alarm: npt.NDArray[np.bool_]


def cusum(counts: Floats, mean: Floats, k: float = 1.04, h: float = 2.26, transform: Transform = "rossi") -> CusumResult:
    """Run the CUSUM over every series from its first date.

    Parameters
    ----------
    counts: [series, dates]; the sum stands still over a missing count (NaN).
    mean: in-control mean, [series, dates] or broadcast to it, above 0; elsewhere nothing is tested.
    k: reference value, h: decision interval, both in standard deviations. transform: how counts are standardized.

    Errors: `SettingsError` for a transform that is not one of the three.

    >>> result = cusum(np.array([[4.0, 5, 9, 9]]), np.array([[4.0]]), transform="standard")
    >>> result.statistic.round(2).tolist(), result.alarm.tolist()
    ([[0.0, 0.0, 1.46, 2.92]], [[False, False, False, True]])
    """
    if transform not in ("standard", "rossi", "anscombe"):
        raise SettingsError(f"cusum: the transform is standard, rossi or anscombe, not {transform!r}.")
    counts = np.asarray(counts, dtype=np.float64)
    mean = np.where(np.broadcast_to(mean, counts.shape) > 0, mean, np.nan)
    step = standardized(counts, mean, transform) - k
    statistic, before = np.full_like(counts, np.nan), np.zeros_like(counts)
    current = np.zeros(len(counts))
    for date in range(counts.shape[1]):
        before[:, date] = current
        statistic[:, date] = np.maximum(current + step[:, date], 0)
        current = np.where(np.isnan(step[:, date]), current, statistic[:, date])
    return CusumResult(statistic, _bound(mean, h + k - before, transform), statistic >= h)


def standardized(counts: Floats, mean: Floats, transform: Transform) -> Floats:
    """Deviation of each count from its mean in standard deviations, under `transform`."""
    if transform == "standard":
        return (counts - mean) / np.sqrt(mean)
    if transform == "rossi":
        return (counts - 3 * mean + 2 * np.sqrt(mean * counts)) / (2 * np.sqrt(mean))
    return 1.5 * (np.cbrt(counts) ** 2 - np.cbrt(mean) ** 2) / mean ** (1 / 6)


def _bound(mean: Floats, room: Floats, transform: Transform) -> Floats:
    """Count at which x = `room`; 0 where there is none."""
    with np.errstate(invalid="ignore"):
        if transform == "standard":
            bound = np.ceil(mean + np.sqrt(mean) * room)
        elif transform == "rossi":
            bound = 5 * mean + 2 * np.sqrt(mean) * room - 2 * np.sqrt(4 * mean**2 + 2 * mean**1.5 * room)
        else:
            bound = np.maximum(np.cbrt(mean) ** 2 + 2 / 3 * mean ** (1 / 6) * room, 0) ** 1.5
    return np.where(np.isnan(mean), np.nan, np.maximum(np.nan_to_num(bound), 0))


@method(
    Card(
        name="surveillance.cusum_counts",
        definition="Cumulated standardized excess of counts over their in-control mean, above a decision interval.",
        units="1",
        reference="Rossi et al. 1999, Stat Med 18:2111-2122",
        equals="R surveillance 1.20.3 algo.cusum, within 1e-6",
        limits="No restart after an alarm; transforms assume Poisson counts.",
    )
)
def run_cusum(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: bound, alarm, statistic and in-control mean of the tested rows."""
    if arguments.get("negative_binomial_alpha") is not None:
        raise SettingsError("cusum: negative binomial standardization is not offered.")
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    if arguments["mean"] == "glm":
        times = np.arange(1, counts.shape[1] + 1)
        design = harmonics(times, 52)
        mean = np.exp(fit_poisson(counts[:, : rows.start], design[: rows.start]) @ design[rows].T)
    else:
        mean = np.nanmean(counts[:, : rows.start], axis=1, keepdims=True)
    result = cusum(
        counts[:, rows], mean, float(arguments["reference_value"]), float(arguments["decision_interval"]), arguments["transform"]
    )
    return {
        "time_index": time_index(rows),
        "upperbound": plain(result.bound[0]),
        "alarm": flags(result.alarm[0], result.bound[0]),
        "cusum": plain(result.statistic[0]),
        "m": plain(mean[0]),
    }
