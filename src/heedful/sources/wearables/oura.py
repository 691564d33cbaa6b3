"""Oura: answers of its API (version 2) as JSON, or the same records as the CSV export of the membership hub.

A night's phases are a letter for each 5 minutes or 30 seconds: 1 deep, 2 light, 3 REM, 4 awake. A workout's own energy and distance
stay beside it in `extra`: the day's totals hold them already.
"""

from __future__ import annotations

import ast
import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Answers, Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.cut_json import BrokenOffError
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import document, objects, shown, stamped
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share

NO_SLEEP = "a rest or a period that the person deleted, not counted as sleep"
_PHASES = {"1": "deep", "2": "light", "3": "rem", "4": "awake"}
_MINDFUL = ("meditation", "breathing", "relaxation", "body_status")
_NIGHTLY = (("total_sleep_duration", "sleep_minutes", 60), ("time_in_bed", "time_in_bed", 60), ("average_breath", "respiratory_rate", 1))
_DAILY = (
    ("steps", "steps", "measured"), ("active_calories", "active_energy", "vendor_derived"),
    ("total_calories", "total_energy", "vendor_derived"),
)  # fmt: skip
_CODES = (
    "active_energy", "heart_rate", "hrv_rmssd", "mindful_minutes", "oxygen_saturation", "respiratory_rate", "skin_temperature",
    "sleep_minutes", "sleep_stage", "steps", "time_in_bed", "total_energy", "workout",
)  # fmt: skip
_MARKS = (
    (b'"bedtime_start"', b'"total_sleep_duration"'), (b'"bpm"', b'"source"'), (b'"equivalent_walking_distance"',), (b'"spo2_percentage"',),
    (b'"temperature_deviation"',), (b'"start_datetime"', b'"end_datetime"', b'"day"'), (b'"stress_high"',), (b'"contributors"',),
    (b'"tag_type_code"',),
)  # fmt: skip
_COLUMNS = (b"bedtime_start", b"average_hrv", b"sleep_phase_5_min")
_CELL = 200_000

Record = dict[str, Any]


class Oura:
    """Reads answers or exports of one person, `Options.subject`. Tags become answers; their comments, and Oura's scores, are not kept."""

    card = SourceCard(
        name="wearables.oura",
        says="Oura ring data: answers of its API as JSON, or its sleep export as CSV",
        family="wearables",
        tables=(Observations, Answers, Quarantine),
        zone_rule="Times carry their offset; days alone are of the declared zone. Oura's day of activity runs from 4 to 4 o'clock.",
        terms="The person's own data, fetched with the person's permission; Oura's terms for developers hold.",
        tested_on="real: one person's sleep export as CSV; made elsewhere after Oura's definition: 11 answers of its API",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By names that Oura's records bear; a folder or zip if most of its files are such."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if _is_oura(head) else 0.0
        return 0.85 if share(path, _may_be, _is_oura) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations, then of tags as answers. Errors: `SourceError` if a file is none of Oura's."""
        with opened(path, _may_be) as parts:
            if not parts:
                raise SourceError(path, "there is no JSON or CSV file in it", "Give the answers of the API or the export of Oura.")
            # Here, and not above: the readers of answers need the records', and those the wearables' package.
            from heedful.sources.wearables.oura_tags import MARK, tag_batches

            zone, total = ZoneInfo(options.zone), sum(part.size for part in parts)
            broken: SourceError | None = None
            if not cursor or "draft" in cursor:
                try:
                    yield from batches(of_parts(parts, lambda part: _draft(part, zone)), options, known_at, cursor, total)
                except BrokenOffError as error:
                    broken = error  # its whole tags are read first
                cursor = None
            tagged = [part for part in parts if _holds(part, MARK)]
            yield from tag_batches(tagged, _records, options, known_at, cursor, total, alone=len(parts) == 1)
            if broken:
                raise broken


def _holds(part: Part, mark: bytes) -> bool:
    try:
        return mark in part.bytes()
    except SourceError:
        return False


def _may_be(name: str) -> bool:
    return name.endswith((".json", ".csv"))


def _is_oura(head: bytes) -> bool:
    if head.lstrip()[:1] == b"{":
        return b'"data"' in head[:200] and any(all(mark in head for mark in marks) for marks in _MARKS)
    return all(column in head.split(b"\n", 1)[0] for column in _COLUMNS)


def _draft(part: Part, zone: ZoneInfo) -> Draft:
    records = _records(part)
    rows, unread, skipped, aside = Rows(), list[tuple[int, str, str | bytes | None]](), Counter[str](), Counter[str]()
    for number, record, raw in objects(records):
        try:
            if record is None:
                raise TypeError("it is no object")
            read = next((read for mark, read in _KINDS.items() if mark in record), None)
            if "tag_type_code" in record:
                continue
            if read is None:
                aside[_score(record)] += 1
            else:
                read(number, record, zone, rows, skipped)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            unread.append((number, f"the record cannot be read ({type(error).__name__}: {str(error)[:80]})", shown(raw)))
    return Draft(part.name, rows.table(), unread, skipped, aside)


def _score(record: Record) -> str:
    """What a record without a number of ours is."""
    if "contributors" in record:
        return "a day's score, Oura's own: what it is made of stands in the other records"
    return "a day's stress, Oura's own judgement" if "stress_high" in record else "record without observations"


def _records(part: Part) -> list[Any]:
    if part.bytes().lstrip()[:1] in (b"{", b"["):
        answer = document(part)
        found = answer.get("data") if isinstance(answer, dict) else answer
        found = [found] if isinstance(found, dict) else found
        if not isinstance(found, list):
            raise SourceError(part.place, "it is no answer of Oura's API: it has no list data", "Give the answer as it came.")
        return found
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    csv.field_size_limit(min(sys.maxsize, 10 * _CELL))
    try:
        table = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise SourceError(part.place, f"its table cannot be read ({error})", "Export it again.") from error
    if not table or "bedtime_start" not in table[0]:
        raise SourceError(part.place, "it is no table of Oura's: it has no column bedtime_start", "Give Oura's sleep export.")
    return [{name: _cell(value) for name, value in row.items() if name} for row in table]


def _cell(value: Any) -> Any:
    """A cell as the API would have it: numbers, and the maker's lists and objects, which it writes as Python shows them."""
    if not isinstance(value, str) or not value:
        return None
    if value[0] in "{[" and len(value) <= _CELL:
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    try:
        # A run of phases is digits too, and stays text.
        return float(value) if len(value) < 18 and not value.isdigit() else int(value) if len(value) < 10 else value
    except ValueError:
        return value


def _pulse(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    rows.add(number, "heart_rate", stamped(record["timestamp"], zone), record["bpm"], device="Oura", written=shown(record))


def _night(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    if record.get("type") in ("rest", "deleted"):
        skipped[NO_SLEEP] += 1
        return
    start, end = stamped(record["bedtime_start"], zone), stamped(record["bedtime_end"], zone)
    for name, code, factor in _NIGHTLY:
        if record.get(name):
            rows.add(number, code, start, record[name] / factor, end=end, how="vendor_derived", device="Oura")
    step, phases = (30, record.get("sleep_phase_30_sec")) if record.get("sleep_phase_30_sec") else (300, record.get("sleep_phase_5_min"))
    _phases(number, start, step, str(phases or ""), rows)
    for name, code in (("heart_rate", "heart_rate"), ("hrv", "hrv_rmssd")):
        _samples(number, code, record.get(name), zone, rows)


def _phases(number: int, start: datetime | None, step: int, phases: str, rows: Rows) -> None:
    """Runs of the same phase as one stretch each."""
    place = 0
    while start is not None and place < len(phases):
        run = len(phases[place:]) - len(phases[place:].lstrip(phases[place]))
        begin = start + timedelta(seconds=step * place)
        trouble = None if phases[place] in _PHASES else f"the phase {phases[place]!r} is not known"
        rows.add(number, "sleep_stage", begin, end=begin + timedelta(seconds=step * run), value_code=_PHASES.get(phases[place]),
                 how="vendor_derived", device="Oura", trouble=trouble)  # fmt: skip
        place += run


def _samples(number: int, code: str, samples: Any, zone: ZoneInfo, rows: Rows) -> None:
    if not isinstance(samples, dict):
        return
    begin, step = stamped(samples["timestamp"], zone), float(samples["interval"])
    for place, value in enumerate(samples["items"]):
        if value is not None and begin is not None:
            rows.add(number, code, begin + timedelta(seconds=step * place), value, device="Oura")


def _activity(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    start = stamped(record["timestamp"], zone) if record.get("timestamp") else _midnight(record, zone)
    end = start + timedelta(days=1) if start else None
    for name, code, how in _DAILY:
        if record.get(name) is not None:
            rows.add(number, code, start, record[name], end=end, how=how, device="Oura")


def _oxygen(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    average = (record["spo2_percentage"] or {}).get("average")
    if average:
        start = _midnight(record, zone)
        rows.add(number, "oxygen_saturation", start, average, end=_next(start), how="vendor_derived", device="Oura")


def _temperature(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    if record["temperature_deviation"] is not None:
        start = stamped(record["timestamp"], zone) if record.get("timestamp") else _midnight(record, zone)
        rows.add(number, "skin_temperature", start, record["temperature_deviation"], how="vendor_derived", device="Oura",
                 extra='{"is":"deviation"}')  # fmt: skip


def _bout(number: int, record: Record, zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> None:
    """A workout, or a session of breathing or meditation."""
    start, end = stamped(record["start_datetime"], zone), stamped(record["end_datetime"], zone)
    minutes = (end - start).total_seconds() / 60 if start and end else None
    if "activity" in record:
        told = {"distance_m": record.get("distance"), "energy_kcal": record.get("calories"), "intensity": record.get("intensity")}
        how = "self_reported" if record.get("source") == "manual" else "measured"
        rows.add(number, "workout", start, minutes, end=end, value_code=str(record["activity"]), how=how, device="Oura",
                 extra=shown({name: value for name, value in told.items() if value is not None}))  # fmt: skip
    elif record.get("type") in _MINDFUL:
        rows.add(number, "mindful_minutes", start, minutes, end=end, how="self_reported", device="Oura")
    else:
        skipped[NO_SLEEP] += 1


def _midnight(record: Record, zone: ZoneInfo) -> datetime:
    return datetime.combine(date.fromisoformat(record["day"]), time(), zone)


def _next(start: datetime) -> datetime:
    return datetime.combine(start.date() + timedelta(days=1), time(), start.tzinfo)


_KINDS: dict[str, Callable[[int, Record, ZoneInfo, Rows, Counter[str]], None]] = {
    "bedtime_start": _night,
    "bpm": _pulse,
    "equivalent_walking_distance": _activity,
    "spo2_percentage": _oxygen,
    "temperature_deviation": _temperature,
    "start_datetime": _bout,
}
"""By a name that only such a record has."""

SOURCES.add(Oura.card.name, Oura())
