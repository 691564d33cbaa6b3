"""What is in these files? Every source is asked, by content; what nobody knows is named with a reason."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from heedful.core.errors import HeedfulError, SourceError
from heedful.sources.base import SOURCES, Source
from heedful.sources.csv_columns import peeked
from heedful.sources.posts.streams import compression, opening
from heedful.sources.wearables.archives import opened_zip

HEAD_BYTES = 1 << 16
FLOOR = 0.5
"""Below this a source is guessing, and a guess is not shown as knowledge."""
MEMBERS = 2_000
"""Members of an archive that are looked at; more would only be a way to keep us busy."""


_TABLES = (".xlsx", ".xlsm", ".ods", ".xls")
_WORKBOOK = (
    "it is a workbook of a spreadsheet program, which is read only as the form beside a folder of ODK submissions; save the sheet as CSV, "
    "then declare a mapping (records.mapped)"
)


@dataclass(frozen=True)
class Found:
    """One file, or one folder that is a kind as a whole.

    `source`: name of the source that knows it, or None. `confidence`: 0 to 1. `why`: what it was taken for, in the user's words.
    `reason`: why it cannot be read, with the cure; '' if it can.
    """

    path: Path
    source: str | None
    confidence: float
    why: str
    reason: str = ""


def recognise(path: Path) -> list[Found]:
    """What `path` is: one `Found` for a file or a folder that is a kind itself; else one for each file below, sorted by path.

    Hidden files and links are left out. Nothing is unpacked to disk, and at most 64 kB of a file are looked at. A file that cannot
    be opened, or that a source fails on, is a `Found` with a reason, never an exception.
    """
    if path.is_dir():
        return list(_folder(path))
    return [_file(path)]


def _folder(path: Path) -> Iterator[Found]:
    whole = _best(path, b"")
    if whole.source:
        yield whole
        return
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        yield _unread(path, f"the folder cannot be opened: {error.strerror}; check its permissions")
        return
    for child in children:
        if child.name.startswith(".") or child.is_symlink():
            continue
        if child.is_dir():
            yield from _folder(child)
        else:
            yield _file(child)


def _file(path: Path) -> Found:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return _unread(path, "it is neither a file nor a folder")
        with path.open("rb") as file:
            raw = file.read(HEAD_BYTES)
    except OSError as error:
        return _unread(path, f"it cannot be opened: {error.strerror}; check the path and its permissions")
    if not raw:
        return _unread(path, "it is empty; check the export that made it")
    if raw.startswith(b"PK\x03\x04") or raw.startswith(b"PK\x05\x06"):
        return _archive(path, raw)
    head = opening(path, raw, HEAD_BYTES)
    if not head and compression(raw):
        return _unread(path, f"its {compression(raw)} data cannot be unpacked: it is damaged, or packed with a dictionary; fetch it again")
    found = _best(path, head)
    return found if found.source or found.reason else _unread(path, _unknown(head))


def _best(path: Path, head: bytes) -> Found:
    """The surest source; of two equally sure ones the first by name, and the other is said."""
    answers, troubles = [], []
    for name in SOURCES.names():
        source = SOURCES.get(name)
        try:
            answers.append((source.recognise(path, head), name, source))
        except HeedfulError as error:
            troubles.append(str(error))
        except Exception as error:
            # Any member may be a third party's, and a hostile file must not end the walk; the trouble is shown in the answer.
            what = f"{type(error).__name__}: {str(error)[:200]}"
            troubles.append(f"the source {name} failed on it ({what}); report this as an error of the source")
    answers.sort(key=lambda answer: (-answer[0], answer[1]))
    if not answers or answers[0][0] < FLOOR:
        return Found(path, None, 0.0, "", "; ".join(troubles))
    confidence, name, source = answers[0]
    return Found(path, name, confidence, _why(source, [other for sure, other, _ in answers[1:] if sure >= max(FLOOR, confidence - 0.05)]))


def _why(source: Source, others: list[str]) -> str:
    also = f" (it could also be read as {' or '.join(others)})" if others else ""
    return f"its content is that of {source.card.says}{also}"


def _archive(path: Path, raw: bytes) -> Found:
    """A zip: as a whole if a source takes it so; else what its members are, for the user to unpack."""
    whole = _best(path, raw)
    if whole.source:
        return whole
    try:
        with opened_zip(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            known = _known_members(path, archive, members)
    except SourceError as error:
        return _unread(path, f"{error.reason}; {error.cure[:1].lower()}{error.cure[1:].rstrip('.')}")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        return _unread(path, f"the zip archive cannot be read ({error}); fetch it again")
    if known:
        return _unread(path, f"no source reads this archive as a whole, but it holds {known}; unpack it and look at the folder")
    if path.suffix.lower() in _TABLES:
        return _unread(path, _WORKBOOK)
    return _unread(path, whole.reason or "it is a zip archive in which no source knows a file; unpack it, or give the file itself")


def _known_members(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    """The first member that a source knows by its head, as `source (name)`; '' if none."""
    for member in members[:MEMBERS]:
        if member.flag_bits & 1:
            raise RuntimeError("it is encrypted")
        with archive.open(member) as file:
            raw = file.read(HEAD_BYTES)
        # A path below the archive exists nowhere, so that no source looks at another file of the same name.
        place = path / PurePosixPath(member.filename).name
        found = _best(place, opening(place, raw, HEAD_BYTES))
        if found.source:
            return f"{found.source} ({member.filename[:80]})"
    return ""


def _unknown(head: bytes) -> str:
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _WORKBOOK
    if re.search(rb"(?m)^resourceType: [A-Z]", head) or b'http://hl7.org/fhir"' in head[:1_000]:
        return "it is FHIR written as YAML or XML; ask its source for JSON (application/fhir+json), or convert it"
    shown = head[:64].decode("utf-8", "replace").split("\n", 1)[0]
    if b"\0" in head[:1024] or sum(not character.isprintable() for character in shown) > 4:
        return "it is a binary file of a kind that no source knows; heedful sources lists what can be read"
    cure = "declare a mapping to read it (records.mapped)" if peeked(head).rows else "heedful sources lists what can be read"
    return f"no source knows its content (it begins with {shown[:48]!r}); {cure}"


def _unread(path: Path, reason: str) -> Found:
    return Found(path, None, 0.0, "", reason)
