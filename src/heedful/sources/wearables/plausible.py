"""What cannot be true of a single observation, said once for all wearables."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

EARLIEST = datetime(1980, 1, 1)
"""No wearable is older; a clock that says 1970 was never set."""
GRACE = timedelta(days=2)
"""How far after the moment of reading a clock may be, for zones and slow clocks."""


def trouble(known_at: datetime) -> pl.Expr:
    """Why a row cannot be true, or null; reads the columns start_at, end_at, value, low, high, unit.

    `known_at` is when the file was read: nothing in it can have happened later.
    """
    latest = known_at + GRACE
    shown, start = pl.col("value").round(3).cast(pl.String), pl.col("start_at")
    early = pl.lit(EARLIEST).dt.replace_time_zone("UTC")
    return (
        pl.when(start.is_null())
        .then(pl.lit("the start time cannot be read"))
        .when(pl.col("end_at").is_null())
        .then(pl.lit("the end time cannot be read"))
        .when(start < early)
        .then(pl.lit("the clock was not set: the start lies before 1980"))
        .when(start > pl.lit(latest))
        .then(pl.lit("the start lies after the day on which the file was read: a wrong clock"))
        .when(pl.col("end_at") < start)
        .then(pl.lit("the interval ends before it starts"))
        .when(pl.col("value").is_not_null() & ~pl.col("value").is_finite())
        .then(pl.lit("the value is not a finite number"))
        .when((pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high")))
        .then(
            pl.format(
                "the value {} {} is outside what is plausible for one observation ({} to {})",
                shown, pl.col("unit"), pl.col("low").cast(pl.String), pl.col("high").cast(pl.String),
            )
        )
        .otherwise(pl.lit(None, dtype=pl.String))
    )  # fmt: skip
