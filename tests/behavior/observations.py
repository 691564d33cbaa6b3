"""Observations for the tests: one row at a time, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def observed(
    code: str, start: dt.datetime, minutes: float, value: float | str | None, *, person: str = "a", device: str = "Apple Watch",
    offset: int = 0, how: str = "measured", row: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """One observation; a text value is a coded one."""
    return {
        "person": person, "code": code, "day": (start + dt.timedelta(minutes=offset)).date(), "start_at": start,
        "end_at": start + dt.timedelta(minutes=minutes), "offset_minutes": offset, "value": value if not isinstance(value, str) else None,
        "value_code": value if isinstance(value, str) else None, "unit": "", "device": device, "how": how, "row": row, "known_at": start,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as the schema wants them."""
    return Observations.check(pl.DataFrame(rows, schema={k: v for k, v in Observations.dtypes().items() if k != "extra"}))


def derive(derivation: Any, rows: list[dict[str, Any]] | pl.DataFrame) -> pl.DataFrame:
    """The derivation's rows."""
    data = rows if isinstance(rows, pl.DataFrame) else table(rows)
    out: pl.DataFrame = derivation(seal(data, Consented[Care], Observations)).data
    return out


def value_of(out: pl.DataFrame, feature: str, person: str = "a") -> tuple[float | None, str]:
    """Value and reason of the only row of this feature."""
    row = out.filter((pl.col("feature") == feature) & (pl.col("person") == person)).row(0, named=True)
    return row["value"], row["missing"]
