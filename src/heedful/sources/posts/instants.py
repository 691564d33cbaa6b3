"""Times as files write them, turned into UTC instants many at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from heedful.core.schemas import INSTANT

EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""What lies outside is taken as not understood: a zero epoch, a date in another unit."""

_AWARE = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
)
_LOCAL = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_HOURS = re.compile(r"%[-_0]?[HIkKlTRcXrsM+]")
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")


def instants(values: pl.Series, zone: str = "UTC", patterns: Sequence[str] = ()) -> pl.Series:
    """UTC instants of `values`; null where a value is missing, not understood or outside 1970-2100.

    Parameters
    ----------
    values: numbers (epoch in s, ms, us or ns, by magnitude), dates, datetimes, or strings: ISO 8601, Twitter's and RFC 822's forms,
        epochs written out. Day-first and month-first dates are never guessed: they need `patterns`.
    zone: IANA zone of times without offset. A date alone is midnight UTC, so that its day stays the day written.
    patterns: chrono patterns (`%d/%m/%Y %H:%M`) that are tried first, in order.

    >>> instants(pl.Series(["2024-03-01T10:00:00+01:00", "1709283600", "2024-03-01", "soon"])).dt.to_string("%d %H").to_list()
    ['01 09', '01 09', '01 00', None]
    """
    if values.dtype == pl.String:
        out = _from_text(values.str.strip_chars(), zone, patterns)
    elif values.dtype.is_numeric():
        out = _from_epoch(values)
    elif isinstance(values.dtype, pl.Datetime):
        out = values.cast(INSTANT) if values.dtype.time_zone else _localize(values.cast(pl.Datetime("us")), zone)
    elif values.dtype == pl.Date:
        out = values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        out = pl.Series(values.name, [None] * len(values), dtype=INSTANT)
    column = pl.col("at")
    return out.alias("at").to_frame().select(pl.when(column.is_between(EARLIEST, LATEST)).then(column)).to_series()


def _from_text(values: pl.Series, zone: str, patterns: Sequence[str]) -> pl.Series:
    out = pl.Series(values.name, [None] * len(values), dtype=INSTANT) if patterns else _read(values, _AWARE[0], zone)
    for form in (*patterns, *_AWARE, *_LOCAL, *_DATES, ""):
        missing = out.is_null() & values.is_not_null()
        if not missing.any():
            break
        rest = values.filter(missing)
        found = _read(rest, form, zone) if form else _from_epoch(rest.cast(pl.Float64, strict=False))
        out = out.scatter(missing.arg_true(), found)
    return out


def _read(values: pl.Series, form: str, zone: str) -> pl.Series:
    """Times written as `form`: with their offset, in `zone` if they have none, at midnight UTC if they are dates alone."""
    read = values.str.to_datetime(form, time_unit="us", strict=False)
    assert isinstance(read.dtype, pl.Datetime)
    if read.dtype.time_zone:
        return read.cast(INSTANT)
    return _localize(read, "UTC" if " UTC" in form or not _HOURS.search(form) else zone)


def _localize(values: pl.Series, zone: str) -> pl.Series:
    """Local times as instants: the earlier of two in autumn; a time that spring left out is moved on by an hour."""
    direct = values.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if direct.null_count() > values.null_count():
        moved = (values + timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        direct = direct.fill_null(moved)
    return direct.cast(INSTANT)


def _from_epoch(values: pl.Series) -> pl.Series:
    """The unit follows from the magnitude: seconds up to the year 5138, then milliseconds, microseconds, nanoseconds."""
    number = pl.col("at").cast(pl.Float64)
    whole = pl.col("at").cast(pl.Int64, strict=False)
    micros = (
        pl.when(number.abs() < 1e11)
        .then((number * 1e6).round().cast(pl.Int64, strict=False))
        .when(number.abs() < 1e14)
        .then((number * 1e3).round().cast(pl.Int64, strict=False))
        .when(number.abs() < 1e17)
        .then(whole)
        .otherwise(whole // 1_000)
    )
    return values.alias("at").to_frame().select(micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).to_series()
