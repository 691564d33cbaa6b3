"""Post-stratification to the cells of a population, and raking to its margins, of a sample without a known design.

Reference: Holt & Smith 1979, J R Stat Soc A 142:33-46; Deming & Stephan 1940, Ann Math Stat 11:427-444.
Equals balance 0.23.0 `poststratify` within 1e-9 and `rake`, with its early end, within 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.design import Codes
from heedful.population.survey.post_stratify import cells_of, sizes_of
from heedful.population.weighting.spread import checked, spread, trim_at_mean_ratio, winsorize

MISSING = "(missing)"
"""The level of those who did not say."""


@dataclass(frozen=True)
class Ending:
    """When raking ends: no margin is off by more than `tolerance` of itself; or from one round to the next that changes by less than
    `rate_tolerance`; after `most_rounds`, an error."""

    tolerance: float = 0.0005
    rate_tolerance: float = 1e-8
    most_rounds: int = 1000


def weights_to_cells(cells: Codes, sizes: Floats, before: Floats) -> Floats:
    """Weights that sum to `sizes` in the cells 0, 1, … of the rows, in proportion to the weights `before`.

    Errors: `SettingsError` for a cell with people in the population and nobody in the sample.

    >>> weights_to_cells(np.array([0, 0, 1]), np.array([10.0, 3]), np.ones(3)).tolist()
    [5.0, 5.0, 3.0]
    """
    before = checked(before)
    found = np.bincount(cells, before, minlength=len(sizes))
    empty = (found == 0) & (sizes > 0)
    if empty.any():
        raise SettingsError(
            f"weights_to_cells: {int(empty.sum())} cells, {sizes[empty].sum() / sizes.sum():.1%} of the population, have nobody in the "
            "sample to stand for them. Join them with others."
        )
    with np.errstate(invalid="ignore"):
        return np.where(found[cells] > 0, before * sizes[cells] / found[cells], 0.0)


def weights_to_margins(margins: Sequence[tuple[Codes, Floats]], before: Floats, ending: Ending | None = None) -> Floats:
    """Weights raked to `margins`: for each the level of every row and the share of each level in the population; they keep their sum.

    Errors: `SettingsError` for a level that has nobody in the sample, or if the rounds do not end.

    >>> margins = [(np.array([0, 0, 1, 1]), np.array([0.6, 0.4])), (np.array([0, 1, 0, 1]), np.array([0.5, 0.5]))]
    >>> weights_to_margins(margins, np.ones(4)).round(6).tolist()
    [1.2, 1.2, 0.8, 0.8]
    """
    ending = ending or Ending()
    weights = checked(before)
    total = weights.sum()
    wanted = [shares / shares.sum() * total for _, shares in margins]
    off, last = np.inf, -np.inf
    for _round in range(ending.most_rounds + 1):
        last = off
        for (levels, _), sizes in zip(margins, wanted, strict=True):
            weights = weights_to_cells(levels, sizes, weights)
        off = max(_off(weights, levels, sizes) for (levels, _), sizes in zip(margins, wanted, strict=True))
        if off <= ending.tolerance or abs(off - last) <= ending.rate_tolerance:
            return weights
    raise SettingsError(f"weights_to_margins: after {ending.most_rounds} rounds a margin is still off by {off:.2g} of itself.")


def _off(weights: Floats, levels: Codes, sizes: Floats) -> float:
    found = np.bincount(levels, weights, minlength=len(sizes))
    return float(np.abs(found[sizes > 0] / sizes[sizes > 0] - 1).max())


def _with_missing(sample: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    """The sample with its missing levels as a level of their own, or without those rows, as the case says."""
    names = list(arguments["variables"])
    unknown = [name for name in names if name not in sample.columns]
    if unknown:
        raise SchemaError(f"The sample has no columns {', '.join(unknown)}; it has {', '.join(sample.columns)}.")
    how = arguments.get("missing_values", "own_level")
    if how == "own_level":
        return sample.with_columns(pl.col(names).cast(pl.String).fill_null(MISSING))
    if how == "drop":
        return sample.drop_nulls(names)
    raise SettingsError(f"weighting: missing values are 'own_level' or 'drop', not {how!r}.")


def _before(sample: pl.DataFrame, arguments: Mapping[str, Any]) -> Floats:
    name = arguments.get("weight_column")
    return sample[name].cast(pl.Float64).to_numpy() if name else np.ones(sample.height)


def _finished(weights: Floats, arguments: Mapping[str, Any], target: float) -> Floats:
    """Trimmed if asked for, and scaled to the sum that is asked for."""
    if arguments.get("trim_mean_ratio") is not None:
        weights = trim_at_mean_ratio(weights, float(arguments["trim_mean_ratio"]))
    if arguments.get("trim_percentile") is not None:
        given = arguments["trim_percentile"]
        lower, upper = given if isinstance(given, list) else (given, given)
        weights = winsorize(weights, float(lower or 0), float(upper or 0))
    sums = {"target_n": target, "sample_n": float(len(weights))}
    if arguments.get("weight_sum", "target_n") not in sums:
        raise SettingsError(f"weighting: weights sum to 'target_n' or 'sample_n', not {arguments['weight_sum']!r}.")
    return weights * sums[arguments.get("weight_sum", "target_n")] / weights.sum()


def _answer(sample: pl.DataFrame, names: Sequence[str], weights: Floats) -> dict[str, Any]:
    """Weight of each cell of the sample, and how unequal they are."""
    by_cell = (
        sample.select(pl.col(list(names)).cast(pl.String))
        .with_columns(weight=pl.Series(weights))
        .group_by(list(names))
        .agg(n=pl.len(), mean=pl.col("weight").mean(), spread=pl.col("weight").max() - pl.col("weight").min())
        .sort(list(names))
        .rename({"mean": "weight"})
    )
    return {"cell_weights": by_cell.to_dicts(), "weight_sum": float(weights.sum()), **asdict(spread(weights))}


@method(
    Card(
        name="weighting.post_stratify",
        definition="Weights that give every cell of the sample its size in the population.",
        units="1",
        reference="Holt & Smith 1979, J R Stat Soc A 142:33-46",
        equals="balance 0.23.0 poststratify, within 1e-9",
        limits="Within a cell, those in the sample are taken to be like those outside it.",
    )
)
def run_post_stratify(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights by cell and their diagnostics."""
    sample, names = _with_missing(inputs["sample"], arguments), list(arguments["variables"])
    target = inputs["target_cells"].with_columns(pl.col(names).cast(pl.String).fill_null(MISSING))
    cells, sizes = cells_of(sample, names, sizes_of(target.to_dicts(), names))
    weights = weights_to_cells(cells, sizes, _before(sample, arguments))
    return _answer(sample, names, _finished(weights, arguments, float(arguments.get("target_n", sizes.sum()))))


@method(
    Card(
        name="weighting.rake",
        definition="Weights scaled to one margin of the population after the other, around and around, until all fit.",
        units="1",
        reference="Deming & Stephan 1940, Ann Math Stat 11:427-444",
        equals="balance 0.23.0 rake, within 1e-9 (it stops when margins are within 0.0005 of themselves)",
        limits="Knows nothing of how margins cross in the population.",
    )
)
def run_rake(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights by cell, their diagnostics, and the margins reached."""
    sample, names = _with_missing(inputs["sample"], arguments), list(arguments["variables"])
    margins = []
    for name in sorted(names):  # the peer's order; where rounds end early, the last margin fits best
        sizes = arguments["target_margins"][name]
        present = set(sample[name].cast(pl.String).to_list())
        margins.append(cells_of(sample, [name], {(level,): float(size) for level, size in sizes.items() if level in present}))
    ending = Ending(
        float(arguments.get("convergence_tolerance", 0.0005)),
        float(arguments.get("rate_tolerance", 1e-8)),
        int(arguments.get("maximum_iterations", 1000)),
    )
    weights = weights_to_margins(margins, _before(sample, arguments), ending)
    weights = _finished(weights, arguments, float(arguments.get("target_n", sample.height)))
    reached = {}
    for name in names:
        levels = sample.select(pl.col(name).cast(pl.String)).with_columns(weight=pl.Series(weights))
        sums = levels.group_by(name).agg(pl.col("weight").sum()).sort(name)
        reached[name] = {level: weight / float(weights.sum()) for level, weight in sums.iter_rows()}
    return {**_answer(sample, names, weights), "weighted_margins": reached}
