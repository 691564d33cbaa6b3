"""Features must be those of the plain definition, whatever the text."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.language.heads.around import marked_grams, mention_kinds, near_grams
from heedful.language.heads.counts import lexicon_counts
from heedful.language.heads.grams import character_grams, hash_words, tokenize, word_grams

TEXT = st.text(alphabet=st.sampled_from("abcABé'’ .,?!-ßﬁ\u200d🤮\x00"), max_size=60)


def plain_runs(words: list[str], longest: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[a : a + n]) for a in range(len(words)) for n in range(1, longest + 1) if a + n <= len(words))


def plain_characters(words: list[str], shortest: int, longest: int) -> Counter[bytes]:
    marked = [b"\x01" + word.encode() + b"\x01" for word in words]
    return Counter(w[a : a + n] for w in marked for n in range(shortest, longest + 1) for a in range(len(w) - n + 1))


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_counts_are_those_of_the_plain_definition(texts: list[str]) -> None:
    tokens = tokenize(pl.Series(texts, dtype=pl.String))
    words, of = tokens.words(), tokens.text.tolist()
    runs = word_grams(hash_words(tokens), tokens.text, len(texts), 2)
    characters = character_grams(tokens, 3, 5)
    for place in range(len(texts)):
        own = [word for word, text in zip(words, of, strict=True) if text == place]
        assert sorted(runs[[place]].data.tolist()) == sorted(plain_runs(own, 2).values())
        assert sorted(characters[[place]].data.tolist()) == sorted(plain_characters(own, 3, 5).values())


def test_a_text_does_not_depend_on_its_neighbors() -> None:
    both = tokenize(pl.Series(["no sex drive", "can't sleep"]))
    alone = tokenize(pl.Series(["can't sleep"]))
    together = word_grams(hash_words(both), both.text, 2, 3)[[1]]
    assert (together != word_grams(hash_words(alone), alone.text, 1, 3)).nnz == 0


def test_case_accents_and_apostrophes_do_not_matter() -> None:
    tokens = tokenize(pl.Series(["CAN’T sléep", "cant sleep"]))
    counts = word_grams(hash_words(tokens), tokens.text, 2, 2)
    assert (counts[[0]] != counts[[1]]).nnz == 0


def test_starts_are_bytes_of_the_text() -> None:
    tokens = tokenize(pl.Series(["é pain", "x  yz"]))
    assert tokens.starts.tolist() == [0, 3, 0, 3]


FOUND = pl.DataFrame(
    {
        "row": [0, 0],
        "start": [2, 18],
        "end": [10, 24],
        "type": ["symptom", "drug"],
        "assertion": ["present"] * 2,
        "experiencer": ["self"] * 2,
        "role": ["none"] * 2,
        "severity": ["unknown"] * 2,
    }
)


def test_mentions_become_one_word() -> None:
    one = tokenize(pl.Series(["a sex drive gone on zoloft today and one two three four five six"]))
    other = tokenize(pl.Series(["a bad rashes gone on prozac today and one two three four five seven"]))
    found = FOUND.with_columns(start=pl.Series([2, 20]), end=pl.Series([11, 26]))
    same = FOUND.with_columns(start=pl.Series([2, 21]), end=pl.Series([12, 27]))
    difference = marked_grams(one, found, 1) - marked_grams(other, same, 1)
    assert np.abs(difference).sum() == 2  # six and seven
    assert (near_grams(one, found) != near_grams(other, same)).nnz == 0
    assert mention_kinds(found, 1).sum() == 10


def test_without_mentions_there_is_nothing_near() -> None:
    tokens = tokenize(pl.Series(["a b c"]))
    assert near_grams(tokens, FOUND.clear()).nnz == 0
    assert mention_kinds(FOUND.clear(), 1).nnz == 0
    assert marked_grams(tokens, FOUND.clear(), 1).sum() == 3


def test_lexicon_counts_phrases_and_beginnings() -> None:
    tokens = tokenize(pl.Series(["Tired, so tired of it", "tiresome tired", ""]))
    counts = lexicon_counts(tokens, {"tired": "tired", "tired of": "tired of, of it", "tire": "tire*"})
    assert counts.tolist() == [[2, 2, 2], [1, 0, 2], [0, 0, 0]]
