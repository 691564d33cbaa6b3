"""The night by the angle of the arm: van Hees' sleep period and sustained inactivity, from raw accelerometers (code `arm_angle`).

Which night. From noon of the day before to noon of the day, by the local clock; no diary is needed. Of several devices the most trusted one
(`devices`), then the one with most epochs, then the first by name. Of the 24 hours 16 or more must be known, as GGIR asks by default
(`includenightcrit`), else the night is `too_short`; so it is where nothing lies still for more than half an hour.

A device that lies on a table is still too. Where the angle stays within one degree for three hours or more, and that is half of the period
found or more, the night is `not_worn`: a rule of heedful, for sources keep no sample of which GGIR's rule could be asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

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
NAMES = ("sleep_period_minutes", "sleep_minutes", "sleep_onset", "sleep_offset", "waso")


@derivation(
    reads=(Observations,), writes=Features, by=("person", "day"), lookback=1, needs=("devices",), only={"observations": (CODE,)}, version=1
)
def arm_angle_sleep(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`sleep_period_minutes[van_hees]`, `sleep_minutes[van_hees]`, `sleep_onset[van_hees]`, `sleep_offset[van_hees]` and `waso[van_hees]`
    (min; onset and offset after the day's local midnight) of each day with angles between noon before and noon.

    Coverage: share of the 24 hours whose angle is known.
    """
    rows = of_codes(observations.data, (CODE,))
    if rows.is_empty():
        return observations.derive(Features, Features.empty())
    made = [row for person, day, angle in _nights(rows, devices) for row in _features(person, day, angle)]
    return observations.derive(Features, pl.DataFrame(made, schema=Features.dtypes(), orient="row").sort("person", "day", "feature"))


def _nights(rows: pl.DataFrame, devices: DeviceTrust) -> Iterator[tuple[str, object, Floats]]:
    """Person, day and the chosen device's angles from noon before on; NaN where there are none."""
    bounds = CODES[CODE]
    local = (pl.col("start_at").dt.epoch("us") + pl.col("offset_minutes").cast(pl.Int64) * 60_000_000) // (EPOCH_SECONDS * 1_000_000)
    place = local - pl.col("day").to_physical().cast(pl.Int64) * DAY
    placed = rows.filter(pl.col("value").is_between(bounds.low, bounds.high)).select(
        "person", "device", "start_at", "row", "value", "day", devices.of(CODE), place=place
    ).filter(pl.col("place").is_between(0, DAY - 1)).with_columns(
        day=pl.when(pl.col("place") >= NOON).then(pl.col("day").dt.offset_by("1d")).otherwise("day"), place=(pl.col("place") + NOON) % DAY,
    )  # fmt: skip
    key = ["person", "day"]
    best = (
        placed.group_by(*key, "trust", "device").len().sort(*key, "trust", "len", "device", descending=[False, False, True, True, False])
        .group_by(key, maintain_order=True).first().select(*key, "trust", "device")
    )  # fmt: skip
    mine = placed.join(best, on=[*key, "trust", "device"]).sort(*key, "start_at", "row")
    for (person, day), night in mine.group_by(key, maintain_order=True):
        angle = np.full(DAY, np.nan)
        angle[night.get_column("place").to_numpy()] = night.get_column("value").to_numpy()
        yield str(person), day, angle


def _features(person: str, day: object, angle: Floats) -> Iterator[tuple[object, ...]]:
    known = float(np.isfinite(angle).mean())
    found, reason = _sleep(angle) if known >= LEAST_SHARE else (None, "too_short")
    for name in NAMES:
        yield person, day, f"{name}[van_hees]", found[name] if found else None, "min", known, reason


def _sleep(angle: Floats) -> tuple[dict[str, float] | None, str]:
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
    still = np.flatnonzero(asleep)
    minute = EPOCH_SECONDS / 60
    onset, offset = (period.begin + int(place) - NOON for place in (still[0], still[-1] + 1))
    return {
        "sleep_period_minutes": (period.end - period.begin) * minute, "sleep_minutes": float(asleep.sum()) * minute,
        "sleep_onset": onset * minute, "sleep_offset": offset * minute, "waso": (offset - onset - float(asleep.sum())) * minute,
    }, ""  # fmt: skip


def _flat(angle: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Epochs of stretches of whole hours in which the known angles stay within `FLAT_DEGREES` for `FLAT_HOURS` or more."""
    hours = angle.reshape(-1, _HOUR)
    lowest, highest = (edge(np.where(np.isfinite(hours), hours, other), axis=1) for edge, other in ((np.min, np.inf), (np.max, -np.inf)))
    out = np.zeros(len(hours), np.bool_)
    for first in range(len(hours) - FLAT_HOURS + 1):
        within = slice(first, first + FLAT_HOURS)
        if np.isfinite(lowest[within]).all() and highest[within].max() - lowest[within].min() <= FLAT_DEGREES:
            out[within] = True
    return np.repeat(out, _HOUR)
