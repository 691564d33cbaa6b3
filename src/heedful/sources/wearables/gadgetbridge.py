"""Gadgetbridge's database: minutes of steps and heart rate of bands that speak to no cloud, and intervals between beats of chest straps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.beats import CODE, NO_INTERVAL, chained
from heedful.sources.wearables.drafts import Draft, batches, empty
from heedful.sources.wearables.parts import Part
from heedful.sources.wearables.sqlite_bytes import MAGIC, Database, opened

NO_PULSE = "minute without a heart rate (0, 255 or -1)"
NO_STEPS = "minute without a count of steps (-1)"
_TABLE = re.compile(r"\w*ACTIVITY_SAMPLE")
_BEATS = "HEART_RR_INTERVAL_SAMPLE"
"""Intervals in ms (`RR_MILLIS`), in order by `SEQ` within the moment at which the phone heard of them (`TIMESTAMP`, ms)."""
_LARGEST_SECONDS = 1 << 33
"""Greater times are in milliseconds."""
_CODES = ("heart_rate", CODE, "steps")


class Gadgetbridge:
    """Reads the export of one person, `Options.subject`; of several users in it each becomes "<subject> user <number>"."""

    card = SourceCard(
        name="wearables.gadgetbridge",
        says="a Gadgetbridge database (SQLite): minutes of steps and heart rate, intervals between beats",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are Unix seconds; the local day by the declared zone.",
        terms="The person's own data; names, birthdays and addresses of devices in it are not read.",
        tested_on="real: 1,921 minutes of an Amazfit Bip; other bands' tables of the same columns and RR intervals untested on real files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """A SQLite file whose schema, which stands at its beginning, has a table of minutes."""
        return 0.95 if head.startswith(MAGIC) and b"ACTIVITY_SAMPLE" in head and b"RAW_KIND" in head else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if it is no such database, or a damaged one."""
        if not path.is_file():
            raise SourceError(path, "it is no file", "Give Gadgetbridge's database, as its menu Data management exports it.")
        part = Part(path.name, path.name, path.stat().st_size, path.read_bytes)
        with opened(part.bytes(), part.place) as database:
            yield from batches(_drafts(part, database, options), options, known_at, cursor, part.size)


def _drafts(part: Part, database: Database, options: Options) -> Iterator[Draft]:
    tables = sorted(name for name in database.tables() if _TABLE.fullmatch(name))
    columns = {name: {str(row[1]) for row in database.rows(f'PRAGMA table_info("{name}")')} for name in tables}
    tables = [name for name in tables if {"TIMESTAMP", "DEVICE_ID"} <= columns[name]]
    if not tables:
        raise SourceError(part.place, "it has no table of minutes such as MI_BAND_ACTIVITY_SAMPLE", "Give Gadgetbridge's database.")
    devices = _devices(database)
    line = 0
    for table in tables:
        chosen = [name if name in columns[table] else "NULL" for name in ("USER_ID", "STEPS", "HEART_RATE")]
        users = {row[0] for row in database.rows(f'SELECT DISTINCT {chosen[0]} FROM "{table}"')}
        query = f'SELECT TIMESTAMP, DEVICE_ID, {", ".join(chosen)} FROM "{table}" ORDER BY DEVICE_ID, TIMESTAMP'
        for portion in database.portions(query, size=BATCH_ROWS):
            skipped = Counter[str]()
            yield Draft(part.name, _rows(portion, line, devices, len(users) > 1, options, skipped), skipped=skipped)
            line += len(portion)
    if {"TIMESTAMP", "DEVICE_ID", "USER_ID", "SEQ", "RR_MILLIS"} <= _columns(database, _BEATS):
        yield from _beats(part, database, line, devices, options)


def _columns(database: Database, table: str) -> set[str]:
    return {str(row[1]) for row in database.rows(f'PRAGMA table_info("{table}")')} if table in database.tables() else set()


def _beats(part: Part, database: Database, line: int, devices: dict[Any, str], options: Options) -> Iterator[Draft]:
    """The intervals of each user's device, one after the other."""
    ended = dict[tuple[Any, ...], float]()
    several = len({row[0] for row in database.rows(f'SELECT DISTINCT USER_ID FROM "{_BEATS}"')}) > 1
    query = f'SELECT USER_ID, DEVICE_ID, TIMESTAMP, RR_MILLIS FROM "{_BEATS}" ORDER BY USER_ID, DEVICE_ID, TIMESTAMP, SEQ'
    for portion in database.portions(query, size=BATCH_ROWS):
        cells = [pl.Series(name, _plain(told), dtype=pl.Float64, strict=False)
                 for name, told in zip(("user", "device", "heard", "value"), zip(*portion, strict=True), strict=True)]  # fmt: skip
        table = pl.DataFrame(cells).with_row_index("line", offset=line + 1).with_columns(pl.col("heard") / 1_000)
        line += len(portion)
        whole = table.filter(pl.col("heard").is_not_null() & (pl.col("value") > 0))
        skipped = Counter({NO_INTERVAL: table.height - whole.height})
        parts = [_chain(one, key, ended) for key, one in whole.group_by("user", "device", maintain_order=True)]
        if not parts:
            yield Draft(part.name, empty(), skipped=skipped)
            continue
        number = pl.col("device").cast(pl.Int64)
        rows = pl.concat(parts).with_columns(
            code=pl.lit(CODE), written=pl.format("{} {}", "heard", "value"), line=pl.col("line").cast(pl.Int64),
            device=number.replace_strict(devices, default="strap", return_dtype=pl.String) if devices else pl.lit("strap"),
            person=pl.format("{} user {}", pl.lit(options.subject or "self"), pl.col("user").cast(pl.Int64)) if several
            else pl.lit(None, dtype=pl.String),
        )  # fmt: skip
        yield Draft(part.name, rows.select("line", "start_at", "end_at", "device", "person", "code", "value", "written"), skipped=skipped)


def _chain(rows: pl.DataFrame, key: tuple[Any, ...], ended: dict[tuple[Any, ...], float]) -> pl.DataFrame:
    length = rows.get_column("value").to_numpy()
    begins = chained(length, rows.get_column("heard").to_numpy(), end=ended.get(key, np.nan))
    ended[key] = float(begins[-1] + length[-1] / 1_000)
    start, end = (
        pl.Series(np.rint(seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)
        for seconds in (begins, begins + length / 1_000)
    )
    return rows.with_columns(start_at=start, end_at=end)


def _devices(database: Database) -> dict[Any, str]:
    if "DEVICE" not in database.tables():
        return {}
    named = database.rows("SELECT _id, NAME FROM DEVICE")
    return {number: name[:60] for number, name in named if isinstance(number, int) and isinstance(name, str) and name}


def _rows(
    portion: list[tuple[Any, ...]], line: int, devices: dict[Any, str], several: bool, options: Options, skipped: Counter[str]
) -> pl.DataFrame:
    # SQLite lets any type stand in any column: what is no number becomes null.
    schema = {"time": pl.Int64, "device": pl.Int64, "user": pl.Int64, "steps": pl.Float64, "heart_rate": pl.Float64}
    columns = zip(schema.items(), zip(*portion, strict=True), strict=True)
    table = pl.DataFrame([pl.Series(name, _plain(cells), dtype=dtype, strict=False) for (name, dtype), cells in columns])
    table = table.with_row_index("line", offset=line + 1)
    seconds = pl.when(pl.col("time") > _LARGEST_SECONDS).then(pl.col("time") / 1_000).otherwise(pl.col("time"))
    table = table.with_columns(
        start_at=pl.from_epoch((seconds * 1e6).cast(pl.Int64, strict=False), time_unit="us").dt.replace_time_zone("UTC").cast(INSTANT),
        device=pl.col("device").replace_strict(devices, default="band", return_dtype=pl.String) if devices else pl.lit("band"),
        person=pl.format("{} user {}", pl.lit(options.subject or "self"), "user") if several else pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    pulse = ~pl.col("heart_rate").is_in([0.0, 255.0, -1.0]).fill_null(value=True)
    steps = (pl.col("steps") >= 0).fill_null(value=False)
    skipped[NO_PULSE] += table.filter(~pulse).height
    skipped[NO_STEPS] += table.filter(~steps).height
    parts = [
        _of(table.filter(steps), "steps", pl.col("start_at") + pl.duration(minutes=1)),
        _of(table.filter(pulse), "heart_rate", pl.col("start_at")),
    ]
    return pl.concat(parts)


def _plain(cells: Iterable[Any]) -> list[Any]:
    return [cell if isinstance(cell, int | float) and abs(cell) < 1 << 62 else None for cell in cells]


def _of(table: pl.DataFrame, code: str, end: pl.Expr) -> pl.DataFrame:
    return table.select(
        pl.col("line").cast(pl.Int64), "start_at", "device", "person", end_at=end, code=pl.lit(code), value=pl.col(code),
        written=pl.format("{} {}", "time", code),
    )  # fmt: skip


SOURCES.add(Gadgetbridge.card.name, Gadgetbridge())
