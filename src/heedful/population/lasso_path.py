"""The lasso along a grid of penalties, from second moments only: coordinate descent over an active set, each penalty from the one before.

Friedman, Hastie and Tibshirani 2010, "Regularization paths for generalized linear models via coordinate descent" (covariance updates).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]

_MOST_SWEEPS, _MOST_ROUNDS = 100_000, 1_000


def lasso_path(second_moments: Floats, with_outcome: Floats, penalties: Floats, tolerance: float = 1e-4) -> Floats:
    """Coefficients [penalties, columns] that minimise 1/2 b'Cb - c'b + penalty * sum|b|, for penalties from great to small.

    Parameters
    ----------
    second_moments: C, [columns, columns], weighted mean of the products of standardized columns; a column without spread has 0 on the
    diagonal and keeps the coefficient 0.
    with_outcome: c, [columns], the same with the centered outcome.
    penalties: [penalties], descending; the first with an answer other than 0 is max|c|.
    tolerance: a sweep that moves no coefficient further ends a penalty, in units of the outcome.

    >>> C, c = np.eye(2), np.array([0.5, -0.2])
    >>> lasso_path(C, c, np.array([0.3, 0.1])).round(6).tolist()
    [[0.2, 0.0], [0.4, -0.1]]
    """
    path: Floats = _path(np.ascontiguousarray(second_moments), np.ascontiguousarray(with_outcome), penalties, tolerance)
    return path


@njit(cache=True)
def _path(second_moments, with_outcome, penalties, tolerance):  # type: ignore[no-untyped-def]
    columns = len(with_outcome)
    found = np.zeros((len(penalties), columns))
    b, gradient = np.zeros(columns), with_outcome.copy()
    active, is_active, n_active = np.zeros(columns, np.int64), np.zeros(columns, np.bool_), 0
    for at, penalty in enumerate(penalties):
        for round_ in range(_MOST_ROUNDS):
            before = n_active
            for j in range(columns):
                if not is_active[j] and abs(gradient[j]) > penalty and second_moments[j, j] > 0:
                    active[n_active], is_active[j] = j, True
                    n_active += 1
            if round_ and n_active == before:
                break
            for _ in range(_MOST_SWEEPS):
                furthest = 0.0
                for k in range(n_active):
                    j = active[k]
                    pull = gradient[j] + second_moments[j, j] * b[j]
                    moved = np.sign(pull) * max(abs(pull) - penalty, 0.0) / second_moments[j, j] - b[j]
                    if moved != 0:
                        b[j] += moved
                        for m in range(n_active):
                            gradient[active[m]] -= second_moments[j, active[m]] * moved
                        furthest = max(furthest, abs(moved))
                if furthest < tolerance:
                    break
            for j in range(columns):
                if not is_active[j]:
                    gradient[j] = with_outcome[j]
            for k in range(n_active):
                if b[active[k]] != 0:
                    for j in range(columns):
                        if not is_active[j]:
                            gradient[j] -= second_moments[active[k], j] * b[active[k]]
        for j in range(columns):
            found[at, j] = b[j]
    return found
