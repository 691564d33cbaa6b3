"""OutbreakP: has the mean begun to rise? Likelihood of a nondecreasing mean against that of a constant one, over the whole history.

Reference: Frisén, Andersson & Schiöler 2009, Stat Med 28:3325-3338. Equals R surveillance 1.20.3 `algo.outbreakP` within 1e-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of, tested, time_index

MOST_CASES = 100_000
"""Counts above this are not tried as "cases needed"."""


@dataclass(frozen=True)
class OutbreakPResult:
    """All [series, dates]. `log_statistic` is the natural logarithm of the statistic, which itself can pass 1e93; NaN where the count is
    missing. `cases_needed` is the smallest count that would have raised the alarm, NaN where every count would or none up to
    `MOST_CASES`."""

    log_statistic: Floats
    cases_needed: Floats
    alarm: npt.NDArray[np.bool_]


def outbreak_p(counts: Floats, threshold: float = 100) -> OutbreakPResult:
    """Test every date of every series against all that came before.

    Parameters
    ----------
    counts: [series, dates]; a missing count (NaN) is passed over.
    threshold: alarm where the statistic reaches it; 1 or more.

    Errors: `SettingsError` for a lower threshold.

    >>> result = outbreak_p(np.array([[3.0, 2, 4, 3, 3, 12, 20]]))
    >>> result.alarm[0].tolist(), float(result.cases_needed[0, 5])
    ([False, False, False, False, False, True, True], 11.0)
    """
    if threshold < 1:
        raise SettingsError(f"outbreak_p: a threshold of {threshold} would alarm always; the statistic starts at 1.")
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    log_statistic, needed = _scan(counts, float(np.log(threshold)))
    return OutbreakPResult(log_statistic, needed, log_statistic >= np.log(threshold))


@numba.njit(cache=True)
def _scan(counts: Floats, log_threshold: float) -> tuple[Floats, Floats]:
    """Pool adjacent violators, date by date: the stack of blocks at a date is the isotonic fit of all dates up to it."""
    series, dates = counts.shape
    log_statistic, needed = np.full((series, dates), np.nan), np.full((series, dates), np.nan)
    for row in range(series):
        total, size, below = np.zeros(dates + 1), np.zeros(dates + 1), np.zeros(dates + 1)
        depth, everything, seen = 0, 0.0, 0
        for date in range(dates):
            count = counts[row, date]
            if np.isnan(count):
                continue
            needed[row, date] = _needed(total, size, below, depth, everything, seen, log_threshold)
            value, depth, block_total, block_size = _with(total, size, below, depth, everything, seen, count)
            below[depth] = 0.0 if depth == 0 else below[depth - 1] + _term(total[depth - 1], size[depth - 1])
            total[depth], size[depth] = block_total, block_size
            depth, everything, seen = depth + 1, everything + count, seen + 1
            log_statistic[row, date] = value
    return log_statistic, needed


@numba.njit(cache=True)
def _term(total: float, size: float) -> float:
    return total * np.log(total / size) if total > 0 else 0.0


@numba.njit(cache=True)
def _with(
    total: Floats, size: Floats, below: Floats, depth: int, everything: float, seen: int, count: float
) -> tuple[float, int, float, float]:
    """Log statistic if `count` came next; how many blocks stay, and the total and size of the block on top of them."""
    block_total, block_size = count, 1.0
    while depth > 0 and total[depth - 1] * block_size >= block_total * size[depth - 1]:
        depth -= 1
        block_total += total[depth]
        block_size += size[depth]
    lower = 0.0 if depth == 0 else below[depth - 1] + _term(total[depth - 1], size[depth - 1])
    return lower + _term(block_total, block_size) - _term(everything + count, seen + 1.0), depth, block_total, block_size


@numba.njit(cache=True)
def _needed(total: Floats, size: Floats, below: Floats, depth: int, everything: float, seen: int, log_threshold: float) -> float:
    """Smallest count that reaches the threshold, by bisection: the statistic does not fall as the newest count rises."""
    if _with(total, size, below, depth, everything, seen, 0.0)[0] >= log_threshold:
        return np.nan
    if _with(total, size, below, depth, everything, seen, float(MOST_CASES))[0] < log_threshold:
        return np.nan
    low, high = 0, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        if _with(total, size, below, depth, everything, seen, float(middle))[0] >= log_threshold:
            high = middle
        else:
            low = middle
    return float(high)


@method(
    Card(
        name="surveillance.outbreak_p",
        definition="Likelihood ratio of a nondecreasing against a constant Poisson mean over all dates so far.",
        units="1",
        reference="Frisén, Andersson & Schiöler 2009, Stat Med 28:3325-3338",
        equals="R surveillance 1.20.3 algo.outbreakP, within 1e-8",
        limits="Made for the onset of one season: old highs keep it silent, and it never forgets.",
    )
)
def run_outbreak_p(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: statistic or cases needed, and alarm, of the tested rows."""
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    result = outbreak_p(counts, float(arguments["threshold"]))
    bound = result.cases_needed if arguments["returns"] == "cases needed" else np.exp(result.log_statistic)
    alarm = [int(raised) for raised in result.alarm[0, rows]]
    return {"time_index": time_index(rows), "upperbound": plain(bound[0, rows]), "alarm": alarm}
