"""Scripps Clinic: as Cole-Kripke, over ten epochs before and two after, with weights found in sleep-laboratory patients.

Reference: Kripke et al. 2010, J Sleep Res 19:612-619. Equal to pyActigraphy 1.2.2 `Scripps` where it is defined; the first and last ten
epochs are unknown here and awake there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from heedful.behavior.actigraphy.cases import as_in_pyactigraphy, known_only, recording_of, score_of
from heedful.behavior.actigraphy.recordings import Recordings, States
from heedful.behavior.actigraphy.webster import rescored
from heedful.behavior.actigraphy.weighted_window import below
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

WEIGHTS = (0.0064, 0.0074, 0.0112, 0.0112, 0.0118, 0.0118, 0.0128, 0.0188, 0.0280, 0.0664, 0.0300, 0.0112, 0.0100)
"""Of the epochs t-10 to t+2."""

SCALE = 0.204
_WINDOW = 21


def scripps(
    held: Recordings, *, scale: float = SCALE, threshold: float = 1.0, weights: Sequence[float] = WEIGHTS, webster: bool = False
) -> States:
    """States of every epoch (meant for 30 s and for 60 s): sleep if `scale` times the weighted sum is under `threshold`.

    `weights`: of t-10 to t+2, or of all 21 epochs t-10 to t+10; another number raises `SettingsError`.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> held = recordings([np.r_[np.zeros(15), np.full(15, 300.0)]], [np.datetime64("2026-03-01T22:00")], 60)
    >>> scripps(held).state[8:16].tolist()
    [-1, -1, 1, 1, 1, 1, 0, 0]
    """
    if len(weights) not in (len(WEIGHTS), _WINDOW):
        raise SettingsError(f"Scripps takes {len(WEIGHTS)} weights (t-10 to t+2) or {_WINDOW} (t-10 to t+10), not {len(weights)}.")
    window = np.zeros(_WINDOW)
    window[: len(weights)] = weights
    scored = below(held, window, scale, np.full(len(held), threshold))
    return rescored(scored) if webster else scored


@method(Card(
    name="actigraphy.scripps",
    definition="Epochs whose weighted activity over t-10 to t+2 is under 1 are sleep.",
    units="{state}",
    reference="Kripke et al. 2010, J Sleep Res 19:612-619",
    equals="pyActigraphy 1.2.2 Scripps, exactly",
    limits="Weights are for one device's counts; lying still awake counts as sleep.",
))  # fmt: skip
def run_scripps(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the score of each epoch, unknown ones as awake."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments, unknown ones as awake; raises `SettingsError` for an argument that it does not have."""
    known_only("actigraphy.scripps", arguments, ("scale", "threshold", "rescoring", "weights"))
    scored = scripps(
        held, scale=float(arguments.get("scale", SCALE)), threshold=float(arguments.get("threshold", 1.0)),
        weights=arguments.get("weights", WEIGHTS), webster=bool(arguments.get("rescoring", False)),
    )  # fmt: skip
    return as_in_pyactigraphy(scored)
