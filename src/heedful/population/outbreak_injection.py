"""Outbreaks put into a history: how large, when, and how they rise and fall.

An outbreak has Poisson(k x baseline standard deviation in its first week) cases, each delayed by a log-normal(0, 0.5) number of weeks,
cut to whole rows. So k = 2 hardly stands out of chance and k = 10 can be seen with the eye.

Reference: Noufaily et al. 2013, Stat Med 32:1206-1222, section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats
from heedful.population.seasonal import fit_poisson, harmonics
from heedful.population.yearly_reference import Calendar

LEAST_CASES = 10
"""Histories with fewer cases in all are taken as constant: no season could be fitted to them."""


@dataclass(frozen=True)
class Outbreaks:
    """`smallest` to `largest` size k, drawn evenly; `spread` of the log-normal delay, in weeks on the log scale.

    Errors: `SettingsError` for a size or spread not above 0.
    """

    smallest: float = 2
    largest: float = 10
    spread: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.largest or not self.spread > 0:
            raise SettingsError(f"Outbreaks have sizes above 0, the smallest first, and a spread above 0, not {self}.")


@dataclass(frozen=True)
class Injected:
    """`cases` [series, dates] added; for each series one outbreak from row `start` to row `end`, both -1 where the draw gave no case;
    `size` k as drawn."""

    cases: Floats
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    size: Floats

    @property
    def window(self) -> npt.NDArray[np.bool_]:
        """[series, dates], the dates from the first to the last of an outbreak."""
        date = np.arange(self.cases.shape[1])
        return (date >= self.start[:, None]) & (date <= self.end[:, None]) & (self.start[:, None] >= 0)


def outbreaks(spread: Floats, rows: slice, rows_a_week: float, settings: Outbreaks, rng: np.random.Generator) -> Injected:
    """Draw one outbreak in each series, beginning at any of `rows`; cases after the last row are lost.

    Parameters
    ----------
    spread: [series, dates], baseline standard deviation in counts. rows_a_week: 1 for weekly, 7 for daily series.
    """
    series, dates = spread.shape
    start = rng.integers(rows.start, rows.stop, series)
    size = np.asarray(rng.uniform(settings.smallest, settings.largest, series))
    number = rng.poisson(size * spread[np.arange(series), start])
    who = np.repeat(np.arange(series), number)
    delay = np.floor(rng.lognormal(0, settings.spread, len(who)) * rows_a_week).astype(np.int64)
    when = np.repeat(start, number) + delay
    seen = when < min(rows.stop, dates)
    cases = np.zeros((series, dates))
    np.add.at(cases, (who[seen], when[seen]), 1.0)
    some = cases.sum(axis=1) > 0
    # an outbreak is there from its first case on: before, nobody could know of it
    first = np.argmax(cases > 0, axis=1)
    last = dates - 1 - np.argmax(cases[:, ::-1] > 0, axis=1)
    return Injected(cases, np.where(some, first, -1), np.where(some, last, -1), size)


def baseline_spread(counts: Floats, calendar: Calendar) -> Floats:
    """Standard deviation of each count around its own trend and season, [series, dates]: root of dispersion times fitted mean.

    Two waves a year, a trend, and weekdays in daily series; Poisson regression, dispersion (at least 1) from Pearson residuals. Missing
    counts are left out of the fit. A series without a case has spread 0.
    """
    counts = np.asarray(counts, dtype=np.float64)
    present = ~np.isnan(counts)
    design = _design(counts.shape[1], calendar)
    total, known = np.nansum(counts, axis=1), present.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.broadcast_to(np.where(known > 0, total / known, 0.0)[:, None], counts.shape).copy()
    rich = (total >= LEAST_CASES) & (known >= max(calendar.frequency, 2 * design.shape[1]))
    if rich.any():
        mean[rich] = np.exp(np.clip(fit_poisson(counts[rich], design) @ design.T, -30, 30))
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = np.where(present & (mean > 0), (np.nan_to_num(counts) - mean) ** 2 / mean, 0.0).sum(axis=1)
    free = np.maximum(known - np.where(rich, design.shape[1], 1), 1)
    return np.sqrt(np.maximum(pearson / free, 1.0)[:, None] * mean)


def _design(dates: int, calendar: Calendar) -> Floats:
    """Time as a share of the whole, so that its coefficient is of the size of the others; weekdays but one in daily series."""
    times = np.arange(dates)
    waves = [harmonics(times, calendar.frequency), harmonics(times, calendar.frequency / 2)[:, 1:]]
    columns = [*waves, (times / max(dates, 1))[:, None]]
    if calendar.frequency >= 360:
        columns.append((times[:, None] % 7 == np.arange(6)).astype(np.float64))
    return np.hstack(columns)
