"""Which keys a base table holds already, and with which content: 64-bit hashes in one open-addressed table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.schemas import Schema
from heedful.store.row_keys import Hashes

_LEAST_SLOTS = 1 << 12
_COLUMN = "Array(int64, 1, 'C', readonly=True)"
NEW, CORRECTED, REPEATED = 0, 1, 2


class _Pairs:
    """A set of (key, content); versions of one key stand behind each other. (0, 0) is an empty slot: such a pair counts as (0, 1)."""

    def __init__(self) -> None:
        self.slots = np.zeros((_LEAST_SLOTS, 2), np.int64)
        self.held = 0

    def insert(self, ids: Hashes, contents: Hashes) -> npt.NDArray[np.int8]:
        """Add pairs; says of each whether it was new, of a known key, or there already."""
        self._make_room(len(ids))
        states = _insert(self.slots, ids, contents)
        self.held += int((states != REPEATED).sum())
        return states

    def look(self, ids: Hashes, contents: Hashes) -> npt.NDArray[np.int8]:
        """The same, nothing added; repeats within `ids` are not seen."""
        return _look(self.slots, ids, contents)

    def _make_room(self, more: int) -> None:
        size = len(self.slots)
        while (self.held + more) * 10 > size * 7:
            size *= 2
        if size > len(self.slots):
            old, self.slots = self.slots, np.zeros((size, 2), np.int64)
            _move(self.slots, old)


class KeyIndex:
    """Classifies rows as new, corrected or repeated. `load(schema)` yields a table's key and content hashes, once a process.

    About 30 bytes a row of the table stay in memory: a key must be known wherever its row lies, since a correction may move its day.
    """

    def __init__(self, load: Callable[[type[Schema]], tuple[Hashes, Hashes]]) -> None:
        self._load = load
        self._tables: dict[str, _Pairs] = {}

    def classify(self, schema: type[Schema], rows: pl.DataFrame) -> tuple[pl.Series, npt.NDArray[np.int32]]:
        """For rows with `_id`, `_content`: a mask of those to store, and for each 1 if its key is known already, else 0."""
        ids, contents = rows["_id"].to_numpy(), rows["_content"].to_numpy()
        states = self._table(schema).look(ids, contents)
        if not rows["_id"].is_unique().all():
            within = _Pairs().insert(ids, contents)
            states = np.where(within > states, within, states)
        return pl.Series(states != REPEATED), (states != NEW).astype(np.int32)

    def add(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Remember rows that were just stored."""
        self._table(schema).insert(rows["_id"].to_numpy(), rows["_content"].to_numpy())

    def forget(self, table: str) -> None:
        """Forget a table, after a deletion."""
        self._tables.pop(table, None)

    def _table(self, schema: type[Schema]) -> _Pairs:
        if schema.table not in self._tables:
            # Put in place only when whole: a failed reading must not look like an empty table.
            pairs = _Pairs()
            pairs.insert(*self._load(schema))
            self._tables[schema.table] = pairs
        return self._tables[schema.table]


@numba.njit(cache=True, inline="always")
def _place(key, mask):  # type: ignore[no-untyped-def]
    state = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return (state ^ (state >> np.uint64(32))) & np.uint64(mask)


@numba.njit(cache=True, inline="always")
def _content_of(key, content):  # type: ignore[no-untyped-def]
    return np.int64(1) if key == 0 and content == 0 else content


@numba.njit(cache=True, inline="always")
def _found(slots, mask, key, content):  # type: ignore[no-untyped-def]
    """Whether a pair is new, of a known key, or there; and the slot where it is, or where it would go."""
    state, at = NEW, _place(key, mask)
    while slots[at, 0] != 0 or slots[at, 1] != 0:
        if slots[at, 0] == key:
            if slots[at, 1] == content:
                return REPEATED, at
            state = CORRECTED
        at = (at + np.uint64(1)) & mask
    return state, at


@numba.njit(f"int8[::1](int64[:, ::1], {_COLUMN}, {_COLUMN})", cache=True)
def _look(slots: Any, ids: Any, contents: Any) -> Any:
    out = np.zeros(len(ids), np.int8)
    mask = np.uint64(len(slots) - 1)
    for row in range(len(ids)):
        out[row], _ = _found(slots, mask, ids[row], _content_of(ids[row], contents[row]))
    return out


@numba.njit(f"int8[::1](int64[:, ::1], {_COLUMN}, {_COLUMN})", cache=True)
def _insert(slots: Any, ids: Any, contents: Any) -> Any:
    out = np.zeros(len(ids), np.int8)
    mask = np.uint64(len(slots) - 1)
    for row in range(len(ids)):
        key, content = ids[row], _content_of(ids[row], contents[row])
        out[row], at = _found(slots, mask, key, content)
        if out[row] != REPEATED:
            slots[at, 0], slots[at, 1] = key, content
    return out


@numba.njit("void(int64[:, ::1], int64[:, ::1])", cache=True)
def _move(slots: Any, old: Any) -> None:
    mask = np.uint64(len(slots) - 1)
    for row in range(len(old)):
        if old[row, 0] != 0 or old[row, 1] != 0:
            at = _place(old[row, 0], mask)
            while slots[at, 0] != 0 or slots[at, 1] != 0:
                at = (at + np.uint64(1)) & mask
            slots[at, 0], slots[at, 1] = old[row, 0], old[row, 1]
