"""Answers of Fitbit's Web API as JSON: activity by day and minute, heart rate, sleep, weight, oxygen, breathing, temperature, workouts.

Times are local without offset. Units are metric, as the API gives them without a header Accept-Language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from heedful.core.codes import CODES
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.api_records import Reader, Record, Told, read_json, recognised
from heedful.sources.wearables.documents import shown, stamped
from heedful.sources.wearables.fitbit_sleep import stretches

NAME = "wearables.fitbit_api"
FINER = "day's total of which the answer holds the minutes"
NO_VALUE = "day without a value"
_CLOCK = re.compile(r"(\d\d):(\d\d)")
_SERIES = {"steps": ("steps", 1.0), "distance": ("distance", 1_000.0), "floors": ("floors", 1.0), "calories": ("total_energy", 1.0),
           "activityCalories": ("active_energy", 1.0), "caloriesBMR": ("basal_energy", 1.0)}  # fmt: skip
_MINUTES = {"1": "asleep", "2": "awake", "3": "awake"}
_NIGHTLY = {"spo2": ("avg", "oxygen_saturation"), "hrv": ("dailyRmssd", "hrv_rmssd"), "br": ("breathingRate", "respiratory_rate"),
            "tempSkin": ("nightlyRelative", "skin_temperature")}  # fmt: skip
_DERIVED = ("total_energy", "active_energy", "basal_energy", "resting_heart_rate", "sleep_minutes", "time_in_bed", "body_mass_index")
CODES_READ = tuple(sorted({*(code for code, _ in _SERIES.values()), *(code for _, code in _NIGHTLY.values()), "heart_rate",
                       "resting_heart_rate", "sleep_stage", "sleep_minutes", "time_in_bed", "body_weight", "body_mass_index",
                       "body_fat", "workout"}))  # fmt: skip
_MARKS = (b'"activities-', b'"activityParentId"', b'"minutesAsleep"', b'"dailyRmssd"', b'"nightlyRelative"', b'"totalMinutesAsleep"',
          b'"breathingRate"')  # fmt: skip


class FitbitApi:
    """Reads answers about one person, `Options.subject`."""

    card = SourceCard(
        name=NAME,
        says="answers of Fitbit's Web API as JSON: activity, heart rate, sleep, weight and workouts",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: of the declared zone.",
        terms="The person's own data, fetched with the person's permission; Fitbit's terms for developers hold.",
        tested_on="real form: 9 answers of Shimmer's tests; oxygen, breathing, temperature and variability are untested on real files; "
        "other units than metric are not told apart",
        codes=CODES_READ,
        units=tuple(sorted({CODES[code].unit for code in CODES_READ})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By names that only these answers bear; Takeout's files of such records are lists, answers are objects."""
        return recognised(path, head, _ours)

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is no answer; `SettingsError`."""
        yield from read_json(path, options, known_at, cursor, records_of, "Fitbit", NAME)


def _ours(head: bytes) -> bool:
    tight = head[:8_192].translate(None, b" \r\n\t")
    named = any(mark in tight for mark in _MARKS) or tight.startswith(b'{"sleep":[')
    return head[:1] == b"{" and (named or (tight.startswith((b'{"weight":[', b'{"fat":[')) and b'"logId"' in tight))


def records_of(answer: Any) -> Iterator[tuple[Any, Reader | None]]:
    """The records of an answer, each with its reader; None for those that are left out by name, given as a text."""
    for name, held in answer.items():
        kind = name.removeprefix("activities-")
        if kind != name and kind.endswith("-intraday"):
            days = answer.get(name.removesuffix("-intraday")) or [{}]
            begun = stamp_day(days[0])
            apart = int(held["datasetInterval"]) if "datasetInterval" in held else _minutes_apart(held["dataset"])
            for one in held["dataset"]:
                yield one, partial(_minute, kind.removesuffix("-intraday"), begun, apart)
        elif kind != name and isinstance(held, list):
            finer = bool((answer.get(f"{name}-intraday") or {}).get("dataset"))
            for one in held:
                yield one, _pulse_day if kind == "heart" else partial(_day, kind, finer)
            if not held:
                yield f"answer without records: {name}", None
        elif name in _READERS and isinstance(held, list):
            for one in held:
                yield one, _READERS[name]
            if not held:
                yield f"answer without records: {name}", None
        elif name in _NIGHTLY and isinstance(held, list):
            for one in held:
                yield one, partial(_night, *_NIGHTLY[name])
        elif isinstance(held, list):
            yield f"list that is not read: {name}", None


def _minutes_apart(samples: list[Any]) -> int:
    """The smallest step between samples: in an answer that breaks off, what tells their length stood behind them."""
    told = [_CLOCK.match(str(one.get("time"))) for one in samples if isinstance(one, dict)]
    minutes = sorted({60 * int(one[1]) + int(one[2]) for one in told if one})
    return min((later - sooner for sooner, later in pairwise(minutes)), default=1)


def stamp_day(record: Record) -> str:
    """The day that a total is of."""
    return str(record["dateTime"])[:10]


def _how(code: str) -> str:
    return "vendor_derived" if code in _DERIVED else "measured"


def _day(kind: str, finer: bool, record: Record, told: Told) -> None:
    if kind not in _SERIES or finer:
        told.skipped[FINER if finer else f"series without a code: {kind[:40]}"] += 1
        return
    code, factor = _SERIES[kind]
    start = stamped(stamp_day(record), told.zone)
    end = datetime.combine(start.date() + timedelta(days=1), start.timetz()) if start else None
    told.add(code, start, float(record["value"]) * factor, end=end, how=_how(code))


def _minute(kind: str, day: str, minutes: int, record: Record, told: Told) -> None:
    start = stamped(f"{day}T{record['time']}", told.zone)
    if kind == "heart":
        told.add("heart_rate", start, record["value"])
    elif kind in _SERIES and start:
        code, factor = _SERIES[kind]
        told.add(code, start, float(record["value"]) * factor, end=start + timedelta(minutes=minutes), how=_how(code))
    else:
        told.skipped[f"series without a code: {kind[:40]}"] += 1


def _pulse_day(record: Record, told: Told) -> None:
    value = record.get("value")
    resting = value.get("restingHeartRate") if isinstance(value, dict) else None
    if not resting:
        told.skipped[NO_VALUE] += 1
        return
    told.add("resting_heart_rate", stamped(stamp_day(record), told.zone), resting, how="vendor_derived")


def _sleep(record: Record, told: Told) -> None:
    start, end = stamped(record["startTime"], told.zone), stamped(record.get("endTime"), told.zone)
    if start is None:
        raise ValueError(f"startTime {record['startTime']!r} is no time")
    end = end or start + timedelta(milliseconds=float(record["duration"]))
    if "levels" in record:
        for begin, over, stage in stretches(record):
            told.add(
                "sleep_stage", begin.replace(tzinfo=told.zone), end=over.replace(tzinfo=told.zone), value_code=stage, how="vendor_derived"
            )
    for value, begun, count in _runs(record.get("minuteData") or ()):
        begin = start + timedelta(minutes=begun)
        told.add("sleep_stage", begin, end=begin + timedelta(minutes=count), value_code=_MINUTES[value], how="vendor_derived")
    told.add("sleep_minutes", start, record["minutesAsleep"], end=end, how="vendor_derived")
    if record.get("timeInBed") is not None:
        told.add("time_in_bed", start, record["timeInBed"], end=end, how="vendor_derived")


def _runs(minutes: Any) -> Iterator[tuple[str, int, int]]:
    begin = 0
    for place in range(1, len(minutes) + 1):
        if place == len(minutes) or minutes[place]["value"] != minutes[begin]["value"]:
            yield str(minutes[begin]["value"]), begin, place - begin
            begin = place


def _weight(record: Record, told: Told) -> None:
    at = stamped(f"{record['date']}T{record.get('time', '00:00:00')}", told.zone)
    how = "self_reported" if record.get("source", "API") in ("API", "Web") else "measured"
    for name, code in (("weight", "body_weight"), ("bmi", "body_mass_index"), ("fat", "body_fat")):
        if record.get(name) is not None:
            told.add(code, at, record[name], how=_how(code) if _how(code) != "measured" else how)


def _workout(record: Record, told: Told) -> None:
    clock = record.get("startTime") or "00:00"
    start = stamped(clock if "T" in clock else f"{record['startDate']}T{clock}", told.zone)
    minutes = float(record["duration"]) / 60_000 if record.get("duration") is not None else None
    extra = {"energy_kcal": record.get("calories"), "steps": record.get("steps")}
    how = "measured" if record.get("logType") in ("auto_detected", "tracker", "mobile_run") else "self_reported"
    told.add("workout", start, minutes, end=start + timedelta(minutes=minutes or 0) if start else None, how=how,
             value_code=str(record.get("activityParentName") or record.get("activityName") or record.get("name")).lower().replace(" ", "_"),
             extra=shown({name: value for name, value in extra.items() if value is not None}))  # fmt: skip


def _night(key: str, code: str, record: Record, told: Told) -> None:
    value = record["value"][key] if isinstance(record["value"], dict) else None
    if value is None:
        told.skipped[NO_VALUE] += 1
        return
    extra = '{"is":"deviation"}' if code == "skin_temperature" else None
    told.add(code, stamped(stamp_day(record), told.zone), value, how="vendor_derived", extra=extra)


_READERS: dict[str, Reader] = {"sleep": _sleep, "weight": _weight, "fat": _weight, "activities": _workout}

SOURCES.add(NAME, FitbitApi())
