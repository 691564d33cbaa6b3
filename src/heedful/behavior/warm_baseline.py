"""The four weeks before, as a step: a person's last days by feature in a ring, in which a value that moved is set and judged again.

`WarmBaseline` says of the days that a row can reach what `baseline_change` says of them: the day itself, the four weeks that it is a
baseline of, and the four weeks whose false alarms count it. Both run the same arithmetic over the same values in the same order, so that
they are equal to the last digit; today's minute reaches today only, and costs one look at 28 values. A row too far back for what is held
(six weeks before the newest day) lets go of the person, who is then derived and opened anew, as after a deletion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.annotations import Noted, notes_by_person
from heedful.behavior.change import (
    _FEW,
    _FLAT,
    _UNCOVERED,
    BASELINE_DAYS,
    JUDGED,
    LEAST_VALUES,
    NEEDED,
    NIGHT_NEEDED,
    NOT_JUDGED,
    SLEEP,
    UNUSUAL,
    VERY_UNUSUAL,
    _deviation,
    _enter,
    _middle,
    findings,
)
from heedful.behavior.nightsignal import NIGHT_VALUE
from heedful.behavior.slots import Slots, longer
from heedful.core.schemas import Changes

DEPTH = 128
"""Days held, up to the newest."""
REACH = 3 * BASELINE_DAYS
"""Days after a night whose heart rate was recorded that it can reach: as what covers sleep, as baseline, and as a day that was judged."""
FARTHEST = DEPTH - 1 - REACH
"""Days before the newest of which a change can be carried on: all that it reaches, and what that is judged by, is held."""
_NEVER, _NO_VALUE = -(10**9), -9
_KEYS = {"person": pl.String, "day": pl.Date, "feature": pl.String}
Days = NDArray[np.int64]


@dataclass
class _Person:
    """Place by feature; newest day; what was noted."""

    place: dict[str, int] = field(default_factory=dict)
    newest: int = _NEVER
    noted: Noted = field(default_factory=Noted)


class WarmBaseline:
    """The features `JUDGED` of many people. Memory: 2.3 kB a feature of a person.

    >>> from datetime import date, timedelta
    >>> row = {"person": "p", "day": date(2026, 3, 1), "feature": "steps[sum]", "value": 4000.0, "coverage": 1.0}
    >>> notes = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "kind": pl.String, "source": pl.String})
    >>> held = WarmBaseline()
    >>> days = [row | {"day": row["day"] + timedelta(days=n), "value": 4000.0 + 100 * n} for n in range(9)]
    >>> held.open(["p"], [pl.DataFrame(days), notes])
    >>> gone = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "feature": pl.String})
    >>> held.step(0, gone, pl.DataFrame([days[-1] | {"value": 9000.0}]))
    >>> held.read()[1].select("observed", "expected", "level").rows()
    [(9000.0, 4350.0, 2)]
    """

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        self._slots = Slots(self._grow)
        self._value, self._share = np.zeros((0, DEPTH)), np.zeros((0, DEPTH))
        self._verdict, self._plain = np.zeros((0, DEPTH), np.int8), np.zeros((0, DEPTH), np.bool_)
        self._newest, self._night = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._name: list[tuple[str, str]] = []
        self._moved: dict[int, tuple[int, int]] = {}
        self._known: dict[str, bool] = {}

    def people(self) -> Collection[str]:
        """Who is held."""
        return self._people.keys()

    # --- rows in

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people, of whom these are all rows of `Features` and `Annotations`; those of whom nothing is judged are not held."""
        for person in people:
            self.forget_person(person)
        rows = self._judged(tables[0])
        newest = rows.group_by("person").agg(newest=pl.col("day").max().to_physical())
        self._people |= {person: _Person(newest=day) for person, day in newest.iter_rows()}
        near = rows.join(newest, on="person").filter(pl.col("day").to_physical() > pl.col("newest") - DEPTH)
        self._note(tables[1].clear(), tables[1].filter(pl.col("person").is_in(list(self._people))))
        self._set(near, farthest=DEPTH - 1)
        places = np.array([place for person in newest["person"] for place in self._people[person].place.values()], np.int64)
        self._judge(places, self._newest[places] - DEPTH + 1, self._newest[places])
        self._moved.clear()

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Rows of `Features` (0) or `Annotations` (1) that went and came. A person with one too far back is let go."""
        if table == 1:
            self._note(gone, came)
            return
        for person, day, name in gone.select("person", pl.col("day").to_physical(), "feature").iter_rows():
            if person in self._people:
                self._take_out(self._people[person], day, name)
        self._set(came)

    def forget_person(self, person: str) -> None:
        """Let go of a person: nothing of them stays in memory."""
        held = self._people.pop(person, None)
        if held is not None:
            places = list(held.place.values())
            for place in places:
                self._clear(place)
            self._slots.give_back(places)

    # --- findings out

    def read(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The days and features that a row since the last reading can have reached, and their findings."""
        moved = {place: days for place, days in self._moved.items() if days[0] <= self._newest[place]}
        self._moved = {}
        places = np.array(list(moved), np.int64)
        first = np.array([days[0] for days in moved.values()], np.int64)
        last = np.minimum(np.array([days[1] for days in moved.values()], np.int64), self._newest[places])
        many = last - first + 1
        row = np.repeat(np.arange(len(places)), many)
        keys = self._named(places[row], first[row] + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many))
        return keys.select(list(_KEYS)), self._judge(places, first, last)

    def _judge(self, places: Days, first: Days, last: Days) -> pl.DataFrame:
        """Judge the days of these places anew, in their order, and keep the verdicts."""
        night = np.where(self._night[places] >= 0, self._night[places], -1)
        sleep = np.array([self._sleep(place) for place in places.tolist()], np.bool_)
        count = int(np.maximum(last - first + 1, 0).sum())
        number = np.empty((4, count), np.int64), np.empty((4, count))
        size = _judge_days(places, first, last, night, sleep, self._value, self._share, self._verdict, self._plain, self._newest, *number)
        (place, day, used, verdict), (value, covered, middle, spread) = (part[:, :size] for part in number)
        counted = np.empty((2, size), np.int64)
        _count_before(place, day, self._verdict, self._plain, self._newest, counted)
        told = self._named(place, day)
        because = [self._people[person].noted.because.get(at) for person, at in zip(told["person"].to_list(), day.tolist(), strict=True)]
        return Changes.check(findings(told.with_columns(
            value=pl.Series(value), covered=pl.Series(covered), expected=pl.Series(middle).fill_nan(None),
            spread=pl.Series(spread).fill_nan(None), nights_used=pl.Series(used).cast(pl.Int32), verdict=pl.Series(verdict),
            judged=pl.Series(counted[0]), alarms=pl.Series(counted[1]), because=pl.Series(because, dtype=pl.String),
        )))  # fmt: skip

    def _named(self, place: Days, day: Days) -> pl.DataFrame:
        names = [self._name[one] for one in place.tolist()]
        return pl.DataFrame({
            "person": pl.Series([name[0] for name in names], dtype=pl.String), "day": pl.Series(day.astype(np.int32)).cast(pl.Date),
            "feature": pl.Series([name[1] for name in names], dtype=pl.String),
        })  # fmt: skip

    # --- steps

    def _set(self, rows: pl.DataFrame, *, farthest: int = FARTHEST) -> None:
        """Set values of people who are held, or take them out where there is none, and note which days that reaches. Who cannot be carried
        on from so far back is let go."""
        columns = (rows[name].to_list() for name in ("person", "feature", "value", "coverage"))
        for day, person, name, value, share in zip(rows["day"].to_physical().to_list(), *columns, strict=True):
            held = self._people.get(person)
            if held is None or not self._is_judged(name):
                continue
            if value is None or not isfinite(value):
                self._take_out(held, day, name)
                continue
            if day > held.newest:
                self._advance(held, day)
            if held.newest - day > farthest:
                self.forget_person(person)
                continue
            place = held.place.get(name)
            place = self._placed(person, name) if place is None else place
            self._value[place, day % DEPTH], self._share[place, day % DEPTH] = value, np.nan if share is None else share
            self._reached(held, place, day)

    def _take_out(self, held: _Person, day: int, name: str) -> None:
        place = held.place.get(name)
        if place is None or day > held.newest:
            return
        if held.newest - day > FARTHEST:
            self.forget_person(self._name[place][0])
        elif not np.isnan(self._value[place, day % DEPTH]):
            self._value[place, day % DEPTH], self._share[place, day % DEPTH] = np.nan, np.nan
            self._verdict[place, day % DEPTH] = _NO_VALUE
            self._reached(held, place, day)

    def _reached(self, held: _Person, place: int, day: int) -> None:
        """A value of a day changed: it, and what follows from it, is to be judged again."""
        self._to_judge(place, day, day + 2 * BASELINE_DAYS)
        if self._name[place][1] == NIGHT_VALUE:
            for name, other in held.place.items():
                if re.search(SLEEP, name):
                    self._to_judge(other, day, day + REACH)

    def _to_judge(self, place: int, first: int, last: int) -> None:
        known = self._moved.get(place)
        self._moved[place] = (first, last) if known is None else (min(first, known[0]), max(last, known[1]))

    def _advance(self, held: _Person, day: int) -> None:
        """Make a later day the newest of a person."""
        places = np.array(list(held.place.values()), np.int64)
        for later in range(max(held.newest + 1, day - DEPTH + 1), day + 1):
            column = later % DEPTH
            self._value[places, column], self._share[places, column] = np.nan, np.nan
            self._verdict[places, column], self._plain[places, column] = _NO_VALUE, later not in held.noted.because
        held.newest = day
        self._newest[places] = day

    def _note(self, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Take notes out and set others: what they explain is to be told, and counted in the four weeks after."""
        for person, *told in notes_by_person(gone, came):
            held = self._people.get(person)
            if held is None:
                continue
            differ = held.noted.change(*told)
            if held.place and any(held.newest - day > FARTHEST for day in differ):
                self.forget_person(person)
                continue
            for day in differ:
                for place in held.place.values():
                    if day <= held.newest:
                        self._plain[place, day % DEPTH] = day not in held.noted.because
                    self._reached(held, place, day)

    def _placed(self, person: str, name: str) -> int:
        held = self._people[person]
        held.place[name] = place = self._slots.take()
        self._name[place] = person, name
        self._clear(place)
        self._name[place] = person, name
        self._newest[place] = held.newest
        for day in held.noted.because:
            if held.newest - DEPTH < day <= held.newest:
                self._plain[place, day % DEPTH] = False
        if name == NIGHT_VALUE:
            self._night[list(held.place.values())] = place
        else:
            self._night[place] = held.place.get(NIGHT_VALUE, -1)
        return place

    def _clear(self, place: int) -> None:
        self._value[place], self._share[place] = np.nan, np.nan
        self._verdict[place], self._plain[place] = _NO_VALUE, True
        self._newest[place], self._night[place], self._name[place] = _NEVER, -1, ("", "")
        self._moved.pop(place, None)

    def _grow(self, more: int) -> None:
        self._value, self._share = longer(self._value, more, np.nan), longer(self._share, more, np.nan)
        self._verdict, self._plain = longer(self._verdict, more, _NO_VALUE), longer(self._plain, more, value=True)
        self._newest, self._night = longer(self._newest, more, _NEVER), longer(self._night, more, -1)
        self._name += [("", "")] * more

    # --- names

    def _judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        names = rows["feature"].unique()
        mine = names.filter(pl.Series([self._is_judged(name) for name in names], dtype=pl.Boolean))
        return rows.filter(rows["value"].is_finite().fill_null(value=False) & pl.col("feature").is_in(mine.implode()))

    def _is_judged(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = bool(re.search(JUDGED, name)) and not re.search(NOT_JUDGED, name)
        return known

    def _sleep(self, place: int) -> bool:
        return re.search(SLEEP, self._name[place][1]) is not None


@njit(cache=True)
def _judge_days(places, first, last, night, sleep, value, share, verdict, plain, newest, numbers, amounts):  # type: ignore[no-untyped-def]
    """Judge each of the days of each place that has a value: place, day, values used, verdict; value, share that counts, median, spread."""
    n = 0
    before, shares, inside = np.empty(BASELINE_DAYS), np.empty(BASELINE_DAYS), np.empty(BASELINE_DAYS)
    for k in range(len(places)):
        p = places[k]
        oldest = newest[p] - DEPTH + 1
        for day in range(max(first[k], oldest), last[k] + 1):
            observed = value[p, day % DEPTH]
            if np.isnan(observed):
                continue
            count = 0
            for other in range(max(day - BASELINE_DAYS, oldest), day):
                one = value[p, other % DEPTH]
                if not np.isnan(one):
                    _enter(before, count, one)
                    _enter(shares, count, _covered(p, other, oldest, night[k], sleep[k], value, share))
                    inside[count] = one
                    count += 1
            covered = _covered(p, day, oldest, night[k], sleep[k], value, share)
            middle, spread, found = np.nan, np.nan, _FEW
            if count >= LEAST_VALUES:
                middle = _middle(before, count)
                spread = 1.4826 * _deviation(before, count, middle)
                if spread == 0:
                    spread = 1.2533 * np.mean(np.abs(inside[:count] - middle))
                z = abs(observed - middle) / spread if spread > 0 else 0.0
                if covered < (NIGHT_NEEDED if sleep[k] else NEEDED) * _middle(shares, count):
                    found = _UNCOVERED
                elif spread == 0:
                    found = 0 if observed == middle else _FLAT
                else:
                    found = 2 if z >= VERY_UNUSUAL else (1 if z >= UNUSUAL else 0)
            verdict[p, day % DEPTH] = found
            numbers[0, n], numbers[1, n], numbers[2, n], numbers[3, n] = p, day, count, found
            amounts[0, n], amounts[1, n], amounts[2, n], amounts[3, n] = observed, covered, middle, spread
            n += 1
    return n


@njit(cache=True)
def _covered(p, day, oldest, night, sleep, value, share):  # type: ignore[no-untyped-def]
    """The share that counts: of sleep that of the night's heart rate, 0 where there is none but was one in the four weeks before."""
    if sleep and night >= 0:
        if not np.isnan(value[night, day % DEPTH]):
            one = share[night, day % DEPTH]
            return 0.0 if np.isnan(one) else one
        for other in range(day - 1, max(day - BASELINE_DAYS, oldest) - 1, -1):
            if not np.isnan(value[night, other % DEPTH]):
                return 0.0
    return share[p, day % DEPTH]


@njit(cache=True)
def _count_before(place, day, verdict, plain, newest, out):  # type: ignore[no-untyped-def]
    """Days judged, and alarms among them, of the four weeks before each day that nothing explains."""
    for i in range(len(place)):
        p = place[i]
        judged, alarms = 0, 0
        for other in range(max(day[i] - BASELINE_DAYS, newest[p] - DEPTH + 1), day[i]):
            found = verdict[p, other % DEPTH]
            if plain[p, other % DEPTH] and found != _NO_VALUE:
                judged += found >= 0
                alarms += found >= 1
        out[0, i], out[1, i] = judged, alarms
