"""GLR and LR charts: has the mean of a count series shifted away from its in-control mean, and since when does not matter.

A chart compares, date by date, how likely the counts are with a shift and without one, Poisson or negative binomial, and begins anew
after each alarm. The shift of the log mean is known (LR, a CUSUM) or the best one for each stretch up to the date (GLR); in the
epidemic chart the mean grows by a multiple of the last count instead.

Reference: Höhle & Paul 2008, Comput Stat Data Anal 52:4357-4368; Held, Höhle & Hofmann 2005, Stat Model 5:187-199.
`mode="surveillance"` equals R surveillance 1.20.3 `algo.glrpois` and `algo.glrnb` within 1e-6, with what is wrong in them;
"corrected" repairs it, see `Glr.mode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of, tested, time_index
from heedful.population.in_control import InControl, in_control_mean
from heedful.population.likelihood_ratio import Chart, Rule, run_chart

Change = Literal["intercept", "epidemic"]
Direction = Literal["increase", "decrease"]
Mode = Literal["corrected", "surveillance"]


@dataclass(frozen=True)
class Glr:
    """Settings. Alarm where the statistic reaches `threshold`.

    `shift` of the log mean if it is known, else the best one is searched for; `change` and `direction` what is looked for; stretches
    of `shortest` to `longest` dates (None: any number); `alpha` the dispersion (variance = mean + alpha * mean^2), 0 for Poisson;
    `cases_needed` whether to search for the count that would raise the alarm, up to `most_cases`.

    `mode` "corrected":
    - searches the negative binomial shift between bounds. R's Newton iteration runs away where mean * alpha is small and a count large
      (20 cases where 1 is expected, alpha 0.01), and then reports no change at all;
    - gives the negative binomial epidemic chart its own best growth. R's program takes the intercept chart's shift for it;
    - searches the growth of each stretch anew. R's stays at 0 once one stretch had none;
    - says how many cases are needed on dates without a case too (R: 1e99), and of decreases the largest count that raises the alarm;
    - counts stretches of no case in a search for decreases (R's Poisson chart passes them over), and `shortest` and `longest` alike
      in all charts.

    Errors: `SettingsError` for a setting outside its range.
    """

    threshold: float = 5
    shift: float | None = None
    change: Change = "intercept"
    direction: Direction = "increase"
    shortest: int = 1
    longest: int | None = None
    alpha: float = 0
    cases_needed: bool = False
    most_cases: float = 10_000
    mode: Mode = "corrected"

    def __post_init__(self) -> None:
        choices = ((self.change, Change), (self.direction, Direction), (self.mode, Mode))
        for given, known in choices:
            if given not in get_args(known):
                raise SettingsError(f"glr: {given!r} is not one of {', '.join(get_args(known))}.")
        if self.shift == 0 or (self.shift is not None and not np.isfinite(self.shift)):
            raise SettingsError(f"glr: a shift of the log mean by {self.shift} is no change. Give None to have it estimated.")
        if not self.threshold > 0 or not self.alpha >= 0 or self.shortest < 1 or (self.longest is not None and self.longest < 1):
            raise SettingsError(f"glr: threshold above 0, alpha 0 or more, shortest and longest at least 1: {self}.")
        if self.change == "epidemic" and (self.shift is not None or self.cases_needed):
            raise SettingsError("glr: the epidemic chart knows neither a given shift nor cases needed. Take change='intercept' for those.")

    @property
    def rule(self) -> Rule:
        """The settings as kernels take them."""
        chart = Chart.EPIDEMIC if self.change == "epidemic" else Chart.GLR if self.shift is None else Chart.CUSUM
        return Rule(
            int(chart), self.threshold, self.shift or 0.0, 1 if self.direction == "increase" else -1, self.shortest, self.longest or 0,
            self.alpha, self.cases_needed, self.most_cases, self.mode == "surveillance",
        )  # fmt: skip


@dataclass(frozen=True)
class GlrResult:
    """All [series, dates]. `statistic` is NaN where the count or mean is missing, or too few dates have passed since the last alarm;
    `cases_needed` is NaN where not asked for or no count would do."""

    statistic: Floats
    cases_needed: Floats
    alarm: npt.NDArray[np.bool_]
    mean: Floats


def glr(counts: Floats, mean: Floats, settings: Glr, dispersion: Floats | None = None) -> GlrResult:
    """Run the chart over every series from its first date.

    Parameters
    ----------
    counts: [series, dates], whole numbers; the chart stands still over a missing count (NaN).
    mean: in-control mean, [series, dates] or broadcast to it, above 0; elsewhere nothing is tested.
    dispersion: [series], 0 or more, instead of the settings' alpha.

    Errors: `SettingsError` for a negative count or dispersion.

    >>> result = glr(np.array([[2.0, 1, 3, 6, 7]]), np.array([[2.0]]), Glr(threshold=4, cases_needed=True))
    >>> result.statistic.round(2).tolist(), result.alarm.tolist(), result.cases_needed.tolist()
    ([[0.0, 0.0, 0.22, 2.59, 6.32]], [[False, False, False, False, True]], [[8.0, 8.0, 8.0, 8.0, 5.0]])
    """
    counts = np.asarray(counts, dtype=np.float64)
    mean = np.broadcast_to(np.asarray(mean, dtype=np.float64), counts.shape).copy()
    if (counts < 0).any():
        series, date = (int(place[0]) for place in np.nonzero(counts < 0))
        raise SettingsError(f"glr: series {series + 1}, date {date + 1} has {counts[series, date]:g} cases. Give counts, 0 or more.")
    missing = np.isnan(counts) | ~(mean > 0)
    x, mu = np.where(missing, 0.0, counts), np.where(missing, 0.0, mean)
    statistic, needed, alarm = np.full_like(x, np.nan), np.full_like(x, np.nan), np.zeros(x.shape, dtype=np.bool_)
    rule = settings.rule
    alphas = np.broadcast_to(rule.alpha if dispersion is None else np.asarray(dispersion, dtype=np.float64), len(x))
    if not (alphas >= 0).all():
        raise SettingsError(f"glr: series {int(np.argmin(alphas >= 0)) + 1} has no dispersion of 0 or more. Fit it, or give 0 for Poisson.")
    for row, alpha in enumerate(alphas.tolist()):
        run_chart(x[row], mu[row], 0, rule._replace(alpha=alpha), statistic[row], needed[row], alarm[row], True)
    statistic[missing], needed[missing] = np.nan, np.nan
    return GlrResult(statistic, needed, alarm, np.where(missing, np.nan, mean))


def glr_with_refits(counts: Floats, rows: slice, model: InControl, settings: Glr) -> GlrResult:
    """The chart of one series [dates] over `rows`, its in-control mean fitted to all counts before, and again after each alarm.

    Errors: `SettingsError` as `glr` and `in_control_mean`.
    """
    known = counts[rows]
    if (known < 0).any():
        raise SettingsError("glr: a count is negative. Give counts, 0 or more.")
    x, size = np.nan_to_num(known), len(known)
    mean, statistic, needed = np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan)
    alarm, start = np.zeros(size, dtype=np.bool_), 0
    while start < size:
        mean[start:], _ = in_control_mean(counts[: rows.start + start], size - start, model, settings.alpha)
        mu = np.where(np.isnan(known), 0.0, mean)
        start = run_chart(x, mu, start, settings.rule, statistic, needed, alarm, False)
    missing = np.isnan(known)
    statistic[missing], needed[missing] = np.nan, np.nan
    return GlrResult(statistic[None], needed[None], alarm[None], mean[None])


_RETURNS = ("cases needed for alarm", "glr statistic", "lr statistic")


def _run(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame], alpha: float | None) -> dict[str, Any]:
    """Statistic or cases needed, alarm, in-control mean and dispersion of the tested rows, as R's program answers."""
    counts = series_of(inputs)
    rows = tested(arguments, counts.shape[1])
    ahead = rows.stop - rows.start
    if arguments["returns"] not in _RETURNS:
        raise SettingsError(f"glr: returns is one of {', '.join(_RETURNS)}, not {arguments['returns']!r}.")
    model = InControl(_frequency(arguments, inputs), int(arguments.get("harmonics", 1)), bool(arguments.get("trend", False)))
    given = arguments.get("mu0")
    if given is not None:
        mean = np.broadcast_to(np.asarray(given, dtype=np.float64), (ahead,))
    elif "mu0" in inputs["series"].columns:
        mean = series_of(inputs, "mu0")[0, rows]
    else:
        mean, alpha = in_control_mean(counts[0, : rows.start], ahead, model, alpha)
    if alpha is None:
        raise SettingsError("glr: with a given in-control mean the dispersion must be given too.")
    settings = _settings(arguments, alpha)
    if arguments.get("refit") and given is None:
        result = glr_with_refits(counts[0], rows, model, settings)
    else:
        result = glr(counts[:, rows], mean[None], settings)
    shown = result.cases_needed if settings.cases_needed else result.statistic
    return {
        "time_index": time_index(rows),
        "upperbound": plain(np.maximum(np.nan_to_num(shown[0]), 0)),
        "alarm": result.alarm[0].astype(int).tolist(),
        "mu0": plain(result.mean[0]),
        "dispersion_alpha": [alpha],
    }


def _frequency(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> float:
    """Rows a year: as said, or by the highest number of a period within its year, or 52."""
    if arguments.get("frequency") is not None:
        return float(arguments["frequency"])
    series = inputs["series"]
    if "period" not in series.columns or not series["period"].dtype.is_numeric():
        return 52.0
    highest = int(np.asarray(series["period"].max()))
    return 52.0 if highest == 53 else float(highest)


def _settings(arguments: Mapping[str, Any], alpha: float) -> Glr:
    theta, window = arguments.get("theta", "estimated"), arguments.get("window", "all")
    direction: Any = arguments.get("direction", "increase")
    direction = {"inc": "increase", "dec": "decrease"}.get(direction) or direction
    return Glr(
        threshold=float(arguments["threshold"]),
        shift=None if theta in (None, "estimated") else float(theta),
        change="epidemic" if arguments.get("change", "intercept") in ("epi", "epidemic") else arguments.get("change", "intercept"),
        direction=direction,
        shortest=max(int(arguments.get("window_min", 1)), 1),
        longest=None if window in (None, "all", -1) else int(window),
        alpha=alpha,
        cases_needed=arguments["returns"] == "cases needed for alarm",
        most_cases=float(arguments.get("most_cases", 10_000)),
        mode="surveillance",
    )


@method(
    Card(
        name="surveillance.glr_poisson",
        definition="Largest likelihood ratio of a shifted against the in-control Poisson mean over all stretches up to the date.",
        units="1",
        reference="Höhle & Paul 2008, Comput Stat Data Anal 52:4357-4368",
        equals="R surveillance 1.20.3 algo.glrpois, within 1e-6",
        limits="Overdispersed counts raise more alarms than the threshold promises: take the negative binomial.",
    )
)
def run_glr_poisson(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases, which state what R's program answers."""
    if arguments.get("dispersion_alpha") not in (None, 0):
        raise SettingsError("glr_poisson has no dispersion. Take glr_negative_binomial.")
    return _run(arguments, inputs, 0.0)


@method(
    Card(
        name="surveillance.glr_negative_binomial",
        definition="Largest likelihood ratio of a shifted against the in-control negative binomial mean over all stretches up to the date.",
        units="1",
        reference="Höhle & Paul 2008, Comput Stat Data Anal 52:4357-4368",
        equals="R surveillance 1.20.3 algo.glrnb, within 1e-6",
        limits="The dispersion is taken as known; it is estimated from the past once.",
    )
)
def run_glr_negative_binomial(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases, which state what R's program answers."""
    alpha = arguments.get("dispersion_alpha", "estimated")
    return _run(arguments, inputs, None if alpha in (None, "estimated") else float(alpha))
