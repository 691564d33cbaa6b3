"""Epochs scored by a weighted sum of the counts around them: the step that Cole-Kripke, Scripps and Oakley share."""

from __future__ import annotations

import numpy as np
from numba import njit

from heedful.behavior.actigraphy.recordings import SLEEP, UNKNOWN, WAKE, Floats, Recordings, States, unscored

_BLOCK = 2048


def below(held: Recordings, weights: Floats, scale: float, threshold: Floats) -> States:
    """SLEEP where `scale` times the weighted sum of the counts is under the person's `threshold`.

    `weights`: an odd number, the middle one for the epoch itself. Unknown where the window is incomplete, also by a missing count under
    a weight of 0.
    """
    scored = unscored(held)
    _score(held.counts, held.begin, np.ascontiguousarray(weights, np.float64), float(scale), threshold.astype(np.float64), scored.state)
    return scored


@njit(cache=True)
def _score(counts, begin, weights, scale, threshold, state):  # type: ignore[no-untyped-def]
    half = len(weights) // 2
    sums = np.empty(_BLOCK)
    for p in range(len(threshold)):
        first, end = begin[p] + half, begin[p + 1] - half
        for low in range(first, end, _BLOCK):  # weight by weight over a block: the compiler can use vector instructions
            n = min(_BLOCK, end - low)
            sums[:n] = 0.0
            for j in range(len(weights)):
                for i in range(n):
                    sums[i] += weights[j] * counts[low - half + j + i]
            for i in range(n):
                score = scale * sums[i]
                known = WAKE if score >= threshold[p] else UNKNOWN  # neither: one of them is missing
                state[low + i] = SLEEP if score < threshold[p] else known
