"""Rows kept in memory because they are asked for again and again: the live loop looks at the same few days every minute.

Pure caches: they answer what the lake would answer, are filled by reading it, and are empty after a restart, a correction or a deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from heedful.core.schemas import Schema

MOST_DAYS = 6
"""A call for more days than these is a bulk load, not a live minute."""
MOST_ROWS = 6_000_000
MOST_BYTES = 64_000_000
ASKED_BEFORE_KEPT = 3


@dataclass
class _Day:
    """All rows of a day: many that are settled, and a few new ones, so that adding does not copy the day."""

    settled: pl.DataFrame
    new: pl.DataFrame
    people: set[str] = field(default_factory=set)

    @property
    def height(self) -> int:
        return self.settled.height + self.new.height

    def add(self, rows: pl.DataFrame) -> None:
        self.new = pl.concat([self.new, rows], rechunk=True)
        self.people |= set(rows["person"].unique().to_list()) if "person" in rows.columns else set()
        if self.new.height * 8 > self.settled.height:
            self.settled, self.new = _side_by_side(pl.concat([self.settled, self.new])), self.new.clear()


def _side_by_side(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a person and code together, as they came: minute after minute they lie mixed, and take half again as long to derive."""
    order = [name for name in ("person", "code") if name in rows.columns]
    return rows.sort(order, maintain_order=True).rechunk() if order else rows.rechunk()


class WarmDays:
    """Current rows of the days of base tables that were asked for last. `load(schema, day)` reads all of a day."""

    def __init__(self, load: Callable[[type[Schema], date], pl.DataFrame]) -> None:
        self._load = load
        self._days: dict[str, dict[date, _Day]] = {}
        self._asked: dict[str, set[date]] = {}

    def rows(self, schema: type[Schema], keys: pl.DataFrame) -> pl.DataFrame | None:
        """Rows of `keys` (with `day`), or None if their days are not kept: they will be if they are asked for once more."""
        if "day" not in keys.columns or keys["day"].null_count():
            return None
        wanted = set(keys["day"].unique().to_list())
        if not 0 < len(wanted) <= MOST_DAYS:
            return None
        kept = self._days.setdefault(schema.table, {})
        known = self._asked.get(schema.table, set())
        self._asked[schema.table] = wanted
        if not wanted <= known | kept.keys():
            return None
        for day in wanted - kept.keys():
            rows = self._load(schema, day)
            kept[day] = _Day(schema.empty(), schema.empty())
            kept[day].add(rows)
        self._let_go(kept, wanted)
        return pl.concat([schema.empty(), *self._chosen(schema, kept, keys)], rechunk=False)

    @staticmethod
    def _chosen(schema: type[Schema], kept: dict[date, _Day], keys: pl.DataFrame) -> Iterable[pl.DataFrame]:
        for (day,), own in keys.partition_by("day", as_dict=True).items():
            assert isinstance(day, date)
            held = kept[day]
            for rows in (held.settled, held.new):
                if set(keys.columns) == {"day"}:
                    yield rows
                elif set(keys.columns) != {"person", "day"}:
                    yield rows.join(own, on=keys.columns, how="semi")
                elif not held.people <= (people := set(own["person"].to_list())):
                    yield rows.filter(pl.col("person").is_in(sorted(people)))
                else:
                    yield rows

    @staticmethod
    def _let_go(kept: dict[date, _Day], wanted: set[date]) -> None:
        """Of too many rows, the days go that nobody asked for now, the earliest first."""
        for day in sorted(kept.keys() - wanted):
            if sum(held.height for held in kept.values()) <= MOST_ROWS and len(kept) <= 2 * MOST_DAYS:
                return
            del kept[day]

    def add(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows of the table, none of which corrects another."""
        kept = self._days.get(schema.table)
        if kept and "day" in rows.columns:
            for (day,), part in rows.filter(pl.col("day").is_in(list(kept))).partition_by("day", as_dict=True).items():
                kept[day].add(part)

    def forget(self, table: str) -> None:
        self._days.pop(table, None)


class WarmTables:
    """Small derived tables, whole, as they stand with all differences that were staged."""

    def __init__(self) -> None:
        self._tables: dict[str, pl.DataFrame] = {}
        self._asked: dict[str, int] = {}

    def get(self, name: str) -> pl.DataFrame | None:
        found = self._tables.pop(name, None)
        if found is not None:
            self._tables[name] = found  # asked for last
        return found

    def asked(self, name: str) -> bool:
        """Note that the table was asked for; whether it was often enough to be worth keeping."""
        self._asked[name] = self._asked.get(name, 0) + 1
        return self._asked[name] >= ASKED_BEFORE_KEPT

    def keep(self, name: str, rows: pl.DataFrame) -> None:
        """Keep a table, and let those go that were not asked for longest if all together are too large."""
        self._tables.pop(name, None)
        self._tables[name] = rows
        while sum(table.estimated_size() for table in self._tables.values()) > MOST_BYTES:
            self._tables.pop(next(iter(self._tables)))

    def forget(self, name: str) -> None:
        self._tables.pop(name, None)
