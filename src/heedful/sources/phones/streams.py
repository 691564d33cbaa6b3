"""What phones' platforms share: CSV files of one stream each, told by their header, with Unix times, into observations.

Positions are rounded to `decimals` places (2: about a kilometer) before anything else sees them. What is typed, names of networks and
addresses of devices are never read.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import BATCH_ROWS, Options
from heedful.sources.wearables.actigraphy.acceleration import Minutes, Stretch
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.drafts import Draft, Rows
from heedful.sources.wearables.parts import Part, share

Record = Mapping[str, str]
SPARSE = "minute with less than 5 samples a second"
GRAVITY = 9.80665
_MARKS = (("timestamp", "device_id"), ("timestamp", "UTC time"), ("key.userId", "value.time"))
"""Columns of (nearly) every file of AWARE, Beiwe and RADAR: a folder with several of them holds several exports."""
_LARGEST_SECONDS = 1 << 33
CURE = "Export it again, or correct the line."


@dataclass
class About:
    """What a stream's rows are read with. `person`, `device`: of the row; `at`: its time with its zone."""

    rows: Rows
    skipped: Counter[str]
    decimals: int
    line: int = 0
    person: str = ""
    device: str = ""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def add(self, code: str, value: float | None = None, **more: Any) -> None:
        """One observation of the row."""
        self.rows.add(self.line, code, self.at, value, person=self.person, device=self.device, **more)


@dataclass(frozen=True)
class Stream:
    """A kind of file. `marks`: columns that only its header has all of; `read` adds a row's observations or raises `ValueError`;
    None: the stream is known and left out. `axes`: columns of acceleration, summarised per minute."""

    name: str
    marks: tuple[str, ...]
    read: Callable[[Record, About], None] | None = None
    axes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Platform:
    """A platform's conventions. `time`: the column of Unix time; `person`, `device`: whose and which phone, of a row and its file."""

    streams: tuple[Stream, ...]
    time: str
    person: Callable[[Record, Part, Options], str]
    device: Callable[[Record], str]
    per_g: Callable[[float], float]
    zones: Mapping[str, Sequence[tuple[float, str]]] = field(default_factory=dict)


def header(data: bytes) -> tuple[str, ...]:
    """The names of the first line's columns."""
    line = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").strip("\r")
    try:
        return tuple(name.strip() for name in next(csv.reader([line]), []))
    except csv.Error:
        return ()


def stream_of(names: Sequence[str], streams: Sequence[Stream]) -> Stream | None:
    """The stream whose columns are all there; the first that fits."""
    return next((one for one in streams if set(one.marks) <= set(names)), None)


def recognised(path: Path, head: bytes, streams: Sequence[Stream], sure: float = 0.9) -> float:
    """Of a file by its header; of a folder or zip if most CSV files in it are streams, and none is another platform's."""
    if path.is_file() and not is_zip(path, head):
        return sure if stream_of(header(head), streams) else 0.0
    seen = set[int]()

    def ours(head: bytes) -> bool:
        names = header(head)
        seen.update(place for place, marks in enumerate(_MARKS) if set(marks) <= set(names))
        return stream_of(names, streams) is not None

    return sure - 0.05 if share(path, is_csv, ours) > 0.3 and len(seen) <= 1 else 0.0


def is_csv(name: str) -> bool:
    """Whether a file's name ends so."""
    return name.endswith(".csv")


def decimals_of(path: Path, source: str, settings: Mapping[str, Any], known: tuple[str, ...]) -> int:
    """Places of positions. Raises `SettingsError` for it and for settings that are not `known`."""
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise SettingsError(f"{path}: {source} does not know the settings {unknown}. It knows: {', '.join(known)}.")
    decimals = settings.get("decimals", 2)
    if not isinstance(decimals, int) or not 0 <= decimals <= 6:
        raise SettingsError(f"{path}: decimals is a number from 0 to 6, how fine positions are kept, not {decimals!r}.")
    return decimals


def drafts(part: Part, stream: Stream, platform: Platform, options: Options, decimals: int) -> Iterator[Draft]:
    """The observations of one file, a portion of lines at a time."""
    if stream.read is None and not stream.axes:
        yield Draft(part.name, Rows().table(), aside=Counter({f"stream that is not read: {stream.name}": 1}))
        return
    found = portions(part)
    if stream.axes:
        yield _motion(part, stream, platform, options, found)
        return
    for records, unread in found:
        about = About(Rows(), Counter(), decimals)
        for line, record in records:
            about.line = line
            try:
                _placed(record, part, platform, options, about)
                stream.read(record, about)  # type: ignore[misc]
            except (ValueError, KeyError, OverflowError, OSError) as error:
                why = f"the line of {stream.name} cannot be read ({type(error).__name__}: {str(error)[:80]}); {CURE}"
                unread.append((line, why, None if "longitude" in " ".join(stream.marks) else _shown(record)))
        yield Draft(part.name, about.rows.table(), unread, about.skipped)


def _shown(record: Record) -> str:
    return ",".join(str(cell) for cell in record.values())[:500]


def portions(part: Part) -> Iterator[tuple[list[tuple[int, dict[str, str]]], list[tuple[int, str, str | bytes | None]]]]:
    """The lines of a file as records by column, some at a time, each with its line; and lines that have too few or too many cells."""
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    reader = csv.reader(io.StringIO(text))
    try:
        names = [name.strip() for name in next(reader, [])]
        while lines := [(reader.line_num, cells) for cells in islice(reader, BATCH_ROWS)]:
            short = f"the line has another number of cells than the header's {len(names)}; {CURE}"
            unread: list[tuple[int, str, str | bytes | None]] = [
                (line, short, ",".join(cells)[:500]) for line, cells in lines if cells and len(cells) != len(names)
            ]
            yield [(line, dict(zip(names, cells, strict=True))) for line, cells in lines if len(cells) == len(names)], unread
    except csv.Error as error:
        raise SourceError(part.place, f"its lines cannot be told apart ({error})", CURE, reader.line_num) from error


def instant(written: str) -> datetime:
    """The UTC time of Unix seconds or milliseconds. Raises `ValueError` for what is none.

    >>> instant("1583471605000").isoformat()
    '2020-03-06T05:13:25+00:00'
    """
    value = float(written)
    return datetime.fromtimestamp(value / 1_000 if abs(value) > _LARGEST_SECONDS else value, UTC)


def _placed(record: Record, part: Part, platform: Platform, options: Options, about: About) -> None:
    at = instant(record[platform.time])
    about.person, about.device = platform.person(record, part, options), platform.device(record)
    about.at = at.astimezone(ZoneInfo(zone_at(platform, record.get("device_id", ""), at, options.zone)))


def zone_at(platform: Platform, device: str, at: datetime, otherwise: str) -> str:
    """The zone in which a phone was, by the platform's table of zones, or the declared one."""
    changes = platform.zones.get(device, ())
    place = bisect_right([begin for begin, _ in changes], at.timestamp())
    return changes[place - 1][1] if place else otherwise


def _motion(part: Part, stream: Stream, platform: Platform, options: Options, portions: Any) -> Draft:
    """Acceleration as minutes; all rows of a file are one phone's in order of time."""
    about, unread, skipped = About(Rows(), Counter(), 0), list[tuple[int, str, str | bytes | None]](), Counter[str]()
    minutes, told, first = Minutes(), list[pl.DataFrame](), None
    for records, cut in portions:
        unread += cut
        times, axes, lines = list[float](), list[tuple[float, ...]](), list[int]()
        for line, record in records:
            try:
                written = float(record[platform.time])
                values = tuple(float(record[name]) for name in stream.axes)
                if not all(map(np.isfinite, (written, *values))) or abs(written) > 1e14:
                    raise ValueError("a cell is no finite number")
            except (ValueError, KeyError) as error:
                unread.append((line, f"the line of {stream.name} cannot be read ({str(error)[:80]}); {CURE}", None))
                continue
            first = first or (line, record)
            lines.append(line)
            times.append(written * (1e3 if abs(written) > _LARGEST_SECONDS else 1e6))
            axes.append(values)
        if times:
            array = np.array(axes)
            force = array / platform.per_g(float(np.median(np.sqrt((array**2).sum(axis=1)))))
            told.append(minutes.add(Stretch(lines[0], np.array(times, np.int64), force)))
    table = pl.concat([*told, minutes.rest()]) if told else minutes.rest()
    if first is not None:
        _placed(first[1], part, platform, options, about)
    for line, minute, count, *told_values in table.iter_rows():
        if count < 300:
            skipped[SPARSE] += 1
            continue
        about.line, about.at = line, datetime.fromtimestamp(minute / 1e6, UTC).astimezone(about.at.tzinfo)
        end = datetime.fromtimestamp(minute / 1e6 + 60, UTC)
        for code, value in zip(("acceleration_mean", "acceleration_enmo", "acceleration_mad"), told_values, strict=True):
            about.add(code, round(value, 3), end=end)
    return Draft(part.name, about.rows.table(), unread, skipped)


def position(latitude: str, longitude: str, about: About) -> None:
    """A place, as coarse as declared. Raises `ValueError` for what is no place on Earth; the place itself is not repeated."""
    places = float(latitude), float(longitude)
    if not (abs(places[0]) <= 90 and abs(places[1]) <= 180):
        raise ValueError("it is no place on Earth: latitude or longitude is out of range")
    for code, value in zip(("latitude", "longitude"), places, strict=True):
        about.add(code, round(value, about.decimals) + 0.0, written=f"{code} of the row")
