"""Any official series as a CSV: place, date, value and, where there is one, the date of issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.schemas import INSTANT, Quarantine, Series
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import AT, LINE, READING, Columns, earlier, numbers, only, peeked, set_aside, spelled, table, told
from heedful.sources.posts.cuts import Cut
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.dates import FORMATS, dates
from heedful.sources.records.occurrences import Occurrences
from heedful.sources.series.fitness import bad_denominator, known_by_now, named, no_count, not_yet, unbegun
from heedful.sources.series.issued import issued_at, midnight
from heedful.sources.series.layout import FIPS, MONTH, Layout, guess, layout_of, mapping_of
from heedful.sources.series.us_places import BY_FIPS, BY_NAME

NAME = "series.table"
SETTINGS = (*READING, "columns", "place", "places", "signal", "unit", "period_days", "date_is", "date_format", "issue_date")
_KEY = ["place", "signal", "stratum", "day", "known_at"]
_ABOUT = ["signal", "place", "stratum", "day"]
_BY_FREQUENCY = {"365": 1, "366": 1, "52": 7, "12": MONTH}


class Table:
    """A table of an official series, one value a row.

    Settings: `columns` (ours = theirs; ours are place, date, value, issue_date, stratum, signal, denominator, frequency), `place` (of a
    file without a place column), `places` (theirs = place code), `signal` (default: the input's name), `unit` (default {count}, or 1, a
    measure, where the first values are not all whole numbers),
    `period_days` (default: by the name of the date column, `frequency`, or the gaps between dates; 0 is a calendar month),
    `date_is` (start or end of the period), `date_format`, `issue_date` (of the whole file), `delimiter`, `encoding`, `decimal`.
    FIPS numbers and US state names become US/NY; other places stay the issuer's own. An empty value stays a row: it was issued empty,
    which withdraws what was issued before. A row that is no count, or that is issued after the site's clock, is set aside.
    """

    card = SourceCard(
        name=NAME,
        says="an official series as CSV: place, date, value, and the date of issue where there is one",
        family="series",
        tables=(Series, Quarantine),
        zone_rule="Days are calendar days. With an issue date a row is known from that day (midnight UTC); without one from the declared "
        "issue_date or from when it was read, so a back-test sees revised numbers.",
        terms="Those of the issuer; official counts are mostly free with citation.",
        tested_on="real: dated vintages of US influenza admissions and emergency visits (CDC), series of the R package surveillance",
        units=("{count}", "1"),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By place, date and value, with a first row that has a day and a number; surer with an issue date."""
        first = peeked(head)
        found = guess(first.names)
        if path.is_dir() or not first.rows or not {"place", "date", "value"} <= set(found):
            return 0.0
        row = pl.DataFrame({name: [first.first(found[name])] for name in ("date", "value")})
        dated = any(row.select(dates("date", form).is_not_null()).item() for form in FORMATS)
        if not dated or row.select(numbers("value")).item() is None:
            return 0.0
        return 0.9 if "issue_date" in found else 0.65

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of series. Errors: `SourceError` for absent columns or doubtful dates, `SettingsError` for a setting."""
        settings = options.settings
        only(path, NAME, settings, SETTINGS)
        issued = issued_at(path, settings, known_at)
        columns = Columns(path, settings, cursor)
        mapping = mapping_of(NAME, path, columns.names, settings)
        layout = Layout(**cursor["layout"]) if cursor else None
        seen, quarantine = Occurrences(), QuarantineList(options.name, path, known_at)
        for rows, _ in earlier(path, settings, cursor):
            assert layout is not None
            seen.number(_typed(rows, layout, options, issued, known_at).filter(pl.col("reason").is_null()).select(_KEY))
        for cut in columns.portions():
            rows = table(cut)
            layout = layout or layout_of(path, rows, mapping, settings)
            yield _batch(cut, _typed(rows, layout, options, issued, known_at), layout, seen, quarantine, columns.names)


def _typed(rows: pl.DataFrame, layout: Layout, options: Options, issued: datetime, read_at: datetime) -> pl.DataFrame:
    """Columns of `series` with `line`, `at` and `reason` (null where the row is fit, '' where it has no date at all)."""
    columns, settings = layout.columns, options.settings
    decimal = str(settings.get("decimal", "."))
    date = dates(columns["date"], layout.date_format)
    day = date - pl.duration(days=layout.back)
    value = numbers(columns["value"], decimal)
    known = midnight(dates(columns["issue_date"], layout.issue_format)) if "issue_date" in columns else pl.lit(issued, dtype=INSTANT)
    denominator = numbers(columns["denominator"], decimal) if "denominator" in columns else pl.lit(None, pl.Float64)
    out = rows.select(
        pl.col(LINE).alias("line"),
        pl.col(AT).alias("at"),
        source=pl.lit(options.name),
        signal=_named(columns, "signal", str(settings.get("signal") or options.name)),
        place=_place(columns, settings),
        stratum=_named(columns, "stratum", "all"),
        day=day,
        period_days=_period(columns, layout, day),
        value=value,
        denominator=denominator,
        unit=pl.lit(layout.unit),
        known_at=known_by_now(known, read_at),
        reason=pl.coalesce(
            pl.when(~told(columns["date"]).fill_null(False)).then(pl.lit("")),
            pl.when(date.is_null()).then(pl.lit(f"its date is not one written as {layout.date_format}; correct it")),
            pl.when(told(columns["value"]) & value.is_null()).then(pl.lit("its value is not a number; correct it, or declare decimal")),
            pl.when(known.is_null()).then(pl.lit("its issue date is missing or not understood; correct it")),
            not_yet(known, read_at),
            unbegun(day, read_at),
            no_count(value, layout.unit),
            bad_denominator(denominator),
        ),
    )
    reason = pl.coalesce("reason", pl.when(pl.col("place").is_null()).then(pl.lit("it names no place; fill the column")))
    return out.with_columns(reason=named(reason, *map(pl.col, _ABOUT)))


def _named(columns: dict[str, str], name: str, default: str) -> pl.Expr:
    if name not in columns:
        return pl.lit(default)
    return pl.when(told(columns[name])).then(pl.col(columns[name]).str.strip_chars()).otherwise(pl.lit(default))


def _place(columns: dict[str, str], settings: Mapping[str, Any]) -> pl.Expr:
    if "place" not in columns:
        return pl.lit(str(settings["place"]))
    theirs = columns["place"]
    text = pl.when(told(theirs)).then(pl.col(theirs).str.strip_chars())
    given = {str(name): str(code) for name, code in settings.get("places", {}).items()}
    known = {**(BY_FIPS if spelled(theirs) in FIPS else {}), **given}
    names = (
        pl.col(theirs).str.strip_chars().str.to_lowercase().replace_strict({k: v for k, v in BY_NAME.items() if len(k) > 3}, default=None)
    )
    return pl.coalesce(text.replace_strict(known or {"": ""}, default=None, return_dtype=pl.String), names, text)


def _period(columns: dict[str, str], layout: Layout, day: pl.Expr) -> pl.Expr:
    fixed = day.dt.days_in_month().cast(pl.Int32) if layout.period == MONTH else pl.lit(layout.period, pl.Int32)
    if "frequency" not in columns:
        return fixed
    told_days = pl.col(columns["frequency"]).str.strip_chars().replace_strict(_BY_FREQUENCY, default=None, return_dtype=pl.Int32)
    month = day.dt.days_in_month().cast(pl.Int32)
    return pl.when(told_days == MONTH).then(month).otherwise(pl.coalesce(told_days, fixed))


def _batch(cut: Cut, typed: pl.DataFrame, layout: Layout, seen: Occurrences, quarantine: QuarantineList, names: list[str]) -> Batch:
    dated = typed.filter(pl.col("reason").ne_missing(""))
    fit = dated.filter(pl.col("reason").is_null())
    again = fit.select("line").with_columns(again=seen.number(fit.select(_KEY)) > 0)
    twice = (
        "its place, date, stratum and issue date stand in the file a second time, and the first counts; keep one row, or map the column "
        "that tells them apart"
    )
    dated = dated.join(again, on="line", how="left", maintain_order="left").with_columns(
        reason=pl.coalesce("reason", named(pl.when(pl.col("again")).then(pl.lit(twice)), *map(pl.col, _ABOUT)))
    )
    rows = set_aside(dated, cut, quarantine).drop("line", "at", "reason", "again")
    undated = typed.height - dated.height
    used = set(layout.columns.values())
    return Batch(
        rows=(*((frame(rows, Series),) if rows.height else ()), *quarantine.take()),
        cursor={**cut.cursor, "layout": layout.plain()},
        done=cut.done,
        total=cut.total,
        records=len(cut.lines) + len(cut.unread),
        skipped={"row without a date": undated} if undated else {},
        aside=dict.fromkeys((name for name in names if name not in used), len(cut.lines)) if cut.lines else {},
    )


SERIES_TABLE = SOURCES.add(NAME, Table())
