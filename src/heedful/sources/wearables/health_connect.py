"""Health Connect's export of an Android phone: a SQLite database, alone or in its zip, a table a kind of record.

Energies are calories, weights grams, heights meters, glucose mmol/L, as Android's framework stores them.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.archives import DECODING, is_zip
from heedful.sources.wearables.drafts import COLUMNS, Draft, Rows, batches
from heedful.sources.wearables.parts import Part
from heedful.sources.wearables.parts import opened as parts_of
from heedful.sources.wearables.sqlite_bytes import MAGIC, Database, opened

NAME = "wearables.health_connect"
UNKNOWN_STAGE = "stage of sleep that is none (unknown, out of bed)"
_MANUAL = 3


@dataclass(frozen=True)
class _Table:
    """`columns`: column of the value: our code, and what makes its unit ours. `is_interval`: start and end, else one time."""

    name: str
    columns: tuple[tuple[str, str, float], ...]
    is_interval: bool = False
    how: str = "measured"


_TABLES = (
    _Table("steps_record_table", (("count", "steps", 1.0),), is_interval=True),
    _Table("distance_record_table", (("distance", "distance", 1.0),), is_interval=True),
    _Table("floors_climbed_record_table", (("floors", "floors", 1.0),), is_interval=True),
    _Table("active_calories_burned_record_table", (("energy", "active_energy", 0.001),), is_interval=True, how="vendor_derived"),
    _Table("total_calories_burned_record_table", (("energy", "total_energy", 0.001),), is_interval=True, how="vendor_derived"),
    _Table("hydration_record_table", (("volume", "water", 1_000.0),), is_interval=True, how="self_reported"),
    _Table("resting_heart_rate_record_table", (("beats_per_minute", "resting_heart_rate", 1.0),), how="vendor_derived"),
    _Table("heart_rate_variability_rmssd_record_table", (("heart_rate_variability_millis", "hrv_rmssd", 1.0),)),
    _Table("oxygen_saturation_record_table", (("percentage", "oxygen_saturation", 1.0),)),
    _Table("respiratory_rate_record_table", (("rate", "respiratory_rate", 1.0),)),
    _Table("weight_record_table", (("weight", "body_weight", 0.001),)),
    _Table("height_record_table", (("height", "body_height", 100.0),)),
    _Table("body_fat_record_table", (("percentage", "body_fat", 1.0),), how="vendor_derived"),
    _Table("body_temperature_record_table", (("temperature", "body_temperature", 1.0),)),
    _Table("blood_pressure_record_table", (("systolic", "systolic_blood_pressure", 1.0), ("diastolic", "diastolic_blood_pressure", 1.0))),
    _Table("blood_glucose_record_table", (("level", "glucose", 18.0156),)),
    _Table("vo2_max_record_table", (("vo2_milliliters_per_minute_kilogram", "vo2max", 1.0),), how="vendor_derived"),
)
_STAGES = {1: "awake", 2: "asleep", 4: "light", 5: "deep", 6: "rem", 7: "awake"}
_OTHER = ("heart_rate_record_table", "sleep_session_record_table", "exercise_session_record_table")
_CODES = tuple(sorted({*(code for table in _TABLES for _, code, _ in table.columns), "heart_rate", "sleep_stage", "workout"}))


class HealthConnect:
    """Reads the export of one person, `Options.subject`. A record's device is the app that wrote it."""

    card = SourceCard(
        name=NAME,
        says="Health Connect's export of an Android phone (health_connect_export.db, or the zip with it)",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are Unix milliseconds with the record's own offset; without one the declared zone.",
        terms="The person's own data; routes, notes and titles in it are not read.",
        tested_on="untested on real files: written after Android's own tables; whether energies of an app are calories is not told apart",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """A SQLite file with Android's tables of records, or a zip with a database of that name."""
        if head.startswith(MAGIC):
            return 0.95 if b"_record_table" in head and b"app_info_id" in head else 0.0
        if not is_zip(path, head):
            return 0.0
        try:
            with zipfile.ZipFile(path) as archive:
                return 0.95 if any(name.rsplit("/", 1)[-1] == "health_connect_export.db" for name in archive.namelist()) else 0.0
        except (*DECODING, ValueError):
            return 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if it is no such database, or a damaged one; `SettingsError`."""
        if options.settings:
            raise SettingsError(f"{path}: {NAME} has no settings of its own, but {sorted(options.settings)} are declared.")
        with parts_of(path, lambda name: name.endswith(".db")) as parts:
            if len(parts) != 1:
                raise SourceError(path, f"it holds {len(parts)} databases", "Give the zip or health_connect_export.db as exported.")
            with opened(parts[0].bytes(), parts[0].place) as database:
                yield from batches(_drafts(parts[0], database), options, known_at, cursor, parts[0].size)


def _drafts(part: Part, database: Database) -> Iterator[Draft]:
    tables = database.tables()
    if not tables & ({table.name for table in _TABLES} | set(_OTHER)):
        raise SourceError(part.place, "it has no table of records such as steps_record_table", "Give Health Connect's own export.")
    apps = _apps(database, tables)
    line = 0
    for query, read in _queries(database, tables):
        for portion in database.portions(query, size=BATCH_ROWS):
            draft = Draft(part.name, Rows().table(), skipped=Counter())
            draft.rows = read(portion, line, apps, draft.skipped)
            line += len(portion)
            yield draft
    rest = {name for name in tables if name.endswith(("_record_table", "RecordTable"))} - {one.name for one in _TABLES} - set(_OTHER)
    full = sorted(name for name in rest if name.isidentifier() and database.rows(f'SELECT 1 FROM "{name}" LIMIT 1'))
    if full:
        yield Draft(part.name, Rows().table(), aside=Counter({f"table that is not read: {name[:80]}": 1 for name in full}))


def _apps(database: Database, tables: set[str]) -> dict[Any, str]:
    if "application_info_table" not in tables:
        return {}
    columns = {str(row[1]) for row in database.rows("PRAGMA table_info(application_info_table)")}
    name = "app_name" if "app_name" in columns else "package_name"
    return {
        number: str(app or package)[:60]
        for number, app, package in database.rows(f"SELECT row_id, {name}, package_name FROM application_info_table")
    }


def _columns(database: Database, table: str) -> set[str]:
    return {str(row[1]) for row in database.rows(f'PRAGMA table_info("{table}")')}


def _queries(database: Database, tables: set[str]) -> Iterator[tuple[str, Any]]:
    for table in _TABLES:
        if table.name in tables:
            yield _query(table, _columns(database, table.name)), _Reader(table)
    pulse = ("heart_rate_record_table", "heart_rate_record_series_table")
    if set(pulse) <= tables:
        columns = {f"p.{name}" for name in _columns(database, pulse[0])}
        chosen = _chosen(columns, "p.start_zone_offset", "p.app_info_id", "p.recording_method")
        query = _series("epoch_millis", "epoch_millis", chosen, "beats_per_minute", *pulse)
        yield query, _Reader(_Table(pulse[0], (("beats_per_minute", "heart_rate", 1.0),)))
    night = ("sleep_session_record_table", "sleep_stages_table")
    if set(night) <= tables:
        columns = {f"p.{name}" for name in _columns(database, night[0])}
        chosen = _chosen(columns, "p.start_zone_offset", "p.app_info_id", "p.recording_method")
        query = _series("stage_start_time", "stage_end_time", chosen, "stage_type", *night)
        yield query, _stages
    if "exercise_session_record_table" in tables:
        columns = _columns(database, "exercise_session_record_table")
        chosen = _chosen(columns, "start_zone_offset", "app_info_id", "recording_method", "exercise_type")
        yield f"SELECT start_time, end_time, {chosen} FROM exercise_session_record_table ORDER BY start_time", _workouts


def _series(start: str, end: str, chosen: str, value: str, parent: str, series: str) -> str:
    joined = f"FROM {series} s JOIN {parent} p ON s.parent_key = p.row_id"
    return f"SELECT s.{start}, s.{end}, {chosen}, s.{value} {joined} ORDER BY s.{start}"


def _chosen(columns: set[str], *wanted: str) -> str:
    return ", ".join(name if name in columns else "NULL" for name in wanted)


def _query(table: _Table, columns: set[str]) -> str:
    times = "start_time, end_time" if table.is_interval else "time, time"
    order, zone = ("start_time", "start_zone_offset") if table.is_interval else ("time", "zone_offset")
    chosen = _chosen(columns, zone, "app_info_id", "recording_method", *(name for name, _, _ in table.columns))
    return f"SELECT {times}, {chosen} FROM {table.name} ORDER BY {order}"


@dataclass(frozen=True)
class _Reader:
    table: _Table

    def __call__(self, portion: list[tuple[Any, ...]], line: int, apps: dict[Any, str], skipped: Counter[str]) -> pl.DataFrame:
        rows = _placed(portion, line, apps, [name for name, _, _ in self.table.columns])
        parts = [
            rows.with_columns(
                code=pl.lit(code), value=pl.col(name) * factor,
                how=pl.when(pl.col("method") == _MANUAL).then(pl.lit("self_reported")).otherwise(pl.lit(self.table.how)),
                written=pl.format("{} {}", pl.lit(name), name),
            )
            for name, code, factor in self.table.columns
        ]  # fmt: skip
        return pl.concat(_fitted(part) for part in parts)


def _stages(portion: list[tuple[Any, ...]], line: int, apps: dict[Any, str], skipped: Counter[str]) -> pl.DataFrame:
    rows = _placed(portion, line, apps, ["stage"])
    named = pl.col("stage").cast(pl.Int64).replace_strict(_STAGES, default=None, return_dtype=pl.String)
    rows = rows.with_columns(code=pl.lit("sleep_stage"), value=pl.lit(None, pl.Float64), value_code=named, how=pl.lit("vendor_derived"))
    skipped[UNKNOWN_STAGE] += rows["value_code"].null_count()
    return _fitted(rows.filter(pl.col("value_code").is_not_null()))


def _workouts(portion: list[tuple[Any, ...]], line: int, apps: dict[Any, str], skipped: Counter[str]) -> pl.DataFrame:
    rows = _placed(portion, line, apps, ["kind"])
    minutes = (pl.col("end_at") - pl.col("start_at")).dt.total_milliseconds() / 60_000
    kind = pl.format("exercise type {}", pl.col("kind").fill_null(0).cast(pl.Int64))
    how = pl.when(pl.col("method") == _MANUAL).then(pl.lit("self_reported")).otherwise(pl.lit("measured"))
    return _fitted(rows.with_columns(code=pl.lit("workout"), value=minutes, value_code=kind, how=how))


def _placed(portion: list[tuple[Any, ...]], line: int, apps: dict[Any, str], values: list[str]) -> pl.DataFrame:
    names = ["start", "end", "offset", "app", "method", *values]
    # SQLite lets any type stand in any column: what is no number becomes null.
    columns = zip(names, zip(*portion, strict=True), strict=True)
    table = pl.DataFrame(
        [pl.Series(name, [one if isinstance(one, int | float) and abs(one) < 1 << 52 else None for one in cells], pl.Float64, strict=False)
         for name, cells in columns]
    ).with_row_index("line", offset=line + 1)  # fmt: skip

    def instant(name: str) -> pl.Expr:
        return pl.from_epoch(pl.col(name).cast(pl.Int64) * 1_000, time_unit="us").dt.replace_time_zone("UTC").cast(INSTANT)

    app = pl.col("app").cast(pl.Int64)
    return table.with_columns(
        start_at=instant("start"), end_at=instant("end"), offset_minutes=(pl.col("offset") / 60).cast(pl.Int16, strict=False),
        device=app.replace_strict(apps, default="Health Connect", return_dtype=pl.String) if apps else pl.lit("Health Connect"),
    )  # fmt: skip


def _fitted(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, COLUMNS[name]).alias(name) for name in COLUMNS if name not in rows.columns]
    return rows.with_columns(missing).select([pl.col(name).cast(COLUMNS[name]) for name in COLUMNS])


SOURCES.add(NAME, HealthConnect())
