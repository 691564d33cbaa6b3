"""The likeliest tags of a chain (Viterbi) in whole numbers, and how probable each span of them is (forward-backward).

Tags as in `heedful.language.tagger.tags`: after tag 0 (outside), E and W come the tags that are not I or E; after B and I of a type come
I and E of that type. So most of the square of steps is never looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inner
from heedful.language.kernels.lanes import (
    LANES,
    add_times,
    largest_of_lanes,
    product_of_lanes,
    set_exponentials,
    set_lanes,
    set_product,
    set_times,
    settle,
    take_better,
)

NEVER = -(1 << 29)
"""Score of what cannot be; a score is cut off at twice that."""

_FAINT = 1e-12
"""A tag this improbable is not followed further."""


class Steps(NamedTuple):
    """Scores of going from tag to tag, in the units of `emissions.Scores`. Every vector has a number for each of the tags 1, 2, …"""

    begin: npt.NDArray[np.int32]
    after: npt.NDArray[np.int32]
    """By tag from 0 on: a vector."""
    outside: npt.NDArray[np.int32]
    """By tag from 0 on: of going outside; last, of beginning there."""
    end: npt.NDArray[np.int32]
    end_outside: int
    hopeless: npt.NDArray[np.int32]
    """By tag 1, 2, …: up to this score, coming from outside is at least as good wherever one goes."""
    going: npt.NDArray[np.float64]
    """Exponentials of all scores: by tag 1, 2, … a vector of going to each; then one of going there from outside, of beginning there, of
    ending there, and of going outside from there."""
    coming: npt.NDArray[np.float64]
    """The first of them by the tag that is gone to."""
    single: npt.NDArray[np.float64]
    """Exponentials of the scores of tag 0: of staying outside, of beginning there, of ending there."""
    unit: float


OUTSIDE, BEGIN, END, TO_OUTSIDE = range(4)
"""Vectors of `Steps.going` after those of the tags; the first three are places in `Steps.single` too."""


class Path(NamedTuple):
    """What finding the likeliest tags needs: scores of two tokens, where each tag of each token came from, spans found."""

    now: npt.NDArray[np.int32]
    best: npt.NDArray[np.int32]
    came: npt.NDArray[np.uint8]
    spans: npt.NDArray[np.int32]
    """Spans from the last to the first: first token, last token, type."""
    shares: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float64]
    beta: npt.NDArray[np.float64]
    grown: npt.NDArray[np.float64]
    """By token a vector: exponentials of the scores. Those of tag 0 stand apart, here as in `alpha` and `beta`."""
    alpha_outside: npt.NDArray[np.float64]
    beta_outside: npt.NDArray[np.float64]
    grown_outside: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    ahead: npt.NDArray[np.float64]


@inner
def likeliest(n, types, scores, steps, path):  # type: ignore[no-untyped-def]
    """Spans of the likeliest tags of `n` tokens into `path.spans`; how many. `scores` begin at token -3."""
    now, best, came = path.now, path.best, path.came
    width = steps.begin.size
    for i in range(n):
        back, at = i * (width + 1), (i + 3) * width
        if i == 0:
            outside = np.int64(steps.outside[width + 1])
            for b in range(0, width, LANES):
                set_lanes(best, b, steps.begin, b)
        else:
            outside = _step(back, types, width, now, best, came, steps)
        for b in range(0, width, LANES):
            settle(now, b, best, scores, at + b, outside, 2 * NEVER)
    tag, top = np.int64(0), np.int64(steps.end_outside)
    for k in range(width):
        if np.int64(now[k]) + np.int64(steps.end[k]) > top:
            tag, top = np.int64(k + 1), np.int64(now[k]) + np.int64(steps.end[k])
    found = 0
    for i in range(n - 1, -1, -1):
        role = (tag - 1) & 3
        if tag > 0 and role >= 2:
            path.spans[found, 1], path.spans[found, 2] = i, (tag - 1) >> 2
            found += 1
        if tag > 0 and (role == 0 or role == 3):
            path.spans[found - 1, 0] = i
        tag = np.int64(came[i * (width + 1) + tag])
    return found


@inner
def _step(back, types, width, now, best, came, steps):  # type: ignore[no-untyped-def]
    """The best way to each tag of a token; scores count from that of tag 0 at the token before. Returns the best score of tag 0."""
    after = steps.after
    outside, whence = np.int64(steps.outside[0]), 0
    for b in range(0, width, LANES):
        set_lanes(best, b, after, b)
    for k in range(width + 1):
        came[back + k] = 0
    for t in range(types):
        for j in (4 * t + 2, 4 * t + 3):
            here = now[j]
            if here > steps.hopeless[j]:
                row = (j + 1) * width
                for b in range(0, width, LANES):
                    take_better(best, b, came, back + 1 + b, here, after, row + b, np.uint8(j + 1))
                if np.int64(here) + steps.outside[j + 1] > outside:
                    outside, whence = np.int64(here) + steps.outside[j + 1], j + 1
    came[back] = whence
    for t in range(types):
        b = 4 * t
        for k in (b + 1, b + 2):
            from_begin = now[b] + after[(b + 1) * width + k]
            from_inside = now[b + 1] + after[(b + 2) * width + k]
            best[k] = max(from_begin, from_inside)
            came[back + 1 + k] = b + 1 if from_begin >= from_inside else b + 2
    return outside


@inner
def probabilities(n, found, types, scores, steps, path):  # type: ignore[no-untyped-def]
    """The probability of each span of `path.spans`, given the chain, into `path.shares`."""
    width, alpha, grown = steps.begin.size, path.alpha, path.grown
    first, last = np.int64(path.spans[found - 1, 1]), np.int64(path.spans[0, 1])
    for s in range(found):
        first = min(first, np.int64(path.spans[s, 0]))
    for i in range(n):
        at, row, before = (i + 3) * width, i * width, (i - 1) * width
        top = np.int64(0)
        for b in range(0, width, LANES):
            top = max(top, largest_of_lanes(scores, at + b))
        for b in range(0, width, LANES):
            set_exponentials(grown, row + b, scores, at + b, top, steps.unit)
        path.grown_outside[i] = np.exp(-top * steps.unit)
        if i > last:
            continue
        if i == 0:
            outside = steps.single[BEGIN]
            for b in range(0, width, LANES):
                set_lanes(alpha, row + b, steps.going, (width + BEGIN) * width + b)
        else:
            outside = _onward(row, before, path.alpha_outside[i - 1], types, width, alpha, steps)
        outside *= path.grown_outside[i]
        total = outside
        for b in range(0, width, LANES):
            total += set_product(alpha, row + b, alpha, row + b, grown, row + b)
        path.scale[i] = total
        path.alpha_outside[i] = outside / total
        for b in range(0, width, LANES):
            set_times(alpha, row + b, 1.0 / total, alpha, row + b)
    _backward(n, first, types, steps, path)
    for s in range(found):
        _share(s, width, steps, path)


@inner
def _onward(row, before, outside, types, width, alpha, steps):  # type: ignore[no-untyped-def]
    """Forward variables of a token from those of the token before; returns that of tag 0."""
    going = steps.going
    for b in range(0, width, LANES):
        set_times(alpha, row + b, outside, going, (width + OUTSIDE) * width + b)
    found = outside * steps.single[OUTSIDE]
    for t in range(types):
        b = 4 * t
        for j in (b + 2, b + 3):
            share = alpha[before + j]
            if share > _FAINT:
                for lanes in range(0, width, LANES):
                    add_times(alpha, row + lanes, share, going, j * width + lanes)
                found += share * going[(width + TO_OUTSIDE) * width + j]
        for j in (b, b + 1):
            for k in (b + 1, b + 2):
                alpha[row + k] += alpha[before + j] * going[j * width + k]
    return found


@inner
def _backward(n, first, types, steps, path):  # type: ignore[no-untyped-def]
    """Backward variables from the end to token `first`, those of each token up to a common factor."""
    width, going, coming = steps.begin.size, steps.going, steps.coming
    beta, ahead = path.beta, path.ahead
    path.beta_outside[n - 1] = steps.single[END]
    for b in range(0, width, LANES):
        set_lanes(beta, (n - 1) * width + b, going, (width + END) * width + b)
    for i in range(n - 2, first - 1, -1):
        row, then = i * width, (i + 1) * width
        outside = path.beta_outside[i + 1] * path.grown_outside[i + 1]
        total = outside
        for b in range(0, width, LANES):
            total += set_product(ahead, b, beta, then + b, path.grown, then + b)
            set_times(beta, row + b, outside, going, (width + TO_OUTSIDE) * width + b)
        least = total * _FAINT
        for t in range(types):
            b = 4 * t
            for k in (b, b + 3):
                if ahead[k] > least:
                    for lanes in range(0, width, LANES):
                        add_times(beta, row + lanes, ahead[k], coming, k * width + lanes)
            for j in (b, b + 1):
                beta[row + j] = ahead[b + 1] * going[j * width + b + 1] + ahead[b + 2] * going[j * width + b + 2]
        outside *= steps.single[OUTSIDE]
        for b in range(0, width, LANES):
            outside += product_of_lanes(ahead, b, going, (width + OUTSIDE) * width + b)
            set_times(beta, row + b, 1.0 / total, beta, row + b)
        path.beta_outside[i] = outside / total


@inner
def _share(s, width, steps, path):  # type: ignore[no-untyped-def]
    """Forward up to the span's first tag, along the span, and backward from its last, as a share of all ways through its last token."""
    first, last, b = np.int64(path.spans[s, 0]), np.int64(path.spans[s, 1]), 4 * np.int64(path.spans[s, 2])
    every = path.alpha_outside[last] * path.beta_outside[last]
    for lanes in range(0, width, LANES):
        every += product_of_lanes(path.alpha, last * width + lanes, path.beta, last * width + lanes)
    tag = b + 3 if first == last else b
    share = path.alpha[first * width + tag]
    for i in range(first + 1, last + 1):
        then = b + 2 if i == last else b + 1
        share *= steps.going[tag * width + then] * path.grown[i * width + then] / path.scale[i]
        tag = then
    path.shares[s] = min(share * path.beta[last * width + tag] / every, 1.0)
