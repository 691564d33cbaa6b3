"""Texts as tokens with hashed features: the border between frames and kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table


class Tokens(NamedTuple):
    """Tokens of many texts in order: their text, their bytes in it, the gap before (`kernels.tokens`), and the features of each."""

    text: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    gap: npt.NDArray[np.int8]
    feature_at: npt.NDArray[np.int64]
    features: npt.NDArray[np.int32]


def features_of(texts: pl.Series, marks: pl.DataFrame, *, bits: int, grams: bool) -> Tokens:
    """Tokens and features of texts.

    Parameters
    ----------
    marks: columns post, start, end (bytes), kind (0 to 5): spans that a vocabulary or a dictionary knows.
    bits: features are numbers below 2**bits.
    grams: whether runs of four letters within words count.
    """
    from heedful.language.kernels import token_features as kernels

    offsets, data = text_buffers(texts)
    table = fold_table()
    text, start, end, gap, slots, gram_at, runs = kernels.token_rows(data, offsets, table.classes, table.at, table.folded)
    tokens = Tokens(text, start - offsets[text], end - offsets[text], gap, gram_at, np.empty(0, np.int32))
    _mark(tokens, slots, marks)
    if not grams:
        gram_at, runs = np.zeros_like(gram_at), runs[:0]
    feature_at, features = kernels.fill_features(text, slots, gram_at, runs, kernels.PAIRS, kernels.NEAR, bits)
    return tokens._replace(feature_at=feature_at, features=features)


def places_of(spans: pl.DataFrame, tokens: Tokens) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First token and the one after the last of each span (post, start, end in bytes) that it touches; equal if it touches none."""
    wide = np.int64(1) << 32
    text, post = tokens.text.astype(np.int64) * wide, spans["post"].to_numpy().astype(np.int64) * wide
    first = np.searchsorted(text + tokens.end, post + spans["start"].to_numpy(), side="right")
    after = np.searchsorted(text + tokens.start, post + spans["end"].to_numpy(), side="left")
    return first, np.maximum(first, after)


def _mark(tokens: Tokens, slots: npt.NDArray[np.uint64], marks: pl.DataFrame) -> None:
    """Write into `slots` how each token stands in the marks of each kind."""
    from heedful.language.kernels import token_features as kernels

    n, kinds = tokens.text.size, marks["kind"].to_numpy()
    first, after = places_of(marks, tokens)
    for kind in np.unique(kinds):
        mine = (kinds == kind) & (after > first)
        depth, begins, ends = np.zeros(n + 1, np.int64), np.zeros(n, bool), np.zeros(n, bool)
        np.add.at(depth, first[mine], 1)
        np.add.at(depth, after[mine], -1)
        begins[first[mine]], ends[after[mine] - 1] = True, True
        slots[:, kernels.MARKS + kind] = np.where(np.cumsum(depth[:-1]) > 0, 1 + begins + 2 * ends, 0)
