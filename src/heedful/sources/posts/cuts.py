"""What the readers of JSON lines, CSV and Parquet hand to the table source: one portion of records as columns, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Unread:
    """A record that could not be read: 1-based line, reason, content."""

    line: int
    reason: str
    content: str | bytes | None


@dataclass
class Cut:
    """A portion of a table.

    `columns`: our column -> values as read (strings, numbers, times). `extra`: JSON of the other columns. `lines`: 1-based line
    of each record. `content`: gives record `i` as it was read. `unread`: records that are no row. `cursor`, `done`, `total`,
    `aside`: as in `Batch`.
    """

    columns: dict[str, pl.Series]
    extra: pl.Series | None
    lines: Sequence[int]
    content: Callable[[int], str | bytes | None]
    cursor: dict[str, Any]
    done: int
    total: int
    unread: list[Unread] = field(default_factory=list)
    aside: dict[str, int] = field(default_factory=dict)
