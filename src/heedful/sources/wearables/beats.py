"""Intervals between heartbeats on the clock: a device counts them to the millisecond, but says when only now and then."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CODE = "rr_interval"
RESYNC_SECONDS = 5.0
"""Beats that are told in a bundle come late by seconds; what lies farther apart was a pause."""
AHEAD_SECONDS = 60.0
NO_INTERVAL = "place for an interval that holds none (0 or the invalid value)"


def chained(intervals_ms: Floats, heard_s: Floats, next_s: Floats | None = None, end: float = np.nan) -> Floats:
    """When each interval began, in seconds: one after the other, begun anew where the chain has left the clock.

    Parameters
    ----------
    intervals_ms: (n) intervals in order. heard_s: (n) a time that the file tells before or at each, by any clock, never falling; NaN where
    it tells none. next_s: (n) the next time that it tells after each (default: the same time). end: when the interval before them ended.

    The first interval ends when it was heard of. A chain that falls behind `heard_s` by more than `RESYNC_SECONDS` is begun anew there:
    that was a pause. One that runs ahead (intervals that are too long) goes on, for no beat comes before the one above it, unless
    by more than `AHEAD_SECONDS` of `next_s`. Without any time at all the chain begins at NaN.

    >>> chained(np.array([800.0, 700.0, 900.0, 800.0]), np.array([100.0, 101.0, 102.0, 200.0])).round(1).tolist()
    [99.2, 100.0, 100.7, 199.2]
    """
    begins = np.empty(len(intervals_ms))
    following = heard_s if next_s is None else next_s
    rows = zip((intervals_ms / 1_000).tolist(), heard_s.tolist(), following.tolist(), strict=True)
    for place, (length, heard, later) in enumerate(rows):
        if np.isnan(end) or end + length < heard - RESYNC_SECONDS or end > later + AHEAD_SECONDS:
            end = heard - length
        begins[place] = end
        end += length
    return begins


def of_rates(beats_per_minute: Floats, at_s: Floats, before: float = np.nan) -> Floats:
    """Intervals in ms that end at beats of which an instantaneous rate (whole beats a minute) and a time to 10 ms are told.

    Both are rounded. Where a beat follows the one above it, the interval is the difference of their times as far as the rate allows it;
    where beats are missing between (or it is the first), it is what the rate says. Interval n ends at beat n; `before` is the time of the
    beat above the first.

    >>> of_rates(np.array([94.0, 91.0, 60.0]), np.array([0.0, 0.66, 5.0])).round(1).tolist()
    [638.3, 660.0, 1000.0]
    """
    told = 60_000 / beats_per_minute
    shortest, longest = 60_000 / (beats_per_minute + 0.5), 60_000 / (beats_per_minute - 0.5)
    apart = np.diff(at_s, prepend=before) * 1_000
    follows = (apart > shortest - _CENTISECOND_MS) & (apart < longest + _CENTISECOND_MS)
    return np.where(follows, np.clip(apart, shortest, longest), told)


_CENTISECOND_MS = 10.0
