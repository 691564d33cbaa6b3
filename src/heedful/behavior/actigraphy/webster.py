"""Webster's rules: sleep that only looks like it, next to long stretches awake, is scored awake.

Reference: Webster et al. 1982, Sleep 5:389-399. Equal to pyActigraphy 1.2.2, which finds all five rules in the series before any
rescoring, and compares neighbours among the stretches awake that are long enough.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit

from heedful.behavior.actigraphy.recordings import SLEEP, WAKE, States

AFTER_WAKE = np.array([[4, 1], [10, 3], [15, 4]], np.int64)
"""After at least so many epochs awake, the first so many epochs of a sleep at least as long are awake."""

BETWEEN_WAKE = np.array([[10, 6], [20, 10]], np.int64)
"""Between at least so many epochs awake, at most so many epochs are awake as a whole."""


def rescored(states: States) -> States:
    """States after the five rules, which are meant for epochs of a minute. Unknown epochs count as awake, and stay unknown.

    >>> from heedful.behavior.actigraphy.recordings import States
    >>> seen = np.array([0] * 10 + [1] * 6 + [0] * 10, np.int8)
    >>> rescored(States(seen, np.array([0, 26]), np.array([0]), 60_000)).state.sum()
    np.int64(0)
    """
    state = states.state.copy()
    _rescore(states.state, states.begin, AFTER_WAKE, BETWEEN_WAKE, state)
    return replace(states, state=state)


@njit(cache=True)
def _rescore(seen, begin, after, between, state):  # type: ignore[no-untyped-def]
    long_end = np.empty(len(between), np.int64)  # end of the last stretch awake that is long enough for the rule
    for p in range(len(begin) - 1):
        i, end = begin[p], begin[p + 1]
        awake = 0
        long_end[:] = -1
        while i < end:
            first = i
            asleep = seen[i] == SLEEP
            while i < end and (seen[i] == SLEEP) == asleep:
                i += 1
            if asleep:
                for rule in range(len(after)):
                    if awake >= after[rule, 0] and i - first >= after[rule, 1]:
                        state[first : first + after[rule, 1]] = WAKE
                continue
            awake = i - first
            for rule in range(len(between)):
                if awake < between[rule, 0]:
                    continue
                if long_end[rule] >= 0 and first - long_end[rule] <= between[rule, 1]:
                    for k in range(long_end[rule], first):
                        state[k] = WAKE if seen[k] == SLEEP else seen[k]
                long_end[rule] = i
