"""Reading a source to its end, with its accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.core.schemas import Posts, Quarantine
from heedful.core.seals import unseal
from heedful.sources.base import Batch, Options, Source

KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Reading:
    """All that one file gave. `error` is the `SourceError` that ended it, if one did."""

    batches: list[Batch] = field(default_factory=list)
    error: SourceError | None = None

    @property
    def posts(self) -> pl.DataFrame:
        return self._rows(Posts)

    @property
    def quarantine(self) -> pl.DataFrame:
        return self._rows(Quarantine)

    @property
    def skipped(self) -> dict[str, int]:
        return dict(sum((Counter(batch.skipped) for batch in self.batches), Counter()))

    @property
    def records(self) -> int:
        return sum(batch.records for batch in self.batches)

    @property
    def deletions(self) -> list[tuple[str, str]]:
        return [(item.scope, item.subject) for batch in self.batches for item in batch.deletions]

    def _rows(self, schema: Any) -> pl.DataFrame:
        return pl.concat([schema.empty(), *(unseal(rows) for batch in self.batches for rows in batch.rows if rows.schema is schema)])


@pytest.fixture
def read() -> Callable[..., Reading]:
    def read(source: Source, path: Path, cursor: dict[str, Any] | None = None, zone: str = "UTC", **settings: Any) -> Reading:
        reading = Reading()
        try:
            for batch in source.read(path, Options("here", zone=zone, settings=settings), KNOWN_AT, cursor):
                reading.batches.append(batch)
        except SourceError as error:
            reading.error = error
        # Every record is a row, in quarantine, or left out with a reason: the contract of `Batch`.
        for batch in reading.batches:
            assert batch.records == sum(len(rows) for rows in batch.rows) + sum(batch.skipped.values())
        return reading

    return read
