"""The numbers of every night of many people as one matrix: what `illness_signal` judges, with what the watch did not cover taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.illness import LEAST_COVERAGE

SOURCES: tuple[tuple[str, ...], ...] = (
    ("resting_heart_rate[nightsignal]", "resting_heart_rate[vendor]"), ("hrv_rmssd[before_noon]",), ("respiratory_rate[night]",),
    ("skin_temperature[night]",), ("sleep_minutes[stages]", "sleep_minutes[vendor]"), ("steps[sum]",),
)  # fmt: skip
"""Features by column, in the order of `illness.NIGHT_FEATURES`; of several the first that a night has."""
NAMES = tuple(name for names in SOURCES for name in names)
RATE, SLEEP, STEPS = 0, 4, 5
"""Columns that are treated apart."""
_USUAL_NIGHTS = 28


@dataclass(frozen=True)
class NightMatrix:
    """Nights of many people, sorted by person and day.

    `person` [n] (names), `start` [people + 1] (rows of person p: start[p] to start[p + 1]), `day` [n] (since 1970), `value` [n, 6] (unit of
    the feature; NaN where missing or not covered; steps are those of the day before), `recorded` [n] (the night itself has some value).
    """

    person: pl.Series
    start: NDArray[np.int64]
    day: NDArray[np.int64]
    value: NDArray[np.float64]
    recorded: NDArray[np.bool_]


def night_matrix(features: pl.DataFrame) -> NightMatrix:
    """The matrix of rows of `Features` (person, day, feature, value, coverage); features that are not in `NAMES` are left out.

    A value counts as missing where it was recorded for less than half of the usual time: the median coverage of the 28 entries before.
    """
    column = {name: place for place, names in enumerate(SOURCES) for name in names}
    rank = {name: place for names in SOURCES for place, name in enumerate(names)}
    number = pl.col("feature").replace_strict(column, return_dtype=pl.Int64, default=None)
    rows = (
        features.filter(pl.col("feature").is_in(NAMES) & pl.col("value").is_finite())
        .select(
            "person", "value", "coverage", column=number, rank=pl.col("feature").replace_strict(rank, return_dtype=pl.Int64, default=None),
            night=pl.col("day").to_physical().cast(pl.Int64) + (number == STEPS),
        )
        .sort("person", "night", "column", "rank", maintain_order=True)
        .unique(["person", "night", "column"], keep="first", maintain_order=True)
        .with_columns(row=pl.struct("person", "night").rle_id().cast(pl.Int64))
    )  # fmt: skip
    nights = rows.unique("row", keep="first", maintain_order=True).select("person", "night")
    row, place = rows["row"].to_numpy(), rows["column"].to_numpy()
    value, coverage = np.full((nights.height, len(SOURCES)), np.nan), np.full((nights.height, len(SOURCES)), np.nan)
    value[row, place] = rows["value"].to_numpy()
    coverage[row, place] = rows["coverage"].cast(pl.Float64).to_numpy()
    recorded = np.asarray(np.isfinite(value[:, :STEPS]).any(axis=1), np.bool_)
    changes = np.flatnonzero(np.diff(nights["person"].rle_id().to_numpy().astype(np.int64))) + 1
    start = np.concatenate([[0], changes, [nights.height]]).astype(np.int64)
    leave_out_uncovered(value, coverage, start, start[:-1])
    return NightMatrix(nights["person"], start, nights["night"].to_numpy().astype(np.int64), value, recorded)


def leave_out_uncovered(
    value: NDArray[np.float64], coverage: NDArray[np.float64], start: NDArray[np.int64], begin: NDArray[np.int64]
) -> None:  # fmt: skip
    """Take values out that the watch did not cover, of each person from row `begin` on; the rows before went through this already."""
    _leave_out_uncovered(value, coverage, start, begin, LEAST_COVERAGE, _USUAL_NIGHTS)


@njit(cache=True)
def _leave_out_uncovered(value, coverage, start, begin, least, usual_nights):  # type: ignore[no-untyped-def]
    seen = np.empty(usual_nights)
    for p in range(len(start) - 1):
        rate_known = False
        for i in range(start[p], begin[p]):
            rate_known = rate_known or not np.isnan(coverage[i, RATE])
        for i in range(begin[p], start[p + 1]):
            rate_known = rate_known or not np.isnan(coverage[i, RATE])
            # a night that the watch spent partly off the wrist says nothing of sleep
            if not np.isnan(coverage[i, RATE]):
                coverage[i, SLEEP] = coverage[i, RATE]
            elif rate_known:
                coverage[i, SLEEP] = 0.0
            for j in range(value.shape[1]):
                count = 0
                for k in range(max(i - usual_nights, start[p]), i):
                    if not np.isnan(coverage[k, j]):
                        seen[count] = coverage[k, j]
                        count += 1
                if count > 0 and coverage[i, j] < least * np.median(seen[:count]):
                    value[i, j] = np.nan
