"""FHIR dates and times: a year, a month, a day, or an instant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

_FORM = re.compile(r"^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?)?)?$")
EARLIEST, LATEST = 1880, 2200


class UnfitError(ValueError):
    """A resource that cannot be read: the message is the reason that goes to quarantine."""


@dataclass(frozen=True)
class When:
    """The first instant of what was written, its zone offset in minutes, its local day, and how exact it is."""

    at: datetime
    offset: int
    day: date
    precision: Literal["year", "month", "day", "time"]


def when(text: object, zone: ZoneInfo) -> When:
    """Read a FHIR date, dateTime or instant. Raises `UnfitError` if it is none, or outside 1880-2200.

    A time keeps the offset that is written with it; `Z` says nothing of the place, so the day is that of `zone`, as for times
    without offset. 2012 and 2012-05 begin on their first day.

    >>> when("2012-05", ZoneInfo("UTC")).day, when("2012-05-01T23:30:00-05:00", ZoneInfo("UTC")).offset
    (datetime.date(2012, 5, 1), -300)
    """
    found = _FORM.match(text) if isinstance(text, str) else None
    if found is None:
        raise UnfitError(
            f"{str(text)[:40]!r} is not a FHIR date or time; write it as 2024, 2024-05, 2024-05-01 or 2024-05-01T10:00:00+02:00"
        )
    year, month, day, time, offset = found.groups()
    if not EARLIEST <= int(year) < LATEST:
        raise UnfitError(f"the year of {str(text)[:40]!r} is outside {EARLIEST}-{LATEST}; correct it")
    try:
        # The last minute of a day may be written 24:00.
        later = timedelta(days=1) if time and time.startswith("24:00") else timedelta()
        hours = (time or "00:00").replace("24:00", "00:00", 1) if later else time or "00:00"
        local = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}T{hours}{offset or ''}") + later
    except ValueError as error:
        raise UnfitError(f"{str(text)[:40]!r} is not a day of the calendar or a time of the clock; correct it") from error
    placed = local.astimezone(zone) if offset == "Z" else local if offset else local.replace(tzinfo=zone)
    minutes = int((placed.utcoffset() or timedelta()).total_seconds() // 60)
    precision: Literal["year", "month", "day", "time"] = "time" if time else "day" if day else "month" if month else "year"
    return When(placed.astimezone(UTC), minutes, placed.date(), precision)
