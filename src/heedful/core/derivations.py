"""The law of derivations (DESIGN, "The one law"), as a declaration: what is read, what is written, by which key, how far it reaches.

    @derivation(reads=(Observations,), writes=Features, by=("person", "day"), version=1)
    def daily_activity(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Features]: ...

The engine hands a derivation *at least* all input rows of the touched keys (and of `lookback` days before them) and keeps of its
answer exactly the rows of the touched keys. So the function must answer the same for a key whatever other keys come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from heedful.core.errors import SchemaError
from heedful.core.frames import Frame, admit
from heedful.core.schemas import Schema

UNBOUNDED = 10**6
"""Days of a look-back that has no end: the derivation reads the whole history of its key."""


class Resource(Protocol):
    """Something fixed that a derivation needs beside rows: a vocabulary, a gazetteer, a setting. Part of its version."""

    @property
    def fingerprint(self) -> str: ...


Key = tuple[str, int]
"""Person, and day since 1970."""


class FoldState(Protocol):
    """Some person-days, each held whole: new rows are added to them."""

    def open(self, rows: pl.DataFrame, /) -> list[Key]:
        """Hold the person-days of these rows, which are all of them; those that cannot be held are given back."""
        ...

    def step(self, rows: pl.DataFrame, /) -> list[Key]:
        """Add new rows; the person-days among them that are not held, or not any more, are given back."""
        ...

    def forget(self, keys: Iterable[Key], /) -> None:
        """Let go of some days."""

    def forget_person(self, person: str, /) -> None:
        """Let go of a person: nothing of them stays in memory."""

    def keys(self) -> Collection[Key]:
        """What is held."""
        ...

    def __contains__(self, key: object, /) -> bool: ...


@dataclass(frozen=True)
class Fold:
    """Another way to a derivation's answer, key by key: `start` makes an empty state (with the resources that the derivation needs), `read`
    says of keys that the state holds what the function says of all their rows. Derivations with the same `start` share a state."""

    start: Callable[..., FoldState]
    read: Callable[[Any, Sequence[Key]], pl.DataFrame]


class HistoryState(Protocol):
    """Some people's whole history of derived rows: hears which rows came and went, and says what follows from them."""

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame], /) -> None:
        """Hold these people, anew if they are held: all rows of them, table by table as the derivation reads them."""
        ...

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame, /) -> None:
        """Take rows out of one of the tables (`gone` has its key), then set `came`: rows of people who are held, with the names that the
        derivation declares to read. Who cannot be carried on by these rows is let go."""
        ...

    def read(self) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Keys whose rows may not be what they were at the last reading (some of the columns of the key of what is written), and all rows
        of them; None: the function says them, of these keys' rows."""
        ...

    def forget_person(self, person: str, /) -> None:
        """Let go of a person: nothing of them stays in memory."""

    def people(self) -> Collection[str]:
        """Who is held."""
        ...


@dataclass(frozen=True)
class Carried:
    """The fold of a derivation of derived tables: `start` makes an empty state (with the resources that the derivation needs), which says
    of the people that it holds what the function says of all their rows."""

    start: Callable[..., HistoryState]


@dataclass(frozen=True)
class InParts:
    """How a derivation of one base table may be asked part by part, for tables that do not fit in memory.

    `by`: columns of the table; rows that are equal in them are never divided. `ask` takes what the derivation takes, of a part, and gives
    what `judge`, which takes a list of it and the resources, needs. The derivation is `judge` of one `ask` of everything.
    """

    by: tuple[str, ...]
    ask: Callable[..., Any]
    judge: Callable[..., Frame[Any, Any]]


@dataclass(frozen=True)
class Derivation:
    """One derived table's rule; call it like the function it wraps.

    Parameters
    ----------
    name: unique; names the physical table of its rows.
    function: pure; takes one frame a table of `reads`, in order, then the resources of `needs` by keyword.
    reads: schemas read. by: key columns, common to what is read and written; None means row by row of the first table read.
    lookback: days before a key's day that are read as well. reach: days after a changed row's day whose keys change.
    lookahead: days after a key's day that are read as well (a night ends the next morning); widens the touched keys backwards.
    """

    name: str
    function: Callable[..., Frame[Any, Any]]
    reads: tuple[type[Schema], ...]
    writes: type[Schema]
    by: tuple[str, ...] | None
    lookback: int = 0
    reach: int = 0
    lookahead: int = 0
    version: int = 1
    needs: tuple[str, ...] = ()
    only: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Codes or features that are read, by table: rows of others neither touch a key nor are handed over."""
    matching: dict[str, str] = field(default_factory=dict, hash=False)
    """The same as a pattern of their names, by table."""
    key_as: dict[str, str] = field(default_factory=dict, hash=False)
    """Where `by` is None: key columns of what is read that have another name in what is written."""
    narrow: bool = False
    """Takes the keyword `keys`, the keys whose rows are asked for (None: all): what the look-back brings along need not be answered."""
    empty_without: type[Schema] | None = None
    """A table of `reads` without rows of which nothing follows: where it has none, the others are not read."""
    keys_of: type[Schema] | None = None
    """A small base table of `reads` that says which keys have an answer at all: changed rows of the others touch only keys that it has."""
    decided_by: Callable[..., pl.DataFrame] | None = field(default=None, hash=False)
    """Takes the rows that `function` takes and gives those that decide its answer, with the columns of `by`: a key for which they are
    as they were is not answered again."""
    own_days: bool = False
    """A day is answered only where the first table read has rows of that day: later days that a change reaches need not be asked for
    before they come."""
    in_parts: InParts | None = field(default=None, hash=False)
    fold: Fold | Carried | None = field(default=None, hash=False)
    """A state that can be carried on: by new rows of the one base table that is read, by person and day (`Fold`), or by changed rows of
    derived tables, person by person (`Carried`)."""

    def __post_init__(self) -> None:
        if self.by is None:
            return
        if ("day" not in self.by) and (self.lookback or self.reach or self.lookahead):
            raise SchemaError(f"{self.name}: a look-back in days needs 'day' among its key columns {self.by}.")
        if isinstance(self.fold, Carried) and ("person" not in self.by or any(schema.kind != "derived" for schema in self.reads)):
            raise SchemaError(f"{self.name}: a history is carried on by rows of derived tables, person by person.")
        if isinstance(self.fold, Fold) and (self.by != ("person", "day") or len(self.reads) != 1 or self.lookback or self.lookahead):
            raise SchemaError(f"{self.name}: a fold carries on one table's rows of a person and day; nothing before or after it.")
        for schema in (*self.reads, self.writes):
            lost = [name for name in self.by if name not in schema.columns]
            if lost:
                raise SchemaError(f"{self.name}: {schema.table} has no key columns {lost}.")

    @property
    def key(self) -> tuple[str, ...]:
        """Key columns by which rows are replaced: `by`, or the key of the first table read."""
        return self.by if self.by is not None else self.reads[0].key

    def __call__(self, *frames: Frame[Any, Any], **resources: Any) -> Frame[Any, Any]:
        admit(self.function, frames, resources)
        return self.function(*frames, **resources)

    def over_parts(self, parts: Iterable[Frame[Any, Any]], **resources: Any) -> Frame[Any, Any]:
        """The same, of rows that come in parts (`InParts`)."""
        assert self.in_parts is not None
        asked = []
        for frame in parts:
            admit(self.function, (frame,), resources)
            asked.append(self.in_parts.ask(frame, **resources))
        return self.in_parts.judge(asked, **resources)


def derivation(
    *,
    reads: tuple[type[Schema], ...],
    writes: type[Schema],
    by: tuple[str, ...] | None,
    lookback: int = 0,
    reach: int | None = None,
    lookahead: int = 0,
    version: int = 1,
    needs: tuple[str, ...] = (),
    only: dict[str, tuple[str, ...]] | None = None,
    matching: dict[str, str] | None = None,
    key_as: dict[str, str] | None = None,
    narrow: bool = False,
    empty_without: type[Schema] | None = None,
    keys_of: type[Schema] | None = None,
    decided_by: Callable[..., pl.DataFrame] | None = None,
    own_days: bool = False,
    in_parts: InParts | None = None,
    fold: Fold | Carried | None = None,
    name: str = "",
) -> Callable[[Callable[..., Frame[Any, Any]]], Derivation]:
    """Declare a derivation; `reach` is `lookback` unless said."""

    def declare(function: Callable[..., Frame[Any, Any]]) -> Derivation:
        return Derivation(
            name or function.__name__, function, reads, writes, by, lookback, lookback if reach is None else reach, lookahead, version,
            needs, only or {}, matching or {}, key_as or {}, narrow, empty_without, keys_of, decided_by, own_days, in_parts, fold,
        )  # fmt: skip

    return declare
