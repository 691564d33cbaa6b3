"""Cells of an old Excel workbook (.xls, BIFF8 in an OLE compound file) as text: only what a form needs, no formats, no formulas run.

Microsoft, [MS-CFB] and [MS-XLS]. A compound file is a small file system of sectors; its stream "Workbook" is a run of records. Chains of
sectors are followed no further than the file has sectors, and a string never past its record, so that a hostile file cannot loop.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from heedful.core.errors import SourceError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CURE = "Save it as .xlsx, or give the form's XML."
_BOUNDSHEET, _SST, _CONTINUE, _BOF, _EOF = 0x85, 0xFC, 0x3C, 0x809, 0x0A
_LABELSST, _LABEL, _NUMBER, _RK, _MULRK, _FORMULA, _STRING, _BOOLERR = 0xFD, 0x204, 0x203, 0x27E, 0xBD, 0x06, 0x207, 0x205
_LAST_SECTOR, _MOST_COLUMNS, _BIFF8 = 0xFFFFFFFA, 256, 0x0600


def xls_sheets(data: bytes, place: str) -> dict[str, list[list[str]]]:
    """The cells of each worksheet, by its name in lower case. Raises `SourceError` for a file that is damaged or of before Excel 97."""
    try:
        book = _workbook(data)
        records = list(_records(book, 0))
        if not records or records[0][0] != _BOF or struct.unpack_from("<H", records[0][1])[0] != _BIFF8:
            raise SourceError(place, "it is a workbook of before Excel 97", _CURE)
        shared = _shared(records)
        found = {}
        for kind, body in records:
            if kind == _BOUNDSHEET and len(body) > 8 and body[5] == 0:
                name = _Text([body[6:]]).short()
                found[name.strip().lower()] = _cells(book, struct.unpack_from("<I", body)[0], shared)
        return found
    except (struct.error, IndexError, ValueError, UnicodeDecodeError) as error:
        raise SourceError(place, f"the old workbook is damaged or cut ({type(error).__name__}: {str(error)[:80]})", _CURE) from error


def _workbook(data: bytes) -> bytes:
    """The stream that holds the workbook."""
    shift, small_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or small_shift != 6:
        raise ValueError("sectors of an unknown size")
    first, cutoff, first_small = struct.unpack_from("<I", data, 48)[0], *struct.unpack_from("<II", data, 56)
    size = 1 << shift
    table = [number for sector in _allocation(data, size) for number in struct.unpack(f"<{size // 4}I", _sector(data, sector, size))]
    directory = _chain(data, first, table, size)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    root = entries[0]
    for entry in entries:
        name = entry[: max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le")
        if name in ("Workbook", "Book"):
            start, length = struct.unpack_from("<II", entry, 116)
            if length >= cutoff:
                return _chain(data, start, table, size)[:length]
            small = _chain(data, first_small, table, size)
            numbers = list(struct.unpack(f"<{len(small) // 4}I", small))
            inner = _chain(data, struct.unpack_from("<I", root, 116)[0], table, size)
            return b"".join(inner[at * 64 : at * 64 + 64] for at in _followed(start, numbers))[:length]
    raise ValueError("no workbook in it")


def _allocation(data: bytes, size: int) -> list[int]:
    """Sectors of the allocation table: 109 in the header, the rest in a chain of their own."""
    found = list(struct.unpack_from("<109I", data, 76))
    following, count = struct.unpack_from("<II", data, 68)
    for _ in range(min(count, len(data) // size)):
        *more, following = struct.unpack(f"<{size // 4}I", _sector(data, following, size))
        found += more
    return [sector for sector in found if sector < _LAST_SECTOR]


def _sector(data: bytes, number: int, size: int) -> bytes:
    held = data[(number + 1) * size : (number + 2) * size]
    if not held:
        raise ValueError("a sector lies behind the end")
    return held.ljust(size, b"\0")


def _followed(start: int, table: list[int]) -> Iterator[int]:
    for _ in range(len(table)):
        if start >= _LAST_SECTOR:
            return
        yield start
        start = table[start]
    raise ValueError("its sectors run in a circle")


def _chain(data: bytes, start: int, table: list[int], size: int) -> bytes:
    return b"".join(_sector(data, number, size) for number in _followed(start, table))


def _records(book: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Records of one part of the workbook: kind and body, to its end."""
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        yield kind, book[at + 4 : at + 4 + length]
        if kind == _EOF:
            return
        at += 4 + length


@dataclass
class _Text:
    """Reads strings from a record and those that continue it."""

    parts: list[bytes]
    part: int = 0
    at: int = 0

    def take(self, count: int) -> bytes:
        """Bytes that lie in one part, or begin the next."""
        if self.at >= len(self.parts[self.part]):
            self.part, self.at = self.part + 1, 0
        held = self.parts[self.part][self.at : self.at + count]
        if len(held) < count:
            raise ValueError("a string runs past its record")
        self.at += count
        return held

    def skip(self, count: int) -> None:
        """Leave out bytes, over the edges of parts."""
        while count > 0:
            if self.at >= len(self.parts[self.part]):
                self.part, self.at = self.part + 1, 0
            step = min(count, len(self.parts[self.part]) - self.at)
            if step <= 0:
                raise ValueError("a string runs past its record")
            self.at, count = self.at + step, count - step

    def short(self) -> str:
        """A string whose length is one byte."""
        return self._letters(self.take(1)[0], self.take(1)[0])

    def long(self) -> str:
        """A string whose length is two bytes, with its formats and phonetics left out."""
        length, flags = struct.unpack("<H", self.take(2))[0], self.take(1)[0]
        runs = struct.unpack("<H", self.take(2))[0] if flags & 8 else 0
        phonetic = struct.unpack("<I", self.take(4))[0] if flags & 4 else 0
        text = self._letters(length, flags)
        self.skip(4 * runs + phonetic)
        return text

    def _letters(self, length: int, flags: int) -> str:
        """Letters; where they go on in the next part, its first byte says again how wide they are."""
        out = ""
        while length:
            if self.at >= len(self.parts[self.part]):
                self.part, self.at = self.part + 1, 1
                flags = self.parts[self.part][0]
            width = 2 if flags & 1 else 1
            count = min(length, (len(self.parts[self.part]) - self.at) // width)
            if count <= 0:
                raise ValueError("a string runs past its record")
            out += self.take(count * width).decode("utf-16-le" if width == 2 else "latin-1")
            length -= count
        return out


def _shared(records: list[tuple[int, bytes]]) -> list[str]:
    """The table of strings that cells point to."""
    at = next((place for place, (kind, _) in enumerate(records) if kind == _SST), None)
    if at is None:
        return []
    parts = [records[at][1]]
    for kind, body in records[at + 1 :]:
        if kind != _CONTINUE:
            break
        parts.append(body)
    told = _Text(parts)
    count = struct.unpack("<II", told.take(8))[1]
    return [told.long() for _ in range(min(count, sum(map(len, parts))))]


def _cells(book: bytes, at: int, shared: list[str]) -> list[list[str]]:
    """Rows of one sheet as far as they hold something; gaps are empty."""
    held: dict[int, dict[int, str]] = {}
    waiting: tuple[int, int] | None = None
    for kind, body in _records(book, at):
        if kind == _STRING and waiting:
            held.setdefault(waiting[0], {})[waiting[1]] = _Text([body]).long()
            waiting = None
        if kind not in (_LABELSST, _LABEL, _NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR):
            continue
        row, column = struct.unpack_from("<HH", body)
        cells = held.setdefault(row, {})
        if kind == _LABELSST:
            cells[column] = shared[struct.unpack_from("<I", body, 6)[0]]
        elif kind == _LABEL:
            cells[column] = _Text([body[6:]]).long()
        elif kind == _MULRK:
            for n in range((len(body) - 6) // 6):
                cells[column + n] = _shown(_rk(struct.unpack_from("<I", body, 6 + 6 * n)[0]))
        elif kind == _BOOLERR:
            cells[column] = str(body[6]) if not body[7] else ""
        elif kind == _FORMULA and body[12:14] == b"\xff\xff":
            waiting = (row, column) if body[6] == 0 else None  # its text stands in the next record
        else:
            cells[column] = _shown(_rk(struct.unpack_from("<I", body, 6)[0]) if kind == _RK else struct.unpack_from("<d", body, 6)[0])
    rows = []
    for number in range(max(held, default=-1) + 1):
        cells = {column: text for column, text in held.get(number, {}).items() if column < _MOST_COLUMNS}
        rows.append([cells.get(column, "") for column in range(max(cells, default=-1) + 1)])
    return rows


def _rk(packed: int) -> float:
    """A number in four bytes: an integer or the head of a double, perhaps in hundredths."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = float(struct.unpack("<d", struct.pack("<II", 0, packed & 0xFFFFFFFC))[0])
    return value / 100 if packed & 1 else value


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
