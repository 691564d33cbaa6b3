"""Person-days as rows of minutes: what was measured in each minute, for many people and days in one pass over their observations.

Minutes are counted in UTC from the first observation of a person's day, so that a day of 23 or 25 hours, or one with a flight in it,
has neither a missing nor a doubled minute. Sums are kept in whole 2^-20 parts: they are the same in whatever order the rows come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.rows import Piece, Rows

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
MINUTES_A_DAY = 1440
FIXED = 2.0**20

STEPS, RATE, INTENSITY, COUNTS = range(4)
CODES_READ = ("steps", "heart_rate", "intensity", "activity_count")
"""The codes that are laid out on minutes, in the order of the numbers above."""

FINE_MINUTES = 15
"""A row of at most this length says something of every minute that it touches: worn, moved."""

NIGHT_MINUTES = 7 * 60
"""Night, for the resting rate: 0 to 7 o'clock local time."""

FINE, HOURLY, DAILY = range(3)
DAILY_US = 20 * HOUR_US
LONGEST_US = 26 * HOUR_US
BEAT, MOVED, NIGHTLY = 1, 2, 4
ANY_STEPS, SOUND_STEPS, ANY_RATE = 1, 2, 4
_FARTHEST_ZONE_US = 15 * HOUR_US


@dataclass(frozen=True)
class Minutes:
    """What each minute of each person-day of a block holds. Slots of person-day d: `begin[d]` to `begin[d + 1]`, from UTC minute
    `origin[d]` on.

    `person`, `day`: of each person-day, sorted. `seen`: its bits `ANY_STEPS`, `SOUND_STEPS`, `ANY_RATE`. `beats`, `beat_count`: sum
    (2^-20) and number of heart rates by minute. `night`, `night_count`: the same of rates cut to whole numbers, between 0 and 7
    o'clock. `signs`: bits `BEAT`, `MOVED` by minute, and `NIGHTLY` beside them if a row says that it lies between 0 and 7 o'clock.
    `owner`: rank of the highest device with steps in the minute, zeros only where a rate was measured (0: none). `sum_rank`: highest
    rank with hourly and daily sums (columns 1, 2). `walks`: step rows above zero.
    """

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    begin: NDArray[np.int64]
    origin: NDArray[np.int64]
    seen: NDArray[np.uint8]
    beats: NDArray[np.int64]
    beat_count: NDArray[np.int32]
    night: NDArray[np.int32]
    night_count: NDArray[np.int32]
    signs: NDArray[np.uint8]
    owner: NDArray[np.int32]
    sum_rank: NDArray[np.int32]
    walks: NDArray[np.void]


WALK = np.dtype([("day", "i4"), ("rank", "i4"), ("start", "i8"), ("end", "i8"), ("steps", "i8"), ("level", "i8")])
"""A row of steps: person-day, rank of its device, interval, steps in 2^-20, FINE, HOURLY or DAILY."""


def minutes(held: Rows, first_person: int, end_person: int, pieces: list[Piece]) -> Minutes:
    """Lay out the rows of a block of people (see `rows.blocks`).

    A row is implausible, and set aside, if its value is missing or outside its code's bounds, if it ends before it starts, if it lasts
    over 26 hours or if it starts outside its own day in any zone of the earth.
    """
    cells = (end_person - first_person) * held.span
    person = held.person - first_person
    used, earliest, latest = np.zeros(cells, np.uint8), np.full(cells, 2**62), np.full(cells, -(2**62))
    for piece in pieces:
        _extent(
            piece.stream, piece.base, person, held.kind, piece.day, piece.start, piece.end, held.first, held.span, used, earliest, latest
        )
    cell = np.flatnonzero(used)
    place = np.full(cells, -1, np.int32)
    place[cell] = np.arange(len(cell), dtype=np.int32)
    begin = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(latest[cell] - earliest[cell] + 1, 0))])
    origin = np.where(latest[cell] >= earliest[cell], earliest[cell], 0)
    laid = _empty(cell // held.span + first_person, cell % held.span + held.first, begin, origin, sum(len(p.stream) for p in pieces))
    idle, walked = np.zeros(int(begin[-1]), np.int32), 0
    for piece in pieces:
        walked = mark_rows(
            piece.stream, piece.base, person, held.kind, held.rank, held.low, held.high, piece.day, piece.start, piece.end, piece.offset,
            piece.value, held.first, held.span, place, origin, begin, laid.seen, laid.beats, laid.beat_count, laid.night,
            laid.night_count, laid.signs, laid.owner, idle, laid.sum_rank, laid.walks, walked,
        )  # fmt: skip
    claim_zeros(laid.signs, laid.owner, idle)
    return replace(laid, walks=laid.walks[:walked])


def _empty(
    person: NDArray[np.int64], day: NDArray[np.int64], begin: NDArray[np.int64], origin: NDArray[np.int64], most_walks: int
) -> Minutes:
    days, slots = len(person), int(begin[-1])
    return Minutes(
        person, day, begin, origin, np.zeros(days, np.uint8), np.zeros(slots, np.int64), np.zeros(slots, np.int32),
        np.zeros(slots, np.int32), np.zeros(slots, np.int32), np.zeros(slots, np.uint8), np.zeros(slots, np.int32),
        np.zeros((days, 3), np.int32), np.empty(most_walks, WALK),
    )  # fmt: skip


@njit(cache=True, inline="always")
def tier(start, end, offset):  # type: ignore[no-untyped-def]
    """Whether a row is a daily sum, an hourly sum (whole local hours), or finer."""
    length = end - start
    if length < HOUR_US:
        return FINE
    if length >= DAILY_US:
        return DAILY
    return HOURLY if length % HOUR_US == 0 and (start + offset * MINUTE_US) % HOUR_US == 0 else FINE


@njit(cache=True, inline="always")
def last_minute(start, end):  # type: ignore[no-untyped-def]
    """UTC minute of the last instant of an interval; of an instant its own."""
    return (end - 1) // MINUTE_US if end > start else start // MINUTE_US


@njit(cache=True, inline="always")
def _possible(start, end, midnight):  # type: ignore[no-untyped-def]
    """Whether a row may belong to the day that begins, in UTC, at `midnight` (us)."""
    local = start - midnight
    return 0 <= end - start <= LONGEST_US and -_FARTHEST_ZONE_US <= local < 24 * HOUR_US + _FARTHEST_ZONE_US


@njit(cache=True)
def _extent(stream, base, person, kind, day, start, end, first, span, used, earliest, latest):  # type: ignore[no-untyped-def]
    """Of each (person, day): whether it has rows, first and last UTC minute of its possible ones (found first in microseconds)."""
    n = len(stream)
    i = 0
    while i < n:
        s, t = stream[i], day[i]
        low, high, midnight = np.int64(2**62), np.int64(-(2**62)), np.int64(t) * (24 * HOUR_US)
        while i < n and stream[i] == s and day[i] == t:
            if _possible(start[i], end[i], midnight):
                low, high = min(low, start[i]), max(high, end[i] - 1, start[i])
            i += 1
        if kind[s + base] < 0:
            continue
        cell = person[s + base] * span + t - first
        used[cell] = 1
        if high >= low:
            earliest[cell], latest[cell] = min(earliest[cell], low // MINUTE_US), max(latest[cell], high // MINUTE_US)


@njit(cache=True)
def mark_rows(  # type: ignore[no-untyped-def]
    stream, base, person, kind, rank, low, high, day, start, end, offset, value, first, span, place, origin, begin,
    seen, beats, beat_count, night, night_count, signs, owner, idle, sum_rank, walks, walked,
):  # fmt: skip
    """The pass over a chunk's rows that fills `Minutes`, or adds to it; `idle` is the owner of a minute by zeros. Returns the number of
    `walks`."""
    s, t, d, k = np.int64(-1), np.int64(0), np.int64(-1), np.int64(-1)
    lowest = highest = 0.0
    shift = midnight = midnight_us = np.int64(0)
    trusted = np.int32(0)
    for i in range(len(stream)):
        if stream[i] + base != s or day[i] != t:  # rows of a stream and day mostly come together
            s, t = np.int64(stream[i]) + base, np.int64(day[i])
            k, lowest, highest, trusted = np.int64(kind[s]), low[s], high[s], rank[s]
            midnight, midnight_us = t * MINUTES_A_DAY, t * (24 * HOUR_US)
            if k >= 0:
                d = np.int64(place[person[s] * span + t - first])
                shift = begin[d] - origin[d]
                seen[d] |= ANY_RATE if k == RATE else (ANY_STEPS if k == STEPS else 0)
        v, a0, a1 = value[i], start[i], end[i]
        if k < 0 or not (lowest <= v <= highest) or not _possible(a0, a1, midnight_us):
            continue
        minute = a0 // MINUTE_US
        a = minute + shift
        b = a if a1 <= (minute + 1) * MINUTE_US else last_minute(a0, a1) + shift
        local = minute + offset[i] - midnight
        if k == RATE:
            beats[a] += np.int64(v * FIXED + 0.5)
            beat_count[a] += 1
            if 0 <= local < NIGHT_MINUTES:
                night[a] += np.int32(v)
                night_count[a] += 1
        if (v > 0 or k == RATE) and b - a <= FINE_MINUTES:
            for m in range(a, b + 1):
                signs[m] |= (BEAT if k == RATE else MOVED) | (NIGHTLY if 0 <= local + m - a < NIGHT_MINUTES else 0)
        if k == STEPS:
            seen[d] |= SOUND_STEPS
            level = tier(a0, a1, np.int64(offset[i]))
            if level == FINE:
                claimed = owner if v > 0 else idle
                for m in range(a, b + 1):
                    claimed[m] = max(claimed[m], trusted)
            elif v > 0:
                sum_rank[d, level] = max(sum_rank[d, level], trusted)
            if v > 0:
                w = walks[walked]
                w.day, w.rank, w.start, w.end, w.steps, w.level = d, trusted, a0, a1, np.int64(v * FIXED + 0.5), level
                walked += 1
    return walked


@njit(cache=True)
def claim_zeros(signs, owner, idle):  # type: ignore[no-untyped-def]
    """Zeros claim a minute in which a heart rate was measured."""
    for m in range(len(owner)):
        if signs[m] & BEAT:
            owner[m] = max(owner[m], idle[m])
