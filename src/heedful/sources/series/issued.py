"""What all official series share: when they were issued, and a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.schemas import INSTANT


def issued_at(path: Path, settings: Mapping[str, Any], known_at: datetime) -> datetime:
    """Midnight UTC of the setting `issue_date` (ISO), else `known_at`. Raises `SettingsError` if it is no date."""
    text = settings.get("issue_date")
    if text is None:
        return known_at
    try:
        day = text if isinstance(text, date) else date.fromisoformat(str(text))
    except ValueError as error:
        raise SettingsError(f"{path}: issue_date must be a day such as '2016-11-21', not {text!r}.") from error
    return datetime.combine(day, time(), UTC)


def midnight(day: pl.Expr) -> pl.Expr:
    """The first instant (UTC) of an issue date: a table issued on a day is known on that day."""
    return day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)
