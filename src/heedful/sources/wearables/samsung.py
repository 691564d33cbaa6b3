"""Samsung Health's "download personal data": a folder of CSV files, each with a line of its type above the header.

Times are UTC, with the person's offset beside them (time_offset, such as UTC+0200). Columns may bear the type before their name.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.api_records import BROKEN, Told
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share

NAME = "wearables.samsung"
PARTIAL = "day's steps of one of several sources, which the day's sum holds"
NO_VALUE = "row without a value"
_KIND = re.compile(rb"com\.samsung\.s?health\.[\w.]+")
_OFFSET = re.compile(r"UTC([+-])(\d\d):?(\d\d)")
_STAGES = {"40001": "awake", "40002": "light", "40003": "deep", "40004": "rem"}
_CODES = ("body_fat", "body_height", "body_weight", "diastolic_blood_pressure", "distance", "floors", "glucose", "heart_rate",
          "oxygen_saturation", "sleep_minutes", "sleep_stage", "steps", "stress_score", "systolic_blood_pressure",
          "workout")  # fmt: skip
_CURE = "Download it again in Samsung Health (Settings, Download personal data)."
Record = Mapping[str, str]


class Samsung:
    """Reads the folder or zip of one person, `Options.subject`, or one file of it."""

    card = SourceCard(
        name=NAME,
        says="Samsung Health's download of personal data: CSV files such as com.samsung.shealth.tracker.heart_rate",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are UTC with the row's own offset (time_offset); a row without one has the declared zone.",
        terms="The person's own data; comments and names of devices in it are not read.",
        tested_on="untested on real files: written after public descriptions of the files; minutes in its jsons folder are not read",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the type in the first line; a folder or zip if most of its CSV files are such."""
        if path.is_file() and not is_zip(path, head):
            return 0.95 if _kind(head) else 0.0
        return 0.85 if share(path, _is_csv, lambda head: bool(_kind(head))) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if no file of Samsung Health is there; `SettingsError`."""
        if options.settings:
            raise SettingsError(f"{path}: {NAME} has no settings of its own, but {sorted(options.settings)} are declared.")
        with opened(path, _is_csv) as parts:
            if not parts:
                raise SourceError(path, "there is no CSV file in it", _CURE)
            drafts = of_parts(parts, lambda part: _draft(part, options))
            yield from batches(drafts, options, known_at, cursor, sum(part.size for part in parts))


def _is_csv(name: str) -> bool:
    return name.endswith(".csv")


def _kind(head: bytes) -> str:
    found = _KIND.match(head.removeprefix(b"\xef\xbb\xbf"))
    return found[0].decode() if found else ""


def _draft(part: Part, options: Options) -> Draft:
    data = part.bytes()
    kind = _kind(data)
    if not kind:
        raise SourceError(part.place, "its first line names no type of Samsung Health", _CURE, 1)
    read = next((one for ending, one in _READERS.items() if kind.endswith(ending)), None)
    if read is None:
        return Draft(part.name, Rows().table(), aside=Counter({f"type that is not read: {kind}": 1}))
    told, unread = Told(ZoneInfo(options.zone), device="Samsung Health"), list[tuple[int, str, str | bytes | None]]()
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig", "replace").replace("\0", "")))
    try:
        next(lines)
        names = [name.strip().rsplit(".", 1)[-1] for name in next(lines, [])]
        if not names:
            raise SourceError(part.place, "it has no header below its type", _CURE, 2)
        for cells in lines:
            told.number = lines.line_num
            # Rows end in a comma, so that they have a cell more than the header.
            if not len(names) <= len(cells) <= len(names) + 1:
                if cells:
                    unread.append((told.number, f"the line has another number of cells than the header's {len(names)}; {_CURE}", None))
                continue
            record = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
            try:
                read(record, told)
            except BROKEN as error:
                why = f"the row cannot be read ({type(error).__name__}: {str(error)[:80]}); {_CURE}"
                unread.append((told.number, why, ",".join(cells)[:500]))
    except csv.Error as error:
        raise SourceError(part.place, f"its lines cannot be told apart ({error})", _CURE, lines.line_num) from error
    return Draft(part.name, told.rows.table(), unread, told.skipped)


def _at(written: str, record: Record, told: Told) -> datetime:
    """A time of a row: Unix milliseconds or a UTC time, shown in the row's own offset."""
    plain = written.strip()
    at = datetime.fromtimestamp(int(plain) / 1_000, UTC) if plain.lstrip("-").isdigit() else datetime.fromisoformat(plain)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    offset = _OFFSET.fullmatch(record.get("time_offset", ""))
    if offset is None:
        return at.astimezone(told.zone)
    gap = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return at.astimezone(timezone(-gap if offset[1] == "-" else gap))


def _ended(record: Record, told: Told) -> datetime | None:
    return _at(record["end_time"], record, told) if record.get("end_time") else None


def _simple(*values: tuple[str, str, float], spans: bool = False, how: str = "measured") -> Callable[[Record, Told], None]:
    """A reader of rows whose columns are values: name, code and factor; `spans`: over an interval."""

    def read(record: Record, told: Told) -> None:
        start = _at(record["start_time"], record, told)
        for name, code, factor in values:
            if record.get(name):
                told.add(code, start, float(record[name]) * factor, end=_ended(record, told) if spans else None, how=how)
            else:
                told.skipped[NO_VALUE] += 1

    return read


def _day(record: Record, told: Told) -> None:
    if record.get("source_type", "-2") != "-2":
        told.skipped[PARTIAL] += 1
        return
    written = record["day_time"]
    at = datetime.fromtimestamp(int(written) / 1_000, UTC) if written.lstrip("-").isdigit() else datetime.fromisoformat(written)
    # The day is written as midnight UTC, wherever the person was.
    start = datetime(at.year, at.month, at.day, tzinfo=told.zone)
    end = (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=told.zone)
    told.add("steps", start, float(record["count"]), end=end)


def _stage(record: Record, told: Told) -> None:
    stage = _STAGES[record["stage"]]
    told.add("sleep_stage", _at(record["start_time"], record, told), end=_ended(record, told), value_code=stage, how="vendor_derived")


def _sleep(record: Record, told: Told) -> None:
    start, end = _at(record["start_time"], record, told), _ended(record, told)
    minutes = float(record["sleep_duration"]) if record.get("sleep_duration") else (end - start).total_seconds() / 60 if end else None
    told.add("sleep_minutes", start, minutes, end=end, how="vendor_derived")


def _workout(record: Record, told: Told) -> None:
    start, end = _at(record["start_time"], record, told), _ended(record, told)
    minutes = float(record["duration"]) / 60_000 if record.get("duration") else (end - start).total_seconds() / 60 if end else None
    told.add("workout", start, minutes, end=end, value_code=f"exercise type {record.get('exercise_type', '')[:20]}")


_READERS: dict[str, Callable[[Record, Told], None]] = {
    "tracker.heart_rate": _simple(("heart_rate", "heart_rate", 1.0)),
    "health.heart_rate": _simple(("heart_rate", "heart_rate", 1.0)),
    "tracker.oxygen_saturation": _simple(("spo2", "oxygen_saturation", 1.0)),
    "tracker.pedometer_step_count": _simple(("count", "steps", 1.0), ("distance", "distance", 1.0), spans=True),
    "step_daily_trend": _day,
    "health.floors_climbed": _simple(("floor", "floors", 1.0), spans=True),
    "health.sleep_stage": _stage,
    "shealth.sleep": _sleep,
    "health.sleep": _sleep,
    "shealth.exercise": _workout,
    "health.exercise": _workout,
    "shealth.stress": _simple(("score", "stress_score", 1.0), how="vendor_derived"),
    "health.weight": _simple(("weight", "body_weight", 1.0), ("body_fat", "body_fat", 1.0)),
    "health.height": _simple(("height", "body_height", 1.0)),
    "blood_pressure": _simple(("systolic", "systolic_blood_pressure", 1.0), ("diastolic", "diastolic_blood_pressure", 1.0)),
    "blood_glucose": _simple(("glucose", "glucose", 18.0156)),
}
"""By the end of a type's name. Glucose is written in mmol/L."""

SOURCES.add(NAME, Samsung())
