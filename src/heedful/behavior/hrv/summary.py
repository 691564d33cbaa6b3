"""Heart-rate variability as hrv-analysis defines it: time domain, Poincaré plot, sample entropy, and powers in ms².

`sdsd` has n, not n - 1; `pnni_50` and `pnni_20` are percent of the n - 1 changes (`pnni_as_percent` false: of the n intervals, still in
percent, as the program does); the triangular index has bins of 8 ms from 300 to 1996. Powers: linear interpolation to 4 Hz and Welch of
256 samples, or Lomb-Scargle at the beats themselves; total power is VLF + LF + HF.

Task Force 1996, Circulation 93:1043. Equal to hrv-analysis 1.0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.hrv.entropy import sample_entropy
from heedful.behavior.hrv.frequency_domain import INTERPOLATIONS
from heedful.behavior.hrv.intervals import band, choice, intervals, plain, ratio, rr_column
from heedful.behavior.hrv.spectrum import band_power, lomb_density, lomb_frequencies, welch_density
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

BANDS: dict[str, tuple[float, float]] = {"vlf": (0.003, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.4)}
_WELCH_SEGMENT, _WELCH_POINTS = 256, 4096
_ARGUMENTS = frozenset({
    "definition", "frequency_methods", "interpolation", "sampling_frequency_hz", "vlf", "lf", "hf", "pnni_as_percent",
})  # fmt: skip


def time_features(rr_ms: NDArray[np.float64], *, pnni_as_percent: bool = True) -> dict[str, float]:
    """Spread and rate; ms, percent and beats a minute.

    >>> time_features(np.array([800.0, 900, 800, 790]))["pnni_50"]
    66.66666666666667
    """
    rr = intervals(rr_ms)
    change, rate = np.diff(rr), 60_000 / rr
    mean, sdnn, rmssd = float(rr.mean()), float(np.std(rr, ddof=1)), float(np.sqrt(np.mean(change**2)))
    whole = len(rr) - 1 if pnni_as_percent else len(rr)
    above = {threshold: int(np.sum(np.abs(change) > threshold)) for threshold in (50, 20)}
    return {
        "mean_nni": mean, "sdnn": sdnn, "sdsd": float(np.std(change)), "nni_50": above[50], "pnni_50": 100 * above[50] / whole,
        "nni_20": above[20], "pnni_20": 100 * above[20] / whole, "rmssd": rmssd, "median_nni": float(np.median(rr)),
        "range_nni": float(np.ptp(rr)), "cvsd": rmssd / mean, "cvnni": sdnn / mean, "mean_hr": float(rate.mean()),
        "max_hr": float(rate.max()), "min_hr": float(rate.min()), "std_hr": float(np.std(rate)),
    }  # fmt: skip


def poincare_features(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """SD1 and SD2 from the deviations of changes and of intervals (not from the points themselves, as `poincare` does)."""
    of_change, of_all = float(np.var(np.diff(rr_ms), ddof=1)), float(np.var(rr_ms, ddof=1))
    sd1, sd2 = np.sqrt(of_change / 2), np.sqrt(max(2 * of_all - of_change / 2, 0.0))
    return {"sd1": float(sd1), "sd2": float(sd2), "ratio_sd2_sd1": ratio(float(sd2), float(sd1))}


def sympathetic_and_vagal(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """Toichi's indices from SD1 and SD2."""
    found = poincare_features(rr_ms)
    width, length = 4 * found["sd1"], 4 * found["sd2"]
    area = width * length
    return {
        "csi": ratio(length, width), "cvi": float(np.log10(area)) if area > 0 else float("nan"), "Modified_csi": ratio(length**2, width)
    }  # fmt: skip


def triangular_index(rr_ms: NDArray[np.float64]) -> float:
    """Intervals over the highest bin; NaN if none lies between 300 and 1996 ms."""
    return ratio(float(len(rr_ms)), float(np.histogram(rr_ms, bins=np.arange(300, 2000, 8))[0].max()))


def powers(
    rr_ms: NDArray[np.float64], spectrum: str = "welch", *, rate_hz: float = 4.0, interpolation: str = "linear",
    bands: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Powers in ms2 of one spectrum, "welch" or "lomb", and what is derived from them."""
    from scipy.interpolate import interp1d  # heavy: only once a spectrum is asked for

    chosen = BANDS | dict(bands or {})
    at = np.cumsum(rr_ms) / 1000
    at = at - at[0]
    if spectrum == "welch":
        even = interp1d(at, rr_ms, kind=interpolation)(np.arange(0, at[-1], 1 / rate_hz))
        frequency, density = welch_density(even - even.mean(), rate_hz, min(_WELCH_SEGMENT, len(even)), _WELCH_POINTS, centered=True)
    elif spectrum == "lomb":
        frequency = lomb_frequencies(float(at[-1]), chosen["vlf"][0], chosen["hf"][1])
        density = lomb_density(at, rr_ms, frequency)
    else:
        raise SettingsError(f"There is no spectrum {spectrum!r} here; choose welch or lomb.")
    vlf, lf, hf = (band_power(frequency, density, *chosen[name]) for name in ("vlf", "lf", "hf"))
    return {
        "lf": lf, "hf": hf, "lf_hf_ratio": ratio(lf, hf), "lfnu": 100 * ratio(lf, lf + hf), "hfnu": 100 * ratio(hf, lf + hf),
        "total_power": vlf + lf + hf, "vlf": vlf,
    }  # fmt: skip


@method(Card(
    name="hrv.summary",
    definition="Time domain, Poincaré plot, sample entropy, triangular index and spectral powers of RR intervals.",
    units="ms, ms2, /min, % or 1, as each index says",
    reference="Task Force 1996, Circulation 93:1043",
    equals="hrv-analysis 1.0.5, within 1e-9; its Lomb sums are astropy's",
    limits="No artifact removal; the powers are not those of NeuroKit2 (other interpolation, not normalized).",
))  # fmt: skip
def run_summary(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: all indices of one record."""
    check_arguments("hrv.summary", arguments, _ARGUMENTS)
    choice(arguments, "definition", ("hrv-analysis",))
    rr = intervals(rr_column(inputs["rr"]))
    bands = {name: band(arguments[name], name) for name in BANDS if name in arguments}
    interpolation = choice({"interpolation": "linear"} | dict(arguments), "interpolation", INTERPOLATIONS)
    rate = float(arguments.get("sampling_frequency_hz", 4))
    return {
        "time": plain(time_features(rr, pnni_as_percent=bool(arguments.get("pnni_as_percent", True)))),
        "poincare": plain(poincare_features(rr)), "csi_cvi": plain(sympathetic_and_vagal(rr)),
        **plain({"sampen": sample_entropy(rr, 0.2 * float(np.std(rr)), closed=False), "triangular_index": triangular_index(rr)}),
        **{
            f"frequency_{name}": plain(powers(rr, name, rate_hz=rate, interpolation=interpolation, bands=bands))
            for name in arguments.get("frequency_methods", ("welch", "lomb"))
        },
    }  # fmt: skip
