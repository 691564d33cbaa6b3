"""How unequal weights are and what that costs, and how to cut the largest.

Reference: Kish 1965, Survey Sampling. Equals the weight diagnostics and `trim_weights` of balance 0.23.0 within 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats

_HALF = 0.5


@dataclass(frozen=True)
class Spread:
    """`design_effect_kish`: by how much unequal weights multiply the variance of a mean, at least 1; `effective_sample_size_kish`, rows
    that equal weights would need for it, and their share of all; `nonparametric_skew`, (mean - median) / standard deviation of the
    weights; `weighted_median_breakdown_point`, share of rows, largest first, that hold no more than half of all weight."""

    design_effect_kish: float
    effective_sample_size_kish: float
    effective_sample_proportion_kish: float
    nonparametric_skew: float
    weighted_median_breakdown_point: float


def spread(weights: Floats) -> Spread:
    """Diagnostics of `weights` [n], none negative.

    Errors: `SettingsError` for a negative or missing weight, or if none is above 0.

    >>> spread(np.array([1.0, 1, 1, 5])).design_effect_kish
    1.75
    """
    weights = checked(weights)
    size = len(weights)
    effect = float((weights**2).mean() / weights.mean() ** 2)
    deviation = float(weights.std(ddof=1)) if size > 1 else 0.0
    skew = float((weights.mean() - np.median(weights)) / deviation) if deviation > 0 else 0.0
    held = np.cumsum(np.sort(weights / weights.sum())[::-1])
    within_half = max(int((held <= _HALF).sum()), 1)
    return Spread(effect, size / effect, 1 / effect, skew, within_half / size)


def checked(weights: Floats) -> Floats:
    """The weights as floats, if they can be weights."""
    weights = np.asarray(weights, dtype=np.float64)
    if not len(weights) or not (weights >= 0).all() or not weights.sum() > 0:
        raise SettingsError("Weights must be 0 or more, none missing, and some above 0. Leave out rows that have none.")
    return weights


def trim_at_mean_ratio(weights: Floats, ratio: float, *, keep_sum: bool = True) -> Floats:
    """Weights cut to `ratio` times their mean; `keep_sum` scales all back to the old sum, after which some are above it again.

    >>> trim_at_mean_ratio(np.array([1.0, 1, 1, 5]), 2, keep_sum=False).tolist()
    [1.0, 1.0, 1.0, 4.0]
    """
    weights = checked(weights)
    if not ratio > 0:
        raise SettingsError(f"trim_at_mean_ratio: {ratio} times the mean leaves nothing. Give a ratio above 0.")
    cut = np.minimum(weights, ratio * weights.mean())
    return cut * (weights.mean() / cut.mean()) if keep_sum else cut


def winsorize(weights: Floats, lower: float, upper: float, *, keep_sum: bool = True) -> Floats:
    """Weights of the lowest share `lower` raised and of the highest share `upper` lowered to the nearest weight that stays (0: that end
    is left alone). As in balance, shares are widened by 2 / n, at most by a tenth of themselves, so that a small share takes in someone.

    >>> winsorize(np.arange(1.0, 101), 0.01, 0.01, keep_sum=False)[[0, 1, 2, 97, 99]].tolist()
    [3.0, 3.0, 3.0, 98.0, 98.0]
    """
    weights = checked(weights)
    if not 0 <= lower < 1 or not 0 <= upper < 1:
        raise SettingsError(f"winsorize: shares from 0 to below 1, not {lower} and {upper}.")
    low = np.quantile(weights, _widened(lower, len(weights)), method="higher") if lower > 0 else -np.inf
    high = np.quantile(weights, 1 - _widened(upper, len(weights)), method="lower") if upper > 0 else np.inf
    cut = np.clip(weights, low, high)
    return cut * (weights.mean() / cut.mean()) if keep_sum else cut


def _widened(share: float, size: int) -> float:
    return min(share + min(2 / size, share / 10), 1.0)


@method(
    Card(
        name="weighting.design_effect_and_trim",
        definition="Kish's design effect and effective sample size of weights, before and after cutting the extreme ones.",
        units="1",
        reference="Kish 1965, Survey Sampling",
        equals="balance 0.23.0, within 1e-9",
        limits="Kish's effect supposes that weights have nothing to do with what is measured.",
    )
)
def run_design_effect_and_trim(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: diagnostics of the weights as they are, cut at a multiple of their mean, and winsorized."""
    weights = inputs["weights"]["weight"].cast(pl.Float64).to_numpy()
    keep = bool(arguments.get("keep_sum_of_weights", True))
    answer: dict[str, Any] = {"before": asdict(spread(weights))}
    if arguments.get("trim_mean_ratio") is not None:
        ratio = float(arguments["trim_mean_ratio"])
        trimmed = trim_at_mean_ratio(weights, ratio, keep_sum=keep)
        answer |= {f"trimmed_mean_ratio_{ratio:g}": trimmed.tolist(), f"after_mean_ratio_{ratio:g}": asdict(spread(trimmed))}
    if arguments.get("winsorize_percentile") is not None:
        given = arguments["winsorize_percentile"]
        lower, upper = given if isinstance(given, list) else (given, given)
        trimmed = winsorize(weights, float(lower or 0), float(upper or 0), keep_sum=keep)
        ends = f"{100 * lower:g}pct_both_tails" if lower == upper else f"{100 * (lower or 0):g}pct_{100 * (upper or 0):g}pct"
        answer |= {f"winsorized_{ends}": trimmed.tolist(), "after_winsorized": asdict(spread(trimmed))}
    return answer
