"""Rows that could not be read: collected beside a batch, never dropped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.frames import Frame
from heedful.core.labels import Raw
from heedful.core.schemas import Quarantine
from heedful.core.seals import raw


class QuarantineList:
    """Collects unreadable lines of one file; `take` empties it into a frame.

    `content` is handed over as read; the consent and public doors seal it before it is stored.
    """

    def __init__(self, source: str, path: Path, known_at: datetime) -> None:
        self._source, self._file, self._known_at = source, path.name, known_at
        self._rows: list[tuple[int, str, str | None]] = []

    def add(self, line: int, reason: str, content: str | bytes | None = None) -> None:
        """Set line `line` (1-based) aside with `reason`: what is wrong, and the cure if there is one."""
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        self._rows.append((line, reason, None if text is None else text[:10_000]))

    def __len__(self) -> int:
        return len(self._rows)

    def take(self) -> tuple[Frame[Raw, Any], ...]:
        if not self._rows:
            return ()
        lines, reasons, contents = zip(*self._rows, strict=True)
        self._rows = []
        data = pl.DataFrame(
            {"line": lines, "reason": reasons, "content": contents}, schema={"line": pl.Int64, "reason": pl.String, "content": pl.String}
        ).with_columns(
            source=pl.lit(self._source), file=pl.lit(self._file), known_at=pl.lit(self._known_at, dtype=Quarantine.dtypes()["known_at"])
        )
        return (raw(data, Quarantine),)
