"""What cannot be true of a single observation, said once for all wearables."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

EARLIEST = datetime(1980, 1, 1)
"""No wearable is older; a clock that says 1970 was never set."""
GRACE = timedelta(days=2)
"""How far after the moment of reading a clock may be, for zones and slow clocks."""


MOST_STEPS_A_MINUTE = 400
"""No one steps faster; sprinters take about 300 a minute. An interval of less than a minute may hold a minute's."""
EARLIEST_DECLARED = datetime(1971, 1, 1)
"""Of tables that somebody mapped, which may be older than wearables: only a clock that counts from 1970 is not believed."""


def trouble(known_at: datetime, earliest: datetime = EARLIEST) -> pl.Expr:
    """Why a row cannot be true, with a cure, or null; reads the columns start_at, end_at, value, low, high, unit.

    `known_at` is when the file was read: nothing in it can have happened later. Steps are also held against the length of their interval,
    where it has one.
    """
    latest = known_at + GRACE
    shown, start = pl.col("value").round(3).cast(pl.String), pl.col("start_at")
    early = pl.lit(earliest).dt.replace_time_zone("UTC")
    minutes = (pl.col("end_at") - start).dt.total_seconds() / 60
    hasty = (minutes > 0) & (pl.col("value") > MOST_STEPS_A_MINUTE * pl.max_horizontal(minutes, 1.0)) & (pl.col("unit") == "{steps}")
    return (
        pl.when(start.is_null())
        .then(pl.lit("the start time cannot be read"))
        .when(pl.col("end_at").is_null())
        .then(pl.lit("the end time cannot be read"))
        .when(start < early)
        .then(pl.lit(f"the clock was not set: the start lies before {earliest.year}; set it, or shift the days in the file"))
        .when(start > pl.lit(latest))
        .then(pl.lit("the start lies after the day on which the file was read: a wrong clock; set it, or shift the days in the file"))
        .when(pl.col("end_at") < start)
        .then(pl.lit("the interval ends before it starts; correct the times"))
        .when(pl.col("value").is_not_null() & ~pl.col("value").is_finite())
        .then(pl.lit("the value is not a finite number"))
        .when((pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high")))
        .then(
            pl.format(
                "the value {} {} is outside what is plausible for one observation ({} to {}); correct it or its unit, or leave it out",
                shown, pl.col("unit"), pl.col("low").cast(pl.String), pl.col("high").cast(pl.String),
            )
        )
        .when(hasty)
        .then(pl.format("{} steps in {} minutes: nobody steps so fast; correct the row", shown, minutes.round(1).cast(pl.String)))
        .otherwise(pl.lit(None, dtype=pl.String))
    )  # fmt: skip
