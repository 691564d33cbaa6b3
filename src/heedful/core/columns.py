"""Columns of a case's table as numbers, and the arguments of a case held against those that a runner understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.errors import SchemaError, SettingsError


def numbers(table: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """Column `name` as numbers, NaN where it is missing (null, empty or NA).

    Errors: `SchemaError` if there is no such column or it holds something else than numbers.

    >>> numbers(pl.DataFrame({"dose": ["1.5", "NA", None]}), "dose")
    array([1.5, nan, nan])
    """
    if name not in table.columns:
        raise SchemaError(f"The input has no column '{name}'; it has {', '.join(table.columns)}.")
    column = table[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars().replace(["", "NA", "NaN"], [None, None, None])
    try:
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    except pl.exceptions.InvalidOperationError as error:
        raise SchemaError(f"Column '{name}' holds something that is not a number ({error}). Correct the file.") from error


def matrix(table: pl.DataFrame, names: Iterable[str]) -> NDArray[np.float64]:
    """The columns `names` side by side, [rows, columns]."""
    columns = [numbers(table, str(name)) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def check_arguments(method: str, arguments: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise `SettingsError` if there is an argument that the runner would otherwise ignore."""
    known = set(known)
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise SettingsError(f"{method} does not know {', '.join(unknown)}; it knows {', '.join(sorted(known))}.")
