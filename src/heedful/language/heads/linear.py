"""Many linear models on the same sparse features at once, by dual coordinate descent.

Squared hinge for a yes or no, squared error for a number: each output o minimises |w_o|² / 2 + Σ_i C_io loss(w_o · x_i, t_io); a row with
C_io = 0 is not part of output o. So the models of all labels and of all folds of a cross-validation are learned in one run over the rows:
features are read once and the weights of a feature lie side by side. The last weight is the intercept, on a feature of 1.

Reference: Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, "A dual coordinate descent method for large-scale linear SVM"; Ho and Lin 2012
for the squared error. Equals LIBLINEAR's solvers 1 and 12 (with p = 0) within the tolerance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse

Weights = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]


def fit(
    features: sparse.csr_array,
    targets: Floats,
    strength: Floats,
    *,
    bounded: bool,
    seed: int = 0,
    tolerance: float = 0.02,
    passes: int = 40,
) -> Weights:
    """Weights, shape (columns + 1, outputs).

    Parameters
    ----------
    features: shape (rows, columns).
    targets: shape (rows, outputs): 1 or -1 if `bounded` (squared hinge), else numbers (squared error).
    strength: C of each row for each output, at least 0; a larger C fits closer.
    seed: of the order in which rows are visited; the answer depends on it only within the tolerance.
    tolerance: stop when no coordinate's gradient is larger within a pass.
    passes: most passes over the rows.
    """
    return _descend(
        features.data.astype(np.float32), features.indices.astype(np.int32), features.indptr.astype(np.int64),
        np.ascontiguousarray(targets, np.float32), np.ascontiguousarray(strength, np.float32),
        bounded, np.uint64(seed), np.float32(tolerance), passes, (features.shape or (0, 0))[1],
    )  # fmt: skip


def decide(features: sparse.csr_array, weights: Weights) -> npt.NDArray[np.float64]:
    """Scores of rows, shape (rows, outputs)."""
    return (features @ weights[:-1] + weights[-1]).astype(np.float64)


@njit(cache=True, fastmath=True)
def _descend(data, indices, indptr, targets, strength, bounded, seed, tolerance, passes, columns):  # type: ignore[no-untyped-def]
    rows, outputs = targets.shape
    weights = np.zeros((columns + 1, outputs), np.float32)
    dual = np.zeros((rows, outputs), np.float32)
    squares = np.ones(rows, np.float32)
    for row in range(rows):
        for at in range(indptr[row], indptr[row + 1]):
            squares[row] += data[at] * data[at]
    order = np.arange(rows)
    gradient = np.zeros(outputs, np.float32)
    state = seed * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15)
    intercept = weights[columns]
    for _ in range(passes):
        for place in range(rows - 1, 0, -1):  # Fisher and Yates, with a congruential generator
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            other = np.int64((state >> np.uint64(33)) % np.uint64(place + 1))
            order[place], order[other] = order[other], order[place]
        largest = np.float32(0.0)
        for place in range(rows):
            row = order[place]
            for o in range(outputs):
                gradient[o] = intercept[o]
            for at in range(indptr[row], indptr[row + 1]):
                value, weight = data[at], weights[indices[at]]
                for o in range(outputs):
                    gradient[o] += value * weight[o]
            moved = False
            for o in range(outputs):
                c = strength[row, o]
                step = np.float32(0.0)
                if c > 0:
                    slack = np.float32(0.5) / c
                    curvature = squares[row] + slack
                    new = dual[row, o] - (gradient[o] - targets[row, o] + slack * dual[row, o]) / curvature
                    if bounded and new * targets[row, o] < 0:
                        new = np.float32(0.0)
                    step = new - dual[row, o]
                    dual[row, o] = new
                    if step != 0:
                        moved = True
                        largest = max(largest, abs(step) * curvature)
                gradient[o] = step
            if not moved:
                continue
            for o in range(outputs):
                intercept[o] += gradient[o]
            for at in range(indptr[row], indptr[row + 1]):
                value, weight = data[at], weights[indices[at]]
                for o in range(outputs):
                    weight[o] += value * gradient[o]
        if largest < tolerance:
            break
    return weights
