"""Dispensing events of many patients, and the follow-up and observation windows in which they are looked at.

Dates are days since 1970 as floats, since dose changes make supplies end within a day. A *unit* is what one number is computed for: a
patient, a patient's episode or window; it looks at one patient's events through its own follow-up and observation window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.columns import check_arguments
from heedful.core.errors import SchemaError, SettingsError

Unit = Literal["days", "weeks", "months", "years"]
_DAYS: dict[str, int] = {"days": 1, "weeks": 7}
_MONTHS: dict[str, int] = {"months": 1, "years": 12}


@dataclass(frozen=True)
class Events:
    """Events sorted by patient, then date (ties in the order given); patient p's lie from `begin[p]` to `begin[p + 1]`.

    `duration`: days supplied. `dose`: daily dose (1 if unknown). `medication`: its number (0 if unknown). `row`: place in the input.
    """

    patients: pl.Series
    begin: NDArray[np.int64]
    date: NDArray[np.float64]
    duration: NDArray[np.float64]
    dose: NDArray[np.float64]
    medication: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """One entry a unit: number of its patient; first day and end of follow-up and of observation."""

    patient: NDArray[np.int64]
    follow_up_start: NDArray[np.float64]
    follow_up_end: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


@dataclass(frozen=True)
class Carry:
    """How oversupply is carried over: only to the same medication; in doses instead of days when the dose changes."""

    same_medication: bool = False
    dose_change: bool = False


def events(
    table: pl.DataFrame, *, patient: str = "patient_id", date: str = "date", duration: str = "duration_days",
    dose: str | None = "daily_dose", medication: str | None = "medication_class",
) -> Events:  # fmt: skip
    """Events from a table with these columns; `date` is a date or an ISO text. Absent columns of dose and medication are unknown."""
    lost = [name for name in (patient, date, duration) if name not in table.columns]
    if lost:
        raise SchemaError(f"The events lack {', '.join(lost)}; they have {', '.join(table.columns)}.")
    day = pl.col(date).str.to_date() if table.schema[date] == pl.String else pl.col(date).cast(pl.Date)
    known_dose, known_medication = dose is not None and dose in table.columns, medication is not None and medication in table.columns
    selected = table.lazy().select(
        patient=pl.col(patient), date=day.to_physical().cast(pl.Float64), duration=pl.col(duration).cast(pl.Float64),
        dose=pl.col(str(dose)).cast(pl.Float64) if known_dose else pl.lit(1.0),
        medication=pl.col(str(medication)).cast(pl.String).rank("dense").cast(pl.Int64) if known_medication else pl.lit(0, pl.Int64),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    ).sort("patient", "date", "row", maintain_order=True)  # fmt: skip
    try:
        ordered = selected.collect()
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"The events cannot be read ({str(error).splitlines()[0]}). Give dates as 2026-03-01, durations and doses as numbers."
        ) from error
    counts = ordered.group_by("patient", maintain_order=True).len()
    begin = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts.get_column("len").to_numpy().astype(np.int64))])
    day_number, supplied, daily_dose = (
        ordered.get_column(name).fill_null(float("nan")).to_numpy() for name in ("date", "duration", "dose")
    )
    medications = ordered.get_column("medication").fill_null(-1).to_numpy()
    return Events(counts.get_column("patient"), begin, day_number, supplied, daily_dose, medications, ordered.get_column("row").to_numpy())


def after(day: NDArray[np.float64], amount: float | NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    """Dates `amount` units later, rounded to whole days, months or years (half to even, as in R). Months and years follow the calendar; a
    day that the month lacks becomes the first of the next.

    >>> after(np.array([30.0]), 1, "months").tolist()  # 31 January 1970: there is no 31 February
    [59.0]
    """
    if unit in _DAYS:
        return day + np.rint(amount * _DAYS[unit])
    if unit not in _MONTHS:
        raise SettingsError(f"A window is given in {', '.join([*_DAYS, *_MONTHS])}, not in {unit!r}.")
    whole = np.floor(day).astype("datetime64[D]")
    month = whole.astype("datetime64[M]")
    of_month = (whole - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.rint(amount).astype(np.int64) * _MONTHS[unit]
    moved = target.astype("datetime64[D]") + of_month
    landed = np.where(moved.astype("datetime64[M]") == target, moved, (target + 1).astype("datetime64[D]"))
    return landed.astype(np.int64).astype(np.float64)


def windows(held: Events, arguments: Mapping[str, Any]) -> Units:
    """One unit a patient: follow-up from the first event on, the observation window within it, as the arguments of a case say."""
    first = held.date[held.begin[:-1]]
    follow_up_start = after(first, *_span(arguments, "follow_up_window_start", 0))
    follow_up_end = after(follow_up_start, *_span(arguments, "follow_up_window_duration", 730))
    start = after(follow_up_start, *_span(arguments, "observation_window_start", 0))
    end = after(start, *_span(arguments, "observation_window_duration", 730))
    return Units(np.arange(len(first)), follow_up_start, follow_up_end, start, end)


def check(method: str, arguments: Mapping[str, Any], own: Iterable[str] = ()) -> None:
    """Raise `SettingsError` for an argument that neither windows and carry-over nor the method itself (`own`) know."""
    spans = ("follow_up_window_start", "follow_up_window_duration", "observation_window_start", "observation_window_duration")
    units = [f"{span}_unit" for span in spans]
    check_arguments(method, arguments, {*spans, *units, "carry_only_for_same_medication", "consider_dosage_change", *own})


def carry(arguments: Mapping[str, Any]) -> Carry:
    """How a case carries oversupply over."""
    return Carry(bool(arguments.get("carry_only_for_same_medication")), bool(arguments.get("consider_dosage_change")))


def iso(days: NDArray[np.float64]) -> list[str | None]:
    """ISO dates; None where there is none."""
    return [None if np.isnan(day) else str(np.datetime64(int(np.floor(day)), "D")) for day in days]


def plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers as plain values; None for not a number."""
    return [None if np.isnan(value) else float(value) for value in values]


def _span(arguments: Mapping[str, Any], name: str, usual: float) -> tuple[float, str]:
    return float(arguments.get(name, usual)), str(arguments.get(f"{name}_unit", "days"))
