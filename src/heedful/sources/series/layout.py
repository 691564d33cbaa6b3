"""How one table of a series is read: which columns are what, in which form its dates are, how long its periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.csv_columns import by_usual_names, declared, numbers, spelled
from heedful.sources.records.dates import date_format, dates

ALIASES: dict[str, tuple[str, ...]] = {
    "place": (
        "locationfips",
        "fips",
        "place",
        "location",
        "geovalue",
        "region",
        "geo",
        "jurisdiction",
        "district",
        "country",
        "locationname",
    ),
    "date": ("weekending", "weekenddate", "targetenddate", "weekstart", "date", "timevalue", "referencedate", "day"),
    "value": ("value", "count", "cases", "observation", "incidence", "admissions", "deaths"),
    "issue_date": ("issuedate", "issue", "vintage", "asof", "reportdate", "releasedate"),
    "stratum": ("stratum", "agegroup", "age"),
    "signal": ("signal", "dataset", "indicator", "disease"),
    "denominator": ("denominator", "population", "total"),
    "frequency": ("frequency",),
}
"""Names without case, dots and underscores."""
ENDS = ("weekending", "weekenddate", "targetenddate")
"""Dates of these names are the last day of a week."""
FIPS = ("locationfips", "fips", "location")
MONTH = 0
"""Stands for a period of one calendar month."""
SLIPS = 0.1
"""Where more of the first values are not whole numbers, the column is a measure; where fewer are, they are slips in a column of counts
and set aside. Rates to one decimal are whole one time in ten."""


@dataclass(frozen=True)
class Layout:
    """How one file is read: our column -> theirs, formats of its dates, days of a period, days from the date back to its first
    day, unit."""

    columns: dict[str, str]
    date_format: str
    issue_format: str
    period: int
    back: int
    unit: str = "{count}"

    def plain(self) -> dict[str, Any]:
        return {
            "columns": self.columns,
            "date_format": self.date_format,
            "issue_format": self.issue_format,
            "period": self.period,
            "back": self.back,
            "unit": self.unit,
        }


def guess(names: Sequence[str]) -> dict[str, str]:
    """Our column -> theirs, by the usual names.

    >>> guess(["vintage", "location_fips", "location_name", "week_ending", "value"])["place"]
    'location_fips'
    """
    return by_usual_names(names, ALIASES)


def mapping_of(source: str, path: Path, names: list[str], settings: Mapping[str, Any]) -> dict[str, str]:
    """The mapping of one file: what is declared, then the usual names. Errors as in `declared`; `SourceError` for what is missing."""
    chosen = declared(path, source, names, settings.get("columns", {}), tuple(ALIASES))
    mapping = {**guess([name for name in names if name not in chosen.values()]), **chosen}
    if settings.get("place"):
        mapping.pop("place", None)
    missing = [name for name in ("place", "date", "value") if name not in mapping and not (name == "place" and settings.get("place"))]
    if missing:
        cure = f'Declare them: columns = {{{missing[0]} = "name in the file"}}' + (', or place = "US".' if "place" in missing else ".")
        raise SourceError(path, f"no column looks like {' and '.join(missing)}; its columns are {', '.join(names[:20])}", cure)
    if settings.get("date_is", "start") not in ("start", "end"):
        raise SettingsError(f"{path}: date_is must be start or end, not {settings['date_is']!r}.")
    if not isinstance(settings.get("places", {}), Mapping):
        raise SettingsError(f'{path}: places must be a table such as places = {{Bayern = "DE/BY"}}.')
    return mapping


def layout_of(path: Path, rows: pl.DataFrame, mapping: dict[str, str], settings: Mapping[str, Any]) -> Layout:
    """Settled by the first portion and kept in the cursor, so that every portion of a file is read the same way."""
    form = date_format(path, rows, mapping["date"], str(settings.get("date_format", "")))
    issue = mapping.get("issue_date")
    issue_form = date_format(path, rows, issue, str(settings.get("date_format", ""))) if issue else ""
    name = spelled(mapping["date"])
    period = settings.get("period_days")
    if period is None:
        period = 7 if name.startswith("week") or name in ENDS else _gap(rows, mapping, form)
    if not isinstance(period, int) or isinstance(period, bool) or not 0 <= period <= 366:
        raise SettingsError(f"{path}: period_days must be a whole number from 0 (a month) to 366, not {period!r}.")
    at_end = settings.get("date_is", "end" if name in ENDS else "start") == "end"
    if at_end and period == MONTH:
        raise SettingsError(f"{path}: a month must be given by its first day; declare period_days, or date_is = 'start'.")
    return Layout(mapping, form, issue_form, period, period - 1 if at_end else 0, _unit(rows, mapping, settings))


def _unit(rows: pl.DataFrame, mapping: dict[str, str], settings: Mapping[str, Any]) -> str:
    """As declared; else counts where the first values are whole numbers, but for a few if there are many; a measure where not."""
    if settings.get("unit"):
        return str(settings["unit"])
    value = numbers(mapping["value"], str(settings.get("decimal", ".")))
    whole = rows.select(whole=value == value.round()).drop_nulls().to_series()
    slips = len(whole) - int(whole.sum())
    return "{count}" if slips <= SLIPS * len(whole) else "1"


def _gap(rows: pl.DataFrame, mapping: dict[str, str], form: str) -> int:
    """Days between neighbouring dates of one series, as most often found; about 30 is a calendar month, no neighbours a day."""
    within = [pl.col(mapping[name]).alias(name) for name in ("place", "signal", "stratum") if name in mapping]
    days = rows.select(*within, dates(mapping["date"], form).alias("day")).drop_nulls("day").unique().sort(pl.all())
    apart = pl.col("day").diff().dt.total_days()
    gaps = days.select(apart.over([part.meta.output_name() for part in within]) if within else apart).to_series().drop_nulls()
    if not len(gaps):
        return 1
    common = int(gaps.value_counts().sort(["count", gaps.name], descending=[True, False])[gaps.name][0])
    return MONTH if 28 <= common <= 31 else min(common, 366)
