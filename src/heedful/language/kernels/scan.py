"""Mentions and the words around them, from UTF-8 bytes to rows of numbers in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from heedful.language.kernels.context import (
    ASSERTED,
    ASSERTED_BY,
    EXPERIENCED,
    EXPERIENCED_BY,
    FOUND_SIZE,
    PLAYS,
    SEVERE,
    context_of,
)
from heedful.language.kernels.tokens import ASKED, END, GAP, GAP_NONE, GAP_STOP, LENGTH, POSITION, START, WIDEST, next_token
from heedful.language.rules import EVENT, GROUP, NEXT, WINDOW

SENTENCE = 512
"""Tokens of the longest sentence; a longer run without an end is cut there."""

COLUMNS = ("post", "start", "end", "term", "sentence", "assertion", "experiencer", "cue_start", "cue_end", "role", "severity")
"""Of a row found. `start`, `end`: bytes from the text's beginning; cue likewise, -1 if none. `term` counts the vocabulary's
terms and then the rules, for the events that rules name."""

DRUG = 2
TERM_ROOT, RULE_ROOT, FLAGS = range(3)
ALONE, EVENTFUL = 1, 2
_K1, _K2, _K3 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_TAG = np.uint64(56)
_BLOOM, _SIX, _LOW_SIX = np.uint64(40), np.uint64(6), np.uint64(63)


class Index(NamedTuple):
    """A vocabulary and its rules, laid out for `scan`. Node 0 is nowhere; tables are open addressing with power-of-two sizes."""

    tags: npt.NDArray[np.uint8]
    """A byte a slot of `words`, 0 if empty, else of the word's hash: most unknown words are refused here, in the nearest cache."""
    words: npt.NDArray[np.uint64]
    """A row a slot: first 8 folded bytes, next 8, length + 128 * place in `wide`, word id."""
    wide: npt.NDArray[np.uint8]
    """Folded bytes of words longer than 16."""
    roots: npt.NDArray[np.int32]
    """A row a word id: node of the terms that begin with it, node of the rules, flags `ALONE` (is a term) and `EVENTFUL`
    (an event's phrase begins with it), nothing."""
    bloom: npt.NDArray[np.uint64]
    steps: npt.NDArray[np.int64]
    """A row a slot: node << 32 | word (-1: empty), node."""
    term_at: npt.NDArray[np.int32]
    rule_at: npt.NDArray[np.int32]
    """By node: the term, the rule, that ends there, or -1."""
    term_type: npt.NDArray[np.int8]
    rules: npt.NDArray[np.int32]
    classes: npt.NDArray[np.uint8]
    folded_at: npt.NDArray[np.int32]
    folded: npt.NDArray[np.uint8]


@njit(cache=True, _nrt=False, inline="always")
def hash_word(packed, length):  # type: ignore[no-untyped-def]
    """A hash of a folded word of at most `WIDEST` bytes."""
    h = (packed[0] ^ (packed[1] * _K1)) * _K2
    if length > 16:
        for i in range(2, 8):
            h = (h ^ (h >> _HALF) ^ packed[i]) * _K1
    h = (h ^ (h >> _HALF) ^ np.uint64(length)) * _K3
    return h ^ (h >> _HALF)


@njit(cache=True, _nrt=False, inline="always")
def tag_of(hashed):  # type: ignore[no-untyped-def]
    """The byte of a hash that stands in `Index.tags`; never 0."""
    return np.uint8((hashed >> _TAG) | _ONE)


@njit(cache=True, _nrt=False)
def word_id(packed, word, length, tags, words, wide):  # type: ignore[no-untyped-def]
    """The id of a folded word, compared byte by byte, or -1."""
    if length > WIDEST:
        return np.int32(-1)
    mask = np.uint64(tags.size - 1)
    hashed = hash_word(packed, length)
    tag, slot = tag_of(hashed), hashed & mask
    while tags[slot] != 0:
        if tags[slot] == tag and words[slot, 0] == packed[0] and words[slot, 1] == packed[1]:
            known = np.int64(words[slot, 2])
            if known & 127 == length:
                at, same = known >> 7, True
                for i in range(16, length):
                    same = same and wide[at + i - 16] == word[i]
                if same:
                    return np.int32(words[slot, 3])
        slot = (slot + _ONE) & mask
    return np.int32(-1)


@njit(cache=True, _nrt=False, inline="always")
def hash_step(key):  # type: ignore[no-untyped-def]
    """A hash of node << 32 | word."""
    h = np.uint64(key) * _K1
    return h ^ (h >> _HALF)


@njit(cache=True, _nrt=False, inline="always")
def may_step(hashed, bloom):  # type: ignore[no-untyped-def]
    """Whether a step with this hash may be known; seldom wrong, and then only by saying yes."""
    bit = hashed >> _BLOOM
    return (bloom[(bit >> _SIX) & np.uint64(bloom.size - 1)] >> (bit & _LOW_SIX)) & _ONE


@njit(cache=True, _nrt=False)
def step_from(node, word, bloom, steps):  # type: ignore[no-untyped-def]
    """The node after `word`, or 0."""
    key = (np.int64(node) << 32) | np.int64(word)
    hashed = hash_step(key)
    if not may_step(hashed, bloom):
        return 0
    mask = np.uint64(steps.shape[0] - 1)
    slot = hashed & mask
    while steps[slot, 0] != -1:
        if steps[slot, 0] == key:
            return steps[slot, 1]
        slot = (slot + _ONE) & mask
    return 0


@njit(cache=True, _nrt=False)
def _longest(at, n, ids, gap, covered, roots, kind, ends, bloom, steps):  # type: ignore[no-untyped-def]
    """What the longest phrase from token `at` on is, and the token after it; it covers no covered token and crosses no gap."""
    best, after = -1, at
    node = np.int64(roots[ids[at], kind])
    i = at + 1
    while node > 0:
        if ends[node] >= 0:
            best, after = np.int64(ends[node]), i
        if i >= n or gap[i] != GAP_NONE or ids[i] < 0 or covered[i]:
            break
        node = step_from(node, ids[i], bloom, steps)
        i += 1
    return best, after


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
def _cues(n, ids, gap, covered, index, cues, cue_at):  # type: ignore[no-untyped-def]
    """Leftmost-longest phrases of rules outside mentions; how many."""
    found, at = 0, 0
    for i in range(n):
        cue_at[0, i], cue_at[1, i] = -1, -1
    while at < n:
        best, after = -1, at
        if ids[at] >= 0 and not covered[at]:
            best, after = _longest(at, n, ids, gap, covered, index.roots, RULE_ROOT, index.rule_at, index.bloom, index.steps)
        if best < 0:
            at += 1
            continue
        cues[found, 0], cues[found, 1], cues[found, 2] = at, after, best
        cue_at[0, after - 1], cue_at[1, at] = found, found
        found += 1
        at = after
    return found


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
def _write(out, row, spans, span, starts, ends, begin, cues, found):  # type: ignore[no-untyped-def]
    out[row, 1], out[row, 2], out[row, 3] = starts[spans[span, 0]] - begin, ends[spans[span, 1] - 1] - begin, spans[span, 2]
    out[row, 5], out[row, 6], out[row, 9], out[row, 10] = found[ASSERTED], found[EXPERIENCED], found[PLAYS], found[SEVERE]
    cue = found[ASSERTED_BY]
    if cue < 0 and found[EXPERIENCED] != 0:  # "my" needs no mention: oneself is the default
        cue = found[EXPERIENCED_BY]
    out[row, 7], out[row, 8] = -1, -1
    if cue >= 0:
        out[row, 7], out[row, 8] = starts[cues[cue, 0]] - begin, ends[cues[cue, 1] - 1] - begin


@njit(cache=True, _nrt=False)
def _sentence(n, ids, gap, covered, asked, eventful, index, spans, cues, cue_at):  # type: ignore[no-untyped-def]
    """Mentions, then events, of one sentence into `spans`, and its cues; how many spans."""
    for i in range(n):
        covered[i] = 0
    mentions = _mentions(n, ids, gap, covered, index, spans)
    if mentions == 0 and not eventful:
        return 0
    return _events(mentions, _cues(n, ids, gap, covered, index, cues, cue_at), cues, index, spans)


@njit(cache=True, _nrt=False, nogil=True)
def scan_posts(data, offsets, index, out, first, ids, gap, covered, starts, ends, spans, cues, cue_at, found, word, packed, state):  # type: ignore[no-untyped-def]
    """Fill `out` from post `first` on; rows written, and the post to go on with (one whose rows did not fit is left out whole)."""
    rows = 0
    for post in range(first, offsets.size - 1):
        begin, end, kept = offsets[post], offsets[post + 1], rows
        state[POSITION] = begin
        n, sentence, telling, eventful, before, more = 0, 0, False, False, np.int64(0), True
        while more:
            more = next_token(data, begin, end, index.classes, index.folded_at, index.folded, word, packed, state)
            if n > 0 and (not more or state[GAP] == GAP_STOP or n == SENTENCE):
                total = 0
                if telling or eventful:
                    total = _sentence(n, ids, gap, covered, state[ASKED], eventful, index, spans, cues, cue_at)
                if rows + total > out.shape[0]:
                    return kept, post
                for m in range(total):
                    context_of(spans[m, 0], spans[m, 1], n, gap, covered, state[ASKED], cues, cue_at, index.rules, found)
                    out[rows, 0], out[rows, 4] = post, sentence
                    _write(out, rows, spans, m, starts, ends, begin, cues, found)
                    rows += 1
                n, sentence, telling, eventful, before = 0, sentence + 1, False, False, np.int64(0)
            if more:
                ids[n] = word_id(packed, word, state[LENGTH], index.tags, index.words, index.wide)
                starts[n], ends[n], gap[n] = state[START], state[END], state[GAP]
                root = 0
                if ids[n] >= 0:
                    flags = index.roots[ids[n], FLAGS]
                    # A sentence is looked at again only if a word is a term by itself or two may begin one.
                    telling |= (flags & ALONE) != 0 or (before > 0 and may_step(hash_step((before << 32) | np.int64(ids[n])), index.bloom))
                    eventful |= (flags & EVENTFUL) != 0
                    root = index.roots[ids[n], TERM_ROOT]
                before = np.int64(root)
                n += 1
    return rows, offsets.size - 1


def scan(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], index: Index) -> npt.NDArray[np.int32]:
    """All mentions and events of all texts, as rows of `COLUMNS`, by post and then within a sentence mentions before events.

    `data`, `offsets`: Arrow large_utf8 buffers. Linear in bytes: sentences, walks and words are bounded.
    """
    word = np.zeros(WIDEST, np.uint8)
    space = (
        np.empty(SENTENCE, np.int32), np.empty(SENTENCE, np.int8), np.zeros(SENTENCE, np.int8), np.empty(SENTENCE, np.int64),
        np.empty(SENTENCE, np.int64), np.empty((2 * SENTENCE, 3), np.int32), np.empty((SENTENCE, 3), np.int32),
        np.empty((2, SENTENCE), np.int32), np.empty(FOUND_SIZE, np.int64), word, word.view(np.uint64), np.zeros(6, np.int64),
    )  # fmt: skip
    parts, post, room = [], 0, max(2 * SENTENCE, data.size // 64)
    while post < offsets.size - 1:
        out = np.empty((room, len(COLUMNS)), np.int32)
        rows, reached = scan_posts(data, offsets, index, out, post, *space)
        parts.append(out[:rows])
        room, post = (room if reached > post else 2 * room), reached
    return np.concatenate(parts) if parts else np.empty((0, len(COLUMNS)), np.int32)
