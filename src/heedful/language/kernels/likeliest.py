"""The likeliest tags of a chain (Viterbi) in whole numbers, and how probable each span of them is (forward-backward).

Tags as in `heedful.language.tagger.tags`: after tag 0 (outside), E and W come the tags that are not I or E; after B and I of a type come
I and E of that type. So most of the square of steps is never looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inner

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
    moves: npt.NDArray[np.float64]
    """(tags + 2, tags): the exponentials of all scores, as `heedful.language.tagger.chain` has them."""
    unit: float


class Path(NamedTuple):
    """What finding the likeliest tags needs: scores of two tokens, where each tag of each token came from, spans found."""

    now: npt.NDArray[np.int32]
    best: npt.NDArray[np.int32]
    came: npt.NDArray[np.uint8]
    spans: npt.NDArray[np.int32]
    """Spans from the last to the first: first token, last token, type."""
    shares: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float64]
    grown: npt.NDArray[np.float64]
    """By token and tag: exponentials of the scores."""
    scale: npt.NDArray[np.float64]
    beta: npt.NDArray[np.float64]


@inner
def likeliest(n, types, scores, steps, path):  # type: ignore[no-untyped-def]
    """Spans of the likeliest tags of `n` tokens into `path.spans`; how many. `scores` begin at token -3."""
    now, best, came = path.now, path.best, path.came
    width = steps.begin.size
    for i in range(n):
        back, at = i * (width + 1), (i + 3) * width
        if i == 0:
            outside = np.int64(steps.outside[width + 1])
            for k in range(width):
                best[k] = steps.begin[k]
        else:
            outside = _step(back, types, width, now, best, came, steps)
        for k in range(width):
            now[k] = max(np.int64(best[k]) + np.int64(scores[at + k]) - outside, 2 * NEVER)
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
    for k in range(width):
        best[k] = after[k]
    for k in range(width + 1):
        came[back + k] = 0
    for t in range(types):
        for j in (4 * t + 2, 4 * t + 3):
            here = now[j]
            if here > steps.hopeless[j]:
                row = (j + 1) * width
                for k in range(width):
                    value = here + after[row + k]
                    if value > best[k]:
                        best[k], came[back + 1 + k] = value, j + 1
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
    tags, width = 1 + 4 * types, steps.begin.size
    moves, alpha, grown, scale = steps.moves, path.alpha, path.grown, path.scale
    first, last = np.int64(path.spans[found - 1, 1]), np.int64(path.spans[0, 1])
    for i in range(n):
        at, row, before = (i + 3) * width, i * tags, (i - 1) * tags
        top = 0
        for k in range(tags - 1):
            top = max(top, scores[at + k])
        grown[row] = np.exp(-top * steps.unit)
        for k in range(tags - 1):
            grown[row + 1 + k] = np.exp((scores[at + k] - top) * steps.unit)
        if i > last:
            continue
        if i == 0:
            for k in range(tags):
                alpha[row + k] = moves[tags, k]
        else:
            for k in range(tags):
                alpha[row + k] = alpha[before] * moves[0, k]
            for t in range(types):
                b = 4 * t + 1
                for j in (b + 2, b + 3):
                    if alpha[before + j] > _FAINT:
                        for k in range(tags):
                            alpha[row + k] += alpha[before + j] * moves[j, k]
                for j in (b, b + 1):
                    for k in (b + 1, b + 2):
                        alpha[row + k] += alpha[before + j] * moves[j, k]
        total = 0.0
        for k in range(tags):
            alpha[row + k] *= grown[row + k]
            total += alpha[row + k]
        scale[i] = total
        for k in range(tags):
            alpha[row + k] /= total
    _backward(n, first, types, steps, path)
    for s in range(found):
        _share(s, tags, steps, path)


@inner
def _backward(n, first, types, steps, path):  # type: ignore[no-untyped-def]
    """Backward variables from the end to token `first`, those of each token up to a common factor."""
    tags = 1 + 4 * types
    moves, grown, beta = steps.moves, path.grown, path.beta
    for k in range(tags):
        beta[(n - 1) * tags + k] = moves[tags + 1, k]
    for i in range(n - 2, first - 1, -1):
        row, then = i * tags, (i + 1) * tags
        total = 0.0
        for j in range(tags):
            value = 0.0
            kind = (j - 1) & 3
            if j == 0 or kind >= 2:
                for k in range(tags):
                    value += moves[j, k] * grown[then + k] * beta[then + k]
            else:
                b = j - kind
                for k in (b + 1, b + 2):
                    value += moves[j, k] * grown[then + k] * beta[then + k]
            beta[row + j] = value
            total += value
        for j in range(tags):
            beta[row + j] /= total


@inner
def _share(s, tags, steps, path):  # type: ignore[no-untyped-def]
    """Forward up to the span's first tag, along the span, and backward from its last, as a share of all ways through its last token."""
    first, last, b = np.int64(path.spans[s, 0]), np.int64(path.spans[s, 1]), 4 * np.int64(path.spans[s, 2]) + 1
    every = 0.0
    for k in range(tags):
        every += path.alpha[last * tags + k] * path.beta[last * tags + k]
    tag = b + 3 if first == last else b
    share = path.alpha[first * tags + tag]
    for i in range(first + 1, last + 1):
        then = b + 2 if i == last else b + 1
        share *= steps.moves[tag, then] * path.grown[i * tags + then] / path.scale[i]
        tag = then
    path.shares[s] = min(share * path.beta[last * tags + tag] / every, 1.0)
