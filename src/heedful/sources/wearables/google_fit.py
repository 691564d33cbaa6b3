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
_MEANT = {
    "steps": "measured", "distance": "measured", "total_energy": "vendor_derived", "heart_rate": "measured", "body_weight": "measured",
}  # fmt: skip
"""Codes that a day's columns mean, and how their values came to be."""
_BY_UNIT = {"(m)": "distance", "(kcal)": "total_energy", "(bpm)": "heart_rate", "(ppm)": "heart_rate", "(kg)": "body_weight"}
"""The units stay as they are in every language; of several columns in one (average, highest, lowest) the first is the average."""
_STEPS = ("step count", "recuento de pasos")
_CLOCK = re.compile(rb"\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)$")
_CODES = tuple(sorted({*_MEANT, "workout"}))
_FOLDERS = ("Daily activity metrics", "All Data", "All Sessions", "Activities")
_CURE = "Give the folder Fit of a Google Takeout, the zip of it, or one of its files named after a day."


class GoogleFit:
    """Reads one person's Takeout, `Options.subject`, in any language: by the units of columns, never by the names of folders.

    The day's CSV files are the merged streams. "All Data" holds the streams that they were merged from, app by app, and is not read,
    so that nothing is counted twice; nor is the summary of all days. Both are named in `aside`. In another language than English or
    Spanish the steps are the column without a unit behind the speeds.
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
        """By the columns of a day's file, and a stream by its fields; a folder or zip by the names of its files."""
        if path.is_file() and not is_zip(path, head):
            return 0.95 if _is_stream(head) else 0.9 if _is_day(head) and b"(kcal)" in head[:1_000] else 0.0
        parts = glimpsed(path)
        known = sum(PurePosixPath(part.place).parent.name in _FOLDERS or _is_read(part) for part in parts)
        days = [part for part in parts if _NAME.fullmatch(plain(part.name))]
        return 0.9 if days and known * 2 > len(parts) and _is_day(_head(days[0])) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if there is no such file, or it is named after no day."""
        with opened(path, lambda name: True) as everything:
            single = not path.is_dir() and len(everything) == 1
            parts = everything if single else [part for part in everything if _is_read(part)]
            if not parts:
                raise SourceError(path, "no file of Google Fit's is in it", _CURE)
            aside = Counter(f"not read: {part.name[:60]}" for part in everything if part not in parts)
            yield from batches(_drafts(parts, aside), options, known_at, cursor, sum(part.size for part in parts))


def _is_day(head: bytes) -> bool:
    """Whether a table begins with two columns of times of day."""
    header, _, rest = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    first = rest.split(b"\n", 1)[0].strip().split(b",")[:2]
    return header.startswith(b"Start time,End time,") or (len(first) == 2 and all(map(_CLOCK.match, first)))


def _is_stream(head: bytes) -> bool:
    """Whether it is a file of "All Data"."""
    return b'"Data Source"' in head[:400] and b'"fitValue"' in head[:4_000] and b'"dataTypeName"' in head[:4_000]


def _head(part: Part) -> bytes:
    try:
        return part.bytes()[:4_096]
    except SourceError:
        return b""


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
    data = part.bytes()
    if _is_stream(data[:4_096]):
        why = "it is one app's stream of Google Fit's, which the daily activity metrics are merged from: read too, it would count twice"
        raise SourceError(part.place, why, "Give the days of the same Takeout (a CSV each, in Daily activity metrics).")
    text = data.decode("utf-8-sig", "replace").replace("\0", "")
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise SourceError(part.place, f"its table cannot be read ({error})", _CURE) from error
    meaning = _meanings(lines[0]) if lines else {}
    if not _is_day(data[:4_096]) or not meaning:
        raise SourceError(part.place, "it is no day of Google Fit's: it lacks the columns Start time and Step count", _CURE)
    named = re.match(r"\d{4}-\d\d-\d\d", part.name)
    try:
        day = date.fromisoformat(named[0] if named else "")
    except ValueError as error:
        raise SourceError(part.place, "it is named after no day, and its rows bear only times", _CURE) from error
    rows, unread = Rows(), list[tuple[int, str, str | bytes | None]]()
    for line, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        try:
            start, end = (datetime.combine(day, time.fromisoformat(cell)) for cell in cells[:2])
            end += timedelta(days=1) if end <= start else timedelta()
        except (ValueError, TypeError) as error:
            unread.append((line, f"its times cannot be read ({str(error)[:60]}); correct the line, or export again", ",".join(cells)[:500]))
            continue
        for place, code in meaning.items():
            if place < len(cells) and cells[place]:
                written = f"{lines[0][place]} {cells[place]}"
                rows.add(line, code, start, _number(cells[place]), end=end, how=_MEANT[code], device="Google Fit", written=written)
    aside = Counter() if "steps" in meaning.values() else Counter({f"no column is known to be steps: {', '.join(lines[0])[:200]}": 1})
    return Draft(part.name, rows.table(), unread, aside=aside)


def _meanings(names: list[str]) -> dict[int, str]:
    """The code of each column that has one, by its place.

    >>> _meanings("Inicio,Fin,Calorías (kcal),Velocidad media (m/s),Recuento de pasos,Peso medio (kg),Peso máximo (kg)".split(","))
    {2: 'total_energy', 4: 'steps', 5: 'body_weight'}
    """
    found = dict[int, str]()
    is_named = any(name.strip().lower() in _STEPS for name in names)
    for place, name in enumerate(names[2:], start=2):
        code = next((code for unit, code in _BY_UNIT.items() if name.strip().endswith(unit)), None)
        behind_speeds = names[place - 1].strip().endswith("(m/s)") and "(" not in name
        if name.strip().lower() in _STEPS or (behind_speeds and not is_named):
            code = "steps"
        if code is not None and code not in found.values():
            found[place] = code
    return found


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


SOURCES.add(GoogleFit.card.name, GoogleFit())
