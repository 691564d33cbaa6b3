"""GPX tracks of watches and phones: heart rate where the points bear it, and each track as a workout. Positions are not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
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
from heedful.sources.wearables.documents import stamped
from heedful.sources.wearables.drafts import BrokenDraftError, Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share
from heedful.sources.wearables.xml_elements import is_xml_of, started_and_ended, text

_CODES = ("heart_rate", "workout")
_UTC = ZoneInfo("UTC")
_POINTS = ("trkpt", "wpt", "rtept")
_PULSE = ("hr", "heartrate")
UNTIMED = "track without two points that bear a time"


class Gpx:
    """Reads tracks of one person, `Options.subject`. A track is a workout from its first point with a time to its last."""

    card = SourceCard(
        name="wearables.gpx",
        says="tracks as GPX, of watches, phones and sport platforms",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are UTC or carry their offset; the local day by the declared zone.",
        terms="The person's own data; positions in it are not kept.",
        tested_on="real: 23 files of gpxpy's tests; heart rate in one of them",
        codes=_CODES,
        units=tuple(CODES[code].unit for code in _CODES),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By its first element; a folder or zip if all its files are named so."""
        if path.is_file() and not is_zip(path, head):
            return 0.95 if is_xml_of(head, b"gpx") else 0.0
        return 0.85 if share(path, _is_gpx) == 1 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if the file is no GPX or is damaged."""
        with opened(path, _is_gpx) as parts:
            if not parts:
                raise SourceError(path, "there is no GPX file in it", "Give a .gpx file, or a folder or zip of them.")
            yield from batches(of_parts(parts, _draft), options, known_at, cursor, sum(part.size for part in parts))


def _is_gpx(name: str) -> bool:
    return name.endswith(".gpx")


def _draft(part: Part) -> Draft:
    found = _Found()
    try:
        for event, name, element in started_and_ended(part):
            found.take(event, name, element)
    except SourceError as error:
        if not found.rows:
            raise
        raise BrokenDraftError(error, found.draft(part)) from error
    if not found.device:
        raise SourceError(part.place, "it is no GPX file: its first element is another", "Give a track exported as GPX.")
    if not (found.rows or found.skipped or found.aside):
        found.aside["file without a track or a point"] += 1
    return found.draft(part)


class _Found:
    """What a file says, as its elements go by."""

    def __init__(self) -> None:
        self.rows, self.skipped, self.aside, self.device = Rows(), Counter[str](), Counter[str](), ""
        self._times = list[datetime]()

    def take(self, event: str, name: str, element: etree._Element) -> None:
        if event == "start":
            if name == "gpx" and not self.device:
                self.device = (element.get("creator") or "GPX")[:60]
            elif name == "trk":
                self._times = []
        elif name == "rte":
            self.aside["route: a plan, which nobody need have gone"] += 1
        elif name in _POINTS:
            _point(element, self._times if name == "trkpt" else None, self.rows, self.aside)
            element.clear()
        elif name == "trk":
            self._track(element)

    def _track(self, element: etree._Element) -> None:
        if len(self._times) < 2:
            self.skipped[UNTIMED] += 1
            return
        start, end = min(self._times), max(self._times)
        kind = text(element, "type").lower()[:60] or "track"
        self.rows.add(element.sourceline or 1, "workout", start, (end - start).total_seconds() / 60, end=end, value_code=kind)

    def draft(self, part: Part) -> Draft:
        return Draft(part.name, self.rows.table().with_columns(device=pl.lit(self.device)), skipped=self.skipped, aside=self.aside)


def _point(element: etree._Element, times: list[datetime] | None, rows: Rows, aside: Counter[str]) -> None:
    written = text(element, "time")
    at = stamped(written, _UTC)
    if at is not None and times is not None:
        times.append(at)
    pulse = next((one.text for one in element.iter() if isinstance(one.tag, str) and one.tag.rsplit("}", 1)[-1].lower() in _PULSE), None)
    if pulse is not None:
        rows.add(element.sourceline or 1, "heart_rate", at, _number(pulse), written=f"{pulse} at {written}")
    else:
        aside["point without a heart rate"] += 1


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


SOURCES.add(Gpx.card.name, Gpx())
