"""Garmin's Training Center XML (TCX), which many watches and Google Fit write too: heart rate of an activity and the activity itself.

A device may count distance over the activity or anew in each lap (Google Fit), so the laps' own distances are added, and where a lap
has none what its points gained.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from lxml import etree

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.documents import shown, stamped
from heedful.sources.wearables.drafts import Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share
from heedful.sources.wearables.xml_elements import is_xml_of, started_and_ended, text

_CODES = ("heart_rate", "workout")
_UTC = ZoneInfo("UTC")


class Tcx:
    """Reads activities of one person, `Options.subject`. Positions are not kept."""

    card = SourceCard(
        name="wearables.tcx",
        says="workouts as TCX, of Garmin, Google Fit and others",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are UTC or carry their offset; the local day by the declared zone.",
        terms="The person's own data; positions in it are not kept.",
        tested_on="real: seven files of Garmin, TomTom and Google Fit",
        codes=_CODES,
        units=tuple(CODES[code].unit for code in _CODES),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By its first element; a folder or zip if all its files are named so."""
        if path.is_file() and not is_zip(path, head):
            return 0.95 if is_xml_of(head, b"TrainingCenterDatabase") else 0.0
        return 0.85 if share(path, is_tcx) == 1 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if the file is no TCX or is damaged."""
        with opened(path, is_tcx) as parts:
            if not parts:
                raise SourceError(path, "there is no TCX file in it", "Give a .tcx file, or a folder or zip of them.")
            yield from batches(of_parts(parts, draft), options, known_at, cursor, sum(part.size for part in parts))


def is_tcx(name: str) -> bool:
    """Whether a file of this name is one."""
    return name.endswith(".tcx")


def draft(part: Part) -> Draft:
    """The observations of one file; lines are those of the XML."""
    rows, known, device = Rows(), False, "TCX"
    activity: _Activity | None = None
    for event, name, element in started_and_ended(part):
        known |= name == "TrainingCenterDatabase"
        if event == "start" and name == "Activity":
            activity = _Activity(element.sourceline or 1, element.get("Sport") or "Other")
        elif event == "end" and activity is not None:
            if name == "Trackpoint":
                activity.point(element, rows)
                element.clear()
            elif name == "Lap":
                activity.lap(element)
            elif name == "Creator":
                device = text(element, "Name")[:60] or "TCX"
            elif name == "Activity":
                activity.end(rows)
                activity = None
    if not known:
        raise SourceError(part.place, "it is no TCX file: its first element is another", "Give a workout exported as TCX.")
    return Draft(part.name, rows.table().with_columns(device=pl.lit(device)))


class _Activity:
    """One activity while its laps and points go by."""

    def __init__(self, line: int, sport: str) -> None:
        self._line, self._sport = line, sport
        self._start: datetime | None = None
        self._end: datetime | None = None
        self._seconds = self._distance = self._energy = 0.0
        self._has_seconds, self._gained = False, list[float]()

    def point(self, element: etree._Element, rows: Rows) -> None:
        at, pulse, distance = stamped(text(element, "Time"), _UTC), text(element, "HeartRateBpm", "Value"), text(element, "DistanceMeters")
        if at is not None:
            self._start, self._end = self._start or at, max(self._end or at, at)
        if (metres := _number(distance)) is not None:
            self._gained.append(metres)
        if pulse:
            rows.add(element.sourceline or self._line, "heart_rate", at, _number(pulse), written=f"{pulse} at {text(element, 'Time')}")

    def lap(self, element: etree._Element) -> None:
        start, seconds = stamped(element.get("StartTime"), _UTC), _number(text(element, "TotalTimeSeconds"))
        distance, energy = _number(text(element, "DistanceMeters")), _number(text(element, "Calories"))
        if start is not None:
            self._start = min(self._start or start, start)
            if seconds is not None:
                end = start + timedelta(seconds=min(seconds, 1e7))
                self._end = max(self._end or end, end)
        self._has_seconds |= seconds is not None
        self._seconds += seconds or 0.0
        self._distance += distance if distance is not None else max(self._gained) - min(self._gained) if self._gained else 0.0
        self._energy += energy or 0.0
        self._gained = []

    def end(self, rows: Rows) -> None:
        whole = (self._end - self._start).total_seconds() if self._end and self._start else None
        minutes = self._seconds / 60 if self._has_seconds else None if whole is None else whole / 60
        told = {"distance_m": round(self._distance, 3), "energy_kcal": self._energy}
        rows.add(self._line, "workout", self._start, minutes, end=self._end, value_code=self._sport.lower()[:60],
                 extra=shown({name: value for name, value in told.items() if value}))  # fmt: skip


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


SOURCES.add(Tcx.card.name, Tcx())
