"""Battery: how often and how long a phone was charged and discharged in a time segment, and how fast it lost charge.

A level holds until the next row, at most the threshold (30 minutes). Rows of one level and state without such a gap are an episode;
neighboring episodes of one state in a segment are one charge or discharge. States: 2 charging, 3 discharging, 4 not charging, 5 full (4
counts as discharging, 5 as charging); lower ones are unknown and left out. A charge or discharge in which the level did not move is left
out too. Rates are percent of the battery a minute.

Equal to RAPIDS (carissalow/rapids cd01725d, AGPL, its numbers only), phone_battery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from heedful.behavior.phone.episodes import shared_out
from heedful.behavior.segments import COMMON_ARGUMENTS, as_case, keyed, rows_of
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_DISCHARGE, _CHARGE = (3, 4), (2, 5)
_MINUTE_MS = 60_000


def battery_episodes(rows: pl.DataFrame, threshold_minutes: float = 30) -> pl.DataFrame:
    """Episodes of one level and state: `row` (number), `battery_level`, `battery_status`, `begin_ms`, `finish_ms`.

    Rows in order of time with `at_ms`, `battery_level`, `battery_status`.
    """
    limit = int(threshold_minutes * _MINUTE_MS)
    known = rows.filter(pl.col("battery_status") >= 2)
    held = pl.col("at_ms").shift(-1) - 1 - pl.col("at_ms")
    finish = pl.col("at_ms") + pl.when(held <= limit).then(held).otherwise(limit)
    changed = ((pl.col("battery_level").diff() != 0) | (pl.col("battery_status").diff() != 0) | (pl.col("at_ms").diff() > limit)).fill_null(
        True
    )
    return known.with_columns(finish_ms=finish, episode=changed.cum_sum().cast(pl.Int64)).group_by("episode", maintain_order=True).agg(
        pl.col("battery_level").first(), pl.col("battery_status").first(), begin_ms=pl.col("at_ms").first(),
        finish_ms=pl.col("finish_ms").last(),
    ).rename({"episode": "row"})  # fmt: skip


def battery_features(pieces: pl.DataFrame) -> pl.DataFrame:
    """Features of each segment from the episodes shared out among segments (`shared_out`); 0 where there was no charge or discharge."""
    ordered = pieces.sort("order", "name", "begin_ms", "row", maintain_order=True)
    begins = (
        (pl.col("battery_status") != pl.col("battery_status").shift()) | (pl.col("begin_ms") - pl.col("finish_ms").shift() > 1)
        | (pl.col("name") != pl.col("name").shift())
    ).fill_null(True)  # fmt: skip
    runs = ordered.with_columns(run=begins.cum_sum()).group_by("order", "name", "run", "battery_status", maintain_order=True).agg(
        pl.col("minutes").sum(), lost=pl.col("battery_level").first() - pl.col("battery_level").last()
    ).with_columns(rate=pl.col("lost") / pl.col("minutes"))  # fmt: skip
    discharge, charge = (pl.col("battery_status").cast(pl.Int64).is_in(states) for states in (_DISCHARGE, _CHARGE))
    return keyed(pieces).join(
        runs.filter((discharge | charge) & (pl.col("rate") != 0)).group_by("name").agg(
            countdischarge=discharge.sum(), sumdurationdischarge=pl.col("minutes").filter(discharge).sum(),
            avgconsumptionrate=pl.col("rate").filter(discharge).mean().fill_null(0.0),
            maxconsumptionrate=pl.col("rate").filter(discharge).max().fill_null(0.0),
            countcharge=charge.sum(), sumdurationcharge=pl.col("minutes").filter(charge).sum(),
        ),
        left_on="local_segment", right_on="name", how="inner",
    )  # fmt: skip


@method(Card(
    name="features.battery",
    definition="Number and minutes of charges and discharges of a phone in a time segment, and mean and greatest rate of discharge.",
    units="1; min; %/min",
    reference="Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS)",
    equals="RAPIDS cd01725d phone_battery, its own test file, within 1e-9",
    limits="Between rows the last level is taken to hold; a phone that is off looks like a gap.",
))  # fmt: skip
def run_battery(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a segment with charge or discharge."""
    check_arguments("features.battery", arguments, {"episode_threshold_between_rows_minutes"} | COMMON_ARGUMENTS)
    threshold = float(arguments.get("episode_threshold_between_rows_minutes", 30))
    if threshold <= 0:
        raise SettingsError(f"The threshold between rows is {threshold} minutes; it must be above 0.")
    episodes = battery_episodes(rows_of(inputs["raw"], arguments), threshold)
    pieces = shared_out(episodes, inputs["time_segments"], arguments)
    return as_case(battery_features(pieces), "phone_battery_rapids_") if pieces.height else {}
