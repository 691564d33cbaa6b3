"""Several values under one key: exact repeats are left out, different ones are numbered; across batches, in little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Segment:
    """Starts of one series in one batch, ascending, and a hash of what stood there."""

    starts: Ints
    contents: Hashes


class Numbering:
    """Gives `row` numbers within (series, start), where a series is a person's code on a device; 16 bytes a record are remembered.

    Files list a series nearly in order of time, so a batch seldom overlaps an earlier one and little is looked up.
    """

    def __init__(self) -> None:
        self._segments: dict[int, list[_Segment]] = {}

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
        earlier = [
            segment for segment in self._segments.get(series, ()) if segment.starts[0] <= starts[-1] and starts[0] <= segment.starts[-1]
        ]
        for segment in earlier:
            found = np.searchsorted(segment.starts, starts)
            twin |= segment.starts[np.minimum(found, len(segment.starts) - 1)] == starts
        if twin.any():
            self._number(members[twin], earlier, start, content, rows, repeated)
        kept = ~repeated[members]
        if kept.any():
            self._segments.setdefault(series, []).append(_Segment(starts[kept], content[members[kept]]))

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
