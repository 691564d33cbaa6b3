"""Mentions and the words around them, from UTF-8 bytes to rows of numbers in one pass."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import entry, inlined, inner, stamp
from heedful.language.kernels.context import (
    ASSERTED,
    ASSERTED_BY,
    DRUG_ASKED,
    EXPERIENCED,
    EXPERIENCED_BY,
    FOUND_SIZE,
    PLAYS,
    SEVERE,
    context_of,
)
from heedful.language.kernels.index import ALONE, EVENTFUL, FLAGS, RULE_ROOT, TERM_ROOT, Index, hash_step, may_step, step_from, word_id
from heedful.language.kernels.record import Rows
from heedful.language.kernels.tokens import ASKED, END, GAP, GAP_NONE, GAP_STOP, LENGTH, POSITION, START, WIDEST, next_token
from heedful.language.rules import ABLE, CANCEL, EVENT, GROUP, NEXT, VALUE, WINDOW

SENTENCE = 512
"""Tokens of the longest sentence; a longer run without an end is cut there."""

COLUMNS = ("post", "start", "end", "term", "sentence", "assertion", "experiencer", "cue_start", "cue_end", "role", "severity")
"""Of a row found. `start`, `end`: bytes from the text's beginning; cue likewise, -1 if none. `term` counts the vocabulary's
terms and then the rules, for the events that rules name."""

DRUG = 2
"""Place of drugs among `heedful.language.matching.TYPES`."""


class Space(NamedTuple):
    """What one sentence needs: by token its word id, gap before, whether a mention covers it, bytes; spans, cues and what is found; and
    the word being read."""

    ids: npt.NDArray[np.int32]
    gap: npt.NDArray[np.int8]
    covered: npt.NDArray[np.int8]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    spans: Rows[np.int32]
    cues: Rows[np.int32]
    cue_at: Rows[np.int32]
    found: npt.NDArray[np.int64]
    word: npt.NDArray[np.uint8]
    packed: npt.NDArray[np.uint64]
    state: npt.NDArray[np.int64]


@inner
def _longest(at, n, ids, gap, covered, roots, kind, ends, bloom, steps):  # type: ignore[no-untyped-def]
    """What the longest phrase from token `at` on is, and the token after it; it covers no covered token and crosses no gap."""
    best, after = np.int64(-1), at
    node = np.int64(roots[ids[at], kind])
    i = at + 1
    while node > 0:
        if ends[node] >= 0:
            best, after = np.int64(ends[node]), i
        if i >= n or gap[i] != GAP_NONE or ids[i] < 0 or covered[i]:
            break
        node = np.int64(step_from(node, ids[i], bloom, steps))
        i += 1
    return best, after


@inner
def _mentions(n, ids, gap, covered, index, spans):  # type: ignore[no-untyped-def]
    """Leftmost-longest terms of a sentence into `spans` (first token, token after, term); how many."""
    found, at = 0, 0
    while at < n:
        best, after = -1, at
        if ids[at] >= 0:
            best, after = _longest(at, n, ids, gap, covered, index.roots, TERM_ROOT, index.term_at, index.bloom, index.steps)
        if best < 0:
            at += 1
            continue
        spans[found, 0], spans[found, 1], spans[found, 2] = at, after, best
        found += 1
        while at < after:
            covered[at] = 1
            at += 1
    return found


@inner
def _cues(n, ids, gap, covered, index, cues, cue_at):  # type: ignore[no-untyped-def]
    """Leftmost-longest phrases of rules outside mentions, and inabilities within ("can't walk" without pain); how many."""
    found, at = 0, 0
    for i in range(n):
        cue_at[0, i], cue_at[1, i] = -1, -1
    while at < n:
        best, after = -1, at
        if ids[at] >= 0 and not covered[at]:
            best, after = _longest(at, n, ids, gap, covered, index.roots, RULE_ROOT, index.rule_at, index.bloom, index.steps)
        elif ids[at] >= 0:
            best, after = _inability(ids[at], index), at + 1
        if best < 0:
            at += 1
            continue
        cues[found, 0], cues[found, 1], cues[found, 2] = at, after, best
        cue_at[0, after - 1], cue_at[1, at] = found, found
        found += 1
        at = after
    return found


@inner
def _inability(word, index):  # type: ignore[no-untyped-def]
    """The rules of a single word if an inability is among them, or -1."""
    first = index.rule_at[index.roots[word, RULE_ROOT]] if index.roots[word, RULE_ROOT] > 0 else -1
    rule = first
    while rule >= 0:
        if index.rules[rule, GROUP] == CANCEL and index.rules[rule, VALUE] == ABLE:
            return first
        rule = index.rules[rule, NEXT]
    return -1


@inner
def _events(mentions, cues_n, cues, index, spans):  # type: ignore[no-untyped-def]
    """Add the cues that name an event (stop, switch, missed dose) to `spans`; how many spans there are now."""
    total = mentions
    for cue in range(cues_n):
        rule = cues[cue, 2]
        while rule >= 0:
            if index.rules[rule, GROUP] == EVENT:
                window, near = index.rules[rule, WINDOW], index.rules[rule, WINDOW] == 0
                for m in range(mentions):
                    away = spans[m, 0] - cues[cue, 1]
                    near = near or (0 <= away < window and index.term_type[spans[m, 2]] == DRUG)
                if near:
                    spans[total, 0], spans[total, 1] = cues[cue, 0], cues[cue, 1]
                    spans[total, 2] = index.term_type.size + rule
                    total += 1
                    break
            rule = index.rules[rule, NEXT]
    return total


@inner
def _write(out, row, m, begin, space):  # type: ignore[no-untyped-def]
    spans, cues, found, starts, ends = space.spans, space.cues, space.found, space.starts, space.ends
    out[row, 1], out[row, 2], out[row, 3] = starts[spans[m, 0]] - begin, ends[spans[m, 1] - 1] - begin, spans[m, 2]
    out[row, 5], out[row, 6], out[row, 9], out[row, 10] = found[ASSERTED], found[EXPERIENCED], found[PLAYS], found[SEVERE]
    cue = found[ASSERTED_BY]
    if cue < 0 and found[EXPERIENCED] != 0:  # "my" needs no mention: oneself is the default
        cue = found[EXPERIENCED_BY]
    out[row, 7], out[row, 8] = -1, -1
    if cue >= 0:
        out[row, 7], out[row, 8] = starts[cues[cue, 0]] - begin, ends[cues[cue, 1] - 1] - begin


@inner
def _sentence(n, eventful, index, space):  # type: ignore[no-untyped-def]
    """Mentions, then events, of one sentence into `space.spans`, and its cues; how many spans."""
    for i in range(n):
        space.covered[i] = 0
    mentions = _mentions(n, space.ids, space.gap, space.covered, index, space.spans)
    if mentions == 0 and not eventful:
        return 0
    cues = _cues(n, space.ids, space.gap, space.covered, index, space.cues, space.cue_at)
    return _events(mentions, cues, space.cues, index, space.spans)


@inlined
def _tells(word, before, index):  # type: ignore[no-untyped-def]
    """Whether a sentence with this word, after one at node `before` of the terms, must be looked at again: it may hold a term."""
    if index.roots[word, FLAGS] & ALONE:
        return True
    return before > 0 and may_step(hash_step((np.int64(before) << 32) | np.int64(word)), index.bloom) != 0


def _scan_posts(source: int) -> Any:
    @entry
    def scan_posts(data, offsets, index, out, first, space):  # type: ignore[no-untyped-def]
        """Fill `out` from post `first` on; rows written, and the post to go on with (one whose rows did not fit is left out whole)."""
        _ = source
        rows, ids, state = 0, space.ids, space.state
        for post in range(first, offsets.size - 1):
            begin, end, kept = offsets[post], offsets[post + 1], rows
            state[POSITION] = begin
            n, sentence, telling, eventful, before, more = 0, 0, False, False, np.int64(0), True
            while more:
                more = next_token(data, begin, end, index.classes, index.folded_at, index.folded, space.word, space.packed, state)
                if n > 0 and (not more or state[GAP] == GAP_STOP or n == SENTENCE):
                    total = _sentence(n, eventful, index, space) if telling or eventful else 0
                    if rows + total > out.shape[0]:
                        return kept, post
                    for m in range(total):
                        _context(m, n, index, space)
                        out[rows, 0], out[rows, 4] = post, sentence
                        _write(out, rows, m, begin, space)
                        rows += 1
                    n, sentence, telling, eventful, before = 0, sentence + 1, False, False, np.int64(0)
                if more:
                    word = word_id(space.packed, space.word, state[LENGTH], index.tags, index.words, index.wide)
                    ids[n], space.starts[n], space.ends[n], space.gap[n] = word, state[START], state[END], state[GAP]
                    if word >= 0:
                        telling = telling or _tells(word, before, index)
                        eventful = eventful or (index.roots[word, FLAGS] & EVENTFUL) != 0
                    before = np.int64(index.roots[word, TERM_ROOT] if word >= 0 else 0)
                    n += 1
        return rows, offsets.size - 1

    return scan_posts


@inner
def _context(m, n, index, space):  # type: ignore[no-untyped-def]
    first, last, asked, term = space.spans[m, 0], space.spans[m, 1], space.state[ASKED], space.spans[m, 2]
    space.found[DRUG_ASKED] = 1 if term < index.term_type.size and index.term_type[term] == DRUG else 0
    context_of(first, last, n, space.gap, space.covered, asked, space.cues, space.cue_at, index.rules, space.found)


scan_posts = _scan_posts(stamp())


def scan(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], index: Index) -> npt.NDArray[np.int32]:
    """All mentions and events of all texts, as rows of `COLUMNS`, by post and then within a sentence mentions before events.

    `data`, `offsets`: Arrow large_utf8 buffers. Linear in bytes: sentences, walks and words are bounded.
    """
    parts, post, room, space = [], 0, max(2 * SENTENCE, data.size // 64), _space()
    while post < offsets.size - 1:
        out = np.empty((room, len(COLUMNS)), np.int32)
        rows, reached = scan_posts(data, offsets, index, out, post, space)
        parts.append(out[:rows])
        room, post = (room if reached > post else 2 * room), reached
    return np.concatenate(parts) if parts else np.empty((0, len(COLUMNS)), np.int32)


def _space() -> Space:
    word = np.zeros(WIDEST, np.uint8)
    return Space(
        ids=np.empty(SENTENCE, np.int32),
        gap=np.empty(SENTENCE, np.int8),
        covered=np.empty(SENTENCE, np.int8),
        starts=np.empty(SENTENCE, np.int64),
        ends=np.empty(SENTENCE, np.int64),
        spans=np.empty((2 * SENTENCE, 3), np.int32),
        cues=np.empty((SENTENCE, 3), np.int32),
        cue_at=np.empty((2, SENTENCE), np.int32),
        found=np.empty(FOUND_SIZE, np.int64),
        word=word,
        packed=word.view(np.uint64),
        state=np.zeros(6, np.int64),
    )
