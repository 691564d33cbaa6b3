"""Contenders of a back-test: detectors with a setting each, all asked in the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.population.bayes import bayes
from heedful.population.cases import Floats
from heedful.population.change_point_online import ChangePoints, change_points
from heedful.population.cusum import cusum
from heedful.population.ears import Ears, Form, ears
from heedful.population.ears_reweighted import ears_t_reweighted
from heedful.population.essence import essence_switch
from heedful.population.ewma import ewma
from heedful.population.farrington import Farrington, State, farrington
from heedful.population.farrington_flexible import FarringtonFlexible, Threshold, farrington_flexible
from heedful.population.glr import Glr, glr
from heedful.population.harmonic_regression import HarmonicRegression, harmonic_regression
from heedful.population.outbreak_p import outbreak_p
from heedful.population.reference_window import ReferenceWindow
from heedful.population.rki import rki
from heedful.population.season_blend import SeasonBlend, season_blend
from heedful.population.seasonal import fit_poisson, harmonics
from heedful.population.yearly_reference import Calendar

Flags = npt.NDArray[np.bool_]
Run = Callable[[Floats, Calendar, int, slice], tuple[Flags, Flags]]
"""Counts [series, dates], calendar, the back-test's first tested row, the rows asked for: alarm and tested, both [series, rows]. Charts
start at the first tested row and take their mean from the rows before it."""


_HALF_WINDOW = 3


@dataclass(frozen=True)
class Contender:
    """A detector's name, its settings in words, and how it is asked."""

    name: str
    settings: str
    run: Run

    @property
    def title(self) -> str:
        return f"{self.name} ({self.settings})"


def contenders(calendar: Calendar, rows_before: int) -> list[Contender]:
    """Those that can answer with `rows_before` rows of history before the first tested one.

    >>> [one.name for one in contenders(Calendar(52), 20)]
    ['EARS C1', 'EARS C1', 'EARS C2', 'EARS C2', 'EARS C3', 're-weighted EARS', 'OutbreakP', 'ESSENCE EWMA']
    """
    found = [_ears(form, alpha) for form, alpha in (("C1", 0.001), ("C1", 0.01), ("C2", 0.001), ("C2", 0.01), ("C3", 0.001))]  # type: ignore[arg-type]
    found += [_reweighted(0.025), _outbreak_p(), _ewma()]
    if calendar.frequency >= 360:
        found.append(_essence())
    # whole years back whose window does not begin before the history
    years = int((calendar.years_back(np.array([rows_before]), 5) >= _HALF_WINDOW).sum())
    if years >= 1:
        found += [_cusum(), _glr(), _change_points(), *(_harmonic(alpha) for alpha in (0.01, 0.001))]
        window = ReferenceWindow(min(years, 2), 6 if calendar.frequency == 52 else 3, True, calendar.frequency)
        found += [_bayes(window), _rki(window)]
    if years >= 2:
        found += [_farrington(years, 0.05), *(_flexible(years, alpha, "delta") for alpha in (0.05, 0.01, 0.005, 0.001))]
        found += [_flexible(years, 0.01, "nbPlugin"), _flexible(years, 0.01, "muan")]
        found += [_blend(years, alpha) for alpha in (0.02, 0.005, 0.001)]
    return found


def _ears(form: Form, alpha: float) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = ears(counts[:, : rows.stop], Ears(form, alpha=alpha, min_sigma=1.0))
        return result.alarm[:, rows], ~np.isnan(result.statistic[:, rows])

    return Contender(f"EARS {form}", f"alpha {alpha:g}, spread at least 1", run)


def _reweighted(alpha: float) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = ears_t_reweighted(counts[:, : rows.stop], alpha=alpha)
        return result.alarm[:, rows], ~np.isnan(result.bound[:, rows])

    return Contender("re-weighted EARS", f"alpha {alpha:g}", run)


def _outbreak_p() -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        # a season's onset: the last half year before the first tested row, then on
        begin = max(first - calendar.frequency // 2, 0)
        result = outbreak_p(counts[:, begin : rows.stop])
        shown = slice(rows.start - begin, rows.stop - begin)
        return result.alarm[:, shown], ~np.isnan(result.log_statistic[:, shown])

    return Contender("OutbreakP", "threshold 100", run)


def _chart_mean(counts: Floats, calendar: Calendar, first: int, stop: int) -> Floats:
    """Seasonal mean of rows `first` .. `stop`, fitted to all rows before; NaN where there are too few cases to fit it."""
    design = harmonics(np.arange(stop), calendar.frequency)
    past = counts[:, :first]
    rich = (np.nansum(past, axis=1) >= 10) & ((~np.isnan(past)).sum(axis=1) >= calendar.frequency)
    mean = np.full((len(counts), stop - first), np.nan)
    if rich.any():
        mean[rich] = np.exp(np.clip(fit_poisson(past[rich], design[:first]) @ design[first:].T, -30, 30))
    return mean


def _cusum() -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = cusum(counts[:, first : rows.stop], _chart_mean(counts, calendar, first, rows.stop))
        shown = slice(rows.start - first, rows.stop - first)
        return result.alarm[:, shown], ~np.isnan(result.statistic[:, shown])

    return Contender("CUSUM", "Rossi, k 1.04, h 2.26, seasonal mean", run)


def _glr() -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = glr(np.rint(counts[:, first : rows.stop]), _chart_mean(counts, calendar, first, rows.stop), Glr(longest=12))
        shown = slice(rows.start - first, rows.stop - first)
        return result.alarm[:, shown], ~np.isnan(result.statistic[:, shown])

    return Contender("GLR", "Poisson, threshold 5, seasonal mean, last 12 dates", run)


def _ewma() -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = ewma(counts[:, : rows.stop])
        return result.alarm[:, rows], ~np.isnan(result.p[:, rows])

    return Contender("ESSENCE EWMA", "alpha 0.01, 28 dates", run)


def _essence() -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = essence_switch(counts[:, : rows.stop]).result
        return result.alarm[:, rows], ~np.isnan(result.p[:, rows])

    return Contender("ESSENCE regression or EWMA", "alpha 0.01, 28 days", run)


def _change_points() -> Contender:
    settings = ChangePoints(prior_cases=5, prior_dates=5)

    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        mean = _chart_mean(counts, calendar, first, rows.stop)
        fitted = ~np.isnan(mean[:, 0])
        alarm, tested = (
            np.zeros((len(counts), rows.stop - rows.start), dtype=bool),
            np.zeros((len(counts), rows.stop - rows.start), dtype=bool),
        )
        shown = slice(rows.start - first, rows.stop - first)
        if fitted.any():
            result = change_points(np.rint(counts[fitted, first : rows.stop]), settings, mean[fitted])
            alarm[fitted], tested[fitted] = result.alarm[:, shown], ~np.isnan(result.p[:, shown])
        return alarm, tested

    return Contender("Bayesian change point", "Poisson, a run of 100 dates, chance 0.9, seasonal mean", run)


def _harmonic(alpha: float) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = harmonic_regression(counts, calendar, HarmonicRegression(alpha=alpha), rows)
        return result.alarm, ~np.isnan(result.p)

    return Contender("harmonic negative binomial", f"alpha {alpha:g}, two waves", run)


def _blend(years: int, alpha: float) -> Contender:
    settings = SeasonBlend(alpha, steps=FarringtonFlexible(years_back=years, alpha=0.01, threshold="muan"))

    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = season_blend(counts, calendar, settings, rows)
        return result.alarm, ~np.isnan(result.p)

    return Contender("season blend", f"alpha {alpha:g}, {_years(years)}", run)


def _bayes(window: ReferenceWindow) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        bound, alarm = bayes(counts[:, : rows.stop], window, 0.01)
        return alarm[:, rows], ~np.isnan(bound[:, rows] + counts[:, rows])

    return Contender("Bayes", f"alpha 0.01, {_years(window.years_back)}, {window.half_window} dates around", run)


def _rki(window: ReferenceWindow) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        bound, alarm = rki(counts[:, : rows.stop], window)
        return alarm[:, rows], ~np.isnan(bound[:, rows] + counts[:, rows])

    return Contender("RKI", f"{_years(window.years_back)}, {window.half_window} dates around", run)


def _farrington(years: int, alpha: float) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        result = farrington(counts, calendar, Farrington(years_back=years, alpha=alpha), rows)
        return result.alarm, _answered(result.state)

    return Contender("Farrington 1996", f"alpha {alpha:g}, {_years(years)}", run)


def _flexible(years: int, alpha: float, threshold: Threshold) -> Contender:
    def run(counts: Floats, calendar: Calendar, first: int, rows: slice) -> tuple[Flags, Flags]:
        settings = FarringtonFlexible(years_back=years, alpha=alpha, threshold=threshold)
        result = farrington_flexible(counts, calendar, settings, rows)
        return result.alarm, _answered(result.state)

    return Contender("flexible Farrington", f"{threshold}, alpha {alpha:g}, {_years(years)}", run)


def _years(number: int) -> str:
    return "1 year" if number == 1 else f"{number} years"


def _answered(state: npt.NDArray[np.int8]) -> Flags:
    """Too few cases for an alarm is an answer too."""
    return np.isin(state, (State.TESTED, State.FEW_CASES))
