"""Crespo: periods of activity and of rest by two passes of a moving median, cut at a quantile, with short periods filtered out.

The first pass compares the median of eight hours around each epoch with the third of the recording that is lowest. Runs of zeros that are
too long for the activity or rest found so are taken for a watch that was off and left out of the second pass.

Reference: Crespo et al. 2012, Med Biol Eng Comput 50:329-340. Equal to pyActigraphy 1.2.2 `Crespo` (on pandas 1.5), with what differs
from the paper: the signal conditioned by zeta and its percentile is computed there and not used, so neither is an argument here; padding
is one epoch shorter than said; near the end the medians of growing windows lie half a window late; nothing beyond the ends is taken for
active, so that the first and last hour (`filtered`) are rest, but for the first and last epoch, which are active.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.actigraphy.cases import known_only, milliseconds, recording_of, score_of
from heedful.behavior.actigraphy.median_level import above_quantile
from heedful.behavior.actigraphy.recordings import (
    DAY,
    HOUR,
    UNKNOWN,
    WAKE,
    Floats,
    RecordingError,
    Recordings,
    States,
    unscored,
)
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_STILL_BELOW = 1.0
_DRAWS, _ZERO_SHARE = 100, 0.05


@dataclass(frozen=True)
class Crespo:
    """Settings. `rest_zeros`, `active_zeros`: a run of at least so many epochs without counts in rest or activity is no wear;
    `night`: usual length of the night, `filtered`: periods shorter than about this are filtered out (ms).

    `estimate_zeros`: find both numbers from the recording instead, trying up to `longest` epochs, with random draws from `seed`.

    Errors: `SettingsError` for a length that is not above 0, or a night of a day or more.
    """

    rest_zeros: int = 30
    active_zeros: int = 2
    night: int = 8 * HOUR
    filtered: int = HOUR
    estimate_zeros: bool = False
    longest: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.night < DAY or self.filtered <= 0 or self.rest_zeros < 0 or self.active_zeros < 0 or self.longest < 1:
            raise SettingsError(f"Crespo: a night of more than 0 and less than 24 h, other lengths above 0: {self}.")


def crespo(held: Recordings, settings: Crespo = Crespo()) -> States:
    """SLEEP (rest) or WAKE (activity) of every epoch; unknown where the count is missing.

    Errors: `RecordingError` if a recording is not longer than a night and twice the filtered length, or holds no count.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> days = np.tile(np.r_[100.0 + np.arange(16 * 60) % 97, np.tile([3.0, 1.0], 240)], 3)
    >>> rest = crespo(recordings([days], [np.datetime64("2026-03-01T07:00")], 60)).state
    >>> [(int(place), int(rest[place])) for place in np.flatnonzero(np.diff(rest)) + 1]  # the first hour is no rest: see above
    [(1, 1), (60, 0), (960, 1), (1440, 0), (2400, 1), (2880, 0), (3840, 1), (4319, 0)]
    """
    scored = _everywhere(held, settings)
    scored.state[np.isnan(held.counts)] = UNKNOWN
    return scored


def _everywhere(held: Recordings, settings: Crespo) -> States:
    """SLEEP or WAKE of every epoch by what lies around it, also where its own count is missing."""
    scored = unscored(held)
    for p in range(len(held)):
        mine = slice(int(held.begin[p]), int(held.begin[p + 1]))
        scored.state[mine] = _one(held.counts[mine], held.epoch, settings, p)
    return scored


def _one(counts: Floats, epoch: int, settings: Crespo, person: int) -> NDArray[np.int8]:
    night, filtered = settings.night // epoch + 1, settings.filtered // epoch + 1
    highest = float(np.fmax.reduce(counts)) if len(counts) else np.nan
    if len(counts) + 2 * filtered <= night + 1 or np.isnan(highest):
        raise RecordingError(f"Recording {person + 1}: Crespo needs counts over more than a night, here are {len(counts)} epochs.")
    quiet, n = settings.night / DAY, len(counts)
    before = max((night - 1) // 2 - 1, 0)
    first = above_quantile(_padded(counts, highest, before), night, quiet, (night - 1) // 2)
    active = smoothed(first, filtered)[before : before + n]
    before = max(filtered - 2, 0)
    worn = _padded(counts, highest, before)
    _take_off(worn[before : before + n], active, *_zeros(counts, active, settings))
    second = above_quantile(worn, night, quiet, filtered - 1, growing=True, margin=before)[before : before + n]
    active = smoothed(second, 2 * (filtered - 1) + 1)
    active[0] = active[-1] = True
    return np.logical_not(active).view(np.int8)  # SLEEP is 1, WAKE 0


def _padded(counts: Floats, value: float, epochs: int) -> Floats:
    out = np.empty(len(counts) + 2 * epochs)
    out[:epochs] = out[epochs + len(counts) :] = value
    out[epochs : epochs + len(counts)] = counts
    return out


def _zeros(counts: Floats, active: NDArray[np.bool_], settings: Crespo) -> tuple[int, int]:
    """From how many epochs without counts on a run is no wear: in rest, in activity."""
    if not settings.estimate_zeros:
        return settings.rest_zeros, settings.active_zeros
    rest, busy = (estimated_zeros(counts[kind], settings.longest, settings.seed) for kind in (~active, active))
    return rest, busy


@njit(cache=True)
def _take_off(counts, active, rest_zeros, active_zeros):  # type: ignore[no-untyped-def]
    """Make missing the epochs in runs of zeros too long for the activity, or the rest, in which they lie (the parts of either put
    together); in neither if it holds nothing else."""
    runs, firsts, longest = np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([rest_zeros, active_zeros])
    moved = np.zeros(2, np.bool_)
    i = 0
    while i < len(counts):
        part = active[i]
        kind = np.int64(part)
        run, first, least = runs[kind], firsts[kind], longest[kind]
        while i < len(counts) and active[i] == part:
            if counts[i] >= _STILL_BELOW:
                if 0 < run >= least:
                    _miss(counts, active, first, i, part)
                run = 0
                moved[kind] = True
            else:
                if run == 0:
                    first = i
                run += 1
            i += 1
        runs[kind], firsts[kind] = run, first
    for k in range(2):
        if moved[k] and 0 < runs[k] >= longest[k]:
            _miss(counts, active, firsts[k], len(counts), k == 1)


@njit(cache=True)
def _miss(counts, active, first, end, part):  # type: ignore[no-untyped-def]
    for k in range(first, end):
        if active[k] == part:
            counts[k] = np.nan


def estimated_zeros(counts: Floats, longest: int = 100, seed: int = 0) -> int:
    """One less than the shortest run of zeros that is rarer than 5 % among `longest` lengths; 0 if none is.

    Rarity is counted over 100 times as many windows as there are epochs, drawn with replacement.
    """
    if not len(counts):
        return 0
    drawn = np.random.RandomState(seed).randint(0, len(counts), size=_DRAWS * len(counts))
    often = np.bincount(drawn, minlength=len(counts))
    zeros_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts == 0)])
    for length in range(1, longest + 1):
        empty = np.zeros(len(counts), np.bool_)
        empty[length - 1 :] = zeros_before[length:] - zeros_before[:-length] == length
        if 1 - (len(drawn) - int(often[empty].sum())) / len(drawn) < _ZERO_SHARE:
            return length - 1
    return 0


def smoothed(active: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Closed, then opened by `size` epochs: short gaps go, then short periods. Beyond the ends nothing is active.

    >>> smoothed(np.array([1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0], np.bool_), 3).astype(int).tolist()
    [0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    """
    out: NDArray[np.bool_] = _smoothed(active, size)
    return out


@njit(cache=True)
def _smoothed(active, size):  # type: ignore[no-untyped-def]
    """Runs grow and shrink by their ends; those that grow into each other become one."""
    n, after, before = len(active), size // 2, (size - 1) // 2
    begin, end = np.empty(n // 2 + 1, np.int64), np.empty(n // 2 + 1, np.int64)
    runs = i = 0
    while i < n:
        if not active[i]:
            i += 1
            continue
        first = i
        while i < n and active[i]:
            i += 1
        low, high = max(first - after, 0), min(i + before, n)
        if runs and low <= end[runs - 1]:
            end[runs - 1] = high
        else:
            begin[runs], end[runs] = low, high
            runs += 1
    out = np.zeros(n, np.bool_)
    for r in range(runs):
        low, high = begin[r] + 2 * after, end[r] - 2 * before  # eroded twice, then dilated
        if low < high:
            out[low - after : high + before] = True
    return out


@method(Card(
    name="actigraphy.crespo",
    definition="Periods of rest: the moving median of eight hours, without long runs of zeros, lies in the lowest third of the recording.",
    units="{state}",
    reference="Crespo et al. 2012, Med Biol Eng Comput 50:329-340",
    equals="pyActigraphy 1.2.2 Crespo, exactly",
    limits="Assumes eight hours of rest in 24; finds the main rest, not naps or sleep; the first and last hour always come out as rest.",
))  # fmt: skip
def run_crespo(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: 1 = activity, as the program says."""
    return score_of(scored_as_asked(recording_of(inputs), arguments))


def scored_as_asked(held: Recordings, arguments: Mapping[str, Any]) -> States:
    """States with the program's arguments, 1 = activity; `zeta` and `t` change nothing, as there. Raises `SettingsError` for an argument
    that it does not have."""
    names = ("zeta", "zeta_r", "zeta_a", "t", "alpha", "beta", "estimate_zeta", "seq_length_max")
    known_only("actigraphy.crespo", arguments, names)
    settings = Crespo(
        rest_zeros=int(arguments.get("zeta_r", 30)), active_zeros=int(arguments.get("zeta_a", 2)),
        night=milliseconds(arguments.get("alpha", "8h")), filtered=milliseconds(arguments.get("beta", "1h")),
        estimate_zeros=bool(arguments.get("estimate_zeta", False)), longest=int(arguments.get("seq_length_max", 100)),
    )  # fmt: skip
    rest = _everywhere(held, settings)
    return States((rest.state == WAKE).astype(np.int8), rest.begin, rest.start, rest.epoch)
