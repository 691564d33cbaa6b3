"""Time segments: the stretches of local time over which features of phones and wearables are taken, as RAPIDS defines them.

* `frequency`: every day from midnight in steps of so many minutes (a rest of the day is left out).
* `periodic`: from a time of day, so long, every day or on a day of the week (Monday 1), month, quarter or year; they may overlap.
* `event`: so long from an instant, shifted forward or back; one label's may not overlap.

An instance runs to the end of its last second. Where the clock jumps over its start or end there is none; a repeated hour counts as the
first. Vega et al. 2021, Front Digit Health 3:769823. Equal to RAPIDS (carissalow/rapids cd01725d).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from heedful.core.errors import HeedfulError, SettingsError

COMMON_ARGUMENTS = frozenset({"segment_type", "segment_minutes", "timezone", "device_id", "start_date", "end_date", "timestamps"})
KEYS = ("local_segment", "local_segment_label", "local_segment_start_datetime", "local_segment_end_datetime")
_CLOCK = "%Y-%m-%d %H:%M:%S"
_LENGTH = re.compile(r"\s*(?:(\d+)\s*D)?\s*(?:(\d+)\s*H)?\s*(?:(\d+)\s*M)?\s*(?:(\d+)\s*S)?\s*", re.IGNORECASE)
_REPEAT_DAYS = {"every_day": 1, "wday": 7, "mday": 28, "qday": 95, "yday": 365}
_DAY_MINUTES, _DAY_SECONDS = 1_440, 86_400


class SegmentsError(HeedfulError):
    """Segments, or rows for them, that are not as they must be."""


def instances(kind: str, table: pl.DataFrame, days: tuple[Any, Any], zone: str) -> pl.DataFrame:
    """All instances of the segments that start on the days from first to last, in order.

    Columns: `label`, `order` (of the label), `series` (instances of a label that do not overlap one another), `name`, `start_text`,
    `end_text`, `start_ms` and `end_ms` (included; ms since 1970 UTC).
    Errors: `SettingsError` for a kind, zone, length or repetition that is not understood.

    >>> import datetime as dt
    >>> table = pl.DataFrame({"label": ["half"], "length": [720]})
    >>> instances("frequency", table, (dt.date(2026, 1, 1), dt.date(2026, 1, 1)), "UTC")["name"].to_list()[0]
    'half0000#2026-01-01 00:00:00,2026-01-01 11:59:59'
    """
    check_zone(zone)
    if kind == "event":
        return _named(_events(table), zone)
    if kind not in ("frequency", "periodic"):
        raise SettingsError(f"There are no segments of the type {kind!r}; choose frequency, periodic or event.")
    rules = _frequency(table) if kind == "frequency" else _periodic(table)
    dates = pl.DataFrame({"date": pl.date_range(days[0], days[1], "1d", eager=True)})
    quarter_day = (pl.col("date") - pl.col("date").dt.truncate("1q")).dt.total_days() + 1
    laid = rules.join(dates, how="cross").filter(
        pl.when(pl.col("repeats_on") == "every_day").then(pl.lit(True))
        .when(pl.col("repeats_on") == "wday").then(pl.col("date").dt.weekday() == pl.col("repeats_value"))
        .when(pl.col("repeats_on") == "mday").then(pl.col("date").dt.day() == pl.col("repeats_value"))
        .when(pl.col("repeats_on") == "qday").then(quarter_day == pl.col("repeats_value"))
        .otherwise(pl.col("date").dt.ordinal_day() == pl.col("repeats_value"))
    )  # fmt: skip
    start = pl.col("date").cast(pl.Datetime("ms")) + pl.duration(seconds="start_s", time_unit="ms")
    local = laid.select("label", "order", "series", start=start, end=start + pl.duration(seconds="length_s", time_unit="ms"))
    turn = (pl.col("start").rank("dense").over("label") - 1).cast(pl.Int64) % pl.col("series")
    local = local.with_columns(series=pl.format("{}#{}", "label", turn))
    placed = local.with_columns(start_ms=_epoch("start", zone), end_ms=_epoch("end", zone) + 999)
    return _with_names(placed.drop_nulls(["start_ms", "end_ms"]))


def assign(rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Each row (column `at_ms`) beside every instance that contains it, in order of `row` and then of the instance."""
    joined = rows.join_where(held, pl.col("at_ms") >= pl.col("start_ms"), pl.col("at_ms") <= pl.col("end_ms"))
    return joined.sort("order", "row", "at_ms", "start_ms")


def rows_of(raw: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    """A device's rows with `at_ms` (ms since 1970 UTC), `local` (clock time there) and `row`, in order of time.

    Times are `timestamp` (ms), or `local_date_time` where all timestamps are 0, as wearables state them; a time that the clock jumps over
    is left out.
    """
    zone = check_zone(str(arguments.get("timezone", "UTC")))
    rows = raw.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    if "device_id" in arguments and "device_id" in rows.columns:
        rows = rows.filter(pl.col("device_id").cast(pl.String) == str(arguments["device_id"]))
    if "timestamp" not in rows.columns and "local_date_time" not in rows.columns:
        raise SegmentsError("The rows have neither timestamp (ms since 1970) nor local_date_time; without times there are no segments.")
    if "local_date_time" in rows.columns and ("timestamp" not in rows.columns or not (rows.get_column("timestamp") != 0).any()):
        local = pl.col("local_date_time").cast(pl.String).str.replace_all("/", "-").str.to_datetime(_CLOCK, time_unit="ms")
        rows = rows.with_columns(local=local).with_columns(at_ms=_epoch("local", zone)).drop_nulls("at_ms")
    else:
        rows = (
            rows.with_columns(at_ms=pl.col("timestamp").cast(pl.Int64)).drop_nulls("at_ms").with_columns(local=local_clock("at_ms", zone))
        )
    return rows.sort("at_ms", maintain_order=True)


def in_study(rows: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    """Rows whose local time lies from the start date to the end date's midnight."""
    for name, keep in (("start_date", pl.Expr.ge), ("end_date", pl.Expr.le)):
        if arguments.get(name) is not None:
            rows = rows.filter(keep(pl.col("local"), pl.lit(str(arguments[name])).str.to_datetime("%Y-%m-%d", time_unit="ms")))
    return rows


def segments_for(rows: pl.DataFrame, table: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    """Instances on the days on which there are rows."""
    kind = str(arguments.get("segment_type", "frequency")).lower()
    if kind == "frequency" and "segment_minutes" in arguments and table.get_column("length").to_list() != [arguments["segment_minutes"]]:
        raise SettingsError(f"segment_minutes is {arguments['segment_minutes']}, the table says {table.get_column('length').to_list()}.")
    if kind == "event" and "device_id" in arguments and "device_id" in table.columns:
        table = table.filter(pl.col("device_id").cast(pl.String) == str(arguments["device_id"]))
    day = rows.get_column("local").dt.date()
    return instances(kind, table, (day.min(), day.max()), str(arguments.get("timezone", "UTC")))


def local_clock(name: str, zone: str) -> pl.Expr:
    """Clock time there of an instant in ms."""
    return pl.from_epoch(name, "ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)


def check_zone(zone: str) -> str:
    """The zone's name, if there is one."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"There is no time zone {zone!r}; write a name such as America/New_York.") from error
    return zone


def as_case(features: pl.DataFrame, prefix: str) -> dict[str, list[Any]]:
    """The outputs of a parity case: the keys, then each feature under its prefix; what is not finite is missing."""
    named = features.sort("local_segment").drop("order")
    clean = named.with_columns(pl.selectors.float().fill_nan(None))
    return {name if name in KEYS else prefix + name: clean.get_column(name).to_list() for name in clean.columns}


def keyed(held: pl.DataFrame) -> pl.DataFrame:
    """The key columns as a case names them, beside `order`."""
    columns = dict(zip(KEYS, ("name", "label", "start_text", "end_text"), strict=True))
    return held.select("order", **{key: pl.col(column) for key, column in columns.items()}).unique(maintain_order=True)


def _epoch(name: str, zone: str) -> pl.Expr:
    return pl.col(name).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")


def _frequency(table: pl.DataFrame) -> pl.DataFrame:
    if table.height != 1 or not {"label", "length"} <= set(table.columns) or not 1 <= int(table.item(0, "length")) <= _DAY_MINUTES:
        raise SettingsError("Frequency segments are one row with label and length, 1 to 1440 minutes.")
    label, minutes = table.item(0, "label"), int(table.item(0, "length"))
    count = _DAY_MINUTES // minutes
    return pl.DataFrame({
        "label": [f"{label}{n:04d}" for n in range(count)], "order": list(range(count)),
        "start_s": [60 * minutes * n for n in range(count)], "length_s": [60 * minutes - 1] * count,
        "repeats_on": ["every_day"] * count, "repeats_value": [0] * count, "series": [1] * count,
    })  # fmt: skip


def _periodic(table: pl.DataFrame) -> pl.DataFrame:
    wanted = ["label", "start_time", "length", "repeats_on", "repeats_value"]
    if table.is_empty() or not set(wanted) <= set(table.columns) or table.get_column("label").is_duplicated().any():
        raise SettingsError(f"Periodic segments need the columns {', '.join(wanted)}, and each label once.")
    unknown = set(table.get_column("repeats_on")) - set(_REPEAT_DAYS)
    if unknown:
        raise SettingsError(f"Segments do not repeat on {', '.join(sorted(unknown))}; choose every_day, wday, mday, qday or yday.")
    return table.select(
        "label", pl.int_range(pl.len()).alias("order"), pl.Series("start_s", [_clock_seconds(t) for t in table.get_column("start_time")]),
        pl.Series("length_s", [_seconds(length) for length in table.get_column("length")]), "repeats_on",
        pl.col("repeats_value").cast(pl.Int64),
    ).with_columns(
        series=pl.col("length_s") // (pl.col("repeats_on").replace_strict(_REPEAT_DAYS, return_dtype=pl.Int64) * _DAY_SECONDS) + 1
    )  # fmt: skip


def _events(table: pl.DataFrame) -> pl.DataFrame:
    wanted = ["label", "event_timestamp", "length", "shift", "shift_direction"]
    if table.is_empty() or not set(wanted) <= set(table.columns):
        raise SettingsError(f"Event segments need the columns {', '.join(wanted)}.")
    shift = [_seconds(s) for s in table.get_column("shift")]
    length = [_seconds(s) for s in table.get_column("length")]
    sign = pl.when(pl.col("shift_direction").cast(pl.Int64) >= 0).then(1).otherwise(-1)
    start = pl.col("event_timestamp").cast(pl.Int64) + pl.Series("shift", shift) * sign * 1000
    held = table.select(
        "label", (pl.col("label").rank("dense") - 1).cast(pl.Int64).alias("order"), series="label", start_ms=start,
        end_ms=start + pl.Series("length", length) * 1000 + 999,
    ).sort("order", "start_ms")  # fmt: skip
    overlaps = held.filter((pl.col("start_ms") <= pl.col("end_ms").shift()) & (pl.col("label") == pl.col("label").shift()))
    if overlaps.height:
        raise SettingsError(f"Segments of {overlaps.item(0, 'label')} overlap; shorten them.")
    return held


def _named(placed: pl.DataFrame, zone: str) -> pl.DataFrame:
    return _with_names(placed.with_columns(start=local_clock("start_ms", zone), end=local_clock("end_ms", zone)))


def _with_names(placed: pl.DataFrame) -> pl.DataFrame:
    texts = placed.with_columns(start_text=pl.col("start").dt.to_string(_CLOCK), end_text=pl.col("end").dt.to_string(_CLOCK))
    name = pl.format("{}#{},{}", "label", "start_text", "end_text")
    return texts.select("label", "order", "series", name.alias("name"), "start_text", "end_text", "start_ms", "end_ms").sort(
        "order", "start_ms"
    )


def _seconds(length: object) -> int:
    """Seconds of a length such as 23H 59M 59S."""
    text = str(length)
    found = _LENGTH.fullmatch(text)
    if text.strip() == "0":
        return 0
    if found is None or not any(found.groups()):
        raise SettingsError(f"The length {text!r} is not understood; write it like 1D 2H 30M 59S.")
    return sum(int(part or 0) * unit for part, unit in zip(found.groups(), (86_400, 3_600, 60, 1), strict=True))


def _clock_seconds(time: object) -> int:
    parts = str(time).strip().split(":")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts) or int(parts[0]) > 23 or any(int(p) > 59 for p in parts[1:]):
        raise SettingsError(f"{time!r} is not a time of day; write 22:00:00.")
    return sum(int(part) * unit for part, unit in zip(parts, (3_600, 60, 1), strict=False))
