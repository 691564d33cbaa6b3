"""A stable 64-bit number for a row's key or content: the same on every machine, version and run."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.buffers import batches
from heedful.core.streams import streams
from heedful.core.text_buffers import text_buffers

Hashes = npt.NDArray[np.int64]

_PRIME_1 = np.uint64(0x9E3779B97F4A7C15)
_PRIME_2 = np.uint64(0xC2B2AE3D27D4EB4F)
_MISSING = np.int64(0x4D31535349473031)
_PROBE_ROWS = 1_000


def hash_rows(data: pl.DataFrame, columns: tuple[str, ...] | list[str]) -> Hashes:
    """One int64 a row over `columns`, in order; missing values differ from empty text.

    A published mixing scheme is not needed: equal rows give equal numbers, and readers compare the real key columns.
    """
    return hash_each(data, columns)[0]


def hash_each(data: pl.DataFrame, *sets: tuple[str, ...] | list[str]) -> list[Hashes]:
    """`hash_rows` over each of several sets of columns; a column that stands in more than one is looked at once."""
    rows = [np.zeros(data.height, np.int64) for _ in sets]
    known = dict[str, Hashes]()
    for at, (columns, mixed) in enumerate(zip(sets, rows, strict=True)):
        for name in columns if data.height else ():
            hashes = known.pop(name, None)
            hashes = _hashes(data[name]) if hashes is None else hashes
            if any(name in later for later in sets[at + 1 :]):
                known[name] = hashes
            _mix(mixed, hashes)
    return rows


def _hashes(column: pl.Series) -> Hashes:
    """One number a value, for equal values the same."""
    if column.null_count() == len(column):
        return np.full(len(column), _MISSING)
    if column.dtype == pl.String:
        hashes = _text_hashes(column.fill_null(""))
    elif column.dtype.is_float():
        # + 0.0 makes of -0.0 what it equals; in NumPy, since polars leaves such a sum out
        hashes = (column.fill_null(0.0).cast(pl.Float64).to_numpy() + 0.0).view(np.int64)
    else:
        hashes = column.to_physical().fill_null(0).cast(pl.Int64).to_numpy()
    return np.where(column.is_null().to_numpy(), _MISSING, hashes) if column.null_count() else hashes


def _text_hashes(texts: pl.Series) -> Hashes:
    """Where few texts come again and again each is looked at once: a device's name stands in a million rows."""
    if len(texts) < 2 * _PROBE_ROWS or texts.head(_PROBE_ROWS).n_unique() * 4 > _PROBE_ROWS:
        return _hash_strings(*text_buffers(texts))
    parts = []
    at = 0
    for (views,) in batches(texts.to_frame()):
        part = texts.slice(at, len(views))
        of_row, firsts = streams([views], part.to_frame())
        parts.append(_hash_strings(*text_buffers(part.gather(firsts)))[of_row])
        at += len(views)
    return np.concatenate(parts)


@numba.njit("int64[:](int64[:], Array(uint8, 1, 'C', readonly=True))", cache=True)
def _hash_strings(offsets: Any, data: Any) -> Any:
    out = np.empty(offsets.size - 1, np.int64)
    for row in range(out.size):
        state = np.uint64(offsets[row + 1] - offsets[row]) * _PRIME_1
        position, stop = offsets[row], offsets[row + 1]
        while position < stop:
            word = np.uint64(0)
            take = min(8, stop - position)
            for k in range(take):
                word |= np.uint64(data[position + k]) << np.uint64(8 * k)
            state = (state ^ (word * _PRIME_2)) * _PRIME_1
            state ^= state >> np.uint64(29)
            position += take
        state = (state ^ (state >> np.uint64(33))) * _PRIME_2
        out[row] = np.int64(state ^ (state >> np.uint64(31)))
    return out


@numba.njit("void(int64[::1], Array(int64, 1, 'C', readonly=True))", cache=True)
def _mix(rows: Any, column: Any) -> None:
    """Mix the next column into the number of each row."""
    for row in range(rows.size):
        state = (np.uint64(rows[row]) ^ (np.uint64(column[row]) * _PRIME_2)) * _PRIME_1
        state = (state ^ (state >> np.uint64(29))) * _PRIME_2
        rows[row] = np.int64(state ^ (state >> np.uint64(32)))
