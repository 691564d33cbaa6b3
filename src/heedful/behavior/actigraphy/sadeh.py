"""Sadeh: an epoch is sleep by mean activity, moderately active epochs, recent variability and activity of the next epoch.

    PS = 7.601 - 0.065 mean(t-5..t+5) - 1.08 n(50 < count < 100 in t-5..t+5) - 0.056 sd(t-5..t) - 0.703 ln(1 + count(t+1))

Reference: Sadeh, Sharkey and Carskadon 1994, Sleep 17:201-207. Equal to pyActigraphy 1.2.2 `Sadeh`, which differs from the paper (count
of the epoch itself in the logarithm, 50 included, PS = 0 is sleep); the first and last five epochs are unknown here and awake there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from heedful.behavior.actigraphy.cases import as_in_pyactigraphy, known_only, recording_of, score_of
from heedful.behavior.actigraphy.recordings import SLEEP, UNKNOWN, WAKE, Recordings, States, unscored
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

OFFSET = 7.601
WEIGHTS = (-0.065, -1.08, -0.056, -0.703)
_SIDE = 5
_LOW, _HIGH = 50.0, 100.0


def sadeh(held: Recordings, *, offset: float = OFFSET, weights: Sequence[float] = WEIGHTS, threshold: float = 0.0) -> States:
    """States of every epoch (meant for 60 s): sleep if the score is above `threshold`.

    `weights`: of mean, number of moderately active epochs, standard deviation and logarithm; other than four raise `SettingsError`.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> held = recordings([np.r_[np.zeros(8), np.full(8, 300.0)]], [np.datetime64("2026-03-01T22:00")], 60)
    >>> sadeh(held).state.tolist()
    [-1, -1, -1, -1, -1, 1, 1, 0, 0, 0, 0, -1, -1, -1, -1, -1]
    """
    if len(weights) != len(WEIGHTS):
        raise SettingsError(f"Sadeh takes four weights (mean, epochs with 50 to 100 counts, deviation, logarithm), not {len(weights)}.")
    scored = unscored(held)
    _score(held.counts, held.begin, float(offset), np.array(weights, np.float64), float(threshold), scored.state)
    return scored


@njit(cache=True)
def _score(counts, begin, offset, weights, threshold, state):  # type: ignore[no-untyped-def]
    window = 2 * _SIDE + 1
    for p in range(len(begin) - 1):
        for t in range(begin[p] + _SIDE, begin[p + 1] - _SIDE):
            total, moderate, recent = 0.0, 0, 0.0
            for i in range(t - _SIDE, t + _SIDE + 1):
                total += counts[i]
                moderate += _LOW < counts[i] < _HIGH
                if i <= t:
                    recent += counts[i]
            mean, squares = recent / (_SIDE + 1), 0.0
            for i in range(t - _SIDE, t + 1):
                squares += (counts[i] - mean) ** 2
            score = weights[0] * (total / window) + weights[1] * moderate + weights[2] * np.sqrt(squares / _SIDE)
            score += weights[3] * np.log(1.0 + counts[t + 1]) + offset
            known = WAKE if score == score else UNKNOWN
            state[t] = SLEEP if score > threshold else known


@method(Card(
    name="actigraphy.sadeh",
    definition="Epochs with a Sadeh score above 0 are sleep: mean, moderately active epochs, recent deviation and next epoch's logarithm.",
    units="{state}",
    reference="Sadeh, Sharkey and Carskadon 1994, Sleep 17:201-207",
    equals="pyActigraphy 1.2.2 Sadeh, exactly; it takes the logarithm of the next epoch, where the paper has the epoch itself",
    limits="Weights are for zero-crossing counts of 60 s; lying still awake counts as sleep.",
))  # fmt: skip
def run_sadeh(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the score of each epoch, unknown ones as awake."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments, unknown ones as awake; raises `SettingsError` for an argument that it does not have."""
    known_only("actigraphy.sadeh", arguments, ("offset", "weights", "threshold"))
    scored = sadeh(
        held, offset=float(arguments.get("offset", OFFSET)), weights=arguments.get("weights", WEIGHTS),
        threshold=float(arguments.get("threshold", 0.0)),
    )  # fmt: skip
    return as_in_pyactigraphy(scored)
