"""Which keys a base table holds already: sorted 64-bit hashes with a small tail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.schemas import Schema

Hashes = npt.NDArray[np.int64]


class _Sorted:
    """A set of int64 that grows by small sorted runs, merged when they reach an eighth of the whole."""

    def __init__(self, values: Hashes) -> None:
        self.whole, self.tail = np.sort(values), np.empty(0, np.int64)

    def contains(self, values: Hashes) -> npt.NDArray[np.bool_]:
        return _within(self.whole, values) | _within(self.tail, values)

    def add(self, values: Hashes) -> None:
        self.tail = np.sort(np.concatenate([self.tail, values]))
        if self.tail.size * 8 > self.whole.size:
            self.whole, self.tail = np.sort(np.concatenate([self.whole, self.tail]), kind="stable"), np.empty(0, np.int64)


class KeyIndex:
    """Classifies rows as new, corrected or repeated. `load(schema)` reads a table's key and content hashes, once a process.

    16 bytes a row of the table stay in memory: a key must be known wherever its row lies, since a correction may move its day.
    """

    def __init__(self, load: Callable[[type[Schema]], tuple[Hashes, Hashes]]) -> None:
        self._load = load
        self._tables: dict[str, tuple[_Sorted, _Sorted]] = {}

    def classify(self, schema: type[Schema], rows: pl.DataFrame) -> tuple[pl.Series, npt.NDArray[np.int32]]:
        """For rows with `_id`, `_content`: a mask of those to store, and for each 1 if its key is known already, else 0."""
        keys, contents = self._table(schema)
        ids, pairs = rows["_id"].to_numpy(), _pair(rows["_id"].to_numpy(), rows["_content"].to_numpy())
        first_pair = pl.Series(pairs).is_first_distinct().to_numpy()
        first_id = pl.Series(ids).is_first_distinct().to_numpy()
        return pl.Series(~contents.contains(pairs) & first_pair), (keys.contains(ids) | ~first_id).astype(np.int32)

    def add(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Remember rows that were just stored."""
        keys, contents = self._table(schema)
        ids = rows["_id"].to_numpy()
        keys.add(ids)
        contents.add(_pair(ids, rows["_content"].to_numpy()))

    def forget(self, table: str) -> None:
        """Forget a table, after a deletion."""
        self._tables.pop(table, None)

    def _table(self, schema: type[Schema]) -> tuple[_Sorted, _Sorted]:
        if schema.table not in self._tables:
            ids, contents = self._load(schema)
            self._tables[schema.table] = _Sorted(ids), _Sorted(_pair(ids, contents))
        return self._tables[schema.table]


def _pair(ids: Hashes, contents: Hashes) -> Hashes:
    return ids ^ (contents * np.int64(-7046029254386353131))


def _within(values: Hashes, wanted: Hashes) -> npt.NDArray[np.bool_]:
    if not values.size:
        return np.zeros(wanted.size, np.bool_)
    at = np.minimum(np.searchsorted(values, wanted), values.size - 1)
    return values[at] == wanted
