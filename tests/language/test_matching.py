"""The kernels against their twin: the same mentions on random, hostile and real texts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.language.slow_twin import Twin

from heedful.language.kernels.scan import SENTENCE, scan_posts
from heedful.language.matching import build_index, find, word_ids
from heedful.language.rules import REACH, RULE_COLUMNS
from heedful.language.vocabulary import Vocabulary

TERMS = [
    ("pain", "symptom"), ("chest pain", "symptom"), ("pain in chest wall", "symptom"), ("can't sleep", "symptom"), ("no pain no", "symptom"),
    ("flu", "condition"), ("a", "condition"), ("zoloft", "drug"), ("2.5", "drug"), ("🤮", "symptom"), ("café crème", "condition"),
    ("abcdefghijklmnopq", "drug"), ("abcdefghijklmnopr", "drug"), ("ab cd", "drug"), ("stomach, ache", "symptom"), ("x" * 64, "drug"),
    ("y" * 65, "drug"), ("ﷺ" * 3, "condition"), ("allergies", "condition"), ("боль", "symptom"),
]  # fmt: skip
RULES = [
    ("no", "absent", "before", 3), ("no longer", "resolved", "before", 4), ("went away", "resolved", "after", 4), ("not only", "pseudo", "either", 0),
    ("not", "absent", "before", 3), ("if", "hypothetical", "before", 6), ("is", "question_mark", "before", 8), ("maybe", "possible", "either", 5),
    ("but", "terminator", "either", 0), ("my mom", "family", "either", 8), ("my", "self", "either", 8), ("he", "other", "either", 6),
    ("bad", "severe", "before", 2), ("mild", "mild", "before", 2), ("gave me", "adverse_effect", "before", 8), ("for", "indication", "before", 3),
    ("stopped", "stop", "either", 3), ("stopped", "resolved", "after", 4), ("missed a dose", "missed_dose", "either", 0), ("used", "historical", "before", 5),
    ("because of", "reason", "before", 4),
    ("without", "absent_unless_unable", "before", 4), ("cannot", "inability", "before", 8), ("barely", "inability", "either", 6),
    ("never", "absent_unless_new", "before", 3), ("ever", "absent_unless_new", "either", 5), ("until", "terminator", "either", 0),
    ("wont take", "refused", "before", 3), ("gives me", "figurative", "either", 3), ("news", "reported", "either", 8), ("son", "child", "either", 8),
    ("until", "newly", "after", 3), ("before", "newly", "either", 4), ("aint", "absent_here", "either", 3), ("nope", "absent_throughout", "either", 5),
]  # fmt: skip
WORDS = (
    [w for t, _ in [*TERMS, *RULES[:0]] for w in t.split()]
    + [w for p, *_ in RULES for w in p.split()]
    + ["the", "I", "so", "pains", "flus"]
)
MARKS = [
    " ",
    " ",
    " ",
    " ",
    ", ",
    ". ",
    "? ",
    "! ",
    "; ",
    " (",
    ") ",
    "-",
    " - ",
    "/",
    "\n",
    "'",
    "’",
    ".",
    "…",
    "\u200d",
    "́",
    "\ufe0f",
    "—",
    "👍",
    "",
    "  ",
]


@pytest.fixture(scope="module")
def small() -> tuple[pl.Series, pl.Series, pl.DataFrame]:
    rules = pl.DataFrame(RULES, schema=RULE_COLUMNS, orient="row")
    return pl.Series([t for t, _ in TERMS]), pl.Series([k for _, k in TERMS]), rules


def agree(texts: list[str], small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> list[tuple[int, ...]]:
    found = find(pl.Series(texts, dtype=pl.String), build_index(*small)).rows()
    assert found == Twin(*small).find(texts)
    return found


spoken = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(MARKS)), max_size=60).map(
    lambda parts: "".join(w + m for w, m in parts)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(spoken, max_size=5))
def test_twin_on_spoken_text(small: tuple[pl.Series, pl.Series, pl.DataFrame], texts: list[str]) -> None:
    agree(texts, small)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=80), st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=60).map("".join)), max_size=6))
def test_twin_on_any_text(small: tuple[pl.Series, pl.Series, pl.DataFrame], texts: list[str]) -> None:
    agree(texts, small)


HOSTILE = [
    "", "a", "'", "pain'", "'pain", "pain''s", "p\u200da\u200din", "p\u0301ain", "PAIN.Pain", "pain.pain", "2.5", "2 .5", "x" * 63, "x" * 64, "x" * 65, "y" * 65,
    "abcdefghijklmnopq abcdefghijklmnopr abcdefghijklmnops", "no " * 2_000 + "pain", "pain, " * 1_500, "a " * 3_000, "🤮" * 1_000, "e" + "\u0301" * 5_000,
    "(" * 3_000 + "pain", "no pain no no pain no pain", "ｐａｉｎ", "рaін", "ﷺ" * 3, "ﷺ" * 9, "cafe\u0301 cre\u0300me", "can’t sleep", "cant sleep", "can‘t\u00adsleep",
    "stomach, ache", "stomach ache", "\U00020000pain", "\U000e0041pain", "a\x00b pain", "maybe no my mom pain went away but he", "is it flu?", "is it flu.", "if no, pain",
]  # fmt: skip


def test_twin_on_hostile_text(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    assert len(agree(HOSTILE, small)) > 1_000
    for text in HOSTILE:  # a text's answer does not lean on its neighbours' bytes
        agree([text], small)


def test_twin_on_real_posts(shared_data: Path, vocabulary: Vocabulary) -> None:
    texts: list[str] = []
    for name, key in (("psytar/sentences", "text"), ("rhmd/posts", "text"), ("cadec/posts", "text"), ("caves/tweets", "text")):
        with gzip.open(shared_data / "nlp" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            texts += [row[key] for row in map(json.loads, file) if row.get(key)][:700]
    twin = Twin(vocabulary.terms["term"], vocabulary.terms["type"], vocabulary.rules, vocabulary.spelling)
    found = find(pl.Series(texts), vocabulary.index).rows()
    assert len(texts) > 2_000
    assert len(found) > 3_000
    assert found == twin.find(texts)


def test_spans_are_bytes_of_the_stored_text(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    text = "Zoë 🤒 has Chest PAIN"
    ((_, start, end, term, *_),) = find(pl.Series([text]), build_index(*small)).rows()
    assert (text.encode()[start:end].decode(), TERMS[term][0]) == ("Chest PAIN", "chest pain")


def test_a_term_stays_within_its_sentence_and_its_commas(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    terms = [
        [TERMS[row[3]][0] for row in agree([text], small)]
        for text in ("chest. pain", "chest, pain", "chest-pain", "chest  pain", "(chest) pain")
    ]
    assert terms == [["pain"], ["pain"], ["chest pain"], ["chest pain"], ["pain"]]


def test_a_long_run_is_cut_into_sentences(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    found = agree(["so " * (SENTENCE - 1) + "chest pain"], small)
    assert [(TERMS[row[3]][0], row[4]) for row in found] == [("pain", 1)]


def test_missing_texts_say_nothing_and_keep_their_row(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    assert find(pl.Series([None, "pain", None, "flu"]), build_index(*small))["post"].to_list() == [1, 3]
    assert find(pl.Series([], dtype=pl.String), build_index(*small)).height == 0


def test_room_grows_with_what_is_found(small: tuple[pl.Series, pl.Series, pl.DataFrame]) -> None:
    assert find(pl.Series(["a " * 20_000, "pain"]), build_index(*small)).height == 20_001


def test_an_empty_vocabulary_finds_nothing() -> None:
    none = pl.Series([], dtype=pl.String)
    index = build_index(none, none, pl.DataFrame(schema=RULE_COLUMNS))
    assert find(pl.Series(["pain"]), index).height == 0


def test_plurals_and_their_singular_are_one_word() -> None:
    ids = dict(word_ids(pl.Series(["pain", "rash", "allergies", "allergy", "aid", "diabetes"])).iter_rows())
    assert ids["pain"] == ids["pains"]
    assert ids["rash"] == ids["rashes"]
    assert ids["allergies"] == ids["allergy"]
    assert "aids" not in ids
    assert "diabete" not in ids


def test_one_signature_is_compiled(vocabulary: Vocabulary) -> None:
    find(pl.Series(["flu"]), vocabulary.index)
    find(pl.Series([], dtype=pl.String), vocabulary.index)
    find(pl.Series(["flu", None]).slice(0, 1), vocabulary.index)
    assert len(scan_posts.signatures) == 1


def test_reach_is_eight_words() -> None:
    assert REACH == 8
