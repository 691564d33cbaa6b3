"""Likely misspellings of health words: one slip away, under the guards without which half of all corrections are wrong.

Of 90 free corrections at distance one 47 % were wrong (fracking → tracking, melanie → melanin). So the first letter stays, the
written form is no word that is known, only health words are corrected to, only slips that people make count, and the mention says
that it was misspelled.
"""

from __future__ import annotations

import polars as pl

SPELLING_COLUMNS = {"written": pl.String, "word": pl.String}
SHORTEST = 6
"""Letters of the shortest word that is corrected to."""

_VOWELS = "aeiouy"
_ALIKE = {
    "c": "sk",
    "s": "cz",
    "k": "c",
    "z": "s",
    "m": "n",
    "n": "m",
    "f": "v",
    "v": "f",
    "g": "j",
    "j": "g",
    "t": "d",
    "d": "t",
    "b": "p",
    "p": "b",
}
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def misspellings(words: pl.Series, known: pl.Series) -> pl.DataFrame:
    """The slips by which each of `words` may be written: columns written, word.

    Parameters
    ----------
    words: folded words of a to z that may be corrected to; those of fewer than `SHORTEST` letters, and others, are left out.
    known: words that are never taken for a slip, whatever they are near.

    A slip is one letter too few, one doubled or (a vowel, or h) too many, two changed round, a vowel or a consonant for one that sounds
    alike or lies beside it on the keyboard; never the first letter. A form that is a slip of two words, or another health word or its
    plural, is left out.

    >>> written = misspellings(pl.Series(["nausea"]), pl.Series(["nausea"]))["written"]
    >>> [form in written for form in ("nausia", "nasuea", "mausea")]
    [True, True, False]
    """
    wanted = words.unique().to_frame("word").filter(pl.col("word").str.contains(rf"^[a-z]{{{SHORTEST},}}$"))["word"].sort()
    rows = [(slip, word) for word in wanted for slip in slips(word)]
    found = pl.DataFrame(rows, schema=SPELLING_COLUMNS, orient="row").unique()
    taken = set(known) | set(wanted) | {word + "s" for word in wanted} | {word + "es" for word in wanted}
    alone = pl.col("word").n_unique().over("written") == 1
    return found.filter(alone & ~pl.col("written").is_in(list(taken))).sort("written")


def slips(word: str) -> set[str]:
    """The forms one slip away from a word.

    >>> sorted(slips("rash") & {"rahs", "rassh", "rsh", "rush", "ash", "rasha"})
    ['rahs', 'rassh', 'rsh', 'rush']
    """
    made = set[str]()
    for i in range(1, len(word)):
        head, letter, tail = word[:i], word[i], word[i + 1 :]
        made.add(head + tail)
        made.add(head + letter + letter + tail)
        if tail:
            made.add(head + tail[0] + letter + tail[1:])
            made.update(head + extra + letter + tail for extra in _VOWELS[:5] + "h" if extra != letter)
        made.update(head + other + tail for other in _near(letter))
    return made - {word}


def _near(letter: str) -> set[str]:
    """Letters that are written for this one."""
    row = next(row for row in _KEYS if letter in row)
    at = row.index(letter)
    beside = set(row[max(at - 1, 0) : at + 2]) - {letter}
    return (beside | set(_ALIKE.get(letter, "")) | (set(_VOWELS) if letter in _VOWELS else set())) - {letter}
