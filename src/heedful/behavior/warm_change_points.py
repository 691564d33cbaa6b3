"""Change points as a step: a person's days by feature, in which a row is set, and the partition found again only when it can differ.

The newest day decides nothing (it may be unfinished), so that the minutes of today cost a look-up; the partition is a look at the whole
history by definition, and is taken when a day ends or an earlier one changes, once, when somebody asks. `WarmChangePoints` says what
`person_change_points` says of all rows so far, annotations apart (these do not move a change point, they explain its day).

`EndedDays` is what the engine holds: only which day is a person's newest, so that it knows when to look; the history lies in the lake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from heedful.behavior.change import NEEDED, NOT_JUDGED
from heedful.behavior.change_points import LEAST_VALUES, person_rows, too_short_row
from heedful.core.schemas import Changes

_NOT_JUDGED = re.compile(NOT_JUDGED)


@dataclass
class _Person:
    """Value and coverage by feature and day; how many features each day has; what was found, None if it must be looked for again."""

    features: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)
    days: Counter[int] = field(default_factory=Counter)
    newest: int = -(10**9)
    found: list[dict[str, object]] | None = None


class WarmChangePoints:
    """The features of many people, day by day. Memory: about 200 bytes a value.

    >>> from datetime import date
    >>> row = {"person": "p", "day": date(2026, 3, 1), "feature": "steps[sum]", "value": 4000.0, "coverage": 1.0}
    >>> held = WarmChangePoints()
    >>> held.step(pl.DataFrame([row, row | {"day": date(2026, 3, 2)}]))
    >>> held.read()["why"].to_list()
    ['Could not be judged: there are 1 days, and no feature has values on 28 well recorded ones.']
    """

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}

    def __contains__(self, person: object) -> bool:
        return person in self._people

    def step(self, features: pl.DataFrame, gone: pl.DataFrame | None = None) -> None:
        """Set rows of `Features` (person, day, feature, value, coverage), and take out those of `gone` (person, day, feature) before."""
        if gone is not None:
            days = gone["day"].to_physical().to_list()
            for person, day, name in zip(gone["person"].to_list(), days, gone["feature"].to_list(), strict=True):
                self._set(person, day, name, None)
        columns = (features[name].to_list() for name in ("person", "feature", "value", "coverage"))
        for day, person, name, value, coverage in zip(features["day"].to_physical().to_list(), *columns, strict=True):
            entry = None
            if value is not None and isfinite(value) and not _NOT_JUDGED.search(name):
                entry = float(value), float("nan") if coverage is None else float(coverage)
            self._set(person, day, name, entry)

    def read(self, people: Iterable[str] | None = None) -> pl.DataFrame:
        """What `person_change_points` says of these people (everybody, unless said), without annotations."""
        rows = list[dict[str, object]]()
        for name in sorted(self._people if people is None else set(people) & self._people.keys()):
            held = self._people[name]
            if held.found is None:
                held.found = _found(name, held)
            rows += held.found
        schema = {name: dtype for name, dtype in Changes.dtypes().items() if name != "because"}
        return Changes.check(pl.DataFrame(rows, schema=schema, orient="row").sort("person", "day", "feature"))

    def forget_person(self, person: str) -> None:
        """Let go of a person, after an erasure or a withdrawal: nothing of them stays in memory."""
        self._people.pop(person, None)

    def _set(self, person: str, day: int, name: str, entry: tuple[float, float] | None) -> None:
        held = self._people.setdefault(person, _Person())
        of = held.features.setdefault(name, {})
        old = of.get(day)
        if entry == old:
            return
        if entry is None:
            del of[day]
        else:
            of[day] = entry
        held.days[day] += (entry is not None) - (old is not None)
        newest = held.newest
        if day > newest and entry is not None:
            held.newest = day
        elif day == newest and not held.days[day]:
            held.newest = max((known for known, many in held.days.items() if many), default=-(10**9))
        if day < newest or held.newest != newest:
            held.found = None


class EndedDays:
    """Of many people the newest day with a value, and a feature that has one on it (`anchor`): whose days before it changed, or who has a
    later day now, is to be looked at again. Memory: about 200 bytes a person.

    >>> from datetime import date
    >>> row = {"person": "p", "day": date(2026, 3, 1), "feature": "steps[sum]", "value": 4000.0}
    >>> nothing, held = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "feature": pl.String}), EndedDays()
    >>> held.open(["p"], [pl.DataFrame([row])])
    >>> held.step(0, nothing, pl.DataFrame([row | {"value": 4100.0}]))
    >>> held.read()[0].height
    0
    >>> held.step(0, nothing, pl.DataFrame([row | {"day": date(2026, 3, 2)}]))
    >>> held.read()[0].rows()
    [('p',)]
    """

    def __init__(self) -> None:
        self._newest: dict[str, tuple[int, str]] = {}
        self._frame: pl.DataFrame | None = None
        self._moved = set[str]()

    def people(self) -> Collection[str]:
        """Who is held."""
        return self._newest.keys()

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people; those of whom nothing has a value are not held."""
        for person in people:
            self.forget_person(person)
        self._begin(_valued(tables[0]))

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Rows of `Features` (0) or `Annotations` (1) that went and came. A person whose anchor went is let go."""
        if table == 1:
            self._moved |= {person for rows in (gone, came) for person in rows["person"].unique() if person in self._newest}
            return
        value = _finite(came)
        lost = self._placed(pl.concat([gone.select("person", "day", "feature"), came.filter(~value).select("person", "day", "feature")]))
        there = self._placed(came.filter(value))
        for rows in (lost, there):
            self._moved |= set(rows.filter(pl.col("day") < pl.col("newest"))["person"].unique())
        later = there.filter(pl.col("day") > pl.col("newest"))
        self._moved |= set(later["person"].unique())
        for person in lost.filter((pl.col("day") == pl.col("newest")) & (pl.col("feature") == pl.col("anchor")))["person"].unique():
            self.forget_person(person)
        self._begin(later.filter(pl.col("person").is_in(list(self._newest))))

    def read(self) -> tuple[pl.DataFrame, None]:
        """Who is to be looked at; what is found the function says of their rows."""
        people, self._moved = sorted(self._moved), set()
        return pl.DataFrame({"person": people}, schema={"person": pl.String}), None

    def forget_person(self, person: str) -> None:
        """Let go of a person: nothing of them stays in memory."""
        if self._newest.pop(person, None) is not None:
            self._frame = None
        self._moved.discard(person)

    def _begin(self, rows: pl.DataFrame) -> None:
        """The newest of these days is their person's newest."""
        if rows.height:
            newest = rows.sort("day", "feature", descending=[True, False]).unique("person", keep="first", maintain_order=True)
            for person, day, anchor in newest.select("person", pl.col("day").to_physical(), "feature").iter_rows():
                self._newest[person] = day, anchor
            self._frame = None

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of the rows that are judged and of people who are held, with the day and feature that are held."""
        if self._frame is None:
            people, held = list(self._newest), list(self._newest.values())
            days = pl.Series([day for day, _ in held], dtype=pl.Int32).cast(pl.Date)
            told = {"person": people, "newest": days, "anchor": [anchor for _, anchor in held]}
            self._frame = pl.DataFrame(told, schema={"person": pl.String, "newest": pl.Date, "anchor": pl.String})
        names = rows["feature"].unique()
        judged = names.filter(~names.str.contains(NOT_JUDGED))
        return rows.filter(pl.col("feature").is_in(judged.implode())).join(self._frame, on="person", how="inner")


def _finite(rows: pl.DataFrame) -> pl.Series:
    return rows["value"].is_finite().fill_null(value=False)


def _valued(rows: pl.DataFrame) -> pl.DataFrame:
    names = rows["feature"].unique()
    return rows.filter(_finite(rows) & pl.col("feature").is_in(names.filter(~names.str.contains(NOT_JUDGED)).implode()))


def _found(person: str, held: _Person) -> list[dict[str, object]]:
    known = {name: {day: entry for day, entry in of.items() if day < held.newest} for name, of in held.features.items()}
    days = {day for of in known.values() for day in of}
    kept: dict[str, dict[int, float]] = {}
    for name, of in sorted(known.items()):
        usual = _median([coverage for _, coverage in of.values()])
        values = {day: value for day, (value, coverage) in of.items() if coverage >= NEEDED * usual} if len(of) >= LEAST_VALUES else {}
        if len(values) >= LEAST_VALUES:
            kept[name] = values
    if not kept:
        return [too_short_row(person, max(days), len(days))] if days else []
    first, last = min(map(min, kept.values())), max(map(max, kept.values()))
    table = np.full((last - first + 1, len(kept)), np.nan)
    for column, by_day in enumerate(kept.values()):
        table[np.array(list(by_day)) - first, column] = list(by_day.values())
    return person_rows(person, first, table, list(kept))


def _median(coverage: list[float]) -> Any:
    known = [one for one in coverage if one == one]  # NaN stands for a missing one, which polars leaves out
    return np.median(known) if known else float("nan")
