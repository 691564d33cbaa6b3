"""Dexcom Clarity's CSV: glucose of the sensor every five minutes, and the person's calibrations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.cgm_rows import Readings, cells, column, cut, factor_of, whole
from heedful.sources.wearables.drafts import Draft, batches, of_parts
from heedful.sources.wearables.parts import Part, opened

OTHER = "event that is no glucose (insulin, carbohydrates, alerts, settings, names)"
_MARK = "Timestamp (YYYY-MM-DD"
_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")


class DexcomClarity:
    """Reads reports of one person, `Options.subject`.

    A reading of "Low" or "High" has no value and that word as `value_code`: the sensor gave no number. Names and birthdays are not kept.
    """

    card = SourceCard(
        name="wearables.dexcom_clarity",
        says="glucose of a Dexcom sensor, as Clarity exports it (CSV)",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: of the declared zone; autumn's repeated hour is in the order of the file.",
        terms="The person's own data; names, birthdays and serial numbers in it are not kept.",
        tested_on="untested on real files: written after the published form of the export",
        codes=("glucose",),
        units=("mg/dL",),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header's names."""
        is_ours = not path.is_dir() and not is_zip(path, head) and _MARK.encode() in head[:2_000] and b"Glucose Value" in head[:4_000]
        return 0.95 if is_ours else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if it is no such table."""
        if path.is_dir():
            raise SourceError(path, "it is a folder", "Give one report, or each of them by its path.")
        with opened(path, lambda name: name.endswith(".csv")) as parts:
            yield from batches(of_parts(parts, lambda part: _draft(part, options.zone)), options, known_at, cursor, path.stat().st_size)


def _draft(part: Part, zone: str) -> Draft:
    names, rows = cells(part, _MARK)
    at, event, glucose = (column(names, begins, part) for begins in ("Timestamp (", "Event Type", "Glucose Value"))
    factor, readings, skipped = factor_of(names[glucose], part), Readings(), Counter[str]()
    for line, row in whole(names, rows):
        if row[event] == "EGV":
            readings.add(line, row[at], row[glucose], factor, "Dexcom")
        elif row[event] == "Calibration":
            readings.add(line, row[at], row[glucose], factor, "Dexcom calibration", "self_reported")
        else:
            skipped[OTHER] += 1
    local = pl.coalesce([pl.col("local").str.strptime(pl.Datetime("us"), form, strict=False) for form in _FORMS])
    return Draft(part.name, readings.table(local, zone), cut(names, rows), skipped)


SOURCES.add(DexcomClarity.card.name, DexcomClarity())
