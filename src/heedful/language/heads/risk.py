"""Of a person's posts together: whether they speak of suicidal thoughts, acts or attempts.

For research on many people, never an answer on one.
Seven rates of kinds of words (`RATED`), three shares of sentences, and a logistic regression. On 400 people this holds better than n-grams
do (AUC out of fold .85 against .80): who is at risk says "I", alone and of others, who comforts says "you".

Reference: the labels are those of Gaur et al. 2019, "Knowledge-aware assessment of severity of suicide risk", WWW, after the C-SSRS.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.heads.counts import lexicon_counts
from heedful.language.heads.grams import Tokens, tokenize
from heedful.language.heads.lexicons import ENGLISH
from heedful.language.heads.logistic import Logistic, fit_logistic

Floats = npt.NDArray[np.float64]

RATED: tuple[tuple[str, ...], ...] = (
    ("i",), ("you",), ("support",), ("suicide",), ("suicide", "self_harm", "attempt", "means"), ("hopeless", "worthless"), ("death",),
)  # fmt: skip
"""Kinds of `heedful.language.heads.lexicons.ENGLISH`, those of one entry counted together."""

PERSONS: tuple[tuple[str, ...], ...] = (("i",), ("you",), ("he_she", "family", "friend"))
"""Of whom a sentence speaks."""

ADDED = 5
"""Sentences that are added to a person's own, so that one sentence is not all that there is to know."""

STRENGTH = 0.3


def kind_rates(posts: pl.Series, person: npt.NDArray[np.integer], people: int) -> Floats:
    """What is known of each person (0 to `people - 1`) from all of their posts, shape (people, 10).

    log(1 + uses in 1,000 words) of each of `RATED`, 50 words being added to a person's own; then the shares of sentences that say "I" and
    not "you", "you" and not "I", and "I" and another person. A person without a word has zeros.

    >>> kind_rates(pl.Series(["I am done. I left him", "hope you are well"]), np.array([0, 1]), 2)[:, [0, 1, 7, 8, 9]].round(1).tolist()
    [[3.6, 0.0, 0.3, 0.0, 0.1], [0.0, 3.0, 0.0, 0.2, 0.0]]
    """
    tokens = tokenize(posts)
    used = _sums(_counts(tokens, RATED), person, people)
    words = np.bincount(person, np.bincount(tokens.text, minlength=tokens.texts), people)
    return np.hstack([np.log1p(1000 * used / (words[:, None] + 50)), _shares(posts, person, people)])


def _shares(posts: pl.Series, person: npt.NDArray[np.integer], people: int) -> Floats:
    """The shares of sentences by whom they speak of; a sentence ends at a mark or a line."""
    frame = pl.DataFrame(
        {"post": np.arange(posts.len()), "sentence": posts.fill_null("").str.replace_all(r"[.!?\n]+", "\n").str.split("\n")}
    )
    sentences = frame.explode("sentence").filter(pl.col("sentence").str.strip_chars() != "")
    one, other, third = (_counts(tokenize(sentences["sentence"]), PERSONS) > 0).T
    whose = person[sentences["post"].to_numpy()]
    kinds = np.column_stack([one & ~other, other & ~one, one & third]).astype(float)
    return _sums(kinds, whose, people) / (np.bincount(whose, minlength=people)[:, None] + ADDED)


def _counts(tokens: Tokens, kinds: tuple[tuple[str, ...], ...]) -> Floats:
    """How often each entry of kinds occurs in each text."""
    names = sorted({name for entry in kinds for name in entry})
    counts = lexicon_counts(tokens, {name: ENGLISH[name] for name in names})
    return np.column_stack([counts[:, [names.index(name) for name in entry]].sum(axis=1) for entry in kinds])


def _sums(values: Floats, whose: npt.NDArray[np.integer], people: int) -> Floats:
    total = np.zeros((people, values.shape[1]))
    np.add.at(total, whose, values)
    return total


def learn_risk(rates: Floats, at_risk: npt.NDArray[np.bool_]) -> Logistic:
    """Fit on `kind_rates` of people and whether they are labelled ideation or worse."""
    return fit_logistic(rates, at_risk.astype(np.int64), 2, STRENGTH)
