"""What the messages of a FIT file say of a person, as observations: heart rate, steps of the day, sleep, stress, weight, workouts.

Numbers and scales are those of Garmin's FIT profile 21. Monitoring counters run from local midnight for each kind of activity, so an
observation is what a counter gained since its last reading; the first reading of a file that does not begin at midnight is only a
baseline. A workout's own distance and energy stay beside it in `extra`: the day's counters hold them already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from heedful.sources.wearables.beats import CODE, NO_INTERVAL, chained
from heedful.sources.wearables.drafts import COLUMNS, empty
from heedful.sources.wearables.fit_records import Floats, Records

EPOCH = 631_065_600
"""FIT's zero, 1989-12-31 UTC, in Unix seconds."""
POWER_ON = 0x10000000
"""Smaller times count from when the device was switched on and have no date."""
BASELINE = "first reading of a counter of the day, only a baseline"
_UNDATED = "it bears no date: the device did not know the time, or counted from when it was switched on; set its clock before it records"
NOT_MEASURED = "a level that says that nothing was measured"
SPORTS = (
    "generic", "running", "cycling", "transition", "fitness_equipment", "swimming", "basketball", "soccer", "tennis", "american_football",
    "training", "walking", "cross_country_skiing", "alpine_skiing", "snowboarding", "rowing", "mountaineering", "hiking", "multisport",
    "paddling", "flying", "e_biking", "motorcycling", "boating", "driving", "golf", "hang_gliding", "horseback_riding", "hunting",
    "fishing", "inline_skating", "rock_climbing", "sailing", "ice_skating", "sky_diving", "snowshoeing", "snowmobiling",
    "stand_up_paddleboarding", "surfing", "wakeboarding", "water_skiing", "kayaking", "rafting", "windsurfing", "kitesurfing",
)  # fmt: skip
_LEVELS = {1: "awake", 2: "light", 3: "deep", 4: "rem"}
_ON_FOOT = (1, 6)
"""Kinds of monitored activity whose cycles are steps: running and walking."""
_MAKERS = {1: "Garmin", 15: "Dynastream", 23: "Suunto", 32: "Wahoo", 123: "Polar", 260: "Zwift", 294: "COROS"}

Table = pl.DataFrame


@dataclass
class Told:
    """All records of one message number of a file, in order: `order`, `time` and `field(number)` as in `Records`."""

    parts: list[Records]

    def __post_init__(self) -> None:
        self.order = np.concatenate([part.order for part in self.parts])
        self._sorted = np.argsort(self.order, kind="stable")
        self.order = self.order[self._sorted]
        self.time = np.concatenate([part.time for part in self.parts])[self._sorted]

    def field(self, number: int, scale: float = 1.0) -> Floats:
        return np.concatenate([part.field(number) for part in self.parts])[self._sorted] / scale

    def array(self, number: int) -> Floats:
        """All values of a field, (records, values); definitions with fewer values leave NaN."""
        parts = [part.array(number) for part in self.parts]
        width = max(part.shape[1] for part in parts)
        wide = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan) for part in parts]
        return np.concatenate(wide)[self._sorted]


@dataclass(frozen=True)
class File:
    """What a file says once and for all: device, minutes between local time and UTC (NaN if it does not say), when it begins; and its
    clock: all dated records by their order."""

    device: str
    offset: float
    begins: float
    order: npt.NDArray[np.int64]
    time: Floats

    def heard(self, order: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        """The time of the last dated record at or before each place in the file, and of the next one; NaN where there is none."""
        around = np.concatenate([[np.nan], self.time, [np.nan]])
        place = np.searchsorted(self.order, order, side="right")
        return around[place], around[place + 1]


def observed(found: Iterable[Records]) -> tuple[Table, Counter[str], Counter[str]]:
    """Rows with the columns of `drafts.COLUMNS`, what was skipped, and how many messages hold nothing with a code."""
    by_message: dict[int, list[Records]] = {}
    for one in found:
        by_message.setdefault(one.message, []).append(one)
    told = {number: Told(parts) for number, parts in by_message.items()}
    file, skipped = _file(told), Counter[str]()
    tables = [_MESSAGES[number](one, file, skipped) for number, one in told.items() if number in _MESSAGES]
    aside = Counter({f"message without a code: {number}": len(one.order) for number, one in told.items() if number not in _USED})
    rows = pl.concat([table for table in tables if table.height] or [empty()]).sort("line", maintain_order=True)
    offset = None if np.isnan(file.offset) else int(file.offset)
    return rows.with_columns(pl.lit(offset, dtype=pl.Int16).alias("offset_minutes"), pl.lit(file.device).alias("device")), skipped, aside


def _file(told: dict[int, Told]) -> File:
    maker, product = (_first(told, 0, number) for number in (1, 2))
    name = "FIT device" if np.isnan(maker) else _MAKERS.get(int(maker), f"FIT maker {int(maker)}")
    offsets = [(_first(told, message, field) - _first_time(told, message)) / 60 for message, field in ((34, 5), (103, 0))]
    # Watches set their clock to the second, zones to the quarter of an hour.
    offset = next((round(one / 15) * 15.0 for one in offsets if not np.isnan(one) and abs(one) <= 18 * 60), np.nan)
    order = np.concatenate([one.order for one in told.values()])
    time = np.concatenate([one.time for one in told.values()])
    dated = np.flatnonzero(time >= POWER_ON)
    dated = dated[np.argsort(order[dated], kind="stable")]
    device = name if np.isnan(product) else f"{name} {int(product)}"
    return File(device, offset, _first_time(told, 103), order[dated], time[dated])


def _first(told: dict[int, Told], message: int, field: int) -> float:
    return float(told[message].field(field)[0]) if message in told else np.nan


def _first_time(told: dict[int, Told], message: int) -> float:
    return float(told[message].time[0]) if message in told else np.nan


def _rows(
    code: str, told: Told, start: Floats, value: Floats, *, how: str = "measured", end: Floats | None = None,
    words: list[str | None] | None = None, extra: list[str | None] | None = None, keep: npt.NDArray[np.bool_] | None = None,
    line: npt.NDArray[np.int64] | None = None,
) -> Table:  # fmt: skip
    """Rows where `value` is told (or `keep` says so); `line` where there are not as many rows as records."""
    kept = ~np.isnan(value) if keep is None else keep
    finite = [f"{code} {number:g} at {time:.0f} s" for number, time in zip(value[kept], start[kept], strict=True)]
    columns: dict[str, Any] = {
        "line": (told.order + 1 if line is None else line)[kept], "code": [code] * int(kept.sum()), "start_at": _instants(start[kept]),
        "end_at": _instants((start if end is None else end)[kept]), "value": value[kept], "how": [how] * int(kept.sum()), "written": finite,
        "value_code": [None] * int(kept.sum()) if words is None else [word for word, one in zip(words, kept, strict=True) if one],
        "extra": [None] * int(kept.sum()) if extra is None else [word for word, one in zip(extra, kept, strict=True) if one],
    }  # fmt: skip
    columns["trouble"] = [None if dated else _UNDATED for dated in start[kept] >= POWER_ON]
    made = pl.DataFrame([pl.Series(name, values, dtype=COLUMNS[name], strict=False) for name, values in columns.items()])
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in COLUMNS.items() if name not in columns]
    return made.with_columns(pl.col("value").fill_nan(None), *absent).select(list(COLUMNS))


def _instants(seconds: Floats) -> pl.Series:
    dated = np.where(seconds >= POWER_ON, seconds, np.nan)
    micro = pl.Series(np.rint(np.nan_to_num((dated + EPOCH) * 1e6)).astype(np.int64)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.select(pl.when(pl.Series(~np.isnan(dated))).then(micro)).to_series()


def _plain(code: str, field: int, scale: float = 1.0, *, how: str = "measured", lowest: float = 0.0, time: int | None = None) -> _Reader:
    def rows(told: Told, file: File, skipped: Counter[str]) -> Table:
        value = told.field(field, scale)
        unmeasured = value < lowest
        skipped[NOT_MEASURED] += int(unmeasured.sum())
        return _rows(code, told, told.time if time is None else told.field(time), np.where(unmeasured, np.nan, value), how=how)

    return rows


def _workouts(told: Told, file: File, skipped: Counter[str]) -> Table:
    start, elapsed, moving, sport = (told.field(field) for field in (2, 7, 8, 5))
    distance, energy = told.field(9, 100), told.field(11)
    minutes = np.where(np.isnan(moving), elapsed, moving) / 60_000
    names = [None if np.isnan(one) else SPORTS[int(one)] if one < len(SPORTS) else f"sport {int(one)}" for one in sport]
    extra = [orjson.dumps(_told({"distance_m": one, "energy_kcal": other})).decode() for one, other in zip(distance, energy, strict=True)]
    return _rows("workout", told, start, minutes, end=start + elapsed / 1_000, words=names, extra=list(extra))


def _told(numbers: dict[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in numbers.items() if not np.isnan(value)}


def _monitoring(told: Told, file: File, skipped: Counter[str]) -> Table:
    time = _whole_times(told, file)
    kind, packed = told.field(5), told.field(24)
    kind = np.where(np.isnan(kind), np.where(np.isnan(packed), -1, np.nan_to_num(packed).astype(np.int64) & 0x1F), kind)
    on_foot = np.isin(kind, _ON_FOOT)
    cycles = np.where(np.isnan(told.field(3)), told.field(9), told.field(3))
    metres = told.field(2, 100)
    counters = (("steps", np.where(on_foot, cycles, np.nan), "measured"), ("distance", np.where(on_foot, metres, np.nan), "measured"),
                ("active_energy", told.field(19), "vendor_derived"))  # fmt: skip
    tables = [_rows("heart_rate", told, time, np.where(told.field(27) > 0, told.field(27), np.nan))]
    for code, values, how in counters:
        start, gained = _gains(values, kind, time, file, skipped)
        tables.append(_rows(code, told, start, gained, end=time, how=how))
    return pl.concat(tables)


def _whole_times(told: Told, file: File) -> Floats:
    """Times of which a record may give only the lower 16 bits: the first such time not before the last whole one."""
    low, out, last = told.field(26), told.time.copy(), np.nan
    stated = ~np.isnan(told.field(253))
    for place in range(len(out)):
        if stated[place]:
            last = out[place]
        elif not np.isnan(low[place]):
            reference = file.begins if np.isnan(last) else last
            last = out[place] = reference + (int(low[place]) - int(reference)) % 65_536 if not np.isnan(reference) else np.nan
    return out


def _gains(values: Floats, kind: Floats, time: Floats, file: File, skipped: Counter[str]) -> tuple[Floats, Floats]:
    """Start of the interval and gain of a counter at each of its readings; the counter of each kind of activity restarts at midnight."""
    start, gain = np.full(len(values), np.nan), np.full(len(values), np.nan)
    shift = 0.0 if np.isnan(file.offset) else file.offset * 60
    began_at_midnight = not np.isnan(file.begins) and (file.begins + shift) % 86_400 == 0
    for one in np.unique(kind[~np.isnan(values)]):
        last, when = (0.0, file.begins) if began_at_midnight else (np.nan, np.nan)
        for place in np.flatnonzero((kind == one) & ~np.isnan(values)).tolist():
            value, now = float(values[place]), float(time[place])
            # A reading at midnight itself is the total of the day that ends there.
            midnight = now - ((now + shift - 1) % 86_400 + 1)
            if np.isnan(last):
                skipped[BASELINE] += 1
            else:
                restarted = value < last
                gain[place] = value if restarted else value - last
                start[place] = max(when, midnight) if restarted else when
            last, when = value, now
    return start, gain


def _levels_of_sleep(told: Told, file: File, skipped: Counter[str]) -> Table:
    """A level lasts until the next record; the last one of a file has no length and is left out."""
    level = told.field(0)
    words = [_LEVELS.get(-1 if np.isnan(one) else int(one)) for one in level]
    known = np.array([word is not None for word in words], np.bool_)
    end = np.append(told.time[1:], np.nan)
    kept = known & ~np.isnan(end)
    skipped[NOT_MEASURED] += int((~kept).sum())
    return _rows("sleep_stage", told, told.time, np.full(len(level), np.nan), end=end, words=words, how="vendor_derived", keep=kept)


def _beats(field: int, fraction: int | None = None) -> _Reader:
    """Arrays of intervals in ms, chained: `fraction` is the field of a record's own milliseconds; without, the file's clock tells."""

    def rows(told: Told, file: File, skipped: Counter[str]) -> Table:
        lengths = told.array(field)
        own = told.time + np.nan_to_num(told.field(fraction, 1_000)) if fraction is not None else None
        heard, later = file.heard(told.order) if own is None else (own, own)
        at, which = np.nonzero(~np.isnan(lengths) & (lengths > 0))
        skipped[NO_INTERVAL] += int((lengths == 0).sum())
        length = lengths[at, which]
        start = chained(length, heard[at], later[at])
        return _rows(CODE, told, start, length, end=start + length / 1_000, line=told.order[at] + 1)

    return rows


def _weights(told: Told, file: File, skipped: Counter[str]) -> Table:
    weight = told.field(0)
    weight[weight == 0xFFFE] = np.nan  # the scale was still weighing
    columns = (("body_weight", weight / 100), ("body_fat", told.field(1, 100)), ("body_mass_index", told.field(13, 10)))
    return _of_users(told, told.field(12), pl.concat([_rows(code, told, told.time, value) for code, value in columns]))


def _pressures(told: Told, file: File, skipped: Counter[str]) -> Table:
    columns = (("systolic_blood_pressure", 0), ("diastolic_blood_pressure", 1), ("heart_rate", 6))
    return _of_users(told, told.field(9), pl.concat([_rows(code, told, told.time, told.field(field)) for code, field in columns]))


def _of_users(told: Told, user: Floats, rows: Table) -> Table:
    """A scale of a household: its users by number beside each other, never one for another."""
    if len(np.unique(user[~np.isnan(user)])) < 2:
        return rows
    persons = {int(order) + 1: "user unknown" if np.isnan(one) else f"user {int(one)}" for order, one in zip(told.order, user, strict=True)}
    return rows.with_columns(person=pl.col("line").replace_strict(persons, return_dtype=pl.String))


_Reader = Callable[[Told, File, Counter[str]], Table]

_MESSAGES: dict[int, _Reader] = {
    18: _workouts,
    20: _plain("heart_rate", 3, lowest=1),
    30: _weights,
    51: _pressures,
    55: _monitoring,
    78: _beats(0),
    211: _plain("resting_heart_rate", 1, how="vendor_derived", lowest=1),
    227: _plain("stress_score", 0, how="vendor_derived", time=1),
    229: _plain("vo2max", 2, 10, how="vendor_derived"),
    269: _plain("oxygen_saturation", 0, lowest=1),
    275: _levels_of_sleep,
    290: _beats(1, 0),
    297: _plain("respiratory_rate", 0, 100, how="vendor_derived", lowest=0.01),
    371: _plain("hrv_rmssd", 0, 128),
}
_USED = frozenset((*_MESSAGES, 0, 34, 103))
"""Numbers that are read: also the file's id, its activity and its monitoring header."""
