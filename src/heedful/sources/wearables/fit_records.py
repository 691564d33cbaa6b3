"""FIT's binary records as columns: each definition message becomes a NumPy record type, and all records that follow it are read at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SourceError
from heedful.sources.wearables.fit_limits import BROKEN, DEFINITIONS, NO_DEFINITION, RECORDS

_CURE = "Copy or export the file again; what was read before this place is kept."

_BASES: dict[int, tuple[str, float]] = {
    0x00: ("u1", 0xFF), 0x01: ("i1", 0x7F), 0x02: ("u1", 0xFF), 0x0A: ("u1", 0), 0x0D: ("u1", 0xFF), 0x83: ("i2", 0x7FFF),
    0x84: ("u2", 0xFFFF), 0x8B: ("u2", 0), 0x85: ("i4", 0x7FFFFFFF), 0x86: ("u4", 0xFFFFFFFF), 0x8C: ("u4", 0), 0x88: ("f4", np.nan),
    0x89: ("f8", np.nan), 0x8E: ("i8", 0x7FFFFFFFFFFFFFFF), 0x8F: ("u8", 0xFFFFFFFFFFFFFFFF), 0x90: ("u8", 0),
}  # fmt: skip
"""FIT's base types: how NumPy calls them, and the value that means nothing was measured. Strings (0x07) are not read."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Definition:
    """What a definition message says of the records after it: message number and fields as (number, place, NumPy type, invalid value, how
    many values)."""

    message: int
    size: int
    fields: tuple[tuple[int, int, str, float, int], ...]

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        names, formats, places = [], [], []
        for number, place, kind, _, _ in self.fields:
            if str(number) not in names:
                names.append(str(number))
                formats.append(kind)
                places.append(place)
        return np.dtype({"names": names, "formats": formats, "offsets": places, "itemsize": max(self.size, 1)})


@dataclass(frozen=True)
class Records:
    """Records of one definition, in the order of the file.

    `order`: running number of each record in the file; `time`: seconds of FIT's clock (since 1989-12-31 UTC), NaN if unknown.
    """

    definition: Definition
    order: npt.NDArray[np.int64]
    time: Floats
    _values: npt.NDArray[np.void]

    @property
    def message(self) -> int:
        return self.definition.message

    def field(self, number: int) -> Floats:
        """A field's first value in each record as stored (no scale), NaN where the field is absent or says that it was not measured."""
        name = str(number)
        if name not in (self._values.dtype.names or ()):
            return np.full(len(self.order), np.nan)
        return _known(self._values[name], next(one[3] for one in self.definition.fields if one[0] == number))

    def array(self, number: int) -> Floats:
        """All values of a field in each record, (records, values), NaN for places that hold none; no column where the field is absent."""
        found = next((one for one in self.definition.fields if one[0] == number), None)
        if found is None:
            return np.empty((len(self.order), 0))
        _, place, kind, invalid, count = found
        raw = self._values.view(np.uint8).reshape(len(self.order), -1)[:, place : place + count * np.dtype(kind).itemsize]
        return _known(np.ascontiguousarray(raw).view(kind), invalid)


def _known(stored: npt.NDArray[Any], invalid: float) -> Floats:
    values = stored.astype(np.float64)
    if not np.isnan(invalid):
        values[stored == np.array(invalid).astype(stored.dtype)] = np.nan
    return values


def records(data: bytes, path: str) -> Iterator[Records]:
    """The records of a FIT file, or of several after each other, definition by definition.

    Raises `SourceError` where a header, a checksum or a record is broken, after what could be read before it.
    """
    place, order = 0, 0
    while place < len(data):
        start, end = _bounds(data, place, path)
        if end + 2 <= len(data):
            _check(data, place, end, path)
        for found in _body(data, start, min(end, len(data)), order, path):
            order = int(found.order[-1]) + 1 if len(found.order) and found.order[-1] >= order else order
            yield found
        if end + 2 > len(data):
            raise SourceError(path, f"it breaks off: its header promises {end + 2 - len(data):,} bytes more", _CURE)
        place = end + 2


def _bounds(data: bytes, place: int, path: str) -> tuple[int, int]:
    size = data[place] if len(data) - place >= 12 else 0
    if size < 12 or data[place + 8 : place + 12] != b".FIT":
        what = "it is no FIT file (its header is not one)" if not place else f"what follows at byte {place:,} is no FIT file"
        raise SourceError(path, what, _CURE)
    return place + size, place + size + int.from_bytes(data[place + 4 : place + 8], "little")


def _check(data: bytes, place: int, end: int, path: str) -> None:
    from heedful.sources.wearables.fit_scan import checksum, nibbles

    if checksum(np.frombuffer(data, np.uint8, end + 2 - place, place), nibbles()):
        raise SourceError(
            path, "its checksum is wrong: the file was damaged, so none of its values can be trusted", "Copy or export the file again."
        )


def _body(data: bytes, start: int, end: int, order: int, path: str) -> Iterator[Records]:
    from heedful.sources.wearables.fit_scan import scan

    view = np.frombuffer(data, np.uint8)
    local = np.full((16, 5), -1, np.int64)
    at, which, when = (np.empty(RECORDS, np.int64) for _ in range(3))
    defined = np.empty(DEFINITIONS, np.int64)
    known: dict[int, Definition] = {}
    state = 1
    while start < end and state == 1:
        start, count, definitions, state = scan(view, start, end, local, at, which, when, defined)
        known |= {int(one): _definition(data, int(one)) for one in defined[:definitions]}
        yield from _grouped(view, known, at[:count], which[:count], when[:count], order)
        order += count
    if state == NO_DEFINITION:
        raise SourceError(path, f"the record at byte {start:,} follows no definition, so it cannot be read", _CURE)
    if state == BROKEN:
        raise SourceError(path, f"it breaks off in the record at byte {start:,}", _CURE)


def _grouped(
    view: npt.NDArray[np.uint8], known: dict[int, Definition], at: npt.NDArray[np.int64], which: npt.NDArray[np.int64],
    when: npt.NDArray[np.int64], order: int,
) -> Iterator[Records]:  # fmt: skip
    by_definition = np.argsort(which, kind="stable")
    edges = np.flatnonzero(np.diff(which[by_definition])) + 1
    for members in np.split(by_definition, edges) if len(which) else ():
        definition = known[int(which[members[0]])]
        time = when[members].astype(np.float64)
        time[(time < 0) | (time == 0xFFFFFFFF)] = np.nan
        yield Records(definition, members + order, time, _structured(view, at[members], definition))


def _structured(view: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], definition: Definition) -> npt.NDArray[np.void]:
    size = definition.size
    if not size:
        return np.zeros(len(at), np.dtype([]))
    return np.lib.stride_tricks.sliding_window_view(view, size)[at].view(definition.dtype)[:, 0]


def _definition(data: bytes, place: int) -> Definition:
    ends = ">" if data[place + 2] else "<"
    message = int.from_bytes(data[place + 3 : place + 5], "big" if data[place + 2] else "little")
    fields, size = list[tuple[int, int, str, float, int]](), 0
    for field in range(data[place + 5]):
        number, length, base = data[place + 6 + 3 * field : place + 9 + 3 * field]
        kind, invalid = _BASES.get(base, _BASES.get(base & 0x1F, ("", 0.0)))
        # Makers write fields of odd sizes (COROS); what does not fit its type is stepped over.
        if kind and length and length % int(kind[1]) == 0:
            fields.append((number, size, ends + kind, invalid, length // int(kind[1])))
        size += length
    if data[place] & 0x20:
        more = place + 6 + 3 * data[place + 5]
        size += sum(data[more + 2 + 3 * field] for field in range(data[more]))
    return Definition(message, size, tuple(fields))
