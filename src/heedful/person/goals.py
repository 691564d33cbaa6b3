"""Adaptive goals: tomorrow's goal is a percentile of what this person did on the last days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

WINDOW_DAYS = 9
PERCENTILE = 0.6

Rule = Literal["linear", "nearest_rank"]


def percentile_goal(
    values: ArrayLike, window_days: int = WINDOW_DAYS, percentile: float = PERCENTILE, rule: Rule = "linear", minimum: int = 1
) -> NDArray[np.float64]:
    """Goal for each day of a series: the `percentile` of the `window_days` days before it.

    Parameters
    ----------
    values: one number a day, in order, nan where the day is not known; the unit is the caller's.
    rule: 'linear' interpolates (R's type 7); 'nearest_rank' takes a day that was lived, number ceil(percentile * n) (R's type 1).
    minimum: known days that the window must hold.

    Returns
    -------
    An array of the same length; nan on the first `window_days` days and where fewer than `minimum` days are known. A day's own
    value never counts towards its goal.

    Errors: `SettingsError` for a window of no day or a percentile outside 0 to 1.

    >>> percentile_goal([1000, 2000, 3000, 4000], window_days=3, percentile=0.5)
    array([  nan,   nan,   nan, 2000.])

    Reference: Adams et al. 2013, PLoS ONE 8:e82901 (60th percentile of the last nine days). Equals R's `quantile`.
    """
    if window_days < 1 or not 0 <= percentile <= 1:
        raise SettingsError(f"A goal needs a window of a day or more and a percentile from 0 to 1, not {window_days} and {percentile}.")
    series = np.asarray(values, dtype=np.float64)
    goals = np.full(series.shape, np.nan)
    if series.size <= window_days:
        return goals
    windows = np.lib.stride_tricks.sliding_window_view(series, window_days)[:-1]
    known = np.isfinite(windows).sum(axis=1)
    enough = known >= max(minimum, 1)
    ordered, n = np.sort(windows[enough], axis=1), known[enough]  # nan sorts to the end
    goals[window_days:][enough] = _quantile(ordered, n, percentile, rule)
    return goals


def _quantile(ordered: NDArray[np.float64], n: NDArray[np.int64], percentile: float, rule: Rule) -> NDArray[np.float64]:
    rows = np.arange(len(ordered))
    if rule == "nearest_rank":
        # 0.6 * 5 must be the third value, not the fourth: R allows for the rounding error of the product in the same way.
        rank = np.ceil(percentile * n - 4 * np.finfo(np.float64).eps * n).astype(np.int64)
        return np.asarray(ordered[rows, np.clip(rank, 1, n) - 1])
    place = percentile * (n - 1)
    below = np.floor(place + 4 * np.finfo(np.float64).eps).astype(np.int64)
    above = np.minimum(below + 1, n - 1)
    weight = np.clip(place - below, 0, 1)
    return np.asarray(ordered[rows, below] * (1 - weight) + ordered[rows, above] * weight)


@method(
    Card(
        name="plans.percentile_goal",
        definition="Goal of a day: a percentile of the days before it within a window, missing days dropped.",
        units="unit of the input, for example {steps}",
        reference="Adams et al. 2013, PLoS ONE 8:e82901",
        equals="R 4.2 stats::quantile, types 7 and 1, to 1e-9",
        limits="A goal from bad weeks is low, and one from a burst is high for nine days; it knows nothing of illness.",
    )
)
def run_percentile_goal(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """The reference case: goals by both rules, and where all days of the window must be known."""
    check_arguments("plans.percentile_goal", arguments, ("window_days", "percentile"))
    steps = inputs["data"].get_column("steps").cast(pl.String).cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    window, percentile = int(arguments["window_days"]), float(arguments["percentile"])
    answers = {
        "goal_linear": percentile_goal(steps, window, percentile),
        "goal_nearest_rank": percentile_goal(steps, window, percentile, "nearest_rank"),
        f"goal_min_observed_{window}": percentile_goal(steps, window, percentile, minimum=window),
    }
    return {name: [None if np.isnan(value) else float(value) for value in goal] for name, goal in answers.items()}
