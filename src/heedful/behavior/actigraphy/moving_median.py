"""Medians over windows that move forward, in about constant time a step: a histogram of ranks with a finger on the median; and quantiles
of what comes out.

Reference: Huang, Yang and Tang 1979, IEEE Trans Acoust 27:13-18, for ranks in place of gray levels.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.actigraphy.recordings import Floats, Ints

_LARGEST_TABLE = 1 << 16


def moving_median(values: Floats, low: Ints, high: Ints, least: Ints) -> Floats:
    """Median of `values[low[t] : high[t]]` for every t, missing values left out; NaN where fewer than `least[t]` are there.

    `low` and `high` must not decrease.

    >>> moving_median(np.array([3.0, 1.0, np.nan, 8.0]), np.array([0, 0, 1]), np.array([1, 2, 4]), np.array([1, 1, 3])).tolist()
    [3.0, 2.0, nan]
    """
    rank, sorted_values = _ranked(values)
    out = np.empty(len(low))
    _medians(rank, sorted_values, low, high, least, out)
    return out


def quantile(values: Floats, share: float) -> float:
    """NumPy's linear quantile of the values that are not missing, to the last digit; NaN if there are none.

    Medians of counts are whole or half numbers: they are counted instead of sorted.

    >>> quantile(np.array([4.0, 1.0, np.nan, 2.5]), 0.25), float(np.quantile([4.0, 1.0, 2.5], 0.25))
    (1.75, 1.75)
    """
    counts = np.zeros(_LARGEST_TABLE, np.int64)
    known, counted = _count_halves(values, counts)
    if known == 0:
        return float("nan")
    at = (known - 1) * (share * 100 / 100)  # the program goes through percent, and its rounding decides between equal medians
    low = int(at)
    if counted:
        below = np.cumsum(counts)
        under, over = (float(np.searchsorted(below, min(place, known - 1), side="right")) / 2 for place in (low, low + 1))
    else:
        ordered = np.sort(values[~np.isnan(values)])
        under, over = float(ordered[low]), float(ordered[min(low + 1, known - 1)])
    way = at - low
    return under + (over - under) * way if way < 0.5 else over - (over - under) * (1 - way)


@njit(cache=True)
def _count_halves(values, counts):  # type: ignore[no-untyped-def]
    """Number of values, and whether all are multiples of 1/2 that fit into the table, which then counts them."""
    known, fits = 0, True
    for i in range(len(values)):
        v = 2 * values[i]
        if v == v:
            known += 1
            fits = fits and 0 <= v < len(counts) and v == np.floor(v)
            if fits:
                counts[np.int64(v)] += 1
    return known, fits


def _ranked(values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Rank of each value among the different ones (-1 if missing), and these. Counts are whole and small: a table serves them."""
    rank = np.empty(len(values), np.int64)
    present = np.zeros(_LARGEST_TABLE, np.bool_)
    if _table_ranks(values, present, rank):
        return rank, np.flatnonzero(present).astype(np.float64)
    missing = np.isnan(values)
    sorted_values = np.unique(values[~missing])
    rank = np.searchsorted(sorted_values, values)
    rank[missing] = -1
    return rank, sorted_values


@njit(cache=True)
def _table_ranks(values, present, rank):  # type: ignore[no-untyped-def]
    """False if the values are not all whole numbers that fit into the table."""
    for i in range(len(values)):
        v = values[i]
        if v == v:
            if not (0 <= v < len(present)) or v != np.floor(v):
                return False
            present[np.int64(v)] = True
    number = np.empty(len(present), np.int64)
    count = 0
    for k in range(len(present)):
        number[k] = count
        count += present[k]
    for i in range(len(values)):
        rank[i] = number[np.int64(values[i])] if values[i] == values[i] else -1
    return True


@njit(cache=True)
def _medians(rank, values, low, high, least, out):  # type: ignore[no-untyped-def]
    held = np.zeros(len(values) + 1, np.int64)
    at = below = count = 0  # `below` values of the window have a rank under `at`
    a = b = 0
    for t in range(len(low)):
        while b < high[t]:
            if rank[b] >= 0:
                held[rank[b]] += 1
                count += 1
                below += rank[b] < at
            b += 1
        while a < low[t]:
            if rank[a] >= 0:
                held[rank[a]] -= 1
                count -= 1
                below -= rank[a] < at
            a += 1
        if count == 0 or count < least[t]:
            out[t] = np.nan
            continue
        middle = (count - 1) // 2
        while below > middle:
            at -= 1
            below -= held[at]
        while below + held[at] <= middle:
            below += held[at]
            at += 1
        upper = at
        if count % 2 == 0 and below + held[at] == middle + 1:
            upper += 1
            while held[upper] == 0:
                upper += 1
        out[t] = (values[at] + values[upper]) / 2
