"""Intervals between heartbeats as text: Polar Sensor Logger's RR and PPI files, Empatica E4's IBI.csv, and plain lists of milliseconds."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.csv_columns import only
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.beats import CODE, Floats, chained
from heedful.sources.wearables.drafts import Draft, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share

NO_CONTACT = "interval while the sensor had no contact or was blocked"
_LOGGED = re.compile(r"phone (?:data rx )?timestamp;.*(?:rr|pp)-interval \[ms\]", re.IGNORECASE)
_EMPATICA = re.compile(r"^\s*(\d{9,10}(?:\.\d+)?)\s*,\s*IBI\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d+)?")
_NAMED = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ _T](\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)")
_LEAST_LINES, _LEAST_SHARE = 20, 0.95
_SECONDS_BELOW = 10.0
"""Numbers so small are seconds: an interval of 10 ms is none, and one of 10 s neither."""
_BACKWARDS = 60.0
"""Seconds by which a log's clock does not fall back but where the hour is repeated in autumn."""
_LARGEST = 1e8
"""Seconds of a recording, or ms of an interval: three years."""
_CURE = "Give a file of Polar Sensor Logger, Empatica's IBI.csv, or one interval in ms a line."


@dataclass
class _Found:
    """Intervals in ms, when the file tells of them (seconds since 1970 UTC, never falling), their lines, and what could not be read."""

    lengths: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    unread: list[tuple[int, str, str | bytes | None]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    exact: bool = False
    """Each interval ends when it was heard of: what lies between two is a gap, however short."""

    def begins(self) -> Floats:
        """When each began."""
        length, heard = np.array(self.lengths, np.float64), np.array(self.heard, np.float64)
        return heard - length / 1_000 if self.exact else chained(length, heard)

    def add(self, line: int, length: float, heard: float) -> None:
        self.lengths.append(length)
        self.heard.append(heard)
        self.lines.append(line)


class RrIntervals:
    """Reads files of one person, `Options.subject`.

    A plain list has no date: the setting `start` says when its first interval began (local, "2026-03-01T22:10:00"), or the file's name
    does ("2018-03-04 08-01-23.txt"). `device` names what counted the beats, for a file that does not say it.
    """

    card = SourceCard(
        name="wearables.rr_intervals",
        says="intervals between heartbeats as text: Polar Sensor Logger, Empatica E4's IBI.csv, or a list of milliseconds",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Empatica's times are UTC; the others are local, of the declared zone.",
        terms="The person's own data.",
        tested_on="untested on real files: written after public descriptions of the files",
        codes=(CODE,),
        units=(CODES[CODE].unit,),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header, or twenty lines that are all plausible intervals; a folder or zip if most of its files are such."""
        if path.is_file() and not is_zip(path, head):
            return _sure(head)
        return 0.8 if share(path, _may_be, lambda one: _sure(one) > 0.5) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is none of these or bears no date; `SettingsError`."""
        only(path, self.card.name, options.settings, ("start", "device"))
        start = _instant(path, str(options.settings.get("start", "")), options.zone)
        with opened(path, _may_be) as parts:
            if not parts:
                raise SourceError(path, "there is no file of intervals in it", _CURE)
            drafts = of_parts(parts, lambda part: _draft(part, options, start if len(parts) == 1 else None))
            yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def _may_be(name: str) -> bool:
    return name.endswith((".txt", ".csv", ".rr"))


def _sure(head: bytes) -> float:
    lines = head[:4_096].decode("utf-8-sig", "replace").splitlines()
    if not lines or not (_LOGGED.match(lines[0]) or _EMPATICA.match(lines[0])):
        return 0.6 if _is_list(lines[:-1]) else 0.0
    return 0.95


def _is_list(lines: list[str]) -> bool:
    """Twenty lines or more (the first may name the column) of one number each, nearly all of them plausible; blank lines do not count."""
    told = [line.strip() for line in lines if line.strip()]
    body = told[1:] if told and not _NUMBER.fullmatch(told[0]) else told
    numbers = [line for line in body if _NUMBER.fullmatch(line)]
    if len(numbers) < max(_LEAST_LINES, _LEAST_SHARE * len(body)):
        return False
    values, code = _milliseconds(numbers), CODES[CODE]
    return bool(((values >= code.low) & (values <= code.high)).mean() > 0.9 and len(set(values.tolist())) > 3)


def _milliseconds(numbers: list[str]) -> Floats:
    """The intervals of a list in ms; it is in seconds as a whole or not at all, whatever one artifact in it looks like."""
    values = np.array([float(one.replace(",", ".")) for one in numbers])
    return values * 1_000 if np.median(values) < _SECONDS_BELOW else values


def _instant(path: Path, written: str, zone: str) -> float | None:
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise SettingsError(f"{path}: start is when the first interval began, such as 2026-03-01T22:10:00, not {written!r}.") from error
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp()


def _draft(part: Part, options: Options, start: float | None) -> Draft:
    lines = part.bytes().decode("utf-8-sig", "replace").splitlines()
    device = str(options.settings.get("device", ""))
    if _LOGGED.match(lines[0] if lines else ""):
        found, named = _logged(lines, options.zone), "Polar"
    elif marked := _EMPATICA.match(lines[0] if lines else ""):
        found, named = _empatica(lines, float(marked[1])), "Empatica E4"
    elif _is_list(lines):
        found, named = _listed(part, lines, start, options.zone), "heart-rate sensor"
    else:
        raise SourceError(part.place, "it holds no intervals in a form that is known", _CURE)
    length, begins = np.array(found.lengths, np.float64), found.begins()
    table = pl.DataFrame({"line": pl.Series(found.lines, dtype=pl.Int64), "start_at": _instants(begins), "value": length})
    table = table.with_columns(
        end_at=_instants(begins + length / 1_000),
        code=pl.lit(CODE),
        device=pl.lit(device or named),
        written=pl.col("value").cast(pl.String),
    )
    return Draft(part.name, table, found.unread, found.skipped)


def _instants(seconds: Floats) -> pl.Series:
    return pl.Series(np.rint(seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)


def _logged(lines: list[str], zone: str) -> _Found:
    """Columns by name; `blocker` 1 or `contact` 0 says that the interval was not measured."""
    names = [name.strip().lower() for name in lines[0].rstrip(";").split(";")]
    column = next(place for place, name in enumerate(names) if name.endswith("-interval [ms]"))
    blocked = [place for place, name in enumerate(names) if name == "blocker"]
    touch = [place for place, name in enumerate(names) if name in ("contact", "skin contact")][:1]
    found, local, latest = _Found(), ZoneInfo(zone), float("-inf")
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split(";")]
        if not line.strip():
            continue
        try:
            at = datetime.fromisoformat(cells[0])
            length = _finite(cells[column])
        except (ValueError, IndexError):
            found.unread.append((number, f"{CODE}: the line has no time and interval; log again, or leave it out", line))
            continue
        if any(cells[place : place + 1] == ["1"] for place in blocked) or any(cells[place : place + 1] == ["0"] for place in touch):
            found.skipped[NO_CONTACT] += 1
            continue
        latest = max(latest, _after(latest, at if at.tzinfo else at.replace(tzinfo=local)))
        found.add(number, length, latest)
    return found


def _after(latest: float, at: datetime) -> float:
    """The instant of a local time in a log: of autumn's repeated hour the second one, where the first lies before what was logged."""
    first, second = at.timestamp(), at.replace(fold=1).timestamp()
    return second if first < latest - _BACKWARDS else first


def _finite(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError("no time or length of a recording")
    return value


def _empatica(lines: list[str], start: float) -> _Found:
    """Seconds from the start at which each interval ended, and its length in seconds; Empatica leaves out intervals beside movement."""
    found = _Found(exact=True)
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        try:
            offset, length = (_finite(cell) for cell in line.split(","))
        except ValueError:
            found.unread.append((number, f"{CODE}: the line has no offset and interval; download again, or leave it out", line))
            continue
        found.add(number, length * 1_000, start + offset)
    return found


def _listed(part: Part, lines: list[str], start: float | None, zone: str) -> _Found:
    if start is None and (named := _NAMED.search(part.name)):
        try:
            year, month, day, hour, minute, second = (int(one) for one in named.groups())
            start = datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone)).timestamp()
        except ValueError:
            start = None
    if start is None:
        cure = 'Declare it in the settings: start = "2026-03-01T22:10:00", or name the file so.'
        raise SourceError(part.place, "a list of intervals bears no date, and its name does not tell one", cure)
    found, numbers = _Found(), list[str]()
    for number, line in enumerate(lines, 1):
        if _NUMBER.fullmatch(line.strip()):
            numbers.append(line.strip())
            found.lines.append(number)
        elif number > 1 and line.strip():
            found.unread.append((number, f"{CODE}: the line is no interval; leave it out", line))
    lengths = _milliseconds(numbers)
    found.lengths, found.heard = lengths.tolist(), (start + np.cumsum(lengths) / 1_000).tolist()
    return found


SOURCES.add(RrIntervals.card.name, RrIntervals())
