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
LEAST_IN_A_ROW = 16
"""So many rows a minute apart, as most devices report, are marked together."""


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
    i, n = 0, len(stream)
    while i < n:  # rows of a stream and day mostly come together: what holds for all of them is looked up once
        s, t, a = stream[i], day[i], i
        while i < n and stream[i] == s and day[i] == t:
            i += 1
        s = np.int64(s) + base
        k, bounds = kind[s], (low[s], high[s])
        if k < 0:
            continue
        d = np.int64(place[person[s] * span + t - first])
        midnight = np.int64(t) * MINUTES_A_DAY
        shifts = (begin[d] - origin[d], midnight, midnight * MINUTE_US)
        rows = (start[a:i], end[a:i], offset[a:i], value[a:i])
        if k == RATE:
            seen[d] |= ANY_RATE
            _mark_rates(rows, bounds, shifts, beats, beat_count, night, night_count, signs)
        elif k == STEPS:
            seen[d] |= ANY_STEPS
            walked = _mark_steps(rows, bounds, shifts, d, rank[s], seen, signs, owner, idle, sum_rank, walks, walked)
        else:
            _mark_moves(rows, bounds, shifts, signs)
    return walked


@njit(cache=True, inline="always")
def _sign(signs, a, b, local, bit):  # type: ignore[no-untyped-def]
    """A sign of life in each minute from `a` to `b`; `local` is the minute of the day of the first."""
    if b == a:
        signs[a] |= bit | (NIGHTLY if 0 <= local < NIGHT_MINUTES else 0)
    elif b - a <= FINE_MINUTES:
        for m in range(a, b + 1):
            signs[m] |= bit | (NIGHTLY if 0 <= local + np.int64(m) - np.int64(a) < NIGHT_MINUTES else 0)


@njit(cache=True)
def _in_a_row(rows, row, bounds, midnight_us):  # type: ignore[no-untyped-def]
    """End of the sound rows from `row` on that come a minute after each other, each within a minute of its own and in one zone."""
    start, end, offset, value = rows
    lowest, highest = bounds
    expected, zone, n = start[row], offset[row], len(value)
    if not _possible(expected, end[row], midnight_us):
        return row
    room = MINUTE_US - expected % MINUTE_US
    most = min(n, row + (midnight_us + 24 * HOUR_US + _FARTHEST_ZONE_US - expected - 1) // MINUTE_US + 1)
    while row < most:
        v, a0, length = value[row], start[row], end[row] - start[row]
        if not ((a0 == expected) & (length >= 0) & (length <= room) & (offset[row] == zone) & (lowest <= v) & (v <= highest)):
            break
        expected += MINUTE_US
        row += 1
    return row


@njit(cache=True)
def _mark_rates(rows, bounds, shifts, beats, beat_count, night, night_count, signs):  # type: ignore[no-untyped-def]
    start, end, offset, value = rows
    lowest, highest = bounds
    shift, midnight, midnight_us = shifts
    row, n = 0, len(value)
    while row < n:
        stop = _in_a_row(rows, row, bounds, midnight_us)
        if stop - row >= LEAST_IN_A_ROW:
            minute = start[row] // MINUTE_US
            a, c, local = minute + shift, stop - row, minute + offset[row] - midnight
            mine, beat, number, sign = value[row:stop], beats[a : a + c], beat_count[a : a + c], signs[a : a + c]
            for j in range(c):
                beat[j] += np.int64(mine[j] * FIXED + 0.5)
            for j in range(c):
                number[j] += np.int32(1)
                sign[j] |= np.uint8(BEAT)
            first, last = max(0, -local), min(c, NIGHT_MINUTES - local)
            for j in range(first, last):
                night[a + j] += np.int32(mine[j])
                night_count[a + j] += np.int32(1)
                sign[j] |= np.uint8(NIGHTLY)
            row = stop
            continue
        stop = min(n, stop + LEAST_IN_A_ROW)
        for i in range(np.uint64(row), np.uint64(stop)):
            v, a0, a1 = value[i], start[i], end[i]
            if not (lowest <= v <= highest) or not _possible(a0, a1, midnight_us):
                continue
            minute = a0 // MINUTE_US
            a, local = np.uint64(minute + shift), minute + offset[i] - midnight
            b = a if a1 <= (minute + 1) * MINUTE_US else np.uint64(last_minute(a0, a1) + shift)
            beats[a] += np.int64(v * FIXED + 0.5)
            beat_count[a] += np.int32(1)
            if 0 <= local < NIGHT_MINUTES:
                night[a] += np.int32(v)
                night_count[a] += np.int32(1)
            _sign(signs, a, b, local, np.uint8(BEAT))
        row = stop


@njit(cache=True)
def _mark_steps(rows, bounds, shifts, d, trusted, seen, signs, owner, idle, sum_rank, walks, walked):  # type: ignore[no-untyped-def]
    start, end, offset, value = rows
    lowest, highest = bounds
    shift, midnight, midnight_us = shifts
    row, n = 0, len(value)
    while row < n:
        stop = _in_a_row(rows, row, bounds, midnight_us)
        if stop - row >= LEAST_IN_A_ROW:
            seen[d] |= SOUND_STEPS
            minute = start[row] // MINUTE_US
            a, c, local = minute + shift, stop - row, minute + offset[row] - midnight
            mine, own, still, sign = value[row:stop], owner[a : a + c], idle[a : a + c], signs[a : a + c]
            for j in range(c):
                up = mine[j] > 0
                own[j] = max(own[j], trusted if up else np.int32(0))
                still[j] = max(still[j], np.int32(0) if up else trusted)
                sign[j] |= np.uint8(MOVED) if up else np.uint8(0)
            first, last = max(0, -local), min(c, NIGHT_MINUTES - local)
            for j in range(first, last):
                sign[j] |= np.uint8(NIGHTLY) if mine[j] > 0 else np.uint8(0)
            for j in range(c):  # each is written, and the next is written over it unless it counts: which one does cannot be foreseen
                w = walks[walked]
                w.day, w.rank, w.start, w.end, w.level = d, trusted, start[row + j], end[row + j], FINE
                w.steps = np.int64(mine[j] * FIXED + 0.5)
                walked += mine[j] > 0
            row = stop
            continue
        stop = min(n, stop + LEAST_IN_A_ROW)
        for i in range(np.uint64(row), np.uint64(stop)):
            v, a0, a1 = value[i], start[i], end[i]
            if not (lowest <= v <= highest) or not _possible(a0, a1, midnight_us):
                continue
            seen[d] |= SOUND_STEPS
            minute = a0 // MINUTE_US
            a = np.uint64(minute + shift)
            b = a if a1 <= (minute + 1) * MINUTE_US else np.uint64(last_minute(a0, a1) + shift)
            level = tier(a0, a1, np.int64(offset[i]))
            if level == FINE:
                claimed = owner if v > 0 else idle
                for m in range(a, b + np.uint64(1)):
                    claimed[m] = max(claimed[m], trusted)
            elif v > 0:
                sum_rank[d, level] = max(sum_rank[d, level], trusted)
            if v > 0:
                _sign(signs, a, b, minute + offset[i] - midnight, np.uint8(MOVED))
                w = walks[walked]
                w.day, w.rank, w.start, w.end, w.steps, w.level = d, trusted, a0, a1, np.int64(v * FIXED + 0.5), level
                walked += 1
        row = stop
    return walked


@njit(cache=True)
def _mark_moves(rows, bounds, shifts, signs):  # type: ignore[no-untyped-def]
    start, end, offset, value = rows
    lowest, highest = bounds
    shift, midnight, midnight_us = shifts
    for row in range(len(value)):
        v, a0, a1 = value[row], start[row], end[row]
        if v > 0 and lowest <= v <= highest and _possible(a0, a1, midnight_us):
            minute = a0 // MINUTE_US
            a = np.uint64(minute + shift)
            b = a if a1 <= (minute + 1) * MINUTE_US else np.uint64(last_minute(a0, a1) + shift)
            _sign(signs, a, b, minute + offset[row] - midnight, np.uint8(MOVED))


@njit(cache=True)
def claim_zeros(signs, owner, idle):  # type: ignore[no-untyped-def]
    """Zeros claim a minute in which a heart rate was measured."""
    for m in range(len(owner)):
        if signs[m] & BEAT:
            owner[m] = max(owner[m], idle[m])
