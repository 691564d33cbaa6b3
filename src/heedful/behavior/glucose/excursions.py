"""MAGE, the mean amplitude of glycemic excursions: the mean height of swings above one standard deviation, in mg/dL.

Turning points lie between the crossings of a short and a long moving average; a swing counts if it exceeds the standard deviation, up
and down apart, and stretches between gaps of three hours are weighted by their length.

Service et al. 1970, Diabetes 19:644; Fernandes et al. 2022, J Diabetes Sci Technol 16:576. Equal to iglu_python 0.4.3
(`version="ma"`, direction "avg"; "naive" is the mean of deviations above one standard deviation).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.glucose.day_grid import DayGrid
from heedful.core.errors import SettingsError

STEP_MINUTES = 5
_LONGEST_GAP_STEPS = 180 // STEP_MINUTES
_FEWEST, _LEAST_DEVIATION = 7, 1.0


def mage(grid: DayGrid, short: int = 5, long: int = 32) -> float:
    """MAGE of a grid in steps of 5 minutes; moving averages over `short` and `long` steps. NaN if nothing swings.

    >>> from heedful.behavior.glucose.day_grid import day_grid
    >>> at = np.arange(0, 86_400, 300)
    >>> round(mage(day_grid(at, 120 + 60 * np.sin(at / 86_400 * 8 * np.pi))))
    107
    """
    if grid.step_minutes != STEP_MINUTES:
        raise SettingsError(f"MAGE needs a grid of {STEP_MINUTES} minutes, not {grid.step_minutes}; lay the readings out so.")
    if not 1 <= short < long:
        raise SettingsError(f"The short moving average ({short} steps) must be at least 1 and shorter than the long one ({long} steps).")
    heights, weights = [], []
    for glucose in _stretches(grid.flat):
        if len(glucose) < max(_FEWEST, short) or np.nanstd(glucose, ddof=1) < _LEAST_DEVIATION:
            continue
        apart = _moving_mean(glucose, short) - _moving_mean(glucose, long)
        up, down = _swings(glucose, apart, float(np.nanstd(glucose, ddof=1)))
        found = [height for height in (up, down) if np.isfinite(height)]
        heights += found
        weights += [len(glucose) - 1] * len(found)
    return float(np.average(heights, weights=weights)) if heights else float("nan")


def naive_mage(glucose: NDArray[np.float64], deviations: float = 1.0) -> float:
    """Mean distance from the mean of the readings that lie farther than so many standard deviations from it."""
    known = glucose[np.isfinite(glucose)]
    distance = np.abs(known - known.mean())
    far = distance[distance > deviations * np.std(known, ddof=1)]
    return float(far.mean()) if len(far) else float("nan")


def _stretches(glucose: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cut where more than three hours lie between readings; each stretch begins and ends with one."""
    known = np.flatnonzero(np.isfinite(glucose))
    if not len(known):
        return []
    return [glucose[part[0] : part[-1] + 1] for part in np.split(known, np.flatnonzero(np.diff(known) > _LONGEST_GAP_STEPS) + 1)]


def _moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of the readings among the last `width` places, the first full window's for all places before it."""
    padded = np.concatenate([np.full(width - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    known = np.isfinite(windows)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, windows, 0).sum(axis=1) / count
    least, most = np.where(known, windows, np.inf).min(axis=1), np.where(known, windows, -np.inf).max(axis=1)
    mean = np.where(least == most, least, mean)  # even stretches must be even, else their sign is rounding
    mean[:width] = mean[min(width, len(values)) - 1]
    return mean


@njit(cache=True)
def _swings(glucose, apart, deviation):  # type: ignore[no-untyped-def]
    """Mean height of the upward and of the downward swings."""
    turning = _turning_points(glucose, apart)
    return _mean_swing(turning, deviation, True), _mean_swing(-turning, deviation, False)


@njit(cache=True)
def _turning_points(glucose, apart):  # type: ignore[no-untyped-def]
    """The extreme of each stretch between crossings, each searched from the last extreme on."""
    n = len(glucose)
    at, high = np.empty(n + 1, np.int64), np.empty(n + 1, np.bool_)
    at[0], high[0] = 0, apart[0] > 0
    count = 1
    apart = np.where(apart == 0, np.nan, apart)
    for i in range(1, n):
        direct = not (np.isnan(glucose[i]) or np.isnan(glucose[i - 1]) or np.isnan(apart[i - 1]))
        before = apart[i - 1] if direct else apart[at[count - 1]]
        if apart[i] * before < 0:
            at[count], high[count] = i, apart[i] > before
            count += 1
    at[count] = n - 1
    out = np.empty(count)
    start = 0
    for c in range(count):
        best = -1
        for i in range(start, at[c + 1] + 1):
            if np.isnan(glucose[i]):
                continue
            if best < 0 or (glucose[i] > glucose[best] if high[c] else glucose[i] < glucose[best]):
                best = i
        out[c], start = glucose[best], best
    return out


@njit(cache=True)
def _mean_swing(turning, deviation, up):  # type: ignore[no-untyped-def]
    """Mean height of rises above the deviation. After one, falls (looked at upside down) begin again at its top, rises at its end."""
    n = len(turning)
    total, count = 0.0, 0
    j = begin = 0
    while j < n:
        low = begin
        for i in range(begin, j + 1):
            if turning[i] < turning[low]:
                low = i
        if begin > j or turning[j] - turning[low] <= deviation:
            j += 1
            continue
        top = k = j
        while True:
            if turning[k] >= turning[top]:
                top = k
            if turning[top] - turning[k] > deviation or k == n - 1:
                break
            k += 1
        total += turning[top] - turning[low]
        count += 1
        begin = k if up else top
        j = k
    return total / count if count else np.nan
