"""Touched keys: which keys of a derivation a changed row can reach, and which rows those keys need."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from heedful.core.derivations import Derivation
from heedful.core.schemas import Schema
from heedful.store.warm import Names, among


def touched_keys(derivation: Derivation, schema: type[Schema], changed: pl.DataFrame) -> pl.DataFrame:
    """Distinct keys (columns `derivation.key`) whose answer may differ because these rows of `schema` came, changed or went."""
    rows = chosen(derivation, schema, changed)
    keys = rows.select(derivation.key).unique()
    if "day" in derivation.key and derivation.by is not None:
        keys = spread(keys, -derivation.lookahead, derivation.reach)
    return keys


def needed_keys(derivation: Derivation, touched: pl.DataFrame) -> pl.DataFrame:
    """Keys of the rows that the touched keys look at."""
    if "day" not in derivation.key or derivation.by is None:
        return touched
    return spread(touched, -derivation.lookback, derivation.lookahead)


def telling(derivation: Derivation, schema: type[Schema]) -> set[str]:
    """Columns of a table that decide which keys a changed row touches."""
    named = {"code" if "code" in schema.columns else "feature"} if names_read(derivation, schema) else set()
    return {*derivation.key, *named} & set(schema.columns)


def names_read(derivation: Derivation, schema: type[Schema]) -> Names | None:
    """The column that holds codes or features, and those of them that the derivation declares to read; None: all."""
    names = derivation.only.get(schema.table) or derivation.matching.get(schema.table)
    return ("code" if "code" in schema.columns else "feature", names) if names else None


def chosen(derivation: Derivation, schema: type[Schema], rows: pl.DataFrame) -> pl.DataFrame:
    """Only the codes or features that the derivation declares to read."""
    names = names_read(derivation, schema)
    if names is None:
        return rows
    mine = among(rows, names)
    return rows if mine.all() else rows.filter(mine)


def spread(keys: pl.DataFrame, before: int, after: int) -> pl.DataFrame:
    """Each key at every day from `before` (≤ 0) to `after` days around its own."""
    if not keys.height or (before == 0 and after == 0):
        return keys
    others = [name for name in keys.columns if name != "day"]
    dated = keys.drop_nulls("day").unique().sort(*others, "day")
    day = dated["day"].to_physical().to_numpy().astype(np.int64)
    group = dated.select(pl.struct(others).rle_id()).to_series().to_numpy() if others else np.zeros(len(day), np.int64)
    same = np.concatenate([[False], group[1:] == group[:-1]])[: len(day)]
    begin = day + before
    begin[1:] = np.where(same[1:], np.maximum(begin[1:], day[:-1] + after + 1), begin[1:])  # where the key before ends
    count = np.maximum(day + after + 1 - begin, 0)
    row = np.repeat(np.arange(len(day)), count)
    days = begin[row] + np.arange(len(row)) - (np.cumsum(count) - count)[row]
    return pl.concat([
        dated[row].with_columns(day=pl.Series(days.astype(np.int32)).cast(pl.Date)).select(keys.columns),
        keys.filter(pl.col("day").is_null()).unique(),
    ])  # fmt: skip


def day_range(keys: pl.DataFrame) -> tuple[date, date] | None:
    """First and last day of keys that have one."""
    if "day" not in keys.columns or not keys.height or keys["day"].null_count():
        return None
    low, high = keys["day"].min(), keys["day"].max()
    assert isinstance(low, date)
    assert isinstance(high, date)
    return low, high
