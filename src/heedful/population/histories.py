"""Histories: long rows of counts become matrices of consecutive dates, one for each spacing and first weekday."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats
from heedful.population.yearly_reference import Calendar, Days

FREQUENCY = {1: 365, 7: 52}
"""Rows a year by days between rows."""


@dataclass(frozen=True)
class Histories:
    """`keys` one row a series; `days` the first day of each column, `step` days apart; `counts` [series, dates], NaN where missing."""

    keys: pl.DataFrame
    days: Days
    counts: Floats
    step: int

    @property
    def calendar(self) -> Calendar:
        return Calendar(FREQUENCY[self.step], self.days)


def histories(values: pl.DataFrame, keys: list[str], step: int, zeros: pl.DataFrame | None = None) -> list[Histories]:
    """Matrices of `values`; series whose dates fall on other days (weeks from Sunday, weeks from Monday) go to other matrices.

    Parameters
    ----------
    values: `keys`, day (date), value (null: missing), one row a series and day.
    zeros: place, stratum, day on which an absent row means zero; None: absent is missing.
    step: 1 or 7 days between dates.

    Errors: `SettingsError` for another step.

    >>> rows = pl.DataFrame({"signal": ["ili"] * 2, "day": ["2020-12-28", "2021-01-11"], "value": [3.0, 5.0]})
    >>> found = histories(rows.with_columns(pl.col("day").str.to_date()), ["signal"], 7)[0]
    >>> found.counts.tolist(), str(found.days[1])
    ([[3.0, nan, 5.0]], '2021-01-04')
    """
    if step not in FREQUENCY:
        raise SettingsError(f"A history has a date every day or every week, not every {step} days.")
    phase = pl.col("day").to_physical() % step
    parts = [values.filter(phase == one) for one in range(step)]
    return [_matrix(part, keys, step, zeros) for part in parts if part.height]


def _matrix(values: pl.DataFrame, keys: list[str], step: int, zeros: pl.DataFrame | None) -> Histories:
    names = values.select(keys).unique().sort(keys).with_row_index("series")
    day = values["day"].to_physical()
    first, last = int(day.min()), int(day.max())  # type: ignore[arg-type]
    if zeros is not None:  # the oldest and newest dates may be zeros of all series
        zeros = zeros.filter((pl.col("day").to_physical() - first) % step == 0)
        dated = [first, last, *zeros["day"].to_physical().to_list()]
        first, last = min(dated), max(dated)
    dates = np.arange(first, last + 1, step)
    counts = np.full((names.height, len(dates)), np.nan)
    column = ((pl.col("day").to_physical() - first) // step).alias("column")
    if zeros is not None:
        known = zeros.filter(pl.col("day").to_physical().is_between(first, last)).join(names, on=["place", "stratum"])
        at = known.select("series", column)
        counts[at["series"].to_numpy(), at["column"].to_numpy()] = 0.0
    at = values.join(names, on=keys).select("series", column, pl.col("value").cast(pl.Float64).fill_null(np.nan))
    counts[at["series"].to_numpy(), at["column"].to_numpy()] = at["value"].to_numpy()
    return Histories(names.drop("series"), dates.astype("datetime64[D]"), counts, step)
