"""Features that are times of day, and how such a time is written."""

from __future__ import annotations

import polars as pl

CLOCK_FEATURES = ("sleep_onset", "sleep_offset", "sleep_midpoint")
"""Features, without their definition, that are times of day: minutes after local midnight, negative before it."""


def clock(minutes: pl.Expr) -> pl.Expr:
    """Minutes after midnight as a time of day.

    >>> pl.DataFrame({"m": [-45.0, 431.6]}).select(clock(pl.col("m"))).to_series().to_list()
    ['23:15', '07:12']
    """
    whole = minutes.round(0).cast(pl.Int64).mod(1440)
    return pl.format("{}:{}", (whole // 60).cast(pl.String).str.zfill(2), (whole % 60).cast(pl.String).str.zfill(2))


def is_clock(feature: pl.Expr) -> pl.Expr:
    """Whether a feature is a time of day, whatever its definition."""
    return feature.str.replace(r"\[.*$", "").is_in(CLOCK_FEATURES)


def clock_words(minutes: float) -> str:
    """Minutes after any midnight as a time of day.

    >>> clock_words(-30), clock_words(1450)
    ('23:30', '00:10')
    """
    whole = round(minutes) % 1440
    return f"{whole // 60:02d}:{whole % 60:02d}"
