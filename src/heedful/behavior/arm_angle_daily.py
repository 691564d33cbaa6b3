"""The night by the angle of the arm: van Hees' sleep period and sustained inactivity, from raw accelerometers (code `arm_angle`).

Which night. From noon of the day before to noon of the day, by the local clock; no diary is needed. Of several devices the most trusted one
(`devices`), then the one with most epochs, then the first by name. Of the 24 hours 16 or more must be known, as GGIR asks by default
(`includenightcrit`), else the night is `too_short`; so it is where nothing lies still for more than half an hour.

Epochs follow each other as time does: where the clock was changed in between, from noon to noon lie 23 or 25 hours, durations count what
passed, and onset and offset say what the clock said.

A device that lies on a table is still too. Where the angle stays within one degree for three hours or more, and that is half of the period
found or more, the night is `not_worn`: a rule of heedful, for sources keep no sample of which GGIR's rule could be asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.actigraphy.recordings import SLEEP, Floats, RecordingError
from heedful.behavior.actigraphy.van_hees import EPOCH_SECONDS, sleep_period, sustained_inactivity
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

CODE = "arm_angle"
DAY = 86_400 // EPOCH_SECONDS
"""Epochs from noon to noon."""
NOON = DAY // 2
LEAST_SHARE = 16 / 24
FLAT_DEGREES, FLAT_HOURS = 1.0, 3
_HOUR = 3_600 // EPOCH_SECONDS
Integers = NDArray[np.int64]
NAMES = ("sleep_period_minutes", "sleep_minutes", "sleep_onset", "sleep_offset", "waso")


@derivation(
    reads=(Observations,), writes=Features, by=("person", "day"), lookback=1, needs=("devices",), only={"observations": (CODE,)}, version=1
)
def arm_angle_sleep(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`sleep_period_minutes[van_hees]`, `sleep_minutes[van_hees]`, `sleep_onset[van_hees]`, `sleep_offset[van_hees]` and `waso[van_hees]`
    (min; onset and offset after the day's local midnight) of each day with angles between noon before and noon.

    Coverage: share of the hours from noon to noon whose angle is known.
    """
    rows = of_codes(observations.data, (CODE,))
    if rows.is_empty():
        return observations.derive(Features, Features.empty())
    made = [row for night in _nights(rows, devices) for row in _features(*night)]
    return observations.derive(Features, pl.DataFrame(made, schema=Features.dtypes(), orient="row").sort("person", "day", "feature"))


def _nights(rows: pl.DataFrame, devices: DeviceTrust) -> Iterator[tuple[str, object, Floats, Integers]]:
    """Person, day, and of the chosen device from noon before on the angle of each epoch, NaN where there is none, and what the clock said
    then (epochs after midnight)."""
    bounds = CODES[CODE]
    epoch = pl.col("start_at").dt.epoch("us") // (EPOCH_SECONDS * 1_000_000)
    shift = pl.col("offset_minutes").cast(pl.Int64) * (60 // EPOCH_SECONDS)
    place = epoch + shift - pl.col("day").to_physical().cast(pl.Int64) * DAY
    placed = rows.filter(pl.col("value").is_between(bounds.low, bounds.high)).select(
        "person", "device", "start_at", "row", "value", "day", devices.of(CODE), epoch=epoch, shift=shift, place=place
    ).filter(pl.col("place").is_between(0, DAY - 1)).with_columns(
        day=pl.when(pl.col("place") >= NOON).then(pl.col("day").dt.offset_by("1d")).otherwise("day"),
        clock=(pl.col("place") + NOON) % DAY - NOON,
    )  # fmt: skip
    key = ["person", "day"]
    best = (
        placed.group_by(*key, "trust", "device").len().sort(*key, "trust", "len", "device", descending=[False, False, True, True, False])
        .group_by(key, maintain_order=True).first().select(*key, "trust", "device")
    )  # fmt: skip
    mine = placed.join(best, on=[*key, "trust", "device"]).sort(*key, "start_at", "row")
    for (person, day), night in mine.group_by(key, maintain_order=True):
        at, shifts, said = (night.get_column(name).to_numpy() for name in ("epoch", "shift", "clock"))
        since = at - at[0] + said[0] + NOON
        length = max(DAY + int(shifts[0] - shifts[-1]), int(since[-1]) + 1)
        angle, clock = np.full(length, np.nan), np.zeros(length, np.int64)
        angle[since], clock[since] = night.get_column("value").to_numpy(), said
        yield str(person), day, angle, clock


def _features(person: str, day: object, angle: Floats, clock: Integers) -> Iterator[tuple[object, ...]]:
    known = float(np.isfinite(angle).mean())
    found, reason = _sleep(angle, clock) if known >= LEAST_SHARE else (None, "too_short")
    for name in NAMES:
        yield person, day, f"{name}[van_hees]", found[name] if found else None, "min", known, reason


def _sleep(angle: Floats, clock: Integers) -> tuple[dict[str, float] | None, str]:
    """The features of a night, or why there are none."""
    try:
        period = sleep_period(angle)
    except RecordingError:
        return None, "too_short"
    asleep = sustained_inactivity(angle)[period.begin : period.end] == SLEEP if period.end > 0 else np.zeros(0, np.bool_)
    if not asleep.any():
        return None, "too_short"
    if _flat(angle)[period.begin : period.end].mean() >= 0.5:
        return None, "not_worn"
    first, last = (period.begin + int(place) for place in np.flatnonzero(asleep)[[0, -1]])
    minute = EPOCH_SECONDS / 60
    return {
        "sleep_period_minutes": (period.end - period.begin) * minute, "sleep_minutes": float(asleep.sum()) * minute,
        "sleep_onset": float(clock[first]) * minute, "sleep_offset": float(clock[last] + 1) * minute,
        "waso": (last + 1 - first - float(asleep.sum())) * minute,
    }, ""  # fmt: skip


def _flat(angle: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Epochs of stretches of whole hours in which the known angles stay within `FLAT_DEGREES` for `FLAT_HOURS` or more."""
    hours = np.concatenate([angle, np.full(-len(angle) % _HOUR, np.nan)]).reshape(-1, _HOUR)
    lowest, highest = (edge(np.where(np.isfinite(hours), hours, other), axis=1) for edge, other in ((np.min, np.inf), (np.max, -np.inf)))
    out = np.zeros(len(hours), np.bool_)
    for first in range(len(hours) - FLAT_HOURS + 1):
        within = slice(first, first + FLAT_HOURS)
        if np.isfinite(lowest[within]).all() and highest[within].max() - lowest[within].min() <= FLAT_DEGREES:
            out[within] = True
    return np.repeat(out, _HOUR)[: len(angle)]
