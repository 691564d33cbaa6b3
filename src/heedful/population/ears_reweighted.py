"""EARS with earlier signals weighed down, as epitweetr and episomer use it on counts of posts.

A day that stood out of its own baseline (externally studentised residual above a t quantile) weighs less when it later becomes part
of a baseline, so that a wave does not hide its own second day. The bound is a t prediction limit.

Reference: Espinosa et al. 2022, Euro Surveill 27(39):2200177 (epitweetr). Equals episomer 3.0.35 within 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import stdtrit

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, flags, plain, series_of, tested, time_index


@dataclass(frozen=True)
class ReweightedResult:
    """All [series, dates], NaN where untested; `mean` is the plain mean of the baseline, in counts like both bounds."""

    mean: Floats
    bound_unweighted: Floats
    alarm_unweighted: npt.NDArray[np.bool_]
    bound: Floats
    alarm: npt.NDArray[np.bool_]


def ears_t_reweighted(
    counts: Floats,
    *,
    alpha: float = 0.025,
    outlier_alpha: float = 0.05,
    decay_power: float = 4,
    history: int = 7,
    same_weekday: bool = False,
) -> ReweightedResult:
    """Test every date of every series.

    Parameters
    ----------
    counts: [series, dates], consecutive days, NaN for a missing count.
    alpha: one-sided level of the bound. outlier_alpha: level above which a baseline day is weighed down. decay_power: how fast.
    history: number of baseline days. same_weekday: take them from the same weekday of the weeks before.

    Returns
    -------
    A date with a missing baseline day is NaN. A baseline of one value repeated has no residuals: bound NaN, the unweighted bound
    is that value.

    Errors: `SettingsError` if `history` is under 4 (two degrees of freedom of a left-out day) or a level is not between 0 and 1.

    >>> quiet = np.array([[5.0, 6, 5, 7, 6, 5, 6, 12]])
    >>> bool(ears_t_reweighted(quiet).alarm[0, 7])
    True
    """
    if history < 4 or not (0 < alpha < 1 and 0 < outlier_alpha < 1):
        raise SettingsError(
            f"ears_t_reweighted: history must be 4 or more and levels between 0 and 1; given {history}, {alpha}, {outlier_alpha}."
        )
    counts = np.asarray(counts, dtype=np.float64)
    past = _baseline_days(counts, history, 7 if same_weekday else 1)
    mean = past.mean(axis=0)
    factor = float(stdtrit(history - 1, 1 - alpha)) * np.sqrt(1 + 1 / history)
    plain_bound = mean + factor * past.std(axis=0, ddof=1)
    weights = _weights(past, mean, float(stdtrit(history - 2, 1 - outlier_alpha)), decay_power)
    center = (weights * past).sum(axis=0) / history
    spread = np.sqrt((weights * (past - center) ** 2).sum(axis=0) / (history - 1))
    bound = center + factor * spread
    return ReweightedResult(mean, plain_bound, counts > plain_bound, bound, counts > bound)


def _baseline_days(counts: Floats, history: int, spacing: int) -> Floats:
    """[history, series, dates]: the count `spacing`, 2 * `spacing`, … days before each date; NaN before the start."""
    past = np.full((history, *counts.shape), np.nan)
    for back in range(1, history + 1):
        past[back - 1, :, spacing * back :] = counts[:, : max(counts.shape[1] - spacing * back, 0)]
    return past


def _weights(past: Floats, mean: Floats, limit: float, decay_power: float) -> Floats:
    """Weights of the baseline days, summing to their number: below 1 where the studentised residual exceeds `limit`."""
    history = past.shape[0]
    weights = np.ones_like(past)
    with np.errstate(divide="ignore", invalid="ignore"):
        for day in range(history):
            others = np.delete(past, day, axis=0)
            residual = (past[day] - mean) / (others.std(axis=0, ddof=1) * np.sqrt(1 - 1 / history))
            weights[day] = np.where(residual > limit, (limit / residual) ** decay_power, np.where(np.isnan(residual), np.nan, 1.0))
        return weights * history / weights.sum(axis=0)


@method(
    Card(
        name="surveillance.ears_t_reweighted",
        definition="Count above a t prediction limit of the days before, earlier outliers weighed down by their studentised residual.",
        units="{count}",
        reference="Espinosa et al. 2022, Euro Surveill 27(39):2200177",
        equals="episomer 3.0.35 (epitweetr), within 1e-9",
        limits="A baseline of one value repeated gives no bound; seven days only.",
    )
)
def run_ears_t_reweighted(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: means, both bounds and both alarms of the tested rows."""
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    result = ears_t_reweighted(
        counts,
        alpha=float(arguments["alpha"]),
        outlier_alpha=float(arguments["outlier_alpha"]),
        decay_power=float(arguments["decay_power"]),
        history=int(arguments["history"]),
        same_weekday=bool(arguments["same_weekday_baseline"]),
    )
    unweighted, bound = result.bound_unweighted[0, rows], result.bound[0, rows]
    return {
        "time_index": time_index(rows),
        "mean": plain(result.mean[0, rows]),
        "upperbound_unweighted": plain(unweighted),
        "alarm_unweighted": flags(result.alarm_unweighted[0, rows], unweighted),
        "upperbound": plain(bound),
        "alarm": flags(result.alarm[0, rows], bound),
    }
