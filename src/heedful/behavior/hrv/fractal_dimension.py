"""Fractal dimensions of the RR curve: correlation dimension, Higuchi's and Katz's, and Lempel-Ziv complexity of its symbols.

Grassberger and Procaccia 1983; Higuchi 1988, Physica D 31:277; Katz 1988, Comput Biol Med 18:145; Lempel and Ziv 1976. Equal to
NeuroKit2 0.2.13, with its radii: 64 from (1 + 0.025 x) / 2 to (1 + 0.5 x) / 2 at even ratios, x the largest distance.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heedful.behavior.hrv.templates import Floats, templates

_RADII = 64


def correlation_dimension(rr_ms: Floats, dimension: int = 2, delay: int = 1) -> float:
    """Slope of log share of near pairs over log radius; every pair is looked at. NaN if no pair is near."""
    rows = templates(rr_ms, dimension, delay)
    far = np.sqrt(_farthest(rows))
    radii = 2.0 ** (np.linspace(np.log2(1 + 0.025 * far), np.log2(1 + 0.5 * far), _RADII) - 1)
    share = _within(rows, radii) / (rows.shape[1] * (rows.shape[1] - 1) / 2)
    kept = share > 0
    if kept.sum() < 2 or far == 0:
        return float("nan")
    return float(np.polyfit(np.log2(radii[kept]), np.log2(share[kept]), 1)[0])


def higuchi_dimension(rr_ms: Floats, longest: int = 10) -> float:
    """Slope of log curve length over log(1 / k), k from 1 to `longest`."""
    steps = np.arange(1, longest + 1)
    lengths = np.array([_curve_length(rr_ms, int(k)) for k in steps])
    if not (lengths > 0).all():
        return float("nan")
    return float(-np.polyfit(np.log(steps), np.log(lengths), 1)[0])


def katz_dimension(rr_ms: Floats) -> float:
    """log(length / mean step) over log(reach / mean step).

    >>> round(katz_dimension(np.array([800.0, 810.0, 790.0, 830.0])), 3)
    4.371
    """
    steps = np.abs(np.diff(rr_ms))
    mean, reach = steps.mean(), np.abs(rr_ms - rr_ms[0]).max()
    if mean == 0 or reach in (0, mean):
        return float("nan")
    return float(np.log10(steps.sum() / mean) / np.log10(reach / mean))


def lempel_ziv_complexity(rr_ms: Floats) -> float:
    """Number of new words in the sequence above or not above the mean, times log2(n) / n."""
    symbols = np.concatenate([[0], rr_ms > rr_ms.mean()]).astype(np.uint8)
    return float(_words(symbols) * np.log2(len(rr_ms)) / len(rr_ms))


def _curve_length(rr: Floats, k: int) -> float:
    n, total = len(rr), 0.0
    for start in range(k):
        steps = (n - start - 1) // k
        total += np.abs(np.diff(rr[start::k])).sum() * (n - 1) / (steps * k) / k if steps else np.nan  # too short for this k
    return total / k


@njit(cache=True)
def _farthest(rows):  # type: ignore[no-untyped-def]
    """Largest squared distance."""
    dimension, n = rows.shape
    largest = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            square = 0.0
            for d in range(dimension):
                square += (rows[d, j] - rows[d, i]) ** 2
            largest = max(largest, square)
    return largest


@njit(cache=True)
def _within(rows, radii):  # type: ignore[no-untyped-def]
    """Pairs nearer than each radius."""
    dimension, n = rows.shape
    met = np.zeros(len(radii) + 1, np.int64)
    squares = radii**2
    most, cells = squares[-1], 4096
    first = np.searchsorted(squares, np.arange(cells + 1) * (most / cells))  # where the search for a square begins
    for i in range(n):
        for j in range(i + 1, n):
            square = 0.0
            for d in range(dimension):
                square += (rows[d, j] - rows[d, i]) ** 2
            if square >= most:
                continue
            at = first[int(square / most * cells)]
            while at > 0 and squares[at - 1] > square:
                at -= 1
            while squares[at] <= square:
                at += 1
            met[at] += 1
    return np.cumsum(met)[: len(radii)].astype(np.float64)


@njit(cache=True)
def _words(symbols):  # type: ignore[no-untyped-def]
    """Kaspar and Schuster's scan; places count from 1, so that the first symbol only fills a place."""
    n = len(symbols) - 1
    words, begin, i, length, longest = 1, 1, 0, 1, 1
    while True:
        if symbols[i + length] == symbols[begin + length]:
            length += 1
            if begin + length > n:
                return words + 1
            continue
        longest = max(longest, length)
        i += 1
        length = 1
        if i == begin:
            words += 1
            begin += longest
            if begin + 1 > n:
                return words
            i, longest = 0, 1
