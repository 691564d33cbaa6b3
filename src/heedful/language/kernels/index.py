"""A vocabulary laid out for kernels, and the two look-ups in it: a word's id, and the next step of a phrase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inlined, inner
from heedful.language.kernels.record import Rows
from heedful.language.kernels.tokens import WIDEST

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
    words: Rows[np.uint64]
    """A row a slot: first 8 folded bytes, next 8, length + 128 * place in `wide`, word id."""
    wide: npt.NDArray[np.uint8]
    """Folded bytes of words longer than 16."""
    roots: Rows[np.int32]
    """A row a word id: node of the terms that begin with it, node of the rules, flags `ALONE` (is a term) and `EVENTFUL`
    (an event's phrase begins with it), nothing."""
    bloom: npt.NDArray[np.uint64]
    steps: Rows[np.int64]
    """A row a slot: node << 32 | word (-1: empty), node."""
    term_at: npt.NDArray[np.int32]
    rule_at: npt.NDArray[np.int32]
    """By node: the term, the rule, that ends there, or -1."""
    term_type: npt.NDArray[np.int8]
    rules: Rows[np.int32]
    classes: npt.NDArray[np.uint8]
    folded_at: npt.NDArray[np.int32]
    folded: npt.NDArray[np.uint8]


@inlined
def hash_word(packed, length):  # type: ignore[no-untyped-def]
    """A hash of a folded word of at most `WIDEST` bytes."""
    h = (packed[0] ^ (packed[1] * _K1)) * _K2
    if length > 16:
        for i in range(2, 8):
            h = (h ^ (h >> _HALF) ^ packed[i]) * _K1
    h = (h ^ (h >> _HALF) ^ np.uint64(length)) * _K3
    return h ^ (h >> _HALF)


@inlined
def tag_of(hashed):  # type: ignore[no-untyped-def]
    """The byte of a hash that stands in `Index.tags`; never 0."""
    return np.uint8((hashed >> _TAG) | _ONE)


@inner
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


@inlined
def hash_step(key):  # type: ignore[no-untyped-def]
    """A hash of node << 32 | word."""
    h = np.uint64(key) * _K1
    return h ^ (h >> _HALF)


@inlined
def may_step(hashed, bloom):  # type: ignore[no-untyped-def]
    """Whether a step with this hash may be known; seldom wrong, and then only by saying yes."""
    bit = hashed >> _BLOOM
    return (bloom[(bit >> _SIX) & np.uint64(bloom.size - 1)] >> (bit & _LOW_SIX)) & _ONE


@inner
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
