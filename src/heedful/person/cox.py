"""Cox regression: how covariates, fixed or changing, raise or lower the rate of an event (lapse, stopping), and each person's risk.

Partial likelihood with Efron's ties, by Newton steps; Breslow's baseline hazard at the covariates' means. One function serves people seen
from the start and people whose covariates change (rows from `start` to `stop`).

References: Cox 1972, JRSS B 34:187; Efron 1977, JASA 72:557; Breslow 1974. Equals lifelines 0.30.3 `CoxPHFitter` and
`CoxTimeVaryingFitter`; its prediction interpolates the baseline hazard linearly between observed durations, which `interpolated` asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from heedful.core.columns import check_arguments, matrix, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
_NEWTON_STEPS, _CLOSE = 100, 1e-10
_LIFELINES_STEPS, _FACTOR, _PRECISION, _RELATIVE = 500, 0.95, 1e-7, 1e-9


@dataclass(frozen=True)
class CoxFit:
    """Log hazard ratios, their covariance matrix and the partial log likelihood (penalty included); the baseline: cumulative hazard at
    each distinct stop (`times`) of a person at the covariates' means (`centers`)."""

    coefficient: Floats
    covariance: Floats
    log_likelihood: float
    centers: Floats
    times: Floats
    cumulative_hazard: Floats

    @property
    def std_error(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    @property
    def p_value(self) -> Floats:
        return np.asarray(chdtrc(1, (self.coefficient / self.std_error) ** 2))

    def interval(self, confidence: float = 0.95) -> tuple[Floats, Floats]:
        half = float(ndtri((1 + confidence) / 2)) * self.std_error
        return self.coefficient - half, self.coefficient + half

    def survival(self, covariates: Floats, times: ArrayLike, *, interpolated: bool = False) -> Floats:
        """Probability of no event by `times`, [people, times]. A step function, unless `interpolated` between observed durations."""
        at = np.asarray(times, dtype=np.float64)
        if interpolated:
            hazard = np.interp(at, self.times, self.cumulative_hazard)
        else:
            place = np.searchsorted(self.times, at, side="right") - 1
            hazard = np.where(place >= 0, self.cumulative_hazard[place], 0.0)
        risk = np.exp((np.atleast_2d(covariates) - self.centers) @ self.coefficient)
        return np.asarray(np.exp(-risk[:, None] * hazard[None, :]))


def cox_regression(
    stop: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    start: ArrayLike | None = None,
    *,
    penalizer: float = 0.0,
    as_lifelines: bool = False,
) -> CoxFit:
    """Fit the model.

    Parameters
    ----------
    stop: end of each row (any unit of time). event: 1 if it happened then, else 0. covariates: [rows, covariates], constant in a row.
    start: beginning of each row, below its stop; None: all from the beginning. penalizer: ridge on the covariates in standard
    deviations, times half the number of rows, as lifelines counts it. as_lifelines: take its shortened steps and stop where it does, up
    to 5e-4 standard errors short of the maximum: for comparison with it.

    Errors: `SettingsError` for missing values, unequal lengths, a start not before its stop, no event, or a fit that does not converge
    (a covariate that separates the events, or repeats another).

    >>> fit = cox_regression([5, 6, 7, 8, 9, 10], [1, 1, 0, 1, 1, 1], [[1], [0], [1], [1], [0], [0]])
    >>> fit.coefficient.round(3).tolist(), round(fit.log_likelihood, 3)
    ([1.073], -4.787)
    """
    time, died = np.asarray(stop, dtype=np.float64), np.asarray(event, dtype=np.float64)
    raw = np.asarray(covariates, dtype=np.float64)
    entry = None if start is None else np.asarray(start, dtype=np.float64)
    _check(time, died, raw, entry)
    centers, scale = raw.mean(axis=0), raw.std(axis=0, ddof=1)
    if not (scale > 0).all():
        raise SettingsError(f"cox_regression: covariate {int(np.argmin(scale)) + 1} is the same in every row; leave it out.")
    risks = _RiskSets(time, died, (raw - centers) / scale, entry)
    weight = penalizer * len(time)
    beta, value, information = (_newton_as_lifelines if as_lifelines else _newton)(risks, raw.shape[1], weight)
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    times, hazard = risks.baseline(beta)
    return CoxFit(beta / scale, np.asarray(covariance), value, centers, times, hazard)


def concordance(stop: ArrayLike, event: ArrayLike, risk: ArrayLike) -> float:
    """Share of comparable pairs in which the person with the event first had the higher risk; equal risks count half.

    A pair is comparable if the earlier of two times is an event, or both times are the same and one is not.

    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [4, 1, 3, 2])
    0.6
    """
    time, died, score = (np.asarray(values, dtype=np.float64) for values in (stop, event, risk))
    right = pairs = 0.0
    for place in np.flatnonzero(died == 1):
        later = (time > time[place]) | ((time == time[place]) & (died == 0))
        pairs += later.sum()
        right += (score[later] < score[place]).sum() + 0.5 * (score[later] == score[place]).sum()
    return float(right / pairs) if pairs else float("nan")


def _check(time: Floats, died: Floats, raw: Floats, entry: Floats | None) -> None:
    if time.ndim != 1 or died.shape != time.shape or raw.ndim != 2 or len(raw) != len(time) or raw.shape[1] == 0:
        raise SettingsError(f"cox_regression: stop, event and covariates need one row each: {time.shape}, {died.shape}, {raw.shape}.")
    if not (np.isfinite(time).all() and np.isfinite(raw).all() and np.isin(died, (0, 1)).all()):
        raise SettingsError("cox_regression: times and covariates are numbers, events 0 or 1; leave rows with missing values out.")
    if not died.any():
        raise SettingsError("cox_regression: no event happened; nothing can be said of what brings it about.")
    if entry is not None and (entry.shape != time.shape or not (entry < time).all()):
        raise SettingsError("cox_regression: every row's start lies before its stop; correct those that do not.")


class _RiskSets:
    """Sums over the people at risk at each distinct event time."""

    def __init__(self, time: Floats, died: Floats, covariates: Floats, entry: Floats | None) -> None:
        order = np.argsort(time, kind="stable")
        self.time, self.died, self.x = time[order], died[order], covariates[order]
        self.events = np.unique(self.time[self.died == 1])
        self.first = np.searchsorted(self.time, self.events)
        self.of_event = np.searchsorted(self.events, self.time[self.died == 1])
        self.deaths = np.bincount(self.of_event, minlength=len(self.events))
        self.entry_order = None if entry is None else np.argsort(entry[order], kind="stable")
        if entry is not None:
            # at risk at t: start < t <= stop
            self.entered = np.searchsorted(np.sort(entry), self.events)

    def _at_risk(self, values: Floats) -> Floats:
        """Sum of `values` (one a row, in order of stop) over the people at risk at each event time."""
        sums = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])[self.first]
        if self.entry_order is None:
            return np.asarray(sums)
        late = np.cumsum(values[self.entry_order][::-1], axis=0)[::-1]
        return np.asarray(sums - np.concatenate([late, np.zeros((1, *values.shape[1:]))])[self.entered])

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log partial likelihood, its gradient and its information."""
        risk = np.exp(self.x @ beta)
        moved = risk[:, None] * self.x
        squared = moved[:, :, None] * self.x[:, None, :]
        events = self.died == 1
        sums = [self._at_risk(values) for values in (risk, moved, squared)]
        tied = [np.zeros_like(total) for total in sums]
        for total, values in zip(tied, (risk, moved, squared), strict=True):
            np.add.at(total, self.of_event, values[events])
        # Efron: the l-th of d deaths at one time leaves l/d of the tied people out
        repeat = np.repeat(np.arange(len(self.events)), self.deaths)
        share = (np.arange(len(repeat)) - np.repeat(np.cumsum(self.deaths) - self.deaths, self.deaths)) / self.deaths[repeat]
        s0 = sums[0][repeat] - share * tied[0][repeat]
        mean = (sums[1][repeat] - share[:, None] * tied[1][repeat]) / s0[:, None]
        second = (sums[2][repeat] - share[:, None, None] * tied[2][repeat]) / s0[:, None, None]
        value = float((self.x[events] @ beta).sum() - np.log(s0).sum())
        gradient = self.x[events].sum(axis=0) - mean.sum(axis=0)
        return value, gradient, np.asarray(second.sum(axis=0) - mean.T @ mean)

    def baseline(self, beta: Floats) -> tuple[Floats, Floats]:
        """Breslow's cumulative hazard at every distinct stop, at covariates of 0 (their means)."""
        times = np.unique(self.time)
        hazard = np.zeros(len(times))
        hazard[np.searchsorted(times, self.events)] = self.deaths / self._at_risk(np.exp(self.x @ beta))
        return times, np.cumsum(hazard)


def _penalized(risks: _RiskSets, place: Floats, weight: float) -> tuple[float, Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient, information = risks.likelihood(place)
    return value - weight / 2 * float(place @ place), gradient - weight * place, information + weight * np.eye(len(place))


def _newton_as_lifelines(risks: _RiskSets, covariates: int, weight: float) -> tuple[Floats, float, Floats]:
    """Newton steps times a factor that grows while they shrink; at rest when the next one promises next to nothing."""
    maximum = _newton(risks, covariates, weight)  # raises where there is none
    beta, before, factor, lengths = np.zeros(covariates), 0.0, _FACTOR, list[float]()
    for _ in range(_LIFELINES_STEPS):
        value, gradient, information = _penalized(risks, beta, weight)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        length, promised = float(np.linalg.norm(step)), float(gradient @ step) / 2
        if not np.isfinite(length):
            break
        if min(length, promised) < _PRECISION or (before != 0 and abs(value - before) / -before < _RELATIVE):
            return beta, value, information
        before = value
        lengths.append(length)
        if length > 5:
            break  # its way back from such steps is not taken
        if len(lengths) >= 3:
            shrink = lengths[-3] > lengths[-2] > lengths[-1]
            factor = min(factor * 1.3, 1.0) if shrink else factor * 0.98
        beta = beta + factor * step
    return maximum


def _newton(risks: _RiskSets, covariates: int, weight: float) -> tuple[Floats, float, Floats]:
    """Newton steps, halved while they lose likelihood."""
    beta = np.zeros(covariates)

    def at(place: Floats) -> tuple[float, Floats, Floats]:
        return _penalized(risks, place, weight)

    value, gradient, information = at(beta)
    for _ in range(_NEWTON_STEPS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError as error:
            raise SettingsError(
                f"cox_regression: the covariates repeat each other or separate the people with the event ({error}); leave one out."
            ) from error
        scale = 1.0
        after = at(beta + step)
        while not after[0] >= value - 1e-12 and scale > 1e-6:
            scale /= 2
            after = at(beta + scale * step)
        beta = beta + scale * step
        value, gradient, information = after
        if np.abs(beta).max() > 50 or not np.isfinite(beta).all():
            break
        if np.abs(scale * step).max() < _CLOSE:
            return beta, value, information
    raise SettingsError("cox_regression: the fit does not converge; does a covariate separate those with from those without the event?")


_FIXED = {"duration", "event", "covariates", "ties", "penalizer", "confidence_level", "predict_rows", "predict_times"}
_VARYING = {"id", "start", "stop", "event", "covariates", "ties", "penalizer", "confidence_level"}


def _efron(arguments: Mapping[str, Any]) -> None:
    if arguments.get("ties", "efron") != "efron":
        raise SettingsError(f"cox_regression: ties are Efron's; {arguments['ties']!r} is not offered.")


def _told(fit: CoxFit, names: list[str], confidence: float) -> dict[str, Any]:
    lower, upper = fit.interval(confidence)
    return {
        "terms": names, "coefficient": fit.coefficient.tolist(), "std_error": fit.std_error.tolist(), "ci_lower": lower.tolist(),
        "ci_upper": upper.tolist(), "p_value": fit.p_value.tolist(), "log_likelihood": fit.log_likelihood,
    }  # fmt: skip


@method(Card(
    name="risk.cox_regression",
    definition="Log hazard ratios of fixed covariates (Efron's ties), concordance, and predicted probability of no event.",
    units="1",
    reference="Cox 1972, JRSS B 34:187; Efron 1977, JASA 72:557",
    equals="lifelines 0.30.3 CoxPHFitter, to 1e-5; predictions interpolated as its own",
    limits="Hazards must stay proportional; associations, not causes; predictions stop at the last duration.",
))  # fmt: skip
def run_cox_regression(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; `predict_rows` counts from 0."""
    check_arguments("risk.cox_regression", arguments, _FIXED)
    _efron(arguments)
    data, names = inputs["data"], [str(name) for name in arguments["covariates"]]
    covariates = matrix(data, names)
    stop, event = numbers(data, str(arguments["duration"])), numbers(data, str(arguments["event"]))
    fit = cox_regression(stop, event, covariates, penalizer=float(arguments.get("penalizer", 0.0)), as_lifelines=True)
    told = _told(fit, names, float(arguments.get("confidence_level", 0.95)))
    told["concordance"] = concordance(stop, event, covariates @ fit.coefficient)
    if "predict_rows" in arguments:
        rows = covariates[[int(row) for row in arguments["predict_rows"]]]
        told["survival"] = fit.survival(rows, arguments["predict_times"], interpolated=True).tolist()
    return told


@method(Card(
    name="risk.cox_regression_time_varying",
    definition="Log hazard ratios of covariates that change from row to row of a person (Efron's ties).",
    units="1",
    reference="Cox 1972, JRSS B 34:187; Andersen & Gill 1982, Ann Stat 10:1100",
    equals="lifelines 0.30.3 CoxTimeVaryingFitter, to 1e-5",
    limits="A covariate must be known before the event it explains; standard errors take rows of one person as independent given risk.",
))  # fmt: skip
def run_cox_regression_time_varying(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; the person's `id` only has to be there, since rows of one person never overlap."""
    check_arguments("risk.cox_regression_time_varying", arguments, _VARYING)
    _efron(arguments)
    data, names = inputs["data"], [str(name) for name in arguments["covariates"]]
    start, stop = numbers(data, str(arguments["start"])), numbers(data, str(arguments["stop"]))
    _no_overlap(data[str(arguments["id"])].to_numpy(), start, stop)
    fit = cox_regression(
        stop, numbers(data, str(arguments["event"])), matrix(data, names), start, penalizer=float(arguments.get("penalizer", 0.0))
    )
    return _told(fit, names, float(arguments.get("confidence_level", 0.95)))


def _no_overlap(person: NDArray[Any], start: Floats, stop: Floats) -> None:
    order = np.lexsort((start, np.unique(person, return_inverse=True)[1]))
    same = person[order][1:] == person[order][:-1]
    if (same & (start[order][1:] < stop[order][:-1])).any():
        raise SettingsError("cox_regression: rows of one person overlap in time, so that they would count twice; cut them apart.")
