"""What a tagger knows of each token, hashed: its word, parts of it, its shape, the gaps, its neighbors, its marks."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import allocating, inlined, inner, stamp
from heedful.language.kernels.tokens import END, GAP, GAP_COMMA, GAP_STOP, LENGTH, POSITION, START, WIDEST, next_token

KINDS = 6
"""Kinds of marks that a token may carry, each with how it stands in the marked span: begins it, is inside, is all of it."""

SLOTS = 21
"""Places of a token's own properties: word, prefixes, suffixes, shape and gaps, marks; 0 is 'none'."""

_GRAM = 4
_MOST_GRAMS = 20
_WORD, PREFIX, SUFFIX, SHAPE, SIGN, GAP_SLOT, LIST, MARKS = 0, 1, 6, 11, 12, 13, 14, 15
_K1, _K2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_THREE, _HALF = np.uint64(3), np.uint64(32)


@inlined
def mix(a, b):  # type: ignore[no-untyped-def]
    """One hash of two."""
    h = (a ^ (b * _K1)) * _K2
    return h ^ (h >> _HALF)


@inner
def hash_bytes(word, first, last, seed):  # type: ignore[no-untyped-def]
    """A hash of some bytes of a word."""
    h = np.uint64(seed)
    for i in range(first, last):
        h = (h ^ np.uint64(word[i])) * _K1
        h ^= h >> _HALF
    return h * _K2


@inner
def _shape(data, start, end):  # type: ignore[no-untyped-def]
    """How a token is written: first letter capital, others capital, any lower case, any digit, any byte that is not ASCII."""
    shape = 0
    for i in range(start, end):
        b = data[i]
        if 65 <= b <= 90:
            shape |= 1 if i == start else 2
        elif 97 <= b <= 122:
            shape |= 4
        elif 48 <= b <= 57:
            shape |= 8
        elif b >= 128:
            shape |= 16
    return shape


@inner
def _own(data, begin, start, end, length, gap, word, slots):  # type: ignore[no-untyped-def]
    """Fill the properties of one token."""
    n = min(length, WIDEST)
    slots[_WORD] = hash_bytes(word, 0, n, 1)
    for k in range(1, 6):
        slots[PREFIX + k - 1] = hash_bytes(word, 0, k, 2) if n > k else 0
        slots[SUFFIX + k - 1] = hash_bytes(word, n - k, n, 3) if n > k else 0
    slots[SHAPE] = np.uint64(1 + _shape(data, start, end) + (32 if n == 1 else 0))
    slots[SIGN] = np.uint64(data[start - 1]) if start > begin else np.uint64(1)
    slots[GAP_SLOT] = np.uint64(1 + gap)


@inner
def _sentences(text_of, gaps, n, slots):  # type: ignore[no-untyped-def]
    """What kind of sentence a token stands in: how many commas a word, how long, whether it is the first of its text."""
    first, ordinal = 0, 0
    while first < n:
        after, commas = first + 1, 0
        while after < n and text_of[after] == text_of[first] and gaps[after] != GAP_STOP:
            commas += gaps[after] == GAP_COMMA
            after += 1
        ordinal = 0 if first == 0 or text_of[first - 1] != text_of[first] else ordinal + 1
        length = after - first
        dense = 0 if commas == 0 else (1 if commas * 8 < length else (2 if commas * 4 < length else 3))
        wide = 0 if length < 4 else (1 if length < 10 else 2)
        for t in range(first, after):
            slots[t, LIST] = np.uint64(1 + dense + 4 * wide + 12 * min(ordinal, 2))
        first = after


@inner
def _next_part(data, begin, end, classes, folded_at, folded, word, packed, state):  # type: ignore[no-untyped-def]
    """Read the next token, or part of one: "DiabetesTipo" is two, since hashtags are written so."""
    if not next_token(data, begin, end, classes, folded_at, folded, word, packed, state):
        return False
    start, stop, gap = state[START], state[END], state[GAP]
    for i in range(start + 1, stop):
        if 65 <= data[i] <= 90 and (97 <= data[i - 1] <= 122 or data[i - 1] >= 128):
            state[POSITION] = start
            next_token(data, begin, i, classes, folded_at, folded, word, packed, state)
            state[POSITION], state[GAP] = i, gap
            break
    return True


def _token_rows(source: int) -> Any:
    @allocating
    def token_rows(data, offsets, classes, folded_at, folded):  # type: ignore[no-untyped-def]
        """Tokens of all texts: text, start, end, gap, own properties (SLOTS each), hashes of 4-grams and where those of each begin."""
        _ = source
        room = np.int64(data.size + 1)
        text_of, starts, ends, gaps = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int8)
        word = np.zeros(WIDEST, np.uint8)
        packed, state = word.view(np.uint64), np.zeros(6, np.int64)
        n = 0
        for text in range(offsets.size - 1):  # once to count
            state[POSITION] = offsets[text]
            while _next_part(data, offsets[text], offsets[text + 1], classes, folded_at, folded, word, packed, state):
                text_of[n], starts[n], ends[n], gaps[n] = text, state[START], state[END], state[GAP]
                n += 1
        slots, gram_at = np.zeros((n, SLOTS), np.uint64), np.zeros(n + 1, np.int64)
        grams = np.empty(n * _MOST_GRAMS, np.uint64)
        at, used = 0, 0
        for text in range(offsets.size - 1):
            state[POSITION] = offsets[text]
            while _next_part(data, offsets[text], offsets[text + 1], classes, folded_at, folded, word, packed, state):
                length = state[LENGTH]
                _own(data, offsets[text], state[START], state[END], length, state[GAP], word, slots[at])
                for i in range(min(length - _GRAM + 1, _MOST_GRAMS) if length > _GRAM else 0):
                    grams[used] = hash_bytes(word, i, i + _GRAM, 4)
                    used += 1
                at += 1
                gram_at[at] = used
        _sentences(text_of, gaps, n, slots)
        return text_of[:n].copy(), starts[:n].copy(), ends[:n].copy(), gaps[:n].copy(), slots, gram_at, grams[:used].copy()

    return token_rows


PAIRS = np.array([(-1, 0), (0, 1), (-1, 1), (-2, -1), (1, 2)], np.int64)
NEAR = np.array([_WORD, PREFIX + 2, SUFFIX + 1, SUFFIX + 2, SHAPE, SIGN, GAP_SLOT], np.int64)
"""Properties that count of the direct neighbors; of those further off the word alone does."""


def _fill_features(source: int) -> Any:
    @allocating
    def fill_features(text_of, slots, gram_at, grams, pairs, near, bits):  # type: ignore[no-untyped-def]
        """Features of every token, and where they begin; a missing neighbor is a property too."""
        _ = source
        n = text_of.size
        shift = np.uint64(64 - bits)
        # own, grams, neighbors 1 (with marks), words at 2 and 3, pairs, mark pairs, bias
        at = np.zeros(n + 1, np.int64)
        out = np.empty(n * (SLOTS * 4 + 16 + pairs.shape[0]) + grams.size, np.int32)
        used = 0
        for t in range(n):
            for s in range(SLOTS):
                if slots[t, s] != 0:
                    out[used] = mix(slots[t, s], np.uint64(s + 1)) >> shift
                    used += 1
            for g in range(gram_at[t], gram_at[t + 1]):
                out[used] = mix(grams[g], np.uint64(50)) >> shift
                used += 1
            for step in (-3, -2, -1, 1, 2, 3):
                there = t + step
                inside = 0 <= there < n and text_of[there] == text_of[t]
                base = np.uint64(100 * (step + 4))
                if step == -1 or step == 1:
                    for s in near:
                        value = slots[there, s] if inside else np.uint64(7)
                        if value != 0:
                            out[used] = mix(value, base + np.uint64(s)) >> shift
                            used += 1
                    for s in range(MARKS, SLOTS):
                        if inside and slots[there, s] != 0:
                            out[used] = mix(slots[there, s], base + np.uint64(s)) >> shift
                            used += 1
                else:
                    out[used] = mix(slots[there, _WORD] if inside else np.uint64(7), base) >> shift
                    used += 1
            for p in range(pairs.shape[0]):
                a, b = t + pairs[p, 0], t + pairs[p, 1]
                left = slots[a, _WORD] if 0 <= a < n and text_of[a] == text_of[t] else np.uint64(7)
                right = slots[b, _WORD] if 0 <= b < n and text_of[b] == text_of[t] else np.uint64(7)
                out[used] = mix(left, right + np.uint64(1000 + p)) >> shift
                used += 1
            for s in range(MARKS, SLOTS):  # a mark with the word itself, and with how it is written
                if slots[t, s] != 0:
                    out[used] = mix(slots[t, s], slots[t, _WORD] + np.uint64(2000 + s)) >> shift
                    out[used + 1] = mix(slots[t, s], slots[t, SHAPE] * np.uint64(64) + np.uint64(5000 + s)) >> shift
                    used += 2
            out[used] = mix(slots[t, LIST], slots[t, _WORD] + np.uint64(4000)) >> shift
            used += 1
            next_gap = slots[t + 1, GAP_SLOT] if t + 1 < n and text_of[t + 1] == text_of[t] else np.uint64(9)
            out[used] = mix(next_gap * np.uint64(16) + slots[t, GAP_SLOT], np.uint64(3000)) >> shift
            used += 1
            at[t + 1] = used
        return at, out[:used].copy()

    return fill_features


token_rows = _token_rows(stamp())
fill_features = _fill_features(stamp())
