"""What a day held of the heart: resting rate by four definitions, and the mean rate.

``resting_heart_rate[nightsignal]`` is the nightly value of NightSignal (Alavi et al. 2022, Nature Medicine 28:175): the mean of the
rates between 0 and 7 o'clock local time, minutes with steps left out, each rate and the mean cut to a whole number. Where it departs:
the published program drops all of an Apple Watch's day on which no step was counted at all; such a night is kept here.

``resting_heart_rate[vendor]`` is what the most trusted device last stated for the day; vendors do not publish how.

``day_resting_heart_rate[rhrad]`` and ``[rhr_diff]`` are those of the whole day by the two rules of Mishra et al. 2020 (Nat Biomed Eng
4:1208), which `resting_rates` tells of a person's whole history. Here each day is taken alone, so that its value follows from its own rows:
smoothing begins anew with each day, where the published programs reach into the day before. A minute is walked if a row of steps above
zero and of at most 15 minutes lies in it, measured if it has a heart rate. They are not named as the nightly value is, and not judged
beside it (`change`): they say nearly the same.

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
from heedful.behavior.minutes import ANY_RATE, ANY_STEPS, FIXED, MINUTES_A_DAY, MOVED, NIGHT_MINUTES, Minutes
from heedful.core.codes import CODES

VENDOR_CODE = "resting_heart_rate"
LEAST_MINUTES = 10
STILL_MINUTES, REST_SMOOTHING = 12, 400
"""RHR-AD: measured minutes without a step that make rest, and how many resting minutes are averaged."""
DIFF_SMOOTHING, DIFF_REST = 10, 10
"""RHR-Diff: minutes that are averaged, and minutes left out after one with steps."""
DAY_RULES = ("rhrad", "rhr_diff")


def heart_sums(held: Minutes) -> dict[str, NDArray[Any]]:
    """Of each person-day: quiet night rates (mean cut to a whole number, number, share of the night), mean of minute means, minutes
    with a rate and their share of the day; by RHR-AD and RHR-Diff the resting rate and the share of the day that was averaged."""
    night_sum, night_rates, night_minutes, mean, counted, total, rests = _rates(
        held.begin, held.beats, held.beat_count, held.night, held.night_count, held.signs
    )
    resting = total / (np.maximum(rests, 1) * np.array([REST_SMOOTHING * FIXED, DIFF_SMOOTHING * FIXED]))
    averaged = np.where(rests > 0, rests + np.array([REST_SMOOTHING - 1, 0]), 0)
    rested = np.minimum(averaged / MINUTES_A_DAY, 1.0)
    quiet, share = np.minimum(night_minutes / NIGHT_MINUTES, 1.0), np.minimum(counted / MINUTES_A_DAY, 1.0)
    night = night_sum // np.maximum(night_rates, 1)
    return {
        "night": night, "night_rates": night_rates, "quiet": quiet, "mean": mean, "minutes": counted, "share": share,
        "rhrad": resting[:, 0], "rhr_diff": resting[:, 1], "rhrad_share": rested[:, 0], "rhr_diff_share": rested[:, 1],
    }  # fmt: skip


def heart_features(sums: Mapping[str, NDArray[Any]]) -> list[FeatureColumn]:
    """`resting_heart_rate[nightsignal]`, `day_resting_heart_rate[rhrad]`, `[rhr_diff]` and `heart_rate_mean` of every person-day with heart
    rates, from `seen` and what `heart_sums` says.

    Coverage of the nightly value: minutes with a rate and without steps, of the 420; of the others: minutes that were averaged, of the
    1440. With rates but none in a quiet minute of the night the nightly value is missing as `no_data`; with fewer than 10 minutes the mean
    is `too_short`. The day's resting rates are `no_data` without a row of steps, for nobody knows then when there was rest, and `too_short`
    where too few minutes of it are there to be smoothed. Where all rates are implausible all are `implausible`.
    """
    rated = sums["seen"] & ANY_RATE > 0
    none, few = sums["minutes"] == 0, sums["minutes"] < LEAST_MINUTES
    night = np.select([none, sums["night_rates"] == 0], [IMPLAUSIBLE, NO_DATA], SAID)
    mean = np.select([none, few], [IMPLAUSIBLE, TOO_SHORT], SAID)
    unknown = sums["seen"] & ANY_STEPS == 0
    rests = [np.select([none, unknown, sums[f"{rule}_share"] == 0], [IMPLAUSIBLE, NO_DATA, TOO_SHORT], SAID) for rule in DAY_RULES]
    return [
        FeatureColumn("resting_heart_rate[nightsignal]", "/min", sums["night"], sums["quiet"], night, rated),
        FeatureColumn("heart_rate_mean", "/min", sums["mean"], sums["share"], mean, rated),
        *(
            FeatureColumn(f"day_resting_heart_rate[{rule}]", "/min", sums[rule], sums[f"{rule}_share"], why, rated)
            for rule, why in zip(DAY_RULES, rests, strict=True)
        ),
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
    """Of each person-day: quiet night rates (sum, number, minutes), mean of minute means, minutes with a rate; by RHR-AD and RHR-Diff the
    sum of the sums over the smoothing (2^-20), and how many there are. One pass for all: each would read all minutes again."""
    days = len(begin) - 1
    night_sum, night_rates, night_minutes = np.zeros(days, np.int64), np.zeros(days, np.int64), np.zeros(days, np.int64)
    mean, counted = np.zeros(days, np.float64), np.zeros(days, np.int64)
    total, resting = np.zeros((days, 2), np.int64), np.zeros((days, 2), np.int64)
    longest = 0
    for d in range(days):
        longest = max(longest, begin[d + 1] - begin[d])
    rate, rested = np.zeros(longest, np.int64), np.zeros(longest, np.int64)
    for d in range(days):
        first, since = begin[d], DIFF_REST + 1
        measured = run = still = rests = smoothed = 0
        sum_all = of_run = of_rest = diff_sum = rest_sum = quiet_sum = quiet_rates = quiet_minutes = np.int64(0)
        for m in range(first, begin[d + 1]):
            moved = signs[m] & MOVED
            since = 0 if moved else since + 1
            n = beat_count[m]
            if n == 0:
                run, of_run = 0, np.int64(0)
                continue
            value = beats[m] if n == 1 else (beats[m] + n // 2) // n
            measured += 1
            sum_all += value
            # RHR-Diff: mean over ten minutes without a gap, left out in the ten after steps
            rate[m - first] = value
            run += 1
            of_run += value
            if run > DIFF_SMOOTHING:
                of_run -= rate[m - first - DIFF_SMOOTHING]
            if run >= DIFF_SMOOTHING and since > DIFF_REST:
                diff_sum += of_run
                smoothed += 1
            if moved:
                still = 0
                continue
            if night_count[m] > 0:
                quiet_sum += night[m]
                quiet_rates += night_count[m]
                quiet_minutes += 1
            # RHR-AD: mean over 400 minutes that each end twelve measured ones without a step
            still += 1
            if still >= STILL_MINUTES:
                rested[rests] = value
                of_rest += value
                rests += 1
                if rests >= REST_SMOOTHING:
                    if rests > REST_SMOOTHING:
                        of_rest -= rested[rests - 1 - REST_SMOOTHING]
                    rest_sum += of_rest
        night_sum[d], night_rates[d], night_minutes[d] = quiet_sum, quiet_rates, quiet_minutes
        mean[d], counted[d] = sum_all / (max(measured, 1) * FIXED), measured
        total[d, 0], resting[d, 0] = rest_sum, max(0, rests - REST_SMOOTHING + 1)
        total[d, 1], resting[d, 1] = diff_sum, smoothed
    return night_sum, night_rates, night_minutes, mean, counted, total, resting
