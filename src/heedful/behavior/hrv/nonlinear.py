"""Nonlinear heart-rate variability: Poincaré plot, fragmentation, asymmetry, fluctuation, entropies and fractal dimensions in one table.

Equal to NeuroKit2 0.2.13 `hrv_nonlinear`, without its multifractal, composite-multiscale and symbolic columns. For `DFA_alpha1` and
`DFA_alpha2` the literature's scales are 4-16 and 17-64 beats (Peng et al. 1995); NeuroKit2 takes 4-11 and 12 to a tenth of the beats
instead. `definition="neurokit2"` reports NeuroKit2's numbers also where a caller names the literature's scales, because the program
ignores them; any other scales are used as stated, and "stated" always uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.hrv import fractal_dimension
from heedful.behavior.hrv.dfa import alpha, fluctuations
from heedful.behavior.hrv.entropy import approximate_entropy, fuzzy_entropy, multiscale_entropy, sample_entropy, shannon_entropy
from heedful.behavior.hrv.fragmentation import fragmentation
from heedful.behavior.hrv.intervals import as_peaks, choice, intervals, plain, rr_column, tolerance
from heedful.behavior.hrv.poincare import asymmetry, poincare
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

SHORT_SCALES, LONG_SCALES = (4, 16), (17, 64)
_LEAST_FOR_DFA = 12
_ARGUMENTS = frozenset({
    "definition", "entropy_dimension", "entropy_delay", "entropy_tolerance", "dfa_short_scales_beats", "dfa_long_scales_beats",
    "sampling_rate_hz",
})  # fmt: skip


def nonlinear(
    rr_ms: NDArray[np.float64], *, tolerance_ms: float, dimension: int = 2, delay: int = 1,
    short_scales: tuple[int, int | None] = SHORT_SCALES, long_scales: tuple[int, int | None] = LONG_SCALES,
) -> dict[str, float]:  # fmt: skip
    """Indices by name; NaN what cannot be said of so short or so even a record. Scales from, to (None: a tenth of the beats).

    `dimension` and `delay` are those of approximate, sample and fuzzy entropy, and of the correlation dimension.

    >>> rr = 800 + 30 * np.random.default_rng(1).normal(size=300)
    >>> found = nonlinear(rr, tolerance_ms=6.0)
    >>> 0.3 < found["DFA_alpha1"] < 0.7, found["SD1"] > 20
    (True, True)
    """
    rr = intervals(rr_ms)
    if tolerance_ms <= 0:
        raise SettingsError("The tolerance is 0: the intervals are all equal, and entropy says nothing of them. Give a tolerance in ms.")
    return poincare(rr) | fragmentation(rr) | asymmetry(rr) | {
        "DFA_alpha1": _slope(rr, short_scales), "DFA_alpha2": _slope(rr, long_scales),
        "ApEn": approximate_entropy(rr, tolerance_ms, dimension, delay), "SampEn": sample_entropy(rr, tolerance_ms, dimension, delay),
        "ShanEn": shannon_entropy(rr), "FuzzyEn": fuzzy_entropy(rr, tolerance_ms, dimension, delay),
        "MSEn": multiscale_entropy(rr, tolerance_ms, dimension), "CD": fractal_dimension.correlation_dimension(rr, dimension, delay),
        "HFD": fractal_dimension.higuchi_dimension(rr), "KFD": fractal_dimension.katz_dimension(rr),
        "LZC": fractal_dimension.lempel_ziv_complexity(rr),
    }  # fmt: skip


def _slope(rr: NDArray[np.float64], scales: tuple[int, int | None]) -> float:
    first, last = scales
    last = int((len(rr) + 1) / 10) if last is None else last
    if len(rr) < _LEAST_FOR_DFA or last < first + 1 or last >= len(rr):
        return float("nan")
    taken = np.arange(first, last + 1)
    return alpha(taken, fluctuations(rr, taken))


@method(Card(
    name="hrv.nonlinear",
    definition="Poincaré plot, fragmentation, asymmetry, detrended fluctuation, entropies and fractal dimensions of RR intervals.",
    units="ms, ms2, %, nat, bit or 1, as each index says",
    reference="Brennan et al. 2001; Costa et al. 2017; Piskorski and Guzik 2011; Peng et al. 1995; Richman and Moorman 2000; Higuchi 1988",
    equals="NeuroKit2 0.2.13 hrv_nonlinear, within 1e-6, its windows of detrended fluctuation included",
    limits="Artifacts and trends move all of these much; needs about 1,000 beats; clinical meaning is thin for most.",
))  # fmt: skip
def run_nonlinear(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: indices of one record."""
    check_arguments("hrv.nonlinear", arguments, _ARGUMENTS)
    definition = choice(arguments, "definition", ("neurokit2", "stated"))
    rr = as_peaks(rr_column(inputs["rr"]), float(arguments.get("sampling_rate_hz", 1000)))
    short = _scales(arguments.get("dfa_short_scales_beats", SHORT_SCALES), "dfa_short_scales_beats")
    long = _scales(arguments.get("dfa_long_scales_beats", LONG_SCALES), "dfa_long_scales_beats")
    if definition == "neurokit2" and (short, long) == (SHORT_SCALES, LONG_SCALES):
        short, long = (4, 11), (12, None)
    return plain(nonlinear(
        rr, tolerance_ms=tolerance(arguments.get("entropy_tolerance", "0.2*sd(rr, ddof=1)"), rr),
        dimension=int(arguments.get("entropy_dimension", 2)), delay=int(arguments.get("entropy_delay", 1)),
        short_scales=short, long_scales=long,
    ))  # fmt: skip


def _scales(value: object, name: str) -> tuple[int, int | None]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise SettingsError(f"{name} is {value!r}; give the first and the last scale in beats.")
    return int(value[0]), None if value[1] is None else int(value[1])
