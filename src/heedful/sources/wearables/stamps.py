"""Time stamps, many at once: Apple's `2019-01-02 03:04:05 +0100` from bytes, and local clock times of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

WIDTH, STEP = 25, 26
"""Bytes of an Apple stamp, and of one with the bar after it."""
UNREADABLE = "?" * WIDTH

_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND, _OFFSET_HOUR, _OFFSET_MINUTE = 0, 5, 8, 11, 14, 17, 21, 23
_MARKS = ((4, "-"), (7, "-"), (10, " "), (13, ":"), (16, ":"), (19, " "))
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 243, dtype=np.int32)


@dataclass(frozen=True)
class Stamps:
    """Instants with their offsets; where `valid` is false the other numbers mean nothing.

    `instant`: microseconds since 1970 UTC. `day`: days since 1970 of the local calendar date. `offset`: minutes east of UTC.
    """

    instant: npt.NDArray[np.int64]
    day: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int16]
    valid: npt.NDArray[np.bool_]


def parse(text: bytes | memoryview) -> Stamps:
    """Read stamps of 25 bytes with a bar after each.

    >>> stamps = parse(b"2019-07-02 03:04:05 +0200|2019-02-29 00:00:00 +0000|")
    >>> stamps.instant[0], stamps.offset[0], stamps.valid.tolist()
    (np.int64(1562029445000000), np.int16(120), [True, False])
    """
    columns = np.ascontiguousarray(np.frombuffer(text, dtype=np.uint8).reshape(-1, STEP).T)
    valid = np.ones(columns.shape[1], dtype=np.bool_)
    for place, mark in _MARKS:
        valid &= columns[place] == ord(mark)

    def two(place: int) -> npt.NDArray[np.int32]:
        tens, ones = columns[place] - 48, columns[place + 1] - 48  # uint8 wraps: what is not a digit becomes more than 9
        np.logical_and(valid, (tens < 10) & (ones < 10), out=valid)
        return (tens * np.uint8(10) + ones).astype(np.int32)

    year, month, date = two(_YEAR) * 100 + two(_YEAR + 2), two(_MONTH), two(_DAY)
    hour, minute, second = two(_HOUR), two(_MINUTE), two(_SECOND)
    offset = two(_OFFSET_HOUR) * 60 + two(_OFFSET_MINUTE)
    minus = columns[20] == ord("-")
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid &= (minus | (columns[20] == ord("+"))) & (offset <= 18 * 60)
    valid &= (date >= 1) & (date <= _MONTH_DAYS[month] + leap) & (hour < 24) & (minute < 60) & (second < 60)
    day = _days_since_1970(year, month, date)
    offset = np.where(minus, -offset, offset)
    seconds = day.astype(np.int64) * 86_400 + (hour * 3_600 + minute * 60 + second - offset * 60)
    return Stamps(seconds * 1_000_000, day, offset.astype(np.int16), valid)


def _days_since_1970(year: npt.NDArray[np.int32], month: npt.NDArray[np.int32], date: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Days of the proleptic Gregorian calendar: Howard Hinnant's days_from_civil (2013), for years from 0 on."""
    year = year - (month <= 2)
    era, of_era = year // 400, year % 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + date - 1
    return (era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468).astype(np.int32)


def localized(frame: pl.DataFrame, local: str, zone: str, *, within: tuple[str, ...]) -> pl.DataFrame:
    """`frame` with `start_at`, `day` and `offset_minutes` from its naive local times in `zone`.

    In the hour that a zone repeats in autumn the first row of a time (within the columns `within`) is the earlier instant and later
    rows are the later one. A time that the zone skips in spring gives a null `start_at`.
    """
    again = pl.int_range(pl.len()).over(*within, local) > 0
    which: Any = (
        pl.when(again).then(pl.lit("latest")).otherwise(pl.lit("earliest")) if frame.height else "earliest"
    )  # polars 2.1 panics on none
    at = pl.col(local).dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return frame.with_columns(
        start_at=at.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")), day=pl.col(local).dt.date()
    ).with_columns(offset_minutes=offset_minutes(pl.col("start_at"), zone))


def in_zone(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """`frame` with `day` and `offset_minutes` of its UTC `start_at` in `zone`."""
    local = pl.col("start_at").dt.convert_time_zone(zone)
    return frame.with_columns(day=local.dt.date(), offset_minutes=offset_minutes(pl.col("start_at"), zone))


def offset_minutes(instant: pl.Expr, zone: str) -> pl.Expr:
    """Minutes east of UTC of `zone` at each UTC instant."""
    local = instant.dt.convert_time_zone(zone)
    return (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_minutes().cast(pl.Int16)


def end_of_day(day: pl.Expr, zone: str) -> pl.Expr:
    """The UTC instant at which a local day ends: 23, 24 or 25 hours after it began."""
    midnight: Any = day.dt.offset_by("1d").cast(pl.Datetime("us"))
    return (
        midnight.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .cast(pl.Datetime("us", "UTC"))
    )
