"""What decided each key's answer at the last update, as a hash: a key for which it is the same need not be answered again."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from heedful.core.schemas import TABLES, Schema

_HASH, _ROWS = "_hash", "_rows"


class Decided:
    """Hashes by derivation and key, in memory; new ones count once the update that asked for them is written (`keep`)."""

    def __init__(self) -> None:
        self._known: dict[str, pl.DataFrame] = {}
        self._new: dict[str, list[pl.DataFrame]] = {}

    def differing(self, name: str, keys: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of `keys` for which `rows` (distinct, with the key's columns) are not what they were, or that were not asked before."""
        hashed = rows.select(keys.columns).with_columns(rows.hash_rows(1).alias(_HASH))
        found = hashed.group_by(keys.columns).agg(pl.col(_HASH).bitwise_xor(), pl.len().alias(_ROWS))
        now = keys.join(found, on=keys.columns, how="left", nulls_equal=True)
        self._new.setdefault(name, []).append(now)
        known = self._known.get(name)
        if known is None:
            return keys
        return now.join(known, on=now.columns, how="anti", nulls_equal=True).select(keys.columns)

    def keep(self) -> None:
        """Take what was asked since `drop` for what is known."""
        for name, parts in self._new.items():
            now, known = pl.concat(parts), self._known.get(name)
            if known is not None:
                keys = [column for column in now.columns if column not in (_HASH, _ROWS)]
                now = pl.concat([known.join(now, on=keys, how="anti", nulls_equal=True), now])
            self._known[name] = now.drop_nulls(_HASH)
        self._new.clear()

    def drop(self) -> None:
        """Let go what was asked and not kept: the update before did not end."""
        if self._new:
            self._known.clear()  # what it had written when it broke off is not known
        self._new.clear()

    # --- what the lake tells

    def came(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows are asked about when they are derived from."""

    def changed(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """So are corrections."""

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of people were removed, which is asked about too; None: another process may have written other answers. Of what is said in
        public, where rows go all the time, no such answer is made."""
        if people is None and TABLES[table.split("/")[0]].stream != "public":
            self._known.clear()

    def forget(self, name: str, people: pl.Series | None = None) -> None:
        """All keys of a derivation (of these people, if said) are to be answered again."""
        known = self._known.pop(name, None)
        if known is not None and people is not None:
            self._known[name] = known.filter(~pl.col("person").is_in(people.unique().implode()))
