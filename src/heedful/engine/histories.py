"""Warm states over derived rows: of people who are asked for again and again, changed rows are added to what is held of their history.

As `folds` for days of base rows: a derivation of derived tables may say how its answer is carried on (`heedful.core.derivations.Carried`).
An update hands each state the rows by which the tables it reads now differ, and the state says which keys may have another answer, and
what it is. Who is not held is derived by the function, and then opened from the lake: from the second update on (the first may load
years), and a few at each, so that none waits for all. States are pure caches: a person is let go when rows of theirs are deleted, when a
row comes that the state cannot carry (a day too far back), or when so many come that deriving is cheaper; everybody, when a version rises,
another process wrote, or an update did not end. After a restart nobody is held.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl

from heedful.core.derivations import Carried, HistoryState
from heedful.core.schemas import TABLES, Schema
from heedful.engine.keys import names_read
from heedful.engine.plan import Node, Step
from heedful.store.warm import Names

MOST_HELD = 2_000
"""People; of more those who were opened first go."""
OPENED_AT_ONCE = 100
"""People opened in one update of one derivation: the others wait for the next one. Until all who changed are held, an update costs as much
as without states, so that few large steps are better than many small ones."""
FEW_ROWS, ROWS_A_PERSON = 1_000, 200
"""Differences of more rows than the first, and the second for each person in them, are a load: these people are let go."""

Told = tuple[pl.DataFrame, pl.DataFrame | None]
"""Keys that may have another answer, and their rows; None: the function says them."""


class Histories:
    """The states of those of some steps that can be carried on."""

    def __init__(self, steps: Sequence[Step], resources: Mapping[str, Any]) -> None:
        self._of: dict[str, History] = {}
        self._readers: dict[Node, list[tuple[History, int]]] = {}
        self._ended = True
        for step in steps:
            if isinstance(step.derivation.fold, Carried):
                given = {name: resources[name] for name in step.derivation.needs}
                names = [names_read(step.derivation, node[0]) for node in step.inputs]
                self._of[step.derivation.name] = held = History(functools.partial(step.derivation.fold.start, **given), names)
                for position, node in enumerate(step.inputs):
                    self._readers.setdefault(node, []).append((held, position))

    def of(self, step: Step) -> History | None:
        """What is held for a step; None: it is always derived."""
        return self._of.get(step.derivation.name)

    def begin(self, *, anew: bool) -> None:
        """An update begins; `anew`: some tables are written from the beginning."""
        if anew or not self._ended:
            self.drop()
        self._ended = False

    def rest(self) -> None:
        """The update ended."""
        self._ended = True

    def differ(self, node: Node, removed: pl.DataFrame, added: pl.DataFrame) -> None:
        """Rows of a derived table that went, and those that came."""
        readers = [(held, position) for held, position in self._readers.get(node, []) if held.any()]
        if not readers:
            return
        difference = Difference(node[0], removed, added)
        for held, position in readers:
            held.waiting.append((position, difference))

    def people(self) -> set[str]:
        """Everybody who is held by one of the states."""
        return set[str]().union(*(held.state.people() for held in self._of.values()))

    def drop(self) -> None:
        """Let go of everybody."""
        for held in self._of.values():
            held.drop()

    # --- what the lake tells of base rows

    def came(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows are heard of when the tables derived from them differ."""

    def changed(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Neither are corrections."""

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of these people were removed; None: anybody's, or another process wrote. What is said in public, where rows go all the time,
        is nothing of theirs."""
        if people is None and TABLES[table.split("/")[0]].stream == "public":
            return
        for held in self._of.values():
            held.went(people)


class Difference:
    """Rows of a derived table that went (its key) and came, cut for several states."""

    def __init__(self, schema: type[Schema], removed: pl.DataFrame, added: pl.DataFrame) -> None:
        key = list(schema.key)
        gone = removed.select(key)
        gone = gone.join(added, on=key, how="anti", nulls_equal=True) if gone.height and added.height else gone
        self.gone, self.came = gone, added
        self._named = "feature" in gone.columns
        self._cut: list[dict[str, pl.DataFrame]] | None = None

    @cached_property
    def people(self) -> set[str]:
        return {person for rows in (self.gone, self.came) if rows.height for person in rows["person"].unique().to_list()}

    @property
    def height(self) -> int:
        return self.gone.height + self.came.height

    def of(self, wanted: Callable[[str], bool] | None, people: Collection[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows of these people, and of the features that are wanted."""
        both = self.gone, self.came
        if wanted is not None and self._named:
            if self._cut is None:
                self._cut = [{str(name): part for (name,), part in rows.partition_by("feature", as_dict=True).items()} for rows in both]
            chosen = [[part for name, part in cut.items() if wanted(name)] for cut in self._cut]
            both = pl.concat(chosen[0] or [self.gone.clear()]), pl.concat(chosen[1] or [self.came.clear()])
        if not self.people <= set(people):
            held = pl.col("person").is_in(list(people))
            both = both[0].filter(held), both[1].filter(held)
        return both


class History:
    """One state, the differences that it has not heard of yet, and whether anybody was asked for before."""

    def __init__(self, start: Callable[[], HistoryState], names: Sequence[Names | None]) -> None:
        self._start = start
        self.state = start()
        self._wanted = [None if one is None else _wanted(one[1]) for one in names]
        self.waiting: list[tuple[int, Difference]] = []
        self._asked, self._opened = False, set[str]()

    def any(self) -> bool:
        """Whether anybody is held."""
        return bool(self.state.people())

    def told(self) -> Told | None:
        """What follows for the people held from all differences so far; None: nothing."""
        waiting, self.waiting = self.waiting, []
        if not waiting or not self.any():
            return None
        try:
            self._let_go_of_loads([difference for _, difference in waiting])
            for position, difference in waiting:
                gone, came = difference.of(self._wanted[position], self.state.people())
                if gone.height or came.height:
                    self.state.step(position, gone, came)
            keys, rows = self.state.read()
        except BaseException:
            self.drop()  # how much of them it took in is not known
            raise
        return (keys, rows) if keys.height else None

    def _let_go_of_loads(self, differences: Sequence[Difference]) -> None:
        many = sum(one.height for one in differences)
        if many > FEW_ROWS:
            people = set[str]().union(*(one.people for one in differences))
            if many > FEW_ROWS + ROWS_A_PERSON * len(people):
                self.went(people)

    def without(self, touched: pl.DataFrame | None) -> pl.DataFrame | None:
        """Those of the keys whose people are not held."""
        held = self.state.people()
        return touched if touched is None or not held else touched.filter(~pl.col("person").is_in(list(held)))

    def holds_all(self, people: Iterable[pl.Series]) -> bool:
        """Whether all of these are held."""
        held = self.state.people()
        return bool(held) and all(person in held for names in people for person in names.unique().to_list())

    def next(self, touched: pl.DataFrame, live: Iterable[str]) -> list[str]:
        """Who is to be held from now on, if it is not the first time that somebody was derived: some of those who just were, and of those
        who are held elsewhere (`live`), whose turn comes soon."""
        people = touched["person"].unique().sort().to_list()
        first, self._asked = not self._asked, True
        if first or len(people) > MOST_HELD:
            return []
        others = sorted(set(live) - set(people) - set(self.state.people()) - self._opened)
        opened = [*people, *others][:OPENED_AT_ONCE]
        self._opened |= set(opened)
        for person in list(self.state.people())[: max(0, len(self.state.people()) + len(opened) - MOST_HELD)]:
            self.state.forget_person(person)
        return opened

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people; `tables` may have rows of others as well."""
        self.state.open(people, [rows.filter(pl.col("person").is_in(list(people))) for rows in tables])

    def went(self, people: Iterable[str] | None) -> None:
        """Let go of people; None: everybody."""
        if people is None:
            self.drop()
            return
        for person in people:
            self.state.forget_person(person)
            self._opened.discard(person)

    def drop(self) -> None:
        self.state = self._start()
        self.waiting.clear()
        self._opened.clear()
        self._asked = False


def _wanted(names: tuple[str, ...] | str) -> Callable[[str], bool]:
    """Whether a name is one of them, or matches the pattern; asked again and again of the same few."""
    if isinstance(names, tuple):
        return frozenset(names).__contains__
    return functools.cache(lambda name: re.search(names, name) is not None)
