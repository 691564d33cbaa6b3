"""Stance: 132 hits and near misses of our own (labelled before the rules were tuned; the first run had 127 right), and hostile texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.language.stance import STANCES, holds, stances

PAIRS = pl.read_csv(Path(__file__).parent / "stance_pairs.tsv", separator="\t", quote_char=None)


def test_there_are_enough_pairs_of_every_stance() -> None:
    assert PAIRS.height >= 120
    assert set(PAIRS["stance"]) == set(STANCES)


@pytest.mark.parametrize(("claim", "text", "stance"), PAIRS.rows())
def test_minimal_pair(claim: str, text: str, stance: str) -> None:
    found = stances([text], [claim])
    assert (found["stance"].item(), text) == (stance, text), found["cue"].item()


def test_a_decided_stance_shows_its_cue_and_a_match_its_words() -> None:
    found = stances(["lol no, garlic doesn't cure the FLU"], ["Garlic cures the flu."])
    assert found.row(0) == ("refutes", "doesnt cure", "garlic cure flu")


@pytest.mark.parametrize(
    ("text", "claim", "same"),
    [
        ("coronavirus is caused by bat soup", "Coronavirus is caused by 5G.", False),
        ("it is 5g that causes corona virus symptoms, 5g and coronavirus", "Coronavirus is caused by 5G.", True),
        ("alfalfa is the only cure for covid-19", "CBD oil is a cure for COVID-19.", False),
        ("vitamin d cures coronavirus", "Vitamin C cures coronavirus.", False),
        ("vitamin c totally cures coronavirus", "Vitamin C cures coronavirus.", True),
    ],
)
def test_what_tells_a_claim_from_others_must_be_there(text: str, claim: str, same: bool) -> None:
    assert holds(text, claim) is same


@given(text=st.text(max_size=200), claim=st.text(max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_has_a_stance(text: str, claim: str) -> None:
    assert stances([text], [claim])["stance"].item() in STANCES
