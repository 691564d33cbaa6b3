"""What a column of texts says, as rows with words instead of numbers: the step that mentions and experiences share."""

from __future__ import annotations

import polars as pl

from heedful.language.matching import find
from heedful.language.rules import ASSERTIONS, EVENTS, EXPERIENCERS, ROLES, SEVERITIES
from heedful.language.vocabulary import FIGURE, Vocabulary


def read(texts: pl.Series, vocabulary: Vocabulary) -> pl.DataFrame:
    """One row a mention or event, by text and place in it.

    Columns: `row` of the text, `sentence` (number within the text), `start`, `end` (bytes), `surface`, `concept`, `label`, `type`
    (symptom, condition, drug, or 'event' with concept stop, switch or missed_dose), `assertion`, `experiencer`, `cue`, `severity`,
    `role` (all of `ROLES`), `drugs` (distinct drugs of the text), `drug_near` (whether the sentence names one).
    Figures of speech are left out, with the words in them. A missing text says nothing.
    """
    found = find(texts, vocabulary.index)
    terms, rules = vocabulary.terms, vocabulary.rules
    named = pl.concat(
        [
            terms.select("code", "label", "type"),
            rules.select(
                code=pl.when(pl.col("kind").is_in(EVENTS)).then("kind").otherwise(pl.lit("")), label=pl.lit(""), type=pl.lit("event")
            ),
        ]
    )
    meant = named.select(pl.all().gather(found["term"])) if found.height else named.clear()
    text = texts.gather(found["post"]).cast(pl.Binary)
    rows = found.select(
        pl.col("post").alias("row"),
        "sentence",
        "start",
        "end",
        _slice(text, "start", "end").alias("surface"),
        meant["code"].alias("concept"),
        meant["label"],
        meant["type"],
        _word(ASSERTIONS, "assertion"),
        _word(EXPERIENCERS, "experiencer"),
        pl.when(pl.col("cue_start") < 0).then(pl.lit("")).otherwise(_slice(text, "cue_start", "cue_end")).alias("cue"),
        _word(SEVERITIES, "severity"),
        _word(ROLES, "role"),
    )
    rows = rows.filter(pl.col("concept") != FIGURE)
    drug = pl.col("concept").filter(pl.col("type") == "drug")
    return rows.sort("row", "start", "type").with_columns(
        drugs=drug.n_unique().over("row"), drug_near=(pl.col("type") == "drug").any().over("row", "sentence")
    )


def english(language: pl.Expr) -> pl.Expr:
    """Whether a text may be read with English words: declared English, or not declared. (In French, 'pain' is bread.)"""
    return language.is_null() | language.str.contains(r"^(?i:en\b|und\b|$)")


def _word(words: tuple[str, ...], column: str) -> pl.Expr:
    return pl.lit(pl.Series(words)).gather(pl.col(column)).alias(column)


def _slice(text: pl.Series, start: str, end: str) -> pl.Expr:
    begin = pl.col(start).clip(0)
    return pl.lit(text).bin.slice(begin, (pl.col(end) - begin).clip(0)).cast(pl.String)
