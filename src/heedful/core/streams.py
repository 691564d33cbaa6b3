"""Streams: the distinct combinations of text columns in a table, numbered, so that bulk work runs on integers.

A wearable's million rows repeat a handful of strings (whose, what, which device). A polars string column keeps 16 bytes a row, its
*view* (length and text, or where the text lies). Rows with equal views hold equal text, so numbering the distinct combinations of
views touches no text at all; only the few distinct ones are then looked at as strings.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

_FEW = 4096
_LEAST_SLOTS = 256
_COLUMNS = 4


def streams(views: list[NDArray[np.uint64]], text: pl.DataFrame) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct combinations of up to four text columns without missing values.

    `views`: of each column two words a row, as `buffers.batches` gives them; `text`: the same columns. Returns the number of each row's
    stream, and the first row of each stream. Two streams may hold equal text (views are compared, not strings): compare the strings of
    the first rows where that matters.

    >>> from heedful.core.buffers import batches
    >>> rows = pl.DataFrame({"person": ["a", "a", "b"], "code": ["steps", "steps", "steps"]})
    >>> of_row, firsts = streams(next(batches(rows)), rows)
    >>> of_row.tolist(), firsts.tolist()
    ([0, 0, 1], [0, 2])
    """
    a, b, c, d = _filled(views)
    of_row, firsts, complete = _number(a, b, c, d, max(_FEW, len(a) // 4))
    if not complete:  # equal text in many places: number the text itself
        a, b, c, d = _filled([_numbered(column) for column in text.get_columns()])
        of_row, firsts, _ = _number(a, b, c, d, len(a))
    return of_row, firsts


def _filled(words: list[NDArray[np.uint64]]) -> list[NDArray[np.uint64]]:
    return words + words[:1] * (_COLUMNS - len(words))


def _numbered(column: pl.Series) -> NDArray[np.uint64]:
    """Two words a row: the number of its text, and nothing."""
    codes = column.cast(pl.Categorical).to_physical().to_numpy()
    return np.column_stack([codes.astype(np.uint64), np.zeros(len(codes), np.uint64)])


@njit(cache=True, inline="always")
def _hash(w0, w1, w2, w3, w4, w5, w6, w7):  # type: ignore[no-untyped-def]
    h = w0 ^ (w1 * np.uint64(0x9E3779B97F4A7C15))
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + w2 + w3 * np.uint64(0x94D049BB133111EB)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9) + w4 + w5 * np.uint64(0x94D049BB133111EB)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9) + w6 + w7 * np.uint64(0x94D049BB133111EB)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True)
def _wider(a, b, c, d, firsts):  # type: ignore[no-untyped-def]
    """Room for twice as many combinations."""
    wide = np.empty(2 * len(firsts), np.int64)
    wide[: len(firsts)] = firsts
    slots = np.full(2 * len(wide), -1, np.int32)
    mask = np.uint64(len(slots) - 1)
    for number in range(len(firsts)):
        j = firsts[number]
        at = _hash(a[j, 0], a[j, 1], b[j, 0], b[j, 1], c[j, 0], c[j, 1], d[j, 0], d[j, 1]) & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = number
    return wide, slots


@njit(cache=True)
def _number(a, b, c, d, limit):  # type: ignore[no-untyped-def]
    """Number of each row's combination, first row of each, and whether `limit` combinations were enough."""
    n = a.shape[0]
    of_row = np.empty(n, np.int32)
    firsts, slots = np.empty(_LEAST_SLOTS // 2, np.int64), np.full(_LEAST_SLOTS, -1, np.int32)
    mask = np.uint64(_LEAST_SLOTS - 1)
    count, last = 0, np.int32(-1)
    p0 = p1 = p2 = p3 = p4 = p5 = p6 = p7 = np.uint64(0)
    for i in range(n):
        w0, w1, w2, w3, w4, w5, w6, w7 = a[i, 0], a[i, 1], b[i, 0], b[i, 1], c[i, 0], c[i, 1], d[i, 0], d[i, 1]
        differs = (w0 ^ p0) | (w1 ^ p1) | (w2 ^ p2) | (w3 ^ p3) | (w4 ^ p4) | (w5 ^ p5) | (w6 ^ p6) | (w7 ^ p7)
        if differs == 0 and last >= 0:
            of_row[i] = last
            continue
        p0, p1, p2, p3, p4, p5, p6, p7 = w0, w1, w2, w3, w4, w5, w6, w7
        at = _hash(w0, w1, w2, w3, w4, w5, w6, w7) & mask
        while slots[at] >= 0:
            j = firsts[slots[at]]
            if w0 == a[j, 0] and w1 == a[j, 1] and w2 == b[j, 0] and w3 == b[j, 1] and (
                w4 == c[j, 0] and w5 == c[j, 1] and w6 == d[j, 0] and w7 == d[j, 1]
            ):  # fmt: skip
                break
            at = (at + np.uint64(1)) & mask
        if slots[at] < 0:
            if count == limit:
                return of_row, firsts[:count], False
            slots[at] = count
            last = slots[at]
            firsts[count] = i
            count += 1
            if count == len(firsts):
                firsts, slots = _wider(a, b, c, d, firsts)
                mask = np.uint64(len(slots) - 1)
        else:
            last = slots[at]
        of_row[i] = last
    return of_row, firsts[:count], True
