"""Rows kept in memory because they are asked for again and again: the live loop looks at the same few days every minute.

Pure caches: they answer what the lake would answer, are filled by reading it, and are empty after a restart, a correction or a deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from heedful.core.schemas import Schema

MOST_DAYS = 6
"""A call for more days than these is a bulk load, not a live minute."""
MOST_ROWS = 6_000_000
MOST_BYTES = 64_000_000
ASKED_BEFORE_KEPT = 3
Names = tuple[str, tuple[str, ...] | str]
"""A column, and the values of it that are asked for, or a pattern of them."""


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


class WarmTable:
    """A derived table in two parts: `recent` holds the days that change now (and rows without a day), so that a live minute neither looks
    through nor copies those before them."""

    def __init__(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        self._schema = schema
        self._dated = "day" in rows.columns
        self._since: date | None = None
        self._old, self.recent = rows.clear(), rows
        self._narrowed: dict[Names, pl.DataFrame] = {}
        self._old_people: set[str] = set()
        self._people: set[str] | None = None

    def parts(self, days: tuple[date, date] | None = None, names: Names | None = None) -> list[pl.DataFrame]:
        """All rows that may be of `days`, with a column's value among `names` (column, values)."""
        recent = self.recent if names is None else self.recent.filter(among(self.recent, names))
        if self._since is None or (days is not None and days[0] >= self._since):
            return [recent]
        if names is None:
            return [self._old, recent]
        if names not in self._narrowed:
            self._narrowed[names] = self._old.filter(among(self._old, names))
        return [self._narrowed[names], recent]

    @property
    def people(self) -> set[str]:
        """Everybody who has a row; nobody where rows are not of people."""
        if self._people is None:
            self._people = self._old_people | _people(self.recent)
        return self._people

    def replace(self, removed: pl.DataFrame, added: pl.DataFrame) -> None:
        """Take out the rows of the keys of `removed`, put `added` in."""
        self._begin_at(_first_day([removed, added]) if self._dated else None)
        self.recent = replaced(self.recent, self._schema, removed, added)
        self._people = None

    def _begin_at(self, first: date | None) -> None:
        """Let the recent days begin where rows change, unless they begin there or not long before."""
        since = self._since
        if first is not None and since is not None and since <= first <= since + timedelta(days=MOST_DAYS):
            return
        if first is None and since is None:
            return
        rows = pl.concat([self._old, self.recent])
        old = rows["day"].is_not_null() & (rows["day"] < first) if first is not None else pl.repeat(False, rows.height, eager=True)
        self._old, self.recent, self._since = rows.filter(old).rechunk(), rows.filter(~old).rechunk(), first
        self._old_people = _people(self._old)
        self._narrowed.clear()

    @property
    def height(self) -> int:
        return self._old.height + self.recent.height

    def estimated_size(self) -> int:
        return int(sum(rows.estimated_size() for rows in (self._old, self.recent, *self._narrowed.values())))


def among(rows: pl.DataFrame, names: Names) -> pl.Series:
    """Which rows have one of the values."""
    column, wanted = rows[names[0]], names[1]
    if isinstance(wanted, str):
        values = column.unique()
        return column.is_in(values.filter(values.str.contains(wanted)).implode())
    return column.is_in(list(wanted))


def _people(rows: pl.DataFrame) -> set[str]:
    return set(rows["person"].unique().to_list()) if "person" in rows.columns else set()


def _first_day(parts: list[pl.DataFrame]) -> date | None:
    """The first day of rows; None if one of them has none."""
    days = [rows["day"] for rows in parts if rows.height]
    if not days or any(day.null_count() for day in days):
        return None
    first = min(day.min() for day in days)  # type: ignore[type-var]
    assert isinstance(first, date)
    return first


def replaced(rows: pl.DataFrame, schema: type[Schema], removed: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """Rows without those of the keys of `removed`, with `added`."""
    kept = rows.join(removed, on=list(schema.key), how="anti", nulls_equal=True) if removed.height and rows.height else rows
    return pl.concat([kept, added.select(kept.columns)]) if added.height else kept


class WarmTables:
    """Small derived tables, whole, as they stand with all differences that were staged."""

    def __init__(self) -> None:
        self._tables: dict[str, WarmTable] = {}
        self._asked: dict[str, int] = {}

    def get(self, name: str) -> WarmTable | None:
        found = self._tables.pop(name, None)
        if found is not None:
            self._tables[name] = found  # asked for last
        return found

    def asked(self, name: str) -> bool:
        """Note that the table was asked for; whether it was often enough to be worth keeping."""
        self._asked[name] = self._asked.get(name, 0) + 1
        return self._asked[name] >= ASKED_BEFORE_KEPT

    def keep(self, name: str, schema: type[Schema], rows: pl.DataFrame) -> WarmTable:
        """Keep a table, and let those go that were not asked for longest if all together are too large."""
        self._tables.pop(name, None)
        self._tables[name] = kept = WarmTable(schema, rows)
        self.let_go()
        return kept

    def let_go(self) -> None:
        while sum(table.estimated_size() for table in self._tables.values()) > MOST_BYTES:
            self._tables.pop(next(iter(self._tables)))

    def forget(self, name: str) -> None:
        self._tables.pop(name, None)
