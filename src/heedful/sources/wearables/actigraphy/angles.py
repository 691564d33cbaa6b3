"""The angle of the arm from raw acceleration, however it arrives: means of 5 seconds of the device's clock.

Samples are kept only until their 5 seconds are over. The median that smooths the axes (`behavior.actigraphy.van_hees`) looks 2.5 seconds to
either side, never over a gap of more than half a second, and a clock that jumps back begins anew.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from heedful.sources.wearables.actigraphy.acceleration import OVERLAP, Floats, Ints, Stretch

EPOCH = 5_000_000
"""Microseconds of an epoch."""
GAP = 500_000
TABLE = {"line": pl.Int64, "at": pl.Int64, "samples": pl.Int64, "arm_angle": pl.Float64}
_HELD_SECONDS = 600
"""What is collected before angles are worked out: a median of few samples costs its start each time."""


class Angles:
    """Collects samples of a recording (`rate` a second) and gives each epoch once it is over.

    >>> angles = Angles(10.0)
    >>> level = Stretch(1, np.arange(120) * 100_000, np.tile([0.0, 0.0, 1.0], (120, 1)))
    >>> angles.add(level).height, angles.rest().rows()
    (0, [(1, 0, 50, 90.0), (1, 5000000, 50, 90.0), (1, 10000000, 20, 90.0)])
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._margin = rate, int(np.ceil(rate * 5 / 2)) + 1
        self._at: list[Ints] = []
        self._axes: list[Floats] = []
        self._page: list[Ints] = []
        self._before = 0
        """How many of the first samples held are only there to smooth those after them."""

    def add(self, stretch: Stretch) -> pl.DataFrame:
        """The epochs that these samples end, with the columns of `TABLE`."""
        parts = []
        breaks = np.flatnonzero(self._torn(stretch.at))
        edges = [0, *breaks.tolist(), len(stretch.at)]
        for first, last in pairwise(edges):
            if first in breaks:
                parts.append(self.rest())
            if last > first:
                at = stretch.at[first:last]
                floor = self._at[-1][-1] if self._at else at[0]
                self._at.append(np.maximum.accumulate(np.maximum(at, floor)))
                self._axes.append(stretch.axes[first:last])
                self._page.append(np.full(last - first, stretch.page, np.int64))
        if self._at and self._at[-1][-1] - self._at[0][0] >= _HELD_SECONDS * 1_000_000:
            parts.append(self._ended())
        return pl.concat(parts) if parts else pl.DataFrame(schema=TABLE)

    def rest(self) -> pl.DataFrame:
        """The epochs that are held, whole or not."""
        if not self._at:
            return pl.DataFrame(schema=TABLE)
        at, axes, page = self._held()
        out = _epochs(at, axes, page, self._rate, self._before, len(at))
        self._at, self._axes, self._page, self._before = [], [], [], 0
        return out

    def _torn(self, at: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Before which samples the recording has a gap, or its clock jumps back."""
        first = self._at[-1][-1] if self._at else at[0]
        step = np.diff(at, prepend=first)
        return (step > GAP) | (step < -OVERLAP)

    def _ended(self) -> pl.DataFrame:
        at, axes, page = self._held()
        known = len(at) - self._margin  # smoothed to their right
        cut = int(np.searchsorted(at, at[known] // EPOCH * EPOCH)) if known > 0 else 0
        if cut <= self._before:
            return pl.DataFrame(schema=TABLE)
        out = _epochs(at, axes, page, self._rate, self._before, cut)
        keep = max(0, cut - self._margin)
        self._at, self._axes, self._page, self._before = [at[keep:]], [axes[keep:]], [page[keep:]], cut - keep
        return out

    def _held(self) -> tuple[Ints, Floats, Ints]:
        return np.concatenate(self._at), np.concatenate(self._axes), np.concatenate(self._page)


def _epochs(at: Ints, axes: Floats, page: Ints, rate: float, first: int, last: int) -> pl.DataFrame:
    """Epochs of the samples from `first` to `last`, smoothed by all."""
    from heedful.behavior.actigraphy.van_hees import sample_angles  # loads a room: only once a recording is read

    if last <= first:
        return pl.DataFrame(schema=TABLE)
    angle, at, page = sample_angles(axes, rate)[first:last], at[first:last], page[first:last]
    epoch = at // EPOCH
    begins = np.concatenate([[0], np.flatnonzero(np.diff(epoch)) + 1]).astype(np.int64)
    count = np.diff(np.append(begins, len(at)))
    return pl.DataFrame(
        {"line": page[begins], "at": epoch[begins] * EPOCH, "samples": count, "arm_angle": np.add.reduceat(angle, begins) / count},
        schema=TABLE,
    )
