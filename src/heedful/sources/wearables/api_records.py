"""What readers of vendors' JSON answers share: each list of records by a name that only it has, one bad record set aside, the rest kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import Batch, Options
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import document, shown
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share

Record = dict[str, Any]
BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError)


@dataclass
class Told:
    """What a document's records are read with: `zone` is the declared one."""

    zone: ZoneInfo
    rows: Rows = field(default_factory=Rows)
    skipped: Counter[str] = field(default_factory=Counter)
    number: int = 0
    device: str = ""

    def add(self, code: str, start: datetime | None, value: Any = None, **more: Any) -> None:
        """One observation of the record being read; numbers written as text count."""
        more.setdefault("device", self.device)
        self.rows.add(self.number, code, start, _number(value), **more)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return None


Reader = Callable[[Record, Told], None]
Finder = Callable[[Any], Iterator[tuple[Any, Reader | None]]]
"""The records of a document, each with its reader; None for those that are left out by name, given as a text."""


def is_json(name: str) -> bool:
    """Whether a file's name ends so."""
    return name.endswith(".json")


def recognised(path: Path, head: bytes, ours: Callable[[bytes], bool]) -> float:
    """Of a file by its first bytes; of a folder or zip if most of its JSON files are such."""
    if path.is_file() and not is_zip(path, head):
        return 0.9 if ours(head.removeprefix(b"\xef\xbb\xbf").lstrip()) else 0.0
    return 0.85 if share(path, is_json, lambda head: ours(head.lstrip())) > 0.5 else 0.0


def read_json(
    path: Path, options: Options, known_at: datetime, cursor: Mapping[str, Any] | None, found: Finder, device: str, source: str
) -> Iterator[Batch]:
    """Batches of all records of a file, folder or zip."""
    if options.settings:
        raise SettingsError(f"{path}: {source} has no settings of its own, but {sorted(options.settings)} are declared.")
    with opened(path, is_json) as parts:
        if not parts:
            raise SourceError(path, "there is no JSON file in it", "Give the documents as the vendor gave them, as .json files.")
        drafts = of_parts(parts, lambda part: draft_of(part, document(part), options, found, device))
        yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def draft_of(part: Part, answer: Any, options: Options, found: Finder, device: str) -> Draft:
    """The draft of one document. Raises `SourceError` if it holds no list that is known."""
    told, unread, known, aside = (
        Told(ZoneInfo(options.zone), device=device),
        list[tuple[int, str, str | bytes | None]](),
        False,
        Counter[str](),
    )
    try:
        for record, read in found(answer):
            known = True
            if read is None:
                aside[str(record)[:120]] += 1
                continue
            told.number += 1
            try:
                if not isinstance(record, dict):
                    raise TypeError("it is no object")
                read(record, told)
            except BROKEN as error:
                why = f"the record cannot be read ({type(error).__name__}: {str(error)[:80]}); fetch it again, or report it"
                unread.append((told.number, why, shown(record)))
    except BROKEN as error:
        raise SourceError(part.place, f"its form is not known ({type(error).__name__}: {str(error)[:80]})", "Fetch it again.") from error
    if not known:
        raise SourceError(part.place, "it holds no list of observations that is known", "Give documents as the vendor gave them.")
    return Draft(part.name, told.rows.table(), unread, told.skipped, aside)
