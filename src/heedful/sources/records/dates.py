"""Days as clinical tables write them; the order of day and month is read from all rows together, never guessed from one."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.core.errors import SettingsError, SourceError

FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%d %b %Y", "%d-%b-%Y")
EARLIEST, LATEST = pl.date(1880, 1, 1), pl.date(2200, 1, 1)
"""Days outside are not believed. The end is late because simulated records live in the 2050s."""


def dates(column: str, form: str) -> pl.Expr:
    """The days of a text column written as `form`; null where they are not, or lie outside 1880-2200. A time after a date is cut off."""
    text = pl.col(column).str.strip_chars().str.replace(r"[T ]\d{1,2}:\d\d.*$", "")
    day = text.str.to_date(form, strict=False)
    return pl.when(day.is_between(EARLIEST, LATEST)).then(day)


def date_format(path: Path, rows: pl.DataFrame, column: str, declared: str = "") -> str:
    """The format in which most of the rows can be read.

    Errors: `SettingsError` for a declared pattern that is none. `SourceError` when no format fits, or when day and month could be
    either way round: a swapped date is worse than a refusal.
    """
    if declared:
        if "%" not in declared:
            raise SettingsError(f"{path}: date_format must be a pattern such as '%d/%m/%Y', not {declared!r}.")
        return declared
    counts = {form: rows.select(dates(column, form).is_not_null().sum()).item() for form in FORMATS}
    most = max(counts.values())
    if not most:
        shown = rows[column].drop_nulls().head(1).to_list()
        raise SourceError(
            path, f"the dates of column {column!r} are not understood, for example {shown}", "Declare date_format = '%d/%m/%Y'."
        )
    best = [form for form, count in counts.items() if count == most]
    if len(best) > 1:
        raise SourceError(
            path,
            f"the dates of column {column!r} may be read as {best[0]} or as {best[1]}: no row shows which number is the month",
            f"Declare date_format = '{best[0]}' (or the other).",
        )
    return best[0]
