"""Nowcast: how many have fallen ill on each recent date, when part of their reports is still on its way?

From the reports so far, the distribution of the delay is estimated, and from it and the reports of a date the total that the date will
have in the end.

- `lawless`: reverse hazards of the delay, normal approximation (Lawless 1994).
- `bayes_truncated`: generalized Dirichlet delays, which know that long delays cannot have been seen yet; negative binomial prior of totals.
- `bayes_untruncated`: the same with an ordinary Dirichlet that does not know; as totals then look too complete, only for comparison.
- `beta_negative_binomial`: its closed form under a flat prior of totals.

Reference: Lawless 1994, Can J Stat 22:15-31; Höhle & an der Heiden 2014, Biometrics 70:993-1002.
`mode="surveillance"` equals R surveillance 1.20.3 `nowcast` (lawless and closed form within 1e-6, sampled ones within sampling error).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import gammaln, ndtr

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats

Mode = Literal["corrected", "surveillance"]
Step = Literal["day", "week", "month"]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ReportingTriangle:
    """`counts` [dates, delays] of reports by date of the event and delay, NaN where the delay lies in the future; the last date is now.

    `seen` [dates] reports so far; `by_delay` and `up_to_delay` [delays] reports of a delay and of at most that delay among those dates
    of the window for which it has passed (n.x and N.x of Lawless).
    """

    counts: Floats
    seen: Floats
    by_delay: Floats
    up_to_delay: Floats

    @property
    def longest(self) -> int:
        """Longest delay that is told apart; longer ones are counted as this."""
        return self.counts.shape[1] - 1


def reporting_triangle(event: Ints, report: Ints, now: int, longest: int, window: int | None = None) -> ReportingTriangle:
    """Triangle of the dates 0..now.

    Parameters
    ----------
    event, report: [cases] number of the date, counted from 0; cases reported after now, or before they happened, are left out.
    longest: longest delay to tell apart. window: dates before now from which the delay is learned; None: all.

    Errors: `SettingsError` if there are no reports yet, or fewer dates than the longest delay.

    >>> reporting_triangle(np.array([0, 0, 1]), np.array([0, 1, 1]), 1, 1).counts.tolist()
    [[1.0, 1.0], [1.0, nan]]
    """
    if not 1 <= longest <= now:
        raise SettingsError(f"nowcast: {now + 1} dates cannot tell delays up to {longest}. Give a longer history or a shorter delay.")
    if window is not None and window < 1:
        raise SettingsError(f"nowcast: a window of {window} dates teaches nothing. Give at least 1.")
    known = (report <= now) & (report >= event) & (event >= 0)
    if not known.any():
        raise SettingsError("nowcast: nothing has been reported by now.")
    counts = np.zeros((now + 1, longest + 1))
    np.add.at(counts, (event[known], np.minimum(report - event, longest)[known]), 1)
    dates, delays = np.arange(now + 1)[:, None], np.arange(longest + 1)[None, :]
    counts = np.where(dates + delays <= now, counts, np.nan)
    first = max(0, now - (now if window is None else window))
    by_delay, up_to_delay = np.zeros(longest + 1), np.zeros(longest + 1)
    for delay in range(longest + 1):
        rows = slice(min(first, now - delay), max(first, now - delay) + 1)  # too short a window gives NaN: nobody can say
        by_delay[delay], up_to_delay[delay] = counts[rows, delay].sum(), counts[rows, : delay + 1].sum()
    return ReportingTriangle(counts, np.nansum(counts, axis=1), by_delay, up_to_delay)


@dataclass(frozen=True)
class Prior:
    """Of the total of a date: negative binomial with this `mean` and `variance`, above it."""

    mean: float
    variance: float

    @property
    def size(self) -> float:
        """mean^2 / (variance - mean)."""
        if not self.variance > self.mean > 0:
            raise SettingsError(f"nowcast: the prior's variance {self.variance} must be above its mean {self.mean}, and that above 0.")
        return self.mean**2 / (self.variance - self.mean)


def lawless(triangle: ReportingTriangle, most: int, mode: Mode = "corrected") -> Floats:
    """Probability [dates, totals 0..most] of each total.

    `mode` "corrected" keeps both terms of the variance, that of the delay and that of the date (Lawless 1994, eq. 2.16), and cuts the
    normal off below what has been seen. R's program leaves the first term out by a slip, and does not subtract what it cuts off.

    Errors: `SettingsError` if more than `most` have been seen on a date.
    """
    _room(triangle, most)
    share, variance = share_reported(triangle)
    seen = triangle.seen
    with np.errstate(divide="ignore", invalid="ignore"):
        total = seen / share
        spread = seen * (1 - share) / share**2
        if mode == "corrected":
            spread = spread + seen * (seen + 1) / share**4 * variance
    totals = np.arange(most + 1.0)
    predictive = np.zeros((len(seen), most + 1))
    for row in range(len(seen)):
        if not spread[row] > 0:
            predictive[row, round(seen[row])] = 1.0  # nothing is outstanding, or nothing known
            continue
        deviation = np.sqrt(spread[row])
        below = ndtr((totals - total[row]) / deviation)
        cut = ndtr((seen[row] - total[row]) / deviation)
        if mode == "corrected":
            cut = ndtr((seen[row] - 1 - total[row]) / deviation)
            below = below - cut
        predictive[row] = np.diff(np.where(totals < seen[row], 0.0, below / (1 - cut)), prepend=0.0)
    return predictive


def share_reported(triangle: ReportingTriangle) -> tuple[Floats, Floats]:
    """Share of a date's reports that is in by now, and the variance of its estimate (Lawless 1994, eq. 2.13 and 2.15)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.nan_to_num(triangle.by_delay / triangle.up_to_delay, posinf=0.0)
        hazard[0] = 1.0
        terms = np.nan_to_num(hazard / (triangle.up_to_delay * (1 - hazard)), posinf=0.0)
    dates, longest = len(triangle.seen), triangle.longest
    share, variance = np.ones(dates), np.zeros(dates)
    for passed in range(min(longest, dates)):
        share[dates - 1 - passed] = np.prod(1 - hazard[passed + 1 :])
        variance[dates - 1 - passed] = share[dates - 1 - passed] ** 2 * terms[passed + 1 :].sum()
    return share, variance


def beta_negative_binomial(triangle: ReportingTriangle, most: int, kappa: float = 0.1) -> Floats:
    """Probability [dates, totals 0..most], where the share reported is beta distributed and every total as likely before.

    `kappa`: concentration of the symmetric Dirichlet prior of the delay.
    """
    _room(triangle, most)
    weights = np.cumsum(triangle.by_delay + kappa)
    predictive = _known(triangle, most)
    totals = np.arange(most + 1.0)
    for passed, row in _open(triangle):
        seen = triangle.seen[row]
        alpha, beta = weights[passed], weights[-1] - weights[passed]
        k, n = totals - seen, seen + 1
        with np.errstate(invalid="ignore"):
            log = gammaln(n + alpha) + gammaln(k + beta) + gammaln(n + k) + gammaln(alpha + beta)
            log = log - gammaln(n + k + alpha + beta) - gammaln(n) - gammaln(k + 1) - gammaln(alpha) - gammaln(beta)
        predictive[row] = np.where(k >= 0, np.exp(np.where(k >= 0, log, 0.0)), 0.0)
    return predictive


def bayes_truncated(triangle: ReportingTriangle, most: int, prior: Prior, seed: int, samples: int = 1000, kappa: float = 0.1) -> Floats:
    """Probability [dates, totals 0..most], averaged over `samples` delay distributions drawn with `seed`."""
    ones, rest = triangle.by_delay[:0:-1], (triangle.up_to_delay - triangle.by_delay)[:0:-1]
    return _bayes(triangle, most, prior, ones, rest, seed, samples, kappa)


def bayes_untruncated(triangle: ReportingTriangle, most: int, prior: Prior, seed: int, samples: int = 1000, kappa: float = 0.1) -> Floats:
    """As `bayes_truncated`, as if all delays had been seen to their end."""
    ones, rest = triangle.by_delay[:0:-1], np.cumsum(triangle.by_delay)[-2::-1]
    return _bayes(triangle, most, prior, ones, rest, seed, samples, kappa)


def _bayes(
    triangle: ReportingTriangle, most: int, prior: Prior, ones: Floats, rest: Floats, seed: int, samples: int, kappa: float
) -> Floats:
    """Reverse hazards of the delays longest..1 are independent and beta distributed; their complements multiply to the share reported."""
    _room(triangle, most)
    if np.isnan(ones).any():
        raise SettingsError("nowcast: the window is shorter than the longest delay, so its probability cannot be learned. Widen it.")
    random = np.random.default_rng(seed)
    hazards = random.beta(ones + kappa, rest + kappa * np.arange(triangle.longest, 0, -1), size=(samples, triangle.longest))
    shares = np.cumprod(1 - hazards, axis=1)  # column j: share reported once all but the j + 1 longest delays have passed
    predictive = _known(triangle, most)
    totals, size = np.arange(most + 1.0), prior.size
    for passed, row in _open(triangle):
        seen = triangle.seen[row]
        share = shares[:, triangle.longest - 1 - passed]
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.where(totals >= seen, gammaln(totals + size) - gammaln(totals - seen + 1), -np.inf)
            outstanding = np.log(np.maximum(1 - share, 1e-300) * prior.mean / (prior.mean + size))
        powers = log[None, :] + (totals - seen)[None, :] * outstanding[:, None]
        weight = np.exp(powers - powers.max(axis=1, keepdims=True))
        predictive[row] = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
    return predictive


def uniform(triangle: ReportingTriangle, most: int) -> Floats:
    """Every total from what has been seen to `most` alike: a yardstick for the others."""
    _room(triangle, most)
    totals = np.arange(most + 1.0)
    possible = totals[None, :] >= triangle.seen[:, None]
    return possible / possible.sum(axis=1, keepdims=True)


def median_and_interval(predictive: Floats, alpha: float = 0.05) -> tuple[Ints, Ints, Ints]:
    """Median and the 1 - alpha central interval [dates] of totals; 0 where the probabilities do not reach a level.

    >>> [part.tolist() for part in median_and_interval(np.array([[0.1, 0.3, 0.4, 0.2]]), 0.3)]
    [[2], [1], [3]]
    """
    below = np.cumsum(predictive, axis=1)
    median, lower, upper = (np.argmax(below > level, axis=1) for level in (0.5, alpha / 2, 1 - alpha / 2))
    return median, lower, upper


def _room(triangle: ReportingTriangle, most: int) -> None:
    if triangle.seen.max() > most:
        raise SettingsError(f"nowcast: {triangle.seen.max():g} reports of one date are more than the largest total {most}. Raise it.")


def _known(triangle: ReportingTriangle, most: int) -> Floats:
    """All probability on what has been seen."""
    return np.eye(most + 1)[triangle.seen.astype(np.int64)]


def _open(triangle: ReportingTriangle) -> list[tuple[int, int]]:
    """Delay passed and row of each date that still waits for reports."""
    dates = len(triangle.seen)
    return [(passed, dates - 1 - passed) for passed in range(min(triangle.longest, dates))]


def _number(days: pl.Series, step: Step, first: date) -> Ints:
    """Dates since `first` in steps, missing as the largest number (never reported)."""
    days = days.cast(pl.Date)
    if step == "month":
        numbers = days.dt.year().cast(pl.Int64) * 12 + days.dt.month().cast(pl.Int64) - (first.year * 12 + first.month)
    else:
        start = days.dt.offset_by("0d") if step == "day" else days.dt.truncate("1w")
        numbers = (start.cast(pl.Int64) - (first - date(1970, 1, 1)).days) // (7 if step == "week" else 1)
    return numbers.fill_null(np.iinfo(np.int64).max // 2).to_numpy()


def _start_of(day: date, step: Step) -> date:
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def _day(arguments: Mapping[str, Any], name: str, step: Step) -> date:
    day = date.fromisoformat(str(arguments[name]))
    if _start_of(day, step) != day:
        raise SettingsError(f"nowcast: {name} {day} is not the first day of its {step}.")
    return day


def _dates(first: date, last: date, step: Step) -> list[date]:
    days = [first]
    while days[-1] < last:
        days.append(_start_of(days[-1] + timedelta(days={"day": 1, "week": 7, "month": 31}[step]), step))
    return [day for day in days if day <= last]


def _predictive(arguments: Mapping[str, Any], triangle: ReportingTriangle, most: int) -> Floats:
    name, kappa = arguments["method"], float(arguments.get("dirichlet_prior_kappa", 0.1))
    if name == "lawless":
        return lawless(triangle, most, "surveillance")
    if name == "bayes.notrunc.bnb":
        return beta_negative_binomial(triangle, most, kappa)
    if name == "unif":
        return uniform(triangle, most)
    sampled = {"bayes.trunc": bayes_truncated, "bayes.notrunc": bayes_untruncated}
    if name not in sampled:
        raise SettingsError(f"nowcast: {name!r} is not offered; there are lawless, unif, bayes.notrunc.bnb, {', '.join(sampled)}.")
    if arguments.get("prior", "poisgamma") != "poisgamma":
        raise SettingsError(f"nowcast: the prior is poisgamma, not {arguments['prior']!r}.")
    prior = Prior(float(arguments["prior_mean_lambda"]), float(arguments["prior_var_lambda"]))
    return sampled[name](triangle, most, prior, int(arguments.get("seed", 99)), int(arguments.get("samples", 1000)), kappa)


@method(
    Card(
        name="surveillance.nowcast",
        definition="Median and interval of the final count of each recent date, given the reports so far and the delay of reports.",
        units="{count}",
        reference="Lawless 1994, Can J Stat 22:15-31; Höhle & an der Heiden 2014, Biometrics 70:993-1002",
        equals="R surveillance 1.20.3 nowcast: lawless and beta-negative-binomial within 1e-6, sampled ones within sampling error",
        limits="The delay is taken as the same for all dates of the window. Totals above the largest one are not thought of.",
    )
)
def run_nowcast(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: reports so far, median and interval of the dates first_date..last_date."""
    step = str(arguments.get("aggregate_by", "day")).removeprefix("1 ")
    if step not in get_args(Step):
        raise SettingsError(f"nowcast: dates are aggregated by {', '.join(get_args(Step))}, not {step!r}.")
    step = next(known for known in get_args(Step) if known == step)
    cases = inputs["cases"]
    if not {"event_date", "report_date"} <= set(cases.columns):
        raise SchemaError(f"nowcast: cases need event_date and report_date; they have {', '.join(cases.columns)}.")
    cases = cases.with_columns(pl.col("event_date", "report_date").cast(pl.String).str.to_date()).drop_nulls("event_date")
    now = _day(arguments, "now", step)
    if arguments.get("first_event_date"):
        origin = _day(arguments, "first_event_date", step)
    else:
        origin = _start_of(date.fromisoformat(str(cases["event_date"].min())), step)
    here = int(_number(pl.Series([now]), step, origin)[0])
    window = arguments.get("window")
    triangle = reporting_triangle(
        _number(cases["event_date"], step, origin), _number(cases["report_date"], step, origin), here,
        int(arguments.get("max_delay", 15)), None if window is None else int(window),
    )  # fmt: skip
    predictive = _predictive(arguments, triangle, int(arguments.get("max_total", 300)))
    wanted = [day for day in _dates(_day(arguments, "first_date", step), _day(arguments, "last_date", step), step) if origin <= day <= now]
    rows = _number(pl.Series(wanted), step, origin)
    median, lower, upper = median_and_interval(predictive[rows], float(arguments.get("alpha", 0.05)))
    return {
        "date": [day.isoformat() for day in wanted],
        "observed_so_far": triangle.seen[rows].astype(int).tolist(),
        "nowcast": median.tolist(),
        "lower": lower.tolist(),
        "upper": upper.tolist(),
    }
