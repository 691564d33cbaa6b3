"""Time-domain heart-rate variability: how far RR intervals spread, slowly (SDNN, SDANN) and from beat to beat (RMSSD, pNN50).

Standard deviations have n - 1. `SDANNm` and `SDNNIm` are the deviation of the means and the mean of the deviations over windows of m
minutes, missing under three windows. `MadNN` is 1.4826 times the median absolute deviation. `pNNx` is the share in percent of all n
intervals whose change is above x ms. `HTI` is n over the highest bin of the histogram, `TINN` the base in ms of its best triangle.

Task Force 1996, Circulation 93:1043; Shaffer and Ginsberg 2017, Front Public Health 5:258. Equal to NeuroKit2 0.2.13 `hrv_time`, also
where it is odd: the last interval of each window is left out, and the triangle's left foot stays at the first bin above the shortest
interval, since the search for the right foot is not begun anew. `hrv-analysis` counts differently, see `summary`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.hrv.intervals import as_peaks, choice, intervals, plain, ratio, rr_column
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_ARGUMENTS = frozenset({"definition", "sampling_rate_hz", "sdann_windows_min", "pnn_threshold_ms", "histogram_bin_ms"})
_LARGEST_ERROR = 2**14


@dataclass(frozen=True)
class TimeDomain:
    """Settings: windows in minutes, thresholds of pNN in ms, width of a bin in ms (Task Force: 1/128 s)."""

    windows_minutes: tuple[float, ...] = (1, 2, 5)
    pnn_ms: tuple[float, ...] = (20, 50)
    bin_ms: float = 1000 / 128

    def __post_init__(self) -> None:
        if not self.bin_ms > 0 or not all(w > 0 for w in self.windows_minutes) or not all(p >= 0 for p in self.pnn_ms):
            raise SettingsError(f"Windows, thresholds and bins are lengths of time above 0; these are not: {self}.")


def time_domain(rr_ms: NDArray[np.float64], settings: TimeDomain | None = None) -> dict[str, float]:
    """Indices by name, in ms unless the name says otherwise; NaN what cannot be said of so short a record.

    >>> found = time_domain(np.array([800.0, 810, 790, 870, 800]))
    >>> round(found["RMSSD"], 2), found["pNN50"], found["MeanNN"]
    (54.31, 40.0, 814.0)
    """
    rr = intervals(rr_ms)
    settings = settings or TimeDomain()
    change = np.diff(rr)
    out = {"MeanNN": float(np.mean(rr)), "SDNN": float(np.std(rr, ddof=1))}
    for minutes in settings.windows_minutes:
        out[f"SDANN{minutes:g}"], out[f"SDNNI{minutes:g}"] = _windowed(rr, minutes * 60_000)
    out["RMSSD"], out["SDSD"] = float(np.sqrt(np.mean(change**2))), float(np.std(change, ddof=1))
    out["CVNN"], out["CVSD"] = out["SDNN"] / out["MeanNN"], out["RMSSD"] / out["MeanNN"]
    median = float(np.median(rr))
    out["MedianNN"], out["MadNN"] = median, 1.4826 * float(np.median(np.abs(rr - median)))
    low, quarter, three_quarters, high = np.percentile(rr, [20, 25, 75, 80])
    out |= {"MCVNN": out["MadNN"] / median, "IQRNN": three_quarters - quarter, "SDRMSSD": ratio(out["SDNN"], out["RMSSD"])}
    out |= {"Prc20NN": low, "Prc80NN": high}
    out |= {f"pNN{threshold:g}": np.sum(np.abs(change) > threshold) / len(rr) * 100 for threshold in settings.pnn_ms}
    out["MinNN"], out["MaxNN"] = float(rr.min()), float(rr.max())
    edges = np.arange(0, rr.max() + settings.bin_ms, settings.bin_ms)
    counts = np.histogram(rr, edges)[0]
    out["HTI"], out["TINN"] = len(rr) / counts.max(), _triangle(rr, edges, counts) * settings.bin_ms
    return {name: float(value) for name, value in out.items()}


def _windowed(rr: NDArray[np.float64], width: float) -> tuple[float, float]:
    """Deviation of the windows' means, and mean of the windows' deviations."""
    beat = np.cumsum(rr / 1000)
    end = (beat - beat[0]) * 1000 + rr[0]  # by way of seconds, as there: a beat on a window's very edge falls where rounding puts it
    windows = int(np.rint(end[-1] / width))
    if windows < 3:
        return float("nan"), float("nan")
    first = np.searchsorted(end, np.arange(windows) * width, side="left")
    last = np.searchsorted(end, np.arange(1, windows + 1) * width, side="left") - 1  # the window's last interval is left out
    held = [rr[a:b] for a, b in zip(first, last, strict=True)]
    means = np.array([part.mean() for part in held if len(part)])
    spreads = np.array([part.std(ddof=1) for part in held if len(part) > 1])
    return float(np.std(means, ddof=1)) if len(means) > 1 else float("nan"), float(spreads.mean()) if len(spreads) else float("nan")


def _triangle(rr: NDArray[np.float64], edges: NDArray[np.float64], counts: NDArray[np.int64]) -> int:
    """Bins between the feet of the triangle that is nearest to the histogram (least squares over its base)."""
    top = int(np.argmax(counts))
    left = int(np.searchsorted(edges, rr.min(), side="right"))
    if left >= top:
        return 0
    rights = np.arange(top + 1, int(np.searchsorted(edges, rr.max(), side="left")))
    rising = counts[top] * (np.arange(left, top) - left) / (top - left)
    falling = [counts[top] * (right - np.arange(top, right + 1)) / (right - top) for right in rights]
    before = np.sum((counts[left:top] - rising) ** 2)
    errors = np.array([before + np.sum((counts[top : top + len(side)] - side) ** 2) for side in falling])
    if not len(errors) or errors.min() >= _LARGEST_ERROR:
        return 0
    return int(rights[np.argmin(errors)]) - left


@method(Card(
    name="hrv.time_domain",
    definition="Spread of RR intervals over the record, over windows and from beat to beat.",
    units="ms; CVNN, CVSD, MCVNN, SDRMSSD, HTI 1; pNN %",
    reference="Task Force 1996, Circulation 93:1043; Shaffer and Ginsberg 2017, Front Public Health 5:258",
    equals="NeuroKit2 0.2.13 hrv_time, to rounding, its windows and its triangle included",
    limits="Ectopic beats and artifacts are not removed here; values of records of different length do not compare.",
))  # fmt: skip
def run_time_domain(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: indices of one record."""
    check_arguments("hrv.time_domain", arguments, _ARGUMENTS)
    choice(arguments, "definition", ("neurokit2",))
    settings = TimeDomain(
        tuple(arguments.get("sdann_windows_min", TimeDomain.windows_minutes)),
        tuple(arguments.get("pnn_threshold_ms", TimeDomain.pnn_ms)),
        float(arguments.get("histogram_bin_ms", TimeDomain.bin_ms)),
    )
    rr = as_peaks(rr_column(inputs["rr"]), float(arguments.get("sampling_rate_hz", 1000)))
    return plain(time_domain(rr, settings))
