"""What people said of the queues of new words and unmatched bursts: one JSON line an act, in order; the newest act on a thing counts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import StoreError
from heedful.core.schemas import INSTANT

ACTS = ("accepted", "dismissed")
VERDICT_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "queue": pl.String, "thing": pl.String, "act": pl.String, "reason": pl.String, "at": INSTANT,
}  # fmt: skip


class VerdictFile:
    """Verdicts of a site. path: its file, made by the first act."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def verdicts(self) -> pl.DataFrame:
        """The newest act on each thing: queue, thing, act, reason, at. Raises `StoreError` with the line that cannot be read."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        rows = [self._row(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
        return pl.DataFrame(rows, schema=VERDICT_COLUMNS).unique(["queue", "thing"], keep="last", maintain_order=True)

    def settled(self, queue: str) -> list[str]:
        """Things of a queue that need no more work."""
        known = self.verdicts()
        return known.filter(known["queue"] == queue)["thing"].to_list()

    def add(self, queue: str, thing: str, act: str, reason: str, at: datetime) -> None:
        """Add an act: written whole or not at all."""
        row = {"queue": queue, "thing": thing, "act": act, "reason": " ".join(reason.split()), "at": at.isoformat()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        before = self.path.read_bytes() if self.path.exists() else b""
        before += b"" if before.endswith(b"\n") or not before else b"\n"
        part = self.path.with_suffix(".part")
        part.write_bytes(before + orjson.dumps(row) + b"\n")
        part.replace(self.path)

    def _row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = orjson.loads(line)
            if row["act"] not in ACTS:
                raise ValueError(f"{row['act']!r} is not an act")
            return {**{name: str(row[name]) for name in VERDICT_COLUMNS}, "at": datetime.fromisoformat(row["at"])}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{self.path}, line {number}: this is no verdict ({error}). Correct or remove the line.") from error
