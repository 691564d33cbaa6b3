"""Opening the files of a Fitbit account export: a folder, the zip that Google Takeout gives, or one file of it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from heedful.core.errors import SourceError
from heedful.sources.cut_json import BrokenOffError, whole_part
from heedful.sources.wearables.archives import DECODING, gunzipped, is_zip, opened_zip
from heedful.sources.wearables.takeout_kinds import FOLDERS, SLEEP, kind_of

LARGEST = 300_000_000
"""Bytes of one file, unpacked; a month of heart rate is 30 MB."""
_CURE = "Export or copy the file again; the other files of the export can be read without it."


@dataclass(frozen=True)
class Part:
    """One file of an export: its name without folders, its path within the export, its size as stored, and its bytes."""

    name: str
    place: str
    size: int
    read: Callable[[], bytes]

    def of(self, data: bytes) -> Part:
        """The same file with other bytes: what of it can be read."""
        return replace(self, read=lambda: data)

    def json(self) -> list[dict[str, Any]]:
        """The records of a JSON file. Raises `SourceError` if it is not a list of objects, `BrokenOffError` where some can be read."""
        data = self._unpacked()
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if whole := whole_part(data):
                raise BrokenOffError(self.place, whole) from error
            raise SourceError(self.place, f"it is not complete JSON ({error.msg})", _CURE, error.lineno) from error
        if not isinstance(found, list):
            raise SourceError(self.place, "it holds no list of records, as Fitbit's files do", _CURE)
        return found

    def rows(self) -> list[dict[str, str | None]]:
        """The rows of a CSV file by column."""
        text = self._unpacked().decode("utf-8-sig", "replace").replace("\0", "")
        return list(csv.DictReader(io.StringIO(text)))

    def _unpacked(self) -> bytes:
        try:
            data = gunzipped(self.read(), LARGEST)
        except DECODING as error:
            raise SourceError(self.place, f"the compressed data is damaged ({error})", _CURE) from error
        if len(data) > LARGEST:
            raise SourceError(self.place, f"it is larger than {LARGEST // 1_000_000} MB, and no file of a Fitbit export is", _CURE)
        return data


@contextmanager
def opened(path: Path) -> Iterator[tuple[list[Part], list[str]]]:
    """The parts of one account's export, in order of their paths, and paths in the folder that are not of it."""
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink()]
        yield _sorted([Part(file.name, file.relative_to(path).as_posix(), file.stat().st_size, file.read_bytes) for file in files])
    elif is_zip(path, _start(path)):
        with opened_zip(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            yield _sorted([_of_zip(archive, member) for member in members])
    else:
        yield [Part(path.name, path.name, path.stat().st_size, path.read_bytes)], []


def _sorted(parts: list[Part]) -> tuple[list[Part], list[str]]:
    ours = [part for part in parts if _belongs(part.place)]
    return sorted(ours, key=lambda part: part.place), sorted(part.place for part in parts if not _belongs(part.place))


def _belongs(place: str) -> bool:
    folders = PurePosixPath(place).parts[:-1]
    return not folders or folders[-1] in FOLDERS


def _of_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Part:
    return Part(PurePosixPath(member.filename).name, member.filename, member.file_size, partial(archive.read, member))


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def is_known(name: str) -> bool:
    """Whether a file of this name holds something with a code."""
    return kind_of(name) is not None or SLEEP.fullmatch(name) is not None
