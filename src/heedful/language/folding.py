"""How a character counts: part of a word (and folded to what), a gap, the end of a sentence, or nothing at all.

Folding is by single code points and knows no context, so that byte offsets into the stored text stay exact: compatibility forms
(NFKC), case, accents, and the Cyrillic and Greek letters that look Latin all fold together. Vocabulary and text fold alike.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SEPARATOR, WORD, APOSTROPHE, IGNORED, COMMA, BREAK, DOT, HYPHEN, STOP, QUESTION, EMOJI = range(11)
"""Classes of code points. COMMA and BREAK part words of a term and bound the reach of cues; DOT and HYPHEN depend on their
neighbours (`heedful.language.kernels.tokens`); STOP and QUESTION end a sentence."""

TABLE_SIZE = 0x20000
"""Code points from here on are ideographs (words) up to 0x3FFFF, then tags (ignored)."""

_CLASSES = {
    "'’‘ʼ`´′＇": APOSTROPHE,
    ",，、؛": COMMA,
    "()[]{}:;|*•·–—―<>«»（）：；\u2022": BREAK,
    ".．": DOT,
    "-‐‑−": HYPHEN,
    "!…。！‼\n\r\u2028\u2029\u0085\x0b\x0c": STOP,
    "?？؟⁇⁈⁉": QUESTION,
}
_SINGLE = {character: kind for characters, kind in _CLASSES.items() for character in characters}
_LOOK_ALIKE = str.maketrans("авеікмнорстухѕјαικνορτυχ", "abeikmhopctyxsjaikvoptux")
_STRIPPED = (
    (0x0300, 0x036F), (0x0591, 0x05C7), (0x064B, 0x065F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
"""Marks that fold away: accents, Hebrew points, Arabic vowels. Marks of other scripts are vowels of their own and stay."""
_STRIPPED_POINTS = frozenset(point for low, high in _STRIPPED for point in range(low, high + 1))


def fold(character: str) -> str:
    """What one character of a word folds to; empty if it is not part of words.

    >>> fold("É"), fold("ﬁ"), fold("а"), fold("!")
    ('e', 'fi', 'a', '')
    """
    if _stays(character):
        return character if unicodedata.category(character)[0] in "LNM" else ""
    wide = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
    bare = "".join(part for part in wide if not _is_stripped(ord(part)))
    return "".join(part for part in unicodedata.normalize("NFC", bare).translate(_LOOK_ALIKE) if unicodedata.category(part)[0] in "LNM")


def _stays(character: str) -> bool:
    """Whether a character surely folds to itself, if to anything: most do, and the long way takes ten times as long."""
    plain = unicodedata.is_normalized("NFKD", character) and character.casefold() == character
    return plain and ord(character) not in _LOOK_ALIKE and not _is_stripped(ord(character))


def class_of(character: str) -> int:
    """The class of one character.

    >>> class_of("a") == WORD, class_of("?") == QUESTION, class_of("\\u200d") == IGNORED, class_of("🤮") == EMOJI
    (True, True, True, True)
    """
    point = ord(character)
    if character in _SINGLE:
        return _SINGLE[character]
    if _is_stripped(point) or 0xFE00 <= point <= 0xFE0F or 0x1F3FB <= point <= 0x1F3FF or point >= 0x40000:
        return IGNORED
    if point >= TABLE_SIZE:
        return WORD
    category = unicodedata.category(character)
    if category == "Cf":
        return IGNORED
    if category == "So" and point >= 0x2190:
        return EMOJI
    return WORD if category[0] in "LNM" and fold(character) else SEPARATOR


def _is_stripped(point: int) -> bool:
    return point in _STRIPPED_POINTS


_WHOLE = {
    0x3400: 0x4DC0, 0x4E00: 0x9FF0, 0xA000: 0xA48D, 0xAC00: 0xD7A4, 0x12000: 0x1239A, 0x13000: 0x1342F, 0x14400: 0x14647, 0x16800: 0x16A39,
    0x17000: 0x187F8, 0x18800: 0x18AF3, 0x1B170: 0x1B2FC,
}  # fmt: skip
"""Where runs of letters begin that all fold to themselves, and the code point after each: half of the table."""


class FoldTable(NamedTuple):
    """`class_of` and `fold` as arrays over code points: `folded[at[c]:at[c + 1]]` are the UTF-8 bytes of c."""

    classes: npt.NDArray[np.uint8]
    at: npt.NDArray[np.int32]
    folded: npt.NDArray[np.uint8]


@functools.cache
def fold_table() -> FoldTable:
    """The table, made once a process (about 0.1 s)."""
    classes = np.zeros(TABLE_SIZE, np.uint8)
    lengths = np.zeros(TABLE_SIZE + 1, np.int32)
    folded: list[bytes] = []
    for point in range(TABLE_SIZE):
        if 0xD800 <= point <= 0xDFFF or classes[point]:
            continue
        if point in _WHOLE:
            letters = range(point, _WHOLE[point])
            classes[letters.start : letters.stop] = WORD
            lengths[letters.start + 1 : letters.stop + 1] = 3 if point < 0x10000 else 4
            folded.append("".join(map(chr, letters)).encode())
            continue
        character = chr(point)
        if unicodedata.category(character) in ("Cn", "Co") and not _is_stripped(point):
            continue  # no character, or a private one: it parts words
        kind = classes[point] = class_of(character)
        if kind in (WORD, EMOJI):
            part = (fold(character) if kind == WORD else character).encode()
            lengths[point + 1] = len(part)
            folded.append(part)
    return FoldTable(classes, np.cumsum(lengths, dtype=np.int32), np.frombuffer(b"".join(folded), np.uint8).copy())
