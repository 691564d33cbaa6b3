"""Spans of many texts by a tagger, from UTF-8 bytes to rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from heedful.language.folding import FoldTable
from heedful.language.kernels.compiling import entry, inner, stamp
from heedful.language.kernels.emissions import CHAIN, OFFSETS, Chain, Memo, Scores, add_mark, read_chain
from heedful.language.kernels.lanes import LANES
from heedful.language.kernels.likeliest import Path, Steps, likeliest, probabilities
from heedful.language.kernels.tokens import POSITION, WIDEST

COLUMNS = ("post", "start", "end", "type")
"""Of a span: row of its text, bytes in it, number of its type."""

REACH = 2
"""Most characters beside its tokens that a span takes in."""

MEMO = 1 << 16
"""Words that a memo holds."""

Marks = npt.NDArray[np.int32]


@inner
def _edges(data, begin, end, first, last, edges):  # type: ignore[no-untyped-def]
    """The span on the bytes from `first` to `last` with the characters beside it that it takes in (`tagger.tags.with_edges`)."""
    open_ = 0
    for i in range(first, last):
        open_ += (data[i] == 40) - (data[i] == 41)
    after = last
    while after < min(end, last + REACH) and edges[1 + (open_ > 0), data[after]]:
        open_ += (data[after] == 40) - (data[after] == 41)
        after += 1
    start = first
    while start > max(begin, first - REACH) and edges[0, data[start - 1]]:
        start -= 1
    return start, after


def _tag_posts(source: int) -> Any:
    @entry
    def tag_posts(data, offsets, table, marks, edges, types, model, steps, memo, chain, path, out, shares, first, mark):  # type: ignore[no-untyped-def]
        """Fill `out` (`COLUMNS`) and `shares` (the spans' probabilities) from post `first` on, whose marks begin at row `mark`; rows
        written, and the post and mark to go on with (a post whose rows did not fit is left out whole)."""
        _ = source
        rows = 0
        for post in range(first, offsets.size - 1):
            begin, end, kept, was = offsets[post], offsets[post + 1], rows, mark
            chain.state[POSITION] = begin
            while True:
                n = read_chain(data, begin, end, table, model, memo, chain)
                if n == 0:
                    break
                mark = _mark(n, post, begin, mark, marks, model, chain)
                found = likeliest(n, types, chain.scores, steps, path)
                if rows + found > out.shape[0]:
                    return kept, post, was
                if found > 0:
                    probabilities(n, found, types, chain.scores, steps, path)
                for s in range(found - 1, -1, -1):
                    a, b = chain.starts[path.spans[s, 0]], chain.ends[path.spans[s, 1]]
                    a, b = _edges(data, begin, end, a, b, edges)
                    out[rows, 0], out[rows, 1], out[rows, 2], out[rows, 3] = post, a - begin, b - begin, path.spans[s, 2]
                    shares[rows] = path.shares[s]
                    rows += 1
            while mark < marks.shape[0] and marks[mark, 0] <= post:
                mark += 1
        return rows, offsets.size - 1, mark

    return tag_posts


@inner
def _mark(n, post, begin, mark, marks, model, chain):  # type: ignore[no-untyped-def]
    """Add the marks that touch a chain; the mark to go on with."""
    while mark < marks.shape[0] and (marks[mark, 0] < post or (marks[mark, 0] == post and begin + marks[mark, 2] <= chain.starts[0])):
        mark += 1
    m = mark
    while m < marks.shape[0] and marks[m, 0] == post and begin + marks[m, 1] < chain.ends[n - 1]:
        add_mark(n, begin + marks[m, 1], begin + marks[m, 2], marks[m, 3], model, chain)
        m += 1
    return mark


tag_posts = _tag_posts(stamp())


def space(blocks: int) -> tuple[Memo, Chain, Path]:
    """Memory for `tag_posts`; that of the memo may be used again, the rest holds nothing between calls."""
    width = blocks * LANES
    word = np.zeros(WIDEST, np.uint8)
    memo = Memo(np.zeros(9 * MEMO, np.uint64), np.zeros(MEMO, np.uint64), np.empty(MEMO * OFFSETS * width, np.int32))
    chain = Chain(
        starts=np.empty(CHAIN, np.int64),
        ends=np.empty(CHAIN, np.int64),
        words=np.empty(CHAIN + 4, np.uint64),
        shapes=np.empty(CHAIN, np.uint8),
        gaps=np.empty(CHAIN, np.uint8),
        lists=np.empty(CHAIN, np.uint8),
        scores=np.empty((CHAIN + 7) * width, np.int32),
        noted=np.empty(12 * CHAIN, np.int64),
        state=np.zeros(6, np.int64),
        word=word,
        packed=word.view(np.uint64),
    )
    path = Path(
        now=np.empty(width, np.int32),
        best=np.empty(width, np.int32),
        came=np.zeros(CHAIN * (width + 1), np.uint8),
        spans=np.empty((CHAIN, 3), np.int32),
        shares=np.empty(CHAIN, np.float64),
        alpha=np.empty(CHAIN * width),
        beta=np.empty(CHAIN * width),
        grown=np.empty(CHAIN * width),
        alpha_outside=np.empty(CHAIN),
        beta_outside=np.empty(CHAIN),
        grown_outside=np.empty(CHAIN),
        scale=np.empty(CHAIN),
        ahead=np.empty(width),
    )
    return memo, chain, path


def tag_all(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], table: FoldTable, marks: Marks, edges: npt.NDArray[np.bool_], types: int,
    model: Scores, steps: Steps, held: tuple[Memo, Chain, Path],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:  # fmt: skip
    """Spans of all texts (`COLUMNS`) in order, and the probability of each. `marks`: post, start, end, kind, by post and start."""
    parts, chances, post, mark, room = [], [], 0, 0, 1_024 + data.size // 64
    while post < offsets.size - 1:
        out, shares = np.empty((room, len(COLUMNS)), np.int32), np.empty(room)
        rows, reached, mark = tag_posts(data, offsets, table, marks, edges, types, model, steps, *held, out, shares, post, mark)
        parts.append(out[:rows])
        chances.append(shares[:rows])
        room, post = (room if reached > post else 2 * room), reached
    return np.concatenate([*parts, np.empty((0, len(COLUMNS)), np.int32)]), np.concatenate([*chances, np.empty(0)])
