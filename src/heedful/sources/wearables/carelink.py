"""Medtronic CareLink's CSV: glucose of a Guardian or Enlite sensor every five minutes, and of the meter.

Titles stand above the table; newer exports hold several tables, one for the pump and one for the sensor, each under its own header and
behind a line of hyphens. What the pump gave, the patient's name and serial numbers are not kept.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.csv_columns import only
from heedful.sources.records.dates import date_format
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.cgm_rows import Readings, factor_of
from heedful.sources.wearables.drafts import Draft, batches, of_parts
from heedful.sources.wearables.parts import Part, opened

OTHER = "row without a glucose (insulin, carbohydrates, alarms, settings)"
_HEADER = ("Index", "Date", "Time")
_DEVICES = {"Sensor Glucose (": "Medtronic sensor", "BG Reading (": "Medtronic meter"}
"""Begin of the column's name, which ends with its unit: what we call its device."""
_CURE = "Download the report again from CareLink as CSV."
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")

Unread = list[tuple[int, str, str | bytes | None]]


class CareLink:
    """Reads exports of one person, `Options.subject`.

    The order of day and month is read from all rows, or declared as `date_format = "%d/%m/%y"`; where no row shows it the file is refused.
    """

    card = SourceCard(
        name="wearables.carelink",
        says="glucose of a Medtronic sensor and meter, as CareLink exports it (CSV)",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: of the declared zone; autumn's repeated hour is in the order of the clock's rows.",
        terms="The person's own data; names, serial numbers and what the pump gave are not kept.",
        tested_on="untested on real files: written after headers that public programs read",
        codes=("glucose",),
        units=("mg/dL",),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header's names, below CareLink's titles."""
        start = head[:16_000]
        is_ours = b"Sensor Glucose (" in start and b"ISIG Value" in start and b"Index" in start
        return 0.95 if is_ours and not path.is_dir() and not is_zip(path, head) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if it is no such table or its dates are doubtful; `SettingsError`."""
        only(path, self.card.name, options.settings, ("date_format",))
        if path.is_dir():
            raise SourceError(path, "it is a folder", "Give one export, or each of them by its path.")
        form = str(options.settings.get("date_format", ""))
        with opened(path, lambda name: name.endswith(".csv")) as parts:
            drafts = of_parts(parts, lambda part: _draft(part, options.zone, form))
            yield from batches(drafts, options, known_at, cursor, path.stat().st_size)


def _draft(part: Part, zone: str, declared: str) -> Draft:
    readings, unread, skipped, days = Readings(), Unread(), Counter[str](), list[str]()
    for names, rows in _tables(part):
        places = {place: device for begins, device in _DEVICES.items() for place, name in enumerate(names) if name.startswith(begins)}
        factors = {place: factor_of(names[place], part) for place in places}
        date, time = names.index("Date"), names.index("Time")
        for line, row in rows:
            if len(row) < len(names):
                reason = f"the line has fewer cells than the header's {len(names)}; download the report again"
                unread.append((line, reason, ",".join(row)[:500]))
                continue
            told = [place for place in places if row[place].strip()]
            skipped[OTHER] += not told
            for place in told:
                days.append(row[date].strip())
                readings.add(line, f"{row[date].strip()} {row[time].strip()}", row[place], factors[place], places[place])
    form = date_format(Path(part.place), pl.DataFrame({"day": days}), "day", declared) if days else "%Y/%m/%d"
    local = pl.coalesce([pl.col("local").str.strptime(pl.Datetime("us"), f"{form} {time}", strict=False) for time in _TIMES])
    return Draft(part.name, readings.table(local, zone), unread, skipped)


def _tables(part: Part) -> list[tuple[list[str], list[tuple[int, list[str]]]]]:
    """Header and numbered rows of each table, rows in the order of time. Raises `SourceError` if there is none with a glucose."""
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    lines = text.splitlines()
    first = next((line for line in lines if line.lstrip('"').startswith(_HEADER[0])), "")
    delimiter = max(",;\t", key=first.count)
    found: list[tuple[list[str], list[tuple[int, list[str]]]]] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for row in reader:
            if tuple(cell.strip() for cell in row[:3]) == _HEADER:
                found.append(([cell.strip() for cell in row], []))
            elif found and row and not row[0].startswith("---") and any(cell.strip() for cell in row) and _is_number(row[0]):
                found[-1][1].append((reader.line_num, row))
    except csv.Error as error:
        raise SourceError(part.place, f"its table cannot be read ({error})", _CURE, reader.line_num) from error
    ours = [(names, rows) for names, rows in found if any(name.startswith(tuple(_DEVICES)) for name in names)]
    if not ours:
        raise SourceError(part.place, "it has no table with the columns Index, Date, Time and a glucose", _CURE)
    return [(names, rows if _ascends(rows) else rows[::-1]) for names, rows in ours]


def _is_number(cell: str) -> bool:
    """Whether it is an index; newer exports write it as 1.00000."""
    return cell.strip().replace(".", "", 1).replace(",", "", 1).isdigit()


def _ascends(rows: list[tuple[int, list[str]]]) -> bool:
    """Whether the clock of a table runs forward, by neighbors of one day; the newest row may stand first."""
    steps = [(one[2], other[2]) for (_, one), (_, other) in pairwise(rows) if len(one) > 2 and len(other) > 2 and one[1] == other[1]]
    forward = sum(one <= other for one, other in steps)
    return forward * 2 >= len(steps)


SOURCES.add(CareLink.card.name, CareLink())
