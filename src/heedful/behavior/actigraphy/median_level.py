"""Where a moving median lies above a quantile of itself, without any median being computed.

That a window's median is at most v is a question of how many of its values are; for all windows at once it costs one pass over a running
sum. So the quantile is found by bisection among the values, and the same pass at the end says which windows lie above it. A window of an
even number of values whose middle pair lies on both sides of v is looked at itself; with windows of odd length these stand only at the
ends and beside missing values. A month of minutes takes a fraction of a millisecond, a histogram that moves along several times as long.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.actigraphy.recordings import Floats

_LARGEST_TABLE = 1 << 16
_NEVER = np.int32(1 << 30)
_NEAR_THE_NEXT = 0.999
_STEP = 8


def above_quantile(values: Floats, window: int, share: float, least: int, *, growing: bool = False, margin: int = 0) -> NDArray[np.bool_]:
    """Where the median of the `window` epochs around each is above NumPy's linear quantile `share` of all medians.

    Missing values are left out; a window with fewer than `least` values has no median, counts nowhere and is above nothing. Windows are
    cut at the ends. `growing`: at the start they hold the epochs so far instead, and near the end they shrink towards the last epoch but
    one, half a window late; these need one value. `margin`: so many epochs at both ends have no window of their own.

    >>> above_quantile(np.array([5.0, 1.0, 1.0, 9.0, 8.0, np.nan]), 3, 0.5, 1).tolist()  # medians 3, 1, 1, 8, 8.5, 8
    [False, False, False, True, True, True]
    """
    rank, distinct = _ranked(values)
    half, tie = np.empty(len(values), np.int32), np.empty(len(values), np.int32)
    running = np.empty(len(values) + 1, np.int32)
    medians = _middles(rank, window, least, growing, running, half, tie)
    if margin:
        for end in (slice(0, margin), slice(len(values) - margin, len(values))):
            half[end], tie[end] = _NEVER, -1
        medians = int(np.count_nonzero(half != _NEVER))
    if medians == 0:
        return np.zeros(len(values), np.bool_)
    at = (medians - 1) * (share * 100 / 100)  # the program goes through percent, and its rounding decides between equal medians
    place, way = int(at), at - int(at)
    asked = (rank, distinct, window, growing, running, half, tie)
    cut = _level(place, *asked)
    if way > _NEAR_THE_NEXT:  # the quantile may round to the next median
        following = _level(min(place + 1, medians - 1), *asked)
        cut = following if following - (following - cut) * (1 - way) >= following else cut
    out = np.empty(len(values), np.bool_)
    _above(cut, *asked, out)
    return out


def _ranked(values: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Rank of each value among the different ones (`_NEVER` if missing), and these. Counts are whole and small, so their own ranks."""
    rank = np.empty(len(values), np.int32)
    largest = _whole(values, rank)
    if largest < _LARGEST_TABLE:
        return rank, np.arange(largest + 1.0)
    missing = np.isnan(values)
    distinct = np.unique(values[~missing])
    return np.where(missing, _NEVER, np.searchsorted(distinct, values)).astype(np.int32), distinct


@njit(cache=True)
def _whole(values, rank):  # type: ignore[no-untyped-def]
    """Values as whole numbers, and the largest; `_LARGEST_TABLE` if they are not all whole and small."""
    wrong, largest = np.int32(0), np.int32(0)
    for i in range(len(values)):
        v = values[i]
        inside = min(max(v, 0.0), float(_LARGEST_TABLE)) if v == v else 0.0
        number = np.int32(inside)
        wrong |= np.int32((v == v) & (np.float64(number) != v))
        largest = max(largest, number)
        rank[i] = number if v == v else _NEVER
    return np.int32(_LARGEST_TABLE) if wrong else largest


@njit(cache=True)
def _bounds(t, n, window, growing):  # type: ignore[no-untyped-def]
    """First epoch, end of the window of epoch t, and whether it is one of those that grow or shrink."""
    half = (window - 1) // 2
    if growing and n - half - 1 <= t < n - 1:
        return max(t + half - window, 0), n - 1, True
    if growing and t < half:
        return 0, t + 1, True
    return max(t + half + 1 - window, 0), min(t + half + 1, n), False


@njit(cache=True)
def _middles(rank, window, least, growing, running, half, tie):  # type: ignore[no-untyped-def]
    """Number of windows with a median. `half`: more values than that up to v, and the median is; `tie`: exactly so many, and it must be
    looked at."""
    n, medians = len(rank), np.int32(0)
    count = np.int32(0)
    for i in range(n):
        running[i] = count
        count += np.int32(rank[i] != _NEVER)
    running[n] = count
    first, last = _moving(n, window)
    begin, end = running[: last - first], running[window : window + last - first]
    enough, even = half[first:last], tie[first:last]
    for j in range(last - first):
        known = end[j] - begin[j]
        usable = known >= max(np.int32(least), np.int32(1))
        medians += np.int32(usable)
        middle = known >> np.int32(1)
        enough[j] = middle if usable else _NEVER
        even[j] = middle if usable and (known & np.int32(1)) == 0 else np.int32(-1)
    for i in range(n - last + first):
        t = i if i < first else i - first + last
        low, high, grows = _bounds(t, n, window, growing)
        known = running[high] - running[low]
        enough = (known > 0) & ((known >= least) | grows)
        medians += np.int32(enough)
        half[t] = known // 2 if enough else _NEVER
        tie[t] = known // 2 if enough and known % 2 == 0 else -1
    return medians


@njit(cache=True)
def _moving(n, window):  # type: ignore[no-untyped-def]
    """First epoch and end of those whose windows only move: the window of the first begins at 0."""
    after = (window - 1) // 2
    first = min(window - after - 1, n)
    return first, max(n - after - 1, first)


@njit(cache=True)
def _guess(share, rank, ranks, window):  # type: ignore[no-untyped-def]
    """A rank near the quantile: that of medians over every eighth epoch only, missing values left out."""
    thin = rank[::_STEP].copy()
    many = window // _STEP
    windows = len(thin) - many + 1
    if many < 1 or windows < 1:
        return ranks // 2
    held, half = np.empty(len(thin) + 1, np.int32), np.empty(windows, np.int32)
    count = np.int32(0)
    for i in range(len(thin)):
        held[i] = count
        count += np.int32(thin[i] != _NEVER)
    held[len(thin)] = count
    begin, end = held[:windows], held[many:]
    for w in range(windows):
        half[w] = (end[w] - begin[w]) >> np.int32(1)
    low, high = 0, ranks - 1
    while low < high:
        middle = (low + high) // 2
        count = np.int32(0)
        for i in range(len(thin)):
            held[i] = count
            count += np.int32(thin[i] <= middle)
        held[len(thin)] = count
        begin, end = held[:windows], held[many:]
        reached = np.int32(0)
        for w in range(windows):
            reached += np.int32(end[w] - begin[w] > half[w])
        if reached > share * windows:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def _level(place, rank, distinct, window, growing, running, half, tie):  # type: ignore[no-untyped-def]
    """The median that has rank `place` among all medians."""
    low, high = 0, len(distinct) - 1
    middle, step = min(_guess(place / len(rank), rank, len(distinct), window), len(distinct) - 1), 2
    middle = min(middle, high - 1)
    below = above = False  # one side of the bracket is found in growing steps from the guess, then it is halved
    clear, before, tied = False, np.int32(0), np.empty(0)
    while low < high:
        reached, ties = _up_to(middle, rank, window, growing, running, half, tie)
        split = reached <= place < reached + ties
        if split:  # only then it matters on which side they are
            pairs = _tied(middle, rank, distinct, window, growing, running, tie, ties)
            reached += np.int32(np.count_nonzero(pairs <= distinct[middle]))
        if reached > place:
            high, above = middle, True
        else:
            low, below, clear = middle + 1, True, not split
            if split:
                before, tied = reached, pairs
        step *= 2
        away = max(low, high - step // 2) if above else min(high - 1, low + step // 2 - 1)
        middle = (low + high) // 2 if below and above else away
    if low == 0 or clear:
        return distinct[low]
    # a median of a pair may lie between this value and the one before it
    between = np.sort(tied)
    between = between[(between > distinct[low - 1]) & (between < distinct[low])]
    count = len(between)
    if before + count > place:
        return between[place - before]
    return distinct[low]


@njit(cache=True)
def _up_to(r, rank, window, growing, running, half, tie):  # type: ignore[no-untyped-def]
    """Number of windows whose middle values are at most of rank `r`, and of those whose middle pair lies on both sides of it."""
    n = len(rank)
    count = np.int32(0)
    for i in range(n):
        running[i] = count
        count += np.int32(rank[i] <= r)
    running[n] = count
    reached, ties = np.int32(0), np.int32(0)
    first, last = _moving(n, window)
    begin, end = running[: last - first], running[window : window + last - first]
    enough, even = half[first:last], tie[first:last]
    for j in range(last - first):
        held = end[j] - begin[j]
        reached += np.int32(held > enough[j])
        ties += np.int32(held == even[j])
    for i in range(n - last + first):
        t = i if i < first else i - first + last
        low, high, _ = _bounds(t, n, window, growing)
        reached += np.int32(running[high] - running[low] > half[t])
        ties += np.int32(running[high] - running[low] == tie[t])
    return reached, ties


@njit(cache=True)
def _tied(r, rank, distinct, window, growing, running, tie, ties):  # type: ignore[no-untyped-def]
    """Medians of the `ties` windows with a pair on both sides of rank `r`."""
    n, out, found = len(rank), np.empty(ties), 0
    first, last = _moving(n, window)
    begin, end, even = running[: last - first], running[window : window + last - first], tie[first:last]
    for j in range(last - first):
        if end[j] - begin[j] == even[j]:
            out[found] = _pair(rank[j : j + window], distinct, r)
            found += 1
    for i in range(n - last + first):
        t = i if i < first else i - first + last
        low, high, _ = _bounds(t, n, window, growing)
        if running[high] - running[low] == tie[t]:
            out[found] = _pair(rank[low:high], distinct, r)
            found += 1
    return out


@njit(cache=True)
def _pair(rank, distinct, r):  # type: ignore[no-untyped-def]
    """Mean of the largest value up to rank `r` and the smallest above it."""
    under, over, edge = np.int32(-1), _NEVER, np.int32(r)
    for i in range(len(rank)):  # without branches, so that it runs eight at a time
        k = rank[i]
        under = max(under, k if k <= edge else np.int32(-1))
        over = min(over, k if k > edge else _NEVER)
    return (distinct[under] + distinct[over]) / 2


@njit(cache=True)
def _above(cut, rank, distinct, window, growing, running, half, tie, out):  # type: ignore[no-untyped-def]
    n = len(rank)
    r = np.searchsorted(distinct, cut, side="right") - 1
    _up_to(r, rank, window, growing, running, half, tie)
    first, last = _moving(n, window)
    begin, end = running[: last - first], running[window : window + last - first]
    enough, even, moving = half[first:last], tie[first:last], out[first:last]
    ties = np.int32(0)
    for j in range(last - first):
        held = end[j] - begin[j]
        moving[j] = (enough[j] != _NEVER) & (held <= enough[j])
        ties += np.int32(held == even[j])
    if ties > 0:
        for j in range(last - first):
            if end[j] - begin[j] == even[j]:
                moving[j] = not _pair(rank[j : j + window], distinct, r) <= cut
    for i in range(n - last + first):
        t = i if i < first else i - first + last
        low, high, _ = _bounds(t, n, window, growing)
        held = running[high] - running[low]
        pair = held == tie[t] and _pair(rank[low:high], distinct, r) <= cut
        out[t] = half[t] != _NEVER and held <= half[t] and not pair
