"""Distribution function of the noncentral F, as R computes it: a Poisson mixture of beta functions, cut where 1e-9 is left.

Reference: Lenth 1987, Appl Stat 36:241 (AS 226); Frick 1990 (AS R84). Equals R 4.2 `pf(..., ncp)` to 1e-13, its cut included, which matters
at the ninth digit; SciPy's `ncf` is its twin in the tests.
"""

from __future__ import annotations

import math

from scipy.special import betainc

_LEFT, _TERMS = 1e-9, 10_000


def noncentral_f(x: float, first: float, second: float, noncentrality: float) -> float:
    """P(F <= x) with `first` and `second` degrees of freedom; all of them above 0, the noncentrality not negative.

    >>> round(noncentral_f(4.0, 1, 30, 3.0), 6)
    0.595886
    """
    if x <= 0:
        return 0.0
    a, b, half = first / 2, second / 2, noncentrality / 2
    y = first * x / (first * x + second)
    start = math.floor(max(half - 7 * math.sqrt(half), 0.0))
    a0 = a + start
    tail = float(betainc(a0, b, y))
    log_beta = math.lgamma(a0) + math.lgamma(b) - math.lgamma(a0 + b)
    step = math.exp(a0 * math.log(y) + b * math.log1p(-y) - log_beta - math.log(a0))
    weight = math.exp(-half + start * math.log(half) - math.lgamma(start + 1)) if start else math.exp(-half)
    left, total, j = 1 - weight, weight * tail, start
    while True:
        j += 1
        tail -= step
        step *= y * (a + b + j - 1) / (a + j)
        weight *= half / j
        left -= weight
        total += tail * weight
        if (tail - step) * left <= _LEFT or j >= _TERMS + start:
            return min(total, 1.0)
