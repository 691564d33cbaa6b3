"""The scores of tags by what is known of each token: what a word says of itself and of its neighbors is summed once a distinct word.

The features are those of `heedful.language.kernels.token_features`, whose sums these are; a score counts from that of tag 0 (outside),
in whole numbers, so that the order of summing does not matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inlined, inner
from heedful.language.kernels.index import hash_word
from heedful.language.kernels.lanes import LANES, add_lanes, set_lanes
from heedful.language.kernels.rows import fetch, set_bits
from heedful.language.kernels.token_features import MARKS, SHAPE, hash_bytes, mix
from heedful.language.kernels.tokens import END, GAP, GAP_COMMA, GAP_STOP, LENGTH, POSITION, START, WIDEST, next_token

CHAIN = 1 << 14
"""Tokens of the longest chain; a longer text is tagged in pieces, so that memory stays bounded."""

OFFSETS = 7
"""Tokens at which a word is felt: three before it, itself, three after it."""

_WAYS = 4
_OUTSIDE = np.uint64(7)
_GRAM, _MOST_GRAMS = 4, 20
_ONE, _SIX, _LOW_SIX = np.uint64(1), np.uint64(6), np.uint64(63)


class Scores(NamedTuple):
    """A tagger laid out for kernels; every vector has `LANES` numbers a block, for tags 1, 2, …"""

    blocks: int
    shift: np.uint64
    grams: bool
    known: npt.NDArray[np.uint64]
    """For each 64 features a bit a feature, whether it has any weight, and the number of those that have up to the last of them. So small
    that it stays in a near cache, where most features are refused."""
    rows: npt.NDArray[np.int32]
    """By feature with any weight, in order."""
    outside: npt.NDArray[np.int32]
    """What a missing neighbor says, at the offsets -3, -2, -1, 1, 2, 3."""
    before: npt.NDArray[np.int32]
    """By byte and gap before a token: what they say of the token before, of itself, and of the one after."""
    gaps: npt.NDArray[np.int32]
    """By the gap after a token (4: its text ends) and before it."""
    lists: npt.NDArray[np.int32]
    """By kind of sentence."""


class Memo(NamedTuple):
    """Vectors of words met before: a cache of fixed size; an old word gives way to a new one."""

    keys: npt.NDArray[np.uint64]
    """Nine a slot: the folded bytes, and length + 128 * shape (0: empty)."""
    words: npt.NDArray[np.uint64]
    vectors: npt.NDArray[np.int32]


class Chain(NamedTuple):
    """Tokens of one chain and the scores of their tags."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]
    """Hash of the word, from place 2 on; the places before and after the chain hold what stands for no word."""
    shapes: npt.NDArray[np.uint8]
    gaps: npt.NDArray[np.uint8]
    lists: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.int32]
    """Three tokens of slack before and after."""
    noted: npt.NDArray[np.int64]
    """Token and row of features to be added, at most six a token; before that, by token, its slot in the memo and its row of `before`."""
    state: npt.NDArray[np.int64]
    word: npt.NDArray[np.uint8]
    packed: npt.NDArray[np.uint64]


@inlined
def _add(scores, token, blocks, source, row):  # type: ignore[no-untyped-def]
    for b in range(blocks):
        add_lanes(scores, (token * blocks + b) * LANES, source, (row * blocks + b) * LANES)


@inlined
def _add_feature(scores, token, a, b, model):  # type: ignore[no-untyped-def]
    """Add the weights of a feature."""
    feature = mix(a, b) >> model.shift
    block = (feature >> _SIX) << _ONE
    bits = model.known[block] >> (feature & _LOW_SIX)
    if bits & _ONE:
        _add(scores, token, model.blocks, model.rows, np.int64(model.known[block + _ONE] - set_bits(bits)))


@inlined
def _note_feature(a, b, token, model, noted, found):  # type: ignore[no-untyped-def]
    """Note as number `found` of `noted` that a feature's weights must be added, and have them brought near; how many are noted."""
    feature = mix(a, b) >> model.shift
    block = (feature >> _SIX) << _ONE
    bits = model.known[block] >> (feature & _LOW_SIX)
    if bits & _ONE:
        row = np.int64(model.known[block + _ONE] - set_bits(bits))
        fetch(model.rows, row * model.blocks * LANES)
        noted[2 * found], noted[2 * found + 1] = token, row
        return found + 1
    return found


@inner
def _shape_and_part(data, start, end):  # type: ignore[no-untyped-def]
    """How a token is written (`token_features`), and where a part of it begins with a capital: "DiabetesTipo" is two tokens."""
    shape, before = 0, np.uint8(0)
    for i in range(start, end):
        b = data[i]
        if 97 <= b <= 122:
            shape |= 4
        elif 65 <= b <= 90:
            if i > start and (97 <= before <= 122 or before >= 128):
                return shape, i
            shape |= 1 if i == start else 2
        elif 48 <= b <= 57:
            shape |= 8
        elif b >= 128:
            shape |= 16
        before = b
    return shape, end


@inlined
def _part(word, first, last, seed):  # type: ignore[no-untyped-def]
    """Hash of a prefix or suffix. Those of `token_features` have passed through a float, and weights have been learned under these."""
    return np.uint64(np.float64(hash_bytes(word, first, last, seed)))


@inner
def _learn_word(word, n, shape, model, vectors, slot):  # type: ignore[no-untyped-def]
    """Sum what a word says at each offset into a slot of `vectors`; returns its hash."""
    blocks, first = model.blocks, slot * OFFSETS
    for i in range(first * blocks * LANES, (first + OFFSETS) * blocks * LANES):
        vectors[i] = 0
    hashed = hash_bytes(word, 0, n, 1)
    written = np.uint64(1 + shape + (32 if n == 1 else 0))
    for offset in (-3, -2, 2, 3):
        _add_feature(vectors, first + 3 + offset, hashed, np.uint64(100 * (4 - offset)), model)
    for offset in (-1, 1):
        base = np.uint64(100 * (4 - offset))
        _add_feature(vectors, first + 3 + offset, hashed, base, model)
        _add_feature(vectors, first + 3 + offset, written, base + np.uint64(SHAPE), model)
        if n > 3:
            _add_feature(vectors, first + 3 + offset, _part(word, 0, 3, 2), base + np.uint64(3), model)
            _add_feature(vectors, first + 3 + offset, _part(word, n - 3, n, 3), base + np.uint64(8), model)
        if n > 2:
            _add_feature(vectors, first + 3 + offset, _part(word, n - 2, n, 3), base + np.uint64(7), model)
    own = first + 3
    _add_feature(vectors, own, hashed, _ONE, model)
    _add_feature(vectors, own, written, np.uint64(SHAPE + 1), model)
    for k in range(1, min(n, 6)):
        _add_feature(vectors, own, _part(word, 0, k, 2), np.uint64(k + 1), model)
        _add_feature(vectors, own, _part(word, n - k, n, 3), np.uint64(k + 6), model)
    if model.grams:
        for i in range(min(n - _GRAM + 1, _MOST_GRAMS) if n > _GRAM else 0):
            _add_feature(vectors, own, hash_bytes(word, i, i + _GRAM, 4), np.uint64(50), model)
    return hashed


@inner
def _slot_of(packed, n, shape, memo):  # type: ignore[no-untyped-def]
    """The slot of a word in the memo; if it is not there, -1 less the slot that it shall have."""
    key = np.uint64(n + 128 * shape + (1 << 20))
    mask = np.uint64(memo.words.size - 1)
    hashed = hash_word(packed, n) ^ (np.uint64(shape) << np.uint64(7))
    first = hashed & mask
    free = np.int64(first)
    for way in range(_WAYS):
        slot = np.int64((first + np.uint64(way)) & mask)
        at = 9 * slot
        if memo.keys[at + 8] == key and memo.keys[at] == packed[0] and memo.keys[at + 1] == packed[1]:
            same = True
            for i in range(2, 8) if n > 16 else range(0):
                same = same and memo.keys[at + i] == packed[i]
            if same:
                return slot
        if memo.keys[at + 8] == 0:
            free = slot
            break
    return -1 - free


@inner
def _put_down(slot, n, shape, model, memo, chain):  # type: ignore[no-untyped-def]
    """Put the word being read into a slot of the memo, in place of another."""
    at = 9 * slot
    for i in range(8):
        memo.keys[at + i] = chain.packed[i]
    memo.keys[at + 8] = np.uint64(n + 128 * shape + (1 << 20))
    memo.words[slot] = _learn_word(chain.word, n, shape, model, memo.vectors, slot)


@inner
def _add_words(first, n, model, memo, chain):  # type: ignore[no-untyped-def]
    """Add what words, and the signs before them, say: tokens `first` to `n - 1`, in order."""
    blocks, scores = model.blocks, chain.scores
    for t in range(first, n):
        vectors, row = chain.noted[2 * t] * OFFSETS * blocks, chain.noted[2 * t + 1]
        for i in range(6 * blocks):
            add_lanes(scores, (t * blocks + i) * LANES, memo.vectors, (vectors + i) * LANES)
        for b in range(blocks):
            set_lanes(scores, ((t + 6) * blocks + b) * LANES, memo.vectors, (vectors + 6 * blocks + b) * LANES)
        for i in range(3 * blocks):
            add_lanes(scores, ((t + 2) * blocks + i) * LANES, model.before, (row + i) * LANES)


@inner
def read_chain(data, begin, end, table, model, memo, chain):  # type: ignore[no-untyped-def]
    """Read up to `CHAIN` tokens of the text `data[begin:end]` from `chain.state[POSITION]` on, with the sums of their features save those
    of marks; how many."""
    blocks, scores, state, n, added = model.blocks, chain.scores, chain.state, 0, 0
    for i in range(6 * blocks * LANES):  # by token t + 3: the first three and the slack before them
        scores[i] = 0
    while n < CHAIN:
        if not next_token(data, begin, end, table.classes, table.at, table.folded, chain.word, chain.packed, state):
            break
        start, gap = state[START], state[GAP]
        shape, part = _shape_and_part(data, start, state[END])
        if part < state[END]:
            state[POSITION] = start
            next_token(data, begin, part, table.classes, table.at, table.folded, chain.word, chain.packed, state)
            shape, _ = _shape_and_part(data, start, state[END])
            state[POSITION] = part
        length = min(state[LENGTH], WIDEST)
        slot = _slot_of(chain.packed, length, shape, memo)
        if slot < 0:
            _add_words(added, n, model, memo, chain)  # a word whose slot is taken may be one of them
            slot, added = -1 - slot, n
            _put_down(slot, length, shape, model, memo, chain)
        for i in range(OFFSETS * blocks):
            fetch(memo.vectors, (slot * OFFSETS * blocks + i) * LANES)
        chain.starts[n], chain.ends[n], chain.gaps[n], chain.words[n + 2] = start, state[END], gap, memo.words[slot]
        chain.shapes[n] = 1 + shape + (32 if length == 1 else 0)
        sign = np.int64(data[start - 1]) if start > begin else 1
        chain.noted[2 * n], chain.noted[2 * n + 1] = slot, (sign * 4 + gap) * 3 * blocks
        n += 1
    _add_words(added, n, model, memo, chain)
    _around(n, model, chain)
    return n


@inner
def _around(n, model, chain):  # type: ignore[no-untyped-def]
    """Add what the ends of a chain, pairs of words, sentences and gaps say."""
    blocks, words = model.blocks, chain.words
    words[0], words[1], words[n + 2], words[n + 3] = _OUTSIDE, _OUTSIDE, _OUTSIDE, _OUTSIDE
    for offset in range(1, 4):
        for t in range(min(offset, n)):
            _add(chain.scores, t + 3, blocks, model.outside, 3 - offset)
            _add(chain.scores, n - 1 - t + 3, blocks, model.outside, 2 + offset)
    _sentences(n, chain)
    noted, found = chain.noted, 0
    for t in range(n):
        at, w = t + 3, t + 2
        found = _note_feature(words[w - 1], words[w] + np.uint64(1000), at, model, noted, found)
        found = _note_feature(words[w], words[w + 1] + np.uint64(1001), at, model, noted, found)
        found = _note_feature(words[w - 1], words[w + 1] + np.uint64(1002), at, model, noted, found)
        found = _note_feature(words[w - 2], words[w - 1] + np.uint64(1003), at, model, noted, found)
        found = _note_feature(words[w + 1], words[w + 2] + np.uint64(1004), at, model, noted, found)
        kind = np.int64(chain.lists[t])
        _add(chain.scores, at, blocks, model.lists, kind)
        found = _note_feature(np.uint64(kind), words[w] + np.uint64(4000), at, model, noted, found)
        _add(chain.scores, at, blocks, model.gaps, (np.int64(chain.gaps[t + 1]) if t + 1 < n else 4) * 4 + np.int64(chain.gaps[t]))
    for i in range(found):
        _add(chain.scores, noted[2 * i], blocks, model.rows, noted[2 * i + 1])


@inner
def _sentences(n, chain):  # type: ignore[no-untyped-def]
    """What kind of sentence a token stands in, as in `token_features`."""
    first, ordinal = 0, 0
    while first < n:
        after, commas = first + 1, 0
        while after < n and chain.gaps[after] != GAP_STOP:
            commas += chain.gaps[after] == GAP_COMMA
            after += 1
        length = after - first
        dense = 0 if commas == 0 else (1 if commas * 8 < length else (2 if commas * 4 < length else 3))
        wide = 0 if length < 4 else (1 if length < 10 else 2)
        for t in range(first, after):
            chain.lists[t] = 1 + dense + 4 * wide + 12 * min(ordinal, 2)
        first, ordinal = after, ordinal + 1


@inner
def first_reaching(n, ends, byte):  # type: ignore[no-untyped-def]
    """The first of `n` tokens that ends after `byte`."""
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if ends[middle] > byte:
            high = middle
        else:
            low = middle + 1
    return low


@inner
def add_mark(n, start, end, kind, model, chain):  # type: ignore[no-untyped-def]
    """Add what a marked span says of its tokens and of their neighbors."""
    first = first_reaching(n, chain.ends, start)
    t = first
    while t < n and chain.starts[t] < end:
        last = t + 1 >= n or chain.starts[t + 1] >= end
        value, slot = np.uint64(1 + (t == first) + 2 * last), np.uint64(MARKS + kind)
        at = t + 3
        _add_feature(chain.scores, at, value, slot + _ONE, model)
        _add_feature(chain.scores, at, value, chain.words[t + 2] + np.uint64(2000) + slot, model)
        written = np.uint64(chain.shapes[t]) * np.uint64(64)
        _add_feature(chain.scores, at, value, written + np.uint64(5000) + slot, model)
        if t + 1 < n:
            _add_feature(chain.scores, at + 1, value, np.uint64(300) + slot, model)
        if t > 0:
            _add_feature(chain.scores, at - 1, value, np.uint64(500) + slot, model)
        t += 1
