"""Recordings of activity counts in epochs of one length, many people in one flat array, and the states that scorers give them.

Times are those of the device's own clock (local, no zone): time of day is what all these methods ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import HeedfulError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
"""Milliseconds."""

SLEEP, WAKE, UNKNOWN = 1, 0, -1
"""States of an epoch. Unknown: the counts that would decide are missing, or lie outside the recording."""


class RecordingError(HeedfulError):
    """Activity counts do not make a recording, or not one on which the method asked for is defined."""


@dataclass(frozen=True)
class Recordings:
    """Counts of person p: `counts[begin[p] : begin[p + 1]]`, NaN where nothing was recorded.

    `start`: of each person, milliseconds since 1970-01-01 00:00 of the device's clock. `epoch`: length of an epoch in milliseconds.
    """

    counts: Floats
    begin: Ints
    start: Ints
    epoch: int

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> Ints:
        """Epochs of each person."""
        return np.diff(self.begin)

    def binarized(self, threshold: float) -> Recordings:
        """1 where the count is above `threshold`, else 0; missing stays missing."""
        active = np.where(np.isnan(self.counts), np.nan, self.counts > threshold)
        return replace(self, counts=active.astype(np.float64))


@dataclass(frozen=True)
class States:
    """SLEEP, WAKE or UNKNOWN of each epoch, laid out as in `Recordings`."""

    state: NDArray[np.int8]
    begin: Ints
    start: Ints
    epoch: int

    def __len__(self) -> int:
        return len(self.start)


def recordings(counts: Sequence[Floats], start: Sequence[np.datetime64], epoch_seconds: float) -> Recordings:
    """Recordings of several people, one array of counts each.

    Parameters
    ----------
    counts: not negative, NaN where nothing was recorded.
    start: clock time of each first epoch.
    epoch_seconds: a whole number of milliseconds.

    Errors: `RecordingError` for a negative or infinite count, an impossible epoch, or as many starts as there are no people.

    >>> held = recordings([np.array([0.0, 5.0, 2.0])], [np.datetime64("2026-03-01T22:00")], 60)
    >>> len(held), held.epoch, held.lengths.tolist()
    (1, 60000, [3])
    """
    if len(counts) != len(start):
        raise RecordingError(f"{len(counts)} recordings and {len(start)} starts: give one start for each person.")
    epoch = round(epoch_seconds * SECOND)
    if epoch < 1 or abs(epoch - epoch_seconds * SECOND) > 1e-6:
        raise RecordingError(f"An epoch of {epoch_seconds} s is not a whole number of milliseconds above 0.")
    flat = np.concatenate([np.asarray(one, np.float64) for one in counts]) if counts else np.empty(0)
    if np.isinf(flat).any() or (flat < 0).any():
        place = int(np.flatnonzero(np.isinf(flat) | (flat < 0))[0])
        raise RecordingError(f"A count of {flat[place]} (epoch {place + 1} of all): counts are finite and not negative, NaN if missing.")
    begin = np.concatenate([[0], np.cumsum([len(one) for one in counts], dtype=np.int64)]).astype(np.int64)
    instants = np.array(start, "datetime64[ms]").astype(np.int64)
    return Recordings(flat, begin, instants, epoch)


def unscored(held: Recordings) -> States:
    """Every epoch of the recordings, unknown."""
    return States(np.full(len(held.counts), UNKNOWN, np.int8), held.begin, held.start, held.epoch)


def summed(held: Recordings, step: int, origin: Literal["midnight", "start"]) -> Recordings:
    """Sums in bins of `step` milliseconds, counted from the midnight before the recording or from its start.

    A bin with a missing epoch is missing; bins at the ends may hold fewer epochs. Raises `RecordingError` if `step` is shorter than the
    epochs.

    >>> held = recordings([np.array([1.0, 2.0, 4.0])], [np.datetime64("2026-03-01T22:00:30")], 30)
    >>> summed(held, 60_000, "midnight").counts.tolist(), summed(held, 60_000, "start").counts.tolist()
    ([1.0, 6.0], [3.0, 4.0])
    """
    if step < held.epoch:
        raise RecordingError(
            f"Epochs of {held.epoch / SECOND:g} s cannot be summed in bins of {step / SECOND:g} s. Ask for bins of at least an epoch."
        )
    after = np.mod(held.start, DAY) if origin == "midnight" else np.zeros(len(held), np.int64)
    if step == held.epoch and not np.mod(after, step).any():
        return held
    first = after // step
    last = (after + (np.maximum(held.lengths, 1) - 1) * held.epoch) // step
    many = np.where(held.lengths > 0, last - first + 1, 0)
    begin = np.concatenate([np.zeros(1, np.int64), np.cumsum(many)])
    sums = np.zeros(int(begin[-1]))
    _sum_bins(held.counts, held.begin, after, held.epoch, step, begin, sums)
    return Recordings(sums, begin, held.start - after + first * step, step)


def maxima(held: Recordings, step: int) -> Recordings:
    """Largest count in bins of `step` milliseconds from midnight on; a bin with a missing epoch is missing."""
    laid = summed(held, step, "midnight")
    after = np.mod(held.start, DAY)
    largest = np.full(len(laid.counts), -np.inf)
    _max_bins(held.counts, held.begin, after, held.epoch, step, laid.begin, largest)
    return replace(laid, counts=largest)


@njit(cache=True)
def _sum_bins(counts, begin, after, epoch, step, out_begin, out):  # type: ignore[no-untyped-def]
    for p in range(len(after)):
        shift = out_begin[p] - after[p] // step
        for i in range(begin[p], begin[p + 1]):
            out[(after[p] + (i - begin[p]) * epoch) // step + shift] += counts[i]


@njit(cache=True)
def _max_bins(counts, begin, after, epoch, step, out_begin, out):  # type: ignore[no-untyped-def]
    for p in range(len(after)):
        shift = out_begin[p] - after[p] // step
        for i in range(begin[p], begin[p + 1]):
            b = (after[p] + (i - begin[p]) * epoch) // step + shift
            if counts[i] > out[b] or np.isnan(counts[i]):
                out[b] = counts[i]
