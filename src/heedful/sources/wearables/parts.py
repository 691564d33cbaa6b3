"""The files of an export that several readers share: one file, the files of a folder, or the members of a zip, each within bounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

from heedful.core.errors import SourceError
from heedful.sources.wearables.archives import DECODING, HEAD, gunzipped, is_zip, opened_zip

GLIMPSE = 300
"""Files of a folder that are looked at to tell what it is; a home directory must not be walked to its end by every source."""
LARGEST = 300_000_000
"""Bytes of one file, unpacked."""
_CURE = "Export or copy the file again; the other files can be read without it."


@dataclass(frozen=True)
class Part:
    """One file: its name without folders, its path within what was given, its size as stored, and how to read it."""

    name: str
    place: str
    size: int
    read: Callable[[], bytes]

    def of(self, data: bytes) -> Part:
        """The same file with other bytes: what of it can be read."""
        return replace(self, read=lambda: data)

    def bytes(self) -> bytes:
        """All bytes, gunzipped if they are gzip by content. Raises `SourceError` on damaged, huge or empty data."""
        try:
            data = gunzipped(self.read(), LARGEST)
        except DECODING as error:
            raise SourceError(self.place, f"the file cannot be unpacked ({error})", _CURE) from error
        if len(data) > LARGEST:
            raise SourceError(self.place, f"it is larger than {LARGEST // 1_000_000} MB, and no file of this kind is", _CURE)
        if not data:
            raise SourceError(self.place, "the file is empty", "Check the export that made it.")
        return data


@contextmanager
def opened(path: Path, wanted: Callable[[str], bool]) -> Iterator[list[Part]]:
    """The parts whose name `wanted` accepts (without `.gz`), in order of their paths; a single file is a part whatever its name."""
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink() and wanted(plain(file.name))]
        yield [_of_file(path, file) for file in files]
    elif not path.is_file():
        raise SourceError(path, "the file is absent", "Check the path.")
    elif is_zip(path, _start(path)):
        with opened_zip(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and wanted(plain(PurePosixPath(one.filename).name))]
            yield [
                Part(PurePosixPath(one.filename).name, one.filename, one.file_size, partial(archive.read, one))
                for one in sorted(members, key=lambda one: one.filename)
            ]
    else:
        yield [Part(path.name, path.name, path.stat().st_size, path.read_bytes)]


def glimpsed(path: Path) -> list[Part]:
    """The first files of a folder or zip, folder by folder in order of their names; none if it cannot be opened."""
    try:
        if path.is_dir():
            return [_of_file(path, file) for file in islice(_walked(path), GLIMPSE)]
        with opened(path, lambda name: True) as parts:
            return [replace(part, read=partial(_member, path, part.place)) for part in parts[:GLIMPSE]]
    except (SourceError, *DECODING):
        return []


def share(path: Path, wanted: Callable[[str], bool], ours: Callable[[bytes], bool] | None = None) -> float:
    """Which part of the first files of a folder or zip is wanted by name and, of at most 50, by the first bytes."""
    everything = glimpsed(path)
    named = [part for part in everything if wanted(plain(part.name))]
    if not named or ours is None:
        return len(named) / max(1, len(everything))
    looked = named[:50]
    known = sum(ours(_head(part)) for part in looked)
    return known / len(looked) * len(named) / len(everything)


def _head(part: Part) -> bytes:
    try:
        return part.bytes()[:HEAD]
    except SourceError:
        return b""


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (file for name in sorted(files) if not (file := Path(place) / name).is_symlink() and file.is_file())


def _of_file(folder: Path, file: Path) -> Part:
    return Part(file.name, file.relative_to(folder).as_posix(), file.stat().st_size, file.read_bytes)


def _member(path: Path, place: str) -> bytes:
    with opened_zip(path) as archive:
        return archive.read(place)


def plain(name: str) -> str:
    """A file's name in lower case and without `.gz`."""
    return name.lower().removesuffix(".gz")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
