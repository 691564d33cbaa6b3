"""Several values under one key: exact repeats are left out, different ones are numbered; across batches, in little memory."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import IO

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


MOST_HELD = 200_000
"""Records remembered in memory; beyond, those of earlier batches lie in a file without a name in the system's folder for such files."""


@dataclass(frozen=True)
class _Segment:
    """Starts of one series in one batch, ascending, and a hash of what stood there."""

    starts: Ints
    contents: Hashes


@dataclass
class _Kept:
    """A segment that is remembered: its least and greatest start, and itself, or where it lies in the file."""

    first: int
    last: int
    size: int
    held: _Segment | None
    offset: int = 0


class Numbering:
    """Gives `row` numbers within (series, start), where a series is a person's code on a device; 16 bytes a record are remembered.

    Files list a series nearly in order of time, so a batch seldom overlaps an earlier one and little is looked up, or read again.
    """

    def __init__(self) -> None:
        self._segments: dict[int, list[_Kept]] = {}
        self._file: IO[bytes] | None = None
        self._held = self._end = 0

    def assign(self, series: npt.NDArray[np.integer], start: Ints, content: Hashes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Row numbers and whether a record repeats an earlier one exactly; all arrays of one length, in the order of the file.

        >>> Numbering().assign(np.array([0, 0, 0]), np.array([5, 5, 5]), np.array([1, 2, 1], np.uint64))
        (array([0, 1, 0], dtype=int32), array([False, False,  True]))
        """
        rows, repeated = np.zeros(len(start), np.int32), np.zeros(len(start), np.bool_)
        if not len(start):
            return rows, repeated
        order = np.argsort(series.astype(np.uint16) if series.max() < 65_536 else series, kind="stable")
        edges = np.flatnonzero(np.diff(series[order])) + 1
        for members in np.split(order, edges):
            self._assign_series(int(series[members[0]]), members, start, content, rows, repeated)
        return rows, repeated

    def _assign_series(
        self, series: int, members: Ints, start: Ints, content: Hashes, rows: npt.NDArray[np.int32], repeated: npt.NDArray[np.bool_]
    ) -> None:
        starts = start[members]
        if np.any(starts[1:] < starts[:-1]):
            by_time = np.argsort(starts, kind="stable")
            members, starts = members[by_time], starts[by_time]
        twin = np.zeros(len(starts), np.bool_)
        twin[1:] = starts[1:] == starts[:-1]
        twin[:-1] |= twin[1:]
        earlier = list[_Segment]()
        for kept_before in self._segments.get(series, ()):
            if kept_before.first <= starts[-1] and starts[0] <= kept_before.last:
                segment = kept_before.held or self._read(kept_before)
                found = np.searchsorted(segment.starts, starts)
                met = segment.starts[np.minimum(found, len(segment.starts) - 1)] == starts
                if met.any():
                    twin |= met
                    earlier.append(segment)
        if twin.any():
            self._number(members[twin], earlier, start, content, rows, repeated)
        kept = ~repeated[members]
        if kept.any():
            self._remember(series, _Segment(starts[kept], content[members[kept]]))

    def _remember(self, series: int, segment: _Segment) -> None:
        size = len(segment.starts)
        self._segments.setdefault(series, []).append(_Kept(int(segment.starts[0]), int(segment.starts[-1]), size, segment))
        self._held += size
        if self._held > MOST_HELD:
            for segments in self._segments.values():
                for kept in segments:
                    if kept.held is not None:
                        self._put_aside(kept, kept.held)
            self._held = 0

    def _put_aside(self, kept: _Kept, segment: _Segment) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (kept as long as the numbering)
        self._file.seek(self._end)
        self._file.write(segment.starts.tobytes() + segment.contents.tobytes())
        kept.held, kept.offset = None, self._end
        self._end += 16 * kept.size

    def _read(self, kept: _Kept) -> _Segment:
        assert self._file is not None
        self._file.flush()
        data = os.pread(self._file.fileno(), 16 * kept.size, kept.offset)
        return _Segment(np.frombuffer(data, np.int64, kept.size), np.frombuffer(data, np.uint64, kept.size, 8 * kept.size))

    def _number(
        self,
        members: Ints,
        earlier: list[_Segment],
        start: Ints,
        content: Hashes,
        rows: npt.NDArray[np.int32],
        repeated: npt.NDArray[np.bool_],
    ) -> None:
        known: dict[int, set[int]] = {}
        for member in members.tolist():
            at, what = int(start[member]), int(content[member])
            if at not in known:
                known[at] = {int(value) for segment in earlier for value in _contents_at(segment, at)}
            repeated[member] = what in known[at]
            if not repeated[member]:
                rows[member] = len(known[at])
                known[at].add(what)


def _contents_at(segment: _Segment, at: int) -> Hashes:
    return segment.contents[np.searchsorted(segment.starts, at) : np.searchsorted(segment.starts, at, side="right")]


def mixed(*columns: npt.NDArray[np.generic]) -> Hashes:
    """One 64-bit hash a row over columns of 8-byte values, or smaller integers; equal rows give equal hashes within a run.

    The finishing steps are those of splitmix64 (Steele et al. 2014): a chance collision among 10 million rows has p = 3e-6.
    """
    out = np.full(len(columns[0]), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        bits = column.view(np.uint64) if column.dtype.itemsize == 8 else column.astype(np.int64).view(np.uint64)
        out ^= bits
        out ^= out >> np.uint64(30)
        out *= np.uint64(0xBF58476D1CE4E5B9)
        out ^= out >> np.uint64(27)
        out *= np.uint64(0x94D049BB133111EB)
        out ^= out >> np.uint64(31)
    return out
