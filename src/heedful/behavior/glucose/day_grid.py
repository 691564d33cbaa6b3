"""Readings of one person on an even grid of whole local days: linear between readings, missing before, after and in long gaps.

Grid times are one step after midnight to the next midnight. Equal to `CGMS2DayByDay` of iglu_python 0.4.3 in its R-compatible mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.core.errors import HeedfulError

_DAY = 86_400
DAY_MINUTES = 1_440


class GlucoseError(HeedfulError):
    """Readings that cannot be laid out."""


@dataclass(frozen=True)
class DayGrid:
    """`glucose`: mg/dL, one row a day, one column a time; NaN where missing. `step_minutes`; `first_s`: midnight before the first time."""

    glucose: NDArray[np.float64]
    step_minutes: int
    first_s: int

    @property
    def flat(self) -> NDArray[np.float64]:
        """All days in one row."""
        return self.glucose.ravel()


def day_grid(at_s: NDArray[np.int64], glucose: NDArray[np.float64], *, step_minutes: int | None = None, gap_minutes: float = 45) -> DayGrid:
    """Lay readings (local seconds, sorted; mg/dL) out. The step is the commonest time between readings unless given.

    Errors: `GlucoseError` for fewer than two readings, or a step that does not divide the day.

    >>> grid = day_grid(np.array([0, 300, 900]), np.array([100.0, 110.0, 130.0]))
    >>> grid.step_minutes, grid.flat[:4].tolist()
    (5, [110.0, 120.0, 130.0, nan])
    """
    step = usual_step(at_s) if step_minutes is None else step_minutes
    if step < 1 or DAY_MINUTES % step:
        raise GlucoseError(f"Readings {step} minutes apart do not divide the day evenly; give a step such as 5 or 15 minutes.")
    first = int(at_s[0] // _DAY * _DAY)
    days = max(int(-((first - int(at_s[-1])) // _DAY)), 1)
    times = first + 60 * step * np.arange(1, days * DAY_MINUTES // step + 1)
    laid = np.interp(times, at_s, glucose, left=np.nan, right=np.nan)
    for place in np.flatnonzero(np.diff(at_s) > gap_minutes * 60):
        begin = (at_s[place] - first) // (60 * step)
        laid[begin : (at_s[place + 1] - first - 1) // (60 * step)] = np.nan
    return DayGrid(laid.reshape(days, DAY_MINUTES // step), step, first)


def usual_step(at_s: NDArray[np.int64]) -> int:
    """Whole minutes of the commonest time between readings; of several, the shortest."""
    if len(at_s) < 2:
        raise GlucoseError("One reading has no time step; give at least two readings of a person.")
    lengths, counts = np.unique(np.diff(at_s), return_counts=True)
    return int(lengths[np.argmax(counts)] // 60)
