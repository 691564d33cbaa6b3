"""Answers of services that Open mHealth's Shimmer fetches: Google Fit, iHealth, Jawbone, Misfit, Moves and RunKeeper, as JSON.

iHealth writes local time as if it were Unix seconds, with the offset beside it; its field HoursSlept holds minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from heedful.core.codes import CODES
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.api_records import Reader, Record, Told, read_json, recognised
from heedful.sources.wearables.documents import instant, named_zone, shown, stamped

NAME = "wearables.shimmer"
NO_CODE = "record of a kind without a code"
NOTHING = "record in which nothing was measured: zeros alone"
PER_MMOL = 18.0156
_POUND, _STONE = 0.45359237, 6.35029318
_GOOGLE = {"com.google.heart_rate.bpm": ("heart_rate", 1.0), "com.google.step_count.delta": ("steps", 1.0),
           "com.google.weight": ("body_weight", 1.0), "com.google.height": ("body_height", 100.0),
           "com.google.calories.expended": ("total_energy", 1.0), "com.google.distance.delta": ("distance", 1.0)}  # fmt: skip
_GOOGLE_SLEEP = {72: "asleep", 109: "light", 110: "deep", 111: "rem", 112: "awake"}
_CODES = ("active_energy", "body_fat", "body_height", "body_mass_index", "body_weight", "diastolic_blood_pressure", "distance", "glucose",
          "heart_rate", "oxygen_saturation", "sleep_minutes", "sleep_stage", "steps", "systolic_blood_pressure", "total_energy",
          "workout")  # fmt: skip
_MARKS = (b'"dataSourceId"', b'DataList"', b'"user_xid"', b'"time_created"', b'"sleepDetails"', b'"summary":[{"activity"', b'"lastUpdate"',
          b'"fitnessActivities/', b'/fitnessActivities/', b'"startTimeNanos"')  # fmt: skip


class Shimmer:
    """Reads answers about one person, `Options.subject`."""

    card = SourceCard(
        name=NAME,
        says="answers of Google Fit, iHealth, Jawbone, Misfit, Moves or RunKeeper as Open mHealth's Shimmer fetches them",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="By the offset or zone that a record names, else by the declared zone.",
        terms="The person's own data, fetched with the person's permission; the services' terms hold.",
        tested_on="real form: the answers in Shimmer's tests; RunKeeper, Moves, Misfit and Jawbone have closed or changed since",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By names that only these answers bear."""
        return recognised(path, head, lambda one: one[:1] in (b"{", b"[") and any(mark in _tight(one) for mark in _MARKS))

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is no such answer; `SettingsError`."""
        yield from read_json(path, options, known_at, cursor, _found, "unknown", NAME)


def _tight(head: bytes) -> bytes:
    return head[:8_192].translate(None, b" \r\n\t")


def _found(answer: Any) -> Iterator[tuple[Any, Reader | None]]:
    if isinstance(answer, list):
        for day in answer:
            if day.get("segments"):
                yield from ((one, _moves) for segment in day["segments"] for one in segment.get("activities") or ())
            yield from ((one, partial(_moves_day, day["date"], bool(day.get("segments")))) for one in day.get("summary") or ())
        if not answer or not any(day.get("segments") or day.get("summary") for day in answer):
            yield "answer without records", None
        return
    data = answer.get("data")
    lists: list[tuple[Any, Reader]] = [(answer.get("point"), _google), (answer.get("sleeps"), _misfit), (answer.get("items"), _runkeeper)]
    lists += [(answer.get(name), read) for name, read in _IHEALTH.items()]
    lists += [(data.get("items") if isinstance(data, dict) else None, _jawbone)]
    for held, read in lists:
        if isinstance(held, list):
            yield from ((one, read) for one in held)
            if not held:
                yield "answer without records", None
    if "dataSourceId" in answer and "point" not in answer:
        yield "answer without records", None


def _google(record: Record, told: Told) -> None:
    start, end = instant(int(record["startTimeNanos"]) / 1e9, told.zone), instant(int(record["endTimeNanos"]) / 1e9, told.zone)
    held = record["value"][0]
    value = held.get("fpVal", held.get("intVal"))
    origin = str(record.get("originDataSourceId", ""))
    how = "self_reported" if origin.endswith(("user_input", "UserInput")) else "measured"
    kind = record["dataTypeName"]
    if kind in _GOOGLE:
        code, factor = _GOOGLE[kind]
        told.add(code, start, value * factor, end=end, how="vendor_derived" if code == "total_energy" else how, device="Google Fit")
    elif kind == "com.google.activity.segment" and value in _GOOGLE_SLEEP:
        told.add("sleep_stage", start, end=end, value_code=_GOOGLE_SLEEP[value], how="vendor_derived", device="Google Fit")
    else:
        told.skipped[NO_CODE] += 1


def _local(seconds: Any, written: Any) -> datetime:
    """iHealth's time: local, written as if it were Unix seconds."""
    sign = -1 if str(written).startswith("-") else 1
    digits = str(written).lstrip("+-")
    if len(digits) != 4 or not digits.isdigit():
        raise ValueError(f"{written!r} is no offset such as -0800")
    zone = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=zone)


def _manual(record: Record) -> str:
    return "self_reported" if record.get("DataSource") == "Manual" else "measured"


def _ihealth(codes: tuple[tuple[str, str, float], ...], record: Record, told: Told) -> None:
    at, measured = _local(record["MDate"], record["TimeZone"]), False
    for name, code, factor in codes:
        value = record.get(name)
        if value is None or (value == 0 and name in ("HR", "BO", "FatValue", "BMI", "WeightValue")):
            continue
        measured = True
        told.add(code, at, value * factor, how="vendor_derived" if code == "body_mass_index" else _manual(record), device="iHealth")
    if not measured:
        told.skipped[NOTHING] += 1


def _pressure(record: Record, told: Told) -> None:
    factor = 7.50062 if record.get("BPUnit", 0) == 1 else 1.0
    _ihealth(
        (("HP", "systolic_blood_pressure", factor), ("LP", "diastolic_blood_pressure", factor), ("HR", "heart_rate", 1.0)), record, told
    )


def _sugar(record: Record, told: Told) -> None:
    _ihealth((("BG", "glucose", PER_MMOL if record.get("BGUnit", 0) == 1 else 1.0),), record, told)


def _scale(record: Record, told: Told) -> None:
    factor = {0: 1.0, 1: _POUND, 2: _STONE}[record.get("WeightUnit", 0)]
    _ihealth((("WeightValue", "body_weight", factor), ("FatValue", "body_fat", 1.0), ("BMI", "body_mass_index", 1.0)), record, told)


def _ihealth_day(record: Record, told: Told) -> None:
    start = _local(record["MDate"], record["TimeZone"]).replace(hour=0, minute=0, second=0)
    told.add("steps", start, record["Steps"], end=start + timedelta(days=1), how=_manual(record), device="iHealth")


def _ihealth_sleep(record: Record, told: Told) -> None:
    start, end = _local(record["StartTime"], record["TimeZone"]), _local(record["EndTime"], record["TimeZone"])
    told.add("sleep_minutes", start, record["HoursSlept"], end=end, how="vendor_derived", device="iHealth")


def _sport(record: Record, told: Told) -> None:
    start, end = _local(record["SportStartTime"], record["TimeZone"]), _local(record["SportEndTime"], record["TimeZone"])
    minutes, sport = (end - start).total_seconds() / 60, str(record["SportName"]).lower()
    told.add("workout", start, minutes, end=end, value_code=sport, how=_manual(record), device="iHealth")


_IHEALTH: dict[str, Reader] = {
    "BPDataList": _pressure, "BGDataList": _sugar, "WeightDataList": _scale, "ARDataList": _ihealth_day, "SRDataList": _ihealth_sleep,
    "BODataList": partial(_ihealth, (("BO", "oxygen_saturation", 1.0), ("HR", "heart_rate", 1.0))), "SPORTDataList": _sport,
}  # fmt: skip


def _misfit(record: Record, told: Told) -> None:
    start = stamped(record["startTime"], told.zone)
    if start is None:
        raise ValueError("startTime is no time")
    end, details = start + timedelta(seconds=float(record["duration"])), record["sleepDetails"]
    times = [stamped(one["datetime"], told.zone) for one in details] + [end]
    asleep = 0.0
    for one, begin, over in zip(details, times[:-1], times[1:], strict=True):
        stage = {1: "awake", 2: "light", 3: "deep"}[one["value"]]
        if begin is None or over is None:
            raise ValueError("a stage has no time")
        asleep += (over - begin).total_seconds() / 60 * (stage != "awake")
        told.add("sleep_stage", begin, end=over, value_code=stage, how="vendor_derived", device="Misfit")
    told.add("sleep_minutes", start, asleep, end=end, how="vendor_derived", device="Misfit")


def _moves(record: Record, told: Told) -> None:
    start, end = (datetime.strptime(record[name], "%Y%m%dT%H%M%S%z") for name in ("startTime", "endTime"))
    if not record.get("steps"):
        told.skipped[NO_CODE] += 1
        return
    told.add("steps", start, record["steps"], end=end, device="Moves")


def _moves_day(day: str, finer: bool, record: Record, told: Told) -> None:
    if finer or not record.get("steps"):
        told.skipped["day's total of which the answer holds the parts" if finer else NO_CODE] += 1
        return
    start = datetime.strptime(day, "%Y%m%d").replace(tzinfo=told.zone)
    end = (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=told.zone)
    told.add("steps", start, record["steps"], end=end, device=f"Moves {str(record['activity'])[:40]}")


def _runkeeper(record: Record, told: Told) -> None:
    naive = datetime.strptime(record["start_time"], "%a, %d %b %Y %H:%M:%S")
    offset = record.get("utc_offset")
    start = naive.replace(tzinfo=timezone(timedelta(hours=offset)) if isinstance(offset, int | float) else told.zone)
    minutes = float(record["duration"]) / 60
    extra = {"distance_m": record.get("total_distance"), "energy_kcal": record.get("total_calories")}
    told.add("workout", start, minutes, end=start + timedelta(minutes=minutes), value_code=str(record["type"]).lower().replace(" ", "_"),
             how="self_reported" if record.get("entry_mode") == "Web" else "measured", device="RunKeeper", extra=shown(extra))  # fmt: skip


def _jawbone(record: Record, told: Told) -> None:
    details = record.get("details") or {}
    zone = named_zone(details.get("tz"), str(told.zone))
    start, end = instant(record.get("time_created"), zone), instant(record.get("time_completed"), zone)
    kind = record.get("type") or ("sleep" if "asleep_time" in details else "move" if "hourly_totals" in details else "")
    if kind == "body":
        for name, code in (("weight", "body_weight"), ("body_fat", "body_fat"), ("bmi", "body_mass_index")):
            if record.get(name):
                told.add(code, start, record[name], how="self_reported", device="Jawbone")
    elif kind == "move":
        for hour, total in sorted((details.get("hourly_totals") or {}).items()):
            begin = datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=zone)
            told.add("steps", begin, total["steps"], end=begin + timedelta(hours=1), device="Jawbone")
    elif kind == "sleep":
        asleep = (details["duration"] - details["awake"]) / 60
        told.add("sleep_minutes", start, asleep, end=end, how="vendor_derived", device="Jawbone")
    elif kind == "workout":
        minutes = (end - start).total_seconds() / 60 if start and end else None
        told.add("workout", start, minutes, end=end, value_code=str(record.get("title") or "other").lower()[:60], device="Jawbone")
    else:
        told.skipped[NO_CODE] += 1


SOURCES.add(NAME, Shimmer())
