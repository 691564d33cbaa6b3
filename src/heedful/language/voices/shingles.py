"""Texts as sets of shingles: the runs of neighbouring words (or characters) by which two texts are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_BASIS, _FOLD = np.uint64(0xCBF29CE484222325), np.uint64(32)


@dataclass(frozen=True, eq=False)
class ShingleSets:
    """One set of shingles a text: `shingle[starts[i]:starts[i + 1]]`, ascending and distinct, are those of text i.

    starts: shape (texts + 1,). shingle: 64-bit hashes; two shingles that share a hash (one pair in 10^19) count as one.
    """

    starts: npt.NDArray[np.int64]
    shingle: npt.NDArray[np.uint64]

    @property
    def texts(self) -> int:
        return len(self.starts) - 1


def shingle_sets(words: npt.NDArray[np.uint64], text: npt.NDArray[np.integer], texts: int, width: int = 3) -> ShingleSets:
    """The sets of runs of `width` words.

    Parameters
    ----------
    words: a hash a word, in reading order (`heedful.language.heads.grams.hash_words`; of a letter, for runs of characters).
    text: the text of each word, ascending, 0 to `texts` - 1.
    width: words a shingle. A text with fewer words has one shingle of all its words; a text without words has none.

    Raises `SettingsError` if `width` is below 1.

    >>> sets = shingle_sets(np.array([1, 2, 3, 4, 1, 2], np.uint64), np.array([0, 0, 0, 0, 1, 1]), 3)
    >>> sets.starts.tolist()
    [0, 2, 3, 3]
    """
    if width < 1:
        raise SettingsError(f"A shingle of {width} words does not exist; give 1 or more (3 is usual).")
    counts = np.bincount(text, minlength=texts)
    begins = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(len(words)) - begins[text]
    starts_one = place <= np.maximum(counts[text] - width, 0)
    run = np.full(len(words), _BASIS)
    for step in range(width):
        inside = np.flatnonzero(starts_one & (place + step < counts[text]))
        run[inside] = _mixed(run[inside], words[inside + step])
    return _sets(run[starts_one], text[starts_one], texts)


def _mixed(run: npt.NDArray[np.uint64], word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The hash of a run with one more word; in this order, so that "a b" and "b a" differ."""
    with np.errstate(over="ignore"):
        run = (run ^ word) * _SPREAD
        return (run ^ (run >> _FOLD)) * _SPREAD


def _sets(shingle: npt.NDArray[np.uint64], text: npt.NDArray[np.integer], texts: int) -> ShingleSets:
    kinds, kind = np.unique(shingle, return_inverse=True)
    # sorting text and kind as one number is several times faster than by two keys
    both = np.sort(text.astype(np.int64) * max(len(kinds), 1) + kind)
    fresh = np.ones(len(both), np.bool_)
    fresh[1:] = both[1:] != both[:-1]
    text, kind = np.divmod(both[fresh], max(len(kinds), 1))
    starts = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=texts))])
    return ShingleSets(starts.astype(np.int64), kinds[kind])
