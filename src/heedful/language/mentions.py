"""Mentions: a symptom, condition or drug in a text, whether it is said to be so, of whom, how bad, and in which role."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, Public, Purpose
from heedful.core.places import Gazetteer
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Diary, Mentions, Posts
from heedful.language.reading import english, read_languages
from heedful.language.tagger.beside import Taggers
from heedful.language.vocabulary import Vocabulary

P = TypeVar("P", bound=Purpose)

CARD = Card(
    name="language.mentions",
    definition="Leftmost-longest terms of the vocabulary within a sentence, and spans that a tagger finds beside them in texts with health "
    "context (language.spans), each with the assertion, experiencer, severity and role that the nearest cue words within 8 words give it.",
    units="1",
    reference="Method after NegEx (Chapman 2001) and ConText (Harkema 2009), with rules of our own for patients' words; "
    "vocabulary: Human Phenotype Ontology 2025-01-16, drug names of MedlinePlus, NHS and DrugBank, everyday words of our own.",
    limits="English in full, Spanish, German and French for the core attributes; misspellings one slip away of everyday health words and "
    "common drugs, in English alone; fresh figures of speech are taken at their word; a text without any person named counts as being "
    "about its writer; 'not X' far from X is missed rather than guessed. A span of the tagger has no code and counts nobody.",
)
METHODS.add(CARD.name, Method(CARD))

_ROLES = ("adverse_effect", "indication", "benefit", "withdrawal")


@derivation(reads=(Posts,), writes=Mentions, by=None, needs=("vocabulary", "gazetteer", "taggers"), version=3)
def mentions(posts: Frame[Public, Posts], *, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers) -> Frame[Public, Mentions]:
    """Mentions of posts, each read in its language (declared, or told by its small words); place as declared, else as named in the text."""
    return posts.derive(Mentions, _mentions(posts.data.with_columns(declared="place_declared"), vocabulary, gazetteer, taggers))


@derivation(
    reads=(Diary,), writes=Mentions, by=None, needs=("vocabulary", "gazetteer", "taggers"), key_as={"person": "author", "entry": "post"},
    version=3,
)  # fmt: skip
def diary_mentions(
    diary: Frame[Consented[P], Diary], *, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers
) -> Frame[Consented[P], Mentions]:
    """Mentions of diary entries, under source 'diary'; the author is the participant."""
    return diary.derive(Mentions, _mentions(_entries(diary.data), vocabulary, gazetteer, taggers))


def texts_of_diary(entries: pl.DataFrame) -> pl.DataFrame:
    """English diary entries under the names that posts have: source, post, author, day, known_at, text, language, declared."""
    return _entries(entries.filter(english(pl.col("language"))))


def _entries(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.select(
        "day", "known_at", "text", "language", source=pl.lit("diary"), post="entry", author="person", declared=pl.lit(None, pl.String)
    )


def place(texts: pl.DataFrame, found: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """`found` (with `row`, a row of `texts`) with the columns of its text and its place; only texts with finds are placed."""
    telling = texts.with_row_index("row").join(found.select(pl.col("row").cast(pl.UInt32)).unique(), on="row", how="semi")
    placed = telling.select(pl.col("row").cast(pl.Int32), "source", "post", "author", "day", "known_at").hstack(
        gazetteer.resolve(telling["declared"], telling["text"])
    )
    return found.join(placed, on="row", how="left", maintain_order="left")


def _mentions(texts: pl.DataFrame, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers) -> pl.DataFrame:
    found = read_languages(texts["text"], texts["language"], vocabulary, taggers).filter(pl.col("type") != "event")
    # Only beside a drug can a symptom be its effect or its reason: in the sentence, or the one drug of the whole text.
    plays = pl.col("role").is_in(_ROLES) & (pl.col("type") != "drug") & (pl.col("drug_near") | (pl.col("drugs") == 1))
    found = found.with_columns(role=pl.when(plays).then("role").otherwise(pl.lit("none")))
    return place(texts, found, gazetteer).select(*Mentions.columns).sort("source", "post", "author", "start")
