"""Rank scan (RHR-Diff): intervals of a series whose ranks are higher or lower than chance arranges them.

Every interval of 2, 4, 8, ... values gets the centered sum of its ranks over the square root of its length; what exceeds the
`1 - alpha` quantile of the highest such sum in random orders of the same length is kept, the strongest first, and all that overlap it
are left out.

Reference: Arias-Castro, Castro, Tánczos & Wang 2018, JASA 113:789-801; Mishra et al. 2020, Nat Biomed Eng 4:1208. Equals
`rhr.diff.detection.fn` of WearableDetection (38955bc0) draw by draw: the null scans lengths up to 2^(Q-1), the data up to 2^Q, and the
null looks at high sums only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.r_permutations import r_permutations
from heedful.core.errors import SettingsError

SHORTEST = 8
"""Fewer values leave no interval to scan."""


@dataclass(frozen=True)
class Intervals:
    """Detected intervals, strongest first: places of first and last value (from 0, both in), statistic (its sign says high or low), p."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]


def rank_scan(
    values: NDArray[np.float64], *, alpha: float = 0.05, draws: int = 1000, seed: int = 1, null: NDArray[np.float64] | None = None
) -> Intervals:
    """Intervals of `values` [n] (any unit, none missing: set a missing one to the middle) that chance does not explain.

    Parameters
    ----------
    alpha: chance that a series of no pattern shows any. draws: random orders. seed: of R's generator.
    null: what `null_maxima` gave for this length, draws and seed, for who scans many series of one length; drawn anew if left out.

    Errors: `SettingsError` for fewer than 8 values, a value that is not a number, or settings outside their range.

    >>> series = np.sin(np.arange(64.0) * 7)
    >>> series[40:56] += 3
    >>> found = rank_scan(series, draws=99)
    >>> int(found.first[0]), int(found.last[0]), float(found.statistic[0])
    (40, 55, 96.0)
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < SHORTEST or not np.isfinite(values).all():
        raise SettingsError(f"A rank scan needs at least {SHORTEST} values, none missing; there are {len(values)}. Fill gaps with 0 first.")
    if not 0 < alpha < 1 or draws < 1:
        raise SettingsError(f"A rank scan needs 0 < alpha < 1 and at least one draw, not {alpha} and {draws}.")
    null = null_maxima(len(values), draws, seed) if null is None else null
    first, last, statistic = _exceeding(_ranks(values), float(np.quantile(null, 1 - alpha)))
    kept = _strongest(first, last, statistic)
    found = statistic[kept]
    p_value = (null[None, :] >= np.abs(found)[:, None]).sum(axis=1) / (1 + draws)
    return Intervals(first[kept], last[kept], found, p_value)


def null_maxima(length: int, draws: int, seed: int) -> NDArray[np.float64]:
    """The highest scan statistic of each of `draws` random orders."""
    sums = np.zeros((draws, length + 1))
    np.cumsum(r_permutations(seed, draws, length) - (length + 1) / 2, axis=1, out=sums[:, 1:])
    lengths = [2**q for q in range(1, int(np.log2(length)))]
    return np.max([(sums[:, k:] - sums[:, :-k]).max(axis=1) / np.sqrt(k) for k in lengths], axis=0)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties at their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _exceeding(ranks: NDArray[np.float64], bound: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All intervals whose statistic exceeds the bound either way, by start, then end; those that would pass the end stop there."""
    n = len(ranks)
    sums = np.concatenate([[0.0], np.cumsum(ranks - (n + 1) / 2)])
    first = np.arange(n - 1)[:, None]
    last = np.minimum(n - 1, first + 2 ** np.arange(1, int(np.log2(n)) + 1)[None, :] - 1)
    statistic = (sums[last + 1] - sums[first]) / np.sqrt(last - first + 1)
    fresh = np.concatenate([np.ones((n - 1, 1), bool), last[:, 1:] > last[:, :-1]], axis=1)
    row, column = np.nonzero(fresh & (np.abs(statistic) > bound))
    return row.astype(np.int64), last[row, column].astype(np.int64), statistic[row, column]


def _strongest(first: NDArray[np.int64], last: NDArray[np.int64], statistic: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the intervals that stand: the strongest of those left (ties together), without what overlaps them, again and again."""
    left = np.arange(len(first))
    kept: list[NDArray[np.int64]] = []
    while left.size:
        strength = np.abs(statistic[left])
        best = left[strength == strength.max()]
        kept.append(best)
        overlap = (first[left][:, None] <= last[best][None, :]) & (last[left][:, None] >= first[best][None, :])
        left = left[~overlap.any(axis=1)]
    return np.concatenate(kept) if kept else np.empty(0, np.int64)
