"""Misspelled health words: real slips are read and flagged, near misses and known words are not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.language.reading import read
from heedful.language.spelling import misspellings, slips
from heedful.language.vocabulary import Vocabulary

# Forms that people wrote in PsyTAR, CADEC, RHMD and tweets.
REAL = [
    ("insomina", "HP:0100785"), ("vomitting", "HP:0002013"), ("nausia", "HP:0002018"), ("palpatations", "HP:0001962"), ("dizzines", "HP:0002321"),
    ("axiety", "HP:0000739"), ("halucinations", "HP:0000738"), ("deppression", "HP:0000716"), ("migrain", "HP:0002076"), ("hadache", "HP:0002315"),
    ("constapation", "HP:0002019"), ("astma", "HP:0002099"), ("tinnitis", "HP:0000360"), ("penumonia", "HP:0002090"), ("lexipro", "drug:escitalopram"),
    ("welbutrin", "drug:bupropion"), ("trazadone", "drug:trazodone"), ("liptor", "drug:atorvastatin"), ("asprin", "drug:aspirin"), ("setraline", "drug:sertraline"),
]  # fmt: skip
# One letter away from health words, and other words; and what DESIGN names as wrong corrections.
OTHER_WORDS = [
    "tracking", "fracking", "searing", "hearing", "leverage", "melanie", "rush", "cash", "sweaty", "sweety", "brash", "couch", "though", "rough", "staying",
    "stating", "lyrics", "concert", "stoke", "strike", "caner", "panics", "anxious", "fatal", "cancel", "dancer", "cancers", "dancing", "achy breaky",
    "migrate", "native", "stroll", "tremolo",
]  # fmt: skip


@pytest.mark.parametrize(("written", "concept"), REAL)
def test_real_slips_are_read_and_flagged(vocabulary: Vocabulary, written: str, concept: str) -> None:
    rows = read(pl.Series([f"I have {written} and no {written.upper()} today"]), vocabulary).select("concept", "misspelled", "assertion")
    assert rows.rows() == [(concept, True, "present"), (concept, True, "absent")]


def test_other_words_are_left_alone(vocabulary: Vocabulary) -> None:
    rows = read(pl.Series([f"the {word} of it" for word in OTHER_WORDS]), vocabulary)
    assert rows.filter("misspelled").rows() == []


def test_what_is_spelled_right_is_not_flagged(vocabulary: Vocabulary) -> None:
    rows = read(pl.Series(["insomnia, nausea, headaches, Zoloft, chest pain, dizziness"]), vocabulary)
    assert rows.height == 6
    assert not rows["misspelled"].any()


def test_multiword_terms_may_hold_a_slip(vocabulary: Vocabulary) -> None:
    assert read(pl.Series(["panick attacks all day"]), vocabulary).select("concept", "misspelled").rows() == [("HP:0025269", True)]


def test_no_form_is_a_term_or_changes_the_first_letter(vocabulary: Vocabulary) -> None:
    spelling = vocabulary.spelling
    assert spelling.filter(pl.col("written").str.head(1) != pl.col("word").str.head(1)).height == 0
    assert spelling["written"].is_unique().all()
    assert spelling.filter(pl.col("written").is_in(vocabulary.terms["term"].str.to_lowercase().implode())).height == 0
    assert spelling["word"].str.len_chars().min() >= 6


@given(st.text("abcdeis", min_size=6, max_size=9))
def test_slips_are_one_edit_away(word: str) -> None:
    for slip in slips(word):
        assert slip[0] == word[0]
        assert slip != word
        same = len(slip) == len(word)
        wrong = [n for n, (a, b) in enumerate(zip(slip, word, strict=False)) if a != b]
        one = len(wrong) == 1 or (len(wrong) == 2 and wrong[1] == wrong[0] + 1 and slip[wrong[0]] == word[wrong[1]])
        assert (
            one
            if same
            else any(slip[:n] + slip[n + 1 :] == word or word[:n] + word[n + 1 :] == slip for n in range(max(len(slip), len(word))))
        )


def test_guards() -> None:
    table = misspellings(pl.Series(["nausea", "nauseas", "rash"]), pl.Series(["nausia"]))
    assert "rash" not in table["word"].to_list()
    written = set(table["written"])
    assert not {"nausia", "nauseas", "nausea"} & written
