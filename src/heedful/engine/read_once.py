"""Rows that several derivations of one update read: read once, and cut for each.

Every writer of a table runs before its first reader (`heedful.engine.plan`), so that what was read once stays true until the update ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Protocol

import polars as pl

from heedful.engine.keys import day_range
from heedful.engine.plan import Node
from heedful.store.warm import Names, among

MOST_DAYS = 6
MOST_PEOPLE, MOST_ROWS = 1_000, 1_000_000
"""Rows of more people, or more rows, are read anew by each derivation, and let go between them."""
_MOST = 2
"""So many times the keys that were asked for are given rather than that the others are sorted out."""


class ChangedRows(Protocol):
    """What this needs of the rows that an update knows to be changed."""

    @property
    def rows(self) -> Mapping[Node, list[pl.DataFrame]]: ...


class ReadOnce:
    """Reads participants' rows for one update; call it like the reader that it stands before.

    Parameters
    ----------
    read: rows of a table, of some keys, with some names (a column and its values) only. whole_people: derived tables that several
    derivations read person by person: of these all rows of the touched people are read at the first question. changed: grows as the
    update goes on. at_hand: whether a table is in memory as it is, so that its reader is asked each time.
    """

    def __init__(
        self, read: Callable[[Node, pl.DataFrame | None, Names | None], pl.DataFrame], whole_people: Set[Node], changed: ChangedRows,
        at_hand: Callable[[Node], bool] = lambda _: False,
    ) -> None:  # fmt: skip
        self._read, self._whole_people, self._changed, self._at_hand = read, whole_people, changed, at_hand
        self._people: dict[Node, tuple[pl.Series, pl.DataFrame] | None] = {}
        self._last: dict[Node, tuple[pl.DataFrame, pl.DataFrame]] = {}

    def __call__(self, node: Node, keys: pl.DataFrame | None, names: Names | None = None) -> pl.DataFrame:
        """Rows of `node`, at least those of `keys`; of a derived table those of `names` and no others, of a base table perhaps others as
        well. Of people perhaps those of some others, which a derivation must bear."""
        if keys is None or "person" not in keys.columns or node[0].stream == "public":
            return self._read(node, keys, names)
        if node[0].kind == "base":
            return self._few_days(node, keys, names)
        if self._at_hand(node):
            return self._at_hand_of(node, keys, names)
        rows = self._of_people(node, keys)
        return rows if names is None else rows.filter(among(rows, names))

    def _at_hand_of(self, node: Node, keys: pl.DataFrame, names: Names | None) -> pl.DataFrame:
        """All rows of the people of `keys`, which costs nothing where they are everybody, then those of their days."""
        days = day_range(keys)
        if days is None or keys.columns != ["person", "day"] or (days[1] - days[0]).days < MOST_DAYS:
            return self._read(node, keys, names)
        people = keys.select("person").unique()
        rows = self._read(node, people, names).filter(pl.col("day").is_between(*days))
        every = people.height * ((days[1] - days[0]).days + 1)
        return rows if _MOST * keys.height >= every else rows.join(keys, on=keys.columns, how="semi")

    def _of_people(self, node: Node, keys: pl.DataFrame) -> pl.DataFrame:
        held = self._held(node, keys)
        if held is None:
            return self._read(node, keys, None)
        people, rows = held
        if keys.columns == ["person"]:
            return rows if _MOST * keys.height >= people.len() else rows.join(keys, on="person", how="semi")
        days = day_range(keys)
        if days is None:
            return self._read(node, keys, None)
        rows = rows.filter(pl.col("day").is_between(*days))
        every = people.len() * ((days[1] - days[0]).days + 1)
        return rows if _MOST * keys.height >= every else rows.join(keys, on=keys.columns, how="semi")

    def _few_days(self, node: Node, keys: pl.DataFrame, names: Names | None) -> pl.DataFrame:
        """Of a base table the rows of a live minute's few days, once for all derivations that are touched in the same or fewer keys."""
        if "day" not in keys.columns or keys.height > MOST_DAYS * MOST_PEOPLE or keys["day"].n_unique() > MOST_DAYS:
            return self._read(node, keys, names)
        known = self._last.get(node)
        if known is not None and _MOST * keys.height >= known[0].height and keys.join(known[0], on=keys.columns, how="anti").is_empty():
            return known[1]
        rows = self._read(node, keys, None)
        if rows.height <= MOST_ROWS:
            self._last[node] = keys, rows
        return rows

    def _held(self, node: Node, keys: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame] | None:
        """The touched people and all their rows; None where that is too much, or these keys are of others."""
        if node not in self._whole_people:
            return None
        if node not in self._people:
            self._people[node] = self._all_of(node, keys)
        held = self._people[node]
        return held if held is not None and keys["person"].is_in(held[0].implode()).all() else None

    def _all_of(self, node: Node, keys: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame] | None:
        parts: list[Any] = [rows["person"] for rows in self._changed.rows.get(node, [])]
        people = pl.concat([keys["person"], *parts]).unique().sort()
        if people.len() > MOST_PEOPLE:
            return None
        rows = self._read(node, pl.DataFrame({"person": people}), None)
        return (people, rows) if rows.height <= MOST_ROWS else None
