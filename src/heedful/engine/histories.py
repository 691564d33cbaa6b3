"""Warm states over derived rows: of people who are asked for again and again, changed rows are added to what is held of their history.

As `folds` for days of base rows: a derivation of derived tables may say how its answer is carried on (`heedful.core.derivations.Carried`).
An update hands each state the rows by which the tables it reads now differ, and the state says which keys may have another answer, and
what it is. Who is not held is derived by the function, and then opened from the lake: from the second update on (the first may load
years), and a few at each, so that none waits for all. States are pure caches: a person is let go when rows of theirs are deleted, when a row comes that the state cannot
carry (a day too far back), or when so many come that deriving is cheaper; everybody, when a version rises, another process wrote, or an
update did not end. After a restart nobody is held.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from heedful.core.derivations import Carried, HistoryState
from heedful.engine.plan import Node, Step

MOST_HELD = 2_000
"""People; of more those who were opened first go."""
OPENED_AT_ONCE = 50
"""People opened in one update of one derivation: the others wait for the next one."""
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
                self._of[step.derivation.name] = held = History(functools.partial(step.derivation.fold.start, **given))
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
        key = list(node[0].key)
        gone = removed.select(key)
        gone = gone.join(added, on=key, how="anti", nulls_equal=True) if gone.height and added.height else gone
        for held, position in readers:
            held.differ(position, gone, added)

    def drop(self) -> None:
        """Let go of everybody."""
        for held in self._of.values():
            held.drop()

    # --- what the lake tells of base rows

    def came(self, schema: type, rows: pl.DataFrame) -> None:
        """New rows are heard of when the tables derived from them differ."""

    def changed(self, schema: type, rows: pl.DataFrame) -> None:
        """Neither are corrections."""

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of these people were removed; None: anybody's, or another process wrote."""
        for held in self._of.values():
            held.went(people)


class History:
    """One state, the differences that it has not heard of yet, and whether anybody was asked for before."""

    def __init__(self, start: Callable[[], HistoryState]) -> None:
        self._start = start
        self.state = start()
        self._waiting: list[tuple[int, pl.DataFrame, pl.DataFrame]] = []
        self._asked = False

    def any(self) -> bool:
        """Whether anybody is held."""
        return bool(self.state.people())

    def differ(self, position: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        self._waiting.append((position, gone, came))

    def told(self) -> Told | None:
        """What follows for the people held from all differences so far; None: nothing."""
        waiting, self._waiting = self._waiting, []
        if not waiting or not self.any():
            return None
        try:
            self._let_go_of_loads(waiting)
            for position, gone, came in waiting:
                self.state.step(position, gone, came)
            keys, rows = self.state.read()
        except BaseException:
            self.drop()  # how much of them it took in is not known
            raise
        return (keys, rows) if keys.height else None

    def _let_go_of_loads(self, waiting: Sequence[tuple[int, pl.DataFrame, pl.DataFrame]]) -> None:
        many = sum(gone.height + came.height for _, gone, came in waiting)
        if many <= FEW_ROWS:
            return
        people = pl.concat([rows["person"] for _, *parts in waiting for rows in parts]).unique().to_list()
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

    def next(self, touched: pl.DataFrame) -> list[str]:
        """Who of those just derived is to be held from now on: some of them, if it is not the first time that somebody was."""
        people = touched["person"].unique().sort().to_list()
        first, self._asked = not self._asked, True
        if first or len(people) > MOST_HELD:
            return []
        opened = people[:OPENED_AT_ONCE]
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

    def drop(self) -> None:
        self.state = self._start()
        self._waiting.clear()
        self._asked = False
