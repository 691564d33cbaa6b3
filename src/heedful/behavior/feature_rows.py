"""Rows of `Features` from columns of numbers: one frame for all features of many person-days, instead of one frame a feature.

With the few rows of a live minute the fixed cost of each frame is what counts; with many, that they are never joined and copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SAID, NO_DATA, IMPLAUSIBLE, NOT_WORN, TOO_SHORT = range(5)
"""Why a value is missing, as numbers; `SAID` is none missing."""
REASONS = pl.Series(["", "no_data", "implausible", "not_worn", "too_short"], dtype=pl.String)


@dataclass(frozen=True)
class FeatureColumn:
    """A feature of every person-day: `value` (kept where `missing` is `SAID`), `coverage` 0 to 1, `missing` one of the numbers above;
    `there` says which person-days have the feature at all (None: all)."""

    name: str
    unit: str
    value: NDArray[Any]
    coverage: NDArray[np.float64]
    missing: NDArray[Any]
    there: NDArray[np.bool_] | None = None


def feature_rows(person: pl.Series, day: pl.Series, columns: Sequence[FeatureColumn]) -> pl.DataFrame:
    """The rows in the order of the person-days, of each its features by name: sorted, if person and day are.

    >>> one = FeatureColumn("steps[sum]", "{steps}", np.array([10.0, 0.0]), np.array([0.5, 0.1]), np.array([SAID, NOT_WORN]))
    >>> feature_rows(pl.Series(["a", "b"]), pl.Series([1, 2]), [one]).select("person", "value", "missing").rows()
    [('a', 10.0, ''), ('b', None, 'not_worn')]
    """
    columns = sorted(columns, key=lambda column: column.name)
    of_day = np.repeat(np.arange(len(person), dtype=np.uint32), len(columns))
    number = np.tile(np.arange(len(columns), dtype=np.uint32), len(person))
    value, coverage = (_by_day([getattr(column, name) for column in columns], np.float64) for name in ("value", "coverage"))
    missing = _by_day([column.missing for column in columns], np.uint32)
    if any(column.there is not None for column in columns):
        all_days = np.ones(len(person), np.bool_)
        there = _by_day([all_days if column.there is None else column.there for column in columns], np.bool_)
        of_day, number, value, coverage, missing = (part[there] for part in (of_day, number, value, coverage, missing))
    return pl.DataFrame({
        "person": person.gather(of_day), "day": day.gather(of_day),
        "feature": pl.Series([column.name for column in columns], dtype=pl.String).gather(number),
        "value": pl.Series(value).set(pl.Series(missing != SAID), None),
        "unit": pl.Series([column.unit for column in columns], dtype=pl.String).gather(number),
        "coverage": coverage, "missing": REASONS.gather(missing),
    })  # fmt: skip


def _by_day(parts: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.column_stack([part.astype(dtype, copy=False) for part in parts]).reshape(-1)
