"""CDC's week: it begins on a Sunday, and week 1 is the first with four or more days in the year (MMWR Week Fact Sheet)."""

from __future__ import annotations

import polars as pl


def week_start(year: pl.Expr, week: pl.Expr) -> pl.Expr:
    """The Sunday on which a MMWR week begins; null where the year has no such week (53 in most years, 0, 54).

    >>> frame = pl.DataFrame({"year": [1997, 2014, 2015], "week": [40, 53, 53]})
    >>> [str(day) for day in frame.select(week_start(pl.col("year"), pl.col("week"))).to_series()]
    ['1997-09-28', '2014-12-28', 'None']
    """
    start = _first(year) + pl.duration(days=(week - 1) * 7)
    return pl.when(week.is_between(1, 53) & (start < _first(year + 1))).then(start)


def _first(year: pl.Expr) -> pl.Expr:
    """The Sunday of week 1: the last Sunday up to 4 January."""
    fourth = pl.date(year, 1, 4)
    return fourth - pl.duration(days=fourth.dt.weekday() % 7)
