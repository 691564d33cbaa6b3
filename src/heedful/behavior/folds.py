"""The warm day: a person's minutes kept as arrays, to which a new minute is added instead of all of the day being read again.

DESIGN section 2 lets a derivation offer a *fold* beside its function. `WarmDays` is that of `daily_features` and `day_hours`: `start` lays
out all rows of some person-days, `step` adds new rows, `read` and `hours` say what the two derivations would say of all rows so far. Both
ways run the same kernels over the same sums (`minutes`, `activity`, `heart`, `hours`), which are whole numbers and thus the same in
whatever order rows come: late rows of a day that is held are simply added. What is not added, and why:

- Rows of a person-day that is not held, and days with a row outside the layout (an hour and a half around the local day of the first row: a
  flight, a row of over a day). `step` hands their keys back; they are let go here and must be derived from all of their rows.
- Corrections and deletions take something away, which a sum cannot: `forget` the days, or the whole person, and start them anew.

Nothing is kept beyond the process: after a restart days are started from the lake.
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.activity import activity_features, activity_sums
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.feature_rows import feature_rows
from heedful.behavior.heart import VENDOR_CODE, heart_features, heart_sums, vendor_resting_rate
from heedful.behavior.hours import CODES_READ as HOUR_CODES
from heedful.behavior.hours import HOURS, HourSeries, add_hours, chosen_hours
from heedful.behavior.minutes import (
    CODES_READ,
    HOUR_US,
    LONGEST_US,
    MINUTE_US,
    MINUTES_A_DAY,
    WALK,
    Minutes,
    claim_zeros,
    mark_rows,
)
from heedful.behavior.rows import trust_of
from heedful.behavior.slots import Slots, longer
from heedful.core.codes import CODES
from heedful.core.derivations import Key
from heedful.core.schemas import DayHours, Features

MARGIN_MINUTES = 90
SLOTS = MINUTES_A_DAY + 2 * MARGIN_MINUTES
"""Minutes of the layout of a day: the local day, which a clock change may move by an hour, and a row that crosses midnight."""
_KEY = ("person", "day")
_ZONE_US = 15 * HOUR_US


class WarmDays:
    """Person-days as running sums. Times are those of `Observations`; memory: about 70 kB a day.

    >>> from datetime import datetime, timedelta
    >>> at = datetime(2026, 3, 1, 12)
    >>> row = {"person": "p", "day": at.date(), "code": "steps", "device": "watch", "how": "measured", "start_at": at,
    ...     "end_at": at + timedelta(minutes=1), "offset_minutes": 0, "value": 80.0}
    >>> held, _ = WarmDays.start(pl.DataFrame([row]))
    >>> later = at + timedelta(minutes=1)
    >>> held.step(pl.DataFrame([row | {"start_at": later, "end_at": later + timedelta(minutes=1), "value": 30.0}]))
    []
    >>> held.read().filter(pl.col("feature") == "cadence_peak[1]").select("person", "missing").rows()
    [('p', 'not_worn')]
    """

    def __init__(self, devices: DeviceTrust = TODAY) -> None:
        self.devices = devices
        self._place: dict[Key, int] = {}
        self._key: dict[int, Key] = {}
        self._stated: dict[Key, list[pl.DataFrame]] = {}
        self._hour_place: dict[Key, dict[int, int]] = {}
        self._streams, self._sums = _Streams(devices), _Sums()

    @classmethod
    def start(cls, observations: pl.DataFrame, devices: DeviceTrust = TODAY) -> tuple[WarmDays, list[Key]]:
        """All person-days of some rows, which must be all rows of them; and those that do not fit."""
        held = cls(devices)
        return held, held.open(observations)

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def keys(self) -> KeysView[Key]:
        """The person-days that are held."""
        return self._place.keys()

    # --- rows in

    def open(self, observations: pl.DataFrame) -> list[Key]:
        """Hold the person-days of these rows, which are all of them; days held before are laid out anew. Returns those that do not fit."""
        firsts = observations.unique(_KEY, keep="first", maintain_order=True)
        keys = _keys(firsts)
        self.forget(keys)
        for key, offset in zip(keys, firsts["offset_minutes"].to_list(), strict=True):
            self._place[key] = self._sums.take(key[1] * MINUTES_A_DAY - offset - MARGIN_MINUTES)
            self._key[self._place[key]] = key
        return self.step(observations)

    def step(self, observations: pl.DataFrame) -> list[Key]:
        """Add new rows. Returns the person-days among them that are not held (any more): derive these from all of their rows."""
        if not observations.height:
            return []
        keys = _keys(observations)
        rows = _Rows.of(observations, np.array([self._place.get(key, -1) for key in keys], np.int64), self._streams, self._sums)
        wrong = (rows.place < 0) | ~self._sums.fits(rows)
        lost = {keys[row] for row in np.flatnonzero(wrong).tolist()}
        self.forget(lost)
        if lost:
            rows = rows.only(np.array([key in self._place for key in keys], np.bool_))
        if len(rows.place):
            rows = rows.only(np.lexsort((rows.stream, rows.place)))
            self._sums.add(rows, self._streams)
            self._add_hours(rows)
        for stated in np.flatnonzero((observations["code"] == VENDOR_CODE).to_numpy()).tolist():
            if keys[stated] in self._place:
                self._stated.setdefault(keys[stated], []).append(observations[stated])
        return sorted(lost)

    def forget(self, keys: Iterable[Key]) -> None:
        """Let go of days of which a row was corrected or removed."""
        for key in keys:
            place = self._place.pop(key, None)
            if place is not None:
                del self._key[place]
                self._sums.give_back(place, list(self._hour_place.pop(key, {}).values()))
                self._stated.pop(key, None)

    def forget_person(self, person: str) -> None:
        """Let go of all days of a person, after an erasure or a withdrawal: nothing of them stays in memory."""
        self.forget([key for key in self._place if key[0] == person])

    def _add_hours(self, rows: _Rows) -> None:
        new = np.flatnonzero(np.diff(rows.virtual, prepend=-1))
        of_run = np.empty(len(new), np.int64)
        for run, first in enumerate(new.tolist()):
            known = self._hour_place.setdefault(self._key[int(rows.place[first])], {})
            number = int(rows.stream[first])
            if number not in known:
                known[number] = self._sums.take_hours()
            of_run[run] = known[number]
        stream = rows.stream[new]
        add_hours(
            rows.virtual, 0, self._streams.hour_kind[stream], self._streams.low[stream], self._streams.high[stream], rows.day, rows.start,
            rows.end, rows.offset, rows.value, of_run, 0, self._sums.total, self._sums.known,
        )  # fmt: skip

    # --- features out

    def read(self, keys: Iterable[Key] | None = None) -> pl.DataFrame:
        """What `daily_features` says of these days (all, unless said); days that are not held have no rows."""
        wanted = self._wanted(keys)
        used = [key for key in wanted if self._sums.used[self._place[key]]]
        parts = []
        if used:
            laid = self._sums.laid(np.array([self._place[key] for key in used], np.int64))
            sums = {"seen": laid.seen} | activity_sums(laid, self._streams.trust_of_rank) | heart_sums(laid)
            parts.append(feature_rows(*_columns(used), [*activity_features(sums), *heart_features(sums)]))
        stated = [rows for key in wanted for rows in self._stated.get(key, ())]
        if stated:
            parts.append(vendor_resting_rate(pl.concat(stated), self.devices))
        return Features.check(pl.concat(parts).sort("person", "day", "feature") if stated else parts[0]) if parts else Features.empty()

    def hours(self, keys: Iterable[Key] | None = None) -> pl.DataFrame:
        """What `day_hours` says of these days (all, unless said)."""
        found = [(key, stream, place) for key in self._wanted(keys) for stream, place in self._hour_place.get(key, {}).items()]
        if not found:
            return DayHours.empty()
        names = sorted({key[0] for key, _, _ in found})
        number = {name: place for place, name in enumerate(names)}
        person, day, of_stream, of_hours = np.array([(number[key[0]], key[1], stream, place) for key, stream, place in found], np.int64).T
        series = HourSeries(person, day, self._streams.hour_kind[of_stream], self._streams.rank[of_stream])
        return chosen_hours(pl.Series(names, dtype=pl.String), series, self._sums.total[of_hours], self._sums.known[of_hours])

    def _wanted(self, keys: Iterable[Key] | None) -> list[Key]:
        return sorted(self._place if keys is None else {key for key in keys if key in self._place})


def _keys(rows: pl.DataFrame) -> list[Key]:
    return list(zip(rows["person"].to_list(), rows["day"].to_physical().to_list(), strict=True))


def _columns(keys: list[Key]) -> tuple[pl.Series, pl.Series]:
    return pl.Series([key[0] for key in keys], dtype=pl.String), pl.Series([key[1] for key in keys], dtype=pl.Int32).cast(pl.Date)


class _Streams:
    """The codes, devices and ways that were met. By stream: `kind` by the minute and `hour_kind` (-1: not read), `low`, `high`, `rank`."""

    def __init__(self, devices: DeviceTrust) -> None:
        self.devices, self.of = devices, dict[tuple[str, str, str], int]()
        self.kind, self.hour_kind = np.empty(0, np.int8), np.empty(0, np.int8)
        self.low, self.high, self.rank = np.empty(0), np.empty(0), np.empty(0, np.int32)
        self.trust_of_rank = np.full(1, -1, np.int32)

    def number(self, observations: pl.DataFrame, sums: _Sums) -> NDArray[np.int64]:
        """The number of each row's stream; a device that was not met before takes its place in the order of trust, which the ranks that
        are kept by the minute follow."""
        met = list(zip(*(observations[name].to_list() for name in ("code", "device", "how")), strict=True))
        new = set(met) - self.of.keys()
        if new:
            self.of |= {stream: len(self.of) + number for number, stream in enumerate(sorted(new))}
            self._rank(sums)
        return np.array([self.of[stream] for stream in met], np.int64)

    def _rank(self, sums: _Sums) -> None:
        self.kind, self.hour_kind = (_places([code for code, _, _ in self.of], codes) for codes in (CODES_READ, HOUR_CODES))
        read = [CODES.get(code) for code, _, _ in self.of]
        self.low, self.high = (np.array([0.0 if one is None else getattr(one, end) for one in read], np.float64) for end in ("low", "high"))
        devices = {name: place for place, name in enumerate(sorted({device for _, device, _ in self.of}, reverse=True))}
        pairs = [(trust_of(self.devices, *stream), devices[stream[1]]) for stream in self.of]
        order = {pair: place for place, pair in enumerate(sorted(set(pairs)), start=1)}
        rank = np.array([order[pair] for pair in pairs], np.int32)
        moved = np.zeros(len(self.trust_of_rank), np.int32)
        moved[self.rank] = rank[: len(self.rank)]
        sums.move_ranks(moved)
        self.rank, self.trust_of_rank = rank, np.array([-1, *(trusted for trusted, _ in order)], np.int32)


def _places(codes: list[str], among: tuple[str, ...]) -> NDArray[np.int8]:
    return np.array([among.index(code) if code in among else -1 for code in codes], np.int8)


@dataclass(frozen=True)
class _Rows:
    """New rows: place of their day in the sums (-1: not held), stream, day, interval (us), zone, value."""

    place: NDArray[np.int64]
    stream: NDArray[np.int64]
    kind: NDArray[np.int8]
    sound: NDArray[np.bool_]
    day: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.int16]
    value: NDArray[np.float64]

    @classmethod
    def of(cls, rows: pl.DataFrame, place: NDArray[np.int64], streams: _Streams, sums: _Sums) -> _Rows:
        stream = streams.number(rows, sums)
        day = rows["day"].to_physical().to_numpy().astype(np.int32)
        start, end = (rows[name].to_physical().to_numpy().astype(np.int64) for name in ("start_at", "end_at"))
        value = rows["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        local, length = start - day * np.int64(24 * HOUR_US), end - start
        sound = (value >= streams.low[stream]) & (value <= streams.high[stream]) & (length >= 0) & (length <= LONGEST_US)
        sound &= (local >= -_ZONE_US) & (local < 24 * HOUR_US + _ZONE_US)
        return cls(place, stream, streams.kind[stream], sound, day, start, end, rows["offset_minutes"].to_numpy().astype(np.int16), value)

    def only(self, chosen: NDArray[Any]) -> _Rows:
        return _Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @cached_property
    def virtual(self) -> NDArray[np.int32]:
        """Numbers the pairs of place and stream of rows that are sorted by them."""
        return (np.cumsum((np.diff(self.place, prepend=-1) != 0) | (np.diff(self.stream, prepend=-1) != 0)) - 1).astype(np.int32)


class _Sums:
    """The arrays of all days held, a place for each: those of `Minutes` by place and minute, rows of steps, sums of hours."""

    def __init__(self) -> None:
        self._days, self._day_hours = Slots(self._grow), Slots(self._grow_hours)
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {
            "beats": ((SLOTS,), np.int64), "beat_count": ((SLOTS,), np.int32), "night": ((SLOTS,), np.int32),
            "night_count": ((SLOTS,), np.int32), "signs": ((SLOTS,), np.uint8), "owner": ((SLOTS,), np.int32), "idle": ((SLOTS,), np.int32),
            "sum_rank": ((3,), np.int32), "seen": ((), np.uint8), "used": ((), np.bool_), "origin": ((), np.int64),
            "walked": ((), np.int64),
        }  # fmt: skip
        self._arrays: dict[str, NDArray[Any]] = {name: np.zeros((0, *shape), dtype) for name, (shape, dtype) in shapes.items()}
        self.walks = np.zeros((0, 32), WALK)
        self.total, self.known = np.zeros((0, HOURS), np.int64), np.zeros(0, np.int64)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Whether a day has any row that is laid out on minutes."""
        return self._arrays["used"]

    # --- places

    def take(self, origin: int) -> int:
        """An empty place for a day whose first minute is `origin`."""
        place = self._days.take()
        self._arrays["origin"][place] = origin
        return place

    def take_hours(self) -> int:
        """An empty place for the hours of a stream and day."""
        return self._day_hours.take()

    def _grow(self, more: int) -> None:
        self._arrays = {name: longer(array, more) for name, array in self._arrays.items()}
        self.walks = longer(self.walks, more)

    def _grow_hours(self, more: int) -> None:
        self.total, self.known = longer(self.total, more), longer(self.known, more)

    def give_back(self, place: int, hours: list[int]) -> None:
        """Empty a day's place."""
        for array in self._arrays.values():
            array[place] = 0
        self.walks[place] = np.zeros((), WALK)
        self.total[hours], self.known[hours] = 0, 0
        self._days.give_back([place])
        self._day_hours.give_back(hours)

    def move_ranks(self, moved: NDArray[np.int32]) -> None:
        """Ranks as they are numbered since another device was met."""
        for name in ("owner", "idle", "sum_rank"):
            self._arrays[name] = moved[self._arrays[name]]
        self.walks["rank"] = moved[self.walks["rank"]]

    # --- rows

    def fits(self, rows: _Rows) -> NDArray[np.bool_]:
        """Whether each row lies within the layout of its day, or is one that counts nowhere."""
        origin = self._arrays["origin"][np.maximum(rows.place, 0)] if len(self.walks) else np.zeros(len(rows.place), np.int64)
        last = np.where(rows.end > rows.start, (rows.end - 1) // MINUTE_US, rows.start // MINUTE_US)
        within = (rows.start // MINUTE_US >= origin) & (last < origin + SLOTS)
        return np.asarray(within | (rows.kind < 0) | ~rows.sound)

    def add(self, rows: _Rows, streams: _Streams) -> None:
        """Add rows, sorted by place and stream, of days that are held."""
        new = np.flatnonzero(np.diff(rows.virtual, prepend=-1))
        stream, held = rows.stream[new], self._arrays
        held["used"][rows.place[rows.kind >= 0]] = True
        walks = np.empty(len(rows.place), WALK)
        # with a span of one day the kernel looks for the place of a day at person + day
        person, place = rows.place[new] - rows.day[new], np.arange(len(self.walks), dtype=np.int32)
        begin = np.arange(len(self.walks) + 1, dtype=np.int64) * SLOTS
        flat = {name: array.reshape(-1) for name, array in held.items() if array.ndim == 2 and name != "sum_rank"}
        walked = mark_rows(
            rows.virtual, 0, person, streams.kind[stream], streams.rank[stream], streams.low[stream], streams.high[stream], rows.day,
            rows.start, rows.end, rows.offset, rows.value, 0, 1, place, held["origin"], begin, held["seen"], flat["beats"],
            flat["beat_count"], flat["night"], flat["night_count"], flat["signs"], flat["owner"], flat["idle"], held["sum_rank"], walks, 0,
        )  # fmt: skip
        most = int((held["walked"] + np.bincount(walks["day"][:walked], minlength=len(self.walks))).max(initial=0))
        if most > self.walks.shape[1]:
            wider = np.zeros((len(self.walks), max(most, 2 * self.walks.shape[1])), WALK)
            wider[:, : self.walks.shape[1]] = self.walks
            self.walks = wider
        _append(self.walks, held["walked"], walks[:walked])

    def laid(self, place: NDArray[np.int64]) -> Minutes:
        """The days at these places, as `minutes` lays them out; `person` and `day` number them."""
        number = np.arange(len(place), dtype=np.int64)
        mine = {name: array[place] for name, array in self._arrays.items()}
        signs, owner = mine["signs"].reshape(-1), mine["owner"].reshape(-1)
        claim_zeros(signs, owner, mine["idle"].reshape(-1))
        walks = np.empty(int(mine["walked"].sum()), WALK)
        _gather(self.walks, mine["walked"], place, walks)
        return Minutes(
            number, number, np.arange(len(place) + 1, dtype=np.int64) * SLOTS, mine["origin"], mine["seen"], mine["beats"].reshape(-1),
            mine["beat_count"].reshape(-1), mine["night"].reshape(-1), mine["night_count"].reshape(-1), signs, owner, mine["sum_rank"],
            walks,
        )  # fmt: skip


@njit(cache=True)
def _append(walks, walked, new):  # type: ignore[no-untyped-def]
    """Rows of steps to those of their days."""
    for w in new:
        walks[w.day, walked[w.day]] = w
        walked[w.day] += 1


@njit(cache=True)
def _gather(walks, walked, place, out):  # type: ignore[no-untyped-def]
    """Rows of steps of some days, numbered in their order."""
    n = 0
    for number in range(len(place)):
        for i in range(walked[number]):
            out[n] = walks[place[number], i]
            out[n].day = number
            n += 1
