"""What an official row must be to be counted with: a count, issued by now, of a period that has begun.

A row that is not is set aside, with its series and date in brackets at the end of the reason; the run's accounts add such rows up without
the brackets. An issue date counts as come once its day has begun anywhere (UTC+14): the row is then known from when it was read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from heedful.core.schemas import INSTANT

EARLIEST_ZONE = timedelta(hours=14)
"""Ahead of UTC: Kiritimati begins a day first."""
FUTURE = (
    "it is issued after this site's clock, so nobody can know it yet; correct its issue date or the clock, or read it again after that day"
)
UNBEGUN = "its period begins after this site's clock, so it is a forecast, not a count; correct its date or the clock"
NEGATIVE = "its count is below 0; correct it, or declare what it is, such as unit = '1' for a change"
FRACTION = "its count is not a whole number; correct it, or declare what it is, such as unit = '%' for a share or '1' for an estimate"
NO_DENOMINATOR = "what it is out of is below 0; correct the denominator"


def not_yet(known: pl.Expr, read_at: datetime) -> pl.Expr:
    """The reason against a row that is issued after the day of the clock."""
    return pl.when(known > pl.lit(read_at + EARLIEST_ZONE, INSTANT)).then(pl.lit(FUTURE))


def known_by_now(known: pl.Expr, read_at: datetime) -> pl.Expr:
    """When a row that is issued today somewhere counts as known: never after the clock."""
    return pl.min_horizontal(known, pl.lit(read_at, INSTANT))


def unbegun(day: pl.Expr, read_at: datetime) -> pl.Expr:
    """The reason against a period that begins after the day of the clock."""
    return pl.when(day > pl.lit((read_at + EARLIEST_ZONE).date())).then(pl.lit(UNBEGUN))


def no_count(value: pl.Expr, unit: str) -> pl.Expr:
    """The reason against a value that is no count, where the unit says that it is one (braces: {count}, {cases}).

    >>> frame = pl.DataFrame({"value": [5.0, -1.0, 0.5, None]})
    >>> [reason and reason.split(";")[0] for reason in frame.select(no_count(pl.col("value"), "{count}")).to_series()]
    [None, 'its count is below 0', 'its count is not a whole number', None]
    """
    if not unit.startswith("{"):
        return pl.lit(None, pl.String)
    return pl.when(value < 0).then(pl.lit(NEGATIVE)).when(value != value.round()).then(pl.lit(FRACTION))


def bad_denominator(denominator: pl.Expr) -> pl.Expr:
    """The reason against a denominator below 0."""
    return pl.when(denominator < 0).then(pl.lit(NO_DENOMINATOR))


def named(reason: pl.Expr, *parts: pl.Expr) -> pl.Expr:
    """`reason` with the series and date it is about, in brackets.

    >>> frame = pl.DataFrame({"r": ["it is late", None, ""], "place": ["US", "US", None]})
    >>> frame.select(named(pl.col("r"), pl.col("place"))).to_series().to_list()
    ['it is late [US]', None, '']
    """
    about = pl.concat_str([part.cast(pl.String).fill_null("?").str.replace_all(r"[\[\]]", "") for part in parts], separator=", ")
    return pl.when(reason != "").then(pl.format("{} [{}]", reason, about)).otherwise(reason)
