"""What every actigraph's file comes to: counts of equal epochs from a start by the device's clock, whatever the file looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SourceError

Floats = npt.NDArray[np.float64]
CURE = "Export the recording again from the maker's program."
NOT_WORN = "epoch in which the device says that it was not worn"
NOT_MEASURED = "epoch without a count"

_MONTHS = (
    ("jan", "ene", "gen", "jän"), ("feb", "fév", "fev"), ("mar", "mär", "mrz", "maa", "mrt"), ("apr", "avr", "abr"),
    ("may", "mai", "mei", "mag", "maj"), ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aoû", "aou", "ago"),
    ("sep", "set"), ("oct", "okt", "out", "ott"), ("nov",), ("dec", "dez", "déc", "dic"),
)  # fmt: skip
"""How makers' programs in eight languages write months: their first letters."""


@dataclass
class Epochs:
    """A recording. `begins`: of each epoch, microseconds since 1970 by the device's clock, which is not set at the change of the hour.

    `counts`: NaN where nothing was counted; `worn`: false where the device says so; `lines`: 1-based line of each epoch in the file;
    `unread`: records that are no epochs; `is_utc`: whether the clock is UTC rather than local. All arrays are of one length.
    """

    device: str
    seconds: float
    begins: npt.NDArray[np.int64]
    counts: Floats
    lines: npt.NDArray[np.int64]
    steps: Floats | None = None
    worn: npt.NDArray[np.bool_] | None = None
    is_utc: bool = False
    unread: list[tuple[int, str, str | bytes | None]] = field(default_factory=list)
    aside: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Wanted:
    """What a user declares beside the file: order of day and month in dates ("dmy", "mdy", ""), seconds of an epoch (0: by the file)."""

    dates: str = ""
    epoch_seconds: float = 0.0


@dataclass(frozen=True)
class Format:
    """A maker's format. `fits(head)`: by the first 64 kB; `read(data, place, wanted)`: the recording, or `SourceError`."""

    name: str
    fits: Callable[[bytes], bool]
    read: Callable[[bytes, str, Wanted], Epochs]


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or, as older programs write, Windows' western code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def evenly(start: datetime, seconds: float, count: int) -> npt.NDArray[np.int64]:
    """Beginnings of `count` epochs from a start.

    >>> evenly(datetime(1970, 1, 1), 30, 3).tolist()
    [0, 30000000, 60000000]
    """
    return micro(start) + np.arange(count, dtype=np.int64) * round(seconds * 1e6)


def micro(instant: datetime) -> int:
    """Microseconds since 1970 of a naive time."""
    return round((instant - datetime(1970, 1, 1)).total_seconds() * 1e6)


def day_named(written: str, place: str, line: int) -> date:
    """A day whose month is a name, such as 23-Jan-2018 or 01-mai-98; of two-digit years those from 70 on are of the last century.

    >>> day_named("01-mai-98", "x.AWD", 2)
    datetime.date(1998, 5, 1)
    """
    pieces = written.replace(".", "-").replace("/", "-").replace(" ", "-").split("-")
    pieces = [piece for piece in pieces if piece]
    try:
        number, name, year = int(pieces[0]), pieces[1].lower(), int(pieces[2])
        month = next(place for place, names in enumerate(_MONTHS, 1) if name.startswith(names))
        return date(year + (1900 if year >= 70 else 2000) if year < 100 else year, month, number)
    except (ValueError, IndexError, StopIteration) as error:
        raise SourceError(place, f"{written[:40]!r} is no day such as 23-Jan-2018", CURE, line) from error


def clock_time(written: str, place: str, line: int) -> tuple[int, int, int]:
    """Hour, minute and second of 13:58, 18:11:00 or 1:58 PM."""
    cleaned, late = written.strip().upper(), False
    for mark in ("AM", "PM"):
        if cleaned.endswith(mark):
            cleaned, late = cleaned.removesuffix(mark).strip(), mark == "PM"
            cleaned = cleaned if not cleaned.startswith("12") else "0" + cleaned[2:]
    try:
        hour, minute, second = (int(piece) for piece in (cleaned + ":0:0").split(":")[:3])
        datetime(2000, 1, 1, hour, minute, second)
    except ValueError as error:
        raise SourceError(place, f"{written[:40]!r} is no time of day", CURE, line) from error
    return hour + 12 * late, minute, second


def day_ordered(days: list[str], wanted: str, place: str, line: int) -> dict[str, date]:
    """Days written in numbers, by how they are written: dmy, mdy or ymd, of which only one makes following days follow each other.

    `days`: distinct, in the order of the file. Raises `SourceError` if both orders of day and month fit, or none does.

    >>> day_ordered(["30/04/2015", "01/05/2015"], "", "x.csv", 1)["01/05/2015"]
    datetime.date(2015, 5, 1)
    """
    orders = [wanted] if wanted else ["dmy"] if "." in days[0] else ["dmy", "mdy", "ymd"]
    fitting = {order: found for order in orders if (found := _read_as(days, order)) is not None}
    distinct = {tuple(found.values()) for found in fitting.values()}
    if not fitting:
        raise SourceError(place, f"its days, such as {days[0][:20]!r}, cannot be read", CURE, line)
    if len(distinct) > 1:
        cure = 'Declare the order in the settings: dates = "dmy" or "mdy".'
        raise SourceError(place, f"the day {days[0][:20]!r} could be two different ones", cure, line)
    return next(iter(fitting.values()))


def _read_as(days: list[str], order: str) -> dict[str, date] | None:
    found = dict[str, date]()
    try:
        for written in days:
            pieces = dict(zip(order, (int(piece) for piece in written.replace(".", "/").replace("-", "/").split("/")), strict=True))
            year = pieces["y"] + (0 if pieces["y"] > 99 else 1900 if pieces["y"] >= 70 else 2000)
            found[written] = date(year, pieces["m"], pieces["d"])
    except ValueError:
        return None
    ordered = list(found.values())
    follows = all((later - earlier).days in range(1, 15) for earlier, later in pairwise(ordered))
    return found if follows else None


def number(written: str) -> float:
    """A number with point or comma; NaN for anything else."""
    try:
        value = float(written.strip().replace(",", "."))
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")
