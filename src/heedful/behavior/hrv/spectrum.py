"""Power spectra of RR intervals: Welch and Burg over an evenly sampled record, Lomb-Scargle over any times; and power in a band.

Welch 1967; Burg 1967; Lomb 1976; Scargle 1982. The last has a floating mean (Zechmeister and Kürster 2009, A&A 496:577) and is normalized
as a density, like astropy's `LombScargle(normalization="psd")`; astropy approximates its sums for long records, these are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_CELLS = 2_000_000
_BEYOND = 4
_BURG_ORDER = 16


def welch_density(values: Floats, rate_hz: float, segment: int, points: int, *, centered: bool = False) -> tuple[Floats, Floats]:
    """Frequencies in Hz and density, Hann windows of `segment` samples that overlap by half, padded to `points`; `centered`: each window
    without its mean."""
    from scipy.signal import welch  # heavy: only once a spectrum is asked for

    detrend: Any = "constant" if centered else False
    frequency, power = welch(values, fs=rate_hz, nperseg=segment, nfft=points, window="hann", detrend=detrend, scaling="density")
    return frequency, power


def low_welch_density(values: Floats, rate_hz: float, segment: int, highest_hz: float) -> tuple[Floats, Floats, float]:
    """The same with `points` twice the segment, only up to `highest_hz`, and the highest density anywhere.

    A record sampled far above its fastest rhythm has nearly all frequencies where nothing is. The chirp transform looks at the lowest
    ones; if all energy beyond (Parseval) in a single frequency would not exceed the highest density found, that is the highest anywhere,
    and else the whole spectrum is computed.
    """
    from scipy.signal import get_window

    points, count = 2 * segment, int(highest_hz * _BEYOND * 2 * segment / rate_hz) + 2
    if count * 4 > segment:
        frequency, density = welch_density(values, rate_hz, segment, points)
        return frequency, density, float(density.max())
    taper = np.asarray(get_window("hann", segment), np.float64)
    starts = range(0, len(values) - segment + 1, segment - segment // 2)
    windows = np.array([values[start : start + segment] * taper for start in starts])
    scale = 2 / (rate_hz * np.sum(taper**2) * len(windows))
    density = np.sum(np.abs(_low_bins(windows, count, points)) ** 2, axis=0) * scale
    elsewhere = np.sum(windows**2) * points / 2 * scale - density[1:].sum() - density[0] / 2
    density[0] /= 2
    highest = float(density.max())
    if elsewhere > highest:
        highest = float(welch_density(values, rate_hz, segment, points)[1].max())
    return np.arange(count, dtype=np.float64) * (rate_hz / points), density, highest


def _low_bins(windows: Floats, count: int, points: int) -> NDArray[np.complex128]:
    from scipy.signal import CZT

    return CZT(windows.shape[1], count, np.exp(-2j * np.pi / points), 1)(windows)


def burg_density(values: Floats, rate_hz: float, points: int, order: int = _BURG_ORDER) -> tuple[Floats, Floats]:
    """Frequencies in Hz and density of the autoregressive process of `order` whose prediction errors, forward and backward, are least."""
    forward, backward = values[1:].copy(), values[:-1].copy()
    error, process = float(np.mean(values**2)), np.ones(1)
    for _ in range(min(order, len(values) - 1)):
        power = float(forward @ forward + backward @ backward)
        reflection = -2 * float(forward @ backward) / power if power > 0 else 0.0
        process = np.append(process, 0.0) + reflection * np.append(0.0, process[::-1])
        error *= 1 - reflection**2
        forward, backward = (forward + reflection * backward)[1:], (backward + reflection * forward)[:-1]
    density = 4 * error / rate_hz / np.abs(np.fft.rfft(process, points)) ** 2  # twice the one-sided density, as NeuroKit2 has it
    density[0] /= 2
    return np.pi * np.linspace(0, 1, len(density)) * rate_hz / (2 * np.pi), density  # its rounding decides which frequencies a band has


def lomb_frequencies(duration_s: float, lowest_hz: float, highest_hz: float) -> Floats:
    """Five frequencies a peak's width, from the lowest to about the highest."""
    step = 1 / (5 * duration_s)
    return lowest_hz + step * np.arange(1 + round((highest_hz - lowest_hz) / step), dtype=np.float64)


def lomb_density(at_s: Floats, values: Floats, frequency: Floats) -> Floats:
    """Density at evenly spaced frequencies in Hz."""
    centered = values - values.mean()
    of_value, of_one, of_double = (part / len(at_s) for part in _sums(at_s, centered, frequency))
    sine, cosine, sine2, cosine2 = of_one.imag, of_one.real, of_double.imag, of_double.real
    tangent = np.arctan2(sine2 - 2 * sine * cosine, cosine2 - (cosine**2 - sine**2)) / 2
    turn_cos, turn_sin = np.cos(tangent), np.sin(tangent)
    along = of_value.real * turn_cos + of_value.imag * turn_sin
    across = of_value.imag * turn_cos - of_value.real * turn_sin
    twice_cos, twice_sin = np.cos(2 * tangent), np.sin(2 * tangent)
    norm_along = 0.5 * (1 + cosine2 * twice_cos + sine2 * twice_sin) - (cosine * turn_cos + sine * turn_sin) ** 2
    norm_across = 0.5 * (1 - cosine2 * twice_cos - sine2 * twice_sin) - (sine * turn_cos - cosine * turn_sin) ** 2
    return (along**2 / norm_along + across**2 / norm_across) * 0.5 * len(at_s)


def _sums(at_s: Floats, centered: Floats, frequency: Floats) -> tuple[NDArray[np.complex128], ...]:
    """Sums of exp(i w t) weighted by the values, by 1, and by 1 at the double frequency."""
    spacing = np.diff(at_s)
    if len(at_s) > 2 and len(frequency) > 1 and np.ptp(spacing) <= 1e-9 * spacing[0]:
        rate = (len(at_s) - 1) / (at_s[-1] - at_s[0])
        return (
            _even_sums(centered, rate, frequency[0], frequency[1] - frequency[0], len(frequency)),
            _even_sums(np.ones(len(at_s)), rate, frequency[0], frequency[1] - frequency[0], len(frequency)),
            _even_sums(np.ones(len(at_s)), rate, 2 * frequency[0], 2 * (frequency[1] - frequency[0]), len(frequency)),
        )
    rows = max(1, _CELLS // len(at_s))
    found = [np.empty(len(frequency), np.complex128) for _ in range(3)]
    for begin in range(0, len(frequency), rows):
        turns = np.exp(2j * np.pi * frequency[begin : begin + rows, None] * (at_s - at_s[0]))
        found[0][begin : begin + rows] = turns @ centered
        found[1][begin : begin + rows] = turns.sum(axis=1)
        found[2][begin : begin + rows] = np.einsum("ij,ij->i", turns, turns)
    return tuple(found)


def _even_sums(weights: Floats, rate: float, first: float, step: float, count: int) -> NDArray[np.complex128]:
    """The same over even times, by a chirp transform: n log n."""
    from scipy.signal import CZT

    transform = CZT(len(weights), count, np.exp(2j * np.pi * step / rate), np.exp(-2j * np.pi * first / rate))
    return transform(weights)


def band_power(frequency: Floats, density: Floats, low: float, high: float) -> float:
    """Integral of the density over frequencies from `low` to below `high` (trapezoids between the frequencies that lie in it)."""
    inside = (frequency >= low) & (frequency < high)
    return float(np.trapezoid(density[inside], frequency[inside]))
