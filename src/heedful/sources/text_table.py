"""A small CSV that is read whole: text columns by their names, and one sentence where the file is no such table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from heedful.core.errors import SourceError


def text_table(path: Path, needed: Sequence[str], cure: str, *, encoding: Literal["utf8", "utf8-lossy"] = "utf8") -> pl.DataFrame:
    """All columns as text. Errors: `SourceError` with `cure` if the file cannot be read, or lacks one of the `needed` columns."""
    try:
        rows = pl.read_csv(path, infer_schema=False, encoding=encoding)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(path, f"it cannot be read as CSV ({error})", cure) from error
    lost = [name for name in needed if name not in rows.columns]
    if lost:
        raise SourceError(path, f"it has no column {', '.join(lost)}", cure, 1)
    return rows
