"""How a text is written: marks, capitals, digits, links; the regular expressions of `heedful.language.heads.counts.WRITTEN` in one pass."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.kernels.compiling import inlined, inner
from heedful.language.kernels.swar import load_eight, plain_bytes
from heedful.language.kernels.tokens import code_point

(EXCLAMATION, ASKED, ELLIPSIS, COMMA, DIGIT, SHOUTED, CAPITALIZED, LINK, HANDLE, TAG, QUOTE, EMOJI, LINE, COLON, BRACKET) = range(15)
"""Places of the counts, in the order of `WRITTEN`."""

_PLAIN, _SINGLE, _UPPER, _DIGIT, _DOT, _COLON, _SIGN, _WIDE = range(8)
WORDISH, DECIMAL = 1, 2


@functools.cache
def written_tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """What to do at each byte (kind of step * 16 + place of the count), and which code points are letters (1) or digits (2).

    The latter are what the regular expressions of polars hold for `\\w` and `\\d`: they are asked.
    """
    steps = np.zeros(256, np.uint8)
    for byte in range(0x80, 256):
        steps[byte] = _WIDE * 16
    for characters, kind, place in (
        ("!", _SINGLE, EXCLAMATION), ("?", _SINGLE, ASKED), (",", _SINGLE, COMMA), ('"', _SINGLE, QUOTE), ("\n", _SINGLE, LINE),
        ("([", _SINGLE, BRACKET), (":", _COLON, COLON), (".", _DOT, ELLIPSIS), ("0123456789", _DIGIT, DIGIT), ("@", _SIGN, HANDLE),
        ("#", _SIGN, TAG), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _UPPER, SHOUTED),
    ):  # fmt: skip
        for character in characters:
            steps[ord(character)] = kind * 16 + place
    points = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    every = pl.Series(list(map(chr, points)))
    letters = np.zeros(0x110000, np.uint8)
    letters[points] = every.str.contains(r"^\w$").to_numpy() * WORDISH + every.str.contains(r"^\d$").to_numpy() * DECIMAL
    return steps, letters


@inlined
def _ascii_upper(byte):  # type: ignore[no-untyped-def]
    return 65 <= byte <= 90


@inlined
def _ascii_lower(byte):  # type: ignore[no-untyped-def]
    return 97 <= byte <= 122


@inner
def _wordish_at(data, at, end, letters):  # type: ignore[no-untyped-def]
    """Whether a word's character stands at byte `at`."""
    return at < end and letters[code_point(data, at, end)[0]] != 0


@inner
def _wordish_before(data, begin, at, letters):  # type: ignore[no-untyped-def]
    """Whether a word's character stands before byte `at`."""
    first = at - 1
    while first > begin and data[first] & 0xC0 == 0x80:
        first -= 1
    return at > begin and letters[code_point(data, first, at)[0]] != 0


@inner
def _spells(data, begin, at, length):  # type: ignore[no-untyped-def]
    """Whether 'http' or 'https' (`length` bytes) stands before byte `at`."""
    first = at - length
    if first < begin or data[first] != 104 or data[first + 1] != 116 or data[first + 2] != 116 or data[first + 3] != 112:
        return False
    return length == 4 or data[first + 4] == 115


@inner
def count_marks(data, begin, end, steps, letters, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` what `WRITTEN` finds in the text `data[begin:end]`."""
    at, dots, dots_end, digits_end, free = begin, 0, -1, -1, begin
    while at < end:
        if at + 8 <= end:  # most of a text
            plain = plain_bytes(load_eight(data, at))
            at += plain
            if plain == 8:
                continue
        byte = data[at]
        step = steps[byte]
        if step == 0:
            at += 1
            continue
        kind, place = step >> 4, step & 15
        if kind == _SINGLE:
            counts[place] += 1
        elif kind == _UPPER:
            if at > begin and data[at - 1] == 32:
                before = data[at - 2] if at - 2 >= free else np.uint8(0)
                if (_ascii_lower(before) or before == 44 or before == 59) and at + 1 < end and _ascii_lower(data[at + 1]):
                    counts[CAPITALIZED] += 1
                    free = at + 2
                    while free < end and _ascii_lower(data[free]):
                        free += 1
                    at = free
                    continue
            if not _wordish_before(data, begin, at, letters):
                last = at + 1
                while last < end and _ascii_upper(data[last]):
                    last += 1
                if last - at >= 3 and not _wordish_at(data, last, end, letters):
                    counts[SHOUTED] += 1
                at = last
                continue
        elif kind == _DIGIT:
            counts[DIGIT] += digits_end != at
            digits_end = at + 1
        elif kind == _DOT:
            dots = dots + 1 if dots_end == at else 1
            dots_end = at + 1
            if dots == 3:
                counts[ELLIPSIS] += 1
                dots = 0
            if at - 3 >= begin and data[at - 1] == 119 and data[at - 2] == 119 and data[at - 3] == 119:
                counts[LINK] += 1
        elif kind == _COLON:
            counts[COLON] += 1
            if at + 2 < end and data[at + 1] == 47 and data[at + 2] == 47:
                counts[LINK] += _spells(data, begin, at, 4) or _spells(data, begin, at, 5)
        elif kind == _SIGN:
            counts[place] += _wordish_at(data, at + 1, end, letters)
        else:
            point, width = code_point(data, at, end)
            if letters[point] & DECIMAL:
                counts[DIGIT] += digits_end != at
                digits_end = at + width
            counts[QUOTE] += point == 0x201C or point == 0x201D
            counts[ELLIPSIS] += point == 0x2026
            counts[EMOJI] += 0x1F300 <= point <= 0x1FAFF or 0x2600 <= point <= 0x27BF
            at += width
            continue
        at += 1
