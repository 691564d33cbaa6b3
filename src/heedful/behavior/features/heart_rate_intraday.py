"""Heart rate within the day: center, spread, entropy and minutes in the vendor's zones, of each time segment with rates.

Of several commonest rates the lowest is the mode. The entropy is that of the rates taken as shares of their sum, in nats. Minutes in a
zone are its rows over the mean number of rows a minute.

Equal to RAPIDS (carissalow/rapids cd01725d, AGPL, its numbers only), fitbit_heartrate_intraday.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from heedful.behavior.segments import COMMON_ARGUMENTS, as_case, assign, in_study, keyed, rows_of, segments_for
from heedful.core.columns import check_arguments
from heedful.core.registry import Card, method

ZONES = ("outofrange", "fatburn", "cardio", "peak")


def heart_rate_features(placed: pl.DataFrame, rows_a_minute: float) -> pl.DataFrame:
    """Features of each segment. `placed` has one row a rate and segment: the segment's columns, `heartrate`, `heartrate_zone`."""
    rate = pl.col("heartrate")
    share = rate / rate.sum()
    zones = {f"minuteson{zone}zone": (pl.col("heartrate_zone") == zone).sum() / rows_a_minute for zone in ZONES}
    found = placed.group_by("name", maintain_order=True).agg(
        maxhr=rate.max(), minhr=rate.min(), avghr=rate.mean(), medianhr=rate.median(), modehr=rate.mode().min(), stdhr=rate.std(),
        diffmaxmodehr=rate.max() - rate.mode().min(), diffminmodehr=rate.mode().min() - rate.min(),
        entropyhr=-(share * share.log()).sum(), **zones,
    )  # fmt: skip
    return keyed(placed).join(found, left_on="local_segment", right_on="name", how="inner")


@method(Card(
    name="features.heartrate_intraday",
    definition="Center, spread, mode and entropy of heart rates in a time segment, and minutes in the vendor's zones.",
    units="/min; nat; min",
    reference="Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS)",
    equals="RAPIDS cd01725d fitbit_heartrate_intraday, its own test file, within 1e-9",
    limits="Zones are the vendor's and depend on the age entered; a segment with a single rate has no spread.",
))  # fmt: skip
def run_heart_rate(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a segment with rates."""
    check_arguments("features.heartrate_intraday", arguments, COMMON_ARGUMENTS)
    rows = rows_of(inputs["raw"], arguments).with_columns(pl.col("heartrate").cast(pl.Float64))
    kept = in_study(rows, arguments)
    if kept.is_empty():
        return {}
    placed = assign(kept, segments_for(rows, inputs["time_segments"], arguments))
    a_minute = len(kept) / kept.select(pl.col("local").dt.truncate("1m").n_unique()).item()
    return as_case(heart_rate_features(placed, a_minute), "fitbit_heartrate_intraday_rapids_") if placed.height else {}
