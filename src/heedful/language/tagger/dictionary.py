"""The strings of the examples, and the terms of a vocabulary, as marks on tokens: what a tagger has seen before."""

from __future__ import annotations

import polars as pl

from heedful.language.matching import TYPES, build_index, find
from heedful.language.rules import RULE_COLUMNS
from heedful.language.vocabulary import Vocabulary

DICTIONARY = len(TYPES)
"""Kind of the marks that a dictionary makes; a vocabulary's are the places of their types in `TYPES`."""

MARK_COLUMNS = {"post": pl.Int32, "start": pl.Int32, "end": pl.Int32, "kind": pl.Int32}


def learn_dictionary(texts: pl.Series, spans: pl.DataFrame, rows: pl.Series, trusted: float) -> pl.Series:
    """Strings of the spans in `rows` of the texts that are marked at no less than a share of `trusted` of their occurrences there."""
    own = spans.filter(pl.col("post").is_in(rows.implode()))
    said = pl.col("text").bin.slice(pl.col("start"), pl.col("end") - pl.col("start")).cast(pl.String, strict=False)
    text = texts.gather(own["post"]).cast(pl.Binary).alias("text")
    strings = own.with_columns(text).select(term=said.str.to_lowercase())["term"].drop_nulls().unique().sort()
    found = _occurrences(texts, strings, rows)
    marked = own.select("post", "start", "end", right=pl.lit(1)).unique()
    found = found.join(marked, on=["post", "start", "end"], how="left", maintain_order="left")
    share = found.group_by("term").agg(pl.col("right").fill_null(0).mean())
    return strings.gather(share.filter(pl.col("right") >= trusted)["term"].sort())


def dictionary_marks(texts: pl.Series, strings: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """Where the strings stand in `rows` of the texts, as marks (`MARK_COLUMNS`)."""
    return _occurrences(texts, strings, rows).select("post", "start", "end", kind=pl.lit(DICTIONARY, pl.Int32))


def vocabulary_marks(texts: pl.Series, vocabulary: Vocabulary | None) -> pl.DataFrame:
    """Where terms of a vocabulary stand in the texts, as marks."""
    if vocabulary is None:
        return pl.DataFrame(schema=MARK_COLUMNS)
    found = find(texts, vocabulary.index).filter(pl.col("term") < vocabulary.terms.height)
    kind = vocabulary.terms["type"].replace_strict(list(TYPES), range(len(TYPES)), return_dtype=pl.Int32)
    return found.select("post", "start", "end", kind=kind.gather(found["term"]))


def _occurrences(texts: pl.Series, strings: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """Columns post (row of `texts`), start, end, term (row of `strings`)."""
    types = pl.Series([TYPES[0]], dtype=pl.String).new_from_index(0, strings.len())
    found = find(texts.gather(rows), build_index(strings, types, pl.DataFrame(schema=RULE_COLUMNS)))
    return found.select(rows.cast(pl.Int32).gather(found["post"]).alias("post"), "start", "end", "term")
