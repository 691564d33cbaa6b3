"""The claim bank: word-for-word and loose copies are found, strangers are left alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.language.claims import ClaimScorer, build_bank, candidates, learn_scorer, match

CLAIMS = pl.Series(
    [
        "Garlic cures the flu within 24 hours.",
        "The measles vaccine contains mercury.",
        "Drinking 4 liters of water a day prevents kidney stones.",
        "A hospital in Boston turned away 300 patients.",
        "Chewing gum stays in the stomach for 7 years.",
        "Microwaved food causes cancer.",
    ]
)
LOOSE = pl.Series(
    [
        "my aunt says GARLIC cures flu in 24 hours lol",
        "they put mercury in measles vaccines!!",
        "4 liters water a day and no kidney stones ever",
        "Boston hospital turned 300 patients away",
        "swallowed gum stays 7 years in your stomach",
        "food from the microwave causes cancer?",
    ]
)
STRANGERS = pl.Series(["I have had a headache since Monday", "my knee hurts", "feeling better today", "cannot sleep again", "so tired"])


@pytest.fixture(scope="module")
def scorer() -> ClaimScorer:
    return learn_scorer(build_bank(CLAIMS), LOOSE, [{i} for i in range(6)], STRANGERS)


def test_loose_copies_find_their_claim(scorer: ClaimScorer) -> None:
    found = match(build_bank(CLAIMS), LOOSE, scorer, best=1, abstain=False)
    assert found.select("post", "claim").rows() == [(i, i) for i in range(6)]


def test_strangers_and_empty_texts_are_left_alone(scorer: ClaimScorer) -> None:
    assert match(build_bank(CLAIMS), pl.concat([STRANGERS, pl.Series(["", None, "🤮"])]), scorer).height == 0


def test_answers_do_not_depend_on_other_texts(scorer: ClaimScorer) -> None:
    bank = build_bank(CLAIMS)
    together = match(bank, LOOSE, scorer, abstain=False).filter(pl.col("post") == 3).drop("post")
    alone = match(bank, LOOSE.slice(3, 1), scorer, abstain=False).drop("post")
    assert together["claim"].to_list() == alone["claim"].to_list()
    assert np.allclose(together["score"], alone["score"])


def test_a_claim_itself_is_as_near_as_can_be() -> None:
    rows, places, features = candidates(build_bank(CLAIMS), CLAIMS)
    own = rows == places
    assert features[own, 0] == pytest.approx(np.ones(6))
    assert features[own, 3] == pytest.approx(np.ones(6))


def test_an_empty_bank_is_refused() -> None:
    with pytest.raises(SettingsError, match="empty"):
        build_bank(pl.Series([], dtype=pl.String))
