"""Oakley: an epoch is sleep if the weighted activity of a few minutes around it is under a threshold, fixed or found from the recording.

Reference: Oakley 1997, Mini-Mitter technical report; weights and automatic threshold from the Actiware manual. Equal to pyActigraphy
1.2.2 `Oakley` where it is defined (its 0.12 beside epochs of 120 s, where the manual has 1/8, is kept); edges are unknown here and awake
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl

from heedful.behavior.actigraphy.cases import as_in_pyactigraphy, known_only, recording_of, score_of
from heedful.behavior.actigraphy.recordings import MINUTE, SECOND, Floats, RecordingError, Recordings, States
from heedful.behavior.actigraphy.weighted_window import below
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_SIDES = {
    15 * SECOND: (4.0, (0.2,) * 4 + (0.04,) * 4),
    30 * SECOND: (2.0, (0.2, 0.2, 0.04, 0.04)),
    60 * SECOND: (1.0, (0.2, 0.04)),
    120 * SECOND: (0.5, (0.12,)),
}
"""By length of the epoch: weight of the epoch itself, and of the next ones on each side, going away from it."""

_MOBILE_PER = 15 * SECOND
_AUTOMATIC = 0.88888


def oakley(held: Recordings, threshold: float | Literal["automatic"] = 40) -> States:
    """States of every epoch: sleep if the weighted sum is under `threshold` (20, 40, 80 are usual, or "automatic" for each person).

    Errors: `RecordingError` if epochs are not 15, 30, 60 or 120 s long; `SettingsError` for another word than "automatic".

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> held = recordings([np.r_[np.zeros(5), np.full(5, 300.0)]], [np.datetime64("2026-03-01T22:00")], 60)
    >>> oakley(held).state.tolist()
    [-1, -1, 1, 1, 0, 0, 0, 0, -1, -1]
    """
    if held.epoch not in _SIDES:
        raise RecordingError(
            f"Oakley has weights for epochs of 15, 30, 60 and 120 s, not of {held.epoch / SECOND:g} s. Sum the counts first."
        )
    if isinstance(threshold, str) and threshold != "automatic":
        raise SettingsError(f"Oakley's threshold is a number or 'automatic', not {threshold!r}.")
    middle, side = _SIDES[held.epoch]
    weights = np.array([*reversed(side), middle, *side])
    limits = automatic_threshold(held) if isinstance(threshold, str) else np.full(len(held), float(threshold))
    return below(held, weights, 1.0, limits)


def automatic_threshold(held: Recordings) -> Floats:
    """Of each person 0.88888 times the counts per minute moved; NaN, so that every state is unknown, if no epoch is mobile.

    Mobile: at least as many counts as the epoch has quarters of a minute.
    """
    mobile = np.floor(held.epoch / _MOBILE_PER)
    people = np.repeat(np.arange(len(held)), held.lengths)
    total = np.bincount(people, np.nan_to_num(held.counts), len(held))
    moved = np.bincount(people, held.counts >= mobile, len(held)) * (held.epoch / MINUTE)
    return np.divide(total, moved, out=np.full(len(held), np.nan), where=moved > 0) * _AUTOMATIC


@method(Card(
    name="actigraphy.oakley",
    definition="Epochs whose weighted activity over t-2 to t+2 minutes is under a threshold (40, or found from the recording) are sleep.",
    units="{state}",
    reference="Oakley 1997, Mini-Mitter technical report; Actiware manual",
    equals="pyActigraphy 1.2.2 Oakley, exactly; on epochs of 15 s a sum that equals the threshold may fall to the other side by rounding",
    limits="Epochs of 15, 30, 60 or 120 s only; lying still awake counts as sleep.",
))  # fmt: skip
def run_oakley(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the score of each epoch, unknown ones as awake."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments, unknown ones as awake; raises `SettingsError` for an argument that it does not have."""
    known_only("actigraphy.oakley", arguments, ("threshold",))
    return as_in_pyactigraphy(oakley(held, arguments.get("threshold", 40)))
