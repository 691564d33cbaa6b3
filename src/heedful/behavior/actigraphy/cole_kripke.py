"""Cole-Kripke: a minute is sleep if the weighted activity of the minutes around it is small.

Four ways to reduce an epoch's counts to minutes have their own weights (Cole 1992, table 2); the weighted sum runs over the four minutes
before, the minute itself and the two after it. Webster's rules (`webster`) then take back sleep that is isolated in wake.

Reference: Cole, Kripke et al. 1992, Sleep 15:461-469. Equal to pyActigraphy 1.2.2 `CK` where it is defined; the first and last four
minutes, and those near a missing count, are unknown here and awake there. Its docstring says 0 = sleep: its output is the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from heedful.behavior.actigraphy.cases import as_in_pyactigraphy, known_only, missing_as_still, recording_of, score_of
from heedful.behavior.actigraphy.recordings import MINUTE, SECOND, RecordingError, Recordings, States, maxima, summed
from heedful.behavior.actigraphy.webster import rescored
from heedful.behavior.actigraphy.weighted_window import below
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Reduction = Literal["mean", "10sec_max_overlap", "10sec_max_non_overlap", "30sec_max_non_overlap"]
MEANS_A_MINUTE = 30
"""The weights of `mean` are for means of the 30 epochs of 2 s in a minute."""


@dataclass(frozen=True)
class _Published:
    """Weights of the minutes t-4 to t+2 and their scale; the longest epoch from which the reduction can be made."""

    weights: tuple[float, ...]
    scale: float
    longest: int


_PUBLISHED: dict[str, _Published] = {
    "mean": _Published((106, 54, 58, 76, 230, 74, 67), 0.001, MINUTE),
    "10sec_max_overlap": _Published((50, 30, 300, 400, 1400, 500, 350), 0.00001, 5 * SECOND),
    "10sec_max_non_overlap": _Published((550, 378, 413, 699, 1736, 287, 300), 0.00001, 10 * SECOND),
    "30sec_max_non_overlap": _Published((50, 30, 14, 28, 12, 8, 50), 0.0001, 30 * SECOND),
}
_UNUSED_AFTER = 2
"""Minutes after the last weight that must be there as well: the program's window is centered."""


def cole_kripke(
    held: Recordings,
    reduction: Reduction = "mean",
    *,
    threshold: float = 1.0,
    webster: bool = True,
    weights: Sequence[float] | None = None,
    scale: float | None = None,
    divisor: float = MEANS_A_MINUTE,
) -> States:
    """States of every minute.

    Parameters
    ----------
    held: epochs of at most 60, 5, 10 or 30 s, according to `reduction`; sums of counts.
    reduction: "mean" (sum of the minute / `divisor`), or the largest 10-s (overlapping or not) or 30-s sum in it.
    threshold: sleep if the score is smaller.
    weights, scale: seven weights (t-4 to t+2) and their factor; the published ones of `reduction` if None.

    Errors: `SettingsError` for an unknown reduction, other than seven weights, a divisor not above 0; `RecordingError` for too long epochs.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> held = recordings([np.r_[np.zeros(10), np.full(10, 300.0)]], [np.datetime64("2026-03-01T22:00")], 60)
    >>> cole_kripke(held).state.tolist()
    [-1, -1, -1, -1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1]
    """
    if reduction not in _PUBLISHED:
        raise SettingsError(f"Cole-Kripke has no reduction {reduction!r}. It knows {', '.join(get_args(Reduction))}.")
    published = _PUBLISHED[reduction]
    if held.epoch > published.longest:
        raise RecordingError(
            f"Cole-Kripke {reduction} needs epochs of at most {published.longest // SECOND} s, these last {held.epoch / SECOND:g} s. "
            "Take another reduction."
        )
    chosen = np.array(published.weights if weights is None else weights, np.float64)
    if len(chosen) != len(published.weights) or divisor <= 0:
        raise SettingsError(f"Cole-Kripke takes seven weights and a divisor above 0, not {len(chosen)} and {divisor}.")
    minutes = _minutes(held, reduction, divisor)
    window = np.concatenate([chosen, np.zeros(_UNUSED_AFTER)])
    scored = below(minutes, window, published.scale if scale is None else scale, np.full(len(held), threshold))
    return rescored(scored) if webster else scored


def _minutes(held: Recordings, reduction: Reduction, divisor: float) -> Recordings:
    if reduction == "mean":
        minutes = summed(held, MINUTE, "midnight")
        return replace(minutes, counts=minutes.counts / divisor)
    if reduction == "30sec_max_non_overlap":
        return maxima(summed(held, 30 * SECOND, "midnight"), MINUTE)
    if reduction == "10sec_max_non_overlap":
        return maxima(summed(held, 10 * SECOND, "midnight"), MINUTE)
    fives = summed(held, 5 * SECOND, "midnight")
    before = np.concatenate([np.zeros(1), fives.counts[:-1]])
    before[fives.begin[:-1][fives.lengths > 0]] = 0.0  # nothing lies before a person's first epoch
    return maxima(replace(fives, counts=fives.counts + before), MINUTE)


@method(Card(
    name="actigraphy.cole_kripke",
    definition="Minutes whose weighted activity over t-4 to t+2 is under 1 are sleep; Webster's five rules take back isolated sleep.",
    units="{state}",
    reference="Cole, Kripke et al. 1992, Sleep 15:461-469; Webster et al. 1982, Sleep 5:389-399",
    equals="pyActigraphy 1.2.2 CK, exactly",
    limits="Weights are for one device's counts; lying still awake counts as sleep (specificity is low); no naps or time in bed known.",
))  # fmt: skip
def run_cole_kripke(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the score of each minute, unknown ones as awake."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments, unknown ones as awake; raises `SettingsError` for an argument that it does not have."""
    known_only("actigraphy.cole_kripke", arguments, ("settings", "threshold", "rescoring", "divisor", "weights", "scale"))
    reduction: Reduction = arguments.get("settings", "30sec_max_non_overlap")
    if "divisor" in arguments and reduction != "mean":
        raise SettingsError("Only the reduction 'mean' has a divisor.")
    scored = cole_kripke(
        missing_as_still(held), reduction, threshold=float(arguments.get("threshold", 1.0)), webster=bool(arguments.get("rescoring", True)),
        weights=arguments.get("weights"), scale=arguments.get("scale"), divisor=float(arguments.get("divisor", MEANS_A_MINUTE)),
    )  # fmt: skip
    return as_in_pyactigraphy(scored)
