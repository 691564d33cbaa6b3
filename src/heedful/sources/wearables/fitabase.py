"""Fitabase CSV: minutes, hours and days of Fitbit data for many people, in the people's local time without offset."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.quarantine import QuarantineList
from heedful.sources.wearables.plausible import trouble
from heedful.sources.wearables.stamps import end_of_day, localized

DAY = 1_440
_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_SLEEP = {"1": "asleep", "2": "awake", "3": "awake"}
"""Fitbit's classic levels: asleep, restless, awake; its own minutes asleep leave restless out."""


_DERIVED = ("total_energy", "intensity", "sleep_stage", "sleep_minutes", "time_in_bed")


@dataclass(frozen=True)
class Shape:
    """One kind of file: its time column, length of a row in minutes, and columns with the codes that they hold (and a factor)."""

    time: str
    minutes: int
    values: dict[str, tuple[str, float]]


_SHAPES = (
    Shape("activityminute", 1, {"steps": ("steps", 1.0)}),
    Shape("activityminute", 1, {"calories": ("total_energy", 1.0)}),
    Shape("activityminute", 1, {"intensity": ("intensity", 1.0)}),
    Shape("time", 0, {"value": ("heart_rate", 1.0)}),
    Shape("date", 1, {"value": ("sleep_stage", 1.0)}),
    Shape("minute", 1, {"heartrate": ("heart_rate", 1.0), "steps": ("steps", 1.0), "intensity": ("intensity", 1.0)}),
    Shape("activityhour", 60, {"steptotal": ("steps", 1.0), "calories": ("total_energy", 1.0)}),
    Shape("hour", 60, {"steptotal": ("steps", 1.0), "calories": ("total_energy", 1.0)}),
    Shape("activitydate", DAY, {"totalsteps": ("steps", 1.0), "totaldistance": ("distance", 1_000.0), "calories": ("total_energy", 1.0)}),
    Shape("activityday", DAY, {"steptotal": ("steps", 1.0), "calories": ("total_energy", 1.0)}),
    Shape("sleepday", DAY, {"totalminutesasleep": ("sleep_minutes", 1.0), "totaltimeinbed": ("time_in_bed", 1.0)}),
    Shape("date", 0, {"weightkg": ("body_weight", 1.0), "bmi": ("body_mass_index", 1.0), "fat": ("body_fat", 1.0)}),
)


class Fitabase:
    """Fitabase files, one by one or a folder of them.

    Of a folder the finest file of each code counts: where minutes are there, hourly and daily totals of the same code are skipped
    as 'total of finer rows'. A file alone is read whatever its level.
    """

    card = SourceCard(
        name="wearables.fitabase",
        says="Fitbit data as Fitabase exports it: minutes, hours, days, sleep or weight of one or many people",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: the declared zone counts (default UTC); autumn's repeated hour is in file order.",
        terms="Data of participants: only under their consent.",
        tested_on="real: 33 people of the public Fitabase sample; the simulator's watches",
        codes=tuple(sorted({code for shape in _SHAPES for code, _ in shape.values.values()})),
        units=tuple(sorted({CODES[code].unit for shape in _SHAPES for code, _ in shape.values.values()})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header line: an Id column and the columns of a known shape; a folder whose CSV files are all such."""
        if not path.is_dir():
            return 0.95 if _shape(_names(head)) else 0.0
        files = _files(path)
        known = [file for file in files if _shape(_header(file))]
        return 0.9 if known and len(known) == len(files) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if the file is no Fitabase file, or breaks off."""
        files = _files(path) if path.is_dir() else [path]
        finest = _finest(files)
        total = sum(file.stat().st_size for file in files)
        done = 0
        for number, file in enumerate(files):
            here = cursor if cursor and cursor["file"] == number else None
            if cursor is None or cursor["file"] <= number:
                for batch in _File(file, number, options, known_at, finest).batches(here):
                    yield Batch(
                        batch.rows,
                        batch.cursor,
                        min(done + batch.done, total),
                        total,
                        batch.records,
                        skipped=batch.skipped,
                        aside=batch.aside,
                    )
            done += file.stat().st_size


class _File:
    def __init__(self, path: Path, number: int, options: Options, known_at: datetime, finest: dict[str, int]) -> None:
        self._path, self._number, self._options, self._known_at = path, number, options, known_at
        self._names = _header(path)
        shape = _shape(self._names)
        if shape is None:
            cure = "Fitabase files begin with a header such as Id,ActivityMinute,Steps."
            raise SourceError(path, f"it is no Fitabase file (its header is {','.join(self._names)[:80]!r})", cure, 1)
        self._shape = shape
        self._kept = {name: code for name, code in shape.values.items() if name in self._names and _level(shape) == finest[code[0]]}
        self._totals = [name for name in shape.values if name in self._names and name not in self._kept]
        self._quarantine = QuarantineList(options.name, path, known_at)

    def batches(self, cursor: dict[str, Any] | None) -> Iterator[Batch]:
        line = int(cursor["line"]) if cursor else 1
        try:
            with _open(self._path) as file:
                file.readline()
                for _ in range(line - 1):
                    file.readline()
                while block := b"".join(file.readline() for _ in range(BATCH_ROWS)):
                    rows = self._parsed(block, line)
                    line += block.count(b"\n") or 1
                    yield self._batch(rows, line)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise SourceError(
                self._path, f"it breaks off ({error})", "Export or copy it again; what was read until then is kept.", line
            ) from error

    def _parsed(self, block: bytes, line: int) -> pl.DataFrame:
        """The block's columns as text with the line of each; records of another width go to quarantine."""
        text = block.decode("utf-8", "replace")
        rows = []
        for offset, record in enumerate(csv.reader(io.StringIO(text))) if '"' in text or "\0" in text else ():
            rows.append((offset, record))
        if not rows:
            try:
                table = pl.read_csv(io.BytesIO(text.encode()), has_header=False, infer_schema=False, quote_char=None, raise_if_empty=False)
                if table.width == len(self._names) and table.height == text.count("\n") + (not text.endswith("\n")):
                    return table.rename(dict(zip(table.columns, self._names, strict=True))).with_row_index("line", offset=line + 1)
            except pl.exceptions.PolarsError:
                pass  # a ragged block: read line by line below, so that only the bad lines are set aside
            rows = list(enumerate(csv.reader(io.StringIO(text.replace("\0", "")))))
        good = []
        for offset, record in rows:
            if len(record) == len(self._names):
                good.append((line + 1 + offset, *record))
            elif record:
                reason = f"it has {len(record)} fields where the header has {len(self._names)}; correct or remove the line"
                self._quarantine.add(line + 1 + offset, reason, ",".join(record))
        return pl.DataFrame(good, schema={"line": pl.UInt32, **dict.fromkeys(self._names, pl.String)}, orient="row")

    def _batch(self, rows: pl.DataFrame, line: int) -> Batch:
        ragged = len(self._quarantine)
        parts = [self._observations(rows, name, code, factor) for name, (code, factor) in self._kept.items()]
        table = pl.concat(parts) if parts else None
        frames = [] if table is None else [frame(table, Observations)]
        cells = rows.height * len(self._kept)
        empty = cells - (0 if table is None else table.height) - (len(self._quarantine) - ragged)
        skipped = {"total of finer rows in the same folder": rows.height * len(self._totals), "cell without a number": empty}
        records = cells + ragged + skipped["total of finer rows in the same folder"]
        return Batch(
            (*frames, *self._quarantine.take()), {"file": self._number, "line": line}, self._done(line), 0, records,
            skipped={reason: count for reason, count in skipped.items() if count},
        )  # fmt: skip

    def _done(self, line: int) -> int:
        return min(self._path.stat().st_size, line * 30)

    def _observations(self, rows: pl.DataFrame, name: str, code: str, factor: float) -> pl.DataFrame:
        known, staged = CODES[code], code == "sleep_stage"
        sleep = pl.col(name).replace_strict(_SLEEP, default=None, return_dtype=pl.String)
        value = pl.lit(None, dtype=pl.Float64) if staged else pl.col(name).cast(pl.Float64, strict=False) * factor
        table = rows.filter(pl.col(name).fill_null("").str.strip_chars() != "").select(
            "line", written=pl.col(name), person=pl.col("id").fill_null(""), local=_time(pl.col(self._shape.time)), value=value,
            value_code=sleep if staged else pl.lit(None, dtype=pl.String),
        )  # fmt: skip
        table = localized(table, "local", self._options.zone, within=("person",))
        length = pl.lit(self._shape.minutes)
        end = (
            end_of_day(pl.col("day"), self._options.zone)
            if self._shape.minutes == DAY
            else pl.col("start_at") + pl.duration(minutes=length)
        )
        table = table.with_columns(end_at=end, low=pl.lit(float(known.low)), high=pl.lit(float(known.high)), unit=pl.lit(known.unit))
        wrong = pl.when(pl.col("value").is_null() & pl.col("value_code").is_null()).then(
            pl.format("{} is no {}", pl.col("written"), pl.lit("level of sleep (1 to 3)" if staged else "number"))
        ).otherwise(trouble(self._known_at))  # fmt: skip
        table = table.with_columns(reason=pl.when(pl.col("person") == "").then(pl.lit("the row names no person")).otherwise(wrong))
        for row in table.filter(pl.col("reason").is_not_null()).select("line", "reason", "written").iter_rows():
            self._quarantine.add(row[0], row[1], row[2])
        good = table.filter(pl.col("reason").is_null())
        same = ["person", "start_at"]
        return good.select(
            "person", "day", "start_at", "end_at", "offset_minutes", "value", "value_code", "unit",
            code=pl.lit(code), device=pl.lit("Fitbit"),
            how=pl.lit("vendor_derived" if code in _DERIVED else "measured"), known_at=pl.lit(self._known_at),
            row=(pl.struct("value", "value_code").rank("dense").over(same) - 1).cast(pl.Int32),
        )  # fmt: skip


def _time(column: pl.Expr) -> pl.Expr:
    return pl.coalesce([column.str.strptime(pl.Datetime("us"), form, strict=False) for form in _FORMATS])


def _shape(names: list[str]) -> Shape | None:
    if "id" not in names:
        return None
    fits = [shape for shape in _SHAPES if shape.time in names and any(name in names for name in shape.values)]
    return max(fits, key=lambda shape: sum(name in names for name in shape.values), default=None)


def _level(shape: Shape) -> int:
    return shape.minutes


def _finest(files: list[Path]) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in files:
        names = _header(file)
        shape = _shape(names)
        for name, (code, _) in shape.values.items() if shape else ():
            if name in names:
                found[code] = min(found.get(code, shape.minutes), shape.minutes)  # type: ignore[union-attr]
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and file.name.lower().endswith((".csv", ".csv.gz")))


def _header(path: Path) -> list[str]:
    try:
        with _open(path) as file:
            return _names(file.readline(65_536))
    except (EOFError, OSError):
        return []


def _names(head: bytes) -> list[str]:
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    return [name.strip().strip('"').lower() for name in first.split(",")]


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


SOURCES.add(Fitabase.card.name, Fitabase())
