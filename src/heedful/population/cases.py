"""What runners of reference cases share: a series out of a case's table, tested rows, arrays back to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError

Floats = npt.NDArray[np.float64]


def series_of(inputs: Mapping[str, pl.DataFrame], column: str = "count") -> Floats:
    """Column `column` of the table `series`, as a matrix [1, dates]; missing values are NaN. Raises `SchemaError` if it is absent."""
    if "series" not in inputs or column not in inputs["series"].columns:
        raise SchemaError(f"The case has no input 'series' with a column '{column}'.")
    return inputs["series"][column].cast(pl.Float64).fill_null(float("nan")).to_numpy()[None, :].copy()


def tested(arguments: Mapping[str, Any], dates: int) -> slice:
    """Places of the rows first_time_index..last_time_index (counted from 1, both included); all rows if not said."""
    return slice(int(arguments.get("first_time_index", 1)) - 1, int(arguments.get("last_time_index", dates)))


def plain(values: npt.NDArray[Any]) -> list[float | None]:
    """The numbers as a plain list; what is not finite is None.

    >>> plain(np.array([1.0, np.nan, np.inf]))
    [1.0, None, None]
    """
    return [float(value) if np.isfinite(value) else None for value in values]


def flags(alarm: npt.NDArray[np.bool_], bound: Floats) -> list[int | None]:
    """Alarms as 0 and 1; None where there is no bound."""
    return [int(raised) if np.isfinite(limit) else None for raised, limit in zip(alarm, bound, strict=True)]


def time_index(rows: slice) -> list[int]:
    """Places of `rows`, counted from 1."""
    return list(range(rows.start + 1, rows.stop + 1))
