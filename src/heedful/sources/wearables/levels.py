"""Each thing counts once: of files that hold the same code, the finest with the person and day speaks for that day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

_KEY = ("person", "day")


@dataclass(frozen=True)
class Holding:
    """That a file holds a code. `minutes`: length of its rows, 0 for instants; `days`: its persons and days, each once."""

    file: str
    code: str
    minutes: int
    rows: int
    days: pl.DataFrame


def spoken_for(holdings: Sequence[Holding]) -> dict[tuple[str, str], pl.DataFrame]:
    """By (file, code): the persons and days that another file speaks for, each with the reason why this one's rows are skipped.

    Finer rows go first, then the file with more rows, then the name. A day that only a coarser file has stays that file's.

    >>> day = pl.DataFrame({"person": ["a"], "day": ["2016-04-12"]})
    >>> minutes, daily = Holding("m.csv", "steps", 1, 1440, day), Holding("d.csv", "steps", 1440, 1, day)
    >>> spoken_for([daily, minutes])["d.csv", "steps"]["reason"].to_list()
    ['total of finer rows in m.csv']
    """
    found: dict[tuple[str, str], pl.DataFrame] = {}
    for code in sorted({holding.code for holding in holdings}):
        taken = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "file": pl.String, "minutes": pl.Int64})
        for holding in sorted((one for one in holdings if one.code == code), key=lambda one: (one.minutes, -one.rows, one.file)):
            mine = holding.days.select(_KEY)
            if taken.height:
                finer = (
                    pl.when(pl.col("minutes") < holding.minutes).then(pl.lit("total of finer rows in ")).otherwise(pl.lit("same rows in "))
                )
                others = mine.join(taken, on=_KEY).select(*_KEY, reason=finer + pl.col("file"))
                if others.height:
                    found[holding.file, code] = others
                mine = mine.join(taken, on=_KEY, how="anti")
            mine = mine.with_columns(file=pl.lit(holding.file), minutes=pl.lit(holding.minutes, dtype=pl.Int64))
            taken = pl.concat([taken, mine]) if taken.height else mine
    return found


def days_of(parts: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """Persons and days of a file's blocks, each once, and how many rows there were."""
    days, rows = pl.DataFrame(schema={"person": pl.String, "day": pl.Date}), 0
    for part in parts:
        rows += part.height
        days = pl.concat([days, part.select(_KEY).drop_nulls().unique()]).unique()
    return days.sort(_KEY), rows
