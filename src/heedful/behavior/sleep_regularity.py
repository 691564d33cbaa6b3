"""How regular the last seven nights were: the sleep regularity index of the main sleep, from one clock to the same clock next day.

For every two consecutive nights the share of the 24 hours in which the person was in the same state, asleep (from onset to offset of the
main sleep, as `sleep` finds it) or not, is 1 - (minutes in one sleep but not in the other) / 1440. The index is 200 times the mean share
of up to six pairs, less 100: 100 if onset and offset never move, -33 if eight hours of sleep never meet those of the night before.

Naps, and wake within the sleep, are left out: they are where wearables disagree most. So the index lies higher than one from epochs
(`actigraphy.sleep_regularity`), and compares with that of sleep diaries. Clock times are local: a flight makes nights irregular.

Reference: Phillips et al. 2017, Sci Rep 7:3216.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, MainSleeps

NIGHTS, LEAST_PAIRS = 7, 4
INDEX = "sleep_regularity_index[main_sleep_7]"
_DAY_MINUTES = 1440.0


@derivation(reads=(MainSleeps,), writes=Features, by=("person", "day"), lookback=NIGHTS - 1, version=3, own_days=True)
def sleep_regularity(sleeps: Frame[Consented[P], MainSleeps]) -> Frame[Consented[P], Features]:
    """`sleep_regularity_index[main_sleep_7]` of each day that a known night ends on, over it and the six nights before.

    A night that a watch not worn cut short is left out like one without rows. Coverage: share of the six pairs of consecutive nights
    that are known. Missing as `too_short` with fewer than four.
    """
    nights = sleeps.data.sort("person", "day").with_columns(number=pl.col("person").rle_id().cast(pl.Int64))
    person, day, onset, offset = (nights.get_column(name).to_physical().to_numpy() for name in ("number", "day", "onset", "offset"))
    index, pairs = regularity(person, day, onset, offset)
    enough = pairs >= LEAST_PAIRS
    out = nights.select(
        "person", "day", feature=pl.lit(INDEX), value=pl.Series(np.where(enough, index, np.nan)).fill_nan(None), unit=pl.lit("1"),
        coverage=pl.Series(pairs / (NIGHTS - 1)), missing=pl.Series(np.where(enough, "", "too_short"), dtype=pl.String),
    )  # fmt: skip
    return sleeps.derive(Features, out)


def regularity(
    person: NDArray[np.int64], day: NDArray[np.int64], onset: NDArray[np.float64], offset: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Index of each night with those of the six days before, and the number of pairs of consecutive nights behind it (none: NaN).

    Parameters
    ----------
    person, day: number and day of each night; sorted, one row a night.
    onset, offset: of its main sleep, minutes after midnight of the day (before it negative).

    >>> regularity(np.zeros(3, int), np.arange(3), np.array([0.0, 60, 60]), np.array([480.0, 540, 540]))
    (array([        nan, 83.33333333, 91.66666667]), array([0, 1, 2]))
    """
    n = len(day)
    together, pairs = np.zeros(n), np.zeros(n, np.int64)
    same = _same_state(person, day, onset, offset)
    for back in range(min(NIGHTS - 1, n)):  # the pair that ends so many rows before: always added in the same order
        mine = np.arange(back, n)
        earlier = mine - back
        counted = (person[mine] == person[earlier]) & (day[mine] - day[earlier] < NIGHTS - 1) & ~np.isnan(same[earlier])
        together[mine] += np.where(counted, same[earlier], 0.0)
        pairs[mine] += counted
    index = np.divide(200 * together, pairs, out=np.full(n, np.nan), where=pairs > 0) - 100
    return index, pairs


def _same_state(
    person: NDArray[np.int64], day: NDArray[np.int64], onset: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of 24 hours in the same state as the night before; NaN where that is not known."""
    share = np.full(len(day), np.nan)
    if len(day) < 2:
        return share
    shared = np.maximum(np.minimum(offset[1:], offset[:-1]) - np.maximum(onset[1:], onset[:-1]), 0)
    differing = (offset[1:] - onset[1:]) + (offset[:-1] - onset[:-1]) - 2 * shared
    consecutive = (person[1:] == person[:-1]) & (day[1:] - day[:-1] == 1)
    share[1:] = np.where(consecutive, np.maximum(1 - differing / _DAY_MINUTES, 0), np.nan)
    return share
