"""Which language a text is in: a plain twin of the counting, real texts where they are there, and what is left open."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.language.conftest import real_texts

from heedful.core.errors import SettingsError
from heedful.core.text_buffers import text_buffers
from heedful.language.kernels.language_votes import LONGEST, count_votes
from heedful.language.languages import OPEN, OTHER, SmallWords, declared_language, spoken
from heedful.language.reading import read_languages
from heedful.language.vocabulary import Vocabulary

TEXTS = [
    ("I have had a headache since yesterday and it is not getting better", "en"),
    ("Tengo dolor de cabeza desde ayer y no se me quita con nada", "es"),
    ("Ich habe seit gestern Kopfschmerzen und sie gehen nicht weg", "de"),
    ("J'ai mal à la tête depuis hier et ça ne passe pas du tout", "fr"),
    ("Estou com dor de cabeça desde ontem e não passa com nada, você também?", "pt"),
    ("Ho mal di testa da ieri e non mi passa, anche a te?", "it"),
    ("У меня болит голова со вчерашнего дня", OTHER),
    ("昨日から頭が痛い、薬を飲んだ", OTHER),
    ("headache", OPEN), ("", OPEN), ("🤮🤮", OPEN), ("paracetamol 500", OPEN),
]  # fmt: skip


@pytest.fixture(scope="module")
def small_words(vocabulary: Vocabulary) -> SmallWords:
    assert vocabulary.small_words is not None
    return vocabulary.small_words


def test_languages_are_told_and_short_texts_left_open(small_words: SmallWords) -> None:
    assert small_words.told(pl.Series([text for text, _ in TEXTS])).to_list() == [language for _, language in TEXTS]


def slow_votes(text: str, words: pl.DataFrame) -> dict[str, float]:
    """The kernel's counting said again with strings."""
    shared = dict(words.group_by("word").len().iter_rows())
    of: dict[bytes, list[str]] = {}
    for word, language in words.select("word", "language").iter_rows():
        of.setdefault(word.encode(), []).append(language)
    cut = text.encode()[:LONGEST].lower()
    cut = bytes(b | 32 if 65 <= b <= 90 else b for b in cut)
    votes: dict[str, float] = {}
    for token in re.findall(rb"(?:[a-z\x80-\xff]|(?<=[a-z\x80-\xff])'(?=[tT]))+", cut):
        for language in of.get(token.replace(b"'", b""), []):
            votes[language] = votes.get(language, 0) + 1 / shared[token.replace(b"'", b"").decode()] ** 0.5
    return votes


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["the", "que", "der", "les", "no", "n", "j", "é", "und ", "x" * 9, "NICHT", " ", ", ", "\n", "-", "你"]),
        max_size=80,
    )
)
def test_counting_agrees_with_its_twin(small_words: SmallWords, parts: list[str]) -> None:
    text = "".join(parts)
    offsets, data = text_buffers(pl.Series(["the que", text, "der"]))
    keys, weights = small_words._table
    votes = np.zeros((3, weights.shape[1]), np.float32)
    count_votes(data, offsets, keys, weights, votes, np.zeros(3, np.int32), np.zeros(3, np.int32))
    slow = slow_votes(text, small_words.words)
    assert np.allclose(votes[1], [slow.get(language, 0.0) for language in small_words.languages], atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=60), st.sampled_from([text for text, _ in TEXTS])), max_size=5))
def test_each_text_is_told_by_itself(small_words: SmallWords, texts: list[str]) -> None:
    together = small_words.told(pl.Series(texts, dtype=pl.String)).to_list()
    assert together == [small_words.told(pl.Series([text]))[0] for text in texts]


@pytest.mark.parametrize(
    ("file", "kept", "language", "least", "most_wrong"),
    [
        ("socialdisner_es/tweets.jsonl.gz", {}, "es", 0.90, 0.003), ("smm4h_ade_multilingual/posts.jsonl.gz", {"lang": "de"}, "de", 0.97, 0.001),
        ("smm4h_ade_multilingual/posts.jsonl.gz", {"lang": "en"}, "en", 0.75, 0.001), ("smm4h_ade_multilingual/posts.jsonl.gz", {"lang": "ru"}, OTHER, 0.99, 0.001),
        ("rhmd/posts.jsonl.gz", {}, "en", 0.85, 0.001), ("dreaddit/segments.jsonl.gz", {}, "en", 0.99, 0.001),
    ],
)  # fmt: skip
def test_real_texts(small_words: SmallWords, file: str, kept: dict[str, str], language: str, least: float, most_wrong: float) -> None:
    told = small_words.told(real_texts(file, **kept))
    assert (told == language).mean() >= least
    assert (~told.is_in([language, OPEN])).mean() <= most_wrong


def test_declared_wins_and_tags_are_cut(small_words: SmallWords) -> None:
    tags = (
        pl.DataFrame({"tag": ["en-US", "ES", "und", "", None, "pt_BR", "fil", "zh-Hant"]})
        .select(declared_language(pl.col("tag")))
        .to_series()
    )
    assert tags.to_list() == ["en", "es", "", "", "", "", "fil", "zh"]
    texts = pl.Series([TEXTS[1][0]] * 3)
    assert spoken(texts, pl.Series(["en", None, "und"]), small_words).to_list() == ["en", "es", "es"]


def test_texts_are_read_in_their_language_and_counts_join(vocabulary: Vocabulary) -> None:
    texts = pl.Series([text for text, _ in TEXTS[:6]] + ["Mi pain es au chocolat", "J'ai d’la fièvre, pas d'insomnie"])
    declared = pl.Series([None] * 6 + ["fr", "fr"], dtype=pl.String)
    rows = read_languages(texts, declared, vocabulary).select("row", "language", "concept", "surface", "assertion")
    assert [row for row in rows.rows() if row[2] == "HP:0002315"] == [
        (0, "en", "HP:0002315", "headache", "present"), (1, "es", "HP:0002315", "dolor de cabeza", "present"),
        (2, "de", "HP:0002315", "Kopfschmerzen", "present"), (3, "fr", "HP:0002315", "mal à la tête", "present"),
    ]  # fmt: skip
    assert [row[1:] for row in rows.rows() if row[0] >= 4] == [
        ("fr", "HP:0001945", "fièvre", "present"), ("fr", "HP:0100785", "insomnie", "absent"),
    ]  # fmt: skip


def test_tables_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(SettingsError, match="lacks language"):
        SmallWords(pl.DataFrame({"word": ["the"]}))
    with pytest.raises(SettingsError, match="1 to 8 bytes"):
        SmallWords(pl.DataFrame({"word": ["lengthier"], "language": ["en"]}))
