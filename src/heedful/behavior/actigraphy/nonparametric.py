"""Nonparametric rest-activity rhythm: how alike the days are, how broken up they are, and their least and most active hours.

    IS  interdaily stability: variance of the mean day / variance of all bins (0 noise .. 1 the same every day)
    IV  intradaily variability: mean squared difference of neighbours / variance (near 0 a sine, 2 noise)
    L5, M10  mean activity of the 5 least and the 10 most active hours of the mean day; RA = (M10 - L5) / (M10 + L5)

Reference: Witting et al. 1990, Biol Psychiatry 27:563-572; Van Someren et al. 1997, J Biol Rhythms 12:146-156; ISm, IVm: Gonçalves et al.
2014, Sleep Sci 7:158-164. Equal to pyActigraphy 1.2.2: both variances with n - 1, bins from the recording's first sample on, L5 and M10
from epochs, wrapped over midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from heedful.behavior.actigraphy.cases import known_only, milliseconds, missing_as_still, plain, recording_of
from heedful.behavior.actigraphy.recordings import DAY, HOUR, MINUTE, Floats, RecordingError, Recordings, summed
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

AVERAGED_MINUTES = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 30, 32, 36, 40, 45, 48, 60)
"""Bins over which ISm and IVm are means: those up to an hour that divide a day."""

LEAST_HOURS, MOST_HOURS = 5, 10


@dataclass(frozen=True)
class Extremes:
    """Of each person: mean activity of the least and most active hours, when they begin (ms after midnight, -1 if undefined), and RA."""

    least: Floats
    most: Floats
    least_onset: Floats
    most_onset: Floats

    @property
    def relative_amplitude(self) -> Floats:
        """(M10 - L5) / (M10 + L5); NaN if nothing moved."""
        total = self.most + self.least
        return np.divide(self.most - self.least, total, out=np.full(len(total), np.nan), where=total > 0)


def stability_and_variability(held: Recordings, bins: int = HOUR) -> tuple[Floats, Floats]:
    """IS and IV of each person over sums in bins of `bins` milliseconds; NaN where nothing varies or a bin is all there is.

    Bins with a missing epoch are left out, and so are differences to them. Raises `RecordingError` if bins are shorter than epochs.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> days = np.tile(np.r_[np.full(16 * 60, 200.0), np.zeros(8 * 60)], 3)
    >>> stability, variability = stability_and_variability(recordings([days], [np.datetime64("2026-03-01T07:00")], 60))
    >>> round(float(stability[0]), 3), round(float(variability[0]), 3)
    (1.029, 0.312)
    """
    binned = held if bins == held.epoch else summed(held, bins, "start")
    per_day = DAY // int(np.gcd(binned.epoch, DAY))
    stability, variability = np.full(len(held), np.nan), np.full(len(held), np.nan)
    _vary(binned.counts, binned.begin, per_day, stability, variability)
    return stability, variability


def mean_stability_and_variability(held: Recordings) -> tuple[Floats, Floats]:
    """ISm and IVm: means over `AVERAGED_MINUTES`; epochs longer than a bin are taken as they are."""
    found = [stability_and_variability(held, max(minutes * MINUTE, held.epoch)) for minutes in AVERAGED_MINUTES]
    return np.mean([one[0] for one in found], axis=0), np.mean([one[1] for one in found], axis=0)


def daily_profile(held: Recordings) -> Floats:
    """Mean count by time of day, [people, epochs of a day]; NaN where a time of day was never recorded.

    Column k is the epoch that begins in the k-th interval after midnight. Raises `RecordingError` if epochs do not divide a day.
    """
    per_day = _epochs_a_day(held)
    profile = np.full((len(held), per_day), np.nan)
    _average_day(held.counts, held.begin, np.mod(held.start, DAY) // held.epoch, profile)
    return profile


def extremes(
    held: Recordings, least_hours: float = LEAST_HOURS, most_hours: float = MOST_HOURS, *, unseen_as_still: bool = False
) -> Extremes:
    """L5 and M10 (or other hours) of each person; NaN where a time of day was never recorded, unless it is to count as still.

    Errors: `SettingsError` for hours of no epoch or more than a day; `RecordingError` if epochs do not divide a day.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> days = np.tile(np.r_[np.full(16 * 60, 200.0), np.zeros(8 * 60)], 3)
    >>> found = extremes(recordings([days], [np.datetime64("2026-03-01T07:00")], 60))
    >>> float(found.least[0]), float(found.most[0]), found.least_onset[0] / 3_600_000, float(found.relative_amplitude[0])
    (0.0, 200.0, np.float64(0.0), 1.0)
    """
    windows = [int(hours * HOUR) // held.epoch for hours in (least_hours, most_hours)]
    per_day = _epochs_a_day(held)
    if min(windows) < 1 or max(windows) > per_day:
        raise SettingsError(f"Least and most active hours lie between one epoch and a day, not {least_hours} and {most_hours} h.")
    profile = np.nan_to_num(daily_profile(held), nan=0.0) if unseen_as_still else daily_profile(held)
    least, least_at = _extreme(profile, windows[0], -1.0)
    most, most_at = _extreme(profile, windows[1], 1.0)
    shift = np.mod(held.start, held.epoch)  # epochs need not begin on a whole interval after midnight
    onsets = [np.where(at < 0, -1, at * held.epoch + shift).astype(np.float64) for at in (least_at, most_at)]
    return Extremes(least, most, *onsets)


def average_daily_total(held: Recordings) -> Floats:
    """ADAT: mean over calendar days of the day's total, each scaled to a whole day by its share of recorded epochs."""
    out = np.full(len(held), np.nan)
    _average_total(held.counts, held.begin, np.mod(held.start, DAY), held.epoch, DAY / held.epoch, out)
    return out


def periods(held: Recordings, length: int) -> list[Recordings]:
    """For each person the whole periods of `length` milliseconds, one after the other, as recordings of their own.

    As in the program, a period has one epoch more than its length, and a recording of exactly one period has none: its last epoch
    begins before the period's end.
    """
    out = []
    for p in range(len(held)):
        mine = held.counts[held.begin[p] : held.begin[p + 1]]
        many = max(len(mine) - 1, 0) * held.epoch // length
        first = [-(-k * length // held.epoch) for k in range(many)]
        end = [(k + 1) * length // held.epoch + 1 for k in range(many)]
        pieces = [mine[a:b] for a, b in zip(first, end, strict=True)]
        begin = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        start = held.start[p] + np.array(first, np.int64) * held.epoch
        out.append(Recordings(np.concatenate(pieces) if pieces else np.empty(0), begin, start, held.epoch))
    return out


def _epochs_a_day(held: Recordings) -> int:
    if DAY % held.epoch:
        raise RecordingError(f"A mean day needs epochs that divide a day, not of {held.epoch / 1000:g} s. Sum the counts in minutes first.")
    return DAY // held.epoch


@njit(cache=True)
def _vary(counts, begin, per_day, stability, variability):  # type: ignore[no-untyped-def]
    for p in range(len(stability)):
        x = counts[begin[p] : begin[p + 1]]
        total, many, steps, compared = 0.0, 0, 0.0, 0
        for i in range(len(x)):
            if x[i] == x[i]:
                total += x[i]
                many += 1
                if i > 0 and x[i - 1] == x[i - 1]:
                    steps += (x[i] - x[i - 1]) ** 2
                    compared += 1
        if many < 2:
            continue
        mean, squares = total / many, 0.0
        for i in range(len(x)):
            if x[i] == x[i]:
                squares += (x[i] - mean) ** 2
        variance = squares / (many - 1)
        if variance == 0:
            continue
        if compared > 0:
            variability[p] = steps / compared / variance
        days = min(per_day, len(x))
        between, seen, middle = np.empty(days), 0, 0.0
        for k in range(days):
            total, many = 0.0, 0
            for i in range(k, len(x), per_day):
                if x[i] == x[i]:
                    total += x[i]
                    many += 1
            if many > 0:
                between[seen] = total / many
                middle += between[seen]
                seen += 1
        if seen > 1:
            stability[p] = np.sum((between[:seen] - middle / seen) ** 2) / (seen - 1) / variance


@njit(cache=True)
def _average_day(counts, begin, first, profile):  # type: ignore[no-untyped-def]
    per_day = profile.shape[1]
    total, many = np.empty(per_day), np.empty(per_day, np.int64)
    for p in range(len(profile)):
        total[:] = 0.0
        many[:] = 0
        k = first[p]
        for i in range(begin[p], begin[p + 1]):
            if counts[i] == counts[i]:
                total[k] += counts[i]
                many[k] += 1
            k = k + 1 if k + 1 < per_day else 0
        for k in range(per_day):
            if many[k] > 0:
                profile[p, k] = total[k] / many[k]


@njit(cache=True)
def _extreme(profile, window, sign):  # type: ignore[no-untyped-def]
    """Lowest (sign -1) or highest (1) mean over `window` epochs of each wrapped day, and the epoch where it first begins."""
    people, per_day = profile.shape
    found, at = np.full(people, np.nan), np.full(people, -1, np.int64)
    for p in range(people):
        total = 0.0
        for k in range(window):
            total += profile[p, k]
        best = total
        at[p] = 0
        for k in range(1, per_day):
            total += profile[p, (k + window - 1) % per_day] - profile[p, k - 1]
            if sign * (total - best) > 1e-12 * abs(best):  # sums that move on are equal up to rounding only
                best = total
                at[p] = k
        found[p] = best / window
        if found[p] != found[p]:
            at[p] = -1
    return found, at


@njit(cache=True)
def _average_total(counts, begin, after, epoch, per_day, out):  # type: ignore[no-untyped-def]
    for p in range(len(out)):
        days, totals, i = 0, 0.0, begin[p]
        while i < begin[p + 1]:
            day = (after[p] + (i - begin[p]) * epoch) // DAY
            total, many = 0.0, 0
            while i < begin[p + 1] and (after[p] + (i - begin[p]) * epoch) // DAY == day:
                if counts[i] == counts[i]:
                    total += counts[i]
                    many += 1
                i += 1
            if many > 0:
                totals += total * per_day / many
                days += 1
        if days > 0:
            out[p] = totals / days


@method(Card(
    name="actigraphy.nonparametric_rhythm",
    definition="IS, IV, L5, M10, RA and the daily total of counts, or of active epochs; ISm and IVm over bins of 1 to 60 minutes.",
    units="1; L5, M10 and ADAT in counts",
    reference="Witting et al. 1990, Biol Psychiatry 27:563-572; Van Someren et al. 1997, J Biol Rhythms 12:146-156",
    equals="pyActigraphy 1.2.2 IS, IV, L5, M10, RA, ADAT, ISm, IVm and L5p, M10p, RAp, within 1e-9",
    limits="IS grows as days become fewer; L5 and M10 depend on device and binarising; one rhythm of 24 h is taken for granted.",
))  # fmt: skip
def run_nonparametric(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the measures of one recording, and of its whole periods."""
    known_only("actigraphy.nonparametric_rhythm", arguments, ("resampling_frequency", "binarize", "threshold", "sub_period"))
    held = recording_of(inputs)
    if arguments.get("binarize", True):
        held = held.binarized(float(arguments.get("threshold", 4)))
    # the program sums into bins that are shorter than an epoch by leaving the epochs as they are
    bins = max(milliseconds(arguments.get("resampling_frequency", "1H")), held.epoch)
    stability, variability = stability_and_variability(_binnable(held, bins), bins)
    lengths = [max(minutes * MINUTE, held.epoch) for minutes in AVERAGED_MINUTES]
    many = [stability_and_variability(_binnable(held, length), length) for length in lengths]
    mean_stability, mean_variability = (np.mean([one[k] for one in many], axis=0) for k in (0, 1))
    found = extremes(held, unseen_as_still=bool(held.lengths[0] * held.epoch >= DAY))  # under a day the program gives up
    one = {
        "IS": stability, "IV": variability, "L5": found.least, "M10": found.most, "RA": found.relative_amplitude,
        "ADAT": average_daily_total(held), "ISm": mean_stability, "IVm": mean_variability,
    }  # fmt: skip
    return {name: plain(value[0]) for name, value in one.items()} | _by_period(held, bins, str(arguments.get("sub_period", "7D")))


def _binnable(held: Recordings, bins: int) -> Recordings:
    return held if bins == held.epoch else missing_as_still(held)


def _by_period(held: Recordings, bins: int, period: str) -> dict[str, list[float | None]]:
    length = milliseconds(period)
    parts = periods(held, length)[0]
    found = extremes(parts, unseen_as_still=length >= DAY)
    stability, variability = stability_and_variability(
        periods(held if bins == held.epoch else summed(missing_as_still(held), bins, "start"), length)[0], bins
    )
    named = {
        "L5p": found.least, "M10p": found.most, "RAp": found.relative_amplitude, "ADATp": average_daily_total(parts), "ISp": stability,
        "IVp": variability,
    }  # fmt: skip
    return {f"{name}_{period}": [plain(value) for value in values] for name, values in named.items()}
