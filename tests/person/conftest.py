"""Rows of personal tables for tests of this room, by the fixture `rows`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from heedful.core.schemas import INSTANT

KNOWN = datetime(2026, 6, 1, tzinfo=UTC)
FIRST = date(2026, 3, 1)


def features(person: str, feature: str, unit: str, values: list[float | None], first: date = FIRST) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [person] * len(values),
            "day": [first + timedelta(days=n) for n in range(len(values))],
            "feature": [feature] * len(values),
            "value": values,
            "unit": [unit] * len(values),
            "coverage": [0.9 if value is not None else 0.0 for value in values],
            "missing": ["" if value is not None else "not_worn" for value in values],
        },
        schema_overrides={"value": pl.Float64, "day": pl.Date},
    )


def adherence(person: str, drug: str, value: float | None, start: date = date(2026, 1, 1), end: date = date(2026, 3, 1)) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [person], "drug": [drug], "window_start": [start], "window_end": [end], "measure": ["CMA7"],
            "value": [value], "events": [3], "missing": ["" if value is not None else "no_data"],
        },
        schema_overrides={"value": pl.Float64, "events": pl.Int32},
    )  # fmt: skip


def dispensings(person: str, drug: str, days: list[date], supply: float | None = 30.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [person] * len(days), "drug": [drug] * len(days), "drug_system": ["local"] * len(days),
            "day": days, "dispensed_on": days,
            "days_supplied": [supply] * len(days), "row": [0] * len(days), "known_at": [KNOWN] * len(days),
        },
        schema_overrides={"row": pl.Int32, "known_at": INSTANT, "days_supplied": pl.Float64},
    )  # fmt: skip


@pytest.fixture(scope="session")
def rows() -> SimpleNamespace:
    """Makers of rows: features, adherence, dispensings."""
    return SimpleNamespace(features=features, adherence=adherence, dispensings=dispensings)
