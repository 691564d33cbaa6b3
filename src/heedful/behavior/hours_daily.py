"""Steps and activity counts of each local hour: what rhythms over several days are made of, so that they need not read minutes again.

Which device. Of each day the one with most trust (`devices`; of equals the first by name) that counted anything counts for all of its
hours: rhythm asks for shape, and a shape patched of two devices is none. Rows of an hour or more say nothing of an hour and are left out.
A row counts for the hour in which it starts, by the clock of its own zone offset: an hour of a clock that is set back counts double.
An hour is known if any device measured anything in it, a heart rate or a zero included: of an hour without a row nothing is assumed.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.minutes import FIXED, HOUR_US, MINUTE_US, MINUTES_A_DAY, RATE
from heedful.behavior.rows import Rows, rows
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import DayHours, Observations

HOURS = 24
HOUR_COLUMNS = tuple(f"h{hour:02d}" for hour in range(HOURS))
SIGNALS = ("steps", "activity_count")
CODES_READ = ("steps", "heart_rate", "activity_count")


@derivation(reads=(Observations,), writes=DayHours, by=("person", "day"), needs=("devices",), only={"observations": CODES_READ}, version=2)
def day_hours(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], DayHours]:
    """A row of each person's local day and signal in which some device counted anything."""
    held = rows(observations.data, CODES_READ, devices)
    runs = _runs(held)
    if runs is None:
        return observations.derive(DayHours, DayHours.empty())
    slots, of_run, first_runs = runs
    total, known = np.zeros((len(slots), HOURS), np.int64), np.zeros(len(slots), np.int32)
    for piece, first in zip(held.pieces, first_runs, strict=True):
        _add(
            piece.stream, piece.base, held.kind, held.low, held.high, piece.day, piece.start, piece.end, piece.offset, piece.value,
            of_run, first, total, known,
        )  # fmt: skip
    return observations.derive(DayHours, _chosen(held, slots, total, known))


def _runs(held: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]] | None:
    """The distinct pairs of stream and day, the place in them of each run of rows that share one, and the first run of each piece."""
    found = [_run_keys(piece.stream, piece.base, piece.day, held.first, held.span) for piece in held.pieces]
    if not sum(len(keys) for keys in found):
        return None
    slots, of_run = np.unique(np.concatenate(found), return_inverse=True)
    return slots, of_run.reshape(-1), np.cumsum([0, *(len(keys) for keys in found)]).tolist()[:-1]


def _chosen(held: Rows, slots: NDArray[np.int64], total: NDArray[np.int64], known: NDArray[np.int32]) -> pl.DataFrame:
    """Of each person, day and signal the most trusted device that counted anything."""
    stream = slots // held.span
    parts = pl.DataFrame({
        "person": held.person[stream], "day": slots % held.span + held.first, "kind": held.kind[stream], "rank": held.rank[stream],
        "slot": np.arange(len(slots)), "known": known, "any": total.any(axis=1),
    })  # fmt: skip
    seen = parts.group_by("person", "day").agg(pl.col("known").bitwise_or())
    merged = parts.filter("any").sort("person", "day", "kind", "rank", "slot")
    # text views may number one device twice: streams of one person, kind and rank are one device
    series = ["person", "day", "kind"]
    mine = merged.filter(pl.col("rank") == pl.col("rank").max().over(series))
    first = mine.select(series).unique(maintain_order=True)
    sums = np.zeros((first.height, HOURS))
    np.add.at(sums, mine.select(pl.struct(series).rle_id()).to_series().to_numpy(), total[mine.get_column("slot").to_numpy()] / FIXED)
    best = first.join(seen, on=["person", "day"], how="left", maintain_order="left")
    names = {0: "steps", 2: "activity_count"}
    return pl.DataFrame({
        "person": held.persons.gather(best.get_column("person")), "day": best.get_column("day").cast(pl.Int32).cast(pl.Date),
        "signal": best.get_column("kind").replace_strict(names, return_dtype=pl.String), "known": best.get_column("known"),
        **{name: sums[:, hour] for hour, name in enumerate(HOUR_COLUMNS)},
    }, schema=DayHours.dtypes()).sort("person", "day", "signal")  # fmt: skip


@njit(cache=True)
def _run_keys(stream, base, day, first, span):  # type: ignore[no-untyped-def]
    keys = np.empty(len(stream), np.int64)
    count, s, t = 0, np.int64(-1), np.int64(0)
    for i in range(len(stream)):
        if stream[i] != s or day[i] != t:
            s, t = np.int64(stream[i]), np.int64(day[i])
            keys[count] = (s + base) * span + t - first
            count += 1
    return keys[:count].copy()


@njit(cache=True)
def _add(stream, base, kind, low, high, day, start, end, offset, value, of_run, run, total, known):  # type: ignore[no-untyped-def]
    s, t, d, k = np.int64(-1), np.int64(0), np.int64(-1), np.int64(-1)
    lowest = highest = 0.0
    run -= 1
    for i in range(len(stream)):
        if stream[i] != s or day[i] != t:
            s, t = np.int64(stream[i]), np.int64(day[i])
            run += 1
            d, k = of_run[run], np.int64(kind[s + base])
            lowest, highest = low[s + base], high[s + base]
        v, length = value[i], end[i] - start[i]
        if k < 0 or not (lowest <= v <= highest) or length < 0 or length >= HOUR_US:
            continue
        hour = start[i] + (np.int64(offset[i]) - t * MINUTES_A_DAY) * MINUTE_US
        if hour < 0 or hour >= HOURS * HOUR_US:
            continue
        hour //= HOUR_US
        known[d] |= np.int32(1) << np.int32(hour)
        if k != RATE and v > 0:
            total[d, hour] += np.int64(v * FIXED + 0.5)
