"""What two texts have to do with each other: how much they share, which words of one meet which kinds of words of the other, and what the
second says around the words that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import sparse

from heedful.language.heads.counts import lexicon_counts, steps
from heedful.language.heads.grams import Tokens, column_of, count_columns, hash_words
from heedful.language.kernels.gram_columns import BITS

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(77)
"""Sets the words of the second text apart from those of the first."""
_SHARED = np.uint64(12345)
"""Stands for any word that both texts have."""
BESIDE = 4
"""Words before and after a shared one that are looked at."""


def crossed_grams(first: Tokens, second: Tokens, lexicon: Mapping[str, str]) -> sparse.csr_array:
    """Features of pairs, shape (pairs, 2 ** BITS): steps of the share of words in common (whole words, and their first five letters), each
    kind of word of one with each kind of the other, and each word of the first with each kind of the second."""
    ours, theirs = lexicon_counts(first, lexicon) > 0, lexicon_counts(second, lexicon) > 0
    both = (ours[:, :, None] & theirs[:, None, :]).reshape(len(ours), -1).astype(float)
    pairs = steps(both, [f"{a} meets {b}" for a in lexicon for b in lexicon], (1,))
    same = steps((ours == theirs).astype(float), [f"{name} in both or none" for name in lexicon], (1,))
    alone = steps((ours & ~theirs).astype(float), [f"{name} in the first alone" for name in lexicon], (1,))
    shares = np.column_stack([_shared(first, second, hash_words), _shared(first, second, _stems)])
    shared = steps(shares * 10, ["shared words", "shared stems"], (1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
    return sparse.csr_array(pairs + same + alone + shared + _words_by_cue(first, theirs))


def paired_grams(first: Tokens, second: Tokens) -> sparse.csr_array:
    """Each stem of the first text with each word of the second, once; shape (pairs, 2 ** BITS).

    So what evidence says is learned for claims of this wording only: what it supports, its denial refutes. The number of features is the
    product of two lengths: for pairs of short texts, not for posts.
    """
    ours, theirs = _stems(first), hash_words(second)
    begins, others = (np.searchsorted(tokens.text, np.arange(tokens.texts + 1)) for tokens in (first, second))
    texts, columns = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for row in range(first.texts):
        stems, words = np.unique(ours[begins[row] : begins[row + 1]]), np.unique(theirs[others[row] : others[row + 1]])
        mixed = ((stems[:, None] * _SPREAD) ^ (words + _SECOND)) * _SPREAD
        columns.append((mixed.ravel() >> np.uint64(64 - BITS)).astype(np.int32))
        texts.append(np.full(mixed.size, row, np.int32))
    return count_columns(np.concatenate(texts), np.concatenate(columns), first.texts)


def beside_grams(first: Tokens, second: Tokens) -> sparse.csr_array:
    """Words 1-2 of the second text within four words of one that the first has, too, each such word being one and the same mark; shape
    (pairs, 2 ** BITS).

    "no effect of <shared>", "<shared> increases": what is said of the things that the first text speaks of, whatever they are.
    """
    stems, words = _stems(second), hash_words(second)
    spread = _SPREAD * np.arange(1, second.texts + 1, dtype=np.uint64)  # a stem is shared within its own pair only
    shared = (stems != 0) & np.isin(stems ^ spread[second.text], _stems(first) ^ spread[first.text])
    near = np.zeros(words.size, np.bool_)
    for step in range(-BESIDE, BESIDE + 1):
        at = np.flatnonzero(shared) + step
        at, by = at[(at >= 0) & (at < words.size)], np.flatnonzero(shared)[(at >= 0) & (at < words.size)]
        near[at[second.text[at] == second.text[by]]] = True
    marked = np.where(shared, _SHARED, words)
    both = near[:-1] & near[1:] & (second.text[:-1] == second.text[1:])
    pairs = (marked[:-1] * _SPREAD) ^ (marked[1:] + _SECOND)
    mixed = np.concatenate([marked[near] + _SECOND, pairs[both]]) * _SPREAD
    texts = np.concatenate([second.text[near], second.text[:-1][both]])
    return count_columns(texts, (mixed >> np.uint64(64 - BITS)).astype(np.int32), second.texts)


def _stems(tokens: Tokens) -> npt.NDArray[np.uint64]:
    """A hash of the first five letters of each word of four letters or more; shorter words are all one."""
    words = tokens.words()
    known = {stem: np.uint64(column_of(f"stem {stem}")) for stem in {word[:5] for word in words}}
    return np.array([known[word[:5]] if len(word) > 3 else np.uint64(0) for word in words], np.uint64)


def _shared(first: Tokens, second: Tokens, key: Callable[[Tokens], npt.NDArray[np.uint64]]) -> npt.NDArray[np.float64]:
    """The share of the words of the first text that the second has."""
    marks = [key(tokens) ^ (tokens.text.astype(np.uint64) * _SPREAD) for tokens in (first, second)]
    hit = np.isin(marks[0], marks[1])
    return np.bincount(first.text, hit, first.texts) / np.maximum(1, np.bincount(first.text, minlength=first.texts))


def _words_by_cue(first: Tokens, theirs: npt.NDArray[np.bool_]) -> sparse.csr_array:
    hashes = hash_words(first)
    texts, columns = [], []
    for place in range(theirs.shape[1]):
        told = theirs[first.text, place]
        mixed = (hashes[told] ^ np.uint64(place + 1)) * _SPREAD
        texts.append(first.text[told])
        columns.append((mixed >> np.uint64(64 - BITS)).astype(np.int32))
    return count_columns(np.concatenate(texts), np.concatenate(columns), first.texts)
