"""Which keys a base table holds already, by partition: sorted 64-bit hashes with a small unsorted tail, least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.schemas import Schema

Hashes = npt.NDArray[np.int64]
CAPACITY = 30_000_000
"""Hashes kept in memory over all partitions (16 bytes a row)."""


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

    def __len__(self) -> int:
        return self.whole.size + self.tail.size


class KeyIndex:
    """Classifies rows as new, corrected or repeated. `load(table, part, schema)` reads a partition's key and content hashes."""

    def __init__(self, load: Callable[[str, str, type[Schema]], tuple[Hashes, Hashes]]) -> None:
        self._load = load
        self._parts: OrderedDict[tuple[str, str], tuple[_Sorted, _Sorted]] = OrderedDict()

    def classify(self, schema: type[Schema], rows: pl.DataFrame) -> tuple[pl.Series, npt.NDArray[np.int32]]:
        """For rows with `_part`, `_id`, `_content`: a mask of those to store, and for each 1 if its key is known already, else 0."""
        ids, pairs = rows["_id"].to_numpy(), _pair(rows["_id"].to_numpy(), rows["_content"].to_numpy())
        known, same = np.zeros(rows.height, np.bool_), np.zeros(rows.height, np.bool_)
        part_of = rows["_part"].to_numpy()
        for part in rows["_part"].unique().to_list():
            at = np.flatnonzero(part_of == part)
            keys, contents = self._part(schema, part)
            known[at], same[at] = keys.contains(ids[at]), contents.contains(pairs[at])
        first_pair = pl.Series(pairs).is_first_distinct().to_numpy()
        first_id = pl.Series(ids).is_first_distinct().to_numpy()
        return pl.Series(~same & first_pair), (known | ~first_id).astype(np.int32)

    def add(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Remember rows that were just stored."""
        for (part,), group in rows.select("_part", "_id", "_content").group_by("_part"):
            keys, contents = self._part(schema, str(part))
            ids = group["_id"].to_numpy()
            keys.add(ids)
            contents.add(_pair(ids, group["_content"].to_numpy()))

    def forget(self, table: str) -> None:
        """Forget a table's partitions, after a deletion."""
        for name in [name for name in self._parts if name[0] == table]:
            del self._parts[name]

    def _part(self, schema: type[Schema], part: str) -> tuple[_Sorted, _Sorted]:
        name = (schema.table, part)
        if name not in self._parts:
            ids, contents = self._load(schema.table, part, schema)
            self._parts[name] = _Sorted(ids), _Sorted(_pair(ids, contents))
            while sum(len(pair[0]) for pair in self._parts.values()) > CAPACITY and len(self._parts) > 1:
                self._parts.popitem(last=False)
        self._parts.move_to_end(name)
        return self._parts[name]


def _pair(ids: Hashes, contents: Hashes) -> Hashes:
    return ids ^ (contents * np.int64(-7046029254386353131))


def _within(values: Hashes, wanted: Hashes) -> npt.NDArray[np.bool_]:
    if not values.size:
        return np.zeros(wanted.size, np.bool_)
    at = np.minimum(np.searchsorted(values, wanted), values.size - 1)
    return values[at] == wanted
