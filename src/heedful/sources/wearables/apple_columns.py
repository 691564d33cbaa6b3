"""Records of an Apple export as columns: numbers for what repeats, bytes for stamps, text for values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from heedful.sources.wearables import stamps
from heedful.sources.wearables.apple_notes import Notes, Numbers
from heedful.sources.wearables.apple_types import Meaning, Shape, clean, device_name, meaning
from heedful.sources.wearables.apple_xml import Attributes, Piece

MOST_WRITERS, MOST_DEVICES = 60_000, 1_000
"""Distinct combinations of type, unit and source, and devices, that one person's export can hold; beyond, it is no such export."""

HOWS = ("self_reported", "vendor_derived", "measured")

SHAPES: tuple[Shape, ...] = ("number", "fraction", "stage", "category", "duration")
NUMBER, FRACTION, STAGE, CATEGORY, DURATION = range(5)

_KNOWN = frozenset(("type", "sourceName", "sourceVersion", "device", "unit", "creationDate", "startDate", "endDate", "value"))
_OLD_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([+-]\d{4})")
"""Exports of iOS 8: 20150616071820-0700."""

_NEEDED = ("type", "unit", "sourceName", "sourceVersion", "device", "startDate", "endDate", "value")
_needed = itemgetter(*_NEEDED)

Whole = npt.NDArray[np.int32]
K = TypeVar("K", bound=Hashable)
Writer = tuple[str | None, str | None, str | None, str | None, str | None]
"""Type, unit, source name, source version, and the device without its memory address."""


class TooManyNamesError(ValueError):
    """The file names more distinct types, units or devices than one person's export can."""


class Ids(dict[K, int]):
    """Small numbers for things, in order of their first sight."""

    def __missing__(self, key: K) -> int:
        self[key] = number = len(self)
        return number

    def of(self, keys: Iterable[K], count: int, most: int, what: str) -> Whole:
        """The numbers of `count` keys. Raises `TooManyNamesError` beyond `most` distinct ones."""
        found = np.fromiter(map(self.__getitem__, keys), np.int32, count)
        if len(self) > most:
            raise TooManyNamesError(f"it names more than {most:,} different {what}, and an export of one person has a few dozen")
        return found


@dataclass
class Columns:
    """Records of a batch as they are collected. `notes`: numbers of MetadataEntry elements; `noted`: their records."""

    writers: list[Whole] = field(default_factory=list)
    starts: list[bytes] = field(default_factory=list)
    ends: list[bytes] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)
    notes: list[Numbers] = field(default_factory=list)
    noted: list[npt.NDArray[np.int64]] = field(default_factory=list)
    size: int = 0


class Names:
    """The types, units and sources met so far in a file, and what they mean.

    `factor`, `shift`, `low`, `high`, `shape`, `code`, `how`, `workout`, `unreadable` are arrays over `meanings`; `workout` is the
    number in `words` of the kind of workout that a type stands for, -1 for none.
    """

    def __init__(self) -> None:
        self.notes = Notes()
        self._writers: Ids[Writer] = Ids()
        self._meanings: dict[tuple[str | None, str | None], int] = {}
        self.meanings: list[Meaning] = []
        self.devices, self.words = Ids[str](), Ids[str]()
        self._codes, self._plain_sources = Ids[str](), Ids[str]()
        self._meaning_of: list[int] = []
        self._device_of: list[int] = []
        self._source_of: list[int] = []

    def collect(self, columns: Columns, piece: Piece, unknown: Counter[str]) -> None:
        """Add a piece's records to `columns`; attributes that Apple did not write before are counted in `unknown`."""
        records, count = piece.records, len(piece.records)
        if not count:
            return
        if piece.notes:
            noted = np.array(piece.noted)
            columns.notes.append(self.notes.numbers(piece.notes)[noted >= 0])
            columns.noted.append(noted[noted >= 0] + columns.size)
        if not _KNOWN.issuperset(records[0]):  # records of a kind stand together: the first of a block speaks for the others
            unknown.update(key for record in records for key in record if key not in _KNOWN)
        kinds, units, names, versions, devices, starts, ends, values = zip(*_fields(records), strict=True)
        # in "<<HKDevice: 0x282a45810>, name:iPhone…" a memory address stands before the first '>'
        tails = [device and device[device.find(">") :] for device in devices]
        writers = zip(kinds, units, names, versions, tails, strict=True)
        columns.writers.append(self._writers.of(writers, count, MOST_WRITERS, "devices and types"))
        columns.starts.append(_joined(starts))
        columns.ends.append(_joined(ends))
        columns.values.extend(values)
        columns.size += count

    def resolve(self, columns: Columns) -> tuple[Whole, Whole, Whole]:
        """Numbers of each record's meaning, device and plain source name."""
        for kind, unit, name, version, tail in islice(self._writers, len(self._meaning_of), None):
            if (kind, unit) not in self._meanings:
                self._learn(kind, unit)
            plain = clean(name)
            self._meaning_of.append(self._meanings[kind, unit])
            self._device_of.append(self.devices[device_name(plain, version, tail)])
            self._source_of.append(self._plain_sources[plain])
        if len(self.devices) > MOST_DEVICES:
            raise TooManyNamesError(f"it names more than {MOST_DEVICES:,} different devices, and an export of one person has a few dozen")
        writers = np.concatenate(columns.writers)
        return tuple(np.array(of, np.int32)[writers] for of in (self._meaning_of, self._device_of, self._source_of))  # type: ignore[return-value]

    def _learn(self, kind: str | None, unit: str | None) -> None:
        self._meanings[kind, unit] = len(self.meanings)
        self.meanings.append(meaning(kind, unit))
        self.factor = np.array([one.factor for one in self.meanings])
        self.shift = np.array([one.shift for one in self.meanings])
        self.low = np.array([one.low for one in self.meanings])
        self.high = np.array([one.high for one in self.meanings])
        self.shape = np.array([SHAPES.index(one.shape) for one in self.meanings], np.int8)
        self.code = np.array([self._codes[one.code] for one in self.meanings], np.int32)
        self.how = np.array([HOWS.index(one.how) for one in self.meanings], np.int8)
        self.workout = np.array([self.words[one.value_code] if one.value_code else -1 for one in self.meanings], np.int32)
        self.unreadable = np.array([bool(one.trouble) for one in self.meanings])


def _fields(records: list[Attributes]) -> Iterable[tuple[str | None, ...]]:
    """The fields of each record; records that lack one are completed first, and then asked in one go."""
    try:
        return list(map(_needed, records))
    except KeyError:
        for record in records:
            for name in _NEEDED:
                record.setdefault(name, None)  # type: ignore[arg-type]
        return map(_needed, records)


def _joined(texts: tuple[str | None, ...]) -> bytes:
    """Stamps with a bar after each, 26 bytes in all; those of another length are rewritten if they are of the old form, else unreadable."""
    bars = b"|" * len(texts)
    try:
        whole = "|".join(texts).encode() + b"|"  # type: ignore[arg-type]
    except TypeError:  # a stamp is missing
        whole = b""
    if len(whole) == stamps.STEP * len(texts) and whole[stamps.WIDTH :: stamps.STEP] == bars:
        return whole
    return "".join(map(_repaired, texts)).encode()


def _repaired(text: str | None) -> str:
    if text is not None and len(text) == stamps.WIDTH and text.isascii():
        return text + "|"
    old = _OLD_STAMP.fullmatch(text or "")
    return ("{}-{}-{} {}:{}:{} {}".format(*old.groups()) if old else stamps.UNREADABLE) + "|"
