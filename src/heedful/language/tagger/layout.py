"""A tagger's weights laid out for kernels: whole numbers that count from tag 0, and sums for what never changes from text to text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from heedful.language.kernels.emissions import Scores
    from heedful.language.kernels.likeliest import Steps
    from heedful.language.tagger.tagger import Tagger

_MOST_FEATURES = 96
"""Of one token."""

_FINEST = 1 << 28
"""No sum of so many features leaves this range, so that two of them and what cannot be fit 32 bits."""

_OUTSIDE = np.uint64(7)

Rows = npt.NDArray[np.int32]


def unit_of(tagger: Tagger) -> float:
    """What one step of the whole numbers is worth: the finest power of two that leaves room for the sums."""
    largest = max(float(np.abs(tagger.weights - tagger.weights[:, :1]).max(initial=0.0)), 1e-3)
    return float(2.0 ** -math.floor(math.log2(_FINEST / (_MOST_FEATURES * largest))))


def scores_of(tagger: Tagger) -> Scores:
    """The weights as `heedful.language.kernels.emissions` reads them."""
    from heedful.language.kernels.emissions import Scores
    from heedful.language.kernels.lanes import LANES
    from heedful.language.kernels.token_features import GAP_SLOT, LIST, NEAR, SIGN

    blocks = -(-(tagger.weights.shape[1] - 1) // LANES)
    bits = np.uint64(64 - tagger.recipe.bits)
    relative = whole(tagger.weights[:, 1:].astype(np.float64) - tagger.weights[:, :1], unit_of(tagger))
    kept = np.flatnonzero(relative.any(axis=1))
    where = np.zeros(tagger.weights.shape[0], np.int32)
    where[kept] = np.arange(1, kept.size + 1)
    rows = np.zeros((kept.size + 1, blocks * LANES), np.int32)
    rows[1:, : relative.shape[1]] = relative[kept]

    def of(value: npt.ArrayLike, seed: npt.ArrayLike) -> Rows:
        return rows[where[mixed(np.asarray(value, np.uint64), np.asarray(seed, np.uint64)) >> bits]]

    near = NEAR.astype(np.uint64)
    beside = [of(_OUTSIDE, 100 * (step + 4) + near).sum(axis=0, dtype=np.int32) for step in (-1, 1)]
    far = {step: of(_OUTSIDE, 100 * (step + 4)) for step in (-3, -2, 2, 3)}
    outside = np.stack([far[-3], far[-2], *beside, far[2], far[3]])
    sign, gap = np.divmod(np.arange(1024, dtype=np.uint64), np.uint64(4))
    known = (sign != 0)[:, None].astype(np.int32)  # a null byte before a token is as nothing
    before = [of(sign, base + SIGN) * known + of(gap + np.uint64(1), base + GAP_SLOT) for base in (500, 1, 300)]
    after = np.array([1, 2, 3, 4, 9], np.uint64)
    gaps = of((after[:, None] * np.uint64(16) + np.arange(1, 5, dtype=np.uint64)).ravel(), 3000)
    lists = of(np.arange(37), LIST + 1)
    flat = [np.ascontiguousarray(table).ravel() for table in (rows[1:], outside, np.stack(before, axis=1), gaps, lists)]
    bit = np.packbits(where > 0, bitorder="little").view(np.uint64)
    up_to = np.searchsorted(kept, np.arange(64, where.size + 1, 64)).astype(np.uint64)
    return Scores(blocks, bits, tagger.recipe.grams, np.column_stack([bit, up_to]).ravel(), *flat)


def steps_of(tagger: Tagger, caution: float) -> Steps:
    """The scores of going from tag to tag; `caution` is taken from those of beginning a span."""
    from heedful.language.kernels.lanes import LANES
    from heedful.language.kernels.likeliest import NEVER, Steps
    from heedful.language.tagger.chain import NEVER as NEVER_LEARNED

    unit, tags = unit_of(tagger), tagger.steps.shape[1]
    width = -(-(tags - 1) // LANES) * LANES
    enters = np.isin(np.arange(tags) % 4, (0, 1)) & (np.arange(tags) > 0)
    scores = np.full((tags + 2, 1 + width), NEVER, np.int32)
    can = tagger.steps > NEVER_LEARNED / 2
    cautious = tagger.steps - np.where(enters, caution, 0.0)
    cautious[-1] = tagger.steps[-1]
    scores[:, :tags][can] = whole(cautious[can], unit)
    hopeless = np.full(width, NEVER, np.int64)
    for j in range(1, tags):
        if can[j, 0]:
            hopeless[j - 1] = (scores[0].astype(np.int64) - scores[j])[np.flatnonzero(can[0])].min()
    moves = np.where(can, np.exp(np.where(can, cautious, 0.0)), 0.0)
    return Steps(
        begin=scores[tags, 1:].copy(),
        after=scores[:tags, 1:].ravel(), outside=_outside(scores, tags, width),
        end=scores[tags + 1, 1:].copy(),
        end_outside=int(scores[tags + 1, 0]), hopeless=hopeless.astype(np.int32), **_exponentials(moves, width), unit=unit,
    )  # fmt: skip


def _exponentials(moves: npt.NDArray[np.float64], width: int) -> dict[str, npt.NDArray[np.float64]]:
    """`Steps.going`, `coming` and `single` from the exponentials of all scores, shape (tags + 2, tags)."""
    tags = moves.shape[1]
    going = np.zeros((width + 4, width))
    going[: tags - 1, : tags - 1] = moves[1:tags, 1:]
    for vector, row in enumerate((moves[0, 1:], moves[tags, 1:], moves[tags + 1, 1:], moves[1:tags, 0])):
        going[width + vector, : tags - 1] = row
    single = np.array([moves[0, 0], moves[tags, 0], moves[tags + 1, 0]])
    return {"going": going.ravel(), "coming": np.ascontiguousarray(going[:width].T).ravel(), "single": single}


def whole(values: npt.NDArray[np.float64], unit: float) -> Rows:
    """The nearest whole numbers of units."""
    return np.rint(values / unit).astype(np.int32)


def mixed(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """`heedful.language.kernels.token_features.mix` of arrays."""
    mix = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
    with np.errstate(over="ignore"):
        h = (a ^ (b * mix[0])) * mix[1]
    return np.asarray(h ^ (h >> np.uint64(32)), np.uint64)


def _outside(scores: Rows, tags: int, width: int) -> Rows:
    """Of going outside: by tag from 0 on, and last of beginning there."""
    column = np.full(width + 2, scores[:tags, 0].min(), np.int32)
    column[:tags], column[width + 1] = scores[:tags, 0], scores[tags, 0]
    return column
