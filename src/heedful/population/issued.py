"""Issues of official series as whole numbers: each series has a row number, and its issues are handed out in portions that fit in memory.

Text takes most of the room and time of many rows, so it is looked at once. Series lie in the order of issuer, signal, place, stratum and
unit: those of one *strand* (a signal of one issuer) side by side, as do those of one cell whose unit changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

CELL = ("source", "signal", "place", "stratum")
IDENTITY = (*CELL, "unit")
"""A series whose unit changes is another series: its old values are no baseline."""

ROWS_AT_ONCE = 500_000
"""Issues worked on in one go: bounds memory at about 300 MB beside the issues themselves."""

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Issued:
    """Series by number. `names` one row a series: `number`, `strand` and `cell` (numbers too), and what `IDENTITY` names. `order`: the rows
    of `rows` series by series, of which series n has those from `starts[n]` to `starts[n + 1]`."""

    rows: pl.DataFrame
    names: pl.DataFrame
    order: Rows
    starts: Ints

    def strands(self) -> Iterator[Strands]:
        """Neighboring strands together, up to `ROWS_AT_ONCE` issues; a larger one alone."""
        for first, last in _packed(_edges(self.names["strand"].to_numpy()), self.starts):
            yield Strands(self, first, last)

    def taken(self, rows: Rows, series: Ints) -> pl.DataFrame:
        """number, strand, cell, day, value, known_at of `rows`, which belong to `series`; by cell and day, a date's newest issue last."""
        found = self.rows.select("day", pl.col("value").fill_nan(None), "known_at")[rows]
        found = found.with_columns(self.names.select("number", "strand", "cell")[series].get_columns())
        return found.sort("cell", "day", "known_at", maintain_order=True)


@dataclass(frozen=True, eq=False)
class Strands:
    """Whole strands: series `first` .. `last` - 1 of `data`."""

    data: Issued
    first: int
    last: int

    @property
    def names(self) -> pl.DataFrame:
        return self.data.names[self.first : self.last]

    @cached_property
    def small(self) -> pl.DataFrame | None:
        """All issues, where they may be held at once."""
        data = self.data
        at = slice(int(data.starts[self.first]), int(data.starts[self.last]))
        return data.taken(data.order[at], self._series()) if at.stop - at.start <= ROWS_AT_ONCE else None

    def by_series(self) -> Iterator[pl.DataFrame]:
        """Issues (`Issued.taken`), all of some series at a time."""
        if self.small is not None:
            yield self.small
            return
        cells = self.first + _edges(self.names["cell"].to_numpy())
        for first, last in _packed(cells, self.data.starts):
            rows = self.data.order[int(self.data.starts[first]) : int(self.data.starts[last])]
            yield self.data.taken(rows, np.repeat(np.arange(first, last), np.diff(self.data.starts[first : last + 1])))

    def by_days(self) -> Iterator[pl.DataFrame]:
        """The same issues, all of some days at a time."""
        if self.small is not None:
            yield self.small
            return
        rows, series = self.data.order[int(self.data.starts[self.first]) : int(self.data.starts[self.last])], self._series()
        day = self.data.rows["day"].to_physical().gather(rows).to_numpy()
        by_day = np.argsort(day, kind="stable")
        edges = _edges(day[by_day])
        for one, other in _packed(np.arange(len(edges)), edges):
            at = by_day[edges[one] : edges[other]]
            yield self.data.taken(rows[at], series[at])

    def _series(self) -> Ints:
        return np.repeat(np.arange(self.first, self.last), np.diff(self.data.starts[self.first : self.last + 1]))


def issued(rows: pl.DataFrame) -> Issued:
    """Number the series of `rows` (rows of `Series` of one period length)."""
    code = _codes(rows)
    order = np.argsort(code, kind="stable").astype(np.uint32)
    ordered = code[order]
    starts = _edges(ordered)
    names = rows.select(IDENTITY)[order[starts[:-1]]].with_row_index("number")
    return Issued(rows, names.with_columns(strand=_runs("source", "signal"), cell=_runs(*CELL)), order, starts)


def _runs(*columns: str) -> pl.Expr:
    return pl.struct(columns).rle_id()


def _codes(rows: pl.DataFrame) -> Ints:
    """A number for each row, in the order of what `IDENTITY` names."""
    code = np.zeros(rows.height, dtype=np.int64)
    most = 1
    for name in IDENTITY:
        texts = rows[name].unique().sort()
        if len(texts) < 2:
            continue
        if most * len(texts) > np.iinfo(np.int64).max:
            code = np.unique(code, return_inverse=True)[1]
            most = int(code.max()) + 1
        code = code * len(texts) + rows[name].cast(pl.Enum(texts)).to_physical().to_numpy()
        most *= len(texts)
    return code


def _edges(values: npt.NDArray[np.generic]) -> Ints:
    """Where runs of equal values begin, and the end of the last."""
    if not len(values):
        return np.zeros(1, dtype=np.int64)
    return np.concatenate([[0], 1 + np.flatnonzero(values[1:] != values[:-1]), [len(values)]])


def _packed(edges: Ints, starts: Ints) -> Iterator[tuple[int, int]]:
    """Neighbors between `edges` together, as long as they have up to `ROWS_AT_ONCE` rows by `starts`; first and last of each pack."""
    at = 0
    while at < len(edges) - 1:
        end = int(np.searchsorted(starts[edges], starts[edges[at]] + ROWS_AT_ONCE, side="right")) - 1
        end = max(end, at + 1)
        yield int(edges[at]), int(edges[end])
        at = end
