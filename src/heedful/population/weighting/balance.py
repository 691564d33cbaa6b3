"""How far a sample is from its population, covariate by covariate: standardized mean differences, and distances of distributions.

Reference: Austin 2009, Stat Med 28:3083-3107. Equals balance 0.23.0 `asmd`, `ks` and `emd` within 1e-9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.weighting.spread import checked

StandardizedBy = Literal["target", "sample", "pooled"]
_IS_MISSING = "_is_na_"
"""Columns that say where another column is missing are not covariates."""


def standardized_mean_differences(
    sample: Floats,
    target: Floats,
    sample_weights: Floats | None = None,
    target_weights: Floats | None = None,
    by: StandardizedBy = "target",
) -> Floats:
    """|mean in the sample - mean in the target| in standard deviations, [covariates]; NaN where there is no deviation.

    Parameters
    ----------
    sample, target: [rows, covariates].
    by: whose standard deviation, weighted too: of one of them, or the root of the mean of both variances.

    Errors: `SettingsError` for an unknown `by`, or weights that are none.

    >>> standardized_mean_differences(np.array([[1.0], [3]]), np.array([[2.0], [4]])).round(4).tolist()
    [0.7071]
    """
    if by not in get_args(StandardizedBy):
        raise SettingsError(f"standardized_mean_differences: by {', '.join(get_args(StandardizedBy))}, not {by!r}.")
    mean_in_sample, variance_in_sample = _moments(sample, sample_weights)
    mean_in_target, variance_in_target = _moments(target, target_weights)
    variance = {
        "target": variance_in_target,
        "sample": variance_in_sample,
        "pooled": (variance_in_sample + variance_in_target) / 2,
    }[by]
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.abs(mean_in_sample - mean_in_target) / np.sqrt(variance)
    return np.where(np.isfinite(difference), difference, np.nan)


def _moments(values: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Weighted means and unbiased weighted variances (reliability weights) of the columns."""
    w = np.ones(len(values)) if weights is None else checked(weights)
    total = w.sum()
    means = w @ values / total
    return means, w @ (values - means) ** 2 / (total - (w**2).sum() / total)


def kolmogorov_smirnov(sample: Floats, target: Floats, sample_weights: Floats | None = None, target_weights: Floats | None = None) -> float:
    """Largest distance of the two weighted distribution functions of one covariate."""
    _, one, other = _distributions(sample, target, sample_weights, target_weights)
    return float(np.abs(one - other).max())


def earth_mover(sample: Floats, target: Floats, sample_weights: Floats | None = None, target_weights: Floats | None = None) -> float:
    """Area between the two weighted distribution functions of one covariate, in its unit."""
    values, one, other = _distributions(sample, target, sample_weights, target_weights)
    return float((np.abs(one - other)[:-1] * np.diff(values)).sum())


def _distributions(
    sample: Floats, target: Floats, sample_weights: Floats | None, target_weights: Floats | None
) -> tuple[Floats, Floats, Floats]:
    values = np.unique(np.concatenate([sample, target]))
    functions: list[Floats] = []
    for given, weights in ((sample, sample_weights), (target, target_weights)):
        w = np.ones(len(given)) if weights is None else checked(weights)
        share = np.bincount(np.searchsorted(values, given), w / w.sum(), minlength=len(values))
        functions.append(np.cumsum(share, dtype=np.float64))
    return np.asarray(values, dtype=np.float64), functions[0], functions[1]


def mean_over_covariates(names: Sequence[str], values: Floats) -> float:
    """Mean in which the levels of one category, named "category[level]", count together as one; what is missing counts as 0.

    >>> mean_over_covariates(["age", "sex[f]", "sex[m]"], np.array([1.0, 0.2, 0.4])).__round__(3)
    0.65
    """
    owners = [name.partition("[")[0] if name.endswith("]") else name for name in names]
    levels = Counter(owners)
    weights = np.array([1 / levels[owner] for owner in owners])
    return float(np.nan_to_num(values) @ weights / weights.sum())


_ONE_HOT = ("one_hot_all_levels_missing_indicator_with_zero_fill",)
_VARIANCE = ("weighted_unbiased",)


@method(
    Card(
        name="weighting.standardized_mean_differences",
        definition="Absolute difference of weighted means of sample and target in standard deviations, by covariate.",
        units="1",
        reference="Austin 2009, Stat Med 28:3083-3107",
        equals="balance 0.23.0 asmd, ks, emd, within 1e-9",
        limits="Small differences of means do not mean that distributions agree; see the distances beside them.",
    )
)
def run_standardized_mean_differences(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases, whose tables are one-hot already: differences under each standardization, without and with weights."""
    if arguments.get("categorical", _ONE_HOT[0]) not in _ONE_HOT or arguments.get("variance", _VARIANCE[0]) not in _VARIANCE:
        raise SettingsError(f"standardized_mean_differences: only {_ONE_HOT[0]} and {_VARIANCE[0]} are offered.")
    sample, target = inputs["sample"], inputs["target"]
    weight = arguments.get("weight_column")
    names = [name for name in sample.columns if name != weight and not name.startswith(_IS_MISSING)]
    lacking = [name for name in names if name not in target.columns]
    if lacking:
        raise SchemaError(f"The target has no columns {', '.join(lacking)}.")
    names = [name for name in names if sample[name].dtype.is_numeric()]
    one, other = (table.select(pl.col(names).cast(pl.Float64)).to_numpy() for table in (sample, target))
    weights = sample[weight].cast(pl.Float64).to_numpy() if weight else None
    own = target[weight].cast(pl.Float64).to_numpy() if weight and weight in target.columns else None
    answer: dict[str, Any] = {}
    for by in arguments.get("standardize_by", get_args(StandardizedBy)):
        for label, used in (("unadjusted", None), ("weighted", weights)):
            values = standardized_mean_differences(one, other, used, own, by)
            answer[f"asmd_{label}_standardized_by_{by}"] = _named(names, values, "asmd")
    places = range(len(names))
    smirnov = np.array([kolmogorov_smirnov(one[:, place], other[:, place], weights, own) for place in places])
    mover = np.array([earth_mover(one[:, place], other[:, place], weights, own) for place in places])
    return {
        **answer,
        "kolmogorov_smirnov_weighted": _named(names, smirnov, "ks"),
        "earth_mover_distance_weighted": _named(names, mover, "emd"),
    }


def _named(names: Sequence[str], values: Floats, what: str) -> dict[str, float]:
    return {**dict(zip(names, values.tolist(), strict=True)), f"mean({what})": mean_over_covariates(names, values)}
