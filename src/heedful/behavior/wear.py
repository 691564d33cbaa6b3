"""When a device was worn: minutes with a sign of life, short silences between them included.

Rule ``wear_minutes``: a minute is a sign of life if a heart rate was measured in it, or steps or movement above zero (rows of up to
15 minutes count for every minute that they touch; longer ones say nothing of a single minute). A silence of 60 minutes or more is
non-wear, a shorter one between two signs is wear (Troiano et al. 2008, Med Sci Sports Exerc 40:181, who take 60 minutes without
counts). Before the first and after the last sign of a day nothing is assumed.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

NON_WEAR_MINUTES = 60
LEAST_WEAR_MINUTES = 240
"""Below four hours of wear a day's total says more about the device than about the person: it is missing, not small."""


def wear_minutes(signs: NDArray[np.uint8], begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Minutes of wear of each person-day: `signs` are its minutes from `begin[d]` to `begin[d + 1]`, not zero with a sign of life.

    >>> signs = np.zeros(200, np.uint8)
    >>> signs[[10, 40, 41, 180]] = 1
    >>> wear_minutes(signs, np.array([0, 200])).tolist()
    [33]
    """
    return _wear(signs, begin)


@njit(cache=True)
def _wear(signs, begin):  # type: ignore[no-untyped-def]
    worn = np.zeros(len(begin) - 1, np.int64)
    for d in range(len(begin) - 1):
        mine, minutes, previous = signs[begin[d] : begin[d + 1]], 0, -NON_WEAR_MINUTES - 1
        for m in range(len(mine)):
            if mine[m] != 0:
                silent = m - previous - 1
                minutes += 1 + (silent if silent < NON_WEAR_MINUTES else 0)
                previous = m
        worn[d] = minutes
    return worn
