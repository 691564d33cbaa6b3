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
from heedful.behavior.folds import WarmDays
from heedful.behavior.hours import CODES_READ, HOURS, HourSeries, add_hours, chosen_hours
from heedful.behavior.rows import Rows, rows
from heedful.core.derivations import Fold, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import DayHours, LiveHours, Observations


@derivation(
    reads=(Observations,), writes=DayHours, by=("person", "day"), needs=("devices",), only={"observations": CODES_READ}, version=3,
    fold=Fold(WarmDays, WarmDays.hours),
)  # fmt: skip
def day_hours(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], DayHours]:
    """A row of each person's local day and signal in which some device counted anything."""
    held = rows(observations.data, CODES_READ, devices)
    runs = _runs(held)
    if runs is None:
        return observations.derive(DayHours, DayHours.empty())
    slots, of_run, first_runs = runs
    total, known = np.zeros((len(slots), HOURS), np.int64), np.zeros(len(slots), np.int64)
    for piece, first in zip(held.pieces, first_runs, strict=True):
        add_hours(
            piece.stream, piece.base, held.kind, held.low, held.high, piece.day, piece.start, piece.end, piece.offset, piece.value,
            of_run, first, total, known,
        )  # fmt: skip
    return observations.derive(DayHours, _chosen(held, slots, total, known))


@derivation(reads=(DayHours,), writes=LiveHours, by=("person", "day"), version=1)
def live_hours(hours: Frame[Consented[P], DayHours]) -> Frame[Consented[P], LiveHours]:
    """In which hours of a day there was a sign of life, apart from the sums: these change by the minute, this by the hour."""
    alive = hours.data.group_by("person", "day").agg(pl.col("alive").max().fill_null(0))
    return hours.derive(LiveHours, alive.sort("person", "day"))


def _runs(held: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]] | None:
    """The distinct pairs of stream and day, the place in them of each run of rows that share one, and the first run of each piece."""
    found = [_run_keys(piece.stream, piece.base, piece.day, held.first, held.span) for piece in held.pieces]
    if not sum(len(keys) for keys in found):
        return None
    slots, of_run = np.unique(np.concatenate(found), return_inverse=True)
    return slots, of_run.reshape(-1), np.cumsum([0, *(len(keys) for keys in found)]).tolist()[:-1]


def _chosen(held: Rows, slots: NDArray[np.int64], total: NDArray[np.int64], known: NDArray[np.int64]) -> pl.DataFrame:
    stream = slots // held.span
    series = HourSeries(held.person[stream], slots % held.span + held.first, held.kind[stream], held.rank[stream])
    return chosen_hours(held.persons, series, total, known)


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
