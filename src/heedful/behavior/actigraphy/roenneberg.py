"""Roenneberg (MASDA): sleep bouts, consolidated from stretches with little activity against the day around them.

An epoch is still if its count is at most 15 % of the mean of 24 hours around it. From every stretch of at least 30 still minutes the end
of a bout is sought: the length at which the bout correlates best with what was seen in the 12 hours that follow.

Reference: Roenneberg et al. 2015, Methods Enzymol 552:257-283; Loock et al. 2021, J Sleep Res 30:e13371 (validated on bins of 10 min).
Equal to pyActigraphy 1.2.2 `Roenneberg`, which needs at least one bout: where it fails (no stretch, or one that ends the recording),
nothing is sleep here. Two bouts that correlate equally well to all digits may be told apart by rounding there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from heedful.behavior.actigraphy.cases import known_only, milliseconds, missing_as_still, recording_of, score_of
from heedful.behavior.actigraphy.recordings import DAY, HOUR, MINUTE, SLEEP, UNKNOWN, WAKE, Recordings, States, summed, unscored
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method


@dataclass(frozen=True)
class Roenneberg:
    """Settings, lengths in milliseconds. `trend` and at least `least_trend` of it: window of the mean; `threshold`: share of it;
    `seed`: shortest still stretch that begins a bout; `longest`: of a bout; `past_peak`: how long no better length may follow.

    `binned`: sum counts in bins of this length first (10 min is validated), None for the epochs themselves. `missing_is_wake`: take an
    epoch without a count for one awake, as pyActigraphy does.

    Errors: `SettingsError` for a length that is not above 0.
    """

    trend: int = DAY
    least_trend: int = 12 * HOUR
    threshold: float = 0.15
    seed: int = 30 * MINUTE
    longest: int = 12 * HOUR
    past_peak: int = 30 * MINUTE
    binned: int | None = None
    missing_is_wake: bool = False

    def __post_init__(self) -> None:
        lengths = (self.trend, self.least_trend, self.seed, self.longest, self.past_peak, self.binned or 1)
        if min(lengths) <= 0 or self.least_trend > self.trend:
            raise SettingsError(f"Roenneberg: lengths above 0, and no more of the trend needed than there is: {self}.")


def roenneberg(held: Recordings, settings: Roenneberg = Roenneberg()) -> States:
    """SLEEP or WAKE of every epoch; unknown outside bouts where the trend or the count is missing.

    With `binned` the states end with the first epoch of the last bin, as the program's do.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> days = np.tile(np.r_[np.full(16 * 60, 200.0), np.zeros(8 * 60)], 3)
    >>> state = roenneberg(recordings([days], [np.datetime64("2026-03-01T07:00")], 60)).state
    >>> np.flatnonzero(np.diff(state)[:1500]).tolist()
    [959, 1439]
    """
    used = held if settings.binned in (None, held.epoch) else summed(held, int(settings.binned), "start")
    scored = unscored(used)
    lengths = (settings.trend, settings.least_trend, settings.seed, settings.longest, settings.past_peak)
    windows = np.array([length // used.epoch for length in lengths], np.int64)
    missing = WAKE if settings.missing_is_wake else UNKNOWN
    _score(used.counts, used.begin, windows, float(settings.threshold), missing, scored.state)
    return scored if used is held else _spread(scored, held)


def _spread(binned: States, held: Recordings) -> States:
    """States of bins as states of epochs: each epoch that begins in a bin up to the beginning of the last bin."""
    parts = []
    for p in range(len(held)):
        state = binned.state[binned.begin[p] : binned.begin[p + 1]]
        epochs = (len(state) - 1) * binned.epoch // held.epoch + 1 if len(state) else 0
        parts.append(state[np.arange(epochs) * held.epoch // binned.epoch])
    begin = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return States(np.concatenate(parts) if parts else binned.state, begin, held.start, held.epoch)


@njit(cache=True)
def _score(counts, begin, windows, threshold, missing, state):  # type: ignore[no-untyped-def]
    trend, least, seed, longest, past_peak = windows
    match = np.empty(longest + 1)
    later = np.empty(longest + 1, np.int64)
    for p in range(len(begin) - 1):
        mine = state[begin[p] : begin[p + 1]]
        _still(counts[begin[p] : begin[p + 1]], trend, least, threshold, missing, mine)
        seeds = _seeds(mine, seed)
        if len(seeds) == 0:
            _wake(mine, 0, len(mine))
            continue
        _wake(mine, 0, seeds[0])
        last = -1  # last epoch of the last bout
        for onset in seeds:
            if onset < last:
                continue
            if last >= 0:
                _wake(mine, last + 1, onset)
            length = _bout(mine[onset : onset + longest], past_peak + 1, match, later)
            if length > 0:
                last = onset + length - 1
                mine[onset : last + 1] = SLEEP
        _wake(mine, last + 1, len(mine))


@njit(cache=True)
def _wake(state, first, end):  # type: ignore[no-untyped-def]
    for i in range(first, end):
        if state[i] == SLEEP:
            state[i] = WAKE


@njit(cache=True)
def _still(counts, trend, least, threshold, missing, state):  # type: ignore[no-untyped-def]
    """SLEEP where the count is at most `threshold` of the mean of the window around it."""
    n, after = len(counts), (trend - 1) // 2
    total, many = 0.0, 0
    for i in range(min(after, n)):
        if counts[i] == counts[i]:
            total += counts[i]
            many += 1
    for t in range(n):
        come, gone = t + after, t + after - trend
        if come < n and counts[come] == counts[come]:
            total += counts[come]
            many += 1
        if gone >= 0 and counts[gone] == counts[gone]:
            total -= counts[gone]
            many -= 1
        if many < least or many == 0:
            state[t] = UNKNOWN
        elif counts[t] != counts[t]:
            state[t] = missing
        else:  # counts are not negative: a sum under 0 is rounding
            state[t] = SLEEP if counts[t] <= threshold * (max(total, 0.0) / many) else WAKE


@njit(cache=True)
def _seeds(state, least):  # type: ignore[no-untyped-def]
    """First epochs of the runs of SLEEP of at least `least` epochs."""
    out = np.empty(len(state), np.int64)
    count = i = 0
    while i < len(state):
        first = i
        while i < len(state) and state[i] == SLEEP:
            i += 1
        if i > first and i - first >= least:
            out[count] = first
            count += 1
        i += 1
    return out[:count]


@njit(cache=True)
def _bout(seen, past_peak, match, later):  # type: ignore[no-untyped-def]
    """Length at which a bout from the first epoch on correlates best with what was seen; 0 if there is no such peak.

    A peak is better than each of the next `past_peak` lengths; the full length has no correlation and cannot follow one.
    """
    n, asleep = len(seen), 0
    for i in range(n):
        if seen[i] == UNKNOWN:
            return 0
        asleep += seen[i]
    if asleep == n:
        return 0
    so_far = 0
    for k in range(1, n):  # Pearson's r without the factors that are the same for all lengths
        so_far += seen[k - 1]
        match[k] = (n * so_far - k * asleep) / np.sqrt(float(k) * (n - k))
    best, found = 0.0, False
    for k in range(n - 1, 0, -1):
        ahead = k + 1
        while ahead < n and match[ahead] < match[k]:  # to the next length that is as good, over those known to be worse
            ahead = later[ahead]
        later[k] = ahead
        if k + past_peak < n and ahead > k + past_peak and (not found or match[k] > best):
            best, found = match[k], True
    if found:
        for k in range(1, n):
            if match[k] == best:
                return k
    return 0


@method(Card(
    name="actigraphy.roenneberg",
    definition="Sleep bouts that begin with 30 still minutes (at most 15 % of the mean of 24 h around) and correlate best with the record.",
    units="{state}",
    reference="Roenneberg et al. 2015, Methods Enzymol 552:257-283",
    equals="pyActigraphy 1.2.2 Roenneberg (MASDA), exactly",
    limits="Validated on bins of 10 minutes; a bout has no wake inside; a watch that lies still is sleep.",
))  # fmt: skip
def run_roenneberg(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the score of each epoch; unknown ones are missing, as in the program."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments; raises `SettingsError` for an argument that it does not have."""
    lengths = {
        "trend_period": "24h",
        "min_trend_period": "12h",
        "min_seed_period": "30Min",
        "max_test_period": "12h",
        "r_consec_below": "30Min",
    }
    known_only("actigraphy.roenneberg", arguments, (*lengths, "threshold", "rsfreq"))
    trend, least, seed, longest, past_peak = (milliseconds(arguments.get(name, usual)) for name, usual in lengths.items())
    binned = arguments.get("rsfreq")
    threshold = float(arguments.get("threshold", 0.15))
    settings = Roenneberg(trend, least, threshold, seed, longest, past_peak, None if binned is None else milliseconds(binned), True)
    return roenneberg(held if settings.binned in (None, held.epoch) else missing_as_still(held), settings)
