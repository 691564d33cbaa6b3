"""Known claims found by words and by meaning: candidates of both, ordered by one learned score.

What `heedful.language.claims` sees of a claim and a text, and beside it the cosine of their sentence vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.claims import CANDIDATES, FEATURES, ClaimBank, candidates
from heedful.language.heads.logistic import Logistic, fit_logistic
from heedful.language.semantic.encoder import SentenceEncoder

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

NEAREST = 20
"""Claims nearest by meaning that are looked at beside those nearest by words."""


@dataclass(frozen=True, eq=False)
class SemanticBank:
    """A bank of claims with a vector of unit length each, shape (claims, dimensions)."""

    claims: ClaimBank
    vectors: npt.NDArray[np.float32]
    encoder: SentenceEncoder


def semantic_bank(bank: ClaimBank, claims: pl.Series, encoder: SentenceEncoder) -> SemanticBank:
    """Encode the claims of `bank`, given in its order."""
    return SemanticBank(bank, encoder.encode(claims), encoder)


def learn_ranking(bank: SemanticBank, texts: pl.Series, right: list[set[int]]) -> Logistic:
    """The score of a claim for a text, from texts and the rows of the bank that are right for each."""
    rows, places, features = semantic_candidates(bank, texts)
    gold = np.array([place in right[row] for row, place in zip(rows.tolist(), places.tolist(), strict=True)])
    return fit_logistic(features, gold.astype(np.int64), 2, 1.0)


def rank(bank: SemanticBank, texts: pl.Series, ranking: Logistic, *, best: int = 5) -> list[list[int]]:
    """Rows of the bank for each text, the likeliest first; at most `best`."""
    rows, places, features = semantic_candidates(bank, texts)
    scores = ranking.scores(features) if rows.size else np.zeros(0)
    order = np.lexsort((places, -scores, rows))
    ranked: list[list[int]] = [[] for _ in range(texts.len())]
    for at in order.tolist():
        if len(ranked[rows[at]]) < best:
            ranked[rows[at]].append(int(places[at]))
    return ranked


def semantic_candidates(bank: SemanticBank, texts: pl.Series) -> tuple[Places, Places, Floats]:
    """Row of the text, row of the claim, and features: those of `heedful.language.claims.candidates`, whether only meaning found the claim,
    the cosine, how far it is behind the best one, and whether it is the best."""
    cosine = bank.encoder.encode(texts) @ bank.vectors.T
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, : min(NEAREST, CANDIDATES, cosine.shape[1])]
    rows, places, lexical = candidates(bank.claims, texts, nearest.astype(np.int64))
    near = cosine[rows, places].astype(np.float64)
    top = cosine.max(axis=1, initial=-1.0)[rows]
    beside = np.column_stack([1.0 - lexical[:, -1], near, top - near, (near >= top).astype(np.float64)])
    return rows, places, np.concatenate([lexical[:, : len(FEATURES)], beside], axis=1)
