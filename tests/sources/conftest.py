"""Reading a file of records or series to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.schemas import TABLES
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Batch, Options

KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    batches: list[Batch]

    def __getitem__(self, table: str) -> pl.DataFrame:
        frames = [unseal(frame) for batch in self.batches for frame in batch.rows if frame.schema.table == table]
        return pl.concat(frames) if frames else TABLES[table].empty()

    @property
    def skipped(self) -> Counter[str]:
        return sum((Counter(batch.skipped) for batch in self.batches), Counter())

    @property
    def records(self) -> int:
        return sum(batch.records for batch in self.batches)

    @property
    def aside(self) -> Counter[str]:
        return sum((Counter(batch.aside) for batch in self.batches), Counter())


@pytest.fixture
def read() -> Callable[..., Reading]:
    """`read(source, path, name=…, subject=…, zone=…, known_at=…, **settings)`."""

    def all_of(
        source: str, path: Path, *, name: str = "test", subject: str = "", zone: str = "UTC", known_at: datetime = KNOWN_AT, **settings: Any
    ) -> Reading:
        return Reading(list(SOURCES.get(source).read(path, Options(name, subject, zone, settings), known_at)))

    return all_of


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """`csv("a,b", "1,2")` writes a file of these lines."""

    def write(*lines: str) -> Path:
        path = tmp_path / "table.csv"
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write
