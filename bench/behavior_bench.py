"""Person-months a second: minute data of 50 people at a time to daily features, against plain polars in the same run; and CMA1 to
CMA9 of 100,000 patients.

    python bench/behavior_bench.py [people] [rounds]

Every chunk goes through Parquet first, as it would come from the lake. One core: set before polars is imported.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

from heedful.behavior.adherence.continuous import MEASURES, cma
from heedful.behavior.adherence.windows import events, windows
from heedful.behavior.daily import daily_features
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

CHUNK = 50
DAYS = 30
NIGHT_MINUTES = 7 * 60


def month(people: range, seed: int = 1) -> pl.DataFrame:
    """30 days of steps and heart rate a minute for these people, and one night's stages a day, as the lake holds them."""
    rng = np.random.default_rng(seed + people.start)
    n = DAYS * 1440
    minutes = np.arange(n)
    start = np.datetime64("2026-01-01", "us") + minutes.astype("timedelta64[m]")
    parts = []
    for person in people:
        steps = np.where(minutes % 1440 < NIGHT_MINUTES, 0, rng.poisson(6, n) * (rng.random(n) < 0.25))
        heart = 60 + 10 * (minutes % 1440 >= NIGHT_MINUTES) + rng.normal(0, 3, n).round()
        for code, unit, values in (("heart_rate", "/min", heart), ("steps", "{steps}", steps)):
            parts.append(_rows(f"p{person:06d}-{'x' * 16}", code, unit, start, values))
    buffer = io.BytesIO()
    pl.concat(parts).write_parquet(buffer)
    buffer.seek(0)
    return pl.read_parquet(buffer)


def _rows(person: str, code: str, unit: str, start: np.ndarray, values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"start_at": start, "value": values.astype(float)}).select(
        person=pl.lit(person), code=pl.lit(code), day=pl.col("start_at").cast(pl.Date),
        start_at=pl.col("start_at").dt.replace_time_zone("UTC"),
        end_at=pl.col("start_at").dt.offset_by("1m").dt.replace_time_zone("UTC"), offset_minutes=pl.lit(0, pl.Int16), value="value",
        value_code=pl.lit(None, pl.String), unit=pl.lit(unit), device=pl.lit("Fitbit Charge 5 wrist"), how=pl.lit("measured"),
        row=pl.lit(0, pl.Int32), extra=pl.lit(None, pl.String),
        known_at=pl.lit("2026-02-01").str.to_datetime(time_unit="us", time_zone="UTC"),
    )  # fmt: skip


def plain_polars(data: pl.DataFrame) -> int:
    """The same features on these (clean, one-device) rows, written plainly; no device rule, no bridging of silences."""
    day = ["person", "day"]
    steps = data.filter(pl.col("code") == "steps")
    rates = data.filter(pl.col("code") == "heart_rate")
    activity = steps.group_by(day).agg(pl.col("value").sum(), active=(pl.col("value") >= 60).sum())
    minute = pl.col("start_at").dt.truncate("1m")
    wear = data.filter((pl.col("code") == "heart_rate") | (pl.col("value") > 0)).group_by(day).agg(minute.n_unique())
    mean = rates.group_by(*day, minute).agg(pl.col("value").mean()).group_by(day).agg(pl.col("value").mean())
    walked = steps.filter(pl.col("value") > 0).select("person", "start_at")
    night = rates.filter(pl.col("start_at").dt.hour() < 7).join(walked, on=["person", "start_at"], how="anti")
    resting = night.group_by(day).agg(pl.col("value").floor().mean().floor())
    return activity.height + wear.height + mean.height + resting.height


def cma_seconds(patients: int = 100_000) -> dict[str, float]:
    """Seconds for each measure over 10.8 dispensings a patient in two years."""
    rng = np.random.default_rng(2)
    n = int(10.8 * patients)
    day = np.datetime64("2024-01-01") + rng.integers(0, 760, n)
    table = pl.DataFrame({
        "patient_id": rng.integers(0, patients, n), "date": day, "duration_days": rng.choice([30, 60, 90], n),
        "daily_dose": rng.choice([2, 4], n), "medication_class": rng.choice(["medA", "medB"], n),
    })  # fmt: skip
    out = {}
    for measure in MEASURES:
        began = time.process_time()
        held = events(table)
        cma(measure, held, windows(held, {}))
        out[measure] = time.process_time() - began
    return out


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    ours: list[float] = []
    peer: list[float] = []
    warm = seal(month(range(2)), Consented[Care], Observations)
    daily_features(warm)
    for _ in range(rounds):
        for first in range(0, people, CHUNK):
            data = month(range(first, min(first + CHUNK, people)))
            frame = seal(data, Consented[Care], Observations)
            began = time.process_time()
            daily_features(frame)
            ours.append(time.process_time() - began)
            began = time.process_time()
            plain_polars(data)
            peer.append(time.process_time() - began)
    for name, seconds in (("daily_features", ours), ("plain polars, fewer rules", peer)):
        middle = statistics.median(seconds)
        rate = min(people, CHUNK) / middle
        print(f"{name:28s} {rate:8.0f} person-months/s (median of {len(seconds)} chunks, {middle * 1e3:.0f} ms each)")
    cma_seconds(100)
    seconds_of = cma_seconds()
    print(
        "CMA of 100,000 patients, s:",
        ", ".join(f"{name} {value:.2f}" for name, value in seconds_of.items()),
        f"; all {sum(seconds_of.values()):.1f}",
    )
    print("bar: 300 person-months/s:", "pass" if min(people, CHUNK) / statistics.median(ours) >= 300 else "miss")


if __name__ == "__main__":
    main()
