"""What the second of two texts says beside the words that both have."""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.language.heads.crossing import BESIDE, beside_grams
from heedful.language.heads.grams import Tokens, tokenize
from heedful.language.heads.neighbors import neighbor_scores


def tokens(*texts: str) -> Tokens:
    return tokenize(pl.Series(texts))


def test_shared_words_are_one_mark_and_only_their_surroundings_count() -> None:
    one = beside_grams(tokens("masks stop spread"), tokens("no effect of masks"))
    other = beside_grams(tokens("zinc cures colds; vitamins, too"), tokens("no effect of vitamins"))
    assert (one != other).nnz == 0
    far = beside_grams(tokens("masks"), tokens(" ".join(["word"] * 9) + " masks"))
    assert far.sum() == (BESIDE + 1) + BESIDE  # words, the mark included, and pairs of these


def test_nothing_is_shared_across_pairs() -> None:
    found = beside_grams(tokens("masks", "vaccines"), tokens("about vaccines", "about masks"))
    assert found.sum() == 0
    assert beside_grams(tokens("", "masks"), tokens("masks", "")).sum() == 0


def test_the_highest_score_before_is_that_of_a_plain_loop() -> None:
    generator = np.random.default_rng(3)
    scores, sequence = generator.normal(size=(200, 3)), np.sort(generator.integers(0, 40, 200))
    absent = np.array([-9.0, 0.0, 9.0])
    wanted = np.array([scores[:row][sequence[:row] == sequence[row]].max(axis=0, initial=-np.inf) for row in range(200)])
    wanted = np.where(np.isinf(wanted), absent, wanted)
    np.testing.assert_allclose(neighbor_scores(scores, sequence, absent)[:, 9:], wanted, atol=1e-9)
