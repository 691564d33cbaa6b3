"""Rest and activity around the clock as a step: a person's last four weeks of hours as one row, in which the hour that moved is set.

`WarmRhythm` says of a day what `rhythm_daily` says of its seven days: both hand the same 168 hours to the same arithmetic, so that a step
is equal to the last digit. (Sums carried on by differences would not be: variances cancel, and whether nothing varies is asked exactly.)
A day within three weeks of the newest can be said again, its own six days before it being held; an older one is handed back by `step` and
must be derived from its rows, as days after a correction or a deletion are once the person was let go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.hours import HOUR_COLUMNS, HOURS, SIGNALS
from heedful.behavior.rhythm_daily import DAYS, features_of_windows
from heedful.behavior.slots import Slots, longer
from heedful.core.derivations import Key
from heedful.core.schemas import Features

DEPTH = 28
"""Days held, up to the newest."""
_NEVER = -(10**9)
_KEYS = {"person": pl.String, "day": pl.Date}


class WarmRhythm:
    """Hours by person and signal; memory: 5.5 kB each.

    >>> from datetime import date
    >>> row = {"person": "p", "day": date(2026, 3, 1), "signal": "steps", "known": 2**24 - 1} | dict.fromkeys(HOUR_COLUMNS, 0.0)
    >>> held = WarmRhythm()
    >>> held.step(pl.DataFrame([row | {"h10": 500.0}]))
    []
    >>> held.read().filter(pl.col("feature") == "cosinor_mesor[steps]")["value"].round(2).to_list()
    [20.83]
    """

    def __init__(self) -> None:
        self._place: dict[tuple[str, str], int] = {}
        self._slots = Slots(self._grow)
        self._hours = np.full((0, DEPTH, HOURS), np.nan)
        self._said = np.zeros((0, DEPTH), np.bool_)
        self._newest = np.zeros(0, np.int64)

    def __contains__(self, person: object) -> bool:
        return any((person, signal) in self._place for signal in SIGNALS)

    def step(self, hours: pl.DataFrame) -> list[Key]:
        """Set rows of `DayHours`. Returns the days among them that lie too far back to be held."""
        if not hours.height:
            return []
        hours = hours.sort("day")
        who = list(zip(hours["person"].to_list(), hours["signal"].to_list(), strict=True))
        place = np.array([self._placed(series) for series in who], np.int64)
        day = hours["day"].to_physical().to_numpy().astype(np.int64)
        self._turn(place, day)
        back = self._newest[place] - day
        near = back < DEPTH
        bits = hours["known"].to_numpy()[:, None] >> np.arange(HOURS)
        table = np.where(bits & 1 == 1, hours.select(HOUR_COLUMNS).to_numpy(), np.nan)
        self._hours[place[near], DEPTH - 1 - back[near]] = table[near]
        self._said[place[near], DEPTH - 1 - back[near]] = True
        lost = np.flatnonzero(back > DEPTH - DAYS)
        return sorted({(who[row][0], int(day[row])) for row in lost.tolist()})

    def read(self, keys: Iterable[Key] | None = None) -> pl.DataFrame:
        """What `daily_rhythm` says of these days (all of which the six days before are held, unless said)."""
        wanted = self._said_days() if keys is None else sorted(set(keys))
        rows = [
            (name, day, signal, place, day - int(self._newest[place]) + DEPTH - 1)
            for name, day in wanted for signal in SIGNALS
            if (place := self._place.get((name, signal))) is not None and self._reaches(place, day)
        ]  # fmt: skip
        if not rows:
            return Features.empty()
        names, days, signals, places, ats = zip(*rows, strict=True)
        mine = pl.DataFrame({"person": names, "day": pl.Series(days, dtype=pl.Int32).cast(pl.Date), "signal": signals})
        windows = self._windows(np.array(places), np.array(ats))
        return features_of_windows(mine, windows).sort("person", "day", "feature")

    def forget_person(self, person: str) -> None:
        """Let go of a person, after an erasure, a withdrawal or a correction: nothing of them stays in memory."""
        for signal in SIGNALS:
            place = self._place.pop((person, signal), None)
            if place is not None:
                self._hours[place], self._said[place], self._newest[place] = np.nan, False, _NEVER
                self._slots.give_back([place])

    def take_out(self, hours: pl.DataFrame) -> list[Key]:
        """Take rows of `DayHours` (its key) out. Returns the days among them that lie too far back to be held."""
        lost = list[Key]()
        for person, day, signal in hours.select("person", pl.col("day").to_physical(), "signal").iter_rows():
            place = self._place.get((person, signal))
            if place is None:
                continue
            at = day - int(self._newest[place]) + DEPTH - 1
            if at >= 0:
                self._hours[place, at], self._said[place, at] = np.nan, False
            if at < DAYS - 1:
                lost.append((person, day))
        return lost

    def holds(self, key: Key) -> bool:
        """Whether `read` says of a day all that there is."""
        person, day = key
        places = [place for signal in SIGNALS if (place := self._place.get((person, signal))) is not None]
        return all(day - int(self._newest[place]) + DEPTH - 1 >= DAYS - 1 for place in places)

    def newest(self, person: str) -> int:
        """The newest day of a person who is held."""
        return max(int(self._newest[place]) for signal in SIGNALS if (place := self._place.get((person, signal))) is not None)

    def _reaches(self, place: int, day: int) -> bool:
        at = day - int(self._newest[place]) + DEPTH - 1
        return DAYS - 1 <= at < DEPTH and bool(self._said[place, at])

    def _said_days(self) -> list[Key]:
        return sorted({
            (name, int(self._newest[place]) - DEPTH + 1 + at)
            for (name, _), place in self._place.items() for at in range(DAYS - 1, DEPTH) if self._said[place, at]
        })  # fmt: skip

    def _windows(self, place: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._hours[place[:, None], at[:, None] + np.arange(1 - DAYS, 1)].reshape(len(place), DAYS * HOURS)

    def _turn(self, place: NDArray[np.int64], day: NDArray[np.int64]) -> None:
        """Make a later day the newest of its series."""
        newest = self._newest.copy()
        np.maximum.at(newest, place, day)
        for moved in np.flatnonzero(newest > self._newest).tolist():
            by = min(int(newest[moved] - self._newest[moved]), DEPTH)
            self._hours[moved, : DEPTH - by], self._said[moved, : DEPTH - by] = self._hours[moved, by:], self._said[moved, by:]
            self._hours[moved, DEPTH - by :], self._said[moved, DEPTH - by :] = np.nan, False
        self._newest = newest

    def _placed(self, series: tuple[str, str]) -> int:
        if series not in self._place:
            self._place[series] = self._slots.take()
        return self._place[series]

    def _grow(self, more: int) -> None:
        self._hours, self._said = longer(self._hours, more, np.nan), longer(self._said, more)
        self._newest = longer(self._newest, more, _NEVER)


class RhythmHistory:
    """`WarmRhythm` as the engine carries it on: changed rows of `DayHours` in, the days out that may have another rhythm."""

    def __init__(self) -> None:
        self._held = WarmRhythm()
        self._people = set[str]()
        self._moved = set[Key]()

    def people(self) -> Collection[str]:
        """Who is held."""
        return self._people

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people; those without hours are not held."""
        for person in people:
            self.forget_person(person)
        self._held.step(tables[0])
        self._people |= set(tables[0]["person"].unique())

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Hours that went and came. A person with one too far back is let go."""
        lost = {person for person, _ in (*self._held.take_out(gone), *self._held.step(came))}
        for rows in (gone, came):
            for person, day in zip(rows["person"].to_list(), rows["day"].to_physical().to_list(), strict=True):
                self._moved |= {(person, later) for later in range(day, day + DAYS)}
        for person in lost:
            self.forget_person(person)

    def read(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The days that may have another rhythm, and their rows."""
        last = {person: self._held.newest(person) for person in {person for person, _ in self._moved}}
        moved = {(person, day) for person, day in self._moved if day <= last[person]}
        for person in {key[0] for key in moved if not self._held.holds(key)}:
            self.forget_person(person)
        keys = sorted(key for key in moved if key[0] in self._people)
        self._moved = set()
        days = pl.Series([day for _, day in keys], dtype=pl.Int32).cast(pl.Date)
        return pl.DataFrame({"person": [person for person, _ in keys], "day": days}, schema=_KEYS), self._held.read(keys)

    def forget_person(self, person: str) -> None:
        """Let go of a person: nothing of them stays in memory."""
        self._held.forget_person(person)
        self._people.discard(person)
        self._moved = {key for key in self._moved if key[0] != person}
