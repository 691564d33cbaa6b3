"""The tagger's kernels against plain Python: the same spans with the same probability on random, hostile and real texts."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.language.slow_twin import Twin
from tests.language.tagger.slow_tagger import slow_tag

from heedful.language.matching import TYPES, find
from heedful.language.tagger.beside import found_beside, touching
from heedful.language.tagger.dictionary import DICTIONARY, MARK_COLUMNS, occurrences, vocabulary_marks
from heedful.language.tagger.tagger import Recipe, Tagger, learn_tagger, tag
from heedful.language.tagger.tags import SPAN_COLUMNS
from heedful.language.vocabulary import Vocabulary
from heedful.sources.packaged import tagger

FULL = bool(os.environ.get("HEEDFUL_FULL_TWIN"))
"""Set HEEDFUL_FULL_TWIN=1 to compare on 20,000 real posts (some minutes) instead of a few hundred."""

WORDS = [
    "pain",
    "head",
    "Zoloft",
    "no",
    "I",
    "the",
    "dry",
    "mouth",
    "DryMouth",
    "éT",
    "2.5",
    "🤮",
    "x" * 70,
    "a",
    "weight",
    "gain",
    "don't",
    "crème",
]
SIGNS = [" ", " ", " ", ", ", ". ", "? ", " (", ") ", "-", "\n", "'", "#", "\x00", "\u200d", ""]


def agree(texts: list[str], known: Tagger, vocabulary: Vocabulary | None) -> pl.DataFrame:
    series = pl.Series(texts, dtype=pl.String)
    own = occurrences(series, known.index, pl.Series(np.arange(series.len()), dtype=pl.Int32))
    marks = pl.concat([vocabulary_marks(series, vocabulary), own.select("post", "start", "end", kind=pl.lit(DICTIONARY, pl.Int32))])
    found, slow = tag(series, known, vocabulary=vocabulary), slow_tag(series, known, marks)
    assert found.drop("probability").rows() == slow.drop("probability").rows()
    assert np.allclose(found["probability"].to_numpy(), slow["probability"].to_numpy(), rtol=1e-6, atol=1e-9)
    return found


spoken = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SIGNS)), max_size=40).map(
    lambda parts: "".join(w + s for w, s in parts)
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(spoken, st.text(max_size=60)), max_size=4))
def test_twin_on_any_text(vocabulary: Vocabulary, texts: list[str]) -> None:
    agree(texts, tagger("side_effects"), vocabulary)
    agree(texts, tagger("diseases_es"), None)


HOSTILE = [
    "", "a", "'", "pain'", "p\u200da\u200din", "PAINPain", "pain.pain", "x" * 63 + "Y", "x" * 64, "xY" * 200, "no " * 600 + "pain", "pain, " * 400,
    "🤮" * 300, "e" + "\u0301" * 500 + "T", "(" * 300 + "pain", "ﷺ" * 9, "a’T", "don'éT", "\U00020000Pain", "\U000e0041pain", "a\x00b \x00pain",
    "weight gain (at first", "dry mouth (mild) 'nausea'",
]  # fmt: skip


def test_twin_on_hostile_text(vocabulary: Vocabulary) -> None:
    together = agree(HOSTILE, tagger("side_effects"), vocabulary)
    alone = [agree([text], tagger("side_effects"), vocabulary).with_columns(post=pl.lit(i, pl.Int32)) for i, text in enumerate(HOSTILE)]
    assert together.height > 20
    assert together.equals(pl.concat(alone))
    agree(HOSTILE, tagger("diseases_es"), None)


def test_a_text_of_many_tokens_is_read_in_pieces(vocabulary: Vocabulary) -> None:
    assert agree(["so " * 16_380 + "my head and dry mouth hurt, weight gain. " * 2], tagger("side_effects"), vocabulary).height > 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_twin_with_any_weights(seed: int, types: int) -> None:
    """Many types need several blocks of tags; weights at random make dense and strange spans."""
    random = np.random.default_rng(seed)
    names = tuple("abcdefgh"[:types])
    texts = pl.Series(["pain " + " ".join(random.choice(WORDS, 12)) for _ in range(4)])
    spans = pl.DataFrame([(0, 0, 4, name) for name in names], schema=SPAN_COLUMNS, orient="row")
    learned = learn_tagger(texts, spans, recipe=Recipe(bits=10, passes=1, grams=seed % 2 == 0, caution=0.3), seed=0)
    weights = random.normal(size=learned.weights.shape).astype(np.float32)
    steps = np.where(learned.steps > -5e3, random.normal(size=learned.steps.shape), learned.steps)
    wild = Tagger(learned.types, weights, steps, learned.dictionary, learned.edges, learned.recipe)
    agree(texts.to_list(), wild, None)


REAL = (
    "psytar/sentences",
    "rhmd/posts",
    "cadec/posts",
    "caves/tweets",
    "dreaddit/segments",
    "smm4h_ade_multilingual/posts",
    "socialdisner_es/tweets",
)


def real_texts(shared_data: Path, each: int) -> list[str]:
    texts: list[str] = []
    for name in REAL:
        with gzip.open(shared_data / "nlp" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            texts += [row["text"] for row in map(json.loads, file) if row.get("text")][:each]
    return texts


def test_twin_on_real_posts(shared_data: Path, vocabulary: Vocabulary) -> None:
    texts = real_texts(shared_data, 3_000 if FULL else 25)
    found = agree(texts, tagger("side_effects"), vocabulary)
    assert found.height > len(texts) / 4
    agree(texts[-(3_000 if FULL else 25) :], tagger("diseases_es"), None)


def test_context_of_what_the_tagger_finds(shared_data: Path, vocabulary: Vocabulary) -> None:
    texts = real_texts(shared_data, 3_000 if FULL else 60)
    series, known = pl.Series(texts), tagger("side_effects")
    found = find(series, vocabulary.index)
    beside = found_beside(series, found, vocabulary, known)
    assert beside.found.height > len(texts) / 20
    twin = Twin(vocabulary.terms["term"], vocabulary.terms["type"], vocabulary.rules, vocabulary.spelling)
    columns = ["sentence", "assertion", "experiencer", "cue_start", "cue_end", "role", "severity"]
    for (post,), rows in beside.found.group_by("post", maintain_order=True):
        assert rows.select(columns).rows() == twin.around(texts[post], rows.select("start", "end").rows())
    # The gate: no text without a symptom, condition or drug, and in those all that the tagger finds and the vocabulary does not.
    health = vocabulary.terms["type"].is_in(TYPES[:3]) & (vocabulary.terms["code"] != "figure:speech")
    terms = found.filter(pl.col("term") < vocabulary.terms.height)
    told = set(terms.filter(health.gather(terms["term"]))["post"])
    spans = tag(series, known, vocabulary=vocabulary)
    free = spans.filter(touching(spans, terms.with_columns(probability=pl.lit(1.0))).is_null())
    kept = [row for row in free.select("post", "start", "end", "probability").rows() if row[0] in told]
    assert beside.found.select("post", "start", "end").hstack([beside.probability]).rows() == kept


def test_touching_is_overlap() -> None:
    spans = pl.DataFrame({"post": [0, 0, 2], "start": [2, 8, 0], "end": [5, 9, 4], "probability": [0.1, 0.2, 0.3]})
    rows = pl.DataFrame({"post": [0, 0, 0, 0, 1, 2, 2], "start": [0, 4, 5, 0, 0, 3, 4], "end": [2, 5, 8, 9, 9, 5, 5]})
    assert touching(rows, spans).to_list() == [None, 0.1, None, 0.1, None, 0.3, None]
    assert touching(rows, spans.clear()).to_list() == [None] * 7
    assert touching(rows.clear(), spans).to_list() == []


def test_marks_of_a_vocabulary_need_one() -> None:
    assert vocabulary_marks(pl.Series(["pain"]), None).columns == list(MARK_COLUMNS)
