"""CDC's FluView ILINet: outpatient visits for influenza-like illness by week, region and age."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Quarantine, Series
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import AT, LINE, READING, Columns, numbers, only, peeked, set_aside, spelled, table, told
from heedful.sources.posts.cuts import Cut
from heedful.sources.quarantine import QuarantineList
from heedful.sources.series.fitness import bad_denominator, named, no_count, unbegun
from heedful.sources.series.issued import issued_at
from heedful.sources.series.mmwr import week_start
from heedful.sources.series.us_places import us_place

NAME = "series.ilinet"
SETTINGS = (*READING, "issue_date")
VALUES = {
    "ilitotal": ("ili_visits", "{count}"),
    "weightedilipercent": ("ili_weighted_percent", "%"),
    "weightedili": ("ili_weighted_percent", "%"),
}
_AGE = re.compile(r"age(\d+)(?:(\d\d))?")


@dataclass(frozen=True)
class Layout:
    """One file's columns: by spelling; those that become rows, with signal, unit and stratum; those that are left."""

    found: dict[str, str]
    cells: dict[str, tuple[str, str, str]]
    unused: tuple[str, ...]


class Ilinet:
    """FluView's ILINet download (with or without its title line), or a copy with renamed columns.

    One record is one number: the visits of all ages (`ili_visits` out of all visits), of each age group as a stratum, and the
    percentage weighted by state population (`ili_weighted_percent`). What follows from these is counted as aside.
    Settings: `issue_date` (ISO day of the download), `delimiter`, `encoding`.
    """

    card = SourceCard(
        name=NAME,
        says="CDC FluView ILINet: weekly visits for influenza-like illness by region and age",
        family="series",
        tables=(Series, Quarantine),
        zone_rule="Weeks are MMWR weeks; the day is their Sunday. The file has no issue date: rows count as known when they were read, "
        "or on the declared issue_date, so a back-test on them sees revised numbers.",
        terms="Public domain (CDC).",
        tested_on="real: national and HHS regions 1997-2016 and an earlier national copy; made here: age groups, week 53, X cells",
        units=("%", "{count}"),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By year, week and a column of influenza-like illness, with a first row that is a week."""
        first = peeked(head)
        found = _named(list(first.names))
        if path.is_dir() or not first.rows or not {"year", "week"} <= set(found) or not set(VALUES) & set(found):
            return 0.0
        return 0.95 if first.first(found["year"]).isdigit() and first.first(found["week"]).isdigit() else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of series. Errors: `SourceError` where the columns are not ILINet's, `SettingsError` for a setting."""
        only(path, NAME, options.settings, SETTINGS)
        issued = issued_at(path, options.settings, known_at)
        columns = Columns(path, options.settings, cursor)
        found = _named(columns.names)
        cells = _cells(found)
        if not {"year", "week"} <= set(found) or not cells:
            cure = "Download ILINet again from FluView, or use series.table with a declared mapping."
            raise SourceError(path, "it has no columns of year, week and influenza-like illness", cure)
        quarantine = QuarantineList(options.name, path, known_at)
        used = {*cells, *(found.get(key) for key in ("year", "week", "region", "regiontype", "totalpatients"))}
        layout = Layout(found, cells, tuple(name for name in columns.names if name not in used))
        for cut in columns.portions():
            yield _batch(cut, layout, options.name, issued, quarantine)


def _named(names: list[str]) -> dict[str, str]:
    """Columns by spelling, in the file's order; the first of two with one spelling counts."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(spelled(name), name)
    return found


def _cells(found: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    """Column -> signal, unit, stratum."""
    cells = {found[name]: (*VALUES[name], "all") for name in VALUES if name in found}
    for key, name in found.items():
        if age := _AGE.fullmatch(key):
            cells[name] = ("ili_visits", "{count}", _stratum(age))
    return cells


def _stratum(age: re.Match[str]) -> str:
    """`AGE 0-4` and `AGE 25-64` are spelled age04 and age2564; `AGE 65` has no end.

    >>> _stratum(_AGE.fullmatch("age04")), _stratum(_AGE.fullmatch("age524")), _stratum(_AGE.fullmatch("age2549"))
    ('0-4', '5-24', '25-49')
    """
    digits = "".join(part or "" for part in age.groups())
    if len(digits) <= 2 and digits != "04":
        return f"{digits}+"
    low = digits[: len(digits) // 2]
    return f"{low}-{digits[len(low) :]}"


def _batch(cut: Cut, layout: Layout, name: str, issued: datetime, quarantine: QuarantineList) -> Batch:
    good = set_aside(_placed(table(cut), layout, issued), cut, quarantine)
    unfit = len(quarantine)
    rows = pl.concat([_cells_of(good, column, layout) for column in layout.cells]).sort("line", maintain_order=True)
    rows = rows.with_columns(source=pl.lit(name), period_days=pl.lit(7), known_at=pl.lit(issued, dtype=INSTANT)).drop("line")
    empty = good.height * len(layout.cells) - rows.height
    return Batch(
        rows=(*((frame(rows, Series),) if rows.height else ()), *quarantine.take()),
        cursor=cut.cursor,
        done=cut.done,
        total=cut.total,
        records=good.height * len(layout.cells) + unfit,
        skipped={"cell without a number": empty} if empty else {},
        aside=dict.fromkeys(layout.unused, len(cut.lines)) if cut.lines else {},
    )


def _cells_of(good: pl.DataFrame, column: str, layout: Layout) -> pl.DataFrame:
    """The numbers of one column, with their denominator where all ages are counted."""
    signal, unit, stratum = layout.cells[column]
    total = layout.found.get("totalpatients")
    whole = total is not None and signal == "ili_visits" and stratum == "all"
    return good.filter(numbers(column).is_not_null()).select(
        "place",
        "day",
        "line",
        signal=pl.lit(signal),
        stratum=pl.lit(stratum),
        unit=pl.lit(unit),
        value=numbers(column),
        denominator=numbers(str(total)) if whole else pl.lit(None, pl.Float64),
    )


def _placed(rows: pl.DataFrame, layout: Layout, issued: datetime) -> pl.DataFrame:
    """Rows with `place`, `day` and `reason`."""
    found = layout.found
    year, week = (pl.col(found[name]).str.strip_chars().cast(pl.Int32, strict=False) for name in ("year", "week"))
    region = pl.col(found["region"]).str.strip_chars() if "region" in found else pl.lit("nation")
    believed = pl.when(year.is_between(1960, 2199)).then(year)
    rows = rows.with_columns(day=week_start(believed, week), named=region, line=pl.col(LINE), at=pl.col(AT))
    places = {name: us_place(name) for name in rows["named"].drop_nulls().unique()}
    unsound = [no_count(numbers(column), unit) for column, (_, unit, _) in layout.cells.items()]
    if "totalpatients" in found:
        unsound.append(bad_denominator(numbers(found["totalpatients"])))
    rows = rows.with_columns(
        place=pl.col("named").replace_strict(places, default=None, return_dtype=pl.String),
        reason=pl.coalesce(
            pl.when(believed.is_null() | week.is_null()).then(pl.lit("year or week is not a number of a year and a week; correct it")),
            pl.when(pl.col("day").is_null()).then(pl.lit("its year has no such MMWR week (53 exists in some years only); correct it")),
            pl.when(~told("named").fill_null(False)).then(pl.lit("it names no region; fill the column")),
            unbegun(pl.col("day"), issued),
            *unsound,
        ),
    )
    return rows.with_columns(reason=named(pl.col("reason"), pl.lit("ILINet"), pl.col("place"), pl.col("day")))


ILINET = SOURCES.add(NAME, Ilinet())
