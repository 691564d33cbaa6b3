"""The columns that runs of words and of characters fall into: the hashes that learning and running a head share."""

from __future__ import annotations

import numpy as np

from heedful.language.kernels.compiling import inlined

BITS = 20
"""Columns of a block of features are 2 to this power; two n-grams that share a column share a weight."""

BASIS, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
SPREAD = np.uint64(0x9E3779B97F4A7C15)
EDGE = np.uint64(0x01)
"""The mark at either end of a word."""

_HALF, _29 = np.uint64(32), np.uint64(29)


@inlined
def mix_byte(state, byte):  # type: ignore[no-untyped-def]
    """One step of FNV-1a."""
    return (state ^ byte) * PRIME


@inlined
def mix_word(state, hashed):  # type: ignore[no-untyped-def]
    """The state of a run of words, one word on."""
    state = (state ^ hashed) * SPREAD
    return state ^ (state >> _29)


@inlined
def column_at(state, bits):  # type: ignore[no-untyped-def]
    """The column of a hash: its high bits, once all bits have reached them."""
    state = (state ^ (state >> _HALF)) * SPREAD
    return np.int32(state >> np.uint64(64 - bits))
