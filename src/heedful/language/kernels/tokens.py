"""Words out of UTF-8 bytes, in place and in one pass; the rules are those of `heedful.language.folding`."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.folding import (
    APOSTROPHE,
    BREAK,
    COMMA,
    DOT,
    EMOJI,
    HYPHEN,
    IGNORED,
    QUESTION,
    SEPARATOR,
    STOP,
    TABLE_SIZE,
    WORD,
)
from heedful.language.kernels.compiling import allocating, inlined, inner, stamp
from heedful.language.kernels.swar import load_eight, word_bytes

WIDEST = 64
"""Folded bytes of the longest word that a vocabulary may hold; a longer one in a text is skipped as unknown."""

GAP_NONE, GAP_COMMA, GAP_BREAK, GAP_STOP = range(4)
"""What stands before a token: nothing or a space, a comma, a bracket or dash, the end of a sentence."""

_ZERO, _ONE = np.uint64(0), np.uint64(1)

START, END, LENGTH, GAP, ASKED, POSITION = range(6)
"""Places in the state that `next_token` fills: byte span, folded length, gap before the token, whether the gap holds a '?',
and where to read on."""


@inlined
def code_point(data, at, end):  # type: ignore[no-untyped-def]
    """The code point at byte `at` and its width; the text is valid UTF-8, but a cut tail is read as one byte."""
    b = np.int64(data[at])
    if b < 0x80:
        return b, 1
    if b < 0xE0 and at + 1 < end:
        return ((b & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F), 2
    if b < 0xF0 and at + 2 < end:
        return ((b & 0x0F) << 12) | ((np.int64(data[at + 1]) & 0x3F) << 6) | (np.int64(data[at + 2]) & 0x3F), 3
    if at + 3 < end:
        high = ((b & 0x07) << 18) | ((np.int64(data[at + 1]) & 0x3F) << 12)
        return high | ((np.int64(data[at + 2]) & 0x3F) << 6) | (np.int64(data[at + 3]) & 0x3F), 4
    return np.int64(0x20), 1


@inlined
def class_at(classes, point):  # type: ignore[no-untyped-def]
    """The class of a code point."""
    if point < TABLE_SIZE:
        return np.int64(classes[point])
    return np.int64(WORD) if point < 0x40000 else np.int64(IGNORED)


@inlined
def _joins(classes, data, at, begin, end):  # type: ignore[no-untyped-def]
    """Whether byte `at` of this text is part of a word or of any non-ASCII character."""
    return begin <= at < end and (data[at] >= 0x80 or classes[data[at]] == WORD)


@inner
def _gap_of(kind, classes, data, at, begin, end):  # type: ignore[no-untyped-def]
    """The gap that a character between words makes."""
    if kind == COMMA:
        return GAP_COMMA
    if kind == BREAK:
        return GAP_BREAK
    if kind in (STOP, QUESTION):
        return GAP_STOP
    if kind == HYPHEN:  # "brain-zaps" is joined; "fine - headache" is parted
        joined = _joins(classes, data, at - 1, begin, end) and _joins(classes, data, at + 1, begin, end)
        return GAP_NONE if joined else GAP_BREAK
    if kind == DOT:
        if not (begin < at and at + 1 < end and data[at + 1] < 0x80 and classes[data[at + 1]] == WORD):
            return GAP_STOP
        before, after = data[at - 1], data[at + 1]
        if 97 <= before <= 122 and 65 <= after <= 90:  # "pain.The": a space was forgotten
            return GAP_STOP
        return GAP_NONE if 48 <= before <= 57 and 48 <= after <= 57 else GAP_BREAK  # 2.5; drugs.com
    return GAP_NONE


@inner
def next_token(data, begin, end, classes, folded_at, folded, word, packed, state):  # type: ignore[no-untyped-def]
    """Read the next token of the text `data[begin:end]` from `state[POSITION]`; False when there is none.

    `word` takes its folded bytes (at most `WIDEST`; the rest is zero), `packed` is the same memory as eight uint64. What stands
    before the token, or after the last one, is left in `state[GAP]` and `state[ASKED]`.
    """
    at, kind, point, width = _to_word(data, begin, end, classes, state)
    if at >= end:
        return False
    state[START] = at
    low, high, length, whole, written = _ZERO, _ZERO, np.int64(0), kind == EMOJI, False
    if point < 0x80 and at + 16 <= data.size:
        low, high, length = _short_word(data, at, end)
        at, written = at + length, True
    while True:
        if not written:
            low, high, length = _append(data, at, point, width, folded_at, folded, word, low, high, length)
            at += width
        while at < end:  # up to the next character that is written
            point, width = code_point(data, at, end)
            kind = class_at(classes, point)
            if kind == APOSTROPHE and not whole:
                if at + width < end and class_at(classes, code_point(data, at + width, end)[0]) == WORD:
                    at += width
                    continue
            elif kind == IGNORED:
                at += width
                continue
            break
        if at >= end or kind != WORD or whole:
            break
        written = False
    packed[0], packed[1] = low, high
    for i in range(length, WIDEST) if length > 16 else range(0):
        word[i] = 0
    state[END], state[LENGTH], state[POSITION] = at, length, at
    return True


@inlined
def _to_word(data, begin, end, classes, state):  # type: ignore[no-untyped-def]
    """Go on to where the next word or emoji begins, and note the gap."""
    at, gap, asked = state[POSITION], GAP_NONE, 0
    kind, point, width = np.int64(SEPARATOR), np.int64(0), 0
    while at < end:
        point, width = code_point(data, at, end)
        kind = class_at(classes, point)
        if kind in (WORD, EMOJI):
            break
        if kind != SEPARATOR and kind != IGNORED and kind != APOSTROPHE:
            gap = max(gap, _gap_of(kind, classes, data, at, begin, end))
            asked |= kind == QUESTION
        at += width
    state[GAP], state[ASKED], state[POSITION] = gap, asked, at
    return at, kind, point, width


@inlined
def _short_word(data, at, end):  # type: ignore[no-untyped-def]
    """Up to 16 ASCII letters and digits from `at` on, as two words; `at + 16 <= data.size`."""
    n, low = word_bytes(load_eight(data, at))
    high, more = _ZERO, np.int64(0)
    if n == 8:
        more, high = word_bytes(load_eight(data, at + 8))
    length = min(n + more, end - at)  # the bytes after the text belong to the next one
    if length < 8:
        return low & ((_ONE << np.uint64(8 * length)) - _ONE), _ZERO, length
    if length < 16:
        high &= (_ONE << np.uint64(8 * (length - 8))) - _ONE
    return low, high, length


@inner
def _append(data, at, point, width, folded_at, folded, word, low, high, length):  # type: ignore[no-untyped-def]
    """Add what a character folds to."""
    known = point < TABLE_SIZE
    first, last = (np.int64(folded_at[point]), np.int64(folded_at[point + 1])) if known else (at, at + width)
    for i in range(first, last):
        byte = np.uint64(folded[i] if known else data[i])
        if length < 8:
            low |= byte << np.uint64(8 * length)
        elif length < 16:
            high |= byte << np.uint64(8 * (length - 8))
        elif length < WIDEST:
            word[length] = byte
        length += 1
    return low, high, length


def _fold_words(source: int) -> Any:
    @allocating
    def fold_words(data, offsets, classes, folded_at, folded):  # type: ignore[no-untyped-def]
        """All tokens of all texts, for building an index: folded bytes in a row, their ends, the text and the gap of each.

        A gap of 9 marks a word wider than `WIDEST`. No character folds to more than 12 times its bytes.
        """
        _ = source
        room = np.int64(64)
        for text in range(offsets.size - 1):
            room += offsets[text + 1] - offsets[text]
        blob, used = np.empty(room * 12, np.uint8), 0
        ends, text_of, gaps = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int8)
        word = np.zeros(WIDEST, np.uint8)
        packed = word.view(np.uint64)
        state = np.zeros(6, np.int64)
        n = 0
        for text in range(offsets.size - 1):
            state[POSITION] = offsets[text]
            while next_token(data, offsets[text], offsets[text + 1], classes, folded_at, folded, word, packed, state):
                for i in range(min(state[LENGTH], WIDEST)):
                    blob[used] = word[i]
                    used += 1
                ends[n], text_of[n], gaps[n] = used, text, 9 if state[LENGTH] > WIDEST else state[GAP]
                n += 1
        return blob[:used], ends[:n], text_of[:n], gaps[:n]

    return fold_words


fold_words = _fold_words(stamp())
