"""Observations as plain arrays, in blocks of people small enough for the cache, without copying a column."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.core.buffers import batches
from heedful.core.codes import CODES
from heedful.core.errors import HeedfulError
from heedful.core.streams import streams

BLOCK_ROWS = 160_000
MOST_CELLS = 4_000_000
_LEAST_CHUNK = 2_000
_TEXT = ("person", "code", "device", "how")
_NUMBERS = ("day", "start_at", "end_at", "offset_minutes", "value")


class DayRangeError(HeedfulError):
    """The days of one person lie so far apart that they do not fit into memory."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"Observations lie within {days:,} days: too many to lay out, even for one person. Look for devices with a wrong clock in "
            "the source, and set their rows aside."
        )


@dataclass(frozen=True)
class Piece:
    """A stretch of rows; `stream` plus `base` leads to the columns of `Rows`. Times in us since 1970, day in days since 1970."""

    base: int
    stream: NDArray[np.int32]
    day: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.int16]
    value: NDArray[np.float64]

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Piece:
        return Piece(
            self.base, self.stream[chosen], self.day[chosen], self.start[chosen], self.end[chosen], self.offset[chosen], self.value[chosen]
        )


@dataclass(frozen=True)
class Rows:
    """All observations. By stream: `person` (number in the sorted `persons`), `kind` (place in the codes asked for, else -1), `rank`
    (trust, then device name from the end of the alphabet; the highest counts), `low` and `high` (bounds of the code).

    `trust_of_rank` leads from rank to trust; `codes` are all codes met; all days lie in `first` to `first + span - 1`.
    """

    persons: pl.Series
    pieces: list[Piece]
    person: NDArray[np.int64]
    kind: NDArray[np.int8]
    rank: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trust_of_rank: NDArray[np.int32]
    codes: frozenset[str]
    first: int
    span: int


def of_codes(observations: pl.DataFrame, codes: tuple[str, ...]) -> pl.DataFrame:
    """The rows of some codes, in order.

    >>> of_codes(pl.DataFrame({"code": ["steps", "glucose", "steps"], "value": [1, 2, 3]}), ("steps",))["value"].to_list()
    [1, 3]
    """
    code = observations.get_column("code")
    wanted = code == codes[0]
    for name in codes[1:]:
        wanted |= code == name
    return observations.filter(wanted) if wanted.any() else observations.clear()


def rows(observations: pl.DataFrame, codes: tuple[str, ...], devices: DeviceTrust = TODAY) -> Rows:
    """The observations in the pieces in which polars holds them: joining these would copy every column, and costs more than all the
    rest. Raises `DayRangeError` if the days span more than one person's layout can hold."""
    pieces, (person, code, device, how), (first, span) = _pieces(observations)
    if span > MOST_CELLS:
        raise DayRangeError(span)
    persons, of_device = _places(person), _places(device)
    trust = [trust_of(devices, *stream) for stream in zip(code, device, how, strict=True)]
    rank = [(trusted, -of_device[name]) for trusted, name in zip(trust, device, strict=True)]
    of_rank = {pair: place for place, pair in enumerate(sorted(set(rank)), start=1)}
    trust_of_rank = np.full(len(code) + 1, -1, np.int32)
    for (trusted, _), place in of_rank.items():
        trust_of_rank[place] = trusted
    kinds = {name: (place, float(CODES[name].low), float(CODES[name].high)) for place, name in enumerate(codes)}
    kind, low, high = np.array([kinds.get(name, (-1, 0.0, 0.0)) for name in code], np.float64).reshape(-1, 3).T
    return Rows(
        pl.Series(list(persons), dtype=pl.String), pieces, np.array([persons[name] for name in person], np.int64), kind.astype(np.int8),
        np.array([of_rank[pair] for pair in rank], np.int32), np.ascontiguousarray(low), np.ascontiguousarray(high), trust_of_rank,
        frozenset(code), first, span,
    )  # fmt: skip


def _places(names: list[str]) -> dict[str, int]:
    """The place of each distinct name among them in order."""
    return {name: place for place, name in enumerate(sorted(set(names)))}


@functools.lru_cache(10_000)
def trust_of(devices: DeviceTrust, code: str, device: str, how: str) -> int:
    """As `devices` says: a handful of devices is asked for again with each batch, and their patterns are dear."""
    return int(pl.DataFrame({"code": [code], "device": [device], "how": [how]}).select(devices.of(pl.col("code"))).item())


def codes_met(observations: pl.DataFrame) -> frozenset[str]:
    """All codes of some rows, from the work that `rows` needs anyway and then does not do again.

    Observations without a row have none.
    """
    return frozenset(_pieces(observations)[1][1])


def blocks(held: Rows) -> Iterator[tuple[int, int, list[Piece]]]:
    """First person, end person and the rows of consecutive people, so many at a time that their minutes stay in the cache.

    Rows that come person by person are only cut, in whatever order; rows of many people mixed make one block, unless it is too large.
    """
    people, most = len(held.persons), max(1, MOST_CELLS // held.span)
    runs = [_runs(piece.stream, piece.base, held.person) for piece in held.pieces]
    if sum(len(starts) for starts in runs) > 4 * (people + len(held.pieces)):
        yield from _sifted(held, most)
        return
    cut: list[list[Piece]] = [[] for _ in range(people)]
    for piece, starts in zip(held.pieces, runs, strict=True):
        for a, b in pairwise([*starts.tolist(), len(piece.stream)]):
            cut[held.person[piece.stream[a] + piece.base]].append(piece[a:b])
    begin, waiting, size = 0, list[Piece](), 0
    for number, parts in enumerate(cut):
        mine = sum(len(part.stream) for part in parts)
        if waiting and (size + mine > BLOCK_ROWS or number - begin == most):
            yield begin, number, waiting
            begin, waiting, size = number, [], 0
        waiting += parts
        size += mine
    if waiting:
        yield begin, people, waiting


def _sifted(held: Rows, most: int) -> Iterator[tuple[int, int, list[Piece]]]:
    people = len(held.persons)
    for begin in range(0, people, most):
        end = min(begin + most, people)
        chosen = (held.person >= begin) & (held.person < end)
        yield begin, end, held.pieces if people <= most else [piece[chosen[piece.stream + piece.base]] for piece in held.pieces]


def _day_range(observations: pl.DataFrame) -> tuple[int, int]:
    """First day and number of days."""
    day = observations.get_column("day").to_physical()
    first, last = day.min(), day.max()
    return (int(first), int(last) - int(first) + 1) if isinstance(first, int) and isinstance(last, int) else (0, 1)


def _pieces(observations: pl.DataFrame) -> _Cut:
    """Of the frame that was asked for last it is known, for as long as it lives."""
    if _LAST and _LAST[0][0]() is observations:
        return _LAST[0][1]
    found = _cut(observations)
    _LAST[:] = [(weakref.ref(observations, _let_go), found)]
    return found


def _let_go(frame: weakref.ref[pl.DataFrame]) -> None:
    """The frame is gone: what is known of it goes, unless another frame has taken its place."""
    if _LAST and _LAST[0][0] is frame:
        _LAST.clear()


_Cut = tuple[list["Piece"], list[list[str]], tuple[int, int]]
"""The pieces; person, code, device and way of each stream; first day and number of days."""
_LAST: list[tuple[weakref.ref[pl.DataFrame], _Cut]] = []


def _cut(observations: pl.DataFrame) -> _Cut:
    kept, days = observations.select(*_TEXT, *_NUMBERS), _day_range(observations)
    if kept.get_column("value").null_count():
        kept = kept.with_columns(pl.col("value").fill_null(float("nan")))
    if kept.n_chunks() * _LEAST_CHUNK > kept.height:
        kept = kept.rechunk()
    out: list[Piece] = []
    text, firsts = kept.select(_TEXT), list[NDArray[np.int64]]()
    at = base = 0
    for batch in batches(kept):
        length = len(batch[0])
        if length == 0:
            continue
        of_row, new = streams(batch[: len(_TEXT)], text.slice(at, length))
        out.append(Piece(base, of_row, *batch[len(_TEXT) :]))
        firsts.append(new + at)
        at, base = at + length, base + len(new)
    places = np.concatenate(firsts) if firsts else np.empty(0, np.int64)
    return out, [column.gather(places).to_list() for column in text.get_columns()], days


@njit(cache=True)
def _runs(stream, base, person):  # type: ignore[no-untyped-def]
    """First row of each run of rows of one person."""
    out = np.empty(len(stream), np.int64)
    count, now, last = 0, np.int64(-1), np.int64(-1)
    for i in range(len(stream)):
        if stream[i] == last:
            continue
        last = np.int64(stream[i])
        if person[last + base] != now:
            now = person[last + base]
            out[count] = i
            count += 1
    return out[:count].copy()
