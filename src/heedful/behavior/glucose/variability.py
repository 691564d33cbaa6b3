"""Variability of glucose within a day, between days and from hour to hour, from a grid of days (`day_grid`); all in mg/dL.

Rodbard 2009, Diabetes Technol Ther 11:551 (the SDs); McDonnell et al. 2005, same 7:253 (CONGA); Molnar et al. 1972, Diabetologia 8:342
(MODD); Hermanides et al. 2010, Crit Care Med 38:838 (MAG). Equal to iglu_python 0.4.3.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.glucose.day_grid import DAY_MINUTES, DayGrid

Floats = NDArray[np.float64]


def conga(grid: DayGrid, hours: int = 24) -> float:
    """CONGA: standard deviation of the differences to `hours` before."""
    change = _lagged(grid.flat, round(60 / grid.step_minutes) * hours)
    return float(np.std(change, ddof=1)) if len(change) > 1 else float("nan")


def modd(grid: DayGrid, days: int = 1) -> float:
    """MODD: mean absolute difference to the same time `days` before."""
    change = _lagged(grid.flat, int(days * DAY_MINUTES / grid.step_minutes))
    return float(np.mean(np.abs(change))) if len(change) else float("nan")


def mag(grid: DayGrid) -> float:
    """MAG: absolute change an hour, mg/dL/h; 0 where no two neighboring times have a value."""
    change = _lagged(grid.flat, 1)
    return float(np.sum(np.abs(change)) / (len(change) * grid.step_minutes / 60)) if len(change) else 0.0


def hourly_area(grid: DayGrid) -> float:
    """Area under the curve an hour, that is the mean of the trapezoids: mg/dL."""
    middle = (grid.flat[1:] + grid.flat[:-1]) / 2
    known = middle[np.isfinite(middle)]
    return float(known.mean()) if len(known) else float("nan")


def deviations(grid: DayGrid) -> dict[str, float]:
    """Rodbard's standard deviations: within days, between times of day, within series of an hour, between daily means, between days."""
    glucose = grid.glucose
    daily = _mean(glucose, 1)
    hour = round(60 / grid.step_minutes)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([grid.flat, np.full(hour, np.nan)]), hour)
    return {
        "SDw": float(_mean(_deviation(glucose, 1), 0)), "SDhhmm": float(_deviation(_mean(glucose, 0), 0)),
        "SDwsh": float(_mean(_deviation(windows, 1), 0)), "SDdm": float(_deviation(daily, 0)),
        "SDb": float(_mean(_deviation(glucose, 0), 0)), "SDbdm": float(_mean(_deviation(glucose - daily[:, None], 0), 0)),
    }  # fmt: skip


def _lagged(flat: Floats, lag: int) -> Floats:
    change = flat[lag:] - flat[:-lag]
    return change[np.isfinite(change)]


def _mean(values: Floats, axis: int) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NaN where nothing is known is the answer
        return np.nanmean(values, axis=axis)


def _deviation(values: Floats, axis: int) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanstd(values, axis=axis, ddof=1)
