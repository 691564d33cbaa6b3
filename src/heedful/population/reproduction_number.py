"""Reproduction number from daily cases and a serial interval: how many people each case infects, in sliding windows.

Cases of a day are Poisson with mean R times the infectiousness of the days before, sum of serial interval (lag) * cases (that lag
ago); R has a gamma prior, so its posterior is gamma: shape a + local cases of the window, scale 1 / (1 / b + its infectiousness).

Reference: Cori et al. 2013, Am J Epidemiol 178:1505-1512; Thompson et al. 2019, Epidemics 29:100356 (imported cases). Equals R EpiEstim
2.2-4 `estimate_R` within 1e-7 and `discr_si` within 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import gammainc, gammaincinv, gammaln, ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of

QUANTILES = {"q025": 0.025, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "q975": 0.975}


@dataclass(frozen=True)
class ReproductionNumber:
    """Posterior of R, [series, windows]: gamma `shape` and `scale`, NaN where not estimated; `starts` and `ends` (both included) of the
    windows, 0-based days."""

    shape: Floats
    scale: Floats
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @property
    def mean(self) -> Floats:
        """Posterior mean."""
        return self.shape * self.scale

    @property
    def standard_deviation(self) -> Floats:
        """Posterior standard deviation."""
        return np.sqrt(self.shape) * self.scale

    def quantile(self, probability: float) -> Floats:
        """Posterior quantile."""
        return _gamma_quantile(self.shape, probability) * self.scale


def _gamma_quantile(shape: Floats, probability: float) -> Floats:
    """Quantile of the standard gamma: SciPy's, or, where it suffices to full precision and costs half, Wilson and Hilferty's
    approximation and two steps of Halley."""
    z = float(ndtri(probability))
    far = ~(shape >= 10) if abs(z) <= 2.5 else np.ones_like(shape, dtype=bool)
    out = np.full_like(shape, np.nan)
    out[far] = gammaincinv(shape[far], probability)
    a = shape[~far]
    x, norm = a * (1 - 1 / (9 * a) + z / (3 * np.sqrt(a))) ** 3, gammaln(a)
    for _ in range(2):
        step = (gammainc(a, x) - probability) * np.exp(x - (a - 1) * np.log(x) + norm)
        x = x - step / (1 - step * ((a - 1) / x - 1) / 2)
    out[~far] = x
    return out


def serial_interval(mean: float, standard_deviation: float, lags: int) -> Floats:
    """Probabilities of lags 0 .. `lags` days: a gamma distribution shifted by one day, made discrete (Cori 2013, web appendix 11).

    Errors: `SettingsError` for a mean of 1 day or less, or no spread.

    >>> serial_interval(2.6, 1.5, 3).round(3).tolist()
    [0.0, 0.233, 0.359, 0.198]
    """
    if not mean > 1 or not standard_deviation > 0:
        raise SettingsError(f"A serial interval needs a mean above 1 day and a spread above 0, not {mean} and {standard_deviation}.")
    shape, scale = ((mean - 1) / standard_deviation) ** 2, standard_deviation**2 / (mean - 1)
    lag = np.arange(-2.0, lags + 1)
    lower, upper = (np.asarray(gammainc(form, np.maximum(lag, 0) / scale)) for form in (shape, shape + 1))
    first = lag[2:] * lower[2:] + lag[:-2] * lower[:-2] - 2 * lag[1:-1] * lower[1:-1]
    return np.maximum(first + shape * scale * (2 * upper[1:-1] - upper[:-2] - upper[2:]), 0)


def reproduction_number(
    local: Floats,
    interval: Floats,
    window: int = 7,
    starts: npt.NDArray[np.int64] | None = None,
    imported: Floats | None = None,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> ReproductionNumber:
    """Estimate R in every window of every series.

    Parameters
    ----------
    local: [series, days] of consecutive days, NaN where missing.
    interval: probability of each lag from 0 days; lag 0 must be 0.
    window: days in a window. starts: first days, 0-based; None: every day from the second on.
    imported: cases infected elsewhere, [series, days]: they infect, but nobody here infected them. None: the first day's are.
    prior_mean, prior_sd: of R.

    A window that ends before the mean serial interval, or that a missing count reaches, is NaN. A window without cases or infectiousness
    answers the prior: it knows nothing.

    Errors: `SettingsError` for an interval that is none, windows outside the days, or a prior that is none.

    >>> result = reproduction_number(np.array([[1.0, 2, 4, 8, 16, 32, 64, 128]]), np.array([0.0, 1.0]), window=4)
    >>> result.mean.round(2).tolist()
    [[2.04, 2.02, 2.01, 2.0]]
    """
    local = np.array(local, dtype=np.float64)
    days = local.shape[1]
    starts = np.arange(1, max(days - window + 1, 1), dtype=np.int64) if starts is None else starts
    _check(interval, window, starts, days, prior_mean, prior_sd)
    everybody = local.copy() if imported is None else local + imported
    if imported is None:
        local[:, 0] = 0.0
    infectiousness = _infectiousness(everybody, interval)
    ends = starts + window - 1
    shape = (prior_mean / prior_sd) ** 2 + _sums(local, starts, ends)
    scale = 1 / (prior_mean / prior_sd**2 + _sums(infectiousness, starts, ends))
    early = (ends + 1 <= float(interval @ np.arange(len(interval)))) | np.isnan(shape) | np.isnan(scale)
    return ReproductionNumber(np.where(early, np.nan, shape), np.where(early, np.nan, scale), starts, ends)


def _check(interval: Floats, window: int, starts: npt.NDArray[np.int64], days: int, prior_mean: float, prior_sd: float) -> None:
    if len(interval) < 2 or interval[0] != 0 or (interval < 0).any() or not interval.sum() < 1.01:
        raise SettingsError("A serial interval is the probability of each lag from 0 days on: none at lag 0, none negative, summing to 1.")
    if window < 1 or (len(starts) and (starts.min() < 1 or starts.max() + window > days)):
        raise SettingsError(f"Windows of {window} days must begin on the second day or later and end within the {days} days of the series.")
    if not prior_mean > 0 or not prior_sd > 0:
        raise SettingsError(f"The prior of R needs a mean and spread above 0, not {prior_mean} and {prior_sd}.")


def _infectiousness(cases: Floats, interval: Floats) -> Floats:
    """Cases of earlier days weighted by the serial interval; NaN where a missing day has weight."""
    days = cases.shape[1]
    if days == 0:
        return cases
    weights = np.zeros(2 * days - 1)
    weights[days - 1 : days - 1 + len(interval)] = interval[:days]
    # row i, column j: the weight of lag j - i
    spread = np.lib.stride_tricks.sliding_window_view(weights, days)[::-1]
    missing = np.isnan(cases)
    total = np.where(missing, 0.0, cases) @ spread
    return np.where(missing.astype(np.float64) @ (spread > 0) > 0, np.nan, total) if missing.any() else total


def _sums(values: Floats, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Floats:
    """Sums over windows, NaN where a day of the window is missing."""
    missing = np.isnan(values)
    total, lost = (np.pad(np.cumsum(part, axis=1), ((0, 0), (1, 0))) for part in (np.where(missing, 0.0, values), missing))
    return np.where(lost[:, ends + 1] > lost[:, starts], np.nan, total[:, ends + 1] - total[:, starts])


@method(
    Card(
        name="surveillance.discretise_serial_interval",
        definition="Probability of each lag in days of a gamma serial interval shifted by one day.",
        units="1",
        reference="Cori et al. 2013, Am J Epidemiol 178:1505-1512, web appendix 11",
        equals="R EpiEstim 2.2-4 discr_si, within 1e-9",
    )
)
def run_serial_interval(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: one distribution for each mean and standard deviation."""
    lags = int(arguments["lags"])
    out: dict[str, Any] = {"lag": list(range(lags + 1))}
    for mean, spread in zip(arguments["means"], arguments["sds"], strict=True):
        out[f"mean_{mean:g}_sd_{spread:g}"] = plain(serial_interval(float(mean), float(spread), lags))
    return out


@method(
    Card(
        name="surveillance.reproduction_number",
        definition="Posterior of the number of people each case infects, in sliding windows of days.",
        units="1",
        reference="Cori et al. 2013, Am J Epidemiol 178:1505-1512; Thompson et al. 2019, Epidemics 29:100356",
        equals="R EpiEstim 2.2-4 estimate_R (given and parametric serial interval), within 1e-7",
        limits="The serial interval is taken as known; late reports pull the last windows down.",
    )
)
def run_reproduction_number(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: posterior of each window, and the serial interval used."""
    imported = series_of(inputs, "imported") if arguments.get("imported") else None
    local = series_of(inputs, "count" if imported is None else "local")
    days, window = local.shape[1], int(arguments["window"])
    # as in the peer: one entry more than there are days, and with a parametric interval the last is 0
    interval = np.zeros(days + 1)
    if arguments["method"] == "parametric_si":
        interval[:days] = serial_interval(float(arguments["mean_si"]), float(arguments["sd_si"]), days - 1)
    else:
        given = inputs["serial_interval"]["probability"].to_numpy()
        interval = np.pad(given, (0, max(days + 1 - len(given), 0)))
    first, last = int(arguments.get("t_start_first", 2)), int(arguments.get("t_start_last", days - window + 1))
    starts = np.arange(first - 1, last, dtype=np.int64)
    prior = float(arguments["prior_mean"]), float(arguments["prior_sd"])
    result = reproduction_number(local, interval, window, starts, imported, *prior)
    return {
        "t_start": (result.starts + 1).tolist(),
        "t_end": (result.ends + 1).tolist(),
        "mean": plain(result.mean[0]),
        "sd": plain(result.standard_deviation[0]),
        **{name: plain(result.quantile(probability)[0]) for name, probability in QUANTILES.items()},
        "serial_interval": plain(interval),
    }
