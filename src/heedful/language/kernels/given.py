"""What stands around spans that are given, instead of found by the vocabulary: the same sentences, cues and context as in `scan`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import entry, inner, stamp
from heedful.language.kernels.emissions import first_reaching
from heedful.language.kernels.index import Index, word_id
from heedful.language.kernels.scan import COLUMNS, SENTENCE, _context, _cues, _mentions, _space, _write
from heedful.language.kernels.tokens import END, GAP, GAP_STOP, LENGTH, POSITION, START, next_token


def _scan_given(source: int) -> Any:
    @entry
    def scan_given(data, offsets, index, given, out, space):  # type: ignore[no-untyped-def]
        """Fill a row of `out` (`scan.COLUMNS`; term as it was) for each row of `given` (post, start, end; by post and start)."""
        _ = source
        ids, state, row = space.ids, space.state, 0
        while row < given.shape[0]:
            post = given[row, 0]
            begin, end = offsets[post], offsets[post + 1]
            state[POSITION] = begin
            n, sentence, more = 0, 0, True
            while more and row < given.shape[0] and given[row, 0] == post:
                more = next_token(data, begin, end, index.classes, index.folded_at, index.folded, space.word, space.packed, state)
                if n > 0 and (not more or state[GAP] == GAP_STOP or n == SENTENCE):
                    if begin + given[row, 1] < space.ends[n - 1]:
                        row = _sentence(n, post, begin, sentence, row, given, index, space, out)
                    n, sentence = 0, sentence + 1
                if more:
                    ids[n] = word_id(space.packed, space.word, state[LENGTH], index.tags, index.words, index.wide)
                    space.starts[n], space.ends[n], space.gap[n] = state[START], state[END], state[GAP]
                    n += 1
            while row < given.shape[0] and given[row, 0] == post:  # it touches no token
                row += 1

    return scan_given


@inner
def _sentence(n, post, begin, sentence, row, given, index, space, out):  # type: ignore[no-untyped-def]
    """Fill the rows of the spans that begin in a sentence; the row to go on with."""
    for i in range(n):
        space.covered[i] = 0
    found = first = _mentions(n, space.ids, space.gap, space.covered, index, space.spans)
    last = row
    while last < given.shape[0] and given[last, 0] == post and begin + given[last, 1] < space.ends[n - 1] and found < 2 * SENTENCE:
        token = first_reaching(n, space.ends, begin + given[last, 1])
        after = token
        while after < n and (after == token or space.starts[after] < begin + given[last, 2]):
            space.covered[after] = 1
            after += 1
        # No term: nothing that holds of a drug alone holds here.
        space.spans[found, 0], space.spans[found, 1], space.spans[found, 2] = token, after, index.term_type.size
        found += 1
        last += 1
    _cues(n, space.ids, space.gap, space.covered, index, space.cues, space.cue_at)
    for m in range(first, found):
        _context(m, n, index, space)
        start, end, term = out[row, 1], out[row, 2], out[row, 3]
        out[row, 0], out[row, 4] = post, sentence
        _write(out, row, m, begin, space)
        out[row, 1], out[row, 2], out[row, 3] = start, end, term
        row += 1
    return last


scan_given = _scan_given(stamp())


def context_of_given(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], index: Index, given: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Rows of `scan.COLUMNS` for the spans `given` (post, start, end, term; by post and start), that no term of the index touches."""
    out = np.zeros((given.shape[0], len(COLUMNS)), np.int32)
    out[:, :4] = given
    out[:, 7:9] = -1
    scan_given(data, offsets, index, given, out, _space())
    return out
