"""Bayesian outbreak detection by the predictive distribution (BODA) of a negative binomial regression on seasonal levels and a trend.

The bound is a quantile of what the next count can be: negative binomial around a mean and with a dispersion that are themselves
uncertain, both from the asymptotic normal distribution of their estimates. No sampling: the two are averaged over their quantiles.

Reference: Salmon, Schumacher, Stark & Höhle 2015, Biom J 57:1051-1067; Manitz & Höhle 2013, Biom J 55:509-526.
`mode="surveillance"` is what R surveillance 1.20.3 `bodaDelay` (inferenceMethod "asym", no delay) comes to with many Monte Carlo samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc, ndtri, polygamma

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of, tested, time_index
from heedful.population.in_control import fit_log_linear
from heedful.population.yearly_reference import NO_ROW, Calendar, seasonal_blocks

Mode = Literal["corrected", "surveillance"]
_QUANTILES = 25
"""Of each of the two uncertain numbers; 625 pairs."""
_MOST_COUNT = 2.0**50


@dataclass(frozen=True)
class BodaDelay:
    """Settings, as those of `FarringtonFlexible`; `alpha` is one-sided.

    `mode` "corrected" takes mean and dispersion as independent, which their estimates asymptotically are. R draws both from the same
    random numbers, so that large means always come with small dispersions.

    Errors: `SettingsError` for a setting outside its range.
    """

    years_back: int = 5
    half_window: int = 3
    periods: int = 1
    left_out: int | None = None
    alpha: float = 0.05
    trend: bool = True
    min_cases: float = 5
    min_cases_periods: int = 4
    mode: Mode = "corrected"

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise SettingsError(f"boda_delay: the mode is {' or '.join(get_args(Mode))}, not {self.mode!r}.")
        if not 0 < self.alpha < 1 or self.min_cases < 0 or self.min_cases_periods < 1:
            raise SettingsError(f"boda_delay: alpha between 0 and 1, min_cases 0 or more in at least 1 period: {self}.")
        if self.years_back < 1 or self.half_window < 0 or self.periods < 1 or (self.left_out is not None and self.left_out < 0):
            raise SettingsError(f"boda_delay: at least 1 year back and 1 period, windows and rows left out not negative: {self}.")


@dataclass(frozen=True)
class BodaDelayResult:
    """All [series, dates]. `bound` is NaN where years back are missing, nothing can be fitted, or there are too few cases."""

    bound: Floats
    expected: Floats
    alarm: npt.NDArray[np.bool_]


def boda_delay(counts: Floats, calendar: Calendar, settings: BodaDelay, rows: slice | None = None) -> BodaDelayResult:
    """Test `rows` (all of them if None) of every series.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the reference, and not tested.
    calendar: when the rows were.

    Errors: `SettingsError` if there are more periods than rows between two windows.

    >>> counts = np.tile([3.0, 5, 4, 6, 9, 2], (1, 60))
    >>> counts[0, -1] = 30
    >>> found = boda_delay(counts, Calendar(52), BodaDelay(periods=4, left_out=10), slice(359, 360))
    >>> float(found.expected[0, 0].round(2)), float(found.bound[0, 0]), bool(found.alarm[0, 0])
    (4.94, 9.0, True)
    """
    counts = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    places = np.arange(counts.shape[1])[slice(None) if rows is None else rows]
    left_out = settings.half_window if settings.left_out is None else settings.left_out
    reference = seasonal_blocks(calendar, places, settings.years_back, settings.half_window, settings.periods, -1)
    bound, expected = np.full((len(counts), len(places)), np.nan), np.full((len(counts), len(places)), np.nan)
    for date, place in enumerate(places):
        used = np.flatnonzero(reference.rows[date] != NO_ROW)
        if reference.lacking[date] or len(used) <= left_out + 1:
            continue
        used = used[: -(left_out + 1)]  # the tested row and those before it; with one period also of the windows before
        design, now = _design(reference.times[date, used], reference.levels[date, used], float(reference.time_now[date]), settings)
        for series in range(len(counts)):
            if _enough(counts[series], int(place), settings):
                known = counts[series, reference.rows[date, used]]
                bound[series, date], expected[series, date] = _bound(known, design, now, settings)
    with np.errstate(invalid="ignore"):
        return BodaDelayResult(bound, expected, counts[:, places] > bound)


def _design(times: Floats, levels: npt.NDArray[np.int64], time_now: float, settings: BodaDelay) -> tuple[Floats, Floats]:
    """Design of the reference rows and of the tested one: a level for each season, time about its mean."""
    columns = [(levels == level).astype(np.float64) for level in np.unique(levels)]
    now = [float(level == settings.periods - 1) for level in np.unique(levels)]
    if settings.trend:
        columns.append(times - times.mean())
        now.append(time_now - float(times.mean()))
    return np.column_stack(columns), np.array(now)


def _enough(counts: Floats, place: int, settings: BodaDelay) -> bool:
    recent = counts[max(place - settings.min_cases_periods + 1, 0) : place + 1]
    return not np.isnan(counts[place]) and bool(np.nansum(recent) >= settings.min_cases)


def _bound(known: Floats, design: Floats, now: Floats, settings: BodaDelay) -> tuple[float, float]:
    """Quantile of the predictive distribution, and the mean behind it; NaN where the regression cannot be fitted."""
    present = ~np.isnan(known)
    y, x = known[present], np.ascontiguousarray(design[present])
    if len(y) <= x.shape[1] or (x != 0).any(axis=0).sum() < x.shape[1] or not (x.T @ y != 0).all():
        return float("nan"), float("nan")
    coefficients, alpha, done = fit_log_linear(y, x, None)
    if not done:
        return float("nan"), float("nan")
    mean, size = np.exp(x @ coefficients), 1 / alpha
    covariance = np.linalg.inv((x * (mean / (1 + alpha * mean))[:, None]).T @ x)
    center, error = float(now @ coefficients), float(np.sqrt(now @ covariance @ now))
    information = (polygamma(1, size) - polygamma(1, size + y) - 1 / size + 2 / (mean + size) - (y + size) / (mean + size) ** 2).sum()
    size_error = float(1 / np.sqrt(information)) if information > 0 else 0.0
    if settings.mode == "surveillance":
        z = ndtri((np.arange(_QUANTILES**2) + 0.5) / _QUANTILES**2)
        means, sizes = np.exp(center + error * z), size + size_error * z
    else:
        z = ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
        means = np.repeat(np.exp(center + error * z), _QUANTILES)
        sizes = np.tile(size + size_error * z, _QUANTILES)
    possible = sizes > 0
    return _quantile(1 - settings.alpha, means[possible], sizes[possible]), float(np.exp(center))


def _quantile(probability: float, means: Floats, sizes: Floats) -> float:
    """Smallest count that the mixture of negative binomials does not pass with `probability`."""
    chance = sizes / (sizes + means)

    def reached(count: float) -> bool:
        return bool(betainc(sizes, count + 1, chance).mean() >= probability)

    low, high = -1.0, float(np.ceil(means.mean()))
    while not reached(high):
        low, high = high, 2 * high + 1
        if high > _MOST_COUNT:
            return float("nan")
    while high - low > 1:
        middle = float(np.floor((low + high) / 2))
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@method(
    Card(
        name="surveillance.boda_delay",
        definition="Count above a quantile of what a negative binomial regression on seasonal levels and a trend predicts.",
        units="{count}",
        reference="Salmon et al. 2015, Biom J 57:1051-1067",
        equals="R surveillance 1.20.3 bodaDelay with asymptotic inference and no delay, within its Monte Carlo error",
        limits="No correction for delayed reports: put a nowcast before it. No down-weighting of past outbreaks.",
    )
)
def run_boda_delay(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases; the exact quantile stands for both the sampled and the mixture one of R."""
    if arguments.get("delay"):
        raise SettingsError("boda_delay: delayed reports are not modeled. Nowcast the series first (surveillance.nowcast).")
    if str(arguments.get("inference", "asymptotic")) not in ("asymptotic", "asym"):
        raise SettingsError(f"boda_delay: inference is asymptotic; {arguments['inference']!r} would need INLA, which is not offered.")
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    past = arguments.get("past_periods_not_included")
    settings = BodaDelay(
        years_back=int(arguments["years_back"]),
        half_window=int(arguments["half_window"]),
        periods=int(arguments["number_of_periods"]),
        left_out=None if past is None else int(past),
        alpha=float(arguments["alpha"]),
        trend=bool(arguments["trend"]),
        min_cases=float(arguments.get("min_cases", 5)),
        min_cases_periods=int(arguments.get("min_cases_periods", 4)),
        mode="surveillance",
    )
    result = boda_delay(counts, _calendar(arguments, inputs["series"]), settings, rows)
    known = np.isfinite(result.bound[0])
    return {
        "time_index": time_index(rows),
        "upperbound": plain(result.bound[0]),
        "alarm": [int(raised) if there else None for raised, there in zip(result.alarm[0], known, strict=True)],
        "upperbound_moment_method": plain(result.bound[0]),
    }


def _calendar(arguments: Mapping[str, Any], series: pl.DataFrame) -> Calendar:
    """By date where the series has dates, unless the case says otherwise."""
    by = arguments.get("reference_by", "date" if "date" in series.columns else "index")
    days = series["date"].cast(pl.String).str.to_date().to_numpy().astype("datetime64[D]") if by == "date" else None
    return Calendar(int(arguments["frequency"]), days)
