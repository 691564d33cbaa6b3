"""The elements of an Apple export in batches: records and notes by `apple_scan`, workouts and the few others one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from heedful.sources.wearables import apple_scan as scanning
from heedful.sources.wearables import apple_xml
from heedful.sources.wearables.apple_beats import Beat
from heedful.sources.wearables.apple_columns import Columns, Names, check_writers, stamp_of
from heedful.sources.wearables.apple_scan import FULL, MORE, MOST_NOTES, STRANGE
from heedful.sources.wearables.apple_tables import key_of, room, with_more, with_more_keys
from heedful.sources.wearables.apple_xml import Attributes, Judge, after_prolog, broken, element_of, lines_in, text_of
from heedful.sources.wearables.archives import DECODING

LONGEST_TAG = 1 << 20
"""Bytes of a tag that is not handed to the judge unfinished."""
MOST_TEXT = 1 << 24
"""Bytes of values that a batch need not go beyond; those of an ordinary one are some hundred thousand."""
_BLOCKS, _STACK = 4, 8_192
_NOT_READ = {
    "Correlation": "Correlation: its parts are records of their own",
    "ActivitySummary": "ActivitySummary: a day's total of records that are read",
    "ClinicalRecord": "ClinicalRecord: points to a FHIR file in the export; give heedful that file",
    "Audiogram": "Audiogram: heedful has no table for hearing yet",
    "VisionPrescription": "VisionPrescription: heedful has no table for sight yet",
}
_NOTHING_ELSE = frozenset(("ExportDate", "HeartRateVariabilityMetadataList", "WorkoutStatistics"))
_BEYOND = f"MetadataEntry beyond {MOST_NOTES:,} of one record"


@dataclass
class Collected:
    """One batch. `columns` hold until the next batch is asked for; `beats`: those that records list; `me`: what the Me element says;
    `done`: bytes of the XML read so far."""

    columns: Columns
    skipped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    beats: list[Beat] = field(default_factory=list)
    me: Attributes | None = None
    done: int = 0

    @property
    def records(self) -> int:
        return self.columns.size + self.skipped.total() + len(self.beats) + (self.me is not None)


class Reading:
    """Reads one export, at most `most` records a batch.

    Nothing tells which records are children of a Correlation; Apple repeats each of them at top level, and the second of two equal
    records is left out in any case (see `numbering`).
    """

    def __init__(self, names: Names, most: int) -> None:
        self.locale = ""
        self._names, self._most = names, most
        self._taken, self._writers, self._sayings = room(most)
        self._state, self._stack = np.zeros(scanning.SAYINGS + 1, np.int64), np.zeros(_STACK, np.uint8)
        self._text, self._at, self._end, self._lines = bytearray(), 0, 0, 0
        self._judge: Judge | None = None
        self._found = Collected(Columns())
        self._listing: tuple[int, Attributes] = (-1, {})

    def batches(self, path: Path, stream: IO[bytes]) -> Iterator[Collected]:
        """The batches; where the file breaks off or is no XML, `SourceError` after all that stood before."""
        beginning, self._lines = after_prolog(path, stream)
        self._found.done = len(beginning)
        self._add(beginning)
        damage: BaseException | None = None
        more = True
        while more and damage is None and (self._judge is None or self._judge.error is None):
            try:
                more = self._fill(stream)
            except DECODING as error:
                damage = error
            yield from self._through(last=not more)
        last = self._cut()
        if last.records or last.aside:
            yield last
        wrong = damage if self._judge is None else damage or self._judge.error
        if wrong is not None:
            raise broken(path, wrong, self._lines)

    def _fill(self, stream: IO[bytes]) -> bool:
        """Read some blocks; False at the file's end. So few that all are still in the processor's cache when they are scanned."""
        for _ in range(_BLOCKS):
            block = stream.read(apple_xml.BLOCK)
            if not block:
                return False
            self._found.done += len(block)
            self._add(block if self._judge is None else self._judge.rewritten(block))
        return True

    def _through(self, *, last: bool) -> Iterator[Collected]:
        """Scan what was read."""
        if last and self._judge is not None:
            self._add(self._judge.rewritten(b"", last=True))
        while True:
            status = self._scan()
            if status == FULL or (status == scanning.NO_TEXTS and self._state[scanning.TEXT] > MOST_TEXT):
                yield self._cut()
            elif status >= scanning.NO_ROOM:
                self._make_room(status)
            elif self._judge is None and (status == STRANGE or self._is_unfinished(last=last)):
                self._hand_over(last=last)
            else:
                assert status == MORE, "what lxml understood was not understood here"
                break
        if self._state[scanning.DEPTH] == 1 and self._state[scanning.RECORDS] + self._found.records >= self._most:
            yield self._cut()

    def _is_unfinished(self, *, last: bool) -> bool:
        """Whether what is left is the beginning of a tag that has no end, or of a document that has none."""
        left = self._end - self._at
        return left > LONGEST_TAG or (last and bool(left or not self._state[scanning.ENDED]))

    def _hand_over(self, *, last: bool) -> None:
        """From here on lxml judges and rewrites."""
        self._judge = Judge(self._open_names(), ended=bool(self._state[scanning.ENDED]))
        rest, self._at, self._end = bytes(self._text[self._at : self._end]), 0, 0
        self._add(self._judge.rewritten(rest, last=last))

    def _add(self, block: bytes) -> None:
        left, size = self._end - self._at, len(block)
        if self._end + size > len(self._text):
            old = self._text[self._at : self._end]
            if left + size > len(self._text):
                self._text = bytearray(max(2 * (left + size), (_BLOCKS + 1) * apple_xml.BLOCK))
            self._text[:left] = old
            self._at, self._end = 0, left
        self._text[self._end : self._end + size] = block
        self._end += size

    def _scan(self) -> int:
        text, trusted = np.frombuffer(self._text, np.uint8), self._judge is not None
        status, at = scanning.scan(
            text, self._at, self._end, trusted, self._most - self._found.records, scanning.TRUSTED if trusted else scanning.STRICT,
            self._state, self._stack, self._taken, self._writers, self._sayings,
        )  # fmt: skip
        if not trusted:
            self._lines += lines_in(text[self._at : at])
        self._at = at
        others = self._taken.others[: self._state[scanning.OTHERS]].tolist()
        self._state[scanning.OTHERS] = 0
        for what, begin, end, records, notes in others:
            raw = bytes(self._text[begin:end])
            if what == scanning.ATTRIBUTE:
                self._found.aside[raw.decode()] += 1
            else:
                self._start(*element_of(raw), records, notes, within=what == scanning.INNER)
        return int(status)

    def _open_names(self) -> list[str]:
        names, begin, tail = list[str](), 0, self._stack[::-1]
        for depth in range(int(self._state[scanning.DEPTH])):
            length = int(tail[2 * depth + 1]) + 256 * int(tail[2 * depth])
            names.append(bytes(self._stack[begin : begin + length]).decode())
            begin += length
        return names

    def _make_room(self, lack: int) -> None:
        if lack == scanning.NO_TEXTS:
            self._taken = with_more(self._taken, "texts")
        elif lack == scanning.NO_NOTES:
            self._taken = with_more(self._taken, "notes", "noted")
        elif lack == scanning.NO_WRITERS:
            check_writers(int(self._state[scanning.WRITERS]))
            self._writers = with_more_keys(self._writers, int(self._state[scanning.WRITERS]))
        elif lack == scanning.NO_SAYINGS:
            self._sayings = with_more_keys(self._sayings, int(self._state[scanning.SAYINGS]))

    # --- elements that are no records

    def _start(self, tag: str, attributes: Attributes, records: int, notes: int, *, within: bool) -> None:
        found = self._found
        if tag == "Workout":
            self._start_workout(attributes, records, notes)
        elif tag == "WorkoutStatistics" and within:
            measure = attributes.get("type", "").removeprefix("HKQuantityTypeIdentifier")
            for which in ("sum", "average", "minimum", "maximum"):
                if which in attributes:
                    self._tell(records - 1, notes, f"{which}{measure}", attributes[which], attributes.get("unit", ""))
        elif tag == "InstantaneousBeatsPerMinute" and within:
            found.beats.append((self._lister(records - 1), attributes.get("bpm", ""), attributes.get("time", "")))
        elif tag == "Me":
            found.me = attributes
        elif tag == "HealthData":
            self.locale = attributes.get("locale", "")
        elif tag in _NOT_READ:
            found.skipped[_NOT_READ[tag]] += 1
        elif tag not in _NOTHING_ELSE:
            found.aside[tag] += 1

    def _lister(self, row: int) -> Attributes:
        """The record that lists beats, the same object for all of them."""
        if self._listing[0] != row:
            told = dict[str, str | None](zip(("type", "unit", "sourceName", "sourceVersion", "device"), self._written(row), strict=True))
            for name, column in (("startDate", self._taken.starts), ("endDate", self._taken.ends)):
                told[name] = column[row * scanning.STAMP : (row + 1) * scanning.STAMP - 1].tobytes().decode("utf-8", "replace")
            self._listing = row, {name: said for name, said in told.items() if said is not None}
        return self._listing[1]

    def _written(self, row: int) -> list[str | None]:
        writer = int(self._taken.writers[row])
        return [None] * 5 if writer < 0 else [part if part is None else text_of(part) for part in key_of(self._writers, writer)]

    def _start_workout(self, attributes: Attributes, row: int, notes: int) -> None:
        taken, asked = self._taken, attributes.get
        duration = asked("duration")
        unit = None if duration is None else asked("durationUnit", "min")
        kind = asked("workoutActivityType", "HKWorkoutActivityTypeOther")
        self._found.columns.workouts[row] = self._names.number(kind, unit, asked("sourceName"), asked("sourceVersion"), asked("device"))
        self._found.columns.said[row] = duration
        taken.plain[row], taken.numbers[row] = -1 if duration is None else 0, np.nan
        span = slice(row * scanning.STAMP, (row + 1) * scanning.STAMP)
        taken.starts[span] = stamp_of(asked("startDate"))
        taken.ends[span] = stamp_of(asked("endDate"))
        for key in ("totalDistance", "totalEnergyBurned", "totalFlightsClimbed", "totalSwimmingStrokeCount"):
            if key in attributes:
                self._tell(row, notes, key, attributes[key], attributes.get(f"{key}Unit", ""))

    def _tell(self, row: int, notes: int, key: str, value: str, unit: str) -> None:
        told = self._found.columns.told
        if len(told) >= MOST_NOTES and told[-MOST_NOTES][1] == row:
            self._found.aside[_BEYOND] += 1
        else:
            told.append((notes, row, self._names.notes[key, f"{value} {unit}".strip()]))

    # --- a batch

    def _cut(self) -> Collected:
        """What was collected, as a batch; the next begins."""
        found, state = self._found, self._state
        if state[scanning.BEYOND]:
            found.aside[_BEYOND] += int(state[scanning.BEYOND])
        self._names.learn(self._writers, int(state[scanning.WRITERS]), self._sayings, int(state[scanning.SAYINGS]))
        found.columns.fill(self._taken, self._names, records=int(state[scanning.RECORDS]), notes=int(state[scanning.NOTES]))
        if self._names.forget_sayings():
            self._sayings.slots[:] = -1
            state[scanning.SAYINGS] = 0
        for place in (scanning.RECORDS, scanning.NOTES, scanning.TEXT, scanning.BEYOND):
            state[place] = 0
        self._found, self._listing = Collected(Columns(), done=found.done), (-1, {})
        return found
