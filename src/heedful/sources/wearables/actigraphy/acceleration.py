"""Raw acceleration, however it was packed, comes to minutes: mean of the vector's magnitude, ENMO and MAD, in thousandths of g.

ENMO (van Hees et al. 2013, PLoS ONE 8:e61691): magnitude minus 1 g, negative values as 0, mean of the minute. MAD (Vähä-Ypyä et al. 2015,
Clin Physiol Funct Imaging 35:64): mean absolute deviation of the magnitude from its mean in each 6 seconds, mean over the minute's windows.
The maker's calibration is used where the file has it; no calibration on the recording itself is made. Equals wristpy 0.2.10 on minutes that
were recorded whole (ENMO within 0.02 thousandths of g, MAD within 0.002, tests/sources/wearables/test_accelerometer.py); minutes in which a
GT3X slept differ on purpose: the maker's export fills them with the last sample, and here only what was recorded counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MINUTE, WINDOW = 60_000_000, 6_000_000
"""Microseconds of a minute, and of the window of MAD."""
OVERLAP = 2_000_000
"""Microseconds by which a block may begin before the last one ended without the clock having been set back."""
SUMMARY = {"line": pl.Int64, "minute": pl.Int64, "samples": pl.Int64, "acceleration_mean": pl.Float64, "acceleration_enmo": pl.Float64,
           "acceleration_mad": pl.Float64}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Samples in order. `page`: 1-based number of the block in the file; `at`: (n) microseconds since 1970 by the device's clock;
    `axes`: (n, 3) in g."""

    page: int
    at: Ints
    axes: Floats


@dataclass(frozen=True)
class Unread:
    """A part of the file that cannot be read: 1-based number of its first block, and why, where, and what to do."""

    page: int
    reason: str


@dataclass(frozen=True)
class Recording:
    """A recording: samples a second, and its pieces as they are read. `offset_minutes`: what the file says of the clock, or None; `notes`:
    what else it says that its owner should know."""

    device: str
    rate: float
    offset_minutes: int | None
    pieces: Iterator[Stretch | Unread]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawFormat:
    """A maker's format. `fits(path, head)`: by name and first bytes; `read(path)`: the recording, or `SourceError`."""

    name: str
    fits: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording]


class Minutes:
    """Collects samples and gives each minute once it is over; a clock that jumps back begins a minute anew.

    >>> minutes = Minutes()
    >>> still = np.tile([0.0, 0.0, 1.1], (120, 1))
    >>> minutes.add(Stretch(1, np.arange(120) * 1_000_000, still)).row(0, named=True)["acceleration_enmo"].__round__(6)
    100.0
    """

    def __init__(self) -> None:
        self._at: list[Ints] = []
        self._size: list[Floats] = []
        self._page: list[Ints] = []

    def add(self, stretch: Stretch) -> pl.DataFrame:
        """The minutes that these samples end, with the columns of `SUMMARY`; the last minute is kept back."""
        self._at.append(self._onward(stretch.at))
        self._size.append(np.sqrt(np.einsum("ij,ij->i", stretch.axes, stretch.axes)))
        self._page.append(np.full(len(stretch.at), stretch.page, np.int64))
        if self._at[0][0] // MINUTE == self._at[-1][-1] // MINUTE and sum(map(len, self._at)) < 1 << 20:
            return pl.DataFrame(schema=SUMMARY)
        at, size, page = self._held()
        last = np.flatnonzero(np.diff(at // MINUTE)) + 1
        cut = int(last[-1]) if len(last) else len(at)
        self._at, self._size, self._page = [at[cut:]], [size[cut:]], [page[cut:]]
        if not len(at[cut:]):
            self._at, self._size, self._page = [], [], []
        return summary(at[:cut], size[:cut], page[:cut])

    def rest(self) -> pl.DataFrame:
        """The last minute."""
        if not self._at:
            return pl.DataFrame(schema=SUMMARY)
        return summary(*self._held())

    def _onward(self, at: Ints) -> Ints:
        """Times without the small steps back that come of blocks whose sensor ran faster than its name says."""
        last = self._at[-1][-1] if self._at else at[0]
        back = np.minimum(np.diff(at, prepend=last), 0)
        return np.maximum.accumulate(np.maximum(at, last)) if -OVERLAP < back.min() < 0 else at

    def _held(self) -> tuple[Ints, Floats, Ints]:
        return np.concatenate(self._at), np.concatenate(self._size), np.concatenate(self._page)


def summary(at: Ints, size: Floats, page: Ints) -> pl.DataFrame:
    """Minutes of samples in order: `at` in microseconds, `size` the magnitude in g, `page` of each; columns of `SUMMARY`."""
    if not len(at):
        return pl.DataFrame(schema=SUMMARY)
    begins = _runs(at // MINUTE)
    count = np.diff(np.append(begins, len(at)))
    windows = _runs(at // WINDOW)
    held = np.diff(np.append(windows, len(at)))
    mean = np.add.reduceat(size, windows) / held
    apart = np.add.reduceat(np.abs(size - np.repeat(mean, held)), windows) / held
    of_minute = np.searchsorted(begins, windows, side="right") - 1
    apart_mean = np.bincount(of_minute, apart, len(begins)) / np.bincount(of_minute, minlength=len(begins))
    return pl.DataFrame(
        {
            "line": page[begins], "minute": at[begins] // MINUTE * MINUTE, "samples": count.astype(np.int64),
            "acceleration_mean": 1_000 * np.add.reduceat(size, begins) / count,
            "acceleration_enmo": 1_000 * np.add.reduceat(np.maximum(size - 1, 0), begins) / count,
            "acceleration_mad": 1_000 * apart_mean,
        },
        schema=SUMMARY,
    )  # fmt: skip


def _runs(values: Ints) -> Ints:
    return np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1]).astype(np.int64)


def spaced(begins: npt.NDArray[Any], count: int, rate: float) -> Ints:
    """Times of `count` samples from each begin (microseconds), one block after the other."""
    step = np.arange(count) * 1e6 / rate
    return np.asarray(begins[:, None] + step[None, :], np.int64).ravel()
