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

from heedful.behavior.actigraphy import moving_median
from heedful.behavior.actigraphy.cases import as_in_pyactigraphy, known_only, milliseconds, recording_of, score_of
from heedful.behavior.actigraphy.recordings import (
    DAY,
    HOUR,
    SLEEP,
    UNKNOWN,
    WAKE,
    Floats,
    Ints,
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
    scored = unscored(held)
    for p in range(len(held)):
        mine = slice(int(held.begin[p]), int(held.begin[p + 1]))
        scored.state[mine] = _one(held.counts[mine], held.epoch, settings, p)
    return scored


def _one(counts: Floats, epoch: int, settings: Crespo, person: int) -> NDArray[np.int8]:
    night, filtered = settings.night // epoch + 1, settings.filtered // epoch + 1
    missing = np.isnan(counts)
    if len(counts) + 2 * filtered <= night + 1 or missing.all():
        raise RecordingError(f"Recording {person + 1}: Crespo needs counts over more than a night, here are {len(counts)} epochs.")
    highest, quiet = float(np.nanmax(counts)), settings.night / DAY
    first = _active(_padded(counts, highest, (night - 1) // 2 - 1), night, (night - 1) // 2, quiet)
    active = _opened(_closed(first, filtered), filtered)[_pad((night - 1) // 2 - 1) :][: len(counts)]
    worn = np.where(_off(counts, active, settings), np.nan, counts)
    pad = _pad(filtered - 2)
    median = _edge_medians(_padded(worn, highest, pad), night, filtered - 1)[pad : pad + len(counts)]
    second = _above(median, quiet)
    structure = 2 * (filtered - 1) + 1
    active = _opened(_closed(second, structure), structure)
    active[0] = active[-1] = True
    return np.where(missing, UNKNOWN, np.where(active, WAKE, SLEEP)).astype(np.int8)


def _pad(epochs: int) -> int:
    return max(epochs, 0)


def _padded(counts: Floats, value: float, epochs: int) -> Floats:
    return np.pad(counts, _pad(epochs), constant_values=value)


def _active(counts: Floats, night: int, least: int, quiet: float) -> NDArray[np.bool_]:
    low, high = _centered(len(counts), night)
    return _above(moving_median.moving_median(counts, low, high, np.full(len(low), least)), quiet)


def _centered(epochs: int, window: int) -> tuple[Ints, Ints]:
    """Bounds of centered windows, cut at the ends."""
    end = np.arange(epochs) + (window - 1) // 2 + 1
    return np.maximum(end - window, 0), np.minimum(end, epochs)


def _edge_medians(counts: Floats, night: int, least: int) -> Floats:
    """Centered medians; at the start of the epochs so far, near the end of a shrinking window up to the last epoch but one."""
    n, half = len(counts), (night - 1) // 2
    low, high = _centered(n, night)
    enough = np.full(n, least)
    low[:half], high[:half], enough[:half] = 0, np.arange(half) + 1, 1
    late = slice(n - half - 1, n - 1)
    low[late], high[late], enough[late] = np.arange(half) + n - 1 - night, n - 1, 1
    return moving_median.moving_median(counts, low, high, enough)


def _above(median: Floats, quiet: float) -> NDArray[np.bool_]:
    """Where the median is above its own quantile."""
    active: NDArray[np.bool_] = median > moving_median.quantile(median, quiet)  # nothing is above a missing quantile
    return active


def _off(counts: Floats, active: NDArray[np.bool_], settings: Crespo) -> NDArray[np.bool_]:
    """Epochs in runs of zeros too long for the activity, or the rest, in which they lie (the parts of either put together)."""
    off = np.zeros(len(counts), np.bool_)
    for kind, zeros in ((~active, settings.rest_zeros), (active, settings.active_zeros)):
        chosen = counts[kind]
        least = estimated_zeros(chosen, settings.longest, settings.seed) if settings.estimate_zeros else zeros
        off[kind] = _still(chosen, least)
    return off


@njit(cache=True)
def _still(counts, least):  # type: ignore[no-untyped-def]
    """Epochs in runs of at least `least` without a count; none if there is nothing else."""
    out = np.zeros(len(counts), np.bool_)
    i, moved = 0, False
    while i < len(counts):
        first = i
        while i < len(counts) and not counts[i] >= _STILL_BELOW:
            i += 1
        if i - first >= least:
            out[first:i] = True
        moved |= i < len(counts)
        i += 1
    return out if moved else np.zeros(len(counts), np.bool_)


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


def _closed(active: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    return _eroded(_dilated(active, size), size)


def _opened(active: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    return _dilated(_eroded(active, size), size)


def _dilated(active: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = _at_least(active, (size - 1) // 2, size // 2, 1)
    return out


def _eroded(active: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = _at_least(active, size // 2, (size - 1) // 2, size)
    return out


@njit(cache=True)
def _at_least(active, before, after, needed):  # type: ignore[no-untyped-def]
    """Where `needed` epochs of i-before to i+after are active; beyond the ends nothing is."""
    n, size = len(active), before + after + 1
    around = np.zeros(n + size, np.int8)
    around[before + 1 : before + 1 + n] = active
    out = np.empty(n, np.bool_)
    count = 0
    for i in range(size):
        count += around[i]
    for i in range(n):
        count += around[i + size] - around[i]
        out[i] = count >= needed
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
    rest = as_in_pyactigraphy(crespo(held, settings))
    return States((rest.state == WAKE).astype(np.int8), rest.begin, rest.start, rest.epoch)
