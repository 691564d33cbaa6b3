"""Data points of Open mHealth and IEEE 1752.1: a document a file, a list of them, JSON lines, or a folder or zip of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.cut_json import BrokenOffError, whole_part
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import shown
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.open_mhealth.measures import MEASURES, observe
from heedful.sources.wearables.open_mhealth.verdict import Schemas
from heedful.sources.wearables.parts import Part, opened, share

_CODES = tuple(sorted({measure.code for measure in MEASURES.values()} | {"workout"}))
_CURE = "Give data points with a body and its effective_time_frame, each as a document, in a list or one a line."


class OpenMhealth:
    """Reads data points; a person is the header's `user_id`, else `Options.subject`.

    With the setting `schemas` (the path of a folder of schemas, such as openmhealth/schemas has) a document that names its schema must
    keep it, or it is set aside with what is wrong. Minima, maxima and other statistics of a period are skipped: a row is a value.
    """

    card = SourceCard(
        name="wearables.open_mhealth",
        says="data points of Open mHealth or IEEE 1752.1 as JSON",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times carry their offset; a day with a part of the day is of the declared zone.",
        terms="Data of participants: only under their consent.",
        tested_on="real form: 500 test documents of openmhealth/schemas, seven examples of an exchange; Granola's are only judged",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By a time frame and a measure; a folder or zip if most of its files are such."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if _is_point(head) else 0.0
        return 0.85 if share(path, _is_json, _is_point) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file holds no JSON object; `SettingsError` for settings."""
        schemas = _schemas(path, options)
        with opened(path, _is_json) as parts:
            if not parts:
                raise SourceError(path, "there is no JSON file in it", _CURE)
            drafts = of_parts(parts, lambda part: _draft(part, schemas, ZoneInfo(options.zone)))
            yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def _is_json(name: str) -> bool:
    return name.endswith((".json", ".jsonl", ".ndjson"))


def _is_point(head: bytes) -> bool:
    has_measure = any(b'"' + name.encode() + b'"' in head for name in (*MEASURES, "activity_name"))
    return head.lstrip()[:1] in (b"{", b"[") and b'"effective_time_frame"' in head and has_measure


def _schemas(path: Path, options: Options) -> Schemas | None:
    unknown = sorted(set(options.settings) - {"schemas"})
    if unknown:
        raise SettingsError(f"{path}: wearables.open_mhealth does not know the settings {unknown}. It knows: schemas.")
    folder = options.settings.get("schemas")
    if folder is None:
        return None
    if not Path(str(folder)).is_dir():
        raise SettingsError(f"{path}: schemas must be a folder of schemas; {folder!r} is none.")
    return Schemas(Path(str(folder)))


def _draft(part: Part, schemas: Schemas | None, zone: ZoneInfo) -> Draft:
    rows, skipped, aside = Rows(), Counter[str](), Counter[str]()
    unread = list[tuple[int, str, str | bytes | None]]()
    for line, document in _documents(part, unread):
        trouble = _trouble(document, schemas)
        body = document.get("body", document) if isinstance(document, dict) else None
        if trouble or not isinstance(body, dict):
            unread.append((line, trouble or "it is no data point: it has no body", shown(document)))
            continue
        header = document.get("header") if "body" in document else None
        if not observe(line, body, _about(header if isinstance(header, dict) else {}), zone, rows, skipped):
            aside[f"body without a measure that has a code: {', '.join(sorted(body))[:60]}"] += 1
    return Draft(part.name, rows.table(), unread, skipped, aside)


def _documents(part: Part, unread: list[tuple[int, str, str | bytes | None]]) -> Iterator[tuple[int, Any]]:
    data = part.bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        whole = orjson.loads(data)
        yield from enumerate(whole if isinstance(whole, list) else [whole], start=1)
        return
    except orjson.JSONDecodeError as error:
        if data.lstrip()[:1] == b"[" and (cut := whole_part(data)):
            raise BrokenOffError(part.place, cut) from error
        lines = [(number, line) for number, line in enumerate(data.splitlines(), start=1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].strip().startswith(b"{") or not _is_whole(lines[0][1]):
            raise SourceError(part.place, f"it is not complete JSON ({error.msg})", _CURE, error.lineno) from error
    for number, line in lines:
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            unread.append((number, f"the line is not complete JSON ({error.msg})", line))


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _trouble(document: Any, schemas: Schemas | None) -> str:
    """What is wrong with a document by the schema that it names, or ''."""
    header = document.get("header") if isinstance(document, dict) else None
    named = header.get("schema_id") if isinstance(header, dict) else None
    if schemas is None or not isinstance(named, dict):
        return ""
    try:
        schema = schemas.get(*(str(named.get(one, "")) for one in ("namespace", "name", "version")))
    except SettingsError as error:
        return f"{error} Add it to the folder, or leave the setting schemas out."
    faults = schemas.faults(document.get("body"), schema)
    return f"it does not keep its schema {schema.name}: {faults[0]}" if faults else ""


def _about(header: dict[str, Any]) -> dict[str, Any]:
    """Person, device and way of measuring, as far as a header tells them."""
    origin = header.get("acquisition_provenance")
    origin = origin if isinstance(origin, dict) else {}
    modality = str(origin.get("modality") or header.get("modality") or "").replace("_", "-")
    told: dict[str, Any] = {"device": str(origin.get("source_name") or "Open mHealth")[:60]}
    if isinstance(header.get("user_id"), str) and header["user_id"]:
        told["person"] = header["user_id"]
    return told | ({"how": "self_reported"} if modality in ("self-reported", "self reported") else {})


SOURCES.add(OpenMhealth.card.name, OpenMhealth())
