"""Times of a participant's table: the instant, the zone offset beside it, and the local day."""

from __future__ import annotations

import polars as pl

from heedful.core.schemas import INSTANT

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
_ISO = "%Y-%m-%dT%H:%M:%S%.f"
_OFFSET = r"([+-])(\d\d):?(\d\d)$"


def local_times(values: pl.Series, zone: str, form: str = "") -> pl.DataFrame:
    """Columns `at` (UTC instant), `offset_minutes` (Int16) and `day` (local day); null where a text is no time of 1880-2200.

    ISO 8601 is read as it stands; other texts need `form`, a chrono pattern, `epoch_s` or `epoch_ms`. A written offset is kept; `Z`
    and epochs are instants, placed in `zone`; times without offset, and days (their midnight), are of `zone`. In autumn the earlier
    of two times is taken; a time that spring leaves out is moved on by an hour.

    >>> local_times(pl.Series(["2024-03-01 10:00+01:00", "2024-07-01"]), "Europe/Berlin")["offset_minutes"].to_list()
    [60, 120]
    """
    rows = values.str.strip_chars().alias("text").to_frame()
    if form in EPOCHS:
        micros = pl.col("text").cast(pl.Float64, strict=False) * EPOCHS[form]
        utc = micros.round().cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        rows = rows.with_columns(utc=utc, local=pl.lit(None, pl.Datetime("us")), offset=pl.lit(None, pl.Int64))
    elif form:
        rows = _declared(rows, form)
    else:
        rows = _iso(rows)
    return _placed(rows, zone)


def _declared(rows: pl.DataFrame, form: str) -> pl.DataFrame:
    read = rows["text"].str.to_datetime(form, time_unit="us", strict=False)
    aware = isinstance(read.dtype, pl.Datetime) and read.dtype.time_zone is not None
    nothing = pl.lit(None, pl.Datetime("us"))
    utc = pl.lit(read.cast(INSTANT)) if aware else nothing.dt.replace_time_zone("UTC")
    return rows.with_columns(utc=utc, local=nothing if aware else pl.lit(read), offset=pl.lit(None, pl.Int64))


def _iso(rows: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("text").str.replace(r"^(\d{4}-\d\d-\d\d) (\d)", "${1}T${2}").str.replace(r"[Zz]$", "+00:00")
    text = text.str.replace(r"T(\d\d:\d\d)($|[+-])", "T${1}:00${2}").str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00")
    part = [text.str.extract(_OFFSET, group) for group in (1, 2, 3)]
    minutes = part[1].cast(pl.Int64) * 60 + part[2].cast(pl.Int64)
    signed = pl.when(part[0] == "-").then(-minutes).otherwise(minutes)
    # The date's own hyphens look like an offset to the pattern unless a time stands before it.
    timed = text.str.contains(r"T.*[+-]\d\d:?\d\d$")
    return rows.with_columns(
        utc=pl.when(timed).then(text).str.to_datetime(_ISO + "%#z", time_unit="us", strict=False).cast(INSTANT),
        local=pl.when(~timed).then(text).str.to_datetime(_ISO, time_unit="us", strict=False),
        offset=pl.when(timed & ~pl.col("text").str.contains(r"[Zz]$")).then(signed),
    )


def _placed(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    local = pl.col("local")
    direct = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    moved = (local + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    at = pl.coalesce(pl.col("utc"), direct.dt.convert_time_zone("UTC"), moved.dt.convert_time_zone("UTC"))
    rows = rows.with_columns(at=at).with_columns(at=pl.when(pl.col("at").dt.year().is_between(1880, 2199)).then(pl.col("at")))
    clock = pl.col("at").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    minutes = pl.coalesce(pl.col("offset"), (clock - pl.col("at").dt.replace_time_zone(None)).dt.total_minutes())
    rows = rows.with_columns(offset_minutes=pl.when(pl.col("at").is_not_null()).then(minutes.clip(-1_080, 1_080)).cast(pl.Int16))
    day = (pl.col("at") + pl.duration(minutes=pl.col("offset_minutes"))).dt.date()
    return rows.select(pl.col("at").cast(INSTANT), "offset_minutes", day=day)
