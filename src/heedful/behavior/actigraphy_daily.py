"""The night by actigraphy: minutes asleep from activity counts, by each published scorer under its own name.

Which night. No time in bed is known from counts, so it is fixed: from 22:00 on the evening before to 8:00 of the day, by the local clock.
An hour on both sides is read as well, for scorers look around. Of several devices the most trusted one (`devices`), then the one with
most epochs, then the first by name. Epochs are summed to minutes; longer ones leave gaps, and a night of which less than 80 % can be
scored is `too_short`.

`sleep_minutes[cole_kripke]` is the one that other parts of heedful take; Sadeh, Scripps and Oakley stand beside it because they disagree,
by an hour and more in people who lie still awake. Their weights are for counts of their own devices: compare a person with themselves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.actigraphy.cole_kripke import cole_kripke
from heedful.behavior.actigraphy.oakley import oakley
from heedful.behavior.actigraphy.recordings import MINUTE, SLEEP, UNKNOWN, Recordings, States
from heedful.behavior.actigraphy.sadeh import sadeh
from heedful.behavior.actigraphy.scripps import scripps
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

CODE = "activity_count"
SCORERS: dict[str, Callable[[Recordings], States]] = {
    "cole_kripke": cole_kripke, "sadeh": sadeh, "scripps": scripps, "oakley": oakley,
}  # fmt: skip
_EVENING, _MORNING, _MARGIN = 21 * 60, 9 * 60, 60
_LENGTH = 24 * 60 - _EVENING + _MORNING
NIGHT_MINUTES = _LENGTH - 2 * _MARGIN
LEAST_SHARE = 0.8


@derivation(
    reads=(Observations,), writes=Features, by=("person", "day"), lookback=1, needs=("devices",), only={"observations": (CODE,)}, version=2
)
def nightly_actigraphy(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`sleep_minutes[cole_kripke]`, `[sadeh]`, `[scripps]` and `[oakley]` of each day with counts between 21:00 before and 9:00.

    Coverage: share of the night's 600 minutes that the scorer could score.
    """
    nights, counts = _nights(of_codes(observations.data, (CODE,)), devices)
    if nights.is_empty():
        return observations.derive(Features, Features.empty())
    begin = np.arange(nights.height + 1, dtype=np.int64) * _LENGTH
    start = nights.get_column("night").to_physical().to_numpy().astype(np.int64) * (24 * 60 * MINUTE) - (24 * 60 - _EVENING) * MINUTE
    held = Recordings(counts.reshape(-1), begin, start, MINUTE)
    parts = [_rows(nights, name, score(held).state.reshape(-1, _LENGTH)) for name, score in SCORERS.items()]
    return observations.derive(Features, pl.concat(parts).sort("person", "day", "feature"))


def _nights(rows: pl.DataFrame, devices: DeviceTrust) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """Person and night, and the chosen device's counts of its minutes from 21:00 on; NaN where there are none."""
    bounds = CODES[CODE]
    local = (pl.col("start_at").dt.epoch("us") // 60_000_000 + pl.col("offset_minutes")) - pl.col("day").to_physical().cast(pl.Int64) * 1440
    late = pl.col("local") >= _EVENING
    length = pl.col("end_at") - pl.col("start_at")
    placed = rows.filter(pl.col("value").is_between(bounds.low, bounds.high) & (length <= pl.duration(minutes=1))).select(
        "person", "device", "value", devices.of(CODE), "day", local=local
    ).filter(pl.col("local").is_between(0, 1439) & (late | (pl.col("local") < _MORNING))).with_columns(
        night=pl.when(late).then(pl.col("day").dt.offset_by("1d")).otherwise("day"),
        minute=pl.when(late).then(pl.col("local") - _EVENING).otherwise(pl.col("local") + 1440 - _EVENING),
    )  # fmt: skip
    night = ["person", "night"]
    down = [False, False, True, True, False]
    chosen = (
        placed.group_by(*night, "trust", "device").len().sort(*night, "trust", "len", "device", descending=down)
        .group_by(night, maintain_order=True).first().with_row_index("place")
    )  # fmt: skip
    mine = placed.join(chosen.select(*night, "trust", "device", "place"), on=[*night, "trust", "device"])
    minutes = mine.group_by("place", "minute").agg(
        pl.col("value").sort().sum()
    )  # fmt: skip
    counts = np.full((chosen.height, _LENGTH), np.nan)
    counts[minutes.get_column("place").to_numpy(), minutes.get_column("minute").to_numpy()] = minutes.get_column("value").to_numpy()
    return chosen, counts


def _rows(nights: pl.DataFrame, name: str, state: NDArray[np.int8]) -> pl.DataFrame:
    within = state[:, _MARGIN : _MARGIN + NIGHT_MINUTES]
    share = (within != UNKNOWN).mean(axis=1)
    enough = share >= LEAST_SHARE
    slept = np.where(enough, (within == SLEEP).sum(axis=1), np.nan)
    return nights.select(
        "person", day="night", feature=pl.lit(f"sleep_minutes[{name}]"), value=pl.Series(slept, dtype=pl.Float64).fill_nan(None),
        unit=pl.lit("min"), coverage=pl.Series(share, dtype=pl.Float64),
        missing=pl.Series(np.where(enough, "", "too_short"), dtype=pl.String),
    )  # fmt: skip
