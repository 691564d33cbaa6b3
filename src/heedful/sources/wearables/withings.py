"""Answers of Withings' public API as JSON: measures, activity, sleep, nights and workouts; one file, a folder or a zip of them.

Measures are value x 10^unit. A goal (category 2) is no measurement; a measure that the scale could not assign to one person
(attrib 1) is left out, for it may be another's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import document, instant, named_zone, objects, shown
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share

GOAL = "a goal, not a measurement"
ANOTHERS = "a measure that may be another person's: the device was not sure whose it is"
NO_CODE = "a measure without a code"
_TYPES = {
    1: ("body_weight", 1.0), 4: ("body_height", 100.0), 6: ("body_fat", 1.0), 9: ("diastolic_blood_pressure", 1.0),
    10: ("systolic_blood_pressure", 1.0), 11: ("heart_rate", 1.0), 12: ("body_temperature", 1.0), 54: ("oxygen_saturation", 1.0),
    71: ("body_temperature", 1.0), 73: ("skin_temperature", 1.0), 123: ("vo2max", 1.0),
}  # fmt: skip
"""Withings' numbers of what is measured: our code, and what makes its unit ours."""
_DERIVED = ("body_fat", "vo2max")
_MANUAL = (2, 4)
_STATES = {0: "awake", 1: "light", 2: "deep", 3: "rem", 4: "asleep"}
_PULSES = {"hr": "heart_rate", "rr": "respiratory_rate", "sdnn_1": "hrv_sdnn", "rmssd": "hrv_rmssd"}
_DAILY = {"steps": ("steps", 1.0), "distance": ("distance", 1.0), "elevation": ("floors", 1.0), "calories": ("active_energy", 1.0),
          "totalcalories": ("total_energy", 1.0), "active": ("exercise_minutes", 1 / 60)}  # fmt: skip
_NIGHTLY = {"total_sleep_time": ("sleep_minutes", 1 / 60), "total_timeinbed": ("time_in_bed", 1 / 60)}
_SPORTS = {
    1: "walking", 2: "running", 3: "hiking", 4: "skating", 5: "bmx", 6: "cycling", 7: "swimming", 8: "surfing", 12: "tennis",
    13: "table_tennis", 14: "squash", 15: "badminton", 16: "weight_lifting", 17: "calisthenics", 18: "elliptical", 19: "pilates",
    20: "basketball", 21: "soccer", 24: "volleyball", 26: "horseback_riding", 27: "golf", 28: "yoga", 29: "dancing", 30: "boxing",
    33: "martial_arts", 34: "skiing", 35: "snowboarding", 36: "other", 187: "rowing", 188: "zumba", 195: "climbing",
    306: "indoor_walking", 307: "indoor_running", 308: "indoor_cycling",
}  # fmt: skip
_CODES = tuple(
    sorted(
        {code for code, _ in (*_TYPES.values(), *_DAILY.values(), *_NIGHTLY.values())} | set(_PULSES.values()) | {"sleep_stage", "workout"}
    )
)
_MARKS = (b'"measuregrps"', b'"grpid"', b'"hash_deviceid"', b'"hr_zone_0"')
_GOALS = re.compile(rb'\s*\{\s*"status"\s*:\s*0\s*,\s*"body"\s*:\s*\{\s*"goals"')


class Withings:
    """Reads answers about one person, `Options.subject`."""

    card = SourceCard(
        name="wearables.withings",
        says="answers of Withings' API as JSON: scales, blood pressure, sleep mats and watches",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are Unix seconds; the local day by the zone that the answer names, else by the declared zone.",
        terms="The person's own data, fetched with the person's permission; Withings' terms for developers hold.",
        tested_on="real form: 14 recorded answers of python-withings; the export of the app (CSV) is not read",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By names that only Withings' answers bear; a folder or zip if most of its files are such."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if (head.lstrip()[:1] in (b"{", b"[") and any(mark in head for mark in _MARKS)) or _GOALS.match(head) else 0.0
        return 0.85 if share(path, _is_json, lambda head: any(mark in head for mark in _MARKS)) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if a file is no answer, or an answer of refusal."""
        with opened(path, _is_json) as parts:
            if not parts:
                raise SourceError(path, "there is no JSON file in it", "Give the answers of the API, each as a .json file.")
            drafts = of_parts(parts, lambda part: _draft(part, options))
            yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _draft(part: Part, options: Options) -> Draft:
    answer = document(part)
    if isinstance(answer, dict) and answer.get("status", 0) != 0:
        raise SourceError(part.place, f"the answer is a refusal (status {str(answer['status'])[:20]})", "Ask the API again.")
    body: Any = answer.get("body", answer) if isinstance(answer, dict) else {"measuregrps": answer}
    if not isinstance(body, dict):
        raise SourceError(part.place, "it is no answer of Withings' API: it has no body", "Give the answer as it came.")
    draft = Draft(part.name, Rows().table())
    rows, unread, told = Rows(), list[tuple[int, str, str | bytes | None]](), False
    for name, read in (("measuregrps", _measures), ("activities", _activity), ("series", _series)):
        told |= isinstance(body.get(name), list)
        for number, record, raw in objects(body.get(name)):
            try:
                if record is None:
                    raise TypeError("it is no object")
                read(number, record, {"zone": body.get("timezone"), "otherwise": options.zone}, rows, draft.skipped)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                unread.append((number, f"the record cannot be read ({type(error).__name__}: {str(error)[:80]})", shown(raw)))
    if not told and not {"devices", "goals"} & set(body):
        raise SourceError(part.place, "it is no answer of Withings' API that holds observations", "Give answers on measures or sleep.")
    draft.aside.update({f"answer without observations: {name}": 1 for name in ("devices", "goals") if name in body})
    draft.rows, draft.unread = rows.table(), unread
    return draft


def _device(record: dict[str, Any]) -> str:
    model = record.get("model")
    return f"Withings {model}" if isinstance(model, str) and model else "Withings"


def _measures(number: int, group: dict[str, Any], about: dict[str, Any], rows: Rows, skipped: Counter[str]) -> None:
    at, measures = instant(group["date"], named_zone(about["zone"], about["otherwise"])), group["measures"]
    if not isinstance(measures, list):
        raise TypeError("measures is no list")
    reason = GOAL if group.get("category") == 2 else ANOTHERS if group.get("attrib") == 1 else ""
    for measure in measures:
        # Part by part, so that one that cannot be read takes none of the others with it.
        kind, value, exponent = (measure.get(name) if isinstance(measure, dict) else None for name in ("type", "value", "unit"))
        code, factor = _TYPES.get(kind, ("", 1.0)) if isinstance(kind, int) else ("", 1.0)
        if reason or not code:
            skipped[reason or NO_CODE] += 1
            continue
        how = "self_reported" if group.get("attrib") in _MANUAL else "vendor_derived" if code in _DERIVED else "measured"
        rows.add(number, code, at, _scaled(value, exponent, factor), how=how, device=_device(group), written=shown(measure))


def _scaled(value: Any, exponent: Any, factor: float) -> float | None:
    """value x 10^exponent in our unit; None where either is no whole number, or the exponent none of a measure."""
    if not isinstance(value, int) or not isinstance(exponent, int) or abs(exponent) > 12:
        return None
    # Dividing keeps 70500 x 10^-3 at exactly 70.5.
    return float(value * factor / 10**-exponent)


def _activity(number: int, day: dict[str, Any], about: dict[str, Any], rows: Rows, skipped: Counter[str]) -> None:
    zone = named_zone(day.get("timezone") or about["zone"], about["otherwise"])
    start = datetime.fromisoformat(day["date"]).replace(tzinfo=zone)
    for name, (code, factor) in _DAILY.items():
        if day.get(name) is not None:
            end = (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
            how = "measured" if code in ("steps", "distance", "floors") else "vendor_derived"
            rows.add(number, code, start, day[name] * factor, end=end, how=how, device=_device({}), written=f"{name} {day[name]}")


def _series(number: int, one: dict[str, Any], about: dict[str, Any], rows: Rows, skipped: Counter[str]) -> None:
    zone = named_zone(one.get("timezone") or about["zone"], about["otherwise"])
    start, end = instant(one["startdate"], zone), instant(one["enddate"], zone)
    if "state" in one:
        _stretch(number, one, start, end, rows)
    elif "category" in one:
        _workout(number, one, start, end, rows)
    else:
        for name, (code, factor) in _NIGHTLY.items():
            if one["data"].get(name) is not None:
                rows.add(number, code, start, one["data"][name] * factor, end=end, how="vendor_derived", device=_device(one))


def _stretch(number: int, one: dict[str, Any], start: datetime | None, end: datetime | None, rows: Rows) -> None:
    trouble = None if one["state"] in _STATES else f"the state of sleep {str(one['state'])[:20]} is not known"
    rows.add(number, "sleep_stage", start, end=end, value_code=_STATES.get(one["state"]), how="vendor_derived", device=_device(one),
             trouble=trouble)  # fmt: skip
    for name, code in _PULSES.items():
        for second, value in (one.get(name) or {}).items():
            rows.add(number, code, instant(int(second), start.tzinfo if start else None), value, device=_device(one))


def _workout(number: int, one: dict[str, Any], start: datetime | None, end: datetime | None, rows: Rows) -> None:
    pause = one["data"].get("pause_duration") or 0
    minutes = (one["enddate"] - one["startdate"] - pause) / 60
    sport = _SPORTS.get(one["category"], f"category {one['category']}")
    told = {"distance_m": one["data"].get("distance"), "energy_kcal": one["data"].get("calories"), "steps": one["data"].get("steps")}
    extra = shown({name: value for name, value in told.items() if value is not None})
    rows.add(number, "workout", start, minutes, end=end, value_code=sport, extra=extra, device=_device({}))


SOURCES.add(Withings.card.name, Withings())
