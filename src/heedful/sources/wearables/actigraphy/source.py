"""Actigraphs' epoch files: one file, a folder of them or a zip, each read by the maker's format that its first bytes show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.actigraphy.actical import ACTICAL
from heedful.sources.wearables.actigraphy.actigraph_csv import ACTIGRAPH_CSV
from heedful.sources.wearables.actigraphy.agd import AGD
from heedful.sources.wearables.actigraphy.atr import ATR
from heedful.sources.wearables.actigraphy.awd import AWD
from heedful.sources.wearables.actigraphy.dqt import DQT
from heedful.sources.wearables.actigraphy.drift import SETTING, gain
from heedful.sources.wearables.actigraphy.epochs import NOT_MEASURED, NOT_WORN, Epochs, Floats, Format, Wanted, micro
from heedful.sources.wearables.actigraphy.mtn import MTN
from heedful.sources.wearables.actigraphy.rpx import RPX
from heedful.sources.wearables.actigraphy.tal import TAL
from heedful.sources.wearables.archives import HEAD, is_zip
from heedful.sources.wearables.drafts import COLUMNS, Draft, batches, of_parts
from heedful.sources.wearables.parts import Part, opened, share
from heedful.sources.wearables.plausible import EARLIEST

FORMATS: tuple[Format, ...] = (AGD, RPX, MTN, ATR, ACTIGRAPH_CSV, ACTICAL, DQT, TAL, AWD)
"""The surest marks first."""
_ENDINGS = (".awd", ".mtn", ".csv", ".txt", ".agd")
_SETTINGS = ("dates", "epoch_seconds", "first_day", SETTING)
_CODES = ("activity_count", "steps")


class Actigraphy:
    """Reads recordings of one person, `Options.subject`.

    Settings: `first_day` ("2018-01-23") moves a recording whose dates were put into the past, as shared ones are, to begin on that day;
    `clock_gain_seconds` is how many seconds a day the clock was found to gain, and takes that out;
    `dates` ("dmy" or "mdy") where day and month could be either; `epoch_seconds` where the file's own code is not known.
    Epochs without a count, or not worn by the device's own word, are skipped and counted, never zero.
    """

    card = SourceCard(
        name="wearables.actigraphy",
        says="an actigraph's epochs: Actiwatch AWD or Actiware CSV, MotionWatch MTN, ActiGraph AGD or CSV, ActTrust, Actical, Daqtometer",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="The clock starts in the declared zone and runs on over a change of the hour (Daqtometer: in GMT).",
        terms="Data of participants: only under their consent; names and dates of birth in the files are not kept.",
        tested_on="real: samples of pyActigraphy and GGIRread; gt3x, cwa and GENEActiv are read by wearables.accelerometer",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the first lines; a folder or zip if most of its files of such endings are recordings."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if _format(head) else 0.0
        return 0.85 if share(path, _may_be, lambda head: _format(head) is not None) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if no recording is there or the only one cannot be read; `SettingsError`."""
        (wanted, first_day), gained = _wanted(path, options), gain(path, options.settings)
        with opened(path, _may_be) as parts:
            if not parts:
                raise SourceError(path, "there is no actigraph's file in it", "Give a recording, or a folder or zip of recordings.")
            total = sum(part.size for part in parts)
            drafts = of_parts(parts, lambda part: _draft(part, wanted, first_day, options.zone, gained))
            yield from batches(drafts, options, known_at, cursor, total)


def _may_be(name: str) -> bool:
    return name.endswith(_ENDINGS)


def _format(head: bytes) -> Format | None:
    return next((one for one in FORMATS if one.fits(head)), None)


def _wanted(path: Path, options: Options) -> tuple[Wanted, date | None]:
    unknown = sorted(set(options.settings) - set(_SETTINGS))
    if unknown:
        raise SettingsError(f"{path}: wearables.actigraphy does not know the settings {unknown}. It knows: {', '.join(_SETTINGS)}.")
    dates, seconds = str(options.settings.get("dates", "")), options.settings.get("epoch_seconds", 0)
    if dates not in ("", "dmy", "mdy", "ymd"):
        raise SettingsError(f'{path}: dates is "dmy", "mdy" or "ymd", not {dates!r}.')
    if not isinstance(seconds, int | float) or seconds < 0:
        raise SettingsError(f"{path}: epoch_seconds is a number of seconds, not {seconds!r}.")
    first = options.settings.get("first_day", "")
    try:
        return Wanted(dates, float(seconds)), date.fromisoformat(str(first)) if first else None
    except ValueError as error:
        raise SettingsError(f"{path}: first_day is a day such as 2018-01-23, not {first!r}.") from error


def _draft(part: Part, wanted: Wanted, first_day: date | None, zone: str, gained: float) -> Draft:
    data = part.bytes()
    form = _format(data[:HEAD])
    if form is None:
        raise SourceError(part.place, "it is no actigraph's file of a kind that is known", "Give AWD, MTN, Actiware CSV, AGD or the like.")
    found = form.read(data, part.place, wanted)
    begins = found.begins + _shift(found, first_day, part.place)
    if gained and len(begins):
        begins = begins - np.round((begins - begins[0]) * gained / 1_000).astype(np.int64) * 1_000  # to the millisecond
    measured = ~np.isnan(found.counts)
    worn = np.ones(len(begins), np.bool_) if found.worn is None else found.worn
    skipped = Counter({NOT_MEASURED: int((~measured & worn).sum()), NOT_WORN: int((~worn).sum())})
    kept = measured & worn
    start = _utc(begins, found, zone)
    tables = [_rows("activity_count", found, start, found.counts, kept)]
    if found.steps is not None:
        tables.append(_rows("steps", found, start, found.steps, kept & ~np.isnan(found.steps)))
    return Draft(part.name, pl.concat(tables).sort("line", maintain_order=True), found.unread, skipped, found.aside)


def _shift(found: Epochs, first_day: date | None, place: str) -> int:
    if not len(found.begins):
        return 0
    begins = int(found.begins[0])
    if first_day is not None:
        return micro(datetime.combine(first_day, datetime.min.time())) - begins // 86_400_000_000 * 86_400_000_000
    if begins < micro(EARLIEST):
        year = 1970 + begins // 31_556_952_000_000
        cure = 'Declare the true or an agreed day in the settings: first_day = "2018-01-23".'
        raise SourceError(place, f"it says that it began in {year}: its dates were put into the past, or the clock was not set", cure)
    return 0


def _utc(begins: np.ndarray[Any, np.dtype[np.int64]], found: Epochs, zone: str) -> pl.Series:
    """Instants: the offset of the zone at the start holds for the whole recording, because the device's clock is never set."""
    naive = pl.Series(begins).cast(pl.Datetime("us"))
    if found.is_utc or not len(naive):
        return naive.dt.replace_time_zone("UTC").cast(INSTANT)
    first = naive[:1].dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    offset = naive[:1] - first.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    gap = offset.dt.total_microseconds().fill_null(0)[0]
    return (naive - timedelta(microseconds=int(gap))).dt.replace_time_zone("UTC").cast(INSTANT)


def _rows(code: str, found: Epochs, start: pl.Series, values: Floats, kept: np.ndarray[Any, Any]) -> pl.DataFrame:
    table = pl.DataFrame({"line": found.lines, "start_at": start, "value": values}).filter(pl.Series(kept, dtype=pl.Boolean))
    table = table.with_columns(
        code=pl.lit(code), end_at=pl.col("start_at") + pl.duration(microseconds=round(found.seconds * 1e6)), device=pl.lit(found.device),
        written=pl.col("value").cast(pl.String),
    )  # fmt: skip
    return table.select([pl.col(name).cast(COLUMNS[name]) for name in COLUMNS if name in table.columns])


SOURCES.add(Actigraphy.card.name, Actigraphy())
