"""Entropies of RR intervals: how badly a run of intervals predicts the next one. Higher is less regular.

* Sample entropy: -ln(A / B), A and B the chance that two runs of m + 1 and of m intervals agree within the tolerance.
* Approximate entropy: the same with each run compared with itself too, and a mean of logarithms.
* Fuzzy entropy: sample entropy with a likeness that fades, exp(-distance / tolerance), run means taken off.
* Multiscale entropy: sample entropy of means over 1, 2, … intervals, area under its curve over the number of scales that have one.
* Shannon entropy: of the intervals' values, in bits.

Richman and Moorman 2000, Am J Physiol 278:H2039; Pincus 1991, PNAS 88:2297; Chen et al. 2007, IEEE T Neural Syst 15:266; Costa et al.
2005, Phys Rev E 71:021906. Equal to NeuroKit2 0.2.13 (agreement: distance at most the tolerance; with a delay above 1, runs of m are one
fewer than there are, not as many as runs of m + 1). hrv-analysis takes 0.2 standard deviations with n, and a distance below it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from heedful.behavior.hrv.dfa import alpha, fluctuations, spread_scales
from heedful.behavior.hrv.intervals import as_peaks, intervals, plain, rr_column, tolerance
from heedful.behavior.hrv.templates import Floats, fuzzy_neighbors, neighbors, templates
from heedful.core.columns import check_arguments
from heedful.core.registry import Card, method

_NONE = 1e-8
_ARGUMENTS = frozenset({"tolerance", "delay", "dfa_order", "dfa_integrate", "dfa_scales"})


def sample_entropy(rr_ms: Floats, tolerance_ms: float, dimension: int = 2, delay: int = 1, *, closed: bool = True) -> float:
    """Sample entropy in nats; inf where runs of m agree but none of m + 1, -inf where none of m agree.

    >>> round(sample_entropy(np.array([1.0, 2, 3, 1, 2, 3, 1, 2, 4]), 0.5), 3)
    0.511
    """
    shorter = templates(rr_ms, dimension, delay)[:, :-1]
    longer = templates(rr_ms, dimension + 1, delay)
    b = _agreement(neighbors(shorter, tolerance_ms, closed=closed))
    return _entropy(b, _agreement(neighbors(longer, tolerance_ms, closed=closed)))


def approximate_entropy(rr_ms: Floats, tolerance_ms: float, dimension: int = 2, delay: int = 1) -> float:
    """Approximate entropy in nats.

    >>> round(approximate_entropy(np.tile([800.0, 810.0, 790.0], 20), 5.0), 3)
    0.0
    """
    phi = []
    for m in (dimension, dimension + 1):
        counts = neighbors(templates(rr_ms, m, delay), tolerance_ms) + 1
        phi.append(float(np.mean(np.log(counts / len(counts)))))
    return abs(phi[0] - phi[1])


def fuzzy_entropy(rr_ms: Floats, tolerance_ms: float, dimension: int = 2, delay: int = 1) -> float:
    """Fuzzy entropy in nats; every pair is looked at, so that long records take long."""
    b = _agreement(fuzzy_neighbors(templates(rr_ms, dimension, delay)[:, :-1], tolerance_ms))
    return _entropy(b, _agreement(fuzzy_neighbors(templates(rr_ms, dimension + 1, delay), tolerance_ms)))


def multiscale_entropy(rr_ms: Floats, tolerance_ms: float, dimension: int = 2) -> float:
    """Mean sample entropy over scales 1 to n / (m + 10), the tolerance kept; scales without a value are left out."""
    found = np.array([
        sample_entropy(_coarse(rr_ms, scale), tolerance_ms, dimension) for scale in range(1, int(len(rr_ms) / (dimension + 10)))
    ])  # fmt: skip
    found = found[np.isfinite(found)]
    return float(np.trapezoid(found) / len(found)) if len(found) else float("nan")


def shannon_entropy(rr_ms: Floats) -> float:
    """Shannon entropy of the distinct values, in bits.

    >>> shannon_entropy(np.array([800.0, 810.0, 800.0, 810.0]))
    1.0
    """
    share = np.unique(rr_ms, return_counts=True)[1] / len(rr_ms)
    return float(-np.sum(share * np.log2(share)))


def _agreement(others: Floats | np.ndarray[Any, np.dtype[np.int64]]) -> float:
    """Mean share of the other runs that agree with a run."""
    return float(others.sum() / len(others) / (len(others) - 1)) if len(others) > 1 else float("nan")


def _entropy(b: float, a: float) -> float:
    if abs(b) <= _NONE:
        return -math.inf
    return math.inf if abs(a / b) <= _NONE else -math.log(a / b)


def _coarse(rr: Floats, scale: int) -> Floats:
    count = len(rr) // scale
    return rr[: count * scale].reshape(count, scale).mean(axis=1)


@method(Card(
    name="hrv.entropy_and_dfa",
    definition="Sample and approximate entropy of RR intervals, and detrended fluctuation analysis with and without overlap.",
    units="nat; alpha 1; fluctuations ms",
    reference="Richman and Moorman 2000, Am J Physiol 278:H2039; Pincus 1991, PNAS 88:2297; Peng et al. 1995, Chaos 5:82",
    equals="NeuroKit2 0.2.13 and hrv-analysis 1.0.5 (nolds 0.5.2), to rounding",
    limits="Entropies of records of different length or tolerance do not compare; artifacts move them much.",
))  # fmt: skip
def run_entropy_and_dfa(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: entropies of runs of 2 and 3, and the fluctuations at about 20 scales from 4 to a tenth of the record."""
    check_arguments("hrv.entropy_and_dfa", arguments, _ARGUMENTS)
    stated = rr_column(inputs["rr"])
    rr = as_peaks(stated) if np.isnan(stated).any() else intervals(stated)
    near, delay = tolerance(arguments.get("tolerance", "0.2*sd(rr, ddof=1)"), rr), int(arguments.get("delay", 1))
    order, integrate = int(arguments.get("dfa_order", 1)), bool(arguments.get("dfa_integrate", True))
    scales = np.asarray(arguments.get("dfa_scales") or spread_scales(len(rr)), np.int64)
    apart = fluctuations(rr, scales, order=order, integrate=integrate, overlap=False)
    together = fluctuations(rr, scales, order=order, integrate=integrate, overlap=True)
    return plain({
        "sample_entropy_m2": sample_entropy(rr, near, 2, delay), "sample_entropy_m3": sample_entropy(rr, near, 3, delay),
        "approximate_entropy_m2": approximate_entropy(rr, near, 2, delay),
        "sample_entropy_m2_hrv_analysis": sample_entropy(rr, 0.2 * float(np.std(rr)), closed=False),
        "dfa_alpha_nonoverlapping": alpha(scales, apart), "dfa_alpha_overlapping": alpha(scales, together),
    }) | {"dfa_scales": scales.tolist(), "dfa_fluctuations_nonoverlapping": apart.tolist()}  # fmt: skip
