"""What a day held of the heart: resting rate by two definitions, and the mean rate.

``resting_heart_rate[nightsignal]`` is the nightly value of NightSignal (Alavi et al. 2022, Nature Medicine 28:175): the mean of the
rates between 0 and 7 o'clock local time, minutes with steps left out, each rate and the mean cut to a whole number. Where it departs:
the published program drops all of an Apple Watch's day on which no step was counted at all; such a night is kept here.

``resting_heart_rate[vendor]`` is what the most trusted device last stated for the day; vendors do not publish how.

``heart_rate_mean`` is the mean of minute means, so that a workout sampled every second weighs no more than its minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.feature_rows import IMPLAUSIBLE, NO_DATA, SAID, TOO_SHORT, FeatureColumn
from heedful.behavior.minutes import ANY_RATE, FIXED, MINUTES_A_DAY, MOVED, NIGHT_MINUTES, Minutes
from heedful.core.codes import CODES

VENDOR_CODE = "resting_heart_rate"
LEAST_MINUTES = 10


def heart_sums(held: Minutes) -> dict[str, NDArray[Any]]:
    """Of each person-day: quiet night rates (mean cut to a whole number, number, share of the night), mean of minute means, minutes
    with a rate and their share of the day."""
    night_sum, night_rates, night_minutes, mean, counted = _rates(
        held.begin, held.beats, held.beat_count, held.night, held.night_count, held.signs
    )
    quiet, share = np.minimum(night_minutes / NIGHT_MINUTES, 1.0), np.minimum(counted / MINUTES_A_DAY, 1.0)
    night = night_sum // np.maximum(night_rates, 1)
    return {"night": night, "night_rates": night_rates, "quiet": quiet, "mean": mean, "minutes": counted, "share": share}


def heart_features(sums: Mapping[str, NDArray[Any]]) -> list[FeatureColumn]:
    """`resting_heart_rate[nightsignal]` and `heart_rate_mean` of every person-day with heart rates, from `seen` and what `heart_sums` says.

    Coverage of the nightly value: minutes with a rate and without steps, of the 420; of the mean: minutes with a rate, of the 1440.
    With rates but none in a quiet minute of the night the nightly value is missing as `no_data`; with fewer than 10 minutes the mean
    is `too_short`; where all rates are implausible both are `implausible`.
    """
    rated = sums["seen"] & ANY_RATE > 0
    none, few = sums["minutes"] == 0, sums["minutes"] < LEAST_MINUTES
    night = np.select([none, sums["night_rates"] == 0], [IMPLAUSIBLE, NO_DATA], SAID)
    mean = np.select([none, few], [IMPLAUSIBLE, TOO_SHORT], SAID)
    return [
        FeatureColumn("resting_heart_rate[nightsignal]", "/min", sums["night"], sums["quiet"], night, rated),
        FeatureColumn("heart_rate_mean", "/min", sums["mean"], sums["share"], mean, rated),
    ]


def vendor_resting_rate(stated: pl.DataFrame, devices: DeviceTrust = TODAY) -> pl.DataFrame:
    """`resting_heart_rate[vendor]` from observations of that code: the last value of the most trusted device.

    An implausible value gives way to any sound one; where none is sound the feature is missing as `implausible`.
    """
    bounds = CODES[VENDOR_CODE]
    sound = pl.col("value").is_between(bounds.low, bounds.high).fill_null(value=False)
    order = ["sound", "trust", "end_at", "start_at", "device", "row", "value"]
    best = (
        stated.with_columns(devices.of(VENDOR_CODE), sound=sound)
        .sort("person", "day", *order).group_by("person", "day", maintain_order=True).last()
    )  # fmt: skip
    return best.select(
        "person", "day", feature=pl.lit("resting_heart_rate[vendor]"), value=pl.when("sound").then("value"), unit=pl.lit("/min"),
        coverage=pl.when("sound").then(1.0).otherwise(0.0), missing=pl.when("sound").then(pl.lit("")).otherwise(pl.lit("implausible")),
    )  # fmt: skip


@njit(cache=True)
def _rates(begin, beats, beat_count, night, night_count, signs):  # type: ignore[no-untyped-def]
    """Of each person-day: quiet night rates (sum, number, minutes), mean of minute means, minutes with a rate."""
    days = len(begin) - 1
    night_sum, night_rates, night_minutes = np.zeros(days, np.int64), np.zeros(days, np.int64), np.zeros(days, np.int64)
    mean, counted = np.zeros(days, np.float64), np.zeros(days, np.int64)
    for d in range(days):
        for m in range(begin[d], begin[d + 1]):
            if beat_count[m] == 0:
                continue
            counted[d] += 1
            # of one rate, as mostly, the division is exact: a product is quicker and the same
            mean[d] += beats[m] * (1 / FIXED) if beat_count[m] == 1 else beats[m] / (beat_count[m] * FIXED)
            if night_count[m] > 0 and not signs[m] & MOVED:
                night_sum[d] += night[m]
                night_rates[d] += night_count[m]
                night_minutes[d] += 1
        mean[d] /= max(counted[d], 1)
    return night_sum, night_rates, night_minutes, mean, counted
