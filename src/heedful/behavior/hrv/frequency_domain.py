"""Frequency-domain heart-rate variability: power in the bands ULF, VLF, LF, HF, VHF, and what is derived from them.

The intervals are interpolated to an even rate, their mean taken off, and their spectrum by Welch, Lomb-Scargle, Burg or plain FFT is
normalized to its highest value, so that powers have no unit and do not compare with ms² (use `summary` for these). `TP` is the sum of
the bands, `LFHF` their ratio, `LFn` and `HFn` shares of `TP`, `LnHF` the natural logarithm of HF. A band without power is missing: the
record is too short for it.

Task Force 1996, Circulation 93:1043. Equal to NeuroKit2 0.2.13 `hrv_frequency` (its Lomb sums are astropy's; "burg" has its order 16).
Its method "multitapers" is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.hrv.intervals import as_peaks, band, choice, intervals, plain, ratio, rr_column
from heedful.behavior.hrv.spectrum import band_power, burg_density, lomb_density, lomb_frequencies, low_welch_density
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

BANDS: dict[str, tuple[float, float]] = {
    "ULF": (0.0, 0.0033), "VLF": (0.0033, 0.04), "LF": (0.04, 0.15), "HF": (0.15, 0.4), "VHF": (0.4, 0.5),
}  # fmt: skip
METHODS = ("welch", "lomb", "burg", "fft")
_NYQUIST_FACTOR = 5
INTERPOLATIONS = ("quadratic", "linear", "cubic", "slinear", "nearest", "zero", "previous", "next")
_ARGUMENTS = frozenset({
    "definition", "psd_method", "interpolation_rate_hz", "interpolation", "ulf", "vlf", "lf", "hf", "vhf", "normalize_psd",
    "sampling_rate_hz",
})  # fmt: skip


@dataclass(frozen=True)
class FrequencyDomain:
    """Settings: spectrum, how and at which rate intervals are interpolated (None: not at all, Lomb-Scargle at the beats themselves), bands
    in Hz, whether the spectrum is normalized."""

    spectrum: str = "welch"
    rate_hz: float | None = 100.0
    interpolation: str = "quadratic"
    normalized: bool = True
    bands: Mapping[str, tuple[float, float]] | None = None

    def __post_init__(self) -> None:
        rate = self.rate_hz if self.rate_hz is not None or self.spectrum != "lomb" else 1.0
        if self.spectrum not in METHODS or self.interpolation not in INTERPOLATIONS or rate is None or not rate >= 1:
            raise SettingsError(
                f"{self} is not offered: spectra are {', '.join(METHODS)}, interpolations {', '.join(INTERPOLATIONS)}, rates at least 1 Hz "
                "(none for lomb only)."
            )


def frequency_domain(rr_ms: NDArray[np.float64], settings: FrequencyDomain | None = None) -> dict[str, float]:
    """Powers by band and what is derived from them; NaN where a band has none.

    >>> breathing = 800 + 40 * np.sin(2 * np.pi * 0.25 * np.arange(300) * 0.8)
    >>> found = frequency_domain(breathing)
    >>> found["HFn"] > 0.9, bool(np.isnan(found["ULF"]))
    (True, True)
    """
    settings = settings or FrequencyDomain()
    rr = intervals(rr_ms)
    bands = dict(BANDS) | dict(settings.bands or {})
    highest_hz = max(high for _, high in bands.values())
    frequency, density = (
        _at_beats(rr, settings.normalized) if settings.rate_hz is None else _spectrum(rr, settings, settings.rate_hz, highest_hz)
    )
    frequency, density = frequency[frequency <= highest_hz], density[frequency <= highest_hz]
    out = {name: band_power(frequency, density, low, high) or float("nan") for name, (low, high) in bands.items()}
    total = float(np.nansum(list(out.values())))
    return out | {
        "TP": total, "LFHF": ratio(out["LF"], out["HF"]), "LFn": ratio(out["LF"], total), "HFn": ratio(out["HF"], total),
        "LnHF": float(np.log(out["HF"])),
    }  # fmt: skip


def _at_beats(rr: NDArray[np.float64], normalized: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lomb-Scargle without interpolation, up to five times the mean beat's Nyquist frequency. The lowest frequency has the peer's unit:
    eight median intervals over the number of beats."""
    at = np.cumsum(rr / 1000)
    duration = float(at[-1] - at[0])
    lowest = 2 * float(np.median(np.diff(at))) / (len(rr) / 2)
    frequency = lomb_frequencies(duration, lowest, _NYQUIST_FACTOR * 0.5 * len(rr) / duration)
    density = lomb_density(at, rr - rr.mean(), frequency)
    return frequency, _share(density, float(density.max())) if normalized else density


def _share(density: NDArray[np.float64], highest: float) -> NDArray[np.float64]:
    """The density over its highest value; NaN where nothing varies."""
    return density / highest if highest > 0 else np.full(len(density), np.nan)


def _even(rr: NDArray[np.float64], interpolation: str, rate_hz: float) -> NDArray[np.float64]:
    """The intervals at an even rate from the first beat to past the last, without their mean."""
    from scipy.interpolate import interp1d  # heavy: only once a spectrum is asked for

    at = np.cumsum(rr / 1000)
    even = np.arange(at[0], at[-1] + 1 / rate_hz, 1 / rate_hz)
    values = interp1d(at, rr, kind=interpolation)(np.minimum(even, at[-1]))
    return values - values.mean()


def _spectrum(
    rr: NDArray[np.float64], settings: FrequencyDomain, rate: float, highest_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies that the record is long enough for, and the density there, normalized by the highest anywhere."""
    values = _even(rr, settings.interpolation, rate)
    count, highest = len(values), 0.0
    lowest_hz = 2 * rate / (count / 2)
    if settings.spectrum == "fft":
        density = np.abs(np.fft.rfft(values)) ** 2
        frequency = np.linspace(0, rate / 2, len(density))
    elif settings.spectrum == "lomb":
        at = np.arange(count) / rate
        frequency = lomb_frequencies(at[-1], lowest_hz, max(highest_hz, lowest_hz))
        density = lomb_density(at, values, frequency)
    elif settings.spectrum == "burg":
        frequency, density = burg_density(values, rate, 2 * min(int(2 / lowest_hz * rate), int(count / 2)))
    else:
        segment = min(int(2 / lowest_hz * rate), int(count / 2))
        frequency, density, highest = low_welch_density(values, rate, segment, highest_hz)
    if settings.normalized:
        density = _share(density, max(highest, float(density.max())))
    return frequency[frequency >= lowest_hz], density[frequency >= lowest_hz]


@method(Card(
    name="hrv.frequency_domain",
    definition="Power of interpolated RR intervals in the bands ULF, VLF, LF, HF and VHF of a normalized spectrum.",
    units="1 (normalized density times Hz)",
    reference="Task Force 1996, Circulation 93:1043",
    equals="NeuroKit2 0.2.13 hrv_frequency with welch, lomb, burg and fft, within 1e-6",
    limits="No artifact removal; needs 5 minutes for LF; a trend leaks into VLF. Powers of other programs are in ms2, and differ.",
))  # fmt: skip
def run_frequency_domain(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: powers of one record."""
    check_arguments("hrv.frequency_domain", arguments, _ARGUMENTS)
    choice(arguments, "definition", ("neurokit2",))
    settings = FrequencyDomain(
        str(arguments.get("psd_method", "welch")), _rate(arguments.get("interpolation_rate_hz", 100)),
        str(arguments.get("interpolation", "quadratic")), bool(arguments.get("normalize_psd", True)),
        {name: band(arguments[name.lower()], name) for name in BANDS if name.lower() in arguments},
    )  # fmt: skip
    return plain(frequency_domain(as_peaks(rr_column(inputs["rr"]), float(arguments.get("sampling_rate_hz", 1000))), settings))


def _rate(stated: object) -> float | None:
    if stated is None or (isinstance(stated, (int, float)) and not isinstance(stated, bool)):
        return None if stated is None else float(stated)
    raise SettingsError(f"interpolation_rate_hz is {stated!r}; give Hz, or null for Lomb-Scargle at the beats.")
