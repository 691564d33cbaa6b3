"""From a table of terms and one of rules to an index, and from texts to rows found: the border between frames and kernels."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table
from heedful.language.rules import EVENT, GROUP, NEXT, rule_table

if TYPE_CHECKING:
    from heedful.language.kernels.index import Index

TYPES = ("symptom", "condition", "drug", "place")
MOST_WORDS = 8
"""Words of the longest term that is used."""

LONGEST_WORD = 64
"""Bytes of the longest word that is known; a plural may need two more."""

_PIECE = 1 << 27
"""Bytes of text handed to the kernel at once, so that memory stays bounded."""


def find(texts: pl.Series, index: Index) -> pl.DataFrame:
    """Mentions and events in `texts`, as numbers: the columns of `heedful.language.kernels.scan.COLUMNS`, all Int32.

    `post` is the row of the text; `start` and `end` are byte offsets in it; a missing text holds nothing. Texts that together
    exceed 128 MB are read in pieces; a text's rows do not depend on its neighbours.
    """
    from heedful.language.kernels.scan import COLUMNS, scan

    parts, first = [], 0
    for piece in _pieces(texts.fill_null("")):
        offsets, data = text_buffers(piece)
        rows = scan(data, offsets, index)
        parts.append(pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Int32)).with_columns(pl.col("post") + first))
        first += piece.len()
    return pl.concat(parts)


def word_ids(words: pl.Series) -> pl.DataFrame:
    """Ids of distinct folded words, where an English plural and its singular are one: columns word, id (Int32, dense).

    >>> word_ids(pl.Series(["headache", "rash"])).sort("word").rows()
    [('headache', 0), ('headaches', 0), ('rash', 1), ('rashes', 1)]
    """
    known = pl.DataFrame({"word": words.unique()}, schema={"word": pl.String})
    word = pl.col("word")
    regular = word.str.len_chars().is_between(4, LONGEST_WORD - 2) & word.str.contains(r"^[a-z]+$")
    hissing, consonant_y = word.str.contains(r"(?:[sxz]|[cs]h)$"), word.str.contains(r"[^aeiou]y$")
    plural = pl.when(hissing).then(word + "es").when(consonant_y).then(word.str.head(-1) + "ies").otherwise(word + "s")
    formed = known.filter(regular).select(word=plural, one=word)
    one = known.join(formed, on="word", how="left").group_by("word").agg(pl.col("one").max()).select("word", one=pl.coalesce("one", "word"))
    more = formed.join(known, on="word", how="anti").group_by("word").agg(pl.col("one").max())
    more = more.join(one.rename({"word": "one", "one": "root"}), on="one").select("word", one="root")
    return pl.concat([one, more]).sort("word").select("word", id=(pl.col("one").rank("dense") - 1).cast(pl.Int32))


def build_index(terms: pl.Series, types: pl.Series, rules: pl.DataFrame, spelling: pl.DataFrame | None = None) -> Index:
    """The index of `terms` (text, the first of equal ones counts) with their `types` (of `TYPES`), and of `rules`.

    `spelling`: columns written, word: folded forms that are read as a word, if it is one here and the form is none.

    A term with a comma, bracket or sentence end between its words, with a word of more than 64 bytes, or with more than
    `MOST_WORDS` words is never found. Raises `SettingsError` on a rule that cannot be used.
    """
    from heedful.language.kernels.build import fill_trie, fill_words
    from heedful.language.kernels.index import ALONE, EVENTFUL, FLAGS, TERM_ROOT, Index

    phrases = pl.concat([terms.cast(pl.String).rename("phrase"), rules["phrase"].cast(pl.String)])
    tokens = _tokens(phrases)
    known = spelled(word_ids(tokens["word"]), spelling)
    tokens = tokens.join(known, on="word", maintain_order="left")
    size = known["id"].n_unique() + 1

    tags = np.zeros(_power(2 * known.height), np.uint8)
    words = np.zeros((tags.size, 4), np.uint64)
    wide = np.zeros(int((known["word"].str.len_bytes().cast(pl.Int64) - 16).clip(0).sum()) + 1, np.uint8)
    at, blob = text_buffers(known["word"])
    fill_words(blob, at[1:], known["id"].to_numpy(), tags, words, wide)

    numbers = rule_table(rules)
    is_rule = np.arange(phrases.len()) >= terms.len()
    nodes = tokens.height + 2
    roots = np.zeros((size, 4), np.int32)
    steps = np.full((_power(4 * nodes), 2), -1, np.int64)
    bloom = np.zeros(min(_power(nodes // 4), 1 << 18), np.uint64)
    term_at, rule_at = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    chain = np.full(rules.height, -1, np.int32)
    phrase_of, ids = tokens["phrase"].to_numpy().astype(np.int32), tokens["id"].to_numpy().astype(np.int32)
    fill_trie(phrase_of, ids, is_rule, chain, roots, steps, bloom, term_at, rule_at)
    numbers[:, NEXT] = chain

    roots[:, FLAGS] = ALONE * ((roots[:, TERM_ROOT] > 0) & (term_at[roots[:, TERM_ROOT]] >= 0))
    eventful = np.flatnonzero(numbers[:, GROUP] == EVENT) + terms.len()
    firsts = tokens.filter(pl.col("place") == 0, pl.col("phrase").is_in(eventful.tolist()))
    roots[firsts["id"].to_numpy(), FLAGS] |= EVENTFUL
    kinds = types.replace_strict(list(TYPES), range(len(TYPES)), return_dtype=pl.Int8).to_numpy().astype(np.int8)
    table = fold_table()
    return Index(tags, words, wide, roots, bloom, steps, term_at, rule_at, kinds, numbers, table.classes, table.at, table.folded)


def spelled(known: pl.DataFrame, spelling: pl.DataFrame | None) -> pl.DataFrame:
    """`word_ids` with the misspelled forms of its words, under the same ids."""
    if spelling is None or not spelling.height:
        return known
    more = spelling.select(pl.col("written").cast(pl.String), word=pl.col("word").cast(pl.String)).join(known, on="word")
    more = more.join(known, left_on="written", right_on="word", how="anti").unique("written", keep="first", maintain_order=True)
    return pl.concat([known, more.select(word="written", id="id")])


def _tokens(phrases: pl.Series) -> pl.DataFrame:
    """Folded words of usable phrases in order: phrase (its row), place (within it), word."""
    from heedful.language.kernels.tokens import fold_words

    table = fold_table()
    offsets, data = text_buffers(phrases)
    blob, ends, phrase, gaps = fold_words(data, offsets, table.classes, table.at, table.folded)
    folded, starts = blob.tobytes(), np.concatenate([np.zeros(1, np.int64), ends])
    words = [folded[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=False)]
    columns = {"phrase": phrase.astype(np.int64), "gap": gaps.astype(np.int64), "word": words}
    tokens = pl.DataFrame(columns, schema_overrides={"word": pl.Binary})
    tokens = tokens.with_columns(place=pl.int_range(pl.len()).over("phrase"))
    broken = (pl.col("gap") == 9) | (pl.col("gap") > 0) & (pl.col("place") > 0)
    usable = ~broken.any().over("phrase") & (pl.len().over("phrase") <= MOST_WORDS)
    return tokens.filter(usable).select("phrase", "place", pl.col("word").cast(pl.String))


def _power(least: int) -> int:
    """The power of two from `least` on."""
    return 1 << max(4, (least - 1).bit_length())


def _pieces(texts: pl.Series) -> list[pl.Series]:
    if not texts.len():
        return [texts.cast(pl.String)]
    piece = (texts.str.len_bytes().cast(pl.Int64).cum_sum() - 1).clip(0) // _PIECE
    cuts = [0, *(piece != piece.shift(1)).fill_null(False).arg_true().to_list(), texts.len()]
    return [texts.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
