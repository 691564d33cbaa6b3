"""What all official series share: when they were issued, and a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.schemas import INSTANT
from heedful.sources.series.fitness import EARLIEST_ZONE


def issued_at(path: Path, settings: Mapping[str, Any], known_at: datetime) -> datetime:
    """Midnight UTC of the setting `issue_date` (ISO), else `known_at`. Raises `SettingsError` if it is no date, or lies after the clock."""
    text = settings.get("issue_date")
    if text is None:
        return known_at
    try:
        day = text if isinstance(text, date) else date.fromisoformat(str(text))
    except ValueError as error:
        raise SettingsError(f"{path}: issue_date must be a day such as '2016-11-21', not {text!r}.") from error
    issued = datetime.combine(day, time(), UTC)
    if issued > known_at + EARLIEST_ZONE:
        raise SettingsError(
            f"{path}: issue_date {day} lies after this site's clock ({known_at:%Y-%m-%d %H:%M} UTC), so nobody can know the file yet. "
            "Correct the setting or the clock."
        )
    return min(issued, known_at)


def midnight(day: pl.Expr) -> pl.Expr:
    """The first instant (UTC) of an issue date: a table issued on a day is known on that day."""
    return day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)
