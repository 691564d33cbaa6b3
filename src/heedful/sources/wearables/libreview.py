"""LibreView's CSV: glucose of a FreeStyle Libre sensor, stored every quarter of an hour, scanned, or from a strip."""

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
from heedful.sources.csv_columns import only
from heedful.sources.records.dates import date_format
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.cgm_rows import Readings, cells, column, cut, factor_of, whole
from heedful.sources.wearables.drafts import Draft, batches, of_parts
from heedful.sources.wearables.parts import Part, opened

OTHER = "record that is no glucose (insulin, food, notes, ketones)"
_MARK = "Device Timestamp"
_KINDS = {
    "0": ("Historic Glucose", "FreeStyle Libre"),
    "1": ("Scan Glucose", "FreeStyle Libre scan"),
    "2": ("Strip Glucose", "FreeStyle strip"),
}
"""By record type: the column of its value, and what we call its device, so that a scan never counts as a stored reading."""


class LibreView:
    """Reads reports of one person, `Options.subject`.

    The order of day and month is read from all rows, or declared as `date_format = "%d-%m-%Y"`; where no row shows it the file is
    refused. Notes, names and serial numbers are not kept.
    """

    card = SourceCard(
        name="wearables.libreview",
        says="glucose of a FreeStyle Libre sensor, as LibreView exports it (CSV)",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Times are local without offset: of the declared zone; autumn's repeated hour is in the order of the file.",
        terms="The person's own data; names, notes and serial numbers in it are not kept.",
        tested_on="untested on real files: written after the published form of the export",
        codes=("glucose",),
        units=("mg/dL",),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header's names."""
        start = head[:4_000]
        is_ours = not path.is_dir() and not is_zip(path, head) and _MARK.encode() in start and b"Historic Glucose" in start
        return 0.95 if is_ours else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if it is no such table or its dates are doubtful; `SettingsError`."""
        only(path, self.card.name, options.settings, ("date_format",))
        if path.is_dir():
            raise SourceError(path, "it is a folder", "Give one report, or each of them by its path.")
        form = str(options.settings.get("date_format", ""))
        with opened(path, lambda name: name.endswith(".csv")) as parts:
            drafts = of_parts(parts, lambda part: _draft(part, options.zone, form))
            yield from batches(drafts, options, known_at, cursor, path.stat().st_size)


def _draft(part: Part, zone: str, declared: str) -> Draft:
    names, rows = cells(part, _MARK)
    at, kind = column(names, _MARK, part), column(names, "Record Type", part)
    places = {
        number: column(names, begins, part) for number, (begins, _) in _KINDS.items() if any(name.startswith(begins) for name in names)
    }
    factors = {number: factor_of(names[place], part) for number, place in places.items()}
    readings, skipped = Readings(), Counter[str]()
    for line, row in whole(names, rows):
        number = row[kind]
        if number in places:
            readings.add(line, row[at], row[places[number]], factors[number], _KINDS[number][1])
        else:
            skipped[OTHER] += 1
    form = (
        date_format(Path(part.place), pl.DataFrame({"day": readings.local}, schema={"day": pl.String}), "day", declared)
        if readings.lines
        else "%Y-%m-%d"
    )
    text = pl.col("local").str.replace(r"(?i)\s+([ap])\.?m\.?$", " ${1}M").str.to_uppercase()
    times = [f"{form} {time}" for time in ("%I:%M %p", "%H:%M", "%H:%M:%S", "%I:%M:%S %p")]
    local = pl.coalesce([text.str.strptime(pl.Datetime("us"), one, strict=False) for one in times])
    return Draft(part.name, readings.table(local, zone), cut(names, rows), skipped)


SOURCES.add(LibreView.card.name, LibreView())
