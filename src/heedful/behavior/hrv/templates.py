"""Templates: runs of consecutive intervals, and how many others lie within a tolerance of each. The common ground of the entropies.

Templates are sorted by their first value, so that each is compared only with those whose first value is near; the comparison of a
stretch is branch-free. 100,000 intervals take about a second.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]


def templates(values: Floats, dimension: int, delay: int = 1) -> Floats:
    """Row d holds the value d * `delay` places after each template's first.

    >>> templates(np.array([1.0, 2.0, 3.0, 4.0]), 2).tolist()
    [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    """
    count = len(values) - (dimension - 1) * delay
    if dimension < 1 or delay < 1 or count < 1:
        raise SettingsError(
            f"{len(values)} intervals hold no template of {dimension} values, {delay} apart; give a longer record, or a smaller dimension "
            "or delay of at least 1."
        )
    return np.array([values[d * delay : d * delay + count] for d in range(dimension)])


def neighbors(rows: Floats, tolerance: float, *, closed: bool = True) -> NDArray[np.int64]:
    """How many other templates differ nowhere by more than the tolerance (`closed`), or everywhere by less.

    >>> neighbors(templates(np.array([1.0, 2.0, 1.5, 2.5, 9.0]), 2), 0.5).tolist()
    [1, 0, 1, 0]
    """
    order = np.argsort(rows[0], kind="stable")
    limit = tolerance if closed else np.nextafter(tolerance, -np.inf)
    out = np.empty(len(order), np.int64)
    out[order] = _count_near(rows[:, order], limit)
    return out


def fuzzy_neighbors(rows: Floats, tolerance: float) -> Floats:
    """Likeness of each template to the others, exp(-distance / tolerance) each, distance as in `neighbors`, template means taken off."""
    return _likeness(np.ascontiguousarray(rows - rows.mean(axis=0)), tolerance)


@njit(cache=True)
def _count_near(rows, limit):  # type: ignore[no-untyped-def]
    """Templates sorted by their first value; each pair is met once. A value is near if its rank lies from `low` on, `wide` ranks up:
    one comparison of whole numbers, unsigned, so that what lies below wraps around."""
    dimension, n = rows.shape
    rank, low, wide = np.empty((dimension, n), np.uint32), np.empty((dimension, n), np.uint32), np.empty((dimension, n), np.uint32)
    for d in range(1, dimension):
        _ranks(rows[d], limit, rank[d], low[d], wide[d])
    counts = np.zeros(n, np.int32)
    near = np.empty(n, np.uint8)
    end = 0
    for i in range(n):
        while end < n and rows[0, end] - rows[0, i] <= limit:
            end += 1
        length = end - i - 1
        if length <= 0:
            continue
        near[:length] = 1
        for d in range(1, dimension):
            begin, width = low[d, i], wide[d, i]
            stretch = rank[d, i + 1 : end]
            for j in range(length):
                near[j] &= np.uint8(np.uint32(stretch[j] - begin) <= width)
        mine = np.int32(0)
        others = counts[i + 1 : end]
        for j in range(length):
            others[j] += near[j]
            mine += near[j]
        counts[i] += mine
    return counts.astype(np.int64)


@njit(cache=True)
def _ranks(values, limit, rank, low, wide):  # type: ignore[no-untyped-def]
    """Rank of each value among the distinct ones, and the ranks that lie within the limit of it."""
    order = np.argsort(values)
    distinct = np.empty(len(values))
    count = 0
    for i in order:
        if count == 0 or values[i] != distinct[count - 1]:
            distinct[count] = values[i]
            count += 1
        rank[i] = count - 1
    begin = end = 0
    last = np.int64(-1)
    for i in order:
        k = np.int64(rank[i])
        if k != last:
            while distinct[k] - distinct[begin] > limit:
                begin += 1
            while end + 1 < count and distinct[end + 1] - distinct[k] <= limit:
                end += 1
            last = k
        low[i], wide[i] = begin, end - begin


@njit(cache=True)
def _likeness(rows, tolerance):  # type: ignore[no-untyped-def]
    dimension, n = rows.shape
    total = np.zeros(n)
    for i in range(n):
        mine = 0.0
        for j in range(i + 1, n):
            distance = 0.0
            for d in range(dimension):
                distance = max(distance, abs(rows[d, j] - rows[d, i]))
            like = np.exp(-distance / tolerance)
            total[j] += like
            mine += like
        total[i] += mine
    return total
