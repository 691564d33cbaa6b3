"""The joint score of a night as a step: a person's nights so far as they were judged, to which a night is added without judging the others.

A night is judged from the nights before it only, so that those before the first that changed stand: `IllnessHistory` rebuilds the matrix
from there on (`night_matrix`), follows it with the arithmetic of `illness_nights`, and says what `illness_signal` says of these nights.
Today's steps belong to the night to come and cost a look-up until that night has a value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.annotations import Noted, notes_by_person
from heedful.behavior.illness import IllnessNights, no_nights
from heedful.behavior.illness_signal import findings, judged_on, nights_table, told_nights
from heedful.behavior.night_matrix import NAMES, SOURCES, STEPS, leave_out_uncovered
from heedful.core.schemas import Changes

_NEVER, _FAR = -(10**9), 10**9
_COLUMNS = len(SOURCES)
_PLACE = {name: (column, rank) for column, names in enumerate(SOURCES) for rank, name in enumerate(names)}
_KEYS = {"person": pl.String, "day": pl.Int32}


@dataclass
class _Person:
    """What came, by night, column and rank; the matrix and what was said of it; what was noted; the first night that is not in the matrix
    as it came (`stale`), the first to be told anew (`moved`), and the last of which anything was ever said."""

    came: dict[int, dict[tuple[int, int], tuple[float, float]]] = field(default_factory=dict)
    day: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    value: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, _COLUMNS)))
    coverage: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, _COLUMNS)))
    recorded: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    nights: IllnessNights = field(default_factory=lambda: no_nights(0, _COLUMNS))
    noted: Noted = field(default_factory=Noted)
    stale: int = _FAR
    moved: int = _FAR
    newest: int = _NEVER


class IllnessHistory:
    """The nights of many people. Memory: about 1 kB a night.

    >>> from datetime import date, timedelta
    >>> row = {"person": "p", "day": date(2026, 3, 1), "feature": "resting_heart_rate[nightsignal]", "value": 60.0, "coverage": 1.0}
    >>> days = [row | {"day": row["day"] + timedelta(days=n), "value": 60.0 + n % 3} for n in range(30)]
    >>> notes = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "kind": pl.String, "source": pl.String})
    >>> gone, held = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "feature": pl.String}), IllnessHistory()
    >>> held.open(["p"], [pl.DataFrame(days), notes])
    >>> held.step(0, gone, pl.DataFrame([days[28] | {"value": 75.0}, days[29] | {"value": 76.0}]))
    >>> held.read()[1].select("day", "level").rows()
    [(datetime.date(2026, 3, 29), 0), (datetime.date(2026, 3, 30), 2)]
    """

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}

    def people(self) -> Collection[str]:
        """Who is held."""
        return self._people.keys()

    def open(self, people: Sequence[str], tables: Sequence[pl.DataFrame]) -> None:
        """Hold these people, of whom these are all rows of `Features` and `Annotations`; those of whom no night is known are not held."""
        for person in people:
            self.forget_person(person)
        rows = _known(tables[0])
        self._people |= {person: _Person() for person in rows["person"].unique().to_list()}
        self._note(tables[1].clear(), tables[1].filter(pl.col("person").is_in(list(self._people))))
        self._set(rows)
        self.read(rows["person"].unique().to_list())

    def step(self, table: int, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        """Rows of `Features` (0) or `Annotations` (1) that went and came."""
        if table == 1:
            self._note(gone, came)
            return
        for person, day, name in _keys(gone):
            self._take_out(person, day, name)
        self._set(came)

    def read(self, people: Collection[str] | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The nights (of these people, if said) that a change since the last reading reaches, and their findings."""
        keys, found = list[tuple[str, int]](), list[dict[str, Any]]()
        for person in self._people if people is None else people:
            held = self._people[person]
            if held.moved == _FAR:
                continue
            begin = self._judge(held)
            keys += [(person, day) for day in range(held.moved, held.newest + 1)]
            found.append(_told(person, held, begin))
            held.moved = held.stale = _FAR
        days = pl.DataFrame(keys, schema=_KEYS, orient="row").with_columns(pl.col("day").cast(pl.Date))
        return days, Changes.check(findings(nights_table(found))) if found else Changes.empty()

    def forget_person(self, person: str) -> None:
        """Let go of a person: nothing of them stays in memory."""
        self._people.pop(person, None)

    def _set(self, rows: pl.DataFrame) -> None:
        for (person, day, name), value, coverage in zip(_keys(rows), rows["value"].to_list(), rows["coverage"].to_list(), strict=True):
            if value is None or not isfinite(value):
                self._take_out(person, day, name)
                continue
            held, (column, rank) = self._people[person], _PLACE[name]
            night = day + (column == STEPS)
            held.came.setdefault(night, {})[column, rank] = value, float("nan") if coverage is None else coverage
            _changed(held, night, column)

    def _take_out(self, person: str, day: int, name: str) -> None:
        held, (column, rank) = self._people[person], _PLACE[name]
        night = day + (column == STEPS)
        if held.came.get(night, {}).pop((column, rank), None) is not None:
            _changed(held, night, column)
            if not held.came[night]:
                del held.came[night]

    def _note(self, gone: pl.DataFrame, came: pl.DataFrame) -> None:
        for person, *told in notes_by_person(gone, came):
            held = self._people[person]
            held.noted.change(*told)
            held.moved = min(held.moved, *(day for notes in told for day, _, _ in notes))

    def _judge(self, held: _Person) -> int:
        """Bring the matrix and what is said of it up to date; returns the first row that is new."""
        since = min(held.moved, held.stale)
        begin = int(np.searchsorted(held.day, since))
        later = sorted(night for night in held.came if night >= since)
        value, coverage = np.full((2, len(later), _COLUMNS), np.nan)
        for place, night in enumerate(later):
            for (column, rank), (one, share) in held.came[night].items():
                if not any((column, better) in held.came[night] for better in range(rank)):
                    value[place, column], coverage[place, column] = one, share
        recorded = np.isfinite(value[:, :STEPS]).any(axis=1)
        held.day = np.concatenate([held.day[:begin], np.array(later, np.int64)])
        held.value, held.coverage = np.concatenate([held.value[:begin], value]), np.concatenate([held.coverage[:begin], coverage])
        held.recorded = np.concatenate([held.recorded[:begin], recorded])
        ends = np.array([0, len(held.day)])
        leave_out_uncovered(held.value, held.coverage, ends, np.array([begin]))
        empty = no_nights(len(later), _COLUMNS)
        before = {one.name: getattr(held.nights, one.name)[:begin] for one in fields(IllnessNights)}
        held.nights = IllnessNights(**{name: np.concatenate([told, getattr(empty, name)]) for name, told in before.items()})
        if len(later):
            kinds, declared = [kind for _, kind, _ in held.noted.notes], np.array([day for day, _, _ in held.noted.notes], np.int64)
            judged_on(held.day, held.value, kinds, declared, held.nights, begin)
        return begin


def _changed(held: _Person, night: int, column: int) -> None:
    """Something of a night changed. Steps before a night of which nothing else is known, and no later one is, decide nothing yet."""
    waits = column == STEPS and night >= held.newest and all(other == STEPS for other, _ in held.came[night])
    held.newest, held.stale = max(night, held.newest), min(night, held.stale)
    if not waits:
        held.moved = min(night, held.moved)


def _told(person: str, held: _Person, begin: int) -> dict[str, Any]:
    """What is said of the recorded nights from row `begin` on, with the judged ones before each that nothing explains."""
    because = held.noted.because
    plain = held.recorded & (held.nights.level >= 0) & ~np.isin(held.day, np.array(list(because), np.int64))
    raised = plain & (held.nights.level >= 1)
    places = begin + np.flatnonzero(held.recorded[begin:])
    told = told_nights(person, held.day, held.value, held.nights, places)
    earlier: NDArray[np.int64] = (np.cumsum(plain) - plain)[places]
    alarms: NDArray[np.int64] = (np.cumsum(raised) - raised)[places]
    return told | {"judged": earlier, "raised": alarms, "because": [because.get(day) for day in held.day[places].tolist()]}


def _keys(rows: pl.DataFrame) -> Iterator[tuple[str, int, str]]:
    return zip(rows["person"].to_list(), rows["day"].to_physical().to_list(), rows["feature"].to_list(), strict=True)


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("feature").is_in(NAMES) & pl.col("value").is_finite())
