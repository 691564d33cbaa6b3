"""Completed: values as they will be in the end, where earlier vintages say how they grow; with the nodes of what they may come to."""

from __future__ import annotations

import polars as pl

from heedful.population.vintages import LONGEST, spread
from heedful.population.watch import NODES

GROWING = ["seen", "nowcast", "nowcast_low", "nowcast_high", "completeness", "enough", "dates"]
_FINAL = 0.005
"""A nowcast this near to the count as issued, relatively, is none."""
_HALF_95 = 1.959964
_SPREAD = {"nowcast_low": -_HALF_95, "nowcast_high": _HALF_95, "node_low": min(NODES), "node_high": max(NODES)}
"""Standard deviations from a nowcast."""


def completed(mine: pl.DataFrame, growing: pl.DataFrame, identity: list[str], step: int) -> pl.DataFrame:
    """`mine` (`identity`, day, value, known_at, floor) with the nowcasts in `growing` (`heedful.population.vintages.nowcasts`) as values.

    Adds `GROWING`, of which `seen` is the value as issued where a nowcast stands in its place, and `node_low`, `node_high`. A value issued
    when it was older than `LONGEST` dates is complete.
    """
    old = (pl.col("known_at").dt.date() - pl.col("day")).dt.total_days() >= LONGEST * step
    if growing.is_empty():
        numbers = dict.fromkeys((*GROWING, "error", *_SPREAD), pl.Float64) | {"enough": pl.Boolean, "dates": pl.Int64}
        nothing = mine.with_columns(**{name: pl.lit(None, dtype) for name, dtype in numbers.items()})
        return nothing.with_columns(completeness=pl.when(old).then(1.0))
    rows = mine.join(growing, on=[*identity, "day"], how="left", maintain_order="left")
    unsettled = ((pl.col("completeness") - 1).abs() > _FINAL) | (pl.col("error") > _FINAL * pl.col("nowcast"))
    rows = rows.with_columns(nowcast=pl.when(unsettled).then(_whole(pl.col("nowcast"))), error=pl.when(unsettled).then("error"))
    rows = rows.with_columns(nowcast=pl.when(pl.col("nowcast") > 0).then("nowcast"))
    at = {name: _whole(spread(pl.col("nowcast"), pl.col("error"), deviations)) for name, deviations in _SPREAD.items()}
    final = pl.when(pl.col("enough").is_null() & old).then(1.0).otherwise(pl.col("completeness"))
    return rows.with_columns(
        value=pl.coalesce("nowcast", "value"),
        seen=pl.when(pl.col("nowcast").is_not_null()).then("value"),
        completeness=final,
        **{name: pl.when(pl.col("nowcast").is_not_null()).then(value) for name, value in at.items()},
    )


def _whole(value: pl.Expr) -> pl.Expr:
    """Whole cases of what is counted, six digits of a rate: how numbers are added up in another order is not seen."""
    return pl.when(pl.col("floor") > 0).then(value.round(6).round()).otherwise(value.round_sig_figs(6))


def with_nodes(rows: pl.DataFrame) -> pl.DataFrame:
    """Sums of nowcasts (`nowcast`, `error`) with the ends and nodes of their distribution, where they have none yet."""
    unsure = pl.col("nowcast").is_not_null()
    nodes = {
        name: pl.coalesce(name, pl.when(unsure).then(_whole(spread(pl.col("nowcast"), pl.col("error"), at))))
        for name, at in _SPREAD.items()
    }
    return rows.with_columns(**nodes)
