"""Logistic regression on a few dense numbers: the second stage of a head, and the calibration of its scores.

Minimises Σ log loss + |w|² / (2 C) with L-BFGS; the intercepts are free. Two classes have one row of weights, more have one each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax, softmax

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Logistic:
    """Fitted weights, shape (classes or 1, numbers + 1), for numbers that are first shifted by `center` and divided by `scale`."""

    center: Floats
    scale: Floats
    weights: Floats

    def scores(self, numbers: Floats) -> Floats:
        """Log odds, shape (rows,), of the second of two classes; else one column a class."""
        weights = self.weights[:, :-1] / self.scale  # shifting and dividing the numbers themselves would copy them all
        found = numbers @ weights.T + (self.weights[:, -1] - weights @ self.center)
        return found[:, 0] if self.weights.shape[0] == 1 else found

    def probabilities(self, numbers: Floats) -> Floats:
        """Probability of the second of two classes, shape (rows,); else of each class, shape (rows, classes)."""
        scores = self.scores(numbers)
        return expit(scores) if scores.ndim == 1 else softmax(scores, axis=1)


def fit_logistic(numbers: Floats, classes: npt.NDArray[np.integer], count: int, strength: float = 1.0) -> Logistic:
    """Fit to `classes` 0 to `count - 1`, shape (rows,), of rows of `numbers`, shape (rows, numbers); `strength` is C.

    >>> model = fit_logistic(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1]), 2)
    >>> (model.probabilities(np.array([[0.0], [3.0]])) > 0.5).tolist()
    [False, True]
    """
    from scipy.optimize import minimize  # 16 MB and slow to load: only where one is fitted

    center, scale = numbers.mean(0), numbers.std(0)
    scale[scale == 0] = 1.0
    rows = np.column_stack([(numbers - center) / scale, np.ones(len(numbers))])
    outputs = 1 if count == 2 else count
    loss = _two(rows, classes, strength) if outputs == 1 else _many(rows, classes, count, strength)
    start = np.zeros(outputs * rows.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6})
    return Logistic(center, scale, found.x.reshape(outputs, -1))


def _two(rows: Floats, classes: npt.NDArray[np.integer], strength: float):  # type: ignore[no-untyped-def]
    signs = np.where(classes == 1, 1.0, -1.0)

    def loss(flat: Floats) -> tuple[float, Floats]:
        margin = signs * (rows @ flat)
        gradient = -(rows.T @ (signs * expit(-margin)))
        gradient[:-1] += flat[:-1] / strength
        return float(np.logaddexp(0, -margin).sum() + flat[:-1] @ flat[:-1] / (2 * strength)), gradient

    return loss


def _many(rows: Floats, classes: npt.NDArray[np.integer], count: int, strength: float):  # type: ignore[no-untyped-def]
    wanted = np.eye(count)[classes]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(count, -1)
        logs = log_softmax(rows @ weights.T, axis=1)
        gradient = (np.exp(logs) - wanted).T @ rows
        gradient[:, :-1] += weights[:, :-1] / strength
        return float(-(wanted * logs).sum() + (weights[:, :-1] ** 2).sum() / (2 * strength)), gradient.ravel()

    return loss
