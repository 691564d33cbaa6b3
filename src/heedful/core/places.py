"""Place codes and what a gazetteer is: the words in which language, population and the engine speak of places.

A code is a path from the country down: "" (no place), "US", "US/NY", "US/NY/5128581" (GeoNames id of a town). "world" stands
above all countries and is a level of every text, placed or not.
"""

from __future__ import annotations

from typing import Protocol

import polars as pl

WORLD = "world"


class Gazetteer(Protocol):
    """What finds the place of a text; a `Resource` of derivations, asked for by `needs=("gazetteer",)`.

    `resolve(declared, text)` takes two String columns of equal length: the place as the author declared it (free text, may be
    null) and the text itself (may be null: then only `declared` is asked). It answers a frame of the same height and order with
    the columns `place` (String, a place code, "" if none; never null), `place_how` (String: "declared", "named" or "none") and
    `place_confidence` (Float64, 0 to 1; null if there is no place).
    Declared goes before named. It must answer row by row: the same pair gives the same place whatever other rows come with it.
    """

    @property
    def fingerprint(self) -> str: ...

    def resolve(self, declared: pl.Series, text: pl.Series) -> pl.DataFrame: ...


def place_levels(column: str | pl.Expr) -> pl.Expr:
    """All levels of a place code, from the world down, as a list of strings; a text without a place counts for the world alone.
    The column keeps its name.

    >>> frame = pl.DataFrame({"place": ["US/NY/5128581", "DE", "", "world", None]})
    >>> frame.select(place_levels("place")).to_series().to_list()
    [['world', 'US', 'US/NY', 'US/NY/5128581'], ['world', 'DE'], ['world'], ['world'], ['world']]
    """
    given = pl.col(column) if isinstance(column, str) else column
    code = given.fill_null("")
    path = pl.when(code == WORLD).then(pl.lit("")).otherwise(code)
    parts = path.str.splitn("/", 3)
    country, region, town = (parts.struct.field(f"field_{n}") for n in range(3))
    levels = [
        pl.lit(WORLD),
        pl.when(country != "").then(country),
        pl.when(region.is_not_null()).then(country + "/" + region),
        pl.when(town.is_not_null()).then(path),
    ]
    return pl.concat_list(levels).list.drop_nulls().alias(given.meta.output_name())


def parent_place(column: str | pl.Expr) -> pl.Expr:
    """The code one level up: the region of a town, the country of a region, the world of a country; null for the world and "".

    >>> pl.DataFrame({"place": ["US/NY/5128581", "US/NY", "US", "world", ""]}).select(parent_place("place")).to_series().to_list()
    ['US/NY', 'US', 'world', None, None]
    """
    code = pl.col(column) if isinstance(column, str) else column
    upper = code.str.replace(r"/?[^/]*$", "")
    parent = pl.when((code == "") | (code == WORLD)).then(None).when(upper == "").then(pl.lit(WORLD)).otherwise(upper)
    return parent.alias(code.meta.output_name())
