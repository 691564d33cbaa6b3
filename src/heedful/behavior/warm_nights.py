"""NightSignal as a step: a person's nights so far as a sorted row of values, to which a night is added without a look at the others.

`WarmNights` says of every night what `nightsignal.night_levels` says of all nights up to it. The newest night of a person may be said again
and again while its value is still moving; a later one settles it. What a step gives back are the nights that are new or said anew: the
newest, the one before it that it settles, and single missing nights that are filled between them. A night before the newest is refused:
`forget` the person and `open` them from all nights, as after a restart, a correction or a deletion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.annotations import Noted, notes_by_person
from heedful.behavior.change import _deviation
from heedful.behavior.nightsignal import CONSECUTIVE_NIGHTS, NIGHT_VALUE, RED_BPM, YELLOW_BPM, Nights, findings
from heedful.behavior.slots import Slots, longer
from heedful.core.errors import SettingsError
from heedful.core.schemas import Changes

_NEVER = -(10**9)
_STATE = np.dtype([
    ("count", "i8"), ("yellow", "i8"), ("red", "i8"), ("last", "i8"), ("raw", "i8"), ("raw_before", "i8"), ("raw_value", "f8"),
    ("newest", "i8"), ("newest_value", "f8"),
])  # fmt: skip
"""Of a person: values held, runs above yellow and red, day of the last entry that is settled; days of the last two settled nights and the
value of the last; day and value of the newest night, which is not settled."""
_ENTRY = np.dtype([
    ("person", "i8"), ("day", "i8"), ("value", "f8"), ("median", "f8"), ("spread", "f8"), ("used", "i8"), ("level", "i8"), ("filled", "?"),
])  # fmt: skip


class WarmNights:
    """The nights of many people; settings as in `night_levels`, by the rule for a Fitbit. Memory: 8 bytes a night, 72 a person.

    >>> held = WarmNights()
    >>> _ = held.open(["p"] * 4, np.arange(4), np.array([60.0, 60, 60, 65]))
    >>> again = held.step(["p"], np.array([4]), np.array([65.0]))
    >>> again.day.tolist(), again.level.tolist()
    ([3, 4], [0, 2])
    """

    def __init__(self, *, yellow: float = YELLOW_BPM, red: float = RED_BPM, consecutive: int = CONSECUTIVE_NIGHTS) -> None:
        self._settings = float(yellow), float(red), consecutive
        self._place: dict[str, int] = {}
        self._slots = Slots(self._grow)
        self._state = np.zeros(0, _STATE)
        self._ordered = np.zeros((0, 32))

    def __contains__(self, person: object) -> bool:
        return person in self._place

    def open(self, person: Sequence[str], day: NDArray[np.int64], value: NDArray[np.float64]) -> Nights:
        """Hold these people, whose nights these are, all of them, sorted by person and day."""
        self.forget(set(person))
        return self.step(person, day, value)

    def step(self, person: Sequence[str], day: NDArray[np.int64], value: NDArray[np.float64]) -> Nights:
        """Add nights, or say the newest anew; in order of days for each person. `person` of the answer numbers `people`.

        Errors: `SettingsError` for a night before the newest, before any is added.
        """
        place = np.array([self._placed(name) for name in person], np.int64)
        if not len(place):
            return Nights(*(np.zeros(0, kind) for kind in (np.int64, np.int64, float, float, float, np.int64, np.int64, np.bool_)))
        if not _in_order(place, day, self._state):
            raise SettingsError("WarmNights: a night before the newest one; forget the person and open them from all of their nights.")
        most = int((self._state["count"] + 2 * np.bincount(place, minlength=len(self._state))).max()) + 4
        if most > self._ordered.shape[1]:
            wider = np.zeros((len(self._ordered), 2 * most))
            wider[:, : self._ordered.shape[1]] = self._ordered
            self._ordered = wider
        out = np.zeros(4 * len(place), _ENTRY)
        count = _carry_on(place, day.astype(np.int64), value.astype(np.float64), self._state, self._ordered, *self._settings, out)
        return Nights(*(out[name][:count].copy() for name in _ENTRY.names or ()))

    def person(self, name: str) -> int:
        """The number by which answers name a person that is held."""
        return self._place[name]

    def forget(self, people: Iterable[str]) -> None:
        """Let go of people: nothing of them stays in memory."""
        for name in people:
            place = self._place.pop(name, None)
            if place is not None:
                self._state[place], self._ordered[place] = np.zeros((), _STATE), 0.0
                self._slots.give_back([place])

    def _placed(self, name: str) -> int:
        if name not in self._place:
            self._place[name] = place = self._slots.take()
            for field in ("last", "raw", "raw_before", "newest"):
                self._state[field][place] = _NEVER
        return self._place[name]

    def _grow(self, more: int) -> None:
        self._state, self._ordered = longer(self._state, more), longer(self._ordered, more)


class _Said(NamedTuple):
    value: float
    median: float
    spread: float
    used: int
    level: int
    filled: bool


_FILLED_BEFORE = 2
"""Days before a night at which another may be filled, or not, because of it."""


@dataclass
class _Person:
    """Values by night as they came; what is said of each night, filled ones included; what was noted; the first night to be told anew; the
    last of which something was ever said."""

    value: dict[int, float] = field(default_factory=dict)
    said: dict[int, _Said] = field(default_factory=dict)
    noted: Noted = field(default_factory=Noted)
    moved: int | None = None
    last: int = _NEVER

    @property
    def newest(self) -> int:
        return max(self.value, default=_NEVER)


class NightHistory:
    """`WarmNights` as the engine carries it on: changed night values and annotations in, findings of the nights they reach out.

    The newest night is a step; a change before it says the person's nights anew, from the values that are held.
    """

    def __init__(self) -> None:
        self._held = WarmNights()
        self._people: dict[str, _Person] = {}

    def people(self) -> Collection[str]:
        """Who is held."""
        return self._people.keys()

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people, of whom these are all rows of `Features` and `Annotations`; those without a night value are not held."""
        for person in people:
            self.forget_person(person)
        features, notes = tables
        values = features.filter((pl.col("feature") == NIGHT_VALUE) & pl.col("value").is_finite())
        self._people |= {person: _Person() for person in values["person"].unique().to_list()}
        self._note(notes.clear(), notes.filter(pl.col("person").is_in(list(self._people))))
        for person, day, value in values.select("person", pl.col("day").to_physical(), "value").iter_rows():
            self._people[person].value[day] = value
        for person in values["person"].unique().to_list():
            self._anew(person, self._people[person].newest)
            self._people[person].moved = None

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Rows of `Features` (0) or `Annotations` (1) that went and came."""
        if table == 1:
            self._note(gone, came)
            return
        nights = list(zip(came["person"].to_list(), came["day"].to_physical().to_list(), came["value"].to_list(), strict=True))
        unknown = [(person, day) for person, day, value in nights if value is None or not isfinite(value)]
        self._take_out([*zip(gone["person"].to_list(), gone["day"].to_physical().to_list(), strict=True), *unknown])
        self._set(sorted(night for night in nights if night[2] is not None and isfinite(night[2])))

    def read(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The nights that a change since the last reading reaches, and their findings."""
        keys, rows = list[tuple[str, int]](), list[tuple[object, ...]]()
        for person, held in self._people.items():
            if held.moved is None:
                continue
            keys += [(person, day) for day in range(held.moved, held.last + 1)]
            rows += _counted(person, held)
            held.moved = None
        day = pl.col("day").cast(pl.Date)
        told = pl.DataFrame(rows, schema=_COUNTED, orient="row").with_columns(day)
        nights = pl.DataFrame(keys, schema={"person": pl.String, "day": pl.Int32}, orient="row").with_columns(day)
        return nights, Changes.check(findings(told))

    def forget_person(self, person: str) -> None:
        """Let go of a person: nothing of them stays in memory."""
        if self._people.pop(person, None) is not None:
            self._held.forget([person])

    def _set(self, nights: Iterable[tuple[str, int, float]]) -> None:
        """Set night values: a step where it is the newest night."""
        late = dict[str, int]()
        for person, day, value in nights:
            held = self._people[person]
            if person in late or day < held.newest:
                late[person] = min(day, late.get(person, day))
            else:
                self._told(held, self._held.step([person], np.array([day]), np.array([value])))
            held.value[day] = value
        for person, day in late.items():
            self._anew(person, day)

    def _take_out(self, nights: Iterable[tuple[str, int]]) -> None:
        first = dict[str, int]()
        for person, day in nights:
            if self._people[person].value.pop(day, None) is not None:
                first[person] = min(day, first.get(person, day))
        for person, day in first.items():
            self._anew(person, day)

    def _anew(self, person: str, day: int) -> None:
        """Say all nights of a person again, after one before the newest changed."""
        held = self._people[person]
        held.said.clear()
        self._held.forget([person])
        if held.value:
            days = sorted(held.value)
            self._told(held, self._held.open([person] * len(days), np.array(days), np.array([held.value[one] for one in days])))
        held.moved = day - _FILLED_BEFORE if held.moved is None else min(held.moved, day - _FILLED_BEFORE)

    @staticmethod
    def _told(held: _Person, nights: Nights) -> None:
        columns = (getattr(nights, name).tolist() for name in ("day", "value", "median", "spread", "used", "level", "filled"))
        for day, *said in zip(*columns, strict=True):
            held.said[day], held.last = _Said(*said), max(day, held.last)
            held.moved = day if held.moved is None else min(held.moved, day)

    def _note(self, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        for person, *told in notes_by_person(gone, came):
            held = self._people[person]
            for day in held.noted.change(*told):
                held.moved = day if held.moved is None else min(held.moved, day)


_COUNTED = {
    "person": pl.String, "day": pl.Int32, "observed": pl.Float64, "expected": pl.Float64, "spread": pl.Float64, "nights_used": pl.Int64,
    "level": pl.Int64, "because": pl.String, "earlier": pl.Int64, "raised": pl.Int64,
}  # fmt: skip


def _counted(person: str, held: _Person) -> list[tuple[object, ...]]:
    """The nights of a person that are to be told anew, each with how many before it nothing explains, and how many of them were raised."""
    rows, earlier, raised = list[tuple[object, ...]](), 0, 0
    assert held.moved is not None
    for day in sorted(held.said):
        one, because = held.said[day], held.noted.because.get(day)
        if day >= held.moved and not one.filled:
            rows.append((person, day, one.value, one.median, one.spread, one.used, one.level, because, earlier, raised))
        if because is None:
            earlier += 1
            raised += one.level >= 1
    return rows


@njit(cache=True)
def _in_order(place, day, state):  # type: ignore[no-untyped-def]
    newest = state["newest"].copy()
    for i in range(len(place)):
        if day[i] < newest[place[i]]:
            return False
        newest[place[i]] = day[i]
    return True


@njit(cache=True)
def _carry_on(place, day, value, state, ordered, yellow, red, consecutive, out):  # type: ignore[no-untyped-def]
    """Settle the newest night of each row's person if the row is of a later day, and say the row's; the number of entries said."""
    n = 0
    for i in range(len(place)):
        p = place[i]
        s, row = state[p], ordered[p]
        if day[i] > s.newest:
            if s.newest > _NEVER:
                after = day[i] - s.newest == 1
                n = _say(p, s, row, after, True, yellow, red, consecutive, out, n)
                s.raw_before, s.raw, s.raw_value = s.raw, s.newest, s.newest_value
            s.newest = day[i]
        s.newest_value = value[i]
        n = _say(p, s, row, False, False, yellow, red, consecutive, out, n)
    return n


@njit(cache=True)
def _say(p, s, row, after, settle, yellow, red, consecutive, out, n):  # type: ignore[no-untyped-def]
    """The newest night of a person, and a missing one before it if it is filled; kept only if `settle`."""
    count, yellow_run, red_run, last = s.count, s.yellow, s.red, s.last
    for fill in (True, False):
        if fill and not (s.newest - s.raw == 2 and (after or s.raw - s.raw_before == 1)):
            continue
        of, that = (s.newest - 1, np.floor((s.newest_value + s.raw_value) / 2)) if fill else (s.newest, s.newest_value)
        at = np.searchsorted(row[:count], that)
        for j in range(count, at, -1):
            row[j] = row[j - 1]
        row[at] = that
        count += 1
        middle = (row[(count - 1) // 2] + row[count // 2]) / 2
        follows = of - last == 1
        e = out[n]
        e.person, e.day, e.value, e.median, e.used, e.filled = p, of, that, np.trunc(middle), count, fill
        e.spread = 1.4826 * _deviation(row, count, middle)
        yellow_run = (yellow_run if follows else 0) + 1 if that >= e.median + yellow else 0
        red_run = (red_run if follows else 0) + 1 if that >= e.median + red else 0
        e.level = 2 if red_run >= consecutive else (1 if yellow_run >= consecutive else 0)
        last = of
        n += 1
    if settle:
        s.count, s.yellow, s.red, s.last = count, yellow_run, red_run, last
    else:
        while count > s.count:  # take out again what was entered
            gone = out[n - (count - s.count)].value
            at = np.searchsorted(row[:count], gone)
            for j in range(at, count - 1):
                row[j] = row[j + 1]
            count -= 1
            row[count] = 0.0
    return n
