"""Mentions and the scores of all heads in one pass: `heedful.language.kernels.scan` with a memo of words that adds up what each tells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from heedful.language.kernels.compiling import allocating, entry, stamp
from heedful.language.kernels.context import ASSERTED, EXPERIENCED, PLAYS, SEVERE
from heedful.language.kernels.head_sums import (
    ALONE_AT,
    EVENTFUL_AT,
    HEADER,
    MOST_CLASSES,
    HeadTables,
    Memo,
    Waiting,
    Work,
    await_word,
    begin_text,
    end_text,
    key_at,
    memo_place,
    note_mention,
)
from heedful.language.kernels.index import TERM_ROOT, Index, hash_step, may_step
from heedful.language.kernels.marks import count_marks
from heedful.language.kernels.record import opening
from heedful.language.kernels.rows import add_row
from heedful.language.kernels.scan import SENTENCE, Space, _context, _sentence, _write
from heedful.language.kernels.tokens import END, GAP, GAP_STOP, LENGTH, POSITION, START, WIDEST, next_token
from heedful.language.kernels.word_kinds import count_kinds

ATTRIBUTES = np.array([ASSERTED, EXPERIENCED, PLAYS, SEVERE], np.int64)
"""Where an attribute of a mention is found, in the order of `HeadTables.mention_at`."""


class Held(NamedTuple):
    """What stays the same from call to call."""

    vocabulary: Index
    tables: HeadTables
    memo: Memo
    space: Space
    waiting: Waiting
    work: Work


_held = opening(Held)


def _scan_heads(source: int) -> Any:
    @entry
    def scan_heads(record, data, offsets, first, out, scores, seen, words):  # type: ignore[no-untyped-def]
        """As `scan_posts`; for the same texts also `scores` (texts, outputs), `seen` (texts, heads: known n-grams), `words` (texts).

        `record`: `record_of` a `Held`.
        """
        _ = source
        index, tables, memo, space, waiting, work = _held(record)
        rows, ids, state = 0, space.ids, space.state
        width = tables.bounds[2]
        kinds_used = tables.bounds[5] > tables.bounds[4]
        n_kinds = work.kinds.size - 15
        for post in range(first, offsets.size - 1):
            begin, end, kept = offsets[post], offsets[post + 1], rows
            state[POSITION] = begin
            n, sentence, total_words, live, more = 0, 0, 0, 0, True
            begin_text(work)
            while more:
                more = next_token(data, begin, end, index.classes, index.folded_at, index.folded, space.word, space.packed, state)
                if n > 0 and (not more or state[GAP] == GAP_STOP or n == SENTENCE):
                    telling, eventful, before = False, False, np.int64(0)
                    for i in range(n):
                        place = memo_place(i, index, tables, memo, waiting, work)
                        key = key_at(place, memo)
                        about = memo.keys[key + 3]
                        word = np.int32(about >> np.uint64(32))
                        ids[i] = word
                        eventful = eventful or (about & EVENTFUL_AT) != 0
                        if not telling:  # as `scan._tells`
                            telling = (about & ALONE_AT) != 0
                            if not telling and before > 0 and word >= 0:
                                telling = may_step(hash_step((before << 32) | np.int64(word)), index.bloom) != 0
                            before = np.int64(index.roots[word, TERM_ROOT] if word >= 0 else 0)
                        work.hashes[total_words + i], work.told[total_words + i] = memo.keys[key + 2], 0
                        add_row(work.sums, 0, memo.sums, place * memo.next[2] + HEADER, width)
                        if kinds_used:
                            kind = np.int64((about >> np.uint64(8)) & np.uint64(MOST_CLASSES - 1))
                            live = count_kinds(kind, tables.kinds, work.active, live, work.kinds) if kind > 0 else 0
                    total = _sentence(n, eventful, index, space) if telling or eventful else 0
                    if rows + total > out.shape[0]:
                        return kept, post
                    for m in range(total):
                        _context(m, n, index, space)
                        out[rows, 0], out[rows, 4] = post, sentence
                        _write(out, rows, m, begin, space)
                        rows += 1
                        term = space.spans[m, 2]
                        if term < index.term_type.size and tables.shown[term]:
                            a, b = total_words + space.spans[m, 0], total_words + space.spans[m, 1]
                            note_mention(index.term_type[term], a, b, space.found, ATTRIBUTES, tables, work)
                    total_words += n
                    n, sentence = 0, sentence + 1
                if more:
                    await_word(n, space.packed, space.word, state[LENGTH], memo, waiting)
                    space.starts[n], space.ends[n], space.gap[n] = state[START], state[END], state[GAP]
                    n += 1
            if kinds_used:
                count_marks(data, begin, end, tables.mark_steps, tables.letters, work.kinds[n_kinds:])
            end_text(total_words, tables, work, scores[post], seen[post])
            words[post] = total_words
        return rows, offsets.size - 1

    return scan_heads


scan_heads = _scan_heads(stamp())


def _split_sentences(source: int) -> Any:
    @allocating
    def split_sentences(data, offsets, classes, folded_at, folded):  # type: ignore[no-untyped-def]
        """Where the sentences of all texts begin and end (as offsets of texts do), and the text of each; a text without a word has none.

        A sentence goes on to the first word of the next one, its closing marks included.
        """
        _ = source
        room = data.size // 2 + offsets.size + 2
        begins, ends, text_of, n = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int32), 0
        word, state = np.zeros(WIDEST, np.uint8), np.zeros(6, np.int64)
        packed = word.view(np.uint64)
        for text in range(offsets.size - 1):
            begin, end = offsets[text], offsets[text + 1]
            state[POSITION] = begin
            first = True
            while next_token(data, begin, end, classes, folded_at, folded, word, packed, state):
                if first or state[GAP] == GAP_STOP:
                    begins[n], text_of[n], ends[n] = begin if first else state[START], text, end
                    if not first:
                        ends[n - 1] = state[START]
                    n += 1
                    first = False
        return begins[:n].copy(), ends[:n].copy(), text_of[:n].copy()

    return split_sentences


split_sentences = _split_sentences(stamp())
