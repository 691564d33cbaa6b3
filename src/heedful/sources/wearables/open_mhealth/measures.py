"""What the bodies of Open mHealth and IEEE 1752.1 data points measure, as observations in our units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from heedful.sources.wearables import beats
from heedful.sources.wearables.documents import shown
from heedful.sources.wearables.drafts import Rows
from heedful.sources.wearables.open_mhealth.verdict import is_stamp

STATISTIC = "a minimum, maximum or other statistic of a period"
_MINUTE_MS = 60_000
_MEANS = ("average", "mean", "count", "sum", "total")
"""Statistics that stand for a period as our values do."""
_PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (0, 6)}
"""Hours of a part of the day, as Open mHealth's part-of-day describes them."""

_MASS = {"kg": 1.0, "g": 1e-3, "lb": 0.45359237, "Metric Ton": 1e3, "Stone": 6.35029318, "oz": 0.028349523125}
_LENGTH_CM = {"cm": 1.0, "m": 100.0, "mm": 0.1, "in": 2.54, "ft": 30.48, "km": 1e5}
_LENGTH_M = {"m": 1.0, "km": 1e3, "cm": 0.01, "mi": 1609.344, "yd": 0.9144, "ft": 0.3048}
_MINUTES = {
    "sec": 1 / 60,
    "min": 1.0,
    "h": 60.0,
    "d": 1_440.0,
    "ms": 1 / 60_000,
    "us": 1 / 60_000_000,
    "ns": 1 / 60_000_000_000,
    "wk": 10_080.0,
}
_ENERGY = {"kcal": 1.0, "kJ": 1 / 4.184, "cal": 1e-3, "Cal": 1.0, "J": 1 / 4_184, "MJ": 239.005736137667}
_PULSE, _PERCENT, _PRESSURE = {"beats/min": 1.0}, {"%": 1.0}, {"mmHg": 1.0}


@dataclass(frozen=True)
class Measure:
    """A code, and what makes each unit that may be written ours. `is_duration`: a sum over its period, not a value at an instant."""

    code: str
    units: Mapping[str, float]
    how: str = "measured"


MEASURES: dict[str, Measure] = {
    "step_count": Measure("steps", {"steps": 1.0, "": 1.0}),
    "heart_rate": Measure("heart_rate", _PULSE),
    "body_weight": Measure("body_weight", _MASS),
    "body_height": Measure("body_height", _LENGTH_CM),
    "body_mass_index": Measure("body_mass_index", {"kg/m2": 1.0}),
    "body_fat_percentage": Measure("body_fat", _PERCENT),
    "blood_glucose": Measure("glucose", {"mg/dL": 1.0, "mmol/L": 18.016}),
    "systolic_blood_pressure": Measure("systolic_blood_pressure", _PRESSURE),
    "diastolic_blood_pressure": Measure("diastolic_blood_pressure", _PRESSURE),
    "body_temperature": Measure("body_temperature", {"C": 1.0, "F": 1.0, "K": 1.0}),
    "oxygen_saturation": Measure("oxygen_saturation", _PERCENT),
    "respiratory_rate": Measure("respiratory_rate", {"breaths/min": 1.0}),
    "kcal_burned": Measure("active_energy", _ENERGY, "vendor_derived"),
    "minutes_moderate_activity": Measure("exercise_minutes", _MINUTES, "vendor_derived"),
    "sleep_duration": Measure("sleep_minutes", _MINUTES, "vendor_derived"),
    "total_sleep_time": Measure("sleep_minutes", _MINUTES, "vendor_derived"),
    "rr_interval": Measure(beats.CODE, {"ms": 1.0}),
}
"""By the name of a body's member. Calories burned of a physical activity stay with the workout; an RR interval ends at its time."""


def observe(line: int, body: Mapping[str, Any], about: Mapping[str, Any], zone: ZoneInfo, rows: Rows, skipped: Counter[str]) -> int:
    """Adds what a body measures; `about`: person, device and how of all its rows. Returns how many members were measures."""
    start, end = _frame(body.get("effective_time_frame"), zone)
    statistic = body.get("descriptive_statistic")
    if "activity_name" in body:
        _workout(line, body, about, start, end, rows)
        return 1
    found = [(name, measure) for name, measure in MEASURES.items() if name in body]
    for name, measure in found:
        one_beat = measure.code == beats.CODE
        if isinstance(statistic, str) and (one_beat or statistic not in _MEANS):
            skipped[STATISTIC] += 1
            continue
        value, trouble = _value(name, body[name], measure)
        begin = end - timedelta(milliseconds=value) if one_beat and end and value and 0 < value < _MINUTE_MS else start
        rows.add(line, measure.code, begin, value, end=end, trouble=trouble, written=shown(body), **{"how": measure.how, **about})
    return len(found)


def _value(name: str, written: Any, measure: Measure) -> tuple[float | None, str | None]:
    number, unit = (written.get("value"), written.get("unit", "")) if isinstance(written, Mapping) else (written, "")
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None, f"{name} holds no number"
    if unit not in measure.units:
        return None, f"the unit {str(unit)[:30]!r} of {name} is none of {', '.join(one for one in measure.units if one)}"
    if measure.code == "body_temperature":
        return {"C": number, "F": (number - 32) / 1.8, "K": number - 273.15}[unit], None
    return number * measure.units[unit], None


def _workout(
    line: int, body: Mapping[str, Any], about: Mapping[str, Any], start: datetime | None, end: datetime | None, rows: Rows
) -> None:
    duration, trouble = _value("duration", body["duration"], Measure("workout", _MINUTES)) if "duration" in body else (None, None)
    if duration is None and start is not None and end is not None and trouble is None:
        duration = (end - start).total_seconds() / 60
    told = {"distance_m": _value("distance", body.get("distance"), Measure("", _LENGTH_M))[0],
            "energy_kcal": _value("kcal_burned", body.get("kcal_burned"), Measure("", _ENERGY))[0]}  # fmt: skip
    extra = shown({name: value for name, value in told.items() if value is not None})
    rows.add(line, "workout", start, duration, end=end, value_code=str(body["activity_name"]).lower()[:60], extra=extra, trouble=trouble,
             written=shown(body), **about)  # fmt: skip


def _frame(frame: Any, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Start and end of a time frame in any of its forms; None where it cannot be read."""
    if not isinstance(frame, Mapping):
        return None, None
    if "date_time" in frame:
        at = _stamp(frame["date_time"])
        return at, at
    interval = frame.get("time_interval")
    if not isinstance(interval, Mapping):
        return None, None
    start, end = _stamp(interval.get("start_date_time")), _stamp(interval.get("end_date_time"))
    length = interval.get("duration")
    if isinstance(length, Mapping) and (minutes := _value("duration", length, Measure("", _MINUTES))[0]) is not None:
        gap = timedelta(minutes=min(minutes, 1e7))
        return (start, start + gap) if start else (end - gap, end) if end else (None, None)
    if isinstance(interval.get("date"), str) and interval.get("part_of_day") in _PARTS:
        return _part(interval["date"], interval["part_of_day"], zone)
    return start, end


def _part(day: str, part: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    try:
        midnight = datetime.combine(date.fromisoformat(day), time(), zone)
    except ValueError:
        return None, None
    first, last = _PARTS[part]
    return midnight + timedelta(hours=first), midnight + timedelta(hours=last)


def _stamp(written: Any) -> datetime | None:
    if not isinstance(written, str) or not is_stamp(written):
        return None
    try:
        return datetime.fromisoformat(written.replace("t", "T").replace("z", "Z"))
    except ValueError:
        return None
