"""What stands at and around the mentions of a text: their kinds and attributes, the text with each mention as one word, and the words near.

So a head learns what is said of "a drug" or "a symptom" from all drugs and symptoms at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from heedful.language.heads.grams import Tokens, column_of, count_columns, hash_words, word_grams

NEAR = 4
"""Words to either side of a mention that count as near."""

MOST = 3
"""A kind of mention counts no further."""

_ATTRIBUTES = ("assertion", "experiencer", "role", "severity")


def mention_kinds(found: pl.DataFrame, texts: int) -> sparse.csr_array:
    """How many mentions of each type a text has, in all and by attribute; at most `MOST`. `found` is of `heedful.language.reading.read`."""
    names = [found["type"], *(found["type"] + ":" + found[attribute] for attribute in _ATTRIBUTES)]
    name = pl.concat([series.alias("name") for series in names])
    columns = {one: column_of(f"mention {one}") for one in name.unique().sort().to_list()}
    rows = np.tile(found["row"].to_numpy(), len(names)).astype(np.int32)
    column = name.replace_strict(columns, return_dtype=pl.Int32).to_numpy() if columns else np.zeros(0, np.int32)
    counts = count_columns(rows, column, texts)
    counts.data = np.minimum(counts.data, MOST)
    return counts


def marked_grams(tokens: Tokens, found: pl.DataFrame, longest: int = 3) -> sparse.csr_array:
    """Word n-grams of the texts in which every mention is one word, its type."""
    hashes, text, _ = _marked(tokens, found)
    return word_grams(hashes, text, tokens.texts, longest)


def near_grams(tokens: Tokens, found: pl.DataFrame, longest: int = 2) -> sparse.csr_array:
    """The same over the words within `NEAR` words of a mention only."""
    hashes, text, is_mention = _marked(tokens, found)
    near = is_mention.copy()
    for step in range(1, NEAR + 1):
        same = text[step:] == text[:-step]
        near[step:] |= is_mention[:-step] & same
        near[:-step] |= is_mention[step:] & same
    return word_grams(hashes[near], text[near], tokens.texts, longest)


def _marked(tokens: Tokens, found: pl.DataFrame) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Word hashes with each mention as one word, the text of each, and whether it is a mention."""
    hashes, place = hash_words(tokens), (tokens.text.astype(np.int64) << 34) | tokens.starts
    row = found["row"].cast(pl.Int64).to_numpy() << 34
    first = np.searchsorted(place, row | found["start"].cast(pl.Int64).to_numpy())
    last = np.searchsorted(place, row | found["end"].cast(pl.Int64).to_numpy())
    whole = first < last
    first, last = first[whole], last[whole]
    covered = np.zeros(hashes.size + 1, np.int64)
    np.add.at(covered, first, 1)
    np.add.at(covered, last, -1)
    is_mention = np.zeros(hashes.size, np.bool_)
    is_mention[first] = True
    kinds = {kind: np.uint64(column_of(f"type {kind}")) for kind in found["type"].unique().sort().to_list()}
    hashes[first] = np.array([kinds[kind] for kind in found["type"].filter(pl.Series(whole)).to_list()], np.uint64)
    kept = (np.cumsum(covered[:-1]) == 0) | is_mention
    return hashes[kept], tokens.text[kept], is_mention[kept]
