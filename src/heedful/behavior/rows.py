"""Observations as plain arrays, in blocks of people small enough for the cache, without copying a column."""

from __future__ import annotations

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

BLOCK_ROWS = 400_000
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
    pieces, firsts = _pieces(observations)
    table = _numbers(observations.select(_TEXT)[firsts], codes, devices)
    first, span = _day_range(observations)
    if span > MOST_CELLS:
        raise DayRangeError(span)
    person, kind, rank, low, high, trusted = (
        table.get_column(name).to_numpy() for name in ("person", "kind", "rank", "low", "high", "trust")
    )
    trust_of_rank = np.full(table.height + 1, -1, np.int32)
    trust_of_rank[rank] = trusted
    persons = table.get_column("name").unique().sort()
    return Rows(persons, pieces, person, kind, rank, low, high, trust_of_rank, frozenset(table.get_column("code")), first, span)


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


def _pieces(observations: pl.DataFrame) -> tuple[list[Piece], NDArray[np.int64]]:
    """The pieces, and the first row of each stream."""
    kept = observations.select(*_TEXT, *_NUMBERS)
    if kept.get_column("value").null_count():
        kept = kept.with_columns(pl.col("value").fill_null(float("nan")))
    if kept.n_chunks() * _LEAST_CHUNK > kept.height:
        kept = kept.rechunk()
    out: list[Piece] = []
    firsts: list[NDArray[np.int64]] = []
    at = base = 0
    for batch in batches(kept):
        length = len(batch[0])
        if length == 0:
            continue
        of_row, new = streams(batch[: len(_TEXT)], kept.slice(at, length).select(_TEXT))
        out.append(Piece(base, of_row, *batch[len(_TEXT) :]))
        firsts.append(new + at)
        at, base = at + length, base + len(new)
    return out, np.concatenate(firsts) if firsts else np.empty(0, np.int64)


def _numbers(table: pl.DataFrame, codes: tuple[str, ...], devices: DeviceTrust) -> pl.DataFrame:
    """The columns of `Rows` by stream."""
    bounds = {code: CODES[code] for code in codes}
    return table.with_columns(devices.of(pl.col("code"))).select(
        "trust",
        "code",
        name="person",
        person=pl.col("person").rank("dense").cast(pl.Int64) - 1,
        rank=pl.struct("trust", pl.col("device").rank("dense", descending=True)).rank("dense").cast(pl.Int32),
        kind=pl.col("code").replace_strict({code: n for n, code in enumerate(codes)}, default=-1, return_dtype=pl.Int8),
        low=pl.col("code").replace_strict({c: float(b.low) for c, b in bounds.items()}, default=0.0, return_dtype=pl.Float64),
        high=pl.col("code").replace_strict({c: float(b.high) for c, b in bounds.items()}, default=0.0, return_dtype=pl.Float64),
    )


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
