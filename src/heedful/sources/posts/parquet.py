"""Parquet as cuts of exactly `BATCH_ROWS` rows, whatever the file's row groups are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.base import BATCH_ROWS
from heedful.sources.posts.cuts import Cut
from heedful.sources.posts.mapping import PERSONAL, guess, plain, resolve

MAGIC = b"PAR1"
_CURE = "Write the file again, or check that it was copied whole."


def columns_of(path: Path) -> dict[str, str]:
    """The guessed mapping of a Parquet file; empty if it cannot be read."""
    try:
        schema = pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError):
        return {}
    return guess(list(schema), _text_names(schema))


def cuts(path: Path, declared: Mapping[str, str], cursor: Mapping[str, Any] | None) -> Iterator[Cut]:
    """Cuts from row `cursor["row"]` on. Lines are 1-based row numbers. Errors: `SourceError` if the file is no sound Parquet."""
    try:
        schema, rows = pl.read_parquet_schema(path), pl.scan_parquet(path)
        total = int(rows.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(path, f"it is not a sound Parquet file ({error})", _CURE) from error
    mapping = dict(cursor["columns"]) if cursor else resolve(path, list(schema), declared, _text_names(schema))
    at = int(cursor["row"]) if cursor else 0
    while at < total:
        try:
            data = rows.slice(at, BATCH_ROWS).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(path, f"its data is damaged after row {at:,} ({error})", _CURE, at + 1) from error
        at += data.height
        yield _cut(data, mapping, at, total)


def _text_names(schema: Mapping[str, Any]) -> list[str]:
    return [name for name, dtype in schema.items() if dtype in (pl.String, pl.Categorical, pl.Enum)]


def _cut(data: pl.DataFrame, mapping: dict[str, str], end: int, total: int) -> Cut:
    used = set(mapping.values())
    rest = [name for name in data.columns if name not in used and plain(name) not in PERSONAL]
    return Cut(
        columns={ours: _plain_type(ours, data[theirs]) for ours, theirs in mapping.items()},
        extra=_extra(data, rest),
        lines=range(end - data.height + 1, end + 1),
        content=lambda row: str(data.row(row, named=True)),
        cursor={"row": end, "columns": mapping},
        done=end,
        total=total,
        aside={name: data.height for name in data.columns if name not in used},
    )


def _plain_type(ours: str, values: pl.Series) -> pl.Series:
    """Times, numbers of times and truth values stay as they are; everything else becomes text, and nested columns missing."""
    if ours in ("posted_at", "known_at") or (ours == "synthetic" and values.dtype == pl.Boolean):
        return values.cast(pl.String) if values.dtype in (pl.Categorical, pl.Enum) else values
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        return pl.Series(values.name, [None] * len(values), dtype=pl.String)
    return values.cast(pl.String)


def _extra(data: pl.DataFrame, rest: list[str]) -> pl.Series | None:
    kept = [name for name in rest if data.schema[name] not in (pl.Binary, pl.Object)]
    return data.select(pl.struct(kept).struct.json_encode()).to_series() if kept else None
