"""Records of an Apple export as columns: numbers for what repeats, bytes for stamps and texts."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from heedful.sources.wearables import stamps
from heedful.sources.wearables.apple_notes import Notes, Numbers
from heedful.sources.wearables.apple_scan import STAMP, Bytes, Table, Taken
from heedful.sources.wearables.apple_tables import key_of
from heedful.sources.wearables.apple_types import Meaning, Shape, clean, device_name, meaning
from heedful.sources.wearables.apple_xml import text_of

MOST_WRITERS, MOST_DEVICES, MOST_SAYINGS = 60_000, 1_000, 100_000
"""Distinct combinations of type, unit and source, and devices, that one person's export can hold; beyond, it is no such export."""

HOWS = ("self_reported", "vendor_derived", "measured")

SHAPES: tuple[Shape, ...] = ("number", "fraction", "stage", "category", "duration")
NUMBER, FRACTION, STAGE, CATEGORY, DURATION = range(5)

_OLD_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([+-]\d{4})", re.ASCII)
"""Exports of iOS 8: 20150616071820-0700."""

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


@dataclass
class Columns:
    """Records of a batch. They hold until the next batch is asked for.

    `writers`: numbers of their `Writer`. `starts`, `ends`: stamps of 25 bytes and a bar. `plain`: 1 where `numbers` holds the value, 0
    where it stands as text, -1 where there is none. `notes`: numbers of notes; `noted`: their records, ascending.
    `workouts`, `said`, `told`: while a batch is collected, the writers, values and notes (place among notes, record, number) of workouts.
    """

    size: int = 0
    writers: Whole = field(default_factory=lambda: np.zeros(0, np.int32))
    starts: Bytes = field(default_factory=lambda: np.zeros(0, np.uint8))
    ends: Bytes = field(default_factory=lambda: np.zeros(0, np.uint8))
    numbers: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    plain: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    noted: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    notes: Numbers = field(default_factory=lambda: np.zeros(0, np.int32))
    workouts: dict[int, int] = field(default_factory=dict)
    said: dict[int, str | None] = field(default_factory=dict)
    told: list[tuple[int, int, int]] = field(default_factory=list)
    _text_ends: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _texts: Bytes = field(default_factory=lambda: np.zeros(0, np.uint8))

    def fill(self, taken: Taken, names: Names, *, records: int, notes: int) -> None:
        """Hold the first records and notes of what was taken, and what was told of workouts among them."""
        self.size = records
        self.writers = names.of_writers(taken.writers[:records])
        for row, number in self.workouts.items():
            self.writers[row] = number
        self.starts, self.ends = taken.starts[: records * STAMP], taken.ends[: records * STAMP]
        self.numbers, self.plain = taken.numbers[:records], taken.plain[:records]
        self._text_ends, self._texts = taken.text_ends[:records], taken.texts
        self.noted, self.notes = taken.noted[:notes], names.of_sayings(taken.notes[:notes])
        if self.told:
            places, rows, numbers = (np.array(column) for column in zip(*self.told, strict=True))
            self.noted, self.notes = np.insert(self.noted, places, rows), np.insert(self.notes, places, numbers)

    def texts(self, rows: npt.NDArray[np.int64]) -> list[str | None]:
        """The values of these records as they stood."""
        return [self._text(row) for row in rows.tolist()]

    def _text(self, row: int) -> str | None:
        if row in self.said:
            return self.said[row]
        if self.plain[row] < 0:
            return None
        begin = int(self._text_ends[row - 1]) if row else 0
        return text_of(self._texts[begin : self._text_ends[row]].tobytes())


class Names:
    """The types, units and sources met so far in a file, and what they mean."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.meanings: list[Meaning] = []
        self.devices, self.words = Ids[str](), Ids[str]()
        self._meanings: dict[tuple[str | None, str | None], int] = {}
        self._codes, self._plain_sources = Ids[str](), Ids[str]()
        self._writers = Ids[Writer]()
        self._meaning_of: list[int] = []
        self._device_of: list[int] = []
        self._source_of: list[int] = []
        self._writer_of: list[int] = []
        self._note_of: list[int] = []
        """Of what the scan numbered: the numbers here."""

    def number(self, kind: str | None, unit: str | None, name: str | None, version: str | None, device: str | None) -> int:
        """The number of a writer; `device` with or without its memory address."""
        tail = device and device[device.find(">") :]
        number = self._writers[kind, unit, name, version, tail]
        check_writers(len(self._writers))
        return number

    def learn(self, writers: Table, known: int, sayings: Table, said: int) -> None:
        """Take over what the scan numbered since it was last asked."""
        check_writers(known)
        for number in range(len(self._writer_of), known):
            kind, unit, name, version, device = (part if part is None else text_of(part) for part in key_of(writers, number))
            self._writer_of.append(self.number(kind, unit, name, version, device))
        for number in range(len(self._note_of), said):
            key, value = (text_of(part or b"") for part in key_of(sayings, number))
            self._note_of.append(self.notes[key, value])

    def forget_sayings(self) -> bool:
        """Where there are many of them, forget what notes said, before the next batch."""
        if len(self._note_of) <= MOST_SAYINGS:
            return False
        self._note_of.clear()
        return True

    def of_writers(self, scanned: Whole) -> Whole:
        """Numbers of writers by the scan's numbers; -1 stays."""
        return np.array([*self._writer_of, -1], np.int32)[scanned]

    def of_sayings(self, scanned: Numbers) -> Numbers:
        """Numbers of notes by the scan's numbers."""
        return np.array(self._note_of, np.int32)[scanned]

    def resolve(self, columns: Columns) -> tuple[Whole, Whole, Whole]:
        """Numbers of each record's meaning, device and plain source name."""
        known = len(self.meanings)
        for kind, unit, name, version, tail in islice(self._writers, len(self._meaning_of), None):
            if (kind, unit) not in self._meanings:
                self._learn(kind, unit)
            plain = clean(name)
            self._meaning_of.append(self._meanings[kind, unit])
            self._device_of.append(self.devices[device_name(plain, version, tail)])
            self._source_of.append(self._plain_sources[plain])
        if len(self.meanings) > known:
            self._lay_out()
        if len(self.devices) > MOST_DEVICES:
            raise TooManyNamesError(f"it names more than {MOST_DEVICES:,} different devices, and an export of one person has a few dozen")
        of_each: Sequence[list[int]] = (self._meaning_of, self._device_of, self._source_of)
        return tuple(np.array(of, np.int32)[columns.writers] for of in of_each)  # type: ignore[return-value]

    def _learn(self, kind: str | None, unit: str | None) -> None:
        self._meanings[kind, unit] = len(self.meanings)
        self.meanings.append(meaning(kind, unit))

    def _lay_out(self) -> None:
        """The meanings as columns."""
        self.factor = np.array([one.factor for one in self.meanings])
        self.shift = np.array([one.shift for one in self.meanings])
        self.low = np.array([one.low for one in self.meanings], np.float64)
        self.high = np.array([one.high for one in self.meanings], np.float64)
        self.shape = np.array([SHAPES.index(one.shape) for one in self.meanings], np.int8)
        self.code = np.array([self._codes[one.code] for one in self.meanings], np.int32)
        self.how = np.array([HOWS.index(one.how) for one in self.meanings], np.int8)
        self.workout = np.array([self.words[one.value_code] if one.value_code else -1 for one in self.meanings], np.int32)
        self.unreadable = np.array([bool(one.trouble) for one in self.meanings])


def check_writers(count: int) -> None:
    """Raise `TooManyNamesError` for more writers than one person's export can have."""
    if count > MOST_WRITERS:
        raise TooManyNamesError(
            f"it names more than {MOST_WRITERS:,} different devices and types, and an export of one person has a few dozen"
        )


def stamp_of(text: str | None) -> Bytes:
    """A stamp with a bar after it, rewritten if it is of the old form; question marks if it is neither."""
    if text is not None and len(text) == stamps.WIDTH and text.isascii():
        return _bytes(text)
    old = _OLD_STAMP.fullmatch(text or "")
    return _bytes("{}-{}-{} {}:{}:{} {}".format(*old.groups()) if old else stamps.UNREADABLE)


def _bytes(text: str) -> Bytes:
    return np.frombuffer(f"{text}|".encode(), np.uint8)
