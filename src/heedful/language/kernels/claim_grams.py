"""Words and runs of letters of texts, hashed, for matching claims."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import allocating, stamp
from heedful.language.kernels.tokens import LENGTH, POSITION, WIDEST, next_token

_K1, _K2, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(32)
_STEM = 6
"""Letters of a word that count: a crude stem."""


def _text_grams(source: int) -> Any:
    @allocating
    def text_grams(data, offsets, classes, folded_at, folded, bits):  # type: ignore[no-untyped-def]
        """Hashes of each text's words, cut to their first letters, and of runs of 3 to 5 letters of words with their borders.

        Returns text and hash of the words, whether each holds a digit, and text and hash of the runs.
        """
        _ = source
        shift = np.uint64(64 - bits)
        room = np.int64(data.size + 1)
        word_text, words, digits = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.bool_)
        run_text, runs = np.empty(6 * room + 64, np.int32), np.empty(6 * room + 64, np.int64)
        word, edged = np.zeros(WIDEST, np.uint8), np.zeros(WIDEST + 2, np.uint8)
        packed, state = word.view(np.uint64), np.zeros(6, np.int64)
        n, m = 0, 0
        for text in range(offsets.size - 1):
            state[POSITION] = offsets[text]
            while next_token(data, offsets[text], offsets[text + 1], classes, folded_at, folded, word, packed, state):
                length = min(state[LENGTH], WIDEST - 2)
                edged[0] = 32
                h, digit = np.uint64(7), False
                for i in range(length):
                    edged[i + 1] = word[i]
                    digit = digit or 48 <= word[i] <= 57
                for i in range(min(length, _STEM)):
                    h = (h ^ np.uint64(word[i])) * _K1
                    h ^= h >> _HALF
                edged[length + 1] = 32
                word_text[n], words[n], digits[n] = text, (h * _K2) >> shift, digit
                n += 1
                for i in range(length):
                    h = np.uint64(9)
                    for k in range(min(5, length + 2 - i)):
                        h = (h ^ np.uint64(edged[i + k])) * _K1
                        h ^= h >> _HALF
                        if k >= 2 and m < runs.size:
                            run_text[m], runs[m] = text, (h * _K2) >> shift
                            m += 1
        return word_text[:n].copy(), words[:n].copy(), digits[:n].copy(), run_text[:m].copy(), runs[:m].copy()

    return text_grams


text_grams = _text_grams(stamp())
