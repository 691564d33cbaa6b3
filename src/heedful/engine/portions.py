"""Touched keys in portions whose rows fit in memory, however many there are of one person.

A portion is some people; where one person's rows are too many, some of that person's days, together with the days around them that the
derivation looks at. By the law a key's answer is the same whatever other keys come with it, so that no cut changes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.derivations import Derivation
from heedful.core.schemas import Schema
from heedful.engine.keys import day_range, names_read, needed_keys
from heedful.store.lake import Lake
from heedful.store.warm import MOST_DAYS

ROWS_A_CALL = 1_000_000
"""Base rows that a derivation is handed at once: half a gigabyte with what it makes of them."""
KEYS_A_CALL = 30_000
DAYS_A_CALL = 40
PEOPLE_A_CALL = 100
PERSON_DAYS_A_CALL = 3_000
FEW_ROWS = 10
"""Derived rows of a person are that many times fewer than base rows."""
FEW_PEOPLE = 50
_ROOM = timedelta(days=40)
"""Many days are counted with so many around them: the next derivation looks a little farther."""


class Portions:
    """Cuts the touched keys of one update; rows are counted only where a table may hold more of them than fit, and then once."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._counted: dict[type[Schema], _Counted] = {}

    def of(self, derivation: Derivation, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Portions of `keys`, which hold each of them once."""
        base = [schema for schema in derivation.reads if schema.kind == "base"]
        days = _days_read(derivation, keys)
        large = [schema for schema in base if _by_person(keys) and self._rows_at_most(schema, days, keys) > ROWS_A_CALL]
        if not large:
            return portions(keys, of_base=bool(base))
        wanted = needed_keys(derivation, keys)
        counts = pl.concat([self._rows(derivation, schema, wanted) for schema in large]).group_by(keys.columns).agg(pl.col("rows").sum())
        return portions_of_rows(keys, counts, derivation.lookback, derivation.lookahead)

    def _rows_at_most(self, schema: type[Schema], days: tuple[date, date] | None, keys: pl.DataFrame) -> float:
        """What the files say. Few days of many people are a live minute, for which nothing is opened; of few people the files' average
        counts."""
        if days is None or not _few(days):
            return sum(file.rows for file in self._lake.files(schema.table, days, keys))
        if keys["person"].n_unique() > FEW_PEOPLE:
            return 0
        files = self._lake.files(schema.table, days, keys)
        return sum(file.rows * _share(days, file.low.get("day"), file.high.get("day")) for file in files)

    def _rows(self, derivation: Derivation, schema: type[Schema], wanted: pl.DataFrame) -> pl.DataFrame:
        """Number of `rows` that are read of each key, older versions of corrected ones included."""
        days, people = day_range(wanted), wanted["person"].unique()
        known = self._counted.get(schema)
        if known is None or not known.covers(days, people):
            wide = days if days is None or _few(days) else (days[0] - _ROOM, days[1] + _ROOM)
            known = self._counted[schema] = self._count(schema, wide, people)
        names, rows = names_read(derivation, schema), known.rows
        if names is not None and names[0] in rows.columns and not isinstance(names[1], str):
            rows = rows.filter(pl.col(names[0]).is_in(list(names[1])))
        found = rows.group_by(wanted.columns).agg(pl.col("rows").cast(pl.Int64).sum())
        return found.join(wanted, on=wanted.columns, how="semi")

    def _count(self, schema: type[Schema], days: tuple[date, date] | None, people: pl.Series) -> _Counted:
        by = [name for name in ("person", "day", "code") if name in schema.columns]
        mine = people.to_frame()
        rows = self._lake.scan(schema.table, schema, days=days, keys=mine).join(mine.lazy(), on="person", how="semi")
        rows = rows if days is None else rows.filter(pl.col("day").is_between(*days))
        return _Counted(days, people, rows.group_by(by).agg(rows=pl.len()).collect(engine="streaming"))


@dataclass(frozen=True)
class _Counted:
    """Rows by person, day and code, where the table has them, of some days (None: all) and people."""

    days: tuple[date, date] | None
    people: pl.Series
    rows: pl.DataFrame

    def covers(self, days: tuple[date, date] | None, people: pl.Series) -> bool:
        within = self.days is None or (days is not None and self.days[0] <= days[0] and days[1] <= self.days[1])
        return within and bool(people.is_in(self.people.implode()).all())


def _by_person(keys: pl.DataFrame) -> bool:
    return keys.columns == ["person"] or (keys.columns == ["person", "day"] and not keys["day"].null_count())


def _days_read(derivation: Derivation, keys: pl.DataFrame) -> tuple[date, date] | None:
    days = day_range(keys)
    return days and (days[0] - timedelta(days=derivation.lookback), days[1] + timedelta(days=derivation.lookahead))


def _few(days: tuple[date, date]) -> bool:
    return (days[1] - days[0]).days < MOST_DAYS


def _share(days: tuple[date, date], low: date | None, high: date | None) -> float:
    """Of a file's days, the share that lies within `days`."""
    if low is None or high is None:
        return 1.0
    return ((min(days[1], high) - max(days[0], low)).days + 1) / ((high - low).days + 1)


def portions(keys: pl.DataFrame, *, of_base: bool) -> Iterator[pl.DataFrame]:
    """Touched keys of not too many rows in portions: by people (the more, the fewer their days are), else by days."""
    people = max(PEOPLE_A_CALL, PERSON_DAYS_A_CALL // max(1, keys["day"].n_unique())) if "day" in keys.columns else PEOPLE_A_CALL
    for column, size in (("person", people if of_base else FEW_ROWS * PEOPLE_A_CALL), ("day", DAYS_A_CALL)):
        if column in keys.columns:
            values = keys[column].unique().sort()
            if values.len() <= size:
                break
            for start in range(0, values.len(), size):
                yield keys.filter(pl.col(column).is_in(values[start : start + size].to_list()))
            return
    yield keys


def portions_of_rows(keys: pl.DataFrame, counts: pl.DataFrame, lookback: int, lookahead: int) -> Iterator[pl.DataFrame]:
    """Keys (`person`, or `person` and `day`) in portions of at most `ROWS_A_CALL` rows, as far as they can be cut.

    `counts`: the keys' columns and `rows`, of all keys that are looked at. A person with more is cut by days, each portion of at least as
    many days as are looked at around a day, so that no row is read more than twice.
    """
    keys = keys.sort(keys.columns)
    sizes = counts.group_by("person").agg(pl.col("rows").sum())
    people = keys.group_by("person", maintain_order=True).agg(keys=pl.len()).join(sizes, on="person", how="left", maintain_order="left")
    start = stop = held = 0
    for person, height, rows in people.with_columns(pl.col("rows").fill_null(0)).select("person", "keys", "rows").iter_rows():
        if stop > start and (held + rows > ROWS_A_CALL or stop + height - start > KEYS_A_CALL):
            yield keys[start:stop]
            start, held = stop, 0
        stop, held = stop + height, held + rows
        if rows > ROWS_A_CALL and "day" in keys.columns:
            mine, days = counts.filter(pl.col("person") == person).sort("day"), _numbers(keys["day"][start:stop])
            for first, last in _cut_days(days, _numbers(mine["day"]), mine["rows"].to_numpy(), lookback, lookahead):
                yield keys[start + first : start + last]
            start, held = stop, 0
    if stop > start:
        yield keys[start:stop]


def _cut_days(
    days: NDArray[np.int64], counted: NDArray[np.int64], rows: NDArray[np.int64], lookback: int, lookahead: int
) -> Iterator[tuple[int, int]]:
    """First and end place of each portion of one person's sorted `days`; `rows` lie on the days `counted`, sorted too."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
    end_of = before[np.searchsorted(counted, days + lookahead, side="right")]
    first = 0
    while first < len(days):
        base = before[np.searchsorted(counted, days[first] - lookback)]
        fitting = int(np.searchsorted(end_of, base + ROWS_A_CALL, side="right"))
        least = int(np.searchsorted(days, days[first] + lookback + lookahead, side="right"))
        last = max(fitting, least, first + 1)
        yield first, last
        first = last


def _numbers(days: pl.Series) -> NDArray[np.int64]:
    return days.to_physical().to_numpy().astype(np.int64)
