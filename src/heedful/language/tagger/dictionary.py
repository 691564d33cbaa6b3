"""The strings of the examples, and the terms of a vocabulary, as marks on tokens: what a tagger has seen before."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import polars as pl

from heedful.language.matching import TYPES, build_index, find
from heedful.language.rules import RULE_COLUMNS
from heedful.language.vocabulary import Vocabulary

if TYPE_CHECKING:
    from heedful.language.kernels.index import Index

DICTIONARY = len(TYPES)
"""Kind of the marks that a dictionary makes; a vocabulary's are the places of their types in `TYPES`."""

MARK_COLUMNS = {"post": pl.Int32, "start": pl.Int32, "end": pl.Int32, "kind": pl.Int32}


def learn_dictionary(texts: pl.Series, spans: pl.DataFrame, rows: pl.Series, trusted: float) -> pl.Series:
    """Strings of the spans in `rows` of the texts that are marked at no less than a share of `trusted` of their occurrences there."""
    own = spans.filter(pl.col("post").is_in(rows.implode()))
    said = pl.col("text").bin.slice(pl.col("start"), pl.col("end") - pl.col("start")).cast(pl.String, strict=False)
    text = texts.gather(own["post"]).cast(pl.Binary).alias("text")
    strings = own.with_columns(text).select(term=said.str.to_lowercase())["term"].drop_nulls().unique().sort()
    found = occurrences(texts, strings_index(strings), rows)
    marked = own.select("post", "start", "end", right=pl.lit(1)).unique()
    found = found.join(marked, on=["post", "start", "end"], how="left", maintain_order="left")
    share = found.group_by("term").agg(pl.col("right").fill_null(0).mean())
    return strings.gather(share.filter(pl.col("right") >= trusted)["term"].sort())


def dictionary_marks(texts: pl.Series, strings: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """Where the strings stand in `rows` of the texts, as marks (`MARK_COLUMNS`)."""
    return occurrences(texts, strings_index(strings), rows).select("post", "start", "end", kind=pl.lit(DICTIONARY, pl.Int32))


def vocabulary_marks(texts: pl.Series, vocabulary: Vocabulary | None) -> pl.DataFrame:
    """Where terms of a vocabulary stand in the texts, as marks."""
    if vocabulary is None:
        return pl.DataFrame(schema=MARK_COLUMNS)
    return marks_of(find(texts, vocabulary.index), vocabulary)


def marks_of(found: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """What `find` found of a vocabulary's terms, as marks."""
    terms = found.filter(pl.col("term") < vocabulary.terms.height)
    return terms.select("post", "start", "end", kind=pl.lit(_kinds(vocabulary)).gather(pl.col("term")))


@functools.lru_cache(8)
def _kinds(vocabulary: Vocabulary) -> pl.Series:
    return vocabulary.terms["type"].replace_strict(list(TYPES), range(len(TYPES)), return_dtype=pl.Int32)


def strings_index(strings: pl.Series) -> Index:
    """Strings as an index for `occurrences`."""
    types = pl.Series([TYPES[0]], dtype=pl.String).new_from_index(0, strings.len())
    return build_index(strings, types, pl.DataFrame(schema=RULE_COLUMNS))


def occurrences(texts: pl.Series, index: Index, rows: pl.Series) -> pl.DataFrame:
    """Where strings stand in `rows` of the texts: columns post (row of `texts`), start, end, term (row of the strings)."""
    found = find(texts.gather(rows), index)
    return found.select(rows.cast(pl.Int32).gather(found["post"]).alias("post"), "start", "end", "term")
