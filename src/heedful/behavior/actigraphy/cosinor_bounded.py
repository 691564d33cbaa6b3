"""A cosinor by the steps that pyActigraphy takes: Levenberg-Marquardt from fixed starting values, kept within bounds by substitution.

`cosinor` finds the best wave near the initial period. pyActigraphy's fit starts from amplitude 50, acrophase pi and mesor 50 whatever the
counts are, and its bounds (nothing negative, acrophase within a turn) bend its way: it often comes to rest in another minimum, or at an
amplitude of nearly 0. These are its numbers, for comparison with it; for a finding use `cosinor`.

Reference: Moré 1978, Lect Notes Math 630:105-116 (MINPACK lmdif); bounds as in MINUIT (James and Roos 1975, Comput Phys Commun 10:343-367).
Equal to pyActigraphy 1.2.2 `Cosinor.fit` (lmfit 1.3 `leastsq`) within 1e-4, but for parameters that come to rest near 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heedful.behavior.actigraphy.recordings import Floats, RecordingError

_BEGIN_AMPLITUDE, _BEGIN_MESOR = 50.0, 50.0
_TOLERANCE, _DIFFERENCE, _FACTOR, _EVALUATIONS = 1.5e-8, 1e-10, 100, 4000
_LEAST = 4


@dataclass(frozen=True)
class BoundedCosinor:
    """`mesor` and `amplitude` in counts, `acrophase` in radians, `period` in epochs, `rss` the residual sum of squares."""

    amplitude: float
    acrophase: float
    period: float
    mesor: float
    rss: float


def bounded_cosinor(counts: Floats, period: float, *, free: bool) -> BoundedCosinor:
    """The fit of one recording from the initial `period` (epochs); missing counts are left out.

    Errors: `RecordingError` if fewer than four counts are there.

    >>> wave = 100 + 60 * np.cos(2 * np.pi * np.arange(4320) / 1450 + 4)
    >>> found = bounded_cosinor(wave, 1440, free=True)
    >>> [round(value, 3) for value in (found.mesor, found.amplitude, found.acrophase, found.period)]
    [100.0, 60.0, 4.0, 1450.0]
    """
    from scipy.optimize import leastsq  # heavy: only once a fit is asked for

    known = ~np.isnan(counts)
    place, seen = np.flatnonzero(known).astype(np.float64), counts[known]
    if len(seen) < _LEAST:
        raise RecordingError(f"A cosine cannot be laid through {len(seen)} counts; give at least {_LEAST}.")

    def parameters(inner: Floats) -> tuple[float, float, float, float]:
        return (_positive(inner[0]), (math.sin(inner[1]) + 1) * math.pi, _positive(inner[2]) if free else period, _positive(inner[-1]))

    def residuals(inner: Floats) -> Floats:
        amplitude, acrophase, turn, mesor = parameters(inner)
        return seen - (mesor + amplitude * np.cos(2 * np.pi / turn * place + acrophase))

    begin = [_inner(_BEGIN_AMPLITUDE), 0.0, *([_inner(period)] if free else []), _inner(_BEGIN_MESOR)]
    with np.errstate(all="ignore"):  # a period that is tried near 0
        rest, *_ = leastsq(
            residuals, begin, ftol=_TOLERANCE, xtol=_TOLERANCE, gtol=0.0, maxfev=_EVALUATIONS * (len(begin) + 1), epsfcn=_DIFFERENCE,
            factor=_FACTOR, full_output=True,
        )  # fmt: skip
        left = residuals(rest)
    amplitude, acrophase, fitted, mesor = parameters(rest)
    return BoundedCosinor(amplitude, acrophase, float(fitted), mesor, float(np.sum(left**2)))


def _positive(inner: float) -> float:
    return math.sqrt(inner * inner + 1) - 1


def _inner(value: float) -> float:
    return math.sqrt((value + 1) ** 2 - 1)
