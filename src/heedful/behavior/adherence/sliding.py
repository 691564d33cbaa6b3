"""A CMA in windows that slide through the observation window: how adherence changes in time.

Windows of equal length start at regular steps, while the whole window fits into the observation window. Each is an observation window of
its own within the patient's whole follow-up. Equal to `CMA_sliding_window` of AdhereR 0.8.1 (Dima and Dediu 2017, PLoS ONE 12:e0174426),
in its units too: a first window some months on begins on the calendar's day, lengths and steps of a month are 30 days, of a year 365.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.adherence.continuous import cma
from heedful.behavior.adherence.windows import Units, after, carry, check, events, iso, plain, windows
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_ARGUMENTS = (
    "measure", "sliding_window_start", "sliding_window_start_unit", "sliding_window_duration", "sliding_window_duration_unit",
    "sliding_window_step_duration", "sliding_window_step_unit", "sliding_window_no_steps",
)  # fmt: skip


def sliding_windows(
    units: Units, start: float, duration: float, step: float, *, start_unit: str = "days", steps: float | None = None
) -> tuple[Units, NDArray[np.int64]]:
    """The windows of all patients, and each one's number from 1.

    `start`: of the first window after the observation window's start, in `start_unit`. `duration`, `step`: days. `steps`: so many windows
    instead, a step then being as long as it takes to fill the observation window with them (at least a day, at most a window).
    """
    if start < 0 or duration <= 0 or step < 1 or (steps is not None and steps < 1):
        raise SettingsError(
            f"Sliding windows need a start from 0 on, a length above 0, and steps of a day or more, not {start}, {duration}, {step}."
        )
    first = after(units.start, start, start_unit)
    room = units.end - first - duration
    stride = np.full(len(room), step)
    many = room / step + 1
    if steps is not None and steps > 1:
        stride = np.clip(room / (steps - 1), 1, duration) if duration >= 1 else np.ones(len(room))
        many = np.minimum(room / stride + 1, room)
    elif steps is not None:
        many = np.full(len(room), 1.0)
    counts = np.where(room >= 0, np.maximum(np.floor(many), 0), 0).astype(np.int64)
    of_unit = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(of_unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = first[of_unit] + np.rint(stride[of_unit] * number)
    end = after(begin, duration, "days")
    return Units(units.patient[of_unit], units.follow_up_start[of_unit], units.follow_up_end[of_unit], begin, end), number + 1


@method(Card(
    name="adherence.sliding_window",
    definition="CMA1 to CMA9 in windows of equal length that slide through the observation window.",
    units="1",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 CMA_sliding_window, to rounding",
    limits="Lengths and steps in months or years are taken as 30 or 365 days.",
))  # fmt: skip
def run_sliding(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a window."""
    check("adherence.sliding_window", arguments, _ARGUMENTS)
    held = events(inputs["events"])
    duration, step = (
        float(arguments.get(f"sliding_window_{name}", usual)) * _days(str(arguments.get(f"sliding_window_{unit}_unit", "days")))
        for name, unit, usual in (("duration", "duration", 90), ("step_duration", "step", 30))
    )
    steps = arguments.get("sliding_window_no_steps")
    slid, number = sliding_windows(
        windows(held, arguments), float(arguments.get("sliding_window_start", 0)), duration, step,
        start_unit=str(arguments.get("sliding_window_start_unit", "days")), steps=None if steps is None else float(steps),
    )  # fmt: skip
    found = cma(str(arguments["measure"]), held, slid, carry(arguments))
    return {
        "patient_id": held.patients.gather(slid.patient).to_list(), "window_id": number.tolist(), "window_start": iso(slid.start),
        "window_end": iso(slid.end), "adherence": plain(found),
    }  # fmt: skip


def _days(unit: str) -> float:
    return {"months": 30.0, "years": 365.0}.get(unit) or float(after(np.zeros(1), 1, unit)[0])
