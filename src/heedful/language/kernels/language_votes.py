"""Small words of each language counted in every text, straight from the bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import entry, stamp

KEY_BYTES = 8
"""A word of at most so many bytes is its own key."""
LONGEST = 256
"""Bytes of a text that are read: enough to tell, and a long text costs no more."""
_K, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(40)


def _count_votes(source: int) -> Any:
    @entry
    def count_votes(data, offsets, keys, weights, votes, words, foreign):  # type: ignore[no-untyped-def]
        """Add to `votes[text, language]` the weights of its small words, to `words[text]` its words, to `foreign[text]` its
        letters that are not Latin.

        `keys`: words as up to eight little-endian bytes at open addressing, 0 if empty; `weights`: a row a slot, a column a language.
        """
        _ = source
        mask = np.uint64(keys.size - 1)
        for text in range(offsets.size - 1):
            begin = offsets[text]
            end = min(offsets[text + 1], begin + LONGEST)
            key, length = np.uint64(0), 0
            for at in range(begin, end + 1):
                b = np.uint64(data[at]) if at < end else np.uint64(32)
                if b >= 65 and b <= 90:
                    b |= np.uint64(32)
                if (b >= 97 and b <= 122) or b >= 128:
                    if length < KEY_BYTES:
                        key |= b << np.uint64(8 * length)
                    length += 1
                    if b >= 0xCE and b != 0xE2 and b != 0xEF and b != 0xF0:  # the lead byte of Greek and all that follows, not of signs
                        foreign[text] += 1
                    continue
                if b == 39 and 0 < length < KEY_BYTES and at + 1 < end and (data[at + 1] | 32) == 116:
                    continue  # "don't" is a word of its own, "j'ai" two
                if length > 0:
                    words[text] += 1
                    if length <= KEY_BYTES:
                        slot = ((key * _K) >> _SHIFT) & mask
                        while keys[slot] != 0 and keys[slot] != key:
                            slot = (slot + np.uint64(1)) & mask
                        if keys[slot] == key:
                            for k in range(weights.shape[1]):
                                votes[text, k] += weights[slot, k]
                key, length = np.uint64(0), 0

    return count_votes


count_votes = _count_votes(stamp())


def slot_of(key: int, size: int) -> int:
    """Where the search for a key begins in a table of `size` slots; the same as in the kernel."""
    return ((key * int(_K) & (1 << 64) - 1) >> int(_SHIFT)) & (size - 1)
