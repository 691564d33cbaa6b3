"""What a day held of walking: steps, active minutes and wear time; two devices never count a step twice.

Rule ``steps[sum]`` (*per minute the most trusted device*):

1. Devices have a declared order of trust: watch, band or ring over phone over others; what a person entered by hand comes last.
   Between equals the first by name counts.
2. Every minute belongs to the most trusted device that has steps in it. A zero claims a minute only if a heart rate was measured in
   it: otherwise a device that lies on the table cannot be told from one that is worn.
3. A row of several minutes is spread evenly over its interval; the share that lies in minutes of its own device counts.
4. Hourly sums (whole local hours) and daily sums (20 hours or more) mostly repeat finer rows. They are used only if no device of the
   same or higher trust reported finer ones on that day; then of the most trusted device all hours, or its largest daily sum.
5. A row that crosses midnight counts for the day on which it starts.

Active minutes are those with at least 60 counted steps (a cadence of purposeful walking: Tudor-Locke and Rowe 2012, Sports Med 42:381),
minutes of moderate to vigorous activity (MVPA) those with at least 100 (Tudor-Locke et al. 2018, Br J Sports Med 52:776). The peak cadence
over 30 minutes is the mean of the day's 30 minutes with most steps, which need not follow each other. Sedentary are minutes of wear
outside 0 to 7 o'clock local time in which no step counts: sitting, standing still and naps are not told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.devices import PHONE, SELF_REPORTED, STEP
from heedful.behavior.feature_rows import IMPLAUSIBLE, NO_DATA, NOT_WORN, SAID, TOO_SHORT, FeatureColumn
from heedful.behavior.minutes import (
    ANY_STEPS,
    DAILY,
    FINE,
    FIXED,
    HOURLY,
    MINUTE_US,
    MINUTES_A_DAY,
    NIGHTLY,
    SOUND_STEPS,
    Minutes,
    last_minute,
)
from heedful.behavior.wear import LEAST_WEAR_MINUTES, NON_WEAR_MINUTES, wear_minutes

ACTIVE_CADENCE, MODERATE_CADENCE = 60, 100
MVPA_BOUT, SEDENTARY_BOUT, PEAK_MINUTES = 10, 30, 30
LEAST_VALID_WEAR = 600
"""Minutes of wear of a day of which sitting can be told: ten hours (Troiano et al. 2008)."""
_WALKED = ("active", "mvpa", "mvpa_bouts", "peak", "peak_minute", "still", "still_bouts", "still_longest")


def activity_sums(held: Minutes, trust_of_rank: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """Of each person-day: steps, `level` of the rows that they come from, steps that a phone or the person counted (`carried`), share of
    the day that hourly or daily sums cover, minutes of wear and their share of the day; and of its minutes: `active` and `mvpa`, those of
    MVPA in bouts of 10 or more, `peak` cadence over 30 and over one, sedentary ones (`still`), their bouts of 30 or more, the longest."""
    steps, level, walked, carried, covered = _steps(held, trust_of_rank)
    wear = wear_minutes(held.signs, held.begin)
    return {
        "steps": steps / FIXED, "level": level, "carried": carried, "covered": np.minimum(covered / MINUTES_A_DAY, 1.0),
        "wear": wear, "worn": np.minimum(wear / MINUTES_A_DAY, 1.0),
    } | {name: walked[:, n] for n, name in enumerate(_WALKED)}  # fmt: skip


def activity_features(sums: Mapping[str, NDArray[Any]]) -> list[FeatureColumn]:
    """`steps[sum]`, `active_minutes`, `wear_minutes`, `mvpa_minutes[cadence_100]`, `mvpa_minutes[bouts_10]`, `cadence_peak[30]`,
    `cadence_peak[1]`, `sedentary_minutes[no_steps]`, `sedentary_bouts[no_steps_30]` and `sedentary_longest[no_steps]` of every
    person-day, from `seen` and what `activity_sums` says.

    Coverage is wear time as a share of 24 hours (of sums without finer rows: the time that they cover). Steps and active minutes are
    missing as `not_worn` if wear is under four hours and neither a phone nor the person counted any; as `no_data` without a row of
    steps; as `implausible` if every row was. What is told by the minute is `no_data` where only hourly or daily sums exist, and so is wear.
    What is sedentary is also `too_short` with under ten hours of wear.
    """
    summed = sums["level"] != FINE
    idle = ~summed & (sums["wear"] < LEAST_WEAR_MINUTES) & (sums["carried"] == 0)
    why = np.select([sums["seen"] & ANY_STEPS == 0, sums["seen"] & SOUND_STEPS == 0, idle], [NO_DATA, IMPLAUSIBLE, NOT_WORN], SAID)
    coverage = np.where(summed, sums["covered"], sums["worn"])
    active = np.where((why == SAID) & summed, NO_DATA, why)
    still = np.where((active == SAID) & (sums["wear"] < LEAST_VALID_WEAR), TOO_SHORT, active)
    unseen = np.where((sums["wear"] == 0) & summed, NO_DATA, SAID)
    return [
        FeatureColumn("steps[sum]", "{steps}", sums["steps"], coverage, why),
        FeatureColumn("active_minutes", "min", sums["active"], coverage, active),
        FeatureColumn("mvpa_minutes[cadence_100]", "min", sums["mvpa"], coverage, active),
        FeatureColumn("mvpa_minutes[bouts_10]", "min", sums["mvpa_bouts"], coverage, active),
        FeatureColumn("cadence_peak[30]", "{steps}/min", sums["peak"], coverage, active),
        FeatureColumn("cadence_peak[1]", "{steps}/min", sums["peak_minute"], coverage, active),
        FeatureColumn("sedentary_minutes[no_steps]", "min", sums["still"], coverage, still),
        FeatureColumn("sedentary_bouts[no_steps_30]", "{bouts}", sums["still_bouts"], coverage, still),
        FeatureColumn("sedentary_longest[no_steps]", "min", sums["still_longest"], coverage, still),
        FeatureColumn("wear_minutes", "min", sums["wear"], sums["worn"], unseen),
    ]


def _steps(held: Minutes, trust_of_rank: NDArray[np.int32]) -> tuple[NDArray[Any], ...]:
    """Of each person-day: steps (2^-20), level of the rows used, what `_by_minute` says, steps that were carried, minutes of sums."""
    fine = _finest_trust(held.owner, trust_of_rank, held.begin)
    hourly, daily = trust_of_rank[held.sum_rank[:, HOURLY]], trust_of_rank[held.sum_rank[:, DAILY]]
    level = np.where(fine >= np.maximum(hourly, daily), FINE, np.where(hourly >= daily, HOURLY, DAILY))
    steps, walked, carried, covered = _count(held.walks, trust_of_rank, held.owner, level, held.sum_rank, held.origin, held.begin)
    return steps, level, _by_minute(walked, held.signs, held.begin), carried, covered


@njit(cache=True)
def _finest_trust(owner, trust_of_rank, begin):  # type: ignore[no-untyped-def]
    best = np.full(len(begin) - 1, -1, np.int32)
    for d in range(len(begin) - 1):
        highest = np.int32(0)
        for rank in owner[begin[d] : begin[d + 1]]:
            highest = max(highest, rank)
        if highest > 0:
            best[d] = trust_of_rank[highest]  # the highest rank has the greatest trust
    return best


@njit(cache=True)
def _count(walks, trust_of_rank, owner, level, sum_rank, origin, begin):  # type: ignore[no-untyped-def]
    days = len(origin)
    steps, carried, covered = np.zeros(days, np.int64), np.zeros(days, np.int64), np.zeros(days, np.float64)
    walked = np.zeros(len(owner), np.int64)
    for w in walks:
        d, trust = w.day, trust_of_rank[w.rank]
        if w.level != level[d]:
            continue
        if w.level == FINE:
            counted = _spread(w.steps, w.rank, w.start, w.end, owner, walked, begin[d] - origin[d])
            steps[d] += counted
            carried[d] += counted if trust % STEP in (PHONE, SELF_REPORTED) else 0
        elif w.rank == sum_rank[d, level[d]]:
            minutes = (w.end - w.start) / MINUTE_US
            if w.level == HOURLY:
                steps[d] += w.steps
                covered[d] += minutes
            elif w.steps > steps[d] or (w.steps == steps[d] and minutes > covered[d]):
                steps[d] = w.steps
                covered[d] = minutes
    return steps, walked, carried, covered


@njit(cache=True, inline="always")
def _spread(whole, rank, start, end, owner, walked, shift):  # type: ignore[no-untyped-def]
    """Steps of a row in the minutes of its own device; they are added to those minutes."""
    a, b = start // MINUTE_US, last_minute(start, end)
    if a == b:
        if owner[a + shift] != rank:
            return np.int64(0)
        walked[a + shift] += whole
        return whole
    length, own = end - start, np.int64(0)
    for m in range(a, b + 1):
        if owner[m + shift] == rank:
            part = min(end, (m + 1) * MINUTE_US) - max(start, m * MINUTE_US)
            own += part
            walked[m + shift] += np.int64(whole * (part / length) + 0.5)
    return whole if own == length else np.int64(whole * (own / length) + 0.5)


@njit(cache=True)
def _by_minute(walked, signs, begin):  # type: ignore[no-untyped-def]
    """Of each person-day the columns of `_WALKED` (a quarter of a step of rounding allowed)."""
    out = np.zeros((len(begin) - 1, 8))
    for d in range(len(begin) - 1):
        mine = walked[begin[d] : begin[d + 1]]
        _walking(mine, out[d])
        _sitting(mine, signs[begin[d] : begin[d + 1]], out[d])
    return out


@njit(cache=True)
def _walking(walked, out):  # type: ignore[no-untyped-def]
    """Active and moderate minutes, those of the latter in bouts, peak cadence over 30 minutes and over one."""
    top = np.zeros(PEAK_MINUTES, np.int64)
    least, lowest = np.int64(0), 0
    active, moderate, in_bouts, bout = 0, 0, 0, 0
    for w in walked:
        active += w >= (ACTIVE_CADENCE - 0.25) * FIXED
        fast = w >= (MODERATE_CADENCE - 0.25) * FIXED
        moderate += fast
        bout = bout + 1 if fast else 0
        in_bouts += (MVPA_BOUT if bout == MVPA_BOUT else 1) if bout >= MVPA_BOUT else 0
        if w > least:
            top[lowest] = w
            lowest = int(np.argmin(top))
            least = top[lowest]
    out[0], out[1], out[2], out[3], out[4] = active, moderate, in_bouts, top.sum() / (PEAK_MINUTES * FIXED), top.max() / FIXED


@njit(cache=True)
def _sitting(walked, signs, out):  # type: ignore[no-untyped-def]
    """Minutes of wear (as in `wear`) outside the night without a step; their bouts of 30 or more, the longest."""
    total, bouts, longest, still = 0, 0, 0, 0
    previous, nightly = -NON_WEAR_MINUTES - 1, True
    for m in range(len(signs)):
        if signs[m] == 0:
            continue
        if m - previous > 1:  # a silence: bridged by day, the end of a bout otherwise
            bridged = not nightly and m - previous <= NON_WEAR_MINUTES
            still = still if bridged else 0
            for k in range(previous + 1 if bridged else m, m):
                still = still + 1 if walked[k] == 0 else 0
                total, bouts, longest = total + (still > 0), bouts + (still == SEDENTARY_BOUT), max(longest, still)
        nightly = signs[m] & NIGHTLY != 0
        still = still + 1 if walked[m] == 0 and not nightly else 0
        total, bouts, longest = total + (still > 0), bouts + (still == SEDENTARY_BOUT), max(longest, still)
        previous = m
    out[5], out[6], out[7] = total, bouts, longest
