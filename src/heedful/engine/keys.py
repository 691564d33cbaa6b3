"""Touched keys: which keys of a derivation a changed row can reach, and which rows those keys need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from heedful.core.derivations import Derivation
from heedful.core.schemas import Schema

DAYS_A_CALL = 40
PEOPLE_A_CALL = 100


def touched_keys(derivation: Derivation, schema: type[Schema], changed: pl.DataFrame) -> pl.DataFrame:
    """Distinct keys (columns `derivation.key`) whose answer may differ because these rows of `schema` came, changed or went."""
    rows = chosen(derivation, schema, changed)
    keys = rows.select(derivation.key).unique()
    if "day" in derivation.key and derivation.by is not None:
        keys = spread(keys, -derivation.lookahead, derivation.reach)
    return keys


def needed_keys(derivation: Derivation, schema: type[Schema], touched: pl.DataFrame) -> pl.DataFrame:
    """Keys of the rows of `schema` that the touched keys look at."""
    if "day" not in derivation.key or derivation.by is None:
        return touched
    return spread(touched, -derivation.lookback, derivation.lookahead)


def chosen(derivation: Derivation, schema: type[Schema], rows: pl.DataFrame) -> pl.DataFrame:
    """Only the codes or features that the derivation declares to read."""
    names = derivation.only.get(schema.table)
    if not names:
        return rows
    column = "code" if "code" in schema.columns else "feature"
    return rows.filter(pl.col(column).is_in(list(names)))


def spread(keys: pl.DataFrame, before: int, after: int) -> pl.DataFrame:
    """Each key at every day from `before` (≤ 0) to `after` days around its own."""
    if not keys.height or (before == 0 and after == 0):
        return keys
    offsets = pl.DataFrame({"_offset": list(range(before, after + 1))})
    return (
        keys.join(offsets, how="cross")
        .with_columns(day=pl.col("day").dt.offset_by(pl.format("{}d", pl.col("_offset"))))
        .select(keys.columns)
        .unique()
    )  # fmt: skip


def day_range(keys: pl.DataFrame) -> tuple[date, date] | None:
    """First and last day of keys that have one."""
    if "day" not in keys.columns or not keys.height or keys["day"].null_count():
        return None
    low, high = keys["day"].min(), keys["day"].max()
    assert isinstance(low, date)
    assert isinstance(high, date)
    return low, high


def portions(keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Touched keys cut into portions whose input rows fit in memory: by people, else by days."""
    for column, size in (("person", PEOPLE_A_CALL), ("day", DAYS_A_CALL)):
        if column in keys.columns:
            values = keys[column].unique().sort()
            for start in range(0, values.len(), size):
                yield keys.filter(pl.col(column).is_in(values[start : start + size].to_list()))
            return
    yield keys
