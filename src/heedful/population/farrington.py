"""Farrington 1996: this week's count against the same weeks of earlier years, past outbreaks down-weighted.

A quasi-Poisson line through the windows around the same time of earlier years, fitted again with small weights where the standardized
Anscombe residual is high; the trend is kept if its t-test says so, there are 3 years, and it predicts nothing higher than was ever
seen. The bound is a prediction limit on a power scale that makes counts symmetric.

Reference: Farrington et al. 1996, J R Stat Soc A 159:547-563. `mode="surveillance"` equals R surveillance 1.20.3 `algo.farrington`
within 2e-5 (R's `glm` run to a relative change of 1e-11); see `Farrington.mode` for where "corrected" departs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr, ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of, tested, time_index
from heedful.population.quasipoisson import Fit, Prediction, Rules, predict
from heedful.population.yearly_reference import Calendar, Ints, windows

Mode = Literal["corrected", "surveillance"]
Transform = Literal["2/3", "1/2", "none"]
EXPONENT: dict[Transform, float] = {"2/3": 2 / 3, "1/2": 1 / 2, "none": 1.0}
YEARS_FOR_A_TREND = 3


class State(IntEnum):
    """Why a date of a series was tested or not; `says` is the sentence for a reader."""

    TESTED = 0
    TOO_SHORT = 1
    NO_CONVERGENCE = 2
    FEW_CASES = 3
    NO_COUNT = 4

    @property
    def says(self) -> str:
        return _SAYS[self]


_SAYS = {
    State.TESTED: "Tested.",
    State.TOO_SHORT: "Not tested: the years before hold too few counts at this time of year to say what is usual.",
    State.NO_CONVERGENCE: "Not tested: no mean could be fitted to the years before.",
    State.FEW_CASES: "No alarm is raised: there were too few cases in the last dates to speak of an outbreak.",
    State.NO_COUNT: "Not tested: the count of this date is missing.",
}


@dataclass(frozen=True)
class Farrington:
    """Settings. `years_back` years with `half_window` rows each side; `alpha` of the two-sided limits (the bound is at 1 - alpha / 2);
    `min_cases` in the last `min_cases_periods` rows, the tested one included, or no alarm; `weights_threshold` of the residuals.

    `mode`: "surveillance" takes hat values and dispersion from the last but one step of the fit, and shows bound 0 below
    `min_cases`; "corrected" takes them at the fitted means, tests the trend with a dispersion of at least 1, and shows expected and
    bound wherever there are any. `tolerance` 1e-8 is R's `glm` as shipped.

    Errors: `SettingsError` for a setting outside its range.
    """

    years_back: int = 5
    half_window: int = 3
    reweight: bool = True
    weights_threshold: float = 1.0
    alpha: float = 0.05
    trend: bool = True
    trend_p: float = 0.05
    min_cases: float = 5
    min_cases_periods: int = 4
    power: Transform = "2/3"
    mode: Mode = "corrected"
    tolerance: float = 1e-11

    def __post_init__(self) -> None:
        check_settings(self, "farrington")

    @property
    def rules(self) -> Rules:
        """How the model is fitted."""
        return Rules(
            trend=self.trend,
            trend_p=self.trend_p,
            enough_years=self.years_back >= YEARS_FOR_A_TREND,
            reweight=self.reweight,
            weights_threshold=self.weights_threshold,
            tolerance=self.tolerance,
            last_but_one=self.mode == "surveillance",
            weights_overwritten=False,
            dispersion_floored=True,
            test_floored=self.mode == "corrected",
        )


def check_settings(settings: Any, name: str) -> None:
    """What both Farrington methods ask of their settings; raises `SettingsError`."""
    if settings.mode not in get_args(Mode) or settings.power not in EXPONENT:
        raise SettingsError(
            f"{name}: mode is corrected or surveillance, power is 2/3, 1/2 or none, not {settings.mode!r}, {settings.power!r}."
        )
    if settings.years_back < 1 or settings.half_window < 0:
        raise SettingsError(f"{name}: looks at least 1 year back with a half window of 0 or more, not {settings}.")
    if not 0 < settings.alpha < 1 or not 0 <= settings.trend_p <= 1:
        raise SettingsError(f"{name}: alpha and trend_p are shares between 0 and 1, not {settings.alpha} and {settings.trend_p}.")
    if settings.min_cases < 0 or settings.min_cases_periods < 1 or settings.weights_threshold <= 0 or settings.tolerance <= 0:
        raise SettingsError(f"{name}: min_cases must not be negative; its periods, thresholds and tolerance must be above 0: {settings}.")


@dataclass(frozen=True)
class FarringtonResult:
    """All [series, tested dates], NaN where there is none. `expected` mean, `bound` and `mean_for_bound` (the mean that the bound was
    taken at) in counts; `score` (count - expected) / (bound - expected); `p_value` probability of so high a count; `dispersion`;
    `trend` on the log scale per unit of time, where `trend_kept`; `down_weighted` reference counts out of `used`; `state` codes of
    `State`; `lacking` [dates] reference rows or years that the matrix does not reach."""

    expected: Floats
    bound: Floats
    score: Floats
    alarm: npt.NDArray[np.bool_]
    p_value: Floats
    dispersion: Floats
    trend: Floats
    trend_kept: npt.NDArray[np.bool_]
    mean_for_bound: Floats
    down_weighted: npt.NDArray[np.int32]
    used: npt.NDArray[np.int32]
    state: npt.NDArray[np.int8]
    lacking: Ints


def farrington(counts: Floats, calendar: Calendar, settings: Farrington, rows: slice | None = None) -> FarringtonResult:
    """Test `rows` (all of them if None; the last one alone for one new date) of every series.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the reference, and not tested.
    calendar: when the rows were.

    A reference row before the first is left out; `lacking` counts them. A date without enough of them is NaN, `state` says why.

    Errors: `SettingsError` if calendar and counts differ in length, or a count is negative.

    >>> counts = np.tile([3.0, 5.0, 4.0, 6.0], (1, 60))
    >>> counts[0, -1] = 30
    >>> result = farrington(counts, Calendar(52), Farrington(years_back=3), slice(239, 240))
    >>> float(result.expected[0, 0].round(3)), float(result.bound[0, 0].round(2)), bool(result.alarm[0, 0])
    (4.286, 9.05, True)
    """
    counts, places = checked(counts, calendar, rows)
    reference = windows(calendar, places, settings.years_back, settings.half_window)
    fitted = predict(counts, reference, settings.rules)
    expected = np.exp(fitted.log_mean)
    observed = counts[:, places]
    bound, p_value = power_limit(
        observed, expected, expected * fitted.standard_error, fitted.dispersion, settings.power, settings.alpha / 2
    )
    enough = enough_cases(counts, places, settings)
    score = ratio(observed - expected, bound - expected)
    alarm = enough & (score > 1)
    if settings.mode == "surveillance":
        bound = np.where(enough, bound, 0.0)
    return FarringtonResult(
        expected, bound, score, alarm, p_value, fitted.dispersion, fitted.slope, fitted.kept, expected,
        fitted.down_weighted, fitted.used, states(fitted, observed, enough), reference.lacking,
    )  # fmt: skip


def checked(counts: Floats, calendar: Calendar, rows: slice | None) -> tuple[Floats, Ints]:
    """Counts as a matrix and the tested rows' places."""
    counts = np.asarray(counts, dtype=np.float64)
    if calendar.days is not None and len(calendar.days) != counts.shape[1]:
        raise SettingsError(
            f"The calendar has {len(calendar.days)} days and the counts have {counts.shape[1]} rows; give a day for each row."
        )
    if (counts < 0).any() or np.isinf(counts).any():
        series, row = (int(place[0]) for place in np.nonzero((counts < 0) | np.isinf(counts)))
        raise SettingsError(f"Series {series + 1}, row {row + 1}: {counts[series, row]} is no count. Mark what is not known as missing.")
    return counts, np.arange(counts.shape[1], dtype=np.int64)[rows or slice(None)]


def power_limit(
    observed: Floats, mean: Floats, standard_error: Floats, dispersion: Floats, power: Transform, alpha: float
) -> tuple[Floats, Floats]:
    """Upper prediction limit at 1 - `alpha` and p of the observed count, normal on the scale of the power `power`.

    `standard_error` is that of the mean, in counts; the variance predicted is dispersion * mean + standard_error^2, by the delta method
    on the scale of the power.

    >>> [part.round(3).tolist() for part in power_limit(np.array([9.0]), np.array([4.0]), np.array([0.3]), np.array([1.2]), "2/3", 0.025)]
    [[9.042], [0.026]]
    """
    exponent = EXPONENT[power]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = exponent * mean ** (exponent - 1) * np.sqrt(dispersion * mean + standard_error**2)
        bound = np.maximum(mean**exponent + float(ndtri(1 - alpha)) * spread, 0) ** (1 / exponent)
        return bound, np.asarray(ndtr((mean**exponent - observed**exponent) / spread))


def enough_cases(counts: Floats, places: Ints, settings: Any) -> npt.NDArray[np.bool_]:
    """Whether the last `min_cases_periods` rows hold `min_cases`. Under "surveillance" a missing count among them means no."""
    known = counts if settings.mode == "surveillance" else np.nan_to_num(counts)
    back = places[:, None] - np.arange(settings.min_cases_periods)
    total = np.where(back >= 0, known[:, np.maximum(back, 0)], 0.0).sum(axis=2)
    return total >= settings.min_cases


def ratio(above: Floats, below: Floats) -> Floats:
    """`above` / `below`, without warnings of a missing or zero scale."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return above / below


def states(fitted: Prediction, observed: Floats, enough: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """`State` of each date: what kept it from an answer, the gravest first."""
    state = np.where(enough, State.TESTED, State.FEW_CASES)
    state = np.where(np.isnan(observed), State.NO_COUNT, state)
    state = np.where(fitted.state == Fit.NO_CONVERGENCE, State.NO_CONVERGENCE, state)
    return np.where(fitted.state == Fit.TOO_FEW_COUNTS, State.TOO_SHORT, state).astype(np.int8)


def calendar_of(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> Calendar:
    """The calendar of a reference case."""
    days = None
    if arguments["reference_by"] == "date":
        days = inputs["series"]["date"].cast(pl.String).str.to_date().to_numpy().astype("datetime64[D]")
    return Calendar(int(arguments["frequency"]), days)


@method(
    Card(
        name="surveillance.farrington",
        definition="Count above the prediction limit of a quasi-Poisson line through the same weeks of earlier years, past outbreaks "
        "down-weighted.",
        units="{count}",
        reference="Farrington et al. 1996, J R Stat Soc A 159:547-563",
        equals="R surveillance 1.20.3 algo.farrington, within 2e-5",
        limits="No season beyond the window; counts delayed in reporting look low; reweighting at 1 makes the test of the trend liberal.",
    )
)
def run_farrington(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases, which state what R's program answers."""
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    settings = Farrington(
        years_back=int(arguments["years_back"]),
        half_window=int(arguments["half_window"]),
        reweight=bool(arguments["reweight"]),
        weights_threshold=float(arguments["weights_threshold"]),
        alpha=float(arguments["alpha"]),
        trend=bool(arguments["trend"]),
        trend_p=float(arguments["trend_p_threshold"]),
        min_cases=float(arguments["min_cases"]),
        min_cases_periods=int(arguments["min_cases_periods"]),
        power=arguments["power_transform"],
        mode="surveillance",
    )
    result = farrington(counts, calendar_of(arguments, inputs), settings, rows)
    return {
        "time_index": time_index(rows),
        "upperbound": plain(result.bound[0]),
        "alarm": result.alarm[0].astype(int).tolist(),
        "trend_kept": result.trend_kept[0].astype(int).tolist(),
        "quantile_of_observed": plain(1 - result.p_value[0]),
        "median": plain(result.expected[0]),
    }
