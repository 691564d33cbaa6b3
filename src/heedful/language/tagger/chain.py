"""A linear-chain conditional random field: learning by stochastic gradients, and the likeliest tags.

Lafferty, McCallum, Pereira (ICML 2001); step sizes after Duchi, Hazan, Singer (AdaGrad, JMLR 2011). The same model as CRFsuite's, with
a regularization that is paid when a feature is met.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import allocating, inner, stamp

NEVER = -1e4
"""Score of a forbidden step."""


@inner
def _emissions(first, n, tags, feature_at, features, weights, scores):  # type: ignore[no-untyped-def]
    for i in range(n):
        for k in range(tags):
            scores[i, k] = 0.0
        for f in range(feature_at[first + i], feature_at[first + i + 1]):
            for k in range(tags):
                scores[i, k] += weights[features[f], k]


@inner
def _forward_backward(n, tags, scores, steps, alpha, beta, scale):  # type: ignore[no-untyped-def]
    """Forward and backward variables of one chain, scaled token by token; `scores` become exponentials and `steps` are already so."""
    for i in range(n):
        top = scores[i, 0]
        for k in range(1, tags):
            top = max(top, scores[i, k])
        total = 0.0
        for k in range(tags):
            scores[i, k] = np.exp(scores[i, k] - top)
            before = steps[tags, k] if i == 0 else 0.0
            if i > 0:
                for j in range(tags):
                    before += alpha[i - 1, j] * steps[j, k]
            alpha[i, k] = before * scores[i, k]
            total += alpha[i, k]
        scale[i] = total
        for k in range(tags):
            alpha[i, k] /= total
    total = 0.0
    for k in range(tags):
        beta[n - 1, k] = steps[tags + 1, k]
        total += alpha[n - 1, k] * beta[n - 1, k]
    for k in range(tags):
        beta[n - 1, k] /= total
    for i in range(n - 2, -1, -1):
        for j in range(tags):
            beta[i, j] = 0.0
            for k in range(tags):
                beta[i, j] += steps[j, k] * scores[i + 1, k] * beta[i + 1, k]
            beta[i, j] /= scale[i + 1]


def _learn(source: int) -> Any:
    @allocating
    def learn(feature_at, features, chain_at, gold, allowed, rows, orders, rate, decay, drop, noise):  # type: ignore[no-untyped-def]
        """Weights (rows, tags) and steps (tags + 2, tags; the last two rows begin and end a chain) of a field learned from `gold`.

        One pass over the chains for each row of `orders`; what is returned is the mean over the passes of the second half. `decay`: how
        strongly each weight is drawn to zero whenever its feature is met; `drop`: the share of features hidden at each meeting, chosen
        by the numbers in `noise` (uint32), so that no single word carries all the weight.
        """
        _ = source
        tags, longest = allowed.shape[1], np.int64(1)
        for c in range(chain_at.size - 1):
            longest = max(longest, chain_at[c + 1] - chain_at[c])
        weights, squares = np.zeros((rows, tags), np.float32), np.full((rows, tags), 1e-6, np.float32)
        steps, step_squares = np.zeros((tags + 2, tags)), np.full((tags + 2, tags), 1e-6)
        mean, step_mean, seen = np.zeros((rows, tags), np.float32), np.zeros((tags + 2, tags)), 0
        scores, alpha, beta = np.empty((longest, tags)), np.empty((longest, tags)), np.empty((longest, tags))
        scale, gradient, moves, step_gradient = np.empty(longest), np.empty(tags), np.empty((tags + 2, tags)), np.empty((tags + 2, tags))
        hidden = np.uint32(drop * 4294967295.0)
        lift = 1.0 / (1.0 - drop)
        at = 0
        for epoch in range(orders.shape[0]):
            for chain in orders[epoch]:
                first, n = chain_at[chain], chain_at[chain + 1] - chain_at[chain]
                if n == 0:
                    continue
                begin = at
                for i in range(n):
                    for k in range(tags):
                        scores[i, k] = 0.0
                    for f in range(feature_at[first + i], feature_at[first + i + 1]):
                        at += 1
                        if noise[at % noise.size] < hidden:
                            continue
                        for k in range(tags):
                            scores[i, k] += lift * weights[features[f], k]
                for j in range(tags + 2):
                    for k in range(tags):
                        moves[j, k] = np.exp(steps[j, k]) if allowed[j, k] else 0.0
                        step_gradient[j, k] = 0.0
                _forward_backward(n, tags, scores, moves, alpha, beta, scale)
                at = begin
                for i in range(n):
                    for k in range(tags):
                        gradient[k] = alpha[i, k] * beta[i, k] - (1.0 if gold[first + i] == k else 0.0)
                    for f in range(feature_at[first + i], feature_at[first + i + 1]):
                        at += 1
                        if noise[at % noise.size] < hidden:
                            continue
                        row = features[f]
                        for k in range(tags):
                            g = gradient[k] + decay * weights[row, k]
                            squares[row, k] += g * g
                            weights[row, k] -= rate * g / np.sqrt(squares[row, k])
                    for k in range(tags):
                        step_gradient[tags, k] += gradient[k] if i == 0 else 0.0
                        step_gradient[tags + 1, k] += gradient[k] if i == n - 1 else 0.0
                    if i > 0:
                        for j in range(tags):
                            for k in range(tags):
                                pair = alpha[i - 1, j] * moves[j, k] * scores[i, k] * beta[i, k] / scale[i]
                                was = gold[first + i - 1] == j and gold[first + i] == k
                                step_gradient[j, k] += pair - (1.0 if was else 0.0)
                for j in range(tags + 2):
                    for k in range(tags):
                        if allowed[j, k]:
                            g = step_gradient[j, k]
                            step_squares[j, k] += g * g
                            steps[j, k] -= rate * g / np.sqrt(step_squares[j, k])
            if 2 * epoch >= orders.shape[0] - 1:
                seen += 1
                mean += weights
                step_mean += steps
        mean /= np.float32(seen)
        step_mean /= seen
        for j in range(tags + 2):
            for k in range(tags):
                if not allowed[j, k]:
                    step_mean[j, k] = NEVER
        return mean, step_mean

    return learn


def _decode(source: int) -> Any:
    @allocating
    def decode(feature_at, features, chain_at, weights, steps, caution):  # type: ignore[no-untyped-def]
        """The likeliest tag of every token (Viterbi); `caution` is taken from the score of every span."""
        _ = source
        tags, longest = weights.shape[1], np.int64(1)
        for c in range(chain_at.size - 1):
            longest = max(longest, chain_at[c + 1] - chain_at[c])
        out = np.zeros(feature_at.size - 1, np.int8)
        scores, came = np.empty((longest, tags)), np.empty((longest, tags), np.int8)
        for chain in range(chain_at.size - 1):
            first, n = chain_at[chain], chain_at[chain + 1] - chain_at[chain]
            if n == 0:
                continue
            _emissions(first, n, tags, feature_at, features, weights, scores)
            for i in range(n):
                for k in range(tags):
                    best, which = steps[tags, k] if i == 0 else -1e30, 0
                    enters = k > 0 and (k % 4 == 1 or k % 4 == 0)
                    if i > 0:
                        for j in range(tags):
                            value = scores[i - 1, j] + steps[j, k]
                            if value > best:
                                best, which = value, j
                    scores[i, k] += best - (caution if enters else 0.0)
                    came[i, k] = which
            tag = 0
            for k in range(1, tags):
                if scores[n - 1, k] + steps[tags + 1, k] > scores[n - 1, tag] + steps[tags + 1, tag]:
                    tag = k
            for i in range(n - 1, -1, -1):
                out[first + i] = tag
                tag = came[i, tag]
        return out

    return decode


learn = _learn(stamp())
decode = _decode(stamp())
