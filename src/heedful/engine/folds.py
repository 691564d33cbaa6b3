"""Warm states of derivations that can be carried on: of person-days that are asked for again and again, new rows are added to what is held.

DESIGN section 2: a derivation may offer a *fold* beside its function. Here the states of all folds of a plan stand beside the lake and hear
of every base row that comes or goes (`Lake.watchers`), so that at any time a key that is held is held whole. They are pure caches: a key
that is not held, or that a row does not fit into, is derived by its function; a correction or a deletion lets go of what it touches, an
erasure of the whole person; after a restart nothing is held, and days are opened from the lake when they are asked for the second time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from heedful.core.derivations import Derivation, Fold, FoldState, Key
from heedful.core.schemas import Schema

MOST_DAYS = 6
"""A call for more days than these is a bulk load, not a live minute."""
MOST_HELD = 4_000
"""Person-days; of more the earliest go. About 70 kB each."""
MOST_ROWS = 100_000
"""A batch of more rows is a load: the days that it touches are let go rather than carried on."""
_KEY = ("person", "day")


class Folds:
    """The states of the folds of some derivations, made when they are first asked for."""

    def __init__(self, derivations: Sequence[Derivation], resources: Mapping[str, Any]) -> None:
        self._warm: dict[tuple[Callable[..., FoldState], type[Schema]], _Warm] = {}
        self._of: dict[str, _Warm] = {}
        self._last: tuple[type[Schema], pl.DataFrame, pl.DataFrame] | None = None
        for derivation in derivations:
            if isinstance(derivation.fold, Fold):
                schema = derivation.reads[0]
                shared = (derivation.fold.start, schema)
                if shared not in self._warm:
                    given = {name: resources[name] for name in derivation.needs}
                    self._warm[shared] = _Warm(schema, functools.partial(derivation.fold.start, **given))
                self._warm[shared].serve(derivation)
                self._of[derivation.name] = self._warm[shared]

    def read(self, derivation: Derivation, keys: pl.DataFrame, rows_of: Callable[[pl.DataFrame], pl.DataFrame]) -> Answer | None:
        """What the states say of `keys`, and the keys that must be derived from their rows; None if all must. `rows_of` reads rows."""
        warm = self._of.get(derivation.name)
        if warm is None:
            return None

        def once(missing: pl.DataFrame) -> pl.DataFrame:
            if self._last is None or self._last[0] is not warm.schema or not self._last[1].equals(missing):
                self._last = warm.schema, missing, rows_of(missing)
            return self._last[2]

        if not warm.bring(keys, once):
            return None
        assert isinstance(derivation.fold, Fold)
        held, others = warm.parted(keys)
        return derivation.fold.read(warm.state, held), others

    def rest(self) -> None:
        """The update is over: let go of rows that several states were opened from."""
        self._last = None

    # --- what the lake tells

    def came(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows, none of which corrects another."""
        for warm in self._told(schema):
            warm.came(rows)

    def changed(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Rows that correct others, and those others."""
        for warm in self._told(schema):
            warm.changed(rows)

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of these people were removed; None: anybody's."""
        for warm in self._warm.values():
            if warm.schema.table == table:
                warm.went(people)

    def _told(self, schema: type[Schema]) -> list[_Warm]:
        return [warm for warm in self._warm.values() if warm.schema is schema]


Answer = tuple[pl.DataFrame, pl.DataFrame]


class _Warm:
    """One state, the codes that it reads, and which days were asked for last."""

    def __init__(self, schema: type[Schema], start: Callable[[], FoldState]) -> None:
        self.schema, self._start = schema, start
        self._codes: set[str] = set()
        self._all_codes = False
        self._state: FoldState | None = None
        self._asked: set[date] = set()
        self._empty: set[Key] = set()
        """Keys without rows, asked for since the last rows came."""

    def serve(self, derivation: Derivation) -> None:
        """Hold what this derivation reads, too."""
        only = derivation.only.get(self.schema.table, ())
        self._codes |= set(only)
        self._all_codes |= not only

    @property
    def state(self) -> FoldState:
        if self._state is None:
            self._state = self._start()
        return self._state

    def bring(self, keys: pl.DataFrame, rows_of: Callable[[pl.DataFrame], pl.DataFrame]) -> bool:
        """Hold the days of `keys`, if they are few and were asked for before."""
        if tuple(keys.columns) != _KEY or keys["day"].null_count():
            return False
        days = set(keys["day"].unique().to_list())
        if not 0 < len(days) <= MOST_DAYS or keys.height > MOST_HELD:
            return False
        known, self._asked = self._asked, days
        state = self.state
        wanted = _keys(keys)
        missing = sorted(key for key in wanted if key not in state and key not in self._empty)
        if missing and not days <= known:
            return False
        if missing:
            self._make_room(len(missing), set(wanted))
            lost = state.open(self._read(rows_of(_frame(missing))))
            self._empty |= {key for key in missing if key not in state} - set(lost)
        return True

    def parted(self, keys: pl.DataFrame) -> tuple[list[Key], pl.DataFrame]:
        """Keys that the state speaks for, and those that it does not."""
        wanted = _keys(keys)
        mine = [key in self.state or key in self._empty for key in wanted]
        return [key for key, own in zip(wanted, mine, strict=True) if own], keys.filter(~pl.Series(mine, dtype=pl.Boolean))

    def _read(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the codes that are read."""
        return rows if self._all_codes else rows.filter(pl.col("code").is_in(sorted(self._codes)))

    def _make_room(self, many: int, wanted: set[Key]) -> None:
        held = self.state.keys()
        if len(held) + many > MOST_HELD:
            others = sorted((key for key in held if key not in wanted), key=lambda key: key[1])
            self.state.forget(others[: len(held) + many - MOST_HELD])

    def came(self, rows: pl.DataFrame) -> None:
        self._empty.clear()
        if self._state is None or not self._state.keys():
            return
        if rows.height > MOST_ROWS:
            self._state.forget(_keys(rows.select(_KEY).unique()))
            return
        try:
            self._state.step(self._read(rows))
        except BaseException:
            self.went(None)  # how much of it was added is not known
            raise

    def changed(self, rows: pl.DataFrame) -> None:
        self._empty.clear()
        if self._state is not None:
            self._state.forget(_keys(rows.select(_KEY).unique()))

    def went(self, people: Iterable[str] | None) -> None:
        self._empty.clear()
        if people is None:
            self._state = None
        elif self._state is not None:
            for person in people:
                self._state.forget_person(person)


def _keys(rows: pl.DataFrame) -> list[Key]:
    return list(zip(rows["person"].to_list(), rows["day"].to_physical().to_list(), strict=True))


def _frame(keys: Sequence[Key]) -> pl.DataFrame:
    people, days = zip(*keys, strict=True)
    return pl.DataFrame({"person": pl.Series(people, dtype=pl.String), "day": pl.Series(days, dtype=pl.Int32).cast(pl.Date)})
