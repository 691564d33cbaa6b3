"""Kinds of words counted while words are read: each word has a class, looked up once a distinct word, and phrases are a trie of classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inlined, inner
from heedful.language.kernels.index import hash_step, word_id
from heedful.language.kernels.record import Rows
from heedful.language.kernels.tokens import WIDEST

LONGEST_PHRASE = 8
"""Words of the longest phrase of a lexicon."""


class Words(NamedTuple):
    """Folded words with an id each, laid out as those of `heedful.language.kernels.index.Index`."""

    tags: npt.NDArray[np.uint8]
    words: Rows[np.uint64]
    wide: npt.NDArray[np.uint8]


class Kinds(NamedTuple):
    """A lexicon. Class 0 is no word of it; node 0 is nowhere.

    whole, begun: classes of words, and of the beginnings of words ("sleep*"). shortest, longest: bytes of those beginnings.
    class_at, class_kinds: what a word of a class counts for, from `class_at[class]` on. roots: node of phrases of several words.
    steps: a row a slot: node << 32 | class (-1: empty), node. node_at, node_kinds: what a phrase that ends at a node counts for.
    """

    whole: Words
    begun: Words
    shortest: int
    longest: int
    class_at: npt.NDArray[np.int32]
    class_kinds: npt.NDArray[np.int32]
    roots: npt.NDArray[np.int32]
    steps: Rows[np.int64]
    node_at: npt.NDArray[np.int32]
    node_kinds: npt.NDArray[np.int32]


@inner
def class_of_word(packed, word, length, kinds, cut, cut_packed):  # type: ignore[no-untyped-def]
    """The class of a folded word; `cut` (and `cut_packed`, the same memory) is room for its beginnings."""
    if length <= WIDEST:
        found = word_id(packed, word, length, kinds.whole.tags, kinds.whole.words, kinds.whole.wide)
        if found >= 0:
            return found
    end = min(length, WIDEST)
    cut_packed[0], cut_packed[1] = packed[0], packed[1]
    for i in range(16):
        if i >= min(end, kinds.longest):
            cut[i] = 0
    for i in range(16, WIDEST):
        cut[i] = word[i] if i < min(end, kinds.longest) else 0
    for size in range(min(end, kinds.longest), kinds.shortest - 1, -1):
        if size < end:
            cut[size] = 0
        following = packed_byte(packed, word, size) if size < end else np.uint8(0)
        if following < 0xF0:  # what goes on beyond U+FFFF is another word
            found = word_id(cut_packed, cut, size, kinds.begun.tags, kinds.begun.words, kinds.begun.wide)
            if found >= 0:
                return found
    return np.int32(0)


@inner
def packed_byte(packed, word, at):  # type: ignore[no-untyped-def]
    """Byte `at` of a folded word, whose first sixteen are in `packed` alone."""
    if at < 16:
        return np.uint8((packed[at >> 3] >> np.uint64(8 * (at & 7))) & np.uint64(255))
    return word[at]


@inlined
def count_kinds(kind, kinds, active, live, counts):  # type: ignore[no-untyped-def]
    """Count a word of class `kind`; `active[:live]` are nodes of phrases begun before it. Returns how many there are after it."""
    for at in range(kinds.class_at[kind], kinds.class_at[kind + 1]):
        counts[kinds.class_kinds[at]] += 1
    kept = 0
    mask = np.uint64(kinds.steps.shape[0] - 1)
    for place in range(live):
        key = (np.int64(active[place]) << 32) | np.int64(kind)
        slot = hash_step(key) & mask
        while kinds.steps[slot, 0] != -1 and kinds.steps[slot, 0] != key:
            slot = (slot + np.uint64(1)) & mask
        if kinds.steps[slot, 0] == key:
            node = kinds.steps[slot, 1]
            for at in range(kinds.node_at[node], kinds.node_at[node + 1]):
                counts[kinds.node_kinds[at]] += 1
            active[kept] = node
            kept += 1
    if kinds.roots[kind] > 0:
        active[kept] = kinds.roots[kind]
        kept += 1
    return kept
