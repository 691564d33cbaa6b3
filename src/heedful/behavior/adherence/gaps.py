"""Intervals between dispensings, and the days of each that no supply covered.

An event's interval runs to the next event, the last one's to the end of the observation window. Its gap is what its supply, and what was
carried over into it, does not cover. Equal to `compute.event.int.gaps` of AdhereR 0.8.1 (Dima and Dediu 2017, PLoS ONE 12:e0174426).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.adherence.windows import Carry, Events, Units, carry, check, events, iso, plain, windows
from heedful.core.registry import Card, method


@dataclass(frozen=True)
class Gaps:
    """One entry an event (of `Events`): days to the next, days uncovered, days carried into it; NaN where not looked at.

    `followed`: whether the event lies in its patient's follow-up. `observed`: in its observation window.
    """

    interval: NDArray[np.float64]
    gap: NDArray[np.float64]
    carried: NDArray[np.float64]
    followed: NDArray[np.bool_]
    observed: NDArray[np.bool_]


def event_gaps(held: Events, units: Units, *, within: bool, into: bool, how: Carry) -> Gaps:
    """Gaps of all patients; `units` holds one unit a patient. `within`, `into`: carry over inside, into the observation window."""
    interval, gap, carried = (np.full(len(held.date), np.nan) for _ in range(3))
    followed, observed = np.zeros(len(held.date), np.bool_), np.zeros(len(held.date), np.bool_)
    _all_gaps(
        held.begin, held.date, held.duration, held.dose, held.medication, units.follow_up_start, units.follow_up_end, units.start,
        units.end, within, into, how.same_medication, how.dose_change, interval, gap, carried, followed, observed,
    )  # fmt: skip
    return Gaps(interval, gap, carried, followed, observed)


@method(Card(
    name="adherence.event_intervals_and_gaps",
    definition="Days from each dispensing to the next, and those of them that neither its supply nor a carry-over covers.",
    units="d",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 compute.event.int.gaps, to rounding",
    limits="A supply is thought to be taken as prescribed, one after the other.",
))  # fmt: skip
def run_event_gaps(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row an event in follow-up; the interval is shown for events in the observation window only."""
    check("adherence.event_intervals_and_gaps", arguments, ("carryover_within_observation_window", "carryover_into_observation_window"))
    held = events(inputs["events"])
    found = event_gaps(
        held, windows(held, arguments), within=bool(arguments.get("carryover_within_observation_window")),
        into=bool(arguments.get("carryover_into_observation_window")), how=carry(arguments),
    )  # fmt: skip
    shown = found.followed
    patient = np.repeat(np.arange(len(held.patients)), np.diff(held.begin))[shown]
    return {
        "patient_id": held.patients.gather(patient).to_list(),
        "date": iso(held.date[shown]),
        "event_interval_days": plain(np.where(found.observed, found.interval, np.nan)[shown]),
        "gap_days": plain(found.gap[shown]),
    }


@njit(cache=True)
def _all_gaps(  # type: ignore[no-untyped-def]
    begin, date, duration, dose, medication, follow_start, follow_end, start, end, within, into, same, dosage,
    interval, gap, carried, followed, observed,
):  # fmt: skip
    for p in range(len(begin) - 1):
        if follow_start[p] > start[p] or follow_end[p] < end[p]:
            continue
        fill_gaps(
            begin[p], begin[p + 1], date, duration, dose, medication, follow_start[p], follow_end[p], start[p], end[p], within, into, same,
            dosage, interval, gap, carried,
        )  # fmt: skip
        for i in range(begin[p], begin[p + 1]):
            followed[i] = follow_start[p] <= date[i] <= follow_end[p]
            observed[i] = start[p] <= date[i] <= end[p]


@njit(cache=True)
def fill_gaps(  # type: ignore[no-untyped-def]
    low, high, date, duration, dose, medication, follow_start, follow_end, start, end, within, into, same, dosage, interval, gap, carried
):  # fmt: skip
    """Fill interval, gap and carry-over of one patient's events `low` to `high`; returns first and end of the events looked at."""
    interval[low:high] = np.nan
    gap[low:high] = np.nan
    carried[low:high] = np.nan
    a = low
    while a < high and (date[a] < follow_start or (not into and date[a] < start)):
        a += 1
    b = a
    while b < high and date[b] <= follow_end and date[b] <= end:
        b += 1
    over = 0.0
    for i in range(a, b):
        interval[i] = date[i + 1] - date[i] if i + 1 < b else end - date[i]
        carried[i] = over
        left = interval[i] - duration[i] - over
        gap[i] = max(left, 0.0) if left == left else np.nan
        over = max(-left, 0.0) if within else 0.0
        if i + 1 < b:
            changed = medication[i] != medication[i + 1]
            if same and changed:
                over = 0.0
            elif dosage:
                over *= dose[i] / dose[i + 1]
    return a, b
