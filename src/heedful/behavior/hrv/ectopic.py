"""Which intervals are of normal beats, by how far each lies from those around it; and a record in which the others are bridged.

An ectopic beat, or one that a sensor missed or saw twice, makes one interval much too short or long. The median of the eleven intervals
around it stays where it was, so each is held against that (Malik's 20 %, there against the interval before, which a single wrong one spoils
twice). Malik et al. 1989, Eur Heart J 10:1060; filters of this kind: Lipponen and Tarvainen 2019, J Med Eng Technol 43:173.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AROUND, MOST_APART = 11, 0.20

Floats = NDArray[np.float64]


def normal(rr_ms: Floats, most_apart: float = MOST_APART) -> NDArray[np.bool_]:
    """Which intervals (ms, in order) lie within `most_apart` of the median of the eleven around them; at the ends the record is mirrored.

    >>> normal(np.array([800.0, 810, 400, 1210, 805, 800, 790, 800])).tolist()
    [True, True, False, False, True, True, True, True]
    """
    from scipy.ndimage import median_filter  # slow to load

    if not len(rr_ms):
        return np.zeros(0, np.bool_)
    middle: Floats = median_filter(rr_ms, size=AROUND, mode="reflect")
    return np.asarray(np.abs(rr_ms - middle) <= most_apart * middle, np.bool_)


def replaced(rr_ms: Floats, is_normal: NDArray[np.bool_]) -> Floats:
    """The record with the other intervals on the line between their normal neighbors, by number; the first or last normal one at the ends.

    At least one interval must be normal.

    >>> replaced(np.array([800.0, 400.0, 820.0]), np.array([True, False, True])).tolist()
    [800.0, 810.0, 820.0]
    """
    places = np.flatnonzero(is_normal)
    return np.interp(np.arange(len(rr_ms)), places, rr_ms[places])
