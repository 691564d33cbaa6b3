"""The tables that a CSV can be mapped to: which columns each takes, and the last steps to its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from heedful.core.codes import CODES
from heedful.core.schemas import Answers, Diary, Observations, People, Schema
from heedful.sources.records.fhir_units import scale_of

HOW = ("measured", "vendor_derived", "self_reported")


@dataclass(frozen=True)
class Shape:
    """What a mapping to one table may name.

    `texts`, `numbers`, `times`: columns of each type. `needed`: those that every row must fill (by a column or a constant).
    `constants`: settings that may stand for a column. `one_of`: columns of which every row must fill one.
    """

    schema: type[Schema]
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    times: tuple[str, ...]
    needed: tuple[str, ...]
    constants: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.texts, *self.numbers, *self.times)


SHAPES: dict[str, Shape] = {
    "observations": Shape(
        Observations, ("person", "code", "value_code", "unit", "device", "how"), ("value",), ("start_at", "end_at"),
        ("person", "code", "start_at"), ("code", "unit", "device", "how"), ("value", "value_code"),
    ),
    "diary": Shape(Diary, ("person", "entry", "text", "language"), (), ("written_at",), ("person", "text", "written_at"), ("language",)),
    "answers": Shape(
        Answers, ("person", "instrument", "item", "value_text"), ("value",), ("asked_at", "answered_at"),
        ("person", "instrument", "item", "asked_at"), ("instrument", "item"), ("value", "value_text"),
    ),
    "people": Shape(People, ("person", "zone", "sex", "place", "language"), ("birth_year",), (), ("person",), ("zone", "language")),
}  # fmt: skip


def flag(rows: pl.DataFrame, wrong: pl.Expr, reason: str) -> pl.DataFrame:
    """Rows with `reason` where `wrong` holds and no reason stands yet."""
    return rows.with_columns(reason=pl.coalesce(pl.col("reason"), pl.when(wrong).then(pl.lit(reason))))


def _observations(rows: pl.DataFrame) -> pl.DataFrame:
    """Values in the units of our codes, the end beside the start, and what cannot be an observation flagged."""
    known = pl.col("code").is_in(list(CODES))
    own = pl.col("code").replace_strict({name: code.unit for name, code in CODES.items()}, default=None, return_dtype=pl.String)
    rows = rows.with_columns(
        pl.col("device").fill_null("declared"), pl.col("how").fill_null("measured"), pl.col("end_at").fill_null(pl.col("start_at")), own=own
    ).with_columns(given=pl.coalesce("unit", "own"))
    rows = flag(
        rows,
        ~known & ~pl.col("code").str.contains(":"),
        "its code is not one of heedful's; use one, or a name with a prefix such as clinic:",
    )
    rows = flag(rows, pl.col("given").is_null(), "its value has no unit; declare unit")
    rows = flag(rows, pl.col("end_at") < pl.col("start_at"), "it ends before it starts; correct the times")
    rows = flag(rows, ~pl.col("how").is_in(HOW), f"how is none of {', '.join(HOW)}; correct it")
    rows = _scaled(rows)
    foreign = known & pl.col("value").is_not_null() & pl.col("factor").is_null()
    rows = flag(rows, foreign, "its unit cannot be converted to that of its code; write it as UCUM does")
    changed = (pl.col("value") * pl.col("factor") + pl.col("summand")).round_sig_figs(12)
    return rows.with_columns(
        value=pl.when(known & (pl.col("given") != pl.col("own"))).then(changed).otherwise("value"),
        unit=pl.when(known).then("own").otherwise("given"),
    ).drop("own", "given", "factor", "summand")


def _scaled(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the factor and summand from their unit to their code's; null where there is no way."""
    pairs = rows.select("given", "own").unique().drop_nulls().rows()
    scales = [(given, own, *(scale_of(given, own) or (None, None))) for given, own in pairs]
    types = {"given": pl.String, "own": pl.String, "factor": pl.Float64, "summand": pl.Float64}
    return rows.join(pl.DataFrame(scales, schema=types, orient="row"), on=["given", "own"], how="left", maintain_order="left")


def _diary(rows: pl.DataFrame) -> pl.DataFrame:
    """Entries without an id are named by their time and line, so that reading the file again finds the same entry."""
    made = pl.format("{}-{}", pl.col("written_at").dt.epoch("s"), pl.col("line"))
    return rows.with_columns(entry=pl.coalesce("entry", made)).drop("offset_minutes")


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    year = pl.col("birth_year")
    rows = flag(rows, year.is_not_null() & ~year.is_between(1880, 2100), "birth_year is not a year between 1880 and 2100; correct it")
    short = {"f": "female", "m": "male", "w": "female", "woman": "female", "man": "male"}
    sex = pl.col("sex").str.to_lowercase().replace(short)
    return rows.with_columns(
        birth_year=pl.when(pl.col("reason").is_null()).then(year.round().cast(pl.Int32, strict=False)),
        sex=pl.when(sex.is_in(["female", "male"])).then(sex).when(sex.is_not_null()).then(pl.lit("other")),
    )


FINISH: dict[type[Schema], Callable[[pl.DataFrame], pl.DataFrame]] = {
    Observations: _observations,
    Diary: _diary,
    Answers: lambda rows: rows.drop("offset_minutes"),
    People: _people,
}
"""Table -> typed columns with `reason` to its own columns; the reason may still be set."""
