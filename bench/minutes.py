"""Minute data of made-up people, as the lake holds it: steps and heart rate of one watch, 30 days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from heedful.core.schemas import Observations

DAYS = 30
MINUTES = 1_440
NIGHT_MINUTES = 7 * 60
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
"""30 days within one calendar month."""


def raw_id(person: int) -> str:
    return f"p{person:06d}"


def month(people: range, days: int = DAYS, seed: int = 1) -> pl.DataFrame:
    """A row a minute, person and code; `known_at` is the end of the month."""
    rng = np.random.default_rng(seed + people.start)
    minute = np.arange(days * MINUTES)
    awake = minute % MINUTES >= NIGHT_MINUTES
    parts = []
    for person in people:
        steps = np.where(awake & (rng.random(minute.size) < 0.25), rng.poisson(24, minute.size), 0).astype(float)
        heart = 60 + 10.0 * awake + rng.normal(0, 3, minute.size).round()
        parts += [rows(raw_id(person), "steps", "{steps}", minute, steps), rows(raw_id(person), "heart_rate", "/min", minute, heart)]
    return pl.concat(parts)


def rows(person: str, code: str, unit: str, minute: np.ndarray, value: np.ndarray, known_at: datetime | None = None) -> pl.DataFrame:
    """Observations of one person at minutes since `FIRST`."""
    start = np.datetime64(FIRST.replace(tzinfo=None), "us") + minute.astype("timedelta64[m]")
    frame = pl.DataFrame({"start_at": start, "value": value}).select(
        person=pl.lit(person), code=pl.lit(code), day=pl.col("start_at").cast(pl.Date),
        start_at=pl.col("start_at").dt.replace_time_zone("UTC"), end_at=(pl.col("start_at") + timedelta(minutes=1)).dt.replace_time_zone("UTC"),
        offset_minutes=pl.lit(0, pl.Int16), value="value", value_code=pl.lit(None, pl.String), unit=pl.lit(unit), device=pl.lit("Charge 5 wrist"),
        how=pl.lit("measured"), row=pl.lit(0, pl.Int32), known_at=pl.lit(known_at or FIRST + timedelta(days=DAYS)).cast(pl.Datetime("us", "UTC")),
        extra=pl.lit(None, pl.String),
    )  # fmt: skip
    return Observations.check(frame)
