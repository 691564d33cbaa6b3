"""Opening exports that come as a plain file, gzip or zip: bounded, and with one clear sentence when they are not what they say."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from heedful.core.errors import SourceError

MOST_MEMBERS = 100_000
"""Members of a zip; an Apple export has one a workout."""
HIGHEST_RATIO = 200
"""Exports shrink 10- to 50-fold; a bomb 1,000-fold. Asked only of members above 10 MB."""
SMALL = 10_000_000
HEAD = 65_536
DECODING = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
"""What the standard library raises on damaged gzip and zip."""

BROKEN_CURE = "Export or copy the file again: it is damaged or incomplete. Rows before the break were read."


def is_zip(path: Path, head: bytes = b"PK") -> bool:
    """Whether `path` is a zip file, by its first and last bytes."""
    return path.is_file() and head[:2] == b"PK" and zipfile.is_zipfile(path)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip, its table of contents checked. Raises `SourceError` on a damaged, crowded, escaping or exploding one."""
    try:
        archive = zipfile.ZipFile(path)
    except DECODING as error:
        raise SourceError(path, f"not a readable zip file ({error})", "Export or copy the file again.") from error
    with archive:
        _check_members(path, archive.infolist())
        yield archive


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    cure = "Export the file again from the device itself; do not open this one with other programs."
    if len(members) > MOST_MEMBERS:
        raise SourceError(path, f"the zip has {len(members):,} members, more than {MOST_MEMBERS:,}", cure)
    seen = set[str]()
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or (len(name.parts) and name.parts[0].endswith(":")):
            raise SourceError(path, f"the zip member {member.filename!r} points outside the archive", cure)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise SourceError(path, f"the zip member {member.filename!r} is a link to another file, outside of the archive", cure)
        if member.filename in seen:
            raise SourceError(path, f"the zip has two members named {member.filename!r}, so it is unclear which one counts", cure)
        seen.add(member.filename)
        if member.file_size > SMALL and member.file_size > HIGHEST_RATIO * max(1, member.compress_size):
            ratio = member.file_size // max(1, member.compress_size)
            raise SourceError(path, f"the zip member {member.filename!r} would grow {ratio:,}-fold when unpacked (a zip bomb)", cure)


def head_of(stream: Callable[[], IO[bytes]]) -> bytes:
    """The first 64 kB of a stream; empty if it cannot be decoded."""
    try:
        with stream() as opened:
            return opened.read(HEAD)
    except DECODING:
        return b""


def plain_or_gzip(path: Path) -> IO[bytes]:
    """The file's bytes, gunzipped if it is gzip by content."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path) if packed else path.open("rb"))


def gunzipped(data: bytes, most: int) -> bytes:
    """The bytes, gunzipped if they are gzip by content, up to one byte more than `most`. Raises one of `DECODING` on damaged data."""
    if data[:2] != b"\x1f\x8b":
        return data
    with gzip.open(io.BytesIO(data)) as packed:
        return packed.read(most + 1)
