"""Minute data to daily features, by the derivations called as pure functions; plain polars beside it in the same run."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from bench.measure import Line, Times, at_least, at_most, fresh_process, median

CHUNK, DAYS = 20, 30


def lines(people: int) -> list[Line]:
    answer = fresh_process("features:work", people, one_core=True)
    ours, peer = (CHUNK / median(answer[name]["undisturbed"]) for name in ("ours", "plain"))
    return [
        at_least(
            "minute data → daily features, one core", ours, "person-months/s", 300,
            f"{CHUNK / median(answer['ours']['clock']):,.0f}", f"plain polars with fewer rules {peer:,.0f}/s, {ours / peer:.1f} ×",
            f"{people:,} people × {DAYS} days in chunks of {CHUNK}, read from Parquet in memory; median of {len(answer['ours']['clock'])} chunks; "
            "activity, heart, nights, glucose, hours of the day and rhythms over seven days",
        ),
        at_most(
            f"memory over {people:,} people × {DAYS} days", answer["memory"]["peak_mb"][0], "MB", 1_500, "", "",
            "the process that makes and derives them, chunk by chunk: it does not grow with the number of people",
        ),
    ]  # fmt: skip


def work(people: str) -> dict[str, dict[str, list[float]]]:
    from bench.measure import peak_mb
    from bench.minutes import month
    from heedful.behavior.hours_daily import day_hours, live_hours
    from heedful.behavior.main_sleeps import main_sleeps
    from heedful.behavior.rhythm_daily import daily_rhythm
    from heedful.behavior.rows import codes_met
    from heedful.behavior.sleep import nightly_sleep
    from heedful.behavior.sleep_regularity import sleep_regularity
    from heedful.behavior.social_jet_lag import social_jet_lag
    from heedful.core.labels import Care, Consented
    from heedful.core.schemas import Observations
    from heedful.core.seals import seal

    derivations, hours, rhythms = feature_derivations(), day_hours, daily_rhythm

    def derive(rows: pl.DataFrame) -> None:
        frame = seal(rows, Consented[Care], Observations)
        present = codes_met(frame.data)
        for derivation in derivations:
            if present & set(derivation.only["observations"]):  # else no key is touched, and the engine asks nothing of it
                derivation(frame)
        counted = hours(frame)
        rhythms(counted)
        held = live_hours(counted)
        if present & set(nightly_sleep.only["observations"]):
            nightly_sleep(frame, held)
            sleeps = main_sleeps(frame, held)
            sleep_regularity(sleeps)
            social_jet_lag(sleeps)

    derive(month(range(2)))
    ours, plain = Times(), Times()
    for first in range(0, int(people), CHUNK):
        rows = as_from_the_lake(month(range(first, first + CHUNK)))
        with ours.one_more():
            derive(rows)
        with plain.one_more():
            plain_polars(rows)
    return {"ours": ours.as_dict(), "plain": plain.as_dict(), "memory": {"peak_mb": [peak_mb()]}}


def feature_derivations() -> list[Any]:
    """All derivations that make features of observations."""
    from heedful.behavior import DERIVATIONS
    from heedful.core.schemas import Features, Observations

    return [derivation for derivation in DERIVATIONS if derivation.writes is Features and derivation.reads == (Observations,)]


def as_from_the_lake(rows: pl.DataFrame) -> pl.DataFrame:
    """Through Parquet, whose text columns come back in another shape than those made in memory."""
    buffer = io.BytesIO()
    rows.write_parquet(buffer)
    buffer.seek(0)
    return pl.read_parquet(buffer)


def plain_polars(data: pl.DataFrame) -> int:
    """The same daily features on these (clean, one-device) rows, written plainly; no device rule, no bridging of silences."""
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
