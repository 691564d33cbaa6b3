"""How much a post speaks of self-harm by its writer, and the score from which on as many posts are flagged as people can read.

Weakly supervised: posts in the first person of people labelled at risk, against posts of people who comfort and against background posts.
The words of `heedful.language.heads.lexicons` that name self-harm add to the score, so that an alert can be explained by them. It is tuned
for recall; each alert is read by a human, and public posts are looked at in aggregate only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from heedful.language.heads.blocks import Block, BlockWeights, Passage, count, weigh
from heedful.language.heads.counts import lexicon_counts
from heedful.language.heads.head import features
from heedful.language.heads.lexicons import ENGLISH
from heedful.language.heads.linear import Weights, decide, fit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BLOCKS = (Block("words"), Block("spoken", 0.7))
NAMED = {"suicide": 1.0, "self_harm": 1.0, "attempt": 1.0, "means": 0.5}
"""Kinds of words that name it, and what one of each adds."""

STRENGTH = 0.3
COMFORTING = 2.0
"""What a post of a person who is not at risk weighs beside a background post."""

NAMING = 0.3
"""What naming adds to the linear score, a unit; at most three units, and only in the first person."""

FIRST_PERSON = 0.05
"""Share of first-person words from which on a post of a person at risk is taken as its own (a tenth word is added to each side)."""


@dataclass(frozen=True, eq=False)
class Alerts:
    """Learned weights; see `learn_alerts`."""

    blocks: tuple[BlockWeights, ...]
    weights: Weights

    def scores(self, posts: Passage) -> Floats:
        """A score a post, shape (posts,); only its order has a meaning."""
        return decide(features(self.blocks, {"text": posts}), self.weights)[:, 0] + NAMING * naming(posts)


def learn_alerts(posts: Passage, at_risk: Flags, comforting: Flags) -> Alerts:
    """Learn from posts of people `at_risk`, of people who are not (`comforting`), and of the background (neither)."""
    own = at_risk & (first_person(posts) > FIRST_PERSON)
    used = own | ~at_risk
    blocks = tuple(weigh(block, count(block, {"text": posts})) for block in BLOCKS)
    rows = sparse.csr_array(features(blocks, {"text": posts}))
    odds = np.sqrt((used & ~own).sum() / max(1, int(own.sum())))
    strength = STRENGTH * used * np.where(own, odds, np.where(comforting, COMFORTING, 1.0))
    targets = np.where(own, 1.0, -1.0)
    return Alerts(blocks, fit(rows, targets[:, None], strength[:, None], bounded=True))


def threshold_at(background: Floats, share: float) -> float:
    """The score above which `share` of the background posts lie: the alert volume that a team can read.

    >>> threshold_at(np.arange(101.0), 0.01)
    99.0
    """
    return float(np.quantile(background, 1 - share))


def first_person(posts: Passage) -> Floats:
    """Share of words that are first person singular, ten words being added to the length."""
    counts = lexicon_counts(posts.tokens, {"i": ENGLISH["i"]})[:, 0]
    return counts / (np.bincount(posts.tokens.text, minlength=posts.tokens.texts) + 10)


def naming(posts: Passage) -> Floats:
    """How plainly a post names self-harm by its writer, 0 to 3."""
    counts = lexicon_counts(posts.tokens, {kind: ENGLISH[kind] for kind in NAMED})
    return np.minimum(counts @ np.array(list(NAMED.values())), 3.0) * (first_person(posts) > 0.03)
