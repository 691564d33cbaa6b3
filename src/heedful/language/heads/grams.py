"""Texts as counts of hashed word and character n-grams over the folded words: the features that every head shares.

Case, accents, look-alike letters, zero-width marks and apostrophes are gone before anything is hashed (`heedful.language.folding`), so
that a head sees the words that the mentions see. Character n-grams stay within a word, whose ends are marked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table
from heedful.language.kernels.compiling import allocating, stamp
from heedful.language.kernels.gram_columns import BASIS, BITS, EDGE, column_at, mix_byte, mix_word
from heedful.language.kernels.tokens import LENGTH, POSITION, START, WIDEST, next_token


@dataclass(frozen=True)
class Tokens:
    """Folded words of many texts.

    folded, ends: the words' bytes in a row, and where each word ends in them.
    text, starts: the text that each word belongs to, and the byte of that text at which it begins.
    texts: how many texts there are, those without a word included.
    """

    folded: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]
    text: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    texts: int

    def words(self) -> list[str]:
        """The words as strings; a letter that was cut at 64 bytes is replaced."""
        blob, ends = self.folded.tobytes(), self.ends.tolist()
        return [blob[a:b].decode("utf-8", "replace") for a, b in zip([0, *ends], ends, strict=False)]


def tokenize(texts: pl.Series) -> Tokens:
    """The folded words of `texts`; a missing text has none.

    >>> tokenize(pl.Series(["I can't SLEEP…", None])).words()
    ['i', 'cant', 'sleep']
    """
    table = fold_table()
    offsets, data = text_buffers(texts)
    folded, ends, text, starts = _read_words(data, offsets, table.classes, table.at, table.folded)
    return Tokens(folded, ends, text, starts, len(texts))


def hash_words(tokens: Tokens) -> npt.NDArray[np.uint64]:
    """A hash of each word."""
    return _hash_words(tokens.folded, tokens.ends)


def word_grams(hashes: npt.NDArray[np.uint64], text: npt.NDArray[np.int32], texts: int, longest: int) -> sparse.csr_array:
    """Counts of runs of 1 to `longest` words of a text; shape (texts, 2 ** BITS). `hashes` and `text` are those of its words."""
    rows, columns = _word_runs(hashes, text, longest, BITS)
    return count_columns(rows, columns, texts)


def character_grams(tokens: Tokens, shortest: int, longest: int) -> sparse.csr_array:
    """Counts of runs of `shortest` to `longest` bytes of each word with a mark at either end; shape (texts, 2 ** BITS)."""
    rows, columns = _character_runs(tokens.folded, tokens.ends, tokens.text, shortest, longest, BITS)
    return count_columns(rows, columns, tokens.texts)


def column_of(name: str) -> int:
    """The column of a feature that has a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") >> (64 - BITS)


def count_columns(text: npt.NDArray[np.integer], column: npt.NDArray[np.integer], texts: int) -> sparse.csr_array:
    """How often each text has each column, from one pair an occurrence."""
    ones = np.ones(text.size, np.float32)
    counts = sparse.coo_array((ones, (text, column)), shape=(texts, 1 << BITS)).tocsr()
    counts.sum_duplicates()
    return counts


def _kernels(source: int) -> tuple[Any, Any, Any, Any]:
    @allocating
    def read_words(data, offsets, classes, folded_at, folded):  # type: ignore[no-untyped-def]
        """Folded bytes of all words in a row, their ends, the text and the first byte of each; a word is cut at `WIDEST` bytes."""
        _ = source
        room = data.size + 64
        blob, used = np.empty(2 * room, np.uint8), 0
        ends, text_of, starts = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int64)
        word, state = np.zeros(WIDEST, np.uint8), np.zeros(6, np.int64)
        packed = word.view(np.uint64)
        n = 0
        for text in range(offsets.size - 1):
            begin, end = offsets[text], offsets[text + 1]
            state[POSITION] = begin
            while next_token(data, begin, end, classes, folded_at, folded, word, packed, state):
                if used + WIDEST > blob.size:  # some characters fold to many
                    wider = np.empty(2 * blob.size + WIDEST, np.uint8)
                    wider[:used] = blob[:used]
                    blob = wider
                for i in range(min(state[LENGTH], WIDEST)):
                    blob[used] = word[i]
                    used += 1
                ends[n], text_of[n], starts[n] = used, text, state[START] - begin
                n += 1
        return blob[:used].copy(), ends[:n].copy(), text_of[:n].copy(), starts[:n].copy()

    @allocating
    def hash_words(folded, ends):  # type: ignore[no-untyped-def]
        """A hash of each word (FNV-1a, 64 bits)."""
        _ = source
        hashes = np.empty(ends.size, np.uint64)
        begin = 0
        for word in range(ends.size):
            state = BASIS
            for at in range(begin, ends[word]):
                state = mix_byte(state, np.uint64(folded[at]))
            hashes[word] = state
            begin = ends[word]
        return hashes

    @allocating
    def word_runs(hashes, text, longest, bits):  # type: ignore[no-untyped-def]
        """Text and column of every run of words."""
        _ = source
        rows, columns = np.empty(hashes.size * longest, np.int32), np.empty(hashes.size * longest, np.int32)
        n = 0
        for first in range(hashes.size):
            state = BASIS
            for last in range(first, min(first + longest, hashes.size)):
                if text[last] != text[first]:
                    break
                state = mix_word(state, hashes[last])
                rows[n], columns[n] = text[first], column_at(state, bits)
                n += 1
        return rows[:n], columns[:n]

    @allocating
    def character_runs(folded, ends, text, shortest, longest, bits):  # type: ignore[no-untyped-def]
        """Text and column of every run of bytes within a word and its two marks."""
        _ = source
        room = (folded.size + 2 * ends.size) * (longest - shortest + 1)
        rows, columns = np.empty(room, np.int32), np.empty(room, np.int32)
        n, begin = 0, 0
        for word in range(ends.size):
            width = ends[word] - begin + 2
            for first in range(width):
                state = BASIS
                for last in range(first, min(first + longest, width)):
                    inside = 0 < last < width - 1
                    state = mix_byte(state, np.uint64(folded[begin + last - 1]) if inside else EDGE)
                    if last - first + 1 >= shortest:
                        rows[n], columns[n] = text[word], column_at(state, bits)
                        n += 1
            begin = ends[word]
        return rows[:n], columns[:n]

    return read_words, hash_words, word_runs, character_runs


_read_words, _hash_words, _word_runs, _character_runs = _kernels(stamp())
