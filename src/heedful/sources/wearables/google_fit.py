"""Google Fit from Google Takeout: a CSV a day in quarters of an hour, and activities as TCX; the folder, its zip, or one CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables import tcx
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, glimpsed, opened, plain

_NAME = re.compile(r"\d{4}-\d\d-\d\d\.csv")
_COLUMNS = {
    "Step count": ("steps", "measured"), "Distance (m)": ("distance", "measured"), "Calories (kcal)": ("total_energy", "vendor_derived"),
    "Average heart rate (bpm)": ("heart_rate", "measured"), "Average weight (kg)": ("body_weight", "measured"),
}  # fmt: skip
_CODES = tuple(sorted({code for code, _ in _COLUMNS.values()} | {"workout"}))
_FOLDERS = ("Daily activity metrics", "All Data", "All Sessions", "Activities")
_CURE = "Give the folder Fit of a Google Takeout, the zip of it, or one of its files named after a day."


class GoogleFit:
    """Reads one person's Takeout, `Options.subject`.

    The day's CSV files are the merged streams. "All Data" holds the streams that they were merged from, app by app, and is not read,
    so that nothing is counted twice; nor is the summary of all days. Both are named in `aside`.
    """

    card = SourceCard(
        name="wearables.google_fit",
        says="Google Fit from Google Takeout: days in quarters of an hour, and activities",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times carry their offset, the day is in the file's name.",
        terms="The export is the person's own; positions in it are not kept.",
        tested_on="real: eight days and four activities of one person in India; heart rate and weight columns untested on real values",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header of a day's file; a folder or zip by the names of its files."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if head.removeprefix(b"\xef\xbb\xbf").startswith(b"Start time,End time,") and b"(kcal)" in head[:400] else 0.0
        parts = glimpsed(path)
        known = sum(PurePosixPath(part.place).parent.name in _FOLDERS or _is_read(part) for part in parts)
        days = [part for part in parts if _NAME.fullmatch(plain(part.name))]
        return 0.9 if days and known * 2 > len(parts) and b"Start time,End time" in days[0].read()[:40] else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if there is no such file, or it is named after no day."""
        with opened(path, lambda name: True) as everything:
            single = not path.is_dir() and len(everything) == 1
            parts = everything if single else [part for part in everything if _is_read(part)]
            if not parts:
                raise SourceError(path, "no file of Google Fit's is in it", _CURE)
            aside = Counter(f"not read: {part.name[:60]}" for part in everything if part not in parts)
            yield from batches(_drafts(parts, aside), options, known_at, cursor, sum(part.size for part in parts))


def _is_read(part: Part) -> bool:
    name = part.name.lower().removesuffix(".gz")
    return _NAME.fullmatch(name) is not None or name.endswith(".tcx")


def _drafts(parts: list[Part], aside: Counter[str]) -> Iterator[Draft]:
    for draft in of_parts(parts, lambda part: _activity(part) if part.name.lower().endswith((".tcx", ".tcx.gz")) else _draft(part)):
        draft.aside += aside
        aside = Counter()
        yield draft


def _activity(part: Part) -> Draft:
    """An activity, whose instants are UTC and whose offset stands in the file's name: 2025-01-29T20_23_54.103+05_30_PT16M_Walking.tcx."""
    found, named = tcx.draft(part), re.match(r"[\dT_.:-]+?([+-])(\d\d)[_:](\d\d)_", part.name)
    if named is None:
        return found
    minutes = (int(named[2]) * 60 + int(named[3])) * (-1 if named[1] == "-" else 1)
    found.rows = found.rows.with_columns(offset_minutes=pl.lit(minutes, dtype=pl.Int16))
    return found


def _draft(part: Part) -> Draft:
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    try:
        table = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise SourceError(part.place, f"its table cannot be read ({error})", _CURE) from error
    if not table or not {"Start time", "End time"} <= set(table[0]) or not set(_COLUMNS) & set(table[0]):
        raise SourceError(part.place, "it is no day of Google Fit's: it lacks the columns Start time and Step count", _CURE)
    named = re.match(r"\d{4}-\d\d-\d\d", part.name)
    try:
        day = date.fromisoformat(named[0] if named else "")
    except ValueError as error:
        raise SourceError(part.place, "it is named after no day, and its rows bear only times", _CURE) from error
    rows, unread = Rows(), list[tuple[int, str, str | bytes | None]]()
    for line, row in enumerate(table, start=2):
        try:
            start, end = (datetime.combine(day, time.fromisoformat(row[name])) for name in ("Start time", "End time"))
            end += timedelta(days=1) if end <= start else timedelta()
        except (ValueError, TypeError) as error:
            unread.append((line, f"its times cannot be read ({str(error)[:60]})", ",".join(str(cell) for cell in row.values())[:500]))
            continue
        for name, (code, how) in _COLUMNS.items():
            if row.get(name):
                rows.add(line, code, start, _number(row[name]), end=end, how=how, device="Google Fit", written=f"{name} {row[name]}")
    return Draft(part.name, rows.table(), unread)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


SOURCES.add(GoogleFit.card.name, GoogleFit())
