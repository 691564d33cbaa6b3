"""Lowess: a curve of local straight lines through points, weighted by nearness (tricube), optionally robust against outliers.

Reference: Cleveland 1979, J Am Stat Assoc 74:829-836. Equal to statsmodels 0.15 `lowess` with delta 0 on sorted, distinct places.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heedful.behavior.actigraphy.recordings import Floats

_TINY = 1e-12


def lowess(x: Floats, y: Floats, fraction: float, iterations: int) -> Floats:
    """The curve at every point.

    `x` increases; `fraction` of the points (at least 2) make each line; `iterations` are repetitions with weights from the residuals.

    >>> lowess(np.arange(5.0), 2 * np.arange(5.0), 0.6, 0).round(9).tolist()
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    near = min(max(int(fraction * len(x) + 1e-10), 2), len(x))
    weights = np.ones(len(x))
    fitted = _lines(x, y, near, weights)
    for _ in range(iterations):
        weights = _robust(np.abs(y - fitted))
        fitted = _lines(x, y, near, weights)
    return fitted


def _robust(residual: Floats) -> Floats:
    """Bisquare weights of residuals, cut off at six times their median."""
    middle = float(np.median(residual))
    scaled = np.minimum(residual / (6 * middle), 1.0) if middle > 0 else (residual > 0).astype(np.float64)
    out: Floats = (1 - scaled**2) ** 2
    return out


@njit(cache=True)
def _lines(x, y, near, robust):  # type: ignore[no-untyped-def]
    n = len(x)
    fitted = np.zeros(n)
    weight = np.empty(n)
    left, right = 0, near
    for i in range(n):
        while right < n and x[i] > (x[left] + x[right]) / 2:
            left += 1
            right += 1
        radius = max(x[i] - x[left], x[right - 1] - x[i])
        total, positive = 0.0, 0
        for j in range(left, right):
            distance = abs(x[j] - x[i]) / radius
            weight[j] = (1 - distance**3) ** 3 * robust[j]
            total += weight[j]
            positive += weight[j] > _TINY
        if positive < 2:
            fitted[i] = y[i]
            continue
        center, spread = 0.0, 0.0
        for j in range(left, right):
            center += weight[j] / total * x[j]
        for j in range(left, right):
            spread += weight[j] / total * (x[j] - center) ** 2
        spread = max(spread, _TINY)
        for j in range(left, right):
            fitted[i] += weight[j] / total * (1 + (x[i] - center) * (x[j] - center) / spread) * y[j]
    return fitted
