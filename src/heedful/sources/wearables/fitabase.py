"""Fitabase CSV: minutes, hours and days of Fitbit data for many people, in the people's local time without offset."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.quarantine import QuarantineList
from heedful.sources.wearables.levels import Holding, days_of, spoken_for
from heedful.sources.wearables.numbering import Numbering, mixed
from heedful.sources.wearables.plausible import trouble
from heedful.sources.wearables.stamps import end_of_day, localized

DAY = 1_440
_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_SLEEP = {"1": "asleep", "2": "awake", "3": "awake"}
"""Fitbit's classic levels: asleep, restless, awake; its own minutes asleep leave restless out."""


_STAGE_NUMBER = {stage: number for number, stage in enumerate(sorted(set(_SLEEP.values())))}
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

    Of a folder the finest file of each code counts for each person and day: where minutes are there, hourly and daily totals of the
    same code are skipped as 'total of finer rows in …'; a person or day that only a coarser file has is read from there. A day that
    the finest file holds only in part stays so. A file alone is read whatever its level. Files of a folder that hold nothing with a
    code, such as daily intensities, are named in `aside`.

    A row that repeats an earlier one of the person, time and value (Fitabase's sleep has such) is left out and counted; rows of one
    person and time that differ are all kept, numbered in the order of the file (`row`), for nobody knows which of them is right.
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
        headers = [_header(file) for file in files]
        known = any(_shape(names) for names in headers)
        return 0.9 if known and all(_is_fitabase(names) for names in headers) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if the file is no Fitabase file, or breaks off."""
        files = _files(path) if path.is_dir() else [path]
        coded = [file for file in files if _shape(_header(file))]
        uncoded = {f"file without a code: {file.name}": 1 for file in files if file not in coded}
        files = coded or files
        covered = _covered(files, options, known_at) if len(files) > 1 else {}
        total = sum(file.stat().st_size for file in files)
        done = 0
        for number, file in enumerate(files):
            here = cursor if cursor and cursor["file"] == number else None
            if cursor is None or cursor["file"] <= number:
                for batch in _File(file, number, options, known_at, covered).batches(here, alone=len(files) == 1):
                    yield Batch(
                        batch.rows,
                        batch.cursor,
                        min(done + batch.done, total),
                        total,
                        batch.records,
                        skipped=batch.skipped,
                        aside=uncoded,
                    )
                    uncoded = {}
            done += file.stat().st_size


class _File:
    def __init__(self, path: Path, number: int, options: Options, known_at: datetime, covered: dict[tuple[str, str], pl.DataFrame]) -> None:
        self._path, self._number, self._options, self._known_at = path, number, options, known_at
        self._names = _header(path)
        shape = _shape(self._names)
        if shape is None:
            cure = "Fitabase files begin with a header such as Id,ActivityMinute,Steps."
            raise SourceError(path, f"it is no Fitabase file (its header is {','.join(self._names)[:80]!r})", cure, 1)
        self._shape = shape
        self.codes = {name: code for name, code in shape.values.items() if name in self._names}
        self.minutes = shape.minutes
        self._covered = {code: covered[path.name, code] for code, _ in self.codes.values() if (path.name, code) in covered}
        self._numbering: dict[str, Numbering] = {code: Numbering() for code, _ in self.codes.values()}
        self._persons: dict[str, int] = {}
        self._quarantine = QuarantineList(options.name, path, known_at)

    def batches(self, cursor: dict[str, Any] | None, *, alone: bool) -> Iterator[Batch]:
        """The file's batches after `cursor`; what stands before is read again, because rows are numbered across batches.

        A file that breaks off raises `SourceError` if it is `alone`; one of several is set aside from there on.
        """
        read_before, line = int(cursor["line"]) if cursor else 1, 1
        try:
            for rows, line in self._blocks():
                batch = self._batch(rows, line)
                if line > read_before:
                    yield batch
        except SourceError as error:
            if alone:
                raise
            self._quarantine.add(line, f"{error.reason}; {error.cure}")
            yield Batch(self._quarantine.take(), {"file": self._number, "line": line + 1}, self._done(line), 0, 1)

    def days(self) -> tuple[pl.DataFrame, int]:
        """Persons and local days of the file, and its rows."""
        time = self._shape.time
        return days_of(rows.select(person=pl.col("id"), day=_times(rows[time]).dt.date()) for rows in self._sound_blocks())

    def _sound_blocks(self) -> Iterator[pl.DataFrame]:
        """Blocks up to a break, which is said when the file's turn comes."""
        try:
            yield from (rows for rows, _ in self._blocks())
        except SourceError:
            return

    def _blocks(self) -> Iterator[tuple[pl.DataFrame, int]]:
        line = 1
        try:
            with _open(self._path) as file:
                file.readline()
                while block := b"".join(islice(file, BATCH_ROWS)):
                    rows = self._parsed(block, line)
                    line += block.count(b"\n") or 1
                    yield rows, line
        except (EOFError, zlib.error, OSError) as error:
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
                lines = text.count("\n") + (not text.endswith("\n"))
                commas = lines * (len(self._names) - 1)  # polars fills short rows up with nulls; the commas give them away
                if table.width == len(self._names) and table.height == lines and text.count(",") == commas:
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
        """Records are cells: a row of daily activity holds up to three."""
        records = rows.height * len(self.codes) + len(self._quarantine)
        skipped = Counter[str]()
        parts = [self._observations(rows, name, code, factor, skipped) for name, (code, factor) in self.codes.items()]
        frames = [frame(part, Observations) for part in parts if part.height]
        return Batch(
            (*frames, *self._quarantine.take()), {"file": self._number, "line": line}, self._done(line), 0, records, skipped=dict(+skipped)
        )

    def _done(self, line: int) -> int:
        return min(self._path.stat().st_size, line * 30)

    def _observations(self, rows: pl.DataFrame, name: str, code: str, factor: float, skipped: Counter[str]) -> pl.DataFrame:
        known, staged = CODES[code], code == "sleep_stage"
        sleep = pl.col(name).replace_strict(_SLEEP, default=None, return_dtype=pl.String)
        value = pl.lit(None, dtype=pl.Float64) if staged else pl.col(name).cast(pl.Float64, strict=False) * factor
        told = rows.filter(pl.col(name).fill_null("").str.strip_chars() != "")
        table = told.select(
            "line", written=pl.col(name), person=pl.col("id").fill_null(""), local=_times(told[self._shape.time]), value=value,
            value_code=sleep if staged else pl.lit(None, dtype=pl.String), how=self._how(code),
        )  # fmt: skip
        skipped["cell without a number"] += rows.height - table.height
        table = self._uncovered(table, code, skipped)
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
        good = self._numbered(table.filter(pl.col("reason").is_null()), code, skipped)
        return good.select(
            "person", "day", "start_at", "end_at", "offset_minutes", "value", "value_code", "unit", "how", "row",
            code=pl.lit(code), device=pl.lit("Fitbit"), known_at=pl.lit(self._known_at),
        )  # fmt: skip

    def _how(self, code: str) -> pl.Expr:
        measured = pl.lit("vendor_derived" if code in _DERIVED else "measured")
        if "ismanualreport" not in self._names:
            return measured
        manual = pl.col("ismanualreport").str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)
        return pl.when(manual).then(pl.lit("self_reported")).otherwise(measured)

    def _uncovered(self, table: pl.DataFrame, code: str, skipped: Counter[str]) -> pl.DataFrame:
        """Rows of persons and days that no finer file of the folder holds."""
        if code not in self._covered:
            return table
        told = table.with_columns(date=pl.col("local").dt.date())
        told = told.join(self._covered[code], left_on=["person", "date"], right_on=["person", "day"], how="left", maintain_order="left")
        skipped.update(dict(told.filter(pl.col("reason").is_not_null()).group_by("reason").len().rows()))
        return told.filter(pl.col("reason").is_null()).drop("date", "reason")

    def _numbered(self, table: pl.DataFrame, code: str, skipped: Counter[str]) -> pl.DataFrame:
        """Rows with their number among others of the person, code and start; exact repeats, which Fitabase's sleep has, are left out."""
        known = self._persons
        person = np.array([known.setdefault(name, len(known)) for name in table["person"].to_list()], np.int64)
        stage = table["value_code"].replace_strict(_STAGE_NUMBER, default=-1, return_dtype=pl.Int64).to_numpy()
        content = mixed(table["value"].fill_null(0.0).to_numpy(), stage)
        row, repeated = self._numbering[code].assign(person, table["start_at"].dt.timestamp("us").to_numpy(), content)
        skipped["exact repeat of a row: same person, time and value"] += int(repeated.sum())
        return table.with_columns(row=pl.Series(row, dtype=pl.Int32)).filter(pl.Series(~repeated, dtype=pl.Boolean))


def _times(written: pl.Series) -> pl.Series:
    """Times in any of the formats; a block nearly always has one, so the others are tried only while something is unread."""
    found = pl.Series(written.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(written))
    for form in _FORMATS:
        if found.null_count() == written.null_count():
            break
        found = found.fill_null(written.str.strptime(pl.Datetime("us"), form, strict=False))
    return found


def _shape(names: list[str]) -> Shape | None:
    if "id" not in names:
        return None
    fits = [shape for shape in _SHAPES if shape.time in names and any(name in names for name in shape.values)]
    return max(fits, key=lambda shape: sum(name in names for name in shape.values), default=None)


def _is_fitabase(names: list[str]) -> bool:
    """Whether a header is one of Fitabase's, also of a file that holds nothing with a code."""
    return "id" in names and any(shape.time in names for shape in _SHAPES)


def _covered(files: list[Path], options: Options, known_at: datetime) -> dict[tuple[str, str], pl.DataFrame]:
    """What other files of the folder speak for; asks only the files that share a code with another."""
    opened = [_File(file, number, options, known_at, {}) for number, file in enumerate(files)]
    shared = Counter(code for one in opened for code in {code for code, _ in one.codes.values()})
    holdings = list[Holding]()
    for file, one in zip(files, opened, strict=True):
        codes = {code for code, _ in one.codes.values() if shared[code] > 1}
        if codes:
            days, rows = one.days()
            holdings += [Holding(file.name, code, one.minutes, rows, days) for code in sorted(codes)]
    return spoken_for(holdings)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and file.name.lower().endswith((".csv", ".csv.gz")))


def _header(path: Path) -> list[str]:
    try:
        with _open(path) as file:
            return _names(file.readline(65_536))
    except (EOFError, OSError, zlib.error):
        return []


def _names(head: bytes) -> list[str]:
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    return [name.strip().strip('"').lower() for name in first.split(",")]


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


SOURCES.add(Fitabase.card.name, Fitabase())
