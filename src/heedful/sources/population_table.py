"""The user's population table: how many people live where (setting `[population] file`)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.text_table import text_table


def read_population(path: Path) -> pl.DataFrame:
    """A CSV with the columns place, people and, if it has any, stratum (absent: 'all' in each row). Errors: `SourceError`."""
    cure = "Write a header line place,stratum,people, and one line for each place (US/NY,all,19571216)."
    rows = text_table(path, ("place", "people"), cure)
    if "stratum" not in rows.columns:
        rows = rows.with_columns(stratum=pl.lit("all"))
    people = rows["people"].str.strip_chars().cast(pl.Float64, strict=False)
    bad = (people.is_null() | ~(people > 0).fill_null(value=False)).arg_max() if rows.height else None
    if bad is not None and (people[bad] is None or not people[bad] > 0):
        raise SourceError(path, f"{rows['people'][bad]!r} is not a number of people", cure, bad + 2)
    return rows.select(pl.col("place", "stratum").str.strip_chars(), people=people)
