"""Polar Flow's download of personal data as JSON: heart rate around the clock, activity, training sessions and sleep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from heedful.core.codes import CODES
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.api_records import Reader, Record, Told, read_json, recognised
from heedful.sources.wearables.beats import CODE, chained
from heedful.sources.wearables.documents import shown, stamped

NAME = "wearables.polar"
NO_VALUE = "sample without a value"
FINER = "day's total of which the file holds the minutes"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_STAGES = {"WAKE": "awake", "NONREM12": "light", "NONREM1": "light", "NONREM2": "light", "NONREM3": "deep", "REM": "rem"}
_CODES = ("heart_rate", "rr_interval", "sleep_minutes", "sleep_stage", "steps", "total_energy", "workout")
_MARKS = (b'"deviceDays"', b'"devicePpiSamplesList"', b'"sleepResult"', b'"exportVersion"')


class Polar:
    """Reads the folder or zip of one person, `Options.subject`, or one file of it."""

    card = SourceCard(
        name=NAME,
        says="Polar Flow's download of personal data as JSON: heart rate, pulse intervals, activity, training and sleep",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local: with the offset that a session or night names, else of the declared zone.",
        terms="The person's own data; account, address and routes in it are not read.",
        tested_on="untested on real files: written after public descriptions of the files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By names that only these files bear; a folder or zip if most of its JSON files are such."""
        return recognised(path, head, lambda one: one[:1] in (b"{", b"[") and any(mark in one[:4_096] for mark in _MARKS))

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is none of Polar's; `SettingsError`."""
        yield from read_json(path, options, known_at, cursor, _found, "Polar", NAME)


def _found(answer: Any) -> Iterator[tuple[Any, Reader | None]]:
    if isinstance(answer, list):
        for one in answer:
            if isinstance(one, dict) and "devicePpiSamplesList" in one:
                yield from ((each, partial(_beats, place)) for place, each in enumerate(one["devicePpiSamplesList"]))
            else:
                yield one, _night
        return
    for day in answer.get("deviceDays") or ():
        yield from ((one, partial(_pulse, day["date"])) for one in day["samples"])
    if "summary" in answer or "samples" in answer:
        steps = (answer.get("samples") or {}).get("steps") or []
        yield from ((one, partial(_steps, answer["date"])) for one in steps)
        yield answer, partial(_day, bool(steps))
    elif "exercises" in answer:
        yield answer, _session
        for exercise in answer["exercises"]:
            samples = (exercise.get("samples") or {}).get("heartRate") or []
            yield from ((one, partial(_beat, answer.get("timezoneOffset", exercise.get("timezoneOffset")))) for one in samples)
    elif "deviceDays" in answer or "exportVersion" in answer:
        yield "file without observations (account, settings, profile, …)", None


def _duration(written: str) -> timedelta:
    found = _DURATION.fullmatch(written)
    if not found or written == "PT":
        raise ValueError(f"{written[:40]!r} is no duration such as PT1H30M")
    return timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0), seconds=float(found[3] or 0))


def _pulse(day: str, record: Record, told: Told) -> None:
    midnight = stamped(day, told.zone)
    if not record.get("heartRate") or midnight is None:
        told.skipped[NO_VALUE] += 1
        return
    # Wall clock: on a day with a change of the hour the seconds count on the watch's dial.
    at = (midnight.replace(tzinfo=None) + timedelta(seconds=float(record["secondsFromDayStart"]))).replace(tzinfo=midnight.tzinfo)
    told.add("heart_rate", at, record["heartRate"])


def _beats(place: int, record: Record, told: Told) -> None:
    """Intervals between pulses (PPI) of one device of a day, each with a time; a second device is named by its place, not its number."""
    told_of = [(stamped(one.get("sampleDateTime"), told.zone), one.get("pulseLength")) for one in record["ppiSamples"]]
    kept = [(at, float(length)) for at, length in told_of if at and isinstance(length, int | float) and length > 0]
    told.skipped[NO_VALUE] += len(told_of) - len(kept)
    heard = np.maximum.accumulate([at.timestamp() for at, _ in kept]) if kept else np.zeros(0)
    begins = chained(np.array([length for _, length in kept]), heard)
    for (at, length), begin in zip(kept, begins.tolist(), strict=True):
        start = datetime.fromtimestamp(round(begin, 3), at.tzinfo)
        told.add(CODE, start, length, end=start + timedelta(milliseconds=length), device="Polar" if not place else f"Polar {place + 1}")


def _steps(day: str, record: Record, told: Told) -> None:
    if not record.get("value"):
        told.skipped[NO_VALUE] += 1
        return
    start = stamped(f"{day}T{record['localTime']}", told.zone)
    told.add("steps", start, record["value"], end=start + timedelta(minutes=1) if start else None)


def _day(finer: bool, record: Record, told: Told) -> None:
    start, summary = stamped(record["date"], told.zone), record.get("summary") or {}
    end = (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=start.tzinfo) if start else None
    if finer or summary.get("stepCount") is None:
        told.skipped[FINER if finer else NO_VALUE] += 1
    else:
        told.add("steps", start, summary["stepCount"], end=end)
    if summary.get("calories") is not None:
        told.add("total_energy", start, summary["calories"], end=end, how="vendor_derived")


def _local(written: str, offset: Any, told: Told) -> datetime | None:
    return stamped(written, timezone(timedelta(minutes=offset)) if isinstance(offset, int) else told.zone)


def _session(record: Record, told: Told) -> None:
    first = record["exercises"][0] if record["exercises"] else {}
    offset = record.get("timezoneOffset", first.get("timezoneOffset"))
    start, length = _local(record["startTime"], offset, told), _duration(record["duration"])
    sport = first.get("sport")
    extra = {"distance_m": record.get("distance"), "energy_kcal": record.get("kiloCalories")}
    told.add("workout", start, length.total_seconds() / 60, end=start + length if start else None,
             value_code=str(sport).lower()[:60] if isinstance(sport, str) else "other",
             extra=shown({name: value for name, value in extra.items() if value is not None}))  # fmt: skip


def _beat(offset: Any, record: Record, told: Told) -> None:
    if not record.get("value"):
        told.skipped[NO_VALUE] += 1
        return
    told.add("heart_rate", _local(record["dateTime"], offset, told), record["value"])


def _night(record: Record, told: Told) -> None:
    hypnogram = record["sleepResult"]["hypnogram"]
    start, end = stamped(hypnogram["sleepStart"], told.zone), stamped(hypnogram["sleepEnd"], told.zone)
    if start is None or end is None:
        raise ValueError("the night has no start or end")
    changes = [(start + _duration(one["offsetFromStart"]), _STAGES[one["state"]]) for one in hypnogram["sleepStateChanges"]]
    asleep = 0.0
    for (begin, stage), over in zip(changes, [*(at for at, _ in changes[1:]), end], strict=True):
        told.add("sleep_stage", begin, end=over, value_code=stage, how="vendor_derived")
        asleep += (over - begin).total_seconds() / 60 * (stage != "awake")
    told.add("sleep_minutes", start, asleep, end=end, how="vendor_derived")


SOURCES.add(NAME, Polar())
