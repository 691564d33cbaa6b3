"""A CMA in windows that slide through the observation window: how adherence changes in time.

Windows of equal length start at regular steps, while the whole window fits into the observation window. Each is an observation window of
its own within the patient's whole follow-up. Equal to `CMA_sliding_window` of AdhereR 0.8.1 (Dima and Dediu 2017, PLoS ONE 12:e0174426).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.adherence.continuous import cma
from heedful.behavior.adherence.windows import Units, after, carry, events, iso, plain, windows
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method


def sliding_windows(units: Units, start: float, duration: float, step: float) -> tuple[Units, NDArray[np.int64]]:
    """The windows of all patients (all in days), and each one's number from 1."""
    if duration <= 0 or step <= 0:
        raise SettingsError(f"Sliding windows need a length and a step above zero, not {duration} and {step} days.")
    room = np.floor((units.end - units.start - start - duration) / step).astype(np.int64) + 1
    counts = np.maximum(room, 0)
    of_unit = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(of_unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = units.start[of_unit] + start + step * number
    return Units(units.patient[of_unit], units.follow_up_start[of_unit], units.follow_up_end[of_unit], begin, begin + duration), number + 1


@method(Card(
    name="adherence.sliding_window",
    definition="CMA1 to CMA9 in windows of equal length that slide through the observation window.",
    units="1",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 CMA_sliding_window, to rounding",
    limits="Windows in months or years are taken as 30 or 365 days.",
))  # fmt: skip
def run_sliding(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a window."""
    held = events(inputs["events"])
    spans = [
        float(arguments.get(f"sliding_window_{name}", usual)) * _days(str(arguments.get(f"sliding_window_{unit}_unit", "days")))
        for name, unit, usual in (("start", "start", 0), ("duration", "duration", 90), ("step_duration", "step", 30))
    ]
    slid, number = sliding_windows(windows(held, arguments), *spans)
    found = cma(str(arguments["measure"]), held, slid, carry(arguments))
    return {
        "patient_id": held.patients.gather(slid.patient).to_list(), "window_id": number.tolist(), "window_start": iso(slid.start),
        "window_end": iso(slid.end), "adherence": plain(found),
    }  # fmt: skip


def _days(unit: str) -> float:
    return {"months": 30.0, "years": 365.0}.get(unit) or float(after(np.zeros(1), 1, unit)[0])
