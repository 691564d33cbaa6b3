"""Apple Health's export: `export.xml`, its `.gz`, the `export.zip` around it, or the folder that the zip unpacks to."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.frames import Frame
from heedful.core.labels import Raw
from heedful.core.schemas import INSTANT, Observations, People, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.wearables.apple_beats import Beats
from heedful.sources.wearables.apple_columns import Columns, Names, TooManyNamesError
from heedful.sources.wearables.apple_records import Collected, Reading
from heedful.sources.wearables.apple_rows import NOTHING, REPEATED, Conversion, Converted
from heedful.sources.wearables.apple_types import CODES_READ, snake
from heedful.sources.wearables.apple_xml import Attributes
from heedful.sources.wearables.archives import BROKEN_CURE, DECODING, head_of, is_zip, opened_zip, plain_or_gzip

BATCH_ROWS = 32_000
"""More than others take at once: minutes are not held until they are derived, and half as many took 5 % longer."""
_ROOT, _DOCTYPE = b"<HealthData", b"<!DOCTYPE HealthData"
_CURE = "Give the export.zip of Apple's Health app (profile picture, Export All Health Data), or the export.xml in it."


class AppleHealth:
    """Reads the export of one person; the person is `Options.subject`, or "self"."""

    card = SourceCard(
        name="apple_health",
        says="an export of Apple's Health app (export.zip or export.xml)",
        family="wearables",
        tables=(Observations, People, Quarantine),
        zone_rule="Every stamp carries an offset, which gives the local day; Apple writes the phone's zone at export, not the place's.",
        terms="The export is the person's own; nobody else's data is in it but names of devices and apps.",
        tested_on="real exports of five persons, and hostile files made for this test",
        codes=CODES_READ,
        units=tuple(sorted({CODES[code].unit for code in CODES_READ})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        if path.is_dir():
            return 0.9 if _unpacked(path) else 0.0
        if is_zip(path, head):
            try:
                with opened_zip(path) as archive:
                    return 0.95 if _members(archive) else 0.0
            except SourceError:
                return 0.0
        return 0.98 if _is_export(head) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of about 50,000 records, cut by record number.

        Going on after a cursor parses the file again from the start (an XML file has no other door) and converts nothing but what is
        needed to number rows as before. Raises `SourceError` where the file breaks off, after the rows before the break.
        """
        done_before = int(cursor["records"]) if cursor else 0
        names, first, records = Names(), 1, 0
        reading = Reading(names, BATCH_ROWS)
        person = options.subject or "self"
        conversion, beats = Conversion(names, person, known_at), Beats(path, options, known_at)
        with _opened(path) as (stream, size):
            for collected in _collected(path, stream, reading):
                converted = _converted(path, conversion, collected.columns, first)
                intervals, unplaced, repeats = beats.rows(collected.beats)
                first, records = first + collected.columns.size, records + collected.records
                if records > done_before or not collected.records:
                    rows = _frames(path, options.name, person, reading.locale, known_at, collected.me, converted)
                    beaten = (frame(intervals, Observations),) if intervals.height else ()
                    yield _batch(collected, converted, (*rows, *beaten, *unplaced), records, size, repeats)


def _frames(
    path: Path, name: str, person: str, locale: str, known_at: datetime, me: Attributes | None, converted: Converted
) -> tuple[Frame[Raw, Any], ...]:
    known = pl.lit(known_at, dtype=INSTANT)
    found: list[Frame[Raw, Any]] = []
    if me is not None:
        found.append(frame(person_of(me, locale, person).with_columns(known_at=known), People))
    if converted.rows.height:
        found.append(frame(converted.rows, Observations))
    if converted.aside.height:
        aside = converted.aside.select(
            line=pl.col("record"),
            reason=pl.format("record {} of the file: {}", pl.col("record"), pl.col("reason")),
            content=pl.col("content"),
            source=pl.lit(name),
            file=pl.lit(path.name),
            known_at=known,
        )
        found.append(frame(aside, Quarantine))
    return tuple(found)


def _batch(
    collected: Collected, converted: Converted, rows: tuple[Frame[Raw, Any], ...], records: int, size: int, repeats: Counter[str]
) -> Batch:
    skipped, aside = collected.skipped + repeats, collected.aside.copy()
    skipped[REPEATED] += converted.repeated
    aside["MetadataEntry with an identifier"] += converted.withheld
    return Batch(
        rows=rows,
        cursor={"records": records},
        done=min(collected.done, size),
        total=size,
        records=collected.records,
        skipped=dict(+skipped),
        aside=dict(+aside),
    )


def _collected(path: Path, stream: IO[bytes], reading: Reading) -> Iterator[Collected]:
    try:
        yield from reading.batches(path, stream)
    except TooManyNamesError as error:
        raise SourceError(path, str(error), _CURE) from error


def _converted(path: Path, conversion: Conversion, columns: Columns, first: int) -> Converted:
    try:
        return conversion.convert(columns, first) if columns.size else NOTHING
    except TooManyNamesError as error:
        raise SourceError(path, str(error), _CURE) from error


def person_of(me: Attributes, locale: str, person: str) -> pl.DataFrame:
    """The participant's declared attributes from the Me element, without known_at; the language is the phone's."""
    prefix = "HKCharacteristicTypeIdentifier"
    told = {key.removeprefix(prefix): value for key, value in me.items()}
    born, sex = told.pop("DateOfBirth", "")[:4], told.pop("BiologicalSex", "").removeprefix("HKBiologicalSex").lower()
    more = {snake(key): value for key, value in told.items() if value and not value.endswith("NotSet") and value != "None"}
    return pl.DataFrame(
        {
            "person": [person],
            "birth_year": [int(born) if born.isdigit() else None],
            "sex": [sex if sex in ("female", "male", "other") else None],
            "language": [locale.replace("_", "-") or None],
            "extra": [orjson.dumps(more).decode() if more else None],
        },
        schema_overrides={"birth_year": pl.Int32, "sex": pl.String, "language": pl.String, "extra": pl.String},
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The XML as a stream, and its size in bytes (of a .gz: 0, unknown)."""
    if path.is_dir():
        found = _unpacked(path)
        if found is None:
            raise SourceError(path, "no file in this folder is an Apple Health export", _CURE)
        path = found
    if not path.exists() or path.stat().st_size == 0:
        raise SourceError(path, "the file is empty or absent", _CURE)
    with path.open("rb") as raw:
        signature = raw.read(4)
    if signature[:2] != b"PK":
        with plain_or_gzip(path) as stream:
            yield stream, 0 if signature[:2] == b"\x1f\x8b" else path.stat().st_size
        return
    with opened_zip(path) as archive:
        members = _members(archive)
        if len(members) != 1:
            shown = ", ".join(member.filename for member in members) or "none"
            raise SourceError(path, f"one member of the zip must hold <HealthData>, and these do: {shown}", _CURE)
        try:
            with archive.open(members[0]) as stream:
                yield stream, members[0].file_size
        except DECODING as error:
            raise SourceError(path, f"the member {members[0].filename!r} cannot be unpacked ({error})", BROKEN_CURE) from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Members that hold the export, by content: their names are translated on a phone that does not speak English."""
    xml = [member for member in archive.infolist() if member.filename.lower().endswith(".xml") and not member.is_dir()]
    return [member for member in xml if _is_export(head_of(partial(archive.open, member)))]


def _is_export(head: bytes) -> bool:
    return _ROOT in head or _DOCTYPE in head


def _unpacked(folder: Path) -> Path | None:
    """The export in an unpacked folder: its only XML file with `<HealthData`, beside nothing but folders and other XML or PDF files."""
    files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    if not files or len(files) > 8 or any(file.suffix.lower() not in (".xml", ".pdf", ".gz") for file in files):
        return None
    found = [file for file in sorted(files) if _is_export(head_of(partial(plain_or_gzip, file)))]
    return found[0] if len(found) == 1 else None


SOURCES.add("apple_health", AppleHealth())
