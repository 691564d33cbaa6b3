"""JSON documents of vendors' programs: one file a document, its records and times, whatever is wrong with them said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.core.errors import SourceError
from heedful.sources.cut_json import BrokenOffError, whole_part
from heedful.sources.wearables.parts import Part

_CURE = "Fetch or export the file again."


def document(part: Part) -> Any:
    """The document in a file. Raises `SourceError` if it is no whole JSON, `BrokenOffError` where some of it can be read."""
    data = part.bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if whole := whole_part(data):
            raise BrokenOffError(part.place, whole) from error
        raise SourceError(part.place, f"it is not complete JSON ({error.msg})", _CURE, error.lineno) from error


def objects(value: Any) -> Iterator[tuple[int, dict[str, Any] | None, Any]]:
    """The records of a list with their numbers from 1: as objects, or None where one is none."""
    for number, one in enumerate(value if isinstance(value, list) else (), start=1):
        yield number, one if isinstance(one, dict) else None, one


def instant(seconds: Any, zone: tzinfo | None = None) -> datetime | None:
    """The instant of Unix seconds (UTC, or shown in `zone`); None for what is none.

    >>> instant(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, zone or ZoneInfo("UTC"))
    except (ValueError, OverflowError, OSError):
        return None


def stamped(written: Any, zone: tzinfo) -> datetime | None:
    """An ISO time; one without offset is of `zone`. None for what is none."""
    if not isinstance(written, str):
        return None
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def named_zone(name: Any, otherwise: str) -> ZoneInfo:
    """The zone that a record names, or the declared one where it names none that is known."""
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else ZoneInfo(otherwise)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(otherwise)


def shown(record: Any) -> str:
    """A record as one line, for the quarantine."""
    try:
        return orjson.dumps(record).decode()[:2_000]
    except (TypeError, orjson.JSONEncodeError):
        return repr(record)[:2_000]
