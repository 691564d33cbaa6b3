"""Minimal pairs: a text with a cue and its near miss, which says something else of the same mention; in each language with rules."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from heedful.language.reading import read
from heedful.language.rules import ASSERTIONS
from heedful.language.vocabulary import Vocabulary
from heedful.sources import packaged

LEAST = {"en": 500, "es": 60, "de": 60, "fr": 60}
CORE = {"absent", "possible", "hypothetical", "historical", "question", "resolved"}
CORE_EXPERIENCERS = {"self", "child", "partner", "parent", "other", "generic"}


def pairs_in(language: str) -> pl.DataFrame:
    name = "minimal_pairs.tsv" if language == "en" else f"minimal_pairs_{language}.tsv"
    return pl.read_csv(Path(__file__).parent / name, separator="\t", comment_prefix="#", quote_char=None)


def said(texts: pl.Series, mentions: pl.Series, attributes: pl.Series, vocabulary: Vocabulary) -> list[str | None]:
    """What is said of the first occurrence of each mention in its text."""
    found: dict[tuple[int, str], dict[str, object]] = {}
    for row in read(texts, vocabulary).iter_rows(named=True):
        found.setdefault((row["row"], row["surface"].lower()), row)
    return [found.get((n, mention), {}).get(what) for n, (mention, what) in enumerate(zip(mentions, attributes, strict=True))]  # type: ignore[misc]


@pytest.mark.parametrize("language", LEAST)
def test_there_are_enough_pairs_and_none_twice(language: str) -> None:
    pairs = pairs_in(language)
    assert pairs.height >= LEAST[language]
    assert pairs.select("hit", "miss", "mention", "attribute").is_unique().all()
    assert pairs.filter(pl.col("of_hit") == pl.col("of_miss")).height == 0


@pytest.mark.parametrize("language", LEAST)
def test_every_pair_is_told_apart(vocabulary: Vocabulary, language: str) -> None:
    own, pairs = vocabulary if language == "en" else vocabulary.others[language], pairs_in(language)
    for side in ("hit", "miss"):
        answers = pl.Series("answer", said(pairs[side], pairs["mention"], pairs["attribute"], own), dtype=pl.String)
        wrong = pairs.with_columns(answers).filter(pl.col("answer").ne_missing(pl.col(f"of_{side}")))
        assert wrong.select(side, f"of_{side}", "answer").rows() == []


@pytest.mark.parametrize("language", LEAST)
def test_the_pairs_cover_what_the_rules_can_say(language: str) -> None:
    pairs = pairs_in(language)
    answers = set(pairs.filter(pl.col("attribute") == "assertion")["of_hit"])
    people = set(pairs.filter(pl.col("attribute") == "experiencer")["of_hit"]) | {"self"}
    assert answers >= (set(ASSERTIONS) - {"present"} if language == "en" else CORE)
    assert people >= (CORE_EXPERIENCERS | {"patient"} if language == "en" else CORE_EXPERIENCERS)


@pytest.mark.parametrize("language", packaged.OTHER_LANGUAGES)
def test_rules_of_other_languages_cover_the_core(vocabulary: Vocabulary, language: str) -> None:
    kinds = set(vocabulary.others[language].rules["kind"])
    assert kinds >= CORE | CORE_EXPERIENCERS | {"pseudo", "terminator", "patient", "family", "severe", "mild"}


@pytest.mark.parametrize("language", packaged.OTHER_LANGUAGES)
def test_concepts_of_other_languages_are_those_of_english(vocabulary: Vocabulary, language: str) -> None:
    english = vocabulary.terms.select("code", "label", "type").unique()
    own = vocabulary.others[language].terms
    assert own.join(english, on=["code", "label", "type"], how="anti").height == 0
    assert own["code"].n_unique() > 200
