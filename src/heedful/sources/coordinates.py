"""The user's coordinates of places, for scans in space."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.text_table import text_table


def read_coordinates(path: Path) -> pl.DataFrame:
    """place, longitude, latitude of a CSV. Errors: `SourceError`, naming file and column."""
    cure = "Write a header line place,longitude,latitude, and one line for each place (US/NY,-75.5,42.9)."
    rows = text_table(path, ("place", "longitude", "latitude"), cure)
    found = rows.select(pl.col("place").str.strip_chars(), pl.col("longitude", "latitude").cast(pl.Float64, strict=False))
    bad = found.with_row_index("line", 2).filter(
        ~(pl.col("longitude").is_between(-180, 180) & pl.col("latitude").is_between(-90, 90)).fill_null(False)
        | pl.col("place").is_duplicated()
    )
    if bad.height:
        raise SourceError(path, f"{bad['place'][0]} has no longitude and latitude in degrees, or stands twice", cure, int(bad["line"][0]))
    return found
