"""Continuous multiple-interval measures of medication availability, CMA1 to CMA9, of many patients (or episodes, or windows) at once.

With first and last the first and last event in the observation window:

* CMA1: supply of all events but the last, over the days from first to last; CMA3: the same, at most 1.
* CMA2: supply of all events, over the days from first to the window's end; CMA4: the same, at most 1.
* CMA5: share of covered days from first to last, with carry-over inside the window; CMA6: from first to the window's end.
* CMA7: share of covered days of the window, with carry-over from before it too.
* CMA8: as CMA7, the window starting only when the supply carried into it has ended.
* CMA9: mean over the window's days of min(1, (supply + carry-over) / interval), intervals running to the next event.

Missing: CMA1, 3, 5 with fewer than two events (or all on one day), CMA2, 4, 6 with none before the window's end, CMA7 to 9 with no event in
follow-up before the window's end. Equal to AdhereR 0.8.1 (Vollmer et al. 2012, BMC Health Serv Res 12:155; Dima and Dediu 2017, PLoS ONE
12:e0174426), also where it is odd: supply that outlasts the whole window makes CMA8 0, since no window is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.adherence.gaps import fill_gaps
from heedful.behavior.adherence.windows import Carry, Events, Units, carry, check, events, plain, windows
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

MEASURES = tuple(f"CMA{n}" for n in range(1, 10))


def cma(measure: str, held: Events, units: Units, how: Carry | None = None) -> NDArray[np.float64]:
    """One number a unit, NaN where missing. `how` matters from CMA5 on.

    >>> table = pl.DataFrame({"patient_id": [1, 1, 1], "date": ["2026-01-01", "2026-02-10", "2026-03-01"], "duration_days": [30, 30, 30]})
    >>> held = events(table)
    >>> window = windows(held, {"follow_up_window_duration": 90, "observation_window_duration": 90})
    >>> [round(float(cma(name, held, window)[0]), 3) for name in ("CMA1", "CMA2", "CMA7")]
    [1.017, 1.0, 0.889]
    """
    if measure not in MEASURES:
        raise SettingsError(f"There is no measure {measure!r}; there are {', '.join(MEASURES)}.")
    how = how or Carry()
    return _cma(
        int(measure[3:]), units.patient, held.begin, held.date, held.duration, held.dose, held.medication, units.follow_up_start,
        units.follow_up_end, units.start, units.end, how.same_medication, how.dose_change,
    )  # fmt: skip


@method(Card(
    name="adherence.continuous_medication_availability",
    definition="Share of days covered, or of supply over days, from dispensing events: CMA1 to CMA9.",
    units="1",
    reference="Vollmer et al. 2012, BMC Health Serv Res 12:155; Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1, to rounding",
    limits="What was dispensed, not what was taken. CMA1 and CMA2 exceed 1 with oversupply.",
))  # fmt: skip
def run_cma(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one number a patient."""
    check("adherence.continuous_medication_availability", arguments, ("measure",))
    held = events(inputs["events"])
    found = cma(str(arguments["measure"]), held, windows(held, arguments), carry(arguments))
    return {"patient_id": held.patients.to_list(), "adherence": plain(found)}


@njit(cache=True)
def _cma(measure, patient, begin, date, duration, dose, medication, follow_start, follow_end, start, end, same, dosage):  # type: ignore[no-untyped-def]
    out = np.full(len(patient), np.nan)
    interval, gap, carried = np.empty(len(date)), np.empty(len(date)), np.empty(len(date))
    for u in range(len(patient)):
        low, high = begin[patient[u]], begin[patient[u] + 1]
        f0, f1, w0, w1 = follow_start[u], follow_end[u], start[u], end[u]
        if f0 > w0 or f1 < w1:
            continue
        rows = (date, duration, dose, medication)
        if measure <= 6:
            a, b = fill_gaps(low, high, *rows, f0, f1, w0, w1, measure >= 5, False, same, dosage, interval, gap, carried)
            out[u] = _from_first(measure, a, b, date, duration, gap, w1)
        elif measure == 9:
            a, b = fill_gaps(low, high, *rows, f0, f1, f0, f1, True, True, same, dosage, interval, gap, carried)
            out[u] = _weighted(a, b, date, interval, gap, w0, w1)
        else:
            a, b = fill_gaps(low, high, *rows, f0, f1, w0, w1, True, True, same, dosage, interval, gap, carried)
            if measure == 8:
                lagged = _supply_end(a, b, date, duration, carried, w0)
                w0, w1 = lagged, lagged + np.rint(w1 - lagged)  # the program's window has whole days, also from within a day on
                a, b = fill_gaps(low, high, *rows, f0, f1, w0, w1, True, True, same, dosage, interval, gap, carried)
            out[u] = _covered(a, b, date, gap, w0, w1)
    return out


@njit(cache=True)
def _from_first(measure, a, b, date, duration, gap, end):  # type: ignore[no-untyped-def]
    """CMA1 to 6: what lies between the first event and the last, or the window's end."""
    to_last = measure == 1 or measure == 3 or measure == 5
    if b - a < (2 if to_last else 1):
        return np.nan
    days = (date[b - 1] if to_last else end) - date[a]
    if days <= 0:
        return np.nan
    counted = b - 1 if to_last else b
    if measure >= 5:
        return 1.0 - np.sum(gap[a:counted]) / days
    supply = np.sum(duration[a:counted]) / days
    return min(supply, 1.0) if measure >= 3 else supply


@njit(cache=True)
def _covered(a, b, date, gap, start, end):  # type: ignore[no-untyped-def]
    """CMA7: the window without its gap days."""
    if a == b:
        return np.nan
    days = end - start
    first = a
    while first < b and date[first] < start:
        first += 1
    if first == b:  # nothing dispensed in the window: the last supply before it reaches into it, or not
        if gap[b - 1] > days:
            return 0.0
        return 1.0 - gap[b - 1] / days if days > 0 else np.nan
    before = date[first] - start
    if first > a:
        before = min(gap[first - 1], before)
    return 1.0 - (np.sum(gap[first:b]) + before) / days if days > 0 else np.nan


@njit(cache=True)
def _supply_end(a, b, date, duration, carried, start):  # type: ignore[no-untyped-def]
    """The later of the window's start and the end of all supply dispensed before it."""
    lagged = start
    for i in range(a, b):
        if date[i] < start:
            lagged = max(lagged, date[i] + duration[i] + carried[i])
    return lagged


@njit(cache=True)
def _weighted(a, b, date, interval, gap, start, end):  # type: ignore[no-untyped-def]
    """CMA9: covered share of each interval, weighted by its days in the window."""
    if a == b or date[a] > end or end <= start:
        return np.nan
    total = 0.0
    for i in range(a, b):
        days = min(date[i] + interval[i], end) - max(date[i], start)
        if interval[i] > 0 and days > 0:
            total += (1.0 - gap[i] / interval[i]) * days
    return total / (end - start)
