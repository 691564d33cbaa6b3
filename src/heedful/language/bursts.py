"""What bursts: how many people said a thing in a window against a baseline, and the words around it that may be shown.

The score is Dunning's log-likelihood ratio; p is exact: given how many people said the thing in either period, the share of the window is
binomial if its rate did not change (Przyborowski and Wilenski 1940). q is Benjamini and Hochberg's over all things tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc, xlogy

from heedful.core.text_buffers import text_buffers
from heedful.language.heads.grams import Tokens, hash_words, tokenize
from heedful.language.stop_words import STOP_WORDS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_ENDS = np.zeros(256, np.bool_)
_ENDS[[ord(end) for end in ".!?\n"]] = True


@dataclass(frozen=True, eq=False)
class Said:
    """Words of texts near health context, one row a word.

    tokens: the words. hashes: of each word. sentence: a number that is the same within a sentence of a text, and nowhere else. coded: the
    word lies in a mention. near: its sentence holds a mention. telling: it is no stop word, no number, and longer than two letters.
    author, recent: by text: a number of its author, whether it lies in the window.
    """

    tokens: Tokens
    hashes: npt.NDArray[np.uint64]
    sentence: Integers
    coded: Flags
    near: Flags
    telling: Flags
    author: Integers
    recent: Flags

    @cached_property
    def words(self) -> list[str]:
        """The words as strings."""
        return self.tokens.words()

    def people(self) -> tuple[int, int]:
        """Distinct authors of the window and of the baseline."""
        return len(np.unique(self.author[self.recent])), len(np.unique(self.author[~self.recent]))


def read_said(texts: pl.DataFrame, spans: pl.DataFrame) -> Said:
    """Words of `texts` (columns text, author, recent; one row a text) with `spans` of mentions (row of the text, start, end in bytes)."""
    tokens = tokenize(texts["text"])
    offsets, data = text_buffers(texts["text"])
    at = offsets[tokens.text].astype(np.int64) + tokens.starts
    ends = np.concatenate([[0], np.cumsum(_ENDS[data])])
    # the end of a text ends a sentence: add one a text
    sentence = ends[at] + tokens.text.astype(np.int64)
    marks = np.zeros(data.size + 1, np.int64)
    first = offsets[spans["row"].to_numpy()].astype(np.int64)
    np.add.at(marks, np.minimum(first + spans["start"].to_numpy(), data.size), 1)
    np.add.at(marks, np.minimum(first + spans["end"].to_numpy(), data.size), -1)
    coded = np.cumsum(marks)[at] > 0
    hashes = hash_words(tokens)
    words = tokens.words()
    kinds, kind = np.unique(hashes, return_index=True)
    plain = np.array([_telling(words[index]) for index in kind.tolist()], np.bool_) if len(kinds) else np.zeros(0, np.bool_)
    telling = plain[np.searchsorted(kinds, hashes)] if len(kinds) else np.zeros(0, np.bool_)
    near = np.isin(sentence, np.unique(sentence[coded]))
    author = texts["author"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return Said(tokens, hashes, sentence, coded, near, telling, author, texts["recent"].to_numpy())


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in STOP_WORDS and any(letter.isalpha() for letter in word)


def burst_score(now: Integers, before: Integers, people_now: int, people_before: int) -> tuple[Floats, Floats]:
    """Log-likelihood ratio (0 where the rate did not rise) and exact one-sided p: `now` of `people_now`, `before` of `people_before`.

    >>> score, p = burst_score(np.array([20, 2]), np.array([5, 20]), 100, 1000)
    >>> (score > 10).tolist(), (p < 0.01).tolist()
    ([True, False], [True, False])
    """
    both = now + before
    share = people_now / max(people_now + people_before, 1)
    expected_now, expected_before = both * share, both * (1 - share)
    ratio = 2 * (xlogy(now, now / np.maximum(expected_now, 1e-300)) + xlogy(before, before / np.maximum(expected_before, 1e-300)))
    p = np.where(now > 0, betainc(np.maximum(now, 1), before + 1, share), 1.0)  # P(a binomial count >= now)
    return np.where(now > expected_now, ratio, 0.0), p


def q_values(p: Floats) -> Floats:
    """Benjamini and Hochberg's q."""
    if not p.size:
        return p
    order = np.argsort(p, kind="stable")
    raised = p[order] * p.size / np.arange(1, p.size + 1)
    q = np.empty(p.size)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def shown_words(said: Said, minimum: int) -> Flags:
    """Words that at least `minimum` people of the window said near health context: others may tell who wrote."""
    of = said.author[said.tokens.text]
    rows = pl.DataFrame({"word": said.hashes, "author": of}).filter(pl.Series(said.recent[said.tokens.text]))
    common = rows.unique().group_by("word").agg(people=pl.len()).filter(pl.col("people") >= minimum)["word"]
    return np.asarray(pl.Series(said.hashes).is_in(common.implode()).to_numpy(), np.bool_)


def masked(said: Said, rows: Integers, shown: Flags) -> str:
    """Words as a text, those that are not shown as '…', several in a row as one."""
    out: list[str] = []
    for row in rows.tolist():
        word = said.words[row] if shown[row] else "…"
        if word != "…" or out[-1:] != ["…"]:
            out.append(word)
    return " ".join(out)
