"""Counts whose variance is a multiple of their mean: upper tail and quantile, negative binomial, or Poisson where the multiple is 1."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, gammainc, ndtri

from heedful.population.cases import Floats

_FUZZ = 64 * float(np.finfo(np.float64).eps)
"""As in R: a distribution function that misses its value by rounding alone reaches it."""


def upper_tail(count: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """P(X >= `count`) for mean `mean` and variance `dispersion` * mean (dispersion >= 1); NaN where something is missing.

    >>> upper_tail(np.array([16.0, 16.0, 0.0]), np.full(3, 8.0), np.array([1.0, 2.0, 2.0])).round(4).tolist()
    [0.0082, 0.0466, 1.0]
    """
    count, mean, dispersion = np.broadcast_arrays(count, mean, dispersion)
    tail = np.where(np.isnan(count + mean + dispersion), np.nan, 1.0)
    over = (dispersion > 1) & (count > 0)
    tail[over] = betainc(count[over], mean[over] / (dispersion[over] - 1), 1 - 1 / dispersion[over])
    even = (dispersion == 1) & (count > 0)
    tail[even] = gammainc(count[even], mean[even])
    return tail


def quantile(probability: float, mean: Floats, dispersion: Floats) -> Floats:
    """Smallest count whose distribution function reaches `probability`; NaN where the mean or dispersion is not finite.

    Starts from the Cornish-Fisher expansion, walks in doubling steps to both sides of the answer, and halves.

    >>> quantile(0.99, np.array([8.0, 8.0, 0.0]), np.array([1.0, 2.0, 1.0])).tolist()
    [15.0, 19.0, 0.0]
    """
    mean, dispersion = (np.asarray(part, dtype=np.float64) for part in np.broadcast_arrays(mean, dispersion))
    out = np.full(mean.shape, np.nan)
    some = np.isfinite(mean) & np.isfinite(dispersion)
    m, d = mean[some], dispersion[some]
    allowed = (1 - probability) * (1 + _FUZZ)
    z = float(ndtri(probability))
    start = np.floor(m + np.sqrt(m * d) * z + (2 * d - 1) * (z**2 - 1) / 6 + 0.5)
    low, high = _bracket(np.maximum(start, 0), m, d, allowed)
    while (wide := high - low > 1).any():
        middle = np.floor((low + high) / 2)
        reached = upper_tail(middle[wide] + 1, m[wide], d[wide]) <= allowed
        high[wide] = np.where(reached, middle[wide], high[wide])
        low[wide] = np.where(reached, low[wide], middle[wide])
    out[some] = high
    return out


def _bracket(start: Floats, mean: Floats, dispersion: Floats, allowed: float) -> tuple[Floats, Floats]:
    """A count that does not reach the probability (-1 never does) and one that does."""
    low, high = np.full_like(start, -1.0), start.copy()
    step = 1.0
    short = upper_tail(high + 1, mean, dispersion) > allowed
    todo = short.copy()
    while todo.any():
        low[todo] = high[todo]
        high[todo] += step
        step *= 2
        todo[todo] = upper_tail(high[todo] + 1, mean[todo], dispersion[todo]) > allowed
    todo, step, reach = ~short & (high > 0), 1.0, high.copy()
    while todo.any():
        reach[todo] = np.maximum(high[todo] - step, -1)
        held = np.where(reach[todo] < 0, False, upper_tail(reach[todo] + 1, mean[todo], dispersion[todo]) <= allowed)
        high[todo] = np.where(held, reach[todo], high[todo])
        low[todo] = np.where(held, low[todo], reach[todo])
        step *= 2
        todo[todo] = held & (high[todo] > 0)
    return low, high
