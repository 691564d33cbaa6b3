"""The night before each day: when sleep began and ended, how much of it there was, how much of the time in bed.

Which night. The night of a day is the sleep whose rows have their middle between 18:00 on the evening before and 18:00 of that day,
local time: sleep belongs to the day on which it ends (sleep that ends between 18:00 and midnight belongs to the next day).
Durations are differences of UTC instants, so that nights of 23 and 25 hours are right; clock times use the zone offset of the row
that begins or ends the sleep.

Which device. Several apps often write the same night. One is chosen for each night: one with sleep stages (light, deep, REM) over one
that knows only asleep, over one that knows only in bed; then the more trusted device (`devices`); then the one with more sleep; then
the first by name.

Which part. Rows are joined to sleeps; a pause of two hours or more parts them. The main sleep is the one with most minutes asleep.
Asleep is what is marked asleep, light, deep or REM and not at the same time marked awake.

Whether it was worn. A main sleep of under four hours before or after which there was no sign of life for two whole hours (a heart
rate, something counted), though there was in its own hours, is a watch that came off or went on in the night: missing as `not_worn`,
not a short night.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.behavior.wear import LEAST_WEAR_MINUTES
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, LiveHours, Observations

SLEEP_CODES = ("sleep_stage", "sleep_minutes")
STAGED = ("light", "deep", "rem")
_IN_BED, _AWAKE, _ASLEEP = range(3)
_KINDS = {"in_bed": _IN_BED, "awake": _AWAKE, "asleep": _ASLEEP, "light": _ASLEEP, "deep": _ASLEEP, "rem": _ASLEEP}
_MEASURED = ("bed_start", "bed_end", "onset", "offset", "asleep", "marked", "clock_onset", "clock_offset", "told", "naps", "napped")
EVENING_MINUTES = 18 * 60
SILENT_HOURS, LEAST_ASLEEP_US = 2, LEAST_WEAR_MINUTES * 60_000_000
PAUSE_US = 120 * 60_000_000
LEAST_NAP_US = 15 * 60_000_000
LONGEST_HOURS = 24
_MINUTE_US, _HOUR_US = 60_000_000, 3_600_000_000


@derivation(
    reads=(Observations, LiveHours), writes=Features, by=("person", "day"), lookback=1, needs=("devices",),
    only={"observations": SLEEP_CODES}, version=4, empty_without=Observations,
)  # fmt: skip
def nightly_sleep(
    observations: Frame[Consented[P], Observations], hours: Frame[Consented[P], LiveHours], devices: DeviceTrust = TODAY
) -> Frame[Consented[P], Features]:
    """`sleep_minutes[stages]`, `sleep_onset`, `sleep_offset` (min after local midnight of the day; before it negative),
    `sleep_efficiency` (% of the time in bed), `waso` (minutes awake between onset and offset), and `sleep_minutes[vendor]`, the
    vendor's own total for nights that end on the day; `sleep_midpoint` (mean of onset and offset), `naps` and `nap_minutes`: the other
    sleeps of the same device with at least 15 minutes asleep, from 18:00 on the evening before to 18:00.

    Coverage: share of the time in bed that carries a label other than in bed. Missing as `no_data` if the night holds no row of
    sleep (in bed only), as `not_worn` if a watch that was not worn cut it short; efficiency and waso also if nothing tells time awake
    from sleep: neither a row awake or in bed nor a gap.
    Rows that end before they start or last over 24 hours are set aside.
    """
    return observations.derive(Features, nights(observations.data, devices, hours.data))


def nights(observations: pl.DataFrame, devices: DeviceTrust = TODAY, hours: pl.DataFrame | None = None) -> pl.DataFrame:
    """The rows of `nightly_sleep`, sorted by key; without `hours` (rows of `LiveHours`) no night is held for not worn."""
    rows = of_codes(observations, SLEEP_CODES)
    staged = _nights(rows.filter((pl.col("code") == "sleep_stage") & pl.col("value_code").is_in(list(_KINDS))), devices)
    vendor = _vendor(rows.filter(pl.col("code") == "sleep_minutes"), devices)
    cut = _cut_short(staged, LiveHours.empty() if hours is None else hours)
    return pl.concat([_features(staged, cut), vendor]).sort("person", "day", "feature")


def _night_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Sound rows, with the day of the night to which they belong: their own or the next."""
    length = pl.col("end_at") - pl.col("start_at")
    middle = pl.col("start_at").dt.replace_time_zone(None) + length / 2 + pl.duration(minutes=pl.col("offset_minutes").cast(pl.Int64))
    night = (middle + pl.duration(minutes=1440 - EVENING_MINUTES)).dt.date()
    sound = (length > pl.duration(minutes=0)) & (length <= pl.duration(hours=LONGEST_HOURS))
    near = (pl.col("night") - pl.col("day")).dt.total_days().is_in([0, 1])
    return rows.filter(sound).with_columns(night=night).filter(near)


def _nights(rows: pl.DataFrame, devices: DeviceTrust) -> pl.DataFrame:
    """One row a person and night: the chosen device's main sleep."""
    rows = _night_of(rows).with_columns(
        devices.of("sleep_stage"), kind=pl.col("value_code").replace_strict(_KINDS, return_dtype=pl.Int8),
        start=pl.col("start_at").to_physical(), end=pl.col("end_at").to_physical(),
    ).sort("person", "night", "device", "trust", "start", "end", "kind", "offset_minutes")  # fmt: skip
    group = rows.select(pl.struct("person", "night", "device", "trust").rle_id()).to_series().to_numpy()
    sleeps = _main_sleeps(group, *(rows.get_column(name).to_numpy() for name in ("kind", "start", "end", "offset_minutes")))
    nights = (
        rows.group_by("person", "night", "device", "trust", maintain_order=True)
        .agg(staged=pl.col("value_code").is_in(STAGED).any(), known=(pl.col("kind") != _IN_BED).any())
        .hstack([pl.Series(name, sleeps[:, n].copy()) for n, name in enumerate(_MEASURED)])
    )
    order = ["person", "night", "staged", "known", "trust", "asleep", "device"]
    down = [False, False, True, True, True, True, False]
    return nights.sort(order, descending=down).group_by("person", "night", maintain_order=True).first()


def _cut_short(nights: pl.DataFrame, hours: pl.DataFrame) -> NDArray[np.bool_]:
    """Which nights are short because nothing was worn: see above, "Whether it was worn"."""
    asleep, begin, end = (nights.get_column(name).to_numpy() for name in ("asleep", "clock_onset", "clock_offset"))
    cut = np.zeros(len(asleep), np.bool_)
    short = np.flatnonzero((asleep > 0) & (asleep < LEAST_ASLEEP_US))
    if len(short) and hours.height:
        first, last = begin[short] // _HOUR_US, (end[short] - 1) // _HOUR_US
        person = nights.get_column("person").gather(short)
        alive = {n: _alive(person, (last if n > 0 else first) + n, hours) for n in range(-SILENT_HOURS, SILENT_HOURS + 1) if n}
        before, after = (~np.any([alive[way * n] for n in range(1, SILENT_HOURS + 1)], axis=0) for way in (-1, 1))
        cut[short] = _alive(person, first, hours) & _alive(person, last, hours) & (before | after)
    return cut


def _alive(person: pl.Series, hour: NDArray[np.int64], hours: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether there was a sign of life of these people in these hours of the local clock since 1970."""
    asked = pl.DataFrame({"person": person, "day": pl.Series((hour // 24).astype(np.int32)).cast(pl.Date)})
    bits = asked.join(hours, on=["person", "day"], how="left", maintain_order="left").get_column("alive").fill_null(0).to_numpy()
    return np.asarray((bits >> (hour % 24)) & 1, dtype=np.bool_)


def _features(nights: pl.DataFrame, cut: NDArray[np.bool_]) -> pl.DataFrame:
    """The named features, computed in NumPy: polars divides by a constant inexactly in frames of more than one row."""
    bed_start, bed_end, onset, offset, asleep, marked, clock_onset, clock_offset, told, naps, napped = (
        nights.get_column(name).to_numpy() for name in _MEASURED
    )
    midnight = nights.get_column("night").to_physical().to_numpy().astype(np.int64) * (1440 * _MINUTE_US)
    slept = (asleep > 0) & ~cut
    awake = offset - onset - asleep
    told = slept & ((told > 0) | (awake > 0))
    measures = (
        ("sleep_minutes[stages]", asleep / _MINUTE_US, "min", slept),
        ("sleep_onset", (clock_onset - midnight) / _MINUTE_US, "min", slept),
        ("sleep_offset", (clock_offset - midnight) / _MINUTE_US, "min", slept),
        ("sleep_efficiency", 100.0 * asleep / (bed_end - bed_start), "%", told),
        ("waso", awake / _MINUTE_US, "min", told),
        ("sleep_midpoint", ((clock_onset - midnight) + (clock_offset - midnight)) / (2 * _MINUTE_US), "min", slept),
        ("naps", naps.astype(np.float64), "{naps}", slept),
        ("nap_minutes", napped / _MINUTE_US, "min", slept),
    )
    keys = nights.select("person", day="night").with_columns(coverage=pl.Series(marked / (bed_end - bed_start), dtype=pl.Float64))
    return pl.concat([
        keys.with_columns(
            pl.Series("value", np.where(known, value, np.nan), dtype=pl.Float64).fill_nan(None),
            pl.Series("missing", np.where(cut, "not_worn", np.where(known, "", "no_data")), dtype=pl.String),
            feature=pl.lit(name), unit=pl.lit(unit),
        ).select("person", "day", "feature", "value", "unit", "coverage", "missing")
        for name, value, unit, known in measures
    ])  # fmt: skip


def _vendor(rows: pl.DataFrame, devices: DeviceTrust) -> pl.DataFrame:
    """The vendor's total of the most trusted device: sleeps of one night summed. A row without an interval belongs to its own day."""
    point = rows.filter(pl.col("end_at") == pl.col("start_at")).with_columns(night="day")
    bounds = CODES["sleep_minutes"]
    sound = pl.concat([_night_of(rows), point]).filter(pl.col("value").is_between(bounds.low, bounds.high))
    best = (
        sound.with_columns(devices.of("sleep_minutes")).sort("person", "night", "device", "start_at", "row")
        .group_by("person", "night", "trust", "device", maintain_order=True).agg(pl.col("value").sum())
        .sort("person", "night", "trust", "value", "device", descending=[False, False, True, True, False])
        .group_by("person", "night", maintain_order=True).first()
    )  # fmt: skip
    long = pl.col("value") > 60.0 * LONGEST_HOURS
    return best.select(
        "person", day="night", feature=pl.lit("sleep_minutes[vendor]"), value=pl.when(~long).then("value"), unit=pl.lit("min"),
        coverage=pl.when(long).then(0.0).otherwise(1.0), missing=pl.when(long).then(pl.lit("implausible")).otherwise(pl.lit("")),
    )  # fmt: skip


@njit(cache=True)
def _main_sleeps(group, kind, start, end, zone):  # type: ignore[no-untyped-def]
    """For each group of rows sorted by start: bed start, bed end, onset, offset, asleep, marked (us), onset and offset in local clock
    time (us), and whether a row says awake or in bed, of the sleep with most time asleep (the first of equals); number of the others
    that are naps, and their time asleep (us)."""
    best = np.full((group[-1] + 1 if len(group) else 0, 11), -1, np.int64)
    best[:, 9:] = 0
    first, latest = 0, np.int64(0)
    for i in range(len(group) + 1):
        if i > 0 and (i == len(group) or group[i] != group[i - 1] or start[i] - latest >= PAUSE_US):
            found = _one_sleep(kind[first:i], start[first:i], end[first:i], zone[first:i])
            mine = best[group[i - 1]]
            shorter = min(found[4], mine[4])
            if found[4] > mine[4]:
                mine[:9] = found
            if shorter >= LEAST_NAP_US:
                mine[9] += 1
                mine[10] += shorter
            first = i
        if i < len(group):
            latest = end[i] if i == first else max(latest, end[i])
    return best


@njit(cache=True)
def _one_sleep(kind, start, end, zone):  # type: ignore[no-untyped-def]
    """Sweep over the edges of one sleep's rows: asleep wins over in bed, awake over asleep."""
    n = len(kind)
    by_start, by_end = np.argsort(start, kind="mergesort"), np.argsort(end, kind="mergesort")
    open_rows = np.zeros(3, np.int64)
    onset = offset = np.int64(-1)
    asleep = marked = np.int64(0)
    i = j = 0
    now = start[by_start[0]]
    while j < n:
        then = min(start[by_start[i]], end[by_end[j]]) if i < n else end[by_end[j]]
        sleeping = open_rows[_ASLEEP] > 0 and open_rows[_AWAKE] == 0
        if then > now:
            marked += then - now if open_rows[_ASLEEP] + open_rows[_AWAKE] > 0 else 0
            if sleeping:
                asleep += then - now
                onset = now if onset < 0 else onset
                offset = then
        now = then
        if i < n and start[by_start[i]] == now:
            open_rows[kind[by_start[i]]] += 1
            i += 1
        else:
            open_rows[kind[by_end[j]]] -= 1
            j += 1
    told = np.int64((kind != _ASLEEP).any())
    clock_onset, clock_offset = _clock(onset, onset, kind, start, end, zone), _clock(offset, offset - 1, kind, start, end, zone)
    return np.array([start[by_start[0]], end[by_end[n - 1]], onset, offset, asleep, marked, clock_onset, clock_offset, told])


@njit(cache=True)
def _clock(instant, within, kind, start, end, zone):  # type: ignore[no-untyped-def]
    """Local clock time of an instant by the first row of sleep that holds it."""
    for i in range(len(kind)):
        if kind[i] == _ASLEEP and start[i] <= within < end[i]:
            return instant + zone[i] * np.int64(_MINUTE_US)
    return np.int64(-1)
