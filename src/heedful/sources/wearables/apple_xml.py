"""From the bytes of an `export.xml` to columns of its records, block by block.

The internal DTD subset is cut off (iOS 16 writes a broken one, and without it no entity can be declared, so no entity bomb works) and
control characters that XML forbids become spaces; after that the parser is strict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.wearables.archives import BROKEN_CURE, DECODING

BLOCK = 65_536
"""Bytes fed at once; so small that a block's attributes are still in the processor's cache when they become columns."""
LONGEST_PROLOG, MOST_NOTES = 1 << 20, 1_000

_ROOT = b"<HealthData"
_PLACE = re.compile(r", line \d+, column \d+$")
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([^"']+)""")
_SPACES = (9, 10, 13)
_ALLOWED = bytes(byte if byte >= 32 or byte in _SPACES else 32 for byte in range(256))
_NOT_READ = {
    "Correlation": "Correlation: its parts are records of their own",
    "ActivitySummary": "ActivitySummary: a day's total of records that are read",
    "ClinicalRecord": "ClinicalRecord: points to a FHIR file in the export; give heedful that file",
    "Audiogram": "Audiogram: heedful has no table for hearing yet",
    "VisionPrescription": "VisionPrescription: heedful has no table for sight yet",
}
_WITHIN = frozenset(("WorkoutStatistics", "HeartRateVariabilityMetadataList", "InstantaneousBeatsPerMinute"))
"""Elements after which notes still belong to the record before."""

Attributes = dict[str, str]


@dataclass
class Piece:
    """What one block held: records in order, notes on them, the person, and what was passed over. It holds until the next is asked for.

    `notes` are MetadataEntry elements, `noted` the index in `records` of each one's record, -1 for something that is not read.
    """

    records: list[Attributes] = field(default_factory=list)
    notes: list[Attributes] = field(default_factory=list)
    noted: list[int] = field(default_factory=list)
    me: Attributes | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    done: int = 0


class HealthTarget:
    """lxml parser target: collects attributes as they come and converts nothing.

    It has no `end`, which would be called for every element. So it does not know which records are children of a Correlation; Apple
    repeats each of them at top level, and the second of two equal records is left out in any case (see `numbering`).
    """

    def __init__(self) -> None:
        self.locale = ""
        self.piece = piece = Piece()
        self._told_of = 0
        """Notes are of the last record, if more records than this were collected; else of something that is not read."""
        add, note, note_on, count = piece.records.append, piece.notes.append, piece.noted.append, piece.records.__len__

        def start(tag: str, attributes: Attributes) -> None:  # a closure: looking up attributes of self took a tenth of the time
            if tag == "Record":
                add(attributes)
            elif tag == "MetadataEntry":
                note(attributes)
                note_on(count() - 1 if count() > self._told_of else -1)
            else:
                self._start_other(tag, attributes)

        self.start = start

    def close(self) -> None: ...

    def _start_other(self, tag: str, attributes: Attributes) -> None:
        if tag == "Workout":
            self._start_workout(attributes)
        elif tag == "WorkoutStatistics":
            measure = attributes.get("type", "").removeprefix("HKQuantityTypeIdentifier")
            for which in ("sum", "average", "minimum", "maximum"):
                if which in attributes:
                    self._tell(f"{which}{measure}", attributes[which], attributes.get("unit", ""))
        elif tag == "Me":
            self.piece.me = dict(attributes)
        elif tag == "HealthData":
            self.locale = attributes.get("locale", "")
        elif tag in _NOT_READ:
            self.piece.skipped[_NOT_READ[tag]] += 1
        elif tag != "ExportDate":
            self.piece.aside[tag] += 1
        if tag != "Workout" and tag not in _WITHIN:
            self._told_of = len(self.piece.records)

    def _start_workout(self, attributes: Attributes) -> None:
        record: dict[str, str] = {
            key: attributes[key] for key in ("sourceName", "sourceVersion", "device", "startDate", "endDate") if key in attributes
        }
        record["type"] = attributes.get("workoutActivityType", "HKWorkoutActivityTypeOther")
        if "duration" in attributes:
            record["value"], record["unit"] = attributes["duration"], attributes.get("durationUnit", "min")
        self.piece.records.append(record)
        for key in ("totalDistance", "totalEnergyBurned", "totalFlightsClimbed", "totalSwimmingStrokeCount"):
            if key in attributes:
                self._tell(key, attributes[key], attributes.get(f"{key}Unit", ""))

    def _tell(self, key: str, value: str, unit: str) -> None:
        self.piece.notes.append({"key": key, "value": f"{value} {unit}".strip()})
        self.piece.noted.append(len(self.piece.records) - 1)

    def hold_back(self) -> tuple[list[Attributes], list[Attributes]]:
        """Take the last record, if there is one, and its notes out of the piece: more of them may come."""
        piece, notes = self.piece, list[Attributes]()
        if not piece.records:
            return [], []
        last, place = len(piece.records) - 1, len(piece.notes)
        while place and piece.noted[place - 1] in (last, -1):
            place -= 1
            if piece.noted[place] == last:
                notes.append(piece.notes[place])
                piece.noted[place] = -1
        if len(notes) > MOST_NOTES:
            piece.aside[f"MetadataEntry beyond {MOST_NOTES:,} of one record"] += len(notes) - MOST_NOTES
        return [piece.records.pop()], notes[: -MOST_NOTES - 1 : -1]

    def begin(self, records: list[Attributes], notes: list[Attributes]) -> None:
        """Empty the piece for the next block, which begins with what was held back."""
        piece = self.piece
        still_told_of = self._told_of <= len(piece.records)
        for collection in (piece.records, piece.notes, piece.noted):
            collection.clear()
        piece.records.extend(records)
        piece.notes.extend(notes)
        piece.noted.extend([0] * len(notes))
        piece.me = None
        piece.skipped.clear()
        piece.aside.clear()
        self._told_of = 0 if still_told_of else 1


def pieces(path: Path, stream: IO[bytes], target: HealthTarget) -> Iterator[Piece]:
    """Parse `stream` into pieces. Raises `SourceError` after the last whole piece where the file breaks off or is not XML."""
    beginning, lines = _skip_prolog(path, stream)
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True)
    try:
        parser.feed(b'<?xml version="1.0" encoding="UTF-8"?>')
        for block in _blocks(beginning, stream):
            target.piece.done += len(block)
            parser.feed(_allowed(block))
            held = target.hold_back()
            yield target.piece
            target.begin(*held)
        parser.close()
    except (etree.XMLSyntaxError, *DECODING) as error:
        yield target.piece
        raise _broken(path, error, lines) from error
    yield target.piece


def _broken(path: Path, error: BaseException, lines: int) -> SourceError:
    if isinstance(error, etree.XMLSyntaxError):
        line = lines + (error.lineno or 1)
        said = _PLACE.sub("", " ".join(str(error.msg).split()))  # its line counts from <HealthData> on, ours from the file's start
        return SourceError(path, f"the XML breaks off or is malformed here ({said})", BROKEN_CURE, line)
    return SourceError(path, f"the compressed data is damaged ({error})", BROKEN_CURE)


def _allowed(block: bytes) -> bytes:
    """The block with spaces for the control characters that XML forbids; counting them first is several times as fast as replacing."""
    controls = np.count_nonzero(np.frombuffer(block, np.uint8) < 32)
    return block if controls == block.count(b"\n") + block.count(b"\t") + block.count(b"\r") else block.translate(_ALLOWED)


def _blocks(beginning: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield beginning
    while block := stream.read(BLOCK):
        yield block


def _skip_prolog(path: Path, stream: IO[bytes]) -> tuple[bytes, int]:
    """The bytes from `<HealthData` on that were read so far, and how many lines stand before them."""
    cure = "Give the export.zip of Apple's Health app (profile picture, Export All Health Data), or the export.xml in it."
    read = b""
    try:
        while _ROOT not in read and len(read) < LONGEST_PROLOG and (block := stream.read(BLOCK)):
            read += block
    except DECODING as error:
        raise SourceError(path, f"the compressed data is damaged ({error})", BROKEN_CURE) from error
    declared = _DECLARED.search(read[:200])
    if declared and declared[1].upper() not in (b"UTF-8", b"US-ASCII", b"ASCII"):
        raise SourceError(path, f"the XML is in {declared[1].decode('ascii', 'replace')}, and Apple writes UTF-8", cure)
    at = read.find(_ROOT)
    if at < 0:
        raise SourceError(path, "there is no <HealthData> element in its first megabyte", cure)
    return read[at:], read.count(b"\n", 0, at)
