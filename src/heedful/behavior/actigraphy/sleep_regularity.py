"""Sleep regularity index and sleep midpoint: whether the same times of day find a person asleep, and around which time sleep lies.

    SRI = 200 * mean over times of day (mean over pairs of days: same state at that time) - 100      (100 always the same, 0 chance)

Reference: Phillips et al. 2017, Sci Rep 7:3216; Lunsford-Avery et al. 2018, Sci Rep 8:14158. Equal to pyActigraphy 1.2.2
`SleepRegularityIndex` and `SleepMidPoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from heedful.behavior.actigraphy import cole_kripke, crespo, oakley, roenneberg, sadeh, scripps
from heedful.behavior.actigraphy.cases import known_only, plain, recording_of
from heedful.behavior.actigraphy.recordings import DAY, SLEEP, UNKNOWN, Floats, RecordingError, Recordings, States
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_SCORERS: dict[str, Callable[[Recordings, Mapping[str, Any]], States]] = {
    "CK": cole_kripke.scored_as_asked,
    "Crespo": crespo.scored_as_asked,
    "Oakley": oakley.scored_as_asked,
    "Roenneberg": roenneberg.scored_as_asked,
    "Sadeh": sadeh.scored_as_asked,
    "Scripps": scripps.scored_as_asked,
}
"""By the program's names of them."""

_DAY_MINUTES = 1440


@dataclass(frozen=True)
class Regularity:
    """Of each person: the index (-100 to 100; NaN without a pair of days) and the share of times of day with such a pair."""

    index: Floats
    coverage: Floats


def sleep_regularity_index(states: States) -> Regularity:
    """SRI of each person. Pairs with an unknown state are left out; a time of day counts once, however many pairs it has.

    Errors: `RecordingError` if epochs do not divide a day.

    >>> nights = np.tile(np.r_[np.zeros(16, np.int8), np.ones(8, np.int8)], 3)
    >>> sleep_regularity_index(States(nights, np.array([0, 72]), np.array([0]), 3_600_000))
    Regularity(index=array([100.]), coverage=array([1.]))
    """
    if DAY % states.epoch:
        raise RecordingError(f"Days cannot be compared by epochs of {states.epoch / 1000:g} s, which do not divide a day.")
    index, coverage = np.full(len(states), np.nan), np.zeros(len(states))
    _agree(states.state, states.begin, DAY // states.epoch, index, coverage)
    return Regularity(index, coverage)


def sleep_midpoint(states: States) -> Floats:
    """Circular mean of the times asleep of each person, minutes after midnight from -720 to 720 (before midnight negative).

    NaN if no sleep is known, or if it is spread evenly over the day.

    >>> nights = np.tile(np.r_[np.ones(7, np.int8), np.zeros(16, np.int8), np.ones(1, np.int8)], 3)
    >>> sleep_midpoint(States(nights, np.array([0, 72]), np.array([0]), 3_600_000)).round(6).tolist()
    [150.0]
    """
    out = np.full(len(states), np.nan)
    for p in range(len(states)):
        asleep = np.flatnonzero(states.state[states.begin[p] : states.begin[p + 1]] == SLEEP)
        angle = 2 * np.pi / DAY * np.mod(states.start[p] + asleep * states.epoch, DAY)
        sine, cosine = np.sin(angle).sum(), np.cos(angle).sum()
        if np.hypot(sine, cosine) > 1e-9 * max(len(asleep), 1):
            out[p] = _DAY_MINUTES / (2 * np.pi) * np.arctan2(sine, cosine)
    return out


@njit(cache=True)
def _agree(state, begin, per_day, index, coverage):  # type: ignore[no-untyped-def]
    same, pairs = np.empty(per_day, np.int64), np.empty(per_day, np.int64)
    for p in range(len(index)):
        same[:] = 0
        pairs[:] = 0
        k = 0  # times of day counted from the first epoch on: which is which does not matter
        for i in range(begin[p], begin[p + 1] - per_day):
            if state[i] != UNKNOWN and state[i + per_day] != UNKNOWN:
                pairs[k] += 1
                same[k] += state[i] == state[i + per_day]
            k = k + 1 if k + 1 < per_day else 0
        total, many = 0.0, 0
        for k in range(per_day):
            if pairs[k] > 0:
                total += same[k] / pairs[k]
                many += 1
        if many > 0:
            index[p] = 200.0 * (total / many) - 100.0
        coverage[p] = many / per_day


@method(Card(
    name="actigraphy.sleep_regularity_index",
    definition="Chance of the same state, asleep or awake, at the same time on consecutive days, -100 to 100; and the middle of sleep.",
    units="1; midpoint in min",
    reference="Phillips et al. 2017, Sci Rep 7:3216; Lunsford-Avery et al. 2018, Sci Rep 8:14158",
    equals="pyActigraphy 1.2.2 SleepRegularityIndex and SleepMidPoint, within 1e-9, over its six scorers (not CSM)",
    limits="As good as the scorer; half a day recorded on two days gives an index of that half; weekends and shifts lower it.",
))  # fmt: skip
def run_sleep_regularity(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: index (missing where some time of day has no pair or an unknown state, as in the program) and midpoint of one
    recording."""
    known_only("actigraphy.sleep_regularity_index", arguments, ("scoring_algorithm", "scoring_arguments"))
    algorithm = arguments.get("scoring_algorithm", "Roenneberg")
    if algorithm not in _SCORERS:
        raise SettingsError(f"There is no scoring algorithm {algorithm!r}. Known: {', '.join(_SCORERS)}.")
    states = _SCORERS[algorithm](recording_of(inputs), arguments.get("scoring_arguments") or {})
    found = sleep_regularity_index(states)
    index = found.index[0] if found.coverage[0] == 1 and not (states.state == UNKNOWN).any() else np.nan
    return {"sleep_regularity_index": plain(index), "sleep_midpoint_minutes_after_midnight": plain(sleep_midpoint(states)[0])}
