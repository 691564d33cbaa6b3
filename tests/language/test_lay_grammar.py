"""What the lay grammar makes: every way of saying a deviation, for every part that it means something of, and nothing that is taken."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.language.lay_grammar import MEANING_COLUMNS, PHRASE_COLUMNS, expanded, grammar_terms
from heedful.language.matching import MOST_WORDS
from heedful.language.reading import read
from heedful.language.vocabulary import Vocabulary
from heedful.language.word_order import other_orders
from heedful.sources.packaged import _table

words = st.text("abc", min_size=1, max_size=3)


@given(st.lists(st.lists(words, min_size=1, max_size=3), max_size=4))
def test_a_phrase_stands_for_every_choice_once(choices: list[list[str]]) -> None:
    phrase = " ".join(f"[{'|'.join(one)}]" for one in choices)
    wanted = {""}
    for one in choices:
        wanted = {f"{way} {word}".strip() for way in wanted for word in one}
    assert set(expanded(phrase)) == wanted


def test_the_first_meaning_of_equal_terms_counts_and_lonely_deviations_make_nothing() -> None:
    phrases = pl.DataFrame([("numb", "numb {}"), ("lonely", "lonely {}")], schema=PHRASE_COLUMNS, orient="row")
    rows = [("numb", "foot|hand", "a", "A", "symptom"), ("numb", "hand|lip", "b", "B", "symptom"), ("other", "foot", "c", "C", "symptom")]
    found = grammar_terms(phrases, pl.DataFrame(rows, schema=MEANING_COLUMNS, orient="row"))
    assert found.select("term", "code").rows() == [("numb foot", "a"), ("numb hand", "a"), ("numb lip", "b")]


def test_the_packaged_table_is_made_of_the_tables_beside_it() -> None:
    """`scripts/build_vocabulary.py --grammar` makes the rest of it: other orders of listed terms."""
    made = _table("grammar_en.tsv.gz")
    built = grammar_terms(_table("grammar_phrases_en.tsv"), _table("grammar_meanings_en.tsv"))
    taken = {
        term.lower() for name in ("vocabulary.tsv.gz", "symp.tsv.gz", "figures_en.tsv", "stop_terms.tsv") for term in _table(name)["term"]
    }
    wanted = [row for row in built.rows() if row[0] not in taken and len(row[0].split()) <= MOST_WORDS]
    assert made.rows()[: len(wanted)] == wanted
    listed = pl.concat([_table("vocabulary.tsv.gz"), _table("symp.tsv.gz")])
    assert {row for row in other_orders(pl.concat([listed, built])).rows() if row[0] not in taken} <= set(made.rows())
    assert all(len(term.split()) <= MOST_WORDS for term in made["term"])
    assert not set(made["term"]) & taken


def test_codes_are_those_of_the_listed_terms() -> None:
    listed = pl.concat([_table("vocabulary.tsv.gz"), _table("symp.tsv.gz")])
    known = set(listed.select("code", "label", "type").rows())
    assert set(_table("grammar_meanings_en.tsv").select("code", "label", "type").rows()) <= known


@pytest.mark.parametrize(
    ("text", "concept", "assertion"),
    [
        ("There was pain in my lower back", "HP:0003418", "present"),
        ("no numbness in my fingers", "HP:0033748", "absent"),
        ("My skin is so dry", "HP:0000958", "present"),
        ("I could barely climb stairs", "HP:0001324", "present"),
        ("unable to have an orgasm", "HP:0046502", "present"),
        ("my sex drive is nonexistent", "HP:0046504", "present"),
        ("lack of sexual desire", "HP:0046504", "present"),
        ("gained 20 pounds", "HP:0004324", "present"),
        ("lost about 15 lbs", "HP:0001824", "present"),
        ("my heart was racing", "HP:0001962", "present"),
        ("his ankles were swollen", "HP:0000969", "present"),
        ("ringing in both ears", "HP:0000360", "present"),
        ("inflammation of my joints", "HP:0001369", "present"),
    ],
)  # fmt: skip
def test_people_say_it_so(vocabulary: Vocabulary, text: str, concept: str, assertion: str) -> None:
    assert (concept, assertion) in read(pl.Series([text]), vocabulary).select("concept", "assertion").rows()


@pytest.mark.parametrize(
    "text",
    [
        "The team is a pain in the neck",
        "no ambitions of being a musician",
        "he damages the nerves of his team",
    ],
)
def test_and_not_so(vocabulary: Vocabulary, text: str) -> None:
    found = read(pl.Series([text]), vocabulary)
    assert found.filter(~pl.col("assertion").is_in(["figurative"])).height == 0
