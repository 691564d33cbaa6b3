"""Farrington flexible (Noufaily 2013): the whole history in seasonal levels, gentler down-weighting, recent weeks left out.

As `farrington`, but every week counts: windows around the same time of earlier years are one level of a quasi-Poisson regression, the
weeks between them are shared out among `periods - 1` others. The bound is the delta method's, or a quantile of the negative binomial
at the fitted mean (nbPlugin) or at that mean's own upper limit (muan).

Reference: Noufaily et al. 2013, Stat Med 32:1206-1222; Salmon, Schumacher & Höhle 2016, J Stat Softw 70(10).
`mode="surveillance"` equals R surveillance 1.20.3 `farringtonFlexible` within 2e-5 (R's `glm` run to a relative change of 1e-11), with
what is wrong in it; "corrected" repairs it, see `FarringtonFlexible.mode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of, tested, time_index
from heedful.population.farrington import (
    YEARS_FOR_A_TREND,
    FarringtonResult,
    Mode,
    Transform,
    calendar_of,
    check_settings,
    checked,
    enough_cases,
    power_limit,
    ratio,
    states,
)
from heedful.population.overdispersed import quantile, upper_tail
from heedful.population.quasipoisson import Prediction, Rules, predict
from heedful.population.yearly_reference import Calendar, Ints, seasonal_blocks

Threshold = Literal["delta", "nbPlugin", "muan"]


@dataclass(frozen=True)
class FarringtonFlexible:
    """Settings. `years_back`, `half_window`, `periods` and `left_out` rows before the tested one (None: as many as the half window) say
    what a date is compared with; `alpha` is one-sided; `min_cases` in the last `min_cases_periods` rows, or no alarm.

    `mode` "corrected":
    - keeps the working weights of the reweighted fit. R's program overwrites them, so that the dispersion behind the trend's test and
      the prediction error is about dispersion / mean: it keeps a trend in 67-73 % of trendless series at mean 30 (nominal 5 %);
    - takes the prediction error from the dispersion floored at 1, as the 1996 method does and as R's program means to, and the test of
      the trend too: else sparse series, whose dispersion is nearly 0, keep a trend from a handful of counts;
    - takes hat values and dispersion at the fitted means, not at those of the last but one step;
    - scores nbPlugin and muan by the mean, not by its logarithm, and alarms where the count is above the bound;
    - shows expected and bound also below `min_cases`.

    `keep_working_weights` True or False goes before what the mode says of the first; `tolerance` 1e-8 is R's `glm` as shipped.

    Errors: `SettingsError` for a setting outside its range.
    """

    years_back: int = 5
    half_window: int = 3
    periods: int = 10
    left_out: int | None = 26
    reweight: bool = True
    weights_threshold: float = 2.58
    alpha: float = 0.05
    trend: bool = True
    trend_p: float = 0.05
    min_cases: float = 5
    min_cases_periods: int = 4
    power: Transform = "2/3"
    threshold: Threshold = "delta"
    mode: Mode = "corrected"
    tolerance: float = 1e-11
    keep_working_weights: bool | None = None

    def __post_init__(self) -> None:
        check_settings(self, "farrington_flexible")
        if self.threshold not in get_args(Threshold):
            raise SettingsError(f"farrington_flexible: the threshold is delta, nbPlugin or muan, not {self.threshold!r}.")
        if self.periods < 1 or (self.left_out is not None and self.left_out < 0):
            raise SettingsError(f"farrington_flexible: at least 1 period, and left_out not negative: {self}.")

    @property
    def rules(self) -> Rules:
        """How the model is fitted."""
        as_in_r = self.mode == "surveillance"
        keep = not as_in_r if self.keep_working_weights is None else self.keep_working_weights
        return Rules(
            trend=self.trend,
            trend_p=self.trend_p,
            enough_years=self.years_back >= YEARS_FOR_A_TREND,
            reweight=self.reweight,
            weights_threshold=self.weights_threshold,
            tolerance=self.tolerance,
            last_but_one=as_in_r,
            weights_overwritten=self.reweight and not keep,
            dispersion_floored=not as_in_r,
            test_floored=not as_in_r,
        )


def farrington_flexible(
    counts: Floats, calendar: Calendar, settings: FarringtonFlexible, rows: slice | None = None, population: Floats | None = None
) -> FarringtonResult:
    """Test `rows` (all of them if None; the last one alone for one new date) of every series.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the reference, and not tested.
    calendar: when the rows were.
    population: people behind each count, [series, rows] or broadcast to it, above 0; None: taken as constant.

    A date whose years back do not all exist is NaN; `state` says why, `lacking` how many years are missing.

    Errors: `SettingsError` if lengths differ, a count is negative, a population is not above 0, or there are more periods than rows.

    >>> counts = np.tile([3.0, 5.0, 4.0, 6.0], (1, 80))
    >>> counts[0, -1] = 30
    >>> result = farrington_flexible(counts, Calendar(52), FarringtonFlexible(periods=4, threshold="nbPlugin"), slice(319, 320))
    >>> float(result.expected[0, 0].round(3)), float(result.bound[0, 0]), bool(result.alarm[0, 0])
    (4.286, 8.0, True)
    """
    counts, places = checked(counts, calendar, rows)
    left_out = settings.half_window if settings.left_out is None else settings.left_out
    reference = seasonal_blocks(calendar, places, settings.years_back, settings.half_window, settings.periods, left_out)
    rules = settings.rules
    if settings.mode == "surveillance" and calendar.days is not None:
        rules = rules._replace(missing_shifts_time=True)
    offset, offset_now = _offsets(population, counts, places)
    fitted = predict(counts, reference, rules, offset, offset_now)
    observed, enough = counts[:, places], enough_cases(counts, places, settings)
    result = _judged(observed, fitted, enough, settings, reference.lacking)
    return _as_in_r(result, observed, enough, settings) if settings.mode == "surveillance" else result


def _offsets(population: Floats | None, counts: Floats, places: Ints) -> tuple[Floats | None, Floats | None]:
    """Log of the population everywhere and at the tested rows."""
    if population is None:
        return None, None
    people = np.broadcast_to(np.asarray(population, dtype=np.float64), counts.shape)
    if not (people > 0).all():
        series, row = (int(place[0]) for place in np.nonzero(~(people > 0)))
        raise SettingsError(
            f"Series {series + 1}, row {row + 1}: a population of {people[series, row]} cannot stand behind a count. Give one above 0 "
            "for every row, or none at all."
        )
    offset = np.log(people)
    return offset, offset[:, places].copy()


def _judged(
    observed: Floats, fitted: Prediction, enough: npt.NDArray[np.bool_], settings: FarringtonFlexible, lacking: Ints
) -> FarringtonResult:
    """Bound, p and alarm of each date from its fitted mean."""
    with np.errstate(over="ignore"):
        expected = mean = np.exp(fitted.log_mean)
        if settings.threshold == "muan":
            mean = np.exp(fitted.log_mean + float(ndtri(1 - settings.alpha)) * fitted.standard_error)
    if settings.threshold == "delta":
        error = expected * fitted.standard_error
        bound, p_value = power_limit(observed, expected, error, fitted.dispersion, settings.power, settings.alpha)
    else:
        bound = quantile(1 - settings.alpha, mean, fitted.dispersion)
        p_value = upper_tail(observed, mean, fitted.dispersion)
    # a quantile can lie under a mean of nearly 0: then the score has no scale
    score = np.where(bound > expected, ratio(observed - expected, bound - expected), np.nan)
    return FarringtonResult(
        expected, bound, score, enough & (observed > bound), p_value, fitted.dispersion, fitted.slope, fitted.kept, mean,
        fitted.down_weighted, fitted.used, states(fitted, observed, enough), lacking,
    )  # fmt: skip


def _as_in_r(result: FarringtonResult, observed: Floats, enough: npt.NDArray[np.bool_], settings: FarringtonFlexible) -> FarringtonResult:
    """R's score, which for the quantile methods sets counts against the logarithm of the mean; its alarm; nothing shown below
    `min_cases`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        center = result.expected if settings.threshold == "delta" else np.log(result.expected)
    score = ratio(observed - center, result.bound - center)
    return replace(
        result,
        score=score,
        alarm=enough & (score > 1) & (observed > 0),
        bound=np.where(enough, result.bound, np.nan),
        expected=np.where(enough & ~np.isnan(result.bound), result.expected, np.nan),
    )


@method(
    Card(
        name="surveillance.farrington_flexible",
        definition="Count above the prediction limit of a quasi-Poisson regression on seasonal levels and a trend, past outbreaks "
        "down-weighted.",
        units="{count}",
        reference="Noufaily et al. 2013, Stat Med 32:1206-1222",
        equals="R surveillance 1.20.3 farringtonFlexible, within 2e-5; its overwritten working weights only where a case asks for them",
        limits="Needs all years back; counts delayed in reporting look low; seasons are steps.",
    )
)
def run_farrington_flexible(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases, which state what R's program answers."""
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    left_out = arguments.get("past_periods_not_included")
    settings = FarringtonFlexible(
        years_back=int(arguments["years_back"]),
        half_window=int(arguments["half_window"]),
        periods=int(arguments["number_of_periods"]),
        left_out=None if left_out is None else int(left_out),
        reweight=bool(arguments["reweight"]),
        weights_threshold=float(arguments["weights_threshold"]),
        alpha=float(arguments["alpha"]),
        trend=bool(arguments["trend"]),
        trend_p=float(arguments["trend_p_threshold"]),
        min_cases=float(arguments["min_cases"]),
        min_cases_periods=int(arguments["min_cases_periods"]),
        power=arguments["power_transform"],
        threshold=arguments["threshold_method"],
        mode="surveillance",
        keep_working_weights=not arguments.get("working_weights_overwritten_as_in_peer", True),
    )
    population = series_of(inputs, "population") if arguments.get("population_offset") else None
    result = farrington_flexible(counts, calendar_of(arguments, inputs), settings, rows, population)
    return {
        "time_index": time_index(rows),
        "upperbound": plain(result.bound[0]),
        "alarm": result.alarm[0].astype(int).tolist(),
        "expected": plain(result.expected[0]),
        "score": plain(result.score[0]),
        "p_value": plain(result.p_value[0]),
        "dispersion": plain(result.dispersion[0]),
        "trend_kept": result.trend_kept[0].astype(int).tolist(),
        "trend_coefficient": plain(result.trend[0]),
        "mu0": plain(result.mean_for_bound[0]),
    }
