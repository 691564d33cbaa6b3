"""What watches and phones of participants record, minute by minute of the wall clock: steps, heart rate, sleep; nothing when not worn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.simulate.town import DEVICES, Town

MINUTES = 1_440
AWAKE, ASLEEP, RESTLESS, WAKEFUL = 0, 1, 2, 3
"""Codes of the sleep array; 1 to 3 are Fitabase's: asleep, restless, awake."""
_PROFILE = np.array([0, 0, 0, 0, 0, 0.2, 0.6, 1.2, 1.3, 0.9, 0.8, 0.9, 1.4, 1, 0.8, 0.8, 0.9, 1.3, 1.4, 1, 0.7, 0.4, 0.2, 0.1])
"""How much of the day's walking falls into each hour, relative to an even day."""


@dataclass(frozen=True)
class WatchData:
    """One participant's minutes, days x 1,440 of the wall clock: true steps (worn or not), heart rate, sleep codes, worn or not."""

    person: str
    steps: NDArray[np.int16]
    heart_rate: NDArray[np.int16]
    sleep: NDArray[np.int8]
    worn: NDArray[np.bool_]


def record(town: Town, person: int) -> WatchData:
    """The minutes of the participant in row `person` of `town.people`; the same whatever other participants are recorded."""
    rng = town.rng(DEVICES, person)
    card = town.people.row(person, named=True)
    ill = _illness(town, card["person"])
    sleep = _sleep(town.size.days, card, ill, rng)
    steps = _steps(card, ill, sleep, rng)
    worn = _worn(town.size.days, rng)
    heart = _heart(card, ill, sleep, steps, rng)
    return WatchData(card["person"], steps, heart, sleep, worn)


def _illness(town: Town, person: str) -> NDArray[np.float64]:
    """Raised beats a minute by day: half on the first and last day of an illness, full between."""
    beats = np.zeros(town.size.days)
    for illness in town.illnesses:
        if illness.person == person:
            first, last = ((day - town.size.first_day).days for day in (illness.first_day, illness.last_day))
            beats[first : last + 1] = illness.beats
            beats[first] = beats[last] = illness.beats / 2
    return beats


def _sleep(days: int, card: dict[str, Any], ill: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int8]:
    """Sleep codes: one night before each day, and one after the last; later bedtimes at weekends."""
    weekend = np.array([20.0 if day % 7 in (5, 6) else 0.0 for day in range(days + 1)])
    onset = np.round(card["bedtime"] + weekend + rng.normal(0, card["bedtime_sd"], days + 1)).astype(np.int64)
    length = np.round(rng.normal(440, 35, days + 1) + np.append(ill, 0) * 6).astype(np.int64).clip(180, 660)
    night = np.zeros((days + 2) * MINUTES, dtype=np.int8)  # from one day before the first on
    for day in range(days):  # the record ends on an evening, before anybody sleeps
        begin = (day + 1) * MINUTES + onset[day]
        night[begin : begin + length[day]] = ASLEEP
    blocks = rng.random(night.size // 5)
    broken = np.repeat(np.select([blocks < 0.03, blocks < 0.1], [WAKEFUL, RESTLESS], ASLEEP), 5).astype(np.int8)
    return np.where(night == ASLEEP, broken, AWAKE).astype(np.int8)[MINUTES:-MINUTES].reshape(days, MINUTES)


def _steps(card: dict[str, Any], ill: NDArray[np.float64], sleep: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int16]:
    """Walking in bouts of five minutes; a day varies by a third around the person's mean; an ill day has 40 % less."""
    days = len(sleep)
    target = card["steps"] * rng.lognormal(-0.045, 0.3, days) * np.where(ill > 0, 0.6, 1.0)
    weight = np.repeat(_PROFILE, 12)[None, :] * (sleep[:, ::5] == AWAKE)
    mean_bout = 5 * 62.0
    chance = (target / mean_bout)[:, None] * weight / weight.sum(axis=1, keepdims=True).clip(1e-9)
    walking = np.repeat(rng.random(weight.shape) < chance, 5, axis=1) & (sleep == AWAKE)
    cadence = rng.normal(62, 24, walking.shape).clip(5, 150)
    return np.where(walking, cadence, 0).round().astype(np.int16)


def _heart(
    card: dict[str, Any], ill: NDArray[np.float64], sleep: NDArray[np.int8], steps: NDArray[np.int16], rng: np.random.Generator
) -> NDArray[np.int16]:
    """Resting rate, +9 awake, up with the cadence, a slow drift from night to night, and the illness."""
    days = len(sleep)
    drift = rng.normal(0, 1.3, days)[:, None]
    noise = np.repeat(rng.normal(0, 2.5, (days, MINUTES // 5)), 5, axis=1) + rng.normal(0, 1.5, sleep.shape)
    rate = card["resting"] + drift + np.where(sleep == AWAKE, 9, 0) + 0.45 * steps + ill[:, None] + noise
    return rate.round().clip(38, 190).astype(np.int16)


def _worn(days: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Every day some charging in the evening; one day in twenty, and one stretch of three days, in the drawer."""
    worn = np.ones((days, MINUTES), dtype=np.bool_)
    start, length = rng.integers(17 * 60, 20 * 60, days), rng.integers(15, 80, days)
    for day in np.flatnonzero(rng.random(days) < 0.6):
        worn[day, start[day] : start[day] + length[day]] = False
    worn[rng.random(days) < 0.05] = False
    away = int(rng.integers(0, max(days - 3, 1)))
    worn[away : away + 3] = False
    return worn


def phone_steps(town: Town, data: WatchData, person: int) -> pl.DataFrame:
    """What the phone of the same person counts of the same walking: 10-minute sums of the minutes in which it was carried.

    Columns: day (index), minute (of the wall clock), steps. It never counts at night, and misses a third of the waking blocks.
    """
    rng = town.rng(DEVICES, 100_000 + person)
    blocks = data.steps.reshape(len(data.steps), MINUTES // 10, 10).sum(axis=2)
    carried = rng.random(blocks.shape) < 0.67
    seen = np.round(blocks * carried * rng.normal(0.97, 0.03, blocks.shape).clip(0.8, 1.0)).astype(np.int64)
    day, block = np.nonzero(seen)
    return pl.DataFrame(
        {"day": day, "minute": block * 10, "steps": seen[day, block]}, schema=dict.fromkeys(("day", "minute", "steps"), pl.Int64)
    )


def minute_table(town: Town, zone: str) -> pl.DataFrame:
    """Every minute of the wall clock with the texts that Fitabase writes: columns day, minute, written ('1/26/2026 12:00:00 AM'), exists.

    `exists` is false for the minutes that the spring change skips in `zone`.
    """
    days = [town.day(index) for index in range(town.size.days)]
    clock = pl.DataFrame({"minute": np.arange(MINUTES)}).with_columns(
        time=(pl.datetime(2000, 1, 1) + pl.duration(minutes=pl.col("minute"))).dt.strftime("%-I:%M:%S %p")
    )
    table = pl.DataFrame({"day": np.arange(len(days)), "date": days}).with_columns(shown=pl.col("date").dt.strftime("%-m/%-d/%Y"))
    wall = pl.col("date").cast(pl.Datetime("us")) + pl.duration(minutes=pl.col("minute"))
    return table.join(clock, how="cross").select(
        "day", "minute", written=pl.format("{} {}", "shown", "time"),
        exists=wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").is_not_null(),
    )  # fmt: skip


def responses(town: Town, decisions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """How participants answered messages: minutes of steps that the watch exports anew, by person, in Fitabase's columns.

    `decisions`: person (the raw id of the town), scheduled_at (UTC), action ('none' or a message). A responder walks briskly from
    5 to 30 min after a message if the watch is on and nobody sleeps; others, and "no message", change nothing.
    """
    out = {}
    watches = town.people.with_row_index("row").filter(pl.col("watch") & pl.col("responder"))
    sent = decisions.filter(pl.col("action") != "none").select("person", "scheduled_at")
    for row, person, zone in watches.select("row", "person", "zone").iter_rows():
        data = record(town, row)
        extra = np.zeros(data.steps.size, dtype=np.int64)
        for (at,) in (
            sent.filter(pl.col("person") == person)
            .select(pl.col("scheduled_at").dt.convert_time_zone(zone).dt.replace_time_zone(None))
            .iter_rows()
        ):
            begin = int((at - np.datetime64(town.size.first_day).astype("datetime64[us]").item()) / timedelta(minutes=1)) + 5
            if begin >= 0:
                extra[begin : begin + 25] = 85
        changed = (extra > 0) & data.worn.ravel() & (data.sleep.ravel() == AWAKE) & (data.steps.ravel() < extra)
        if changed.any():
            table = minute_table(town, zone).with_columns(Steps=pl.Series(extra), changed=pl.Series(changed))
            out[person] = table.filter(pl.col("changed") & pl.col("exists")).select(
                Id=pl.lit(person), ActivityMinute="written", Steps="Steps"
            )
    return out
