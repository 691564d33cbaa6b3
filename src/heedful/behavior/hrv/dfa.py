"""Detrended fluctuation analysis: how the deviation of the summed intervals from local trends grows with the window's length.

The slope of log fluctuation over log scale, alpha, is 0.5 for white noise and 1 for 1/f noise. Windows of one scale overlap by half, or
not at all; a window whose residual variance is at most 1e-8 is left out.

Peng et al. 1995, Chaos 5:82. Equal to NeuroKit2 0.2.13 `fractal_dfa` (its last overlapping window starts before, not at, n - scale).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

_LEAST_VARIANCE = 1e-8
_SCALES, _FIRST = 20, 4


def fluctuations(
    rr_ms: NDArray[np.float64], scales: NDArray[np.int64], *, order: int = 1, integrate: bool = True, overlap: bool = True
) -> NDArray[np.float64]:
    """Root mean squared residual in ms for each scale (intervals a window); NaN where all windows are without variance.

    Errors: `SettingsError` for scales below 2 or not below the record's length, or an order that such windows cannot bear.

    >>> steps = np.random.default_rng(1).normal(size=1000)
    >>> round(alpha(np.arange(4, 30), fluctuations(steps, np.arange(4, 30))), 1)
    0.5
    """
    scales = np.asarray(scales, np.int64)
    if len(scales) < 2 or scales.min() < max(2, order + 1) or scales.max() >= len(rr_ms) or order < 0:
        raise SettingsError(
            f"Scales {scales.min(initial=0)} to {scales.max(initial=0)} with trends of order {order} do not fit {len(rr_ms)} intervals: "
            f"give two scales or more, from {max(2, order + 1)} to below the number of intervals."
        )
    profile = np.cumsum(rr_ms - rr_ms.mean()) if integrate else rr_ms
    return np.array([_fluctuation(profile, int(scale), order, overlap) for scale in scales])


def alpha(scales: NDArray[np.int64], found: NDArray[np.float64]) -> float:
    """The slope of log fluctuation over log scale."""
    return float(np.polyfit(np.log2(scales), np.log2(found), 1)[0]) if np.isfinite(found).all() else float("nan")


def spread_scales(count: int) -> NDArray[np.int64]:
    """Twenty scales at even ratios from 4 to a tenth of the record, cut to whole numbers, each once.

    >>> spread_scales(1000)[:5].tolist(), int(spread_scales(1000)[-1])
    ([4, 5, 6, 7, 9], 100)
    """
    last = max(count // 10, _FIRST + 1)
    return np.unique(np.floor(np.geomspace(_FIRST, last, _SCALES) + 1e-9).astype(np.int64))


def _fluctuation(profile: NDArray[np.float64], scale: int, order: int, overlap: bool) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(profile, scale)
    windows = windows[: len(profile) - scale : scale // 2] if overlap else windows[::scale]
    basis = _trend_basis(scale, order)
    residual = windows - (windows @ basis) @ basis.T  # its mean is 0: the basis holds the constant
    variance = np.einsum("ij,ij->i", residual, residual) / scale
    variance = variance[variance > _LEAST_VARIANCE]
    return float(np.sqrt(variance.mean())) if len(variance) else float("nan")


def _trend_basis(scale: int, order: int) -> NDArray[np.float64]:
    """Orthonormal polynomials up to the order at `scale` even places."""
    place = np.arange(scale) - (scale - 1) / 2
    if order > 1:
        return np.linalg.qr(np.vander(2 * place / scale, order + 1))[0]
    line = place / np.sqrt(scale * (scale**2 - 1) / 12)
    return np.column_stack([np.full(scale, 1 / np.sqrt(scale)), line])[:, : order + 1]
