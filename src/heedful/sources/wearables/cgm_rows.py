"""Tables of continuous glucose monitors: lines of text to readings, in local time without offset, low and high kept as words."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.wearables.drafts import COLUMNS
from heedful.sources.wearables.parts import Part
from heedful.sources.wearables.stamps import localized

PER_MMOL = 18.0156
"""mg/dL of glucose in a mmol/L."""
_CURE = "Download the report again as CSV."


@dataclass
class Readings:
    """Readings in the order of the file. `out_of_range`: "low" or "high" where the sensor gave no number."""

    lines: list[int] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    out_of_range: list[str | None] = field(default_factory=list)
    how: list[str] = field(default_factory=list)
    device: list[str] = field(default_factory=list)

    def add(self, line: int, at: str, written: str, factor: float, device: str, how: str = "measured") -> None:
        word = {"low": "low", "lo": "low", "high": "high", "hi": "high"}.get(written.strip().lower())
        self.lines.append(line)
        self.local.append(at)
        self.written.append(f"{written} at {at}")
        self.values.append(None if word else _number(written, factor))
        self.out_of_range.append(word)
        self.how.append(how)
        self.device.append(device)

    def table(self, local: pl.Expr, zone: str) -> pl.DataFrame:
        """Rows for a draft; `local` makes naive times of the column `local`."""
        columns = {"line": self.lines, "local": self.local, "written": self.written, "value": self.values, "value_code": self.out_of_range}
        schema = {"line": pl.Int64, "local": pl.String, "written": pl.String, "value": pl.Float64, "value_code": pl.String}
        table = pl.DataFrame(columns, schema=schema).with_columns(
            how=pl.Series(self.how, dtype=pl.String), device=pl.Series(self.device, dtype=pl.String), code=pl.lit("glucose"), local=local
        )
        placed = localized(table, "local", zone, within=("device", "how"))
        return placed.with_columns(end_at=pl.col("start_at")).select(
            [pl.col(name).cast(COLUMNS[name]) for name in COLUMNS if name in placed.columns]
        )


def cells(part: Part, mark: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and numbered rows of a table whose header holds a cell that begins with `mark`; lines above it are titles."""
    text = part.bytes().decode("utf-8-sig", "replace").replace("\0", "")
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines[:10]) if mark in line), None)
    if at is None:
        raise SourceError(part.place, f"it has no column {mark!r} in its first ten lines", _CURE)
    delimiter = max(",;\t", key=lines[at].count)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines[at:])), delimiter=delimiter))
    except csv.Error as error:
        raise SourceError(part.place, f"its table cannot be read ({error})", _CURE, at + 1) from error
    return [cell.strip() for cell in rows[0]], list(enumerate(rows[1:], start=at + 2))


def column(names: Sequence[str], begins: str, part: Part) -> int:
    """The place of the column whose name begins so. Raises `SourceError` if there is none."""
    found = next((place for place, name in enumerate(names) if name.lower().startswith(begins.lower())), None)
    if found is None:
        raise SourceError(part.place, f"it has no column {begins!r}", _CURE)
    return found


def factor_of(name: str, part: Part) -> float:
    """What makes a column's unit mg/dL, by its name."""
    if "mg/dl" in name.lower():
        return 1.0
    if "mmol/l" in name.lower():
        return PER_MMOL
    raise SourceError(part.place, f"the column {name!r} names neither mg/dL nor mmol/L", _CURE)


def _number(written: str, factor: float) -> float | None:
    try:
        return float(written.strip().replace(",", ".")) * factor
    except ValueError:
        return None


def cut(names: Sequence[str], rows: list[tuple[int, list[str]]]) -> list[tuple[int, str, str | bytes | None]]:
    """Rows with fewer cells than the header, as what could not be read."""
    reason = f"the line has fewer cells than the header's {len(names)}"
    return [(line, reason, ",".join(row)) for line, row in rows if row and len(row) < len(names)]


def whole(names: Sequence[str], rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[Any]]]:
    """Rows with all cells of the header."""
    return [(line, [cell.strip() for cell in row]) for line, row in rows if len(row) >= len(names)]
