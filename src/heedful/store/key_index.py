"""Which keys a base table holds already, and with which content: 64-bit hashes, those of the days in use in an open-addressed table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.schemas import Schema
from heedful.store.key_portions import KeyPortions, Pairs, Portions, portion_column
from heedful.store.row_keys import Hashes

MOST_PAIRS = 250_000
"""Pairs held in memory: 8 MB. A batch that touches days with more holds those all the same."""
_LEAST_SLOTS = 1 << 12
_COLUMN = "Array(int64, 1, 'C', readonly=True)"
NEW, CORRECTED, REPEATED = 0, 1, 2

Files = Callable[[type[Schema], Collection[int]], list[str]]
"""Names of the stored files that may hold a row of one of the portions."""
Stored = Callable[[type[Schema], str], Iterator[tuple[Portions, Pairs]]]
"""Portions and pairs of all rows of a stored file, piece by piece."""


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


class _Table:
    """Known keys of one table. Those of the portions in `present` are in memory; what was read of the lake, or added, is on disk too.

    A table whose keys have no time is one portion and held whole, about 30 bytes a row.
    """

    def __init__(self, folder: Path, *, portioned: bool) -> None:
        self.pairs = _Pairs()
        self.kept = KeyPortions(folder) if portioned else None
        self.present, self.read = set[int](), set[str]()

    def add(self, portions: Portions, pairs: Pairs) -> None:
        """Pairs of portions that are present (or of a table that is held whole)."""
        if self.kept is not None:
            self.kept.add(portions, pairs)
        self._hold(pairs)

    def take_in(self, portions: Portions, pairs: Pairs) -> None:
        """Pairs of a stored file, of portions that are not present yet."""
        if self.kept is None:
            self._hold(pairs)
        else:
            self.kept.add(portions, pairs)

    def bring(self, wanted: set[int]) -> None:
        """Have `wanted` portions in memory; where there would be too many pairs, the others are let go."""
        missing = wanted - self.present
        if self.kept is not None and missing:
            pairs = self.kept.read(missing)
            if self.pairs.held + len(pairs) > MOST_PAIRS:
                self.pairs, missing = _Pairs(), wanted
                pairs = self.kept.read(wanted)
                self.present = set()
            self._hold(pairs)
        self.present |= missing

    def _hold(self, pairs: Pairs) -> None:
        self.pairs.insert(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))


class KeyIndex:
    """Classifies rows as new, corrected or repeated.

    A key must be known wherever its row lies, since a correction may move its day: `files` tells where a portion can lie in the lake, and
    `stored` reads a file's hashes, each file once a process. `folder`: where hashes lie that memory does not hold.
    """

    def __init__(self, files: Files, stored: Stored, folder: Path) -> None:
        self._files, self._stored, self._folder = files, stored, folder
        self._tables: dict[str, _Table] = {}

    def classify(self, schema: type[Schema], rows: pl.DataFrame) -> tuple[pl.Series, npt.NDArray[np.int32]]:
        """For rows with `_portion`, `_id`, `_content`: a mask of those to store, and for each 1 if its key is known already, else 0."""
        ids, contents = rows["_id"].to_numpy(), rows["_content"].to_numpy()
        states = self._table(schema, rows["_portion"]).pairs.look(ids, contents)
        if not rows["_id"].is_unique().all():
            within = _Pairs().insert(ids, contents)
            states = np.where(within > states, within, states)
        return pl.Series(states != REPEATED), (states != NEW).astype(np.int32)

    def add(self, schema: type[Schema], rows: pl.DataFrame, files: Collection[str]) -> None:
        """Remember rows that were just stored, as `files`."""
        table = self._table(schema, rows["_portion"], besides=set(files))
        try:
            table.add(rows["_portion"].to_numpy(), rows.select("_id", "_content").to_numpy())
        except BaseException:
            self.forget(schema.table)  # half of it may be there
            raise
        table.read |= set(files)

    def moved(self, table: str, old: Collection[str], new: Collection[str]) -> None:
        """Rows of `old` files lie in `new` ones now, as they were."""
        known = self._tables.get(table)
        if known is not None:
            if known.read >= set(old):
                known.read |= set(new)
            known.read -= set(old)

    def forget(self, table: str) -> None:
        """Forget a table, after a deletion."""
        self._tables.pop(table, None)

    def _table(self, schema: type[Schema], portions: pl.Series, besides: Collection[str] = ()) -> _Table:
        """The table with the portions of rows in memory."""
        # Put in place only when whole: a failed reading must not look like an empty table.
        table = self._tables.pop(schema.table, None) or _Table(self._folder, portioned=portion_column(schema) is not None)
        wanted = set(portions.unique().to_list())
        missing = wanted - table.present
        if missing:
            for file in self._files(schema, missing):
                if file not in table.read and file not in besides:
                    for found in self._stored(schema, file):
                        table.take_in(*found)
                    table.read.add(file)
            table.bring(wanted)
        self._tables[schema.table] = table
        return table


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
