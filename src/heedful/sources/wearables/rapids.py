"""Fitbit data as RAPIDS keeps it: answers of the Web API in a column of a CSV (`fitbitjson_csv`), or the tables parsed from them.

The tables' `timestamp` is zero in RAPIDS' own files and is never read: their times are local, without offset.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.api_records import BROKEN, Told
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import shown
from heedful.sources.wearables.drafts import Draft, batches, of_parts
from heedful.sources.wearables.fitbit_api import CODES_READ, records_of
from heedful.sources.wearables.fitbit_sleep import STAGES
from heedful.sources.wearables.parts import Part, opened, share

NAME = "wearables.rapids"
TOTAL = "day's total of which another file holds the minutes"
JSON_COLUMNS = ("device_id", "fitbit_data_type", "fitbit_data")
EARLIER = "earlier answer about the same day"
NOT_READ = "row of a type that is not read"

_DAYS = ("dateTime", "dateOfSleep", "date", "startDate")

Row = dict[str, str]
Days = frozenset[tuple[str, str]]
"""Persons and local days."""


@dataclass(frozen=True)
class Table:
    """A parsed table of RAPIDS: its name, the columns by which it is known, and how a row of it is told."""

    name: str
    marks: tuple[str, ...]
    read: Callable[[Row, Told], None]


def _at(row: Row, column: str, told: Told) -> datetime:
    return datetime.fromisoformat(row[column].strip()).replace(tzinfo=told.zone)


def _day(start: datetime) -> datetime:
    return datetime.combine(start.date() + timedelta(days=1), start.timetz())


def _steps(row: Row, told: Told) -> None:
    start = _at(row, "local_date_time", told)
    told.add("steps", start, float(row["steps"]), end=start + timedelta(minutes=1))


def _steps_of_days(row: Row, told: Told) -> None:
    start = _at(row, "local_date_time", told)
    told.add("steps", start, float(row["steps"]), end=_day(start))


def _energy(row: Row, told: Told) -> None:
    start = _at(row, "local_date_time", told)
    told.add("total_energy", start, float(row["value"]), end=start + timedelta(minutes=1), how="vendor_derived")
    told.add("intensity", start, float(row["level"]), end=start + timedelta(minutes=1), how="vendor_derived")


def _pulse(row: Row, told: Told) -> None:
    told.add("heart_rate", _at(row, "local_date_time", told), float(row["heartrate"]))


def _resting(row: Row, told: Told) -> None:
    if row["heartrate_daily_restinghr"].strip() in ("", "0", "0.0", "NA"):
        told.skipped["day without a resting heart rate"] += 1
        return
    start = _at(row, "local_date_time", told)
    told.add("resting_heart_rate", start, float(row["heartrate_daily_restinghr"]), how="vendor_derived")


def _stage(row: Row, told: Told) -> None:
    start = _at(row, "local_date_time", told)
    end = start + timedelta(seconds=float(row["duration"]))
    told.add("sleep_stage", start, end=end, value_code=STAGES[row["level"].strip()], how="vendor_derived")


def _night(row: Row, told: Told) -> None:
    start, end = _at(row, "local_start_date_time", told), _at(row, "local_end_date_time", told)
    told.add("sleep_minutes", start, float(row["minutes_asleep"]), end=end, how="vendor_derived")
    told.add("time_in_bed", start, float(row["minutes_in_bed"]), end=end, how="vendor_derived")


_TABLES = (
    Table("calories", ("device_id", "level", "mets", "value", "local_date_time"), _energy),
    Table("heart rate of days", ("device_id", "heartrate_daily_restinghr", "local_date_time"), _resting),
    Table("heart rate", ("device_id", "heartrate", "local_date_time"), _pulse),
    Table("sleep", ("device_id", "duration", "level", "local_date_time"), _stage),
    Table("nights", ("device_id", "minutes_asleep", "minutes_in_bed", "local_start_date_time", "local_end_date_time"), _night),
    Table("steps", ("device_id", "steps", "local_date_time"), _steps),
)


class Rapids:
    """Reads one file or a folder of them. The person is the row's `device_id`.

    Steps of days and of minutes have the same columns: a file whose times are all midnights holds days. Where a folder holds the
    minutes of a person's day, the day's total is left out and counted. Of several answers about one person, type and day the last counts.
    """

    card = SourceCard(
        name=NAME,
        says="Fitbit data as RAPIDS keeps it: answers of the Web API in a column of a CSV, or the tables parsed from them",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: of the declared zone; the column timestamp is not read.",
        terms="Data of participants: only under their consent; Fitbit's terms for developers hold.",
        tested_on="real form: the seven parsed tables of RAPIDS' own tests; the form with answers in a column after its documentation: "
        "untested on real files",
        codes=tuple(sorted({*CODES_READ, "intensity", "total_energy"})),
        units=tuple(sorted({CODES[code].unit for code in (*CODES_READ, "intensity", "total_energy")})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header: a device and the columns of one of the tables, or of the answers."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if _ours(head) else 0.0
        return 0.87 if share(path, _is_csv, _ours) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is none of RAPIDS' tables; `SettingsError`."""
        if options.settings:
            raise SettingsError(f"{path}: {NAME} has no settings of its own, but {sorted(options.settings)} are declared.")
        with opened(path, _is_csv) as parts:
            if not parts:
                raise SourceError(path, "there is no CSV file in it", "Give the files as RAPIDS keeps them.")
            minutes = frozenset[tuple[str, str]]().union(*(_minutes(part) for part in parts)) if len(parts) > 1 else Days()
            drafts = of_parts(parts, partial(_draft, options=options, minutes=minutes))
            yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def _is_csv(name: str) -> bool:
    return name.endswith(".csv")


def _ours(head: bytes) -> bool:
    names = _names(head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace"))
    return set(JSON_COLUMNS) <= set(names) or _table(names) is not None


def _names(line: str) -> list[str]:
    return [name.strip().strip('"') for name in line.strip("\r\n").split(",")]


def _table(names: list[str]) -> Table | None:
    return next((table for table in _TABLES if set(table.marks) <= set(names)), None)


def _lines(part: Part) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header's names, and each record with its line; `\\"` within quotes is a quote, as RAPIDS writes it."""
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    first = text.split("\n", 1)[0]
    escaped = set(JSON_COLUMNS) <= set(_names(first))
    reader = csv.reader(io.StringIO(text), escapechar="\\", doublequote=False) if escaped else csv.reader(io.StringIO(text))
    names, rows = list[str](), list[tuple[int, list[str]]]()
    try:
        for record in reader:
            if names and record:
                rows.append((reader.line_num, record))
            elif record:
                names = [name.strip() for name in record]
    except csv.Error as error:
        raise SourceError(part.place, f"it is no CSV that can be read ({error})", "Export it again.", reader.line_num) from error
    return names, rows


def _minutes(part: Part) -> Days:
    """Persons and days of which a table holds steps by the minute."""
    try:
        names, rows = _lines(part)
    except SourceError:
        return Days()  # said again when the file itself is read
    table = _table(names)
    if table is None or table.name != "steps" or _are_days(names, rows):
        return Days()
    who, when = names.index("device_id"), names.index("local_date_time")
    return Days((row[who], row[when][:10]) for _, row in rows if len(row) == len(names))


def _are_days(names: list[str], rows: list[tuple[int, list[str]]]) -> bool:
    when = names.index("local_date_time")
    return all(row[when].strip()[10:] in ("", " 00:00:00", "T00:00:00") for _, row in rows if len(row) == len(names))


def _draft(part: Part, options: Options, minutes: Days) -> Draft:
    names, rows = _lines(part)
    table = None if set(JSON_COLUMNS) <= set(names) else _table(names)
    if table is None and not set(JSON_COLUMNS) <= set(names):
        cure = "Give the CSV files as RAPIDS keeps them; their header names device_id."
        raise SourceError(part.place, f"it is no table of RAPIDS (its header is {','.join(names)[:80]!r})", cure, 1)
    read = table.read if table else _answer
    of_days = table is not None and table.name == "steps" and _are_days(names, rows)
    newest = _newest(names, rows) if table is None else set[int]()
    told = Told(ZoneInfo(options.zone), device="Fitbit")
    unread = list[tuple[int, str, str | bytes | None]]()
    people = list[str]()
    for line, record in rows:
        told.number = line
        if len(record) != len(names):
            unread.append((line, f"it has {len(record)} fields where the header has {len(names)}; correct the line", None))
            continue
        row = dict(zip(names, record, strict=True))
        if of_days and (row["device_id"], row["local_date_time"][:10]) in minutes:
            told.skipped[TOTAL] += 1
            continue
        if table is None and line not in newest:
            told.skipped[EARLIER] += 1
            continue
        before = len(told.rows)
        try:
            (_steps_of_days if of_days else read)(row, told)
        except BROKEN as error:
            why = f"the row cannot be read ({type(error).__name__}: {str(error)[:80]}); correct it, or export it again"
            unread.append((line, why, shown(row)[:500]))
        people += [row["device_id"]] * (len(told.rows) - before)
    held = told.rows.table()
    who = pl.Series("person", people, dtype=pl.String)
    return Draft(part.name, held.with_columns(who), unread, told.skipped)


def _answer(row: Row, told: Told) -> None:
    """An answer of the Web API in a cell."""
    for record, read in records_of(orjson.loads(row["fitbit_data"])):
        if read is None:
            told.skipped[f"{NOT_READ}: {str(record)[:60]}"] += 1
            continue
        if not isinstance(record, dict):
            raise TypeError("a record is no object")
        read(record, told)


def _newest(names: list[str], rows: list[tuple[int, list[str]]]) -> set[int]:
    """Lines of answers after which the file holds no other about the same person, type and day: a day is asked for again and again."""
    places = [names.index(name) for name in JSON_COLUMNS]
    last = dict[tuple[str, str, str], int]()
    for line, record in rows:
        if len(record) == len(names):
            who, kind, answer = (record[place] for place in places)
            last[who, kind, _day_of(answer) or str(line)] = line
    return set(last.values())


def _day_of(answer: str) -> str:
    """The first day that an answer names; '' if none."""
    try:
        document = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return ""
    for held in document.values() if isinstance(document, dict) else ():
        if isinstance(held, list) and held and isinstance(held[0], dict):
            return next((str(held[0][name])[:10] for name in _DAYS if name in held[0]), "")
    return ""


SOURCES.add(NAME, Rapids())
