"""FHIR R4: bundles, single resources and bulk-export ndjson, as people, observations, dispensings and records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Answers, Dispensings, Observations, People, Quarantine, Records
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.csv_columns import only
from heedful.sources.cut_json import BrokenOffError, whole_part
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.streams import Stream, peek
from heedful.sources.records.fhir_collection import Collection
from heedful.sources.records.fhir_references import SUBJECTS, Context, NotReadError, index, patient_of
from heedful.sources.records.fhir_times import UnfitError

NAME = "records.fhir"
SETTINGS = ("patient",)
RESOURCES = 5_000
"""Resources a batch: a record's JSON is some kilobytes, so this many stay below 50 MB."""
WHOLE_LIMIT = 256 << 20
"""A bundle is parsed as a whole; what is larger than this must come as ndjson."""

Entry = tuple[int, str, Any]
"""Number in the file (1-based line or entry), full URL, resource."""

_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Z][A-Za-z]+)"')


class Fhir:
    """FHIR R4 as JSON: a bundle, one resource, a list of resources, or one resource a line (.ndjson, also compressed).

    The person is the id of the patient referred to. `options.subject` takes its place in a bundle of one patient; in a file of
    several, and in ndjson, only for the patient named by the setting `patient`, and then the others are left out.
    Every type that is about a patient is kept: what cannot be rows of its own stays a record. A QuestionnaireResponse gives rows of
    `answers` too, known forms under heedful's names; its free text, attachments and birth dates are counted, not kept. A resource that
    breaks R4 so that it cannot be placed goes to quarantine; types that are about no patient are counted as skipped. `records` counts
    parts: a blood pressure is two.
    """

    card = SourceCard(
        name=NAME,
        says="FHIR R4 health records: a bundle, single resources or bulk-export ndjson",
        family="records",
        tables=(People, Observations, Answers, Dispensings, Records, Quarantine),
        zone_rule="Times keep their written offset; times with Z, without offset, and days alone are placed in the input's zone. "
        "A year or a month begins on its first day.",
        terms="Health records of participants: only under their consent; names, addresses, numbers and notes are never kept.",
        tested_on="real form, invented people: HL7's R4 examples, Synthea bundles and ndjson, US Core, HL7's validator cases",
        codes=tuple(sorted(CODES)),
        units=tuple(sorted({code.unit for code in CODES.values()})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By `resourceType` at the top of a JSON object, or of the first line."""
        if path.is_dir():
            return 0.0
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not text.startswith((b"{", b"[")):
            return 0.0
        found = _TYPE.search(text)
        if not found:
            return 0.0
        # The first key, or at most a few short ones before it; deeper down it may be quoted by something else.
        return 0.95 if text[: found.start()].count(b"{") == 1 and found.start() < 2_000 else 0.7

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of up to 5,000 resources. Errors: `SourceError` for what is not JSON, holds no FHIR, or is too large as a whole."""
        only(path, NAME, options.settings, SETTINGS)
        try:
            zone = ZoneInfo(options.zone)
        except (KeyError, ValueError, OSError) as error:
            raise SettingsError(f"{path}: there is no time zone {options.zone!r}; use a name such as Europe/Berlin.") from error
        if _is_lines(path):
            yield from _lines(path, options, zone, known_at, cursor)
        else:
            yield from _whole(path, options, zone, known_at, cursor)


def _is_lines(path: Path) -> bool:
    """Whether a file holds one resource a line: by its suffix, or by a first line that is whole while more follow."""
    if {".ndjson", ".jsonl"} & set(path.suffixes):
        return True
    first, _, rest = peek(path).lstrip().partition(b"\n")
    if not rest.strip():
        return False
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _lines(path: Path, options: Options, zone: ZoneInfo, known_at: datetime, cursor: dict[str, Any] | None) -> Iterator[Batch]:
    collection = Collection(options, path, known_at, None)
    place = cursor or {"offset": 0, "line": 0}
    if cursor:
        _relive(path, collection, cursor["line"], zone)
    reader = LineReader(Stream(path, place["offset"]), place["offset"], place["line"])
    while lines := reader.take(RESOURCES):
        first = reader.line - len(lines) + 1
        for number, line in enumerate(lines, first):
            if not line.strip():
                continue
            try:
                resource = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                collection.unfit(number, f"the line is not JSON ({error}); a line must be one whole resource", line)
                continue
            collection.add((number, "", resource), Context(zone))
        yield collection.batch({"offset": reader.offset, "line": reader.line}, reader.done, reader.total)


def _relive(path: Path, collection: Collection, until: int, zone: ZoneInfo) -> None:
    """Read the lines before a cursor once more, those that get running numbers only."""
    reader = LineReader(Stream(path))
    while (left := until - reader.line) > 0 and (lines := reader.take(min(left, RESOURCES))):
        for line in lines:
            if b'"Observation"' in line or b'"MedicationDispense"' in line or b'"QuestionnaireResponse"' in line:
                try:
                    collection.add((0, "", orjson.loads(line)), Context(zone))
                except orjson.JSONDecodeError:
                    # It was set aside when it was read the first time.
                    continue
        collection.batch({}, 0, 0)


def _whole(path: Path, options: Options, zone: ZoneInfo, known_at: datetime, cursor: dict[str, Any] | None) -> Iterator[Batch]:
    document, broken = _document(path)
    entries = _entries(path, document)
    context = Context(zone, index([(url, resource) for _, url, resource in entries if isinstance(resource, dict)]))
    collection = Collection(options, path, known_at, _patients(entries, context))
    done = cursor["entry"] if cursor else 0
    for entry in entries[:done]:
        collection.add(entry, context)
    collection.batch({}, 0, 0)
    for start in range(done, len(entries), RESOURCES):
        portion = entries[start : start + RESOURCES]
        for entry in portion:
            collection.add(entry, context)
        yield collection.batch({"entry": start + len(portion)}, start + len(portion), len(entries))
    if broken:
        raise broken


def _document(path: Path) -> tuple[Any, BrokenOffError | None]:
    """The document; of a bundle or a list that breaks off its whole entries, and the error to raise behind them."""
    blocks, size = [], 0
    for block in Stream(path):
        blocks.append(block)
        size += len(block)
        if size > WHOLE_LIMIT:
            raise SourceError(
                path,
                f"it is one JSON document of more than {WHOLE_LIMIT >> 20} MB",
                "Ask for the bulk export, or write one resource a line.",
            )
    data = b"".join(blocks)
    try:
        return orjson.loads(data), None
    except orjson.JSONDecodeError as error:
        whole = whole_part(data)
        if whole:
            found = orjson.loads(whole.data)
            if isinstance(found, list) or found.get("resourceType") == "Bundle":
                return found, BrokenOffError(path, whole)
        raise SourceError(path, f"it is not JSON ({error})", "Export the file again; JSON has no comments and no loose commas.") from error


def _entries(path: Path, document: Any) -> list[Entry]:
    if isinstance(document, list) and document and all(isinstance(item, dict) and "resourceType" in item for item in document):
        return [(number, "", item) for number, item in enumerate(document, 1)]
    if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise SourceError(path, "it is JSON without a FHIR resource (no resourceType at its top)", "Check that it is the FHIR export.")
    if document["resourceType"] != "Bundle":
        return [(1, "", document)]
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise SourceError(path, "the entries of its bundle are not a list", "Export the bundle again.")
    return [
        (number, str(entry.get("fullUrl", "")), entry.get("resource")) if isinstance(entry, dict) else (number, "", entry)
        for number, entry in enumerate(entries, 1)
    ]


def _patients(entries: list[Entry], context: Context) -> set[str]:
    """Ids of all patients that the entries are about."""
    found: set[str] = set()
    for _, _, resource in entries:
        try:
            if isinstance(resource, dict) and (resource.get("resourceType") == "Patient" or set(SUBJECTS) & set(resource)):
                found.add(patient_of(resource, context))
        except (UnfitError, NotReadError):
            # Said again, with its number, when the entry itself is read.
            continue
    return found


FHIR = SOURCES.add(NAME, Fhir())
