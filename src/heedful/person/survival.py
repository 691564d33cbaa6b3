"""Persistence: the share of people still on treatment (or free of lapse) over time, its interval, median and restricted mean; log-rank.

References: Kaplan & Meier 1958, JASA 53:457; the interval on the log(-log) scale with Greenwood's variance (Kalbfleisch & Prentice 1980);
Mantel 1966, Cancer Chemother Rep 50:163. Equals lifelines 0.30.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Persistence:
    """A curve: at each of `times` (distinct durations, rising; unit of the durations) the share left from then on, and its variance on
    the log(-log) scale as Greenwood's sum."""

    times: Floats
    survival: Floats
    greenwood: Floats

    def at(self, times: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """Share, lower and upper bound at `times`; where nobody or everybody has stopped, Greenwood's variance knows no doubt: both bounds
        are the share itself."""
        place = np.searchsorted(self.times, np.asarray(times, dtype=np.float64), side="right") - 1
        survival = np.where(place >= 0, self.survival[place], 1.0)
        variance = np.where(place >= 0, self.greenwood[place], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = float(ndtri((1 + confidence) / 2)) * np.sqrt(variance) / np.log(survival)
            lower, upper = survival ** np.exp(-away), survival ** np.exp(away)
        inside = (survival > 0) & (survival < 1)
        return survival, np.where(inside, lower, survival), np.where(inside, upper, survival)

    @property
    def median(self) -> float:
        """First duration at which half or fewer are left; infinite if that never comes."""
        below = np.flatnonzero(self.survival <= 0.5)
        return float(self.times[below[0]]) if below.size else float("inf")

    def restricted_mean(self, limit: float) -> float:
        """Mean duration up to `limit`: the area under the curve."""
        edges = np.concatenate([[0.0], np.minimum(self.times, limit), [limit]])
        return float((np.diff(edges) * np.concatenate([[1.0], self.survival])).sum())


def persistence_curve(duration: ArrayLike, stopped: ArrayLike) -> Persistence:
    """The Kaplan-Meier curve of one group.

    Parameters
    ----------
    duration: how long each person was seen, above or equal to 0. stopped: 1 if the person stopped then, 0 if seen no longer.

    Errors: `SettingsError` for missing or negative durations, or marks that are not 0 or 1.

    >>> curve = persistence_curve([5, 8, 8, 12, 20], [1, 1, 0, 1, 0])
    >>> curve.survival.round(3).tolist(), curve.median, round(curve.restricted_mean(10), 3)
    ([0.8, 0.6, 0.3, 0.3], 12.0, 8.6)
    """
    time, event = _checked(duration, stopped)
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(times))
    left = np.bincount(place, minlength=len(times))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(left)[:-1]])
    survival = np.asarray(np.cumprod(1 - events / at_risk), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
    return Persistence(times, survival, greenwood)


def log_rank(duration: ArrayLike, stopped: ArrayLike, group: ArrayLike) -> tuple[float, float]:
    """Chi-squared statistic (groups - 1 degrees of freedom) and p of the test that all groups stop alike.

    Errors: as `persistence_curve`; `SettingsError` for fewer than two groups.

    >>> statistic, p_value = log_rank([1, 2, 3, 7, 8, 9], [1] * 6, [0, 0, 0, 1, 1, 1])
    >>> round(statistic, 3), round(p_value, 3)
    (5.052, 0.025)
    """
    time, event = _checked(duration, stopped)
    names, member = np.unique(np.asarray(group), return_inverse=True)
    if len(names) < 2:
        raise SettingsError("log_rank: there is one group only; a test needs two or more.")
    order = np.argsort(time, kind="stable")
    time, event, member = time[order], event[order], member[order]
    times = np.unique(time[event == 1])
    belongs = np.eye(len(names))[member]
    first = np.searchsorted(time, times)
    at_risk = np.concatenate([np.cumsum(belongs[::-1], axis=0)[::-1], np.zeros((1, len(names)))])[first]
    died = np.zeros((len(times), len(names)))
    np.add.at(died, (np.searchsorted(times, time[event == 1]), member[event == 1]), 1.0)
    n, d = at_risk.sum(axis=1), died.sum(axis=1)
    share = at_risk / n[:, None]
    gap = (died - d[:, None] * share).sum(axis=0)
    spread = d * np.where(n > 1, (n - d) / np.maximum(n - 1, 1), 0.0)
    covariance = np.diag((spread[:, None] * share).sum(axis=0)) - (share * spread[:, None]).T @ share
    statistic = float(gap[:-1] @ np.linalg.pinv(covariance[:-1, :-1]) @ gap[:-1])
    return statistic, float(chdtrc(len(names) - 1, statistic))


def _checked(duration: ArrayLike, stopped: ArrayLike) -> tuple[Floats, Floats]:
    time, event = np.asarray(duration, dtype=np.float64), np.asarray(stopped, dtype=np.float64)
    if time.shape != event.shape or time.ndim != 1 or time.size == 0:
        raise SettingsError(f"A persistence curve needs a duration and a mark for each person, not {time.shape} and {event.shape}.")
    if not (np.isfinite(time) & (time >= 0)).all() or not np.isin(event, (0, 1)).all():
        raise SettingsError("Durations are numbers of at least 0, marks are 0 (still on) or 1 (stopped); leave other people out.")
    return time, event


_ARGUMENTS = {"duration", "event", "by", "times", "restricted_mean_limit", "confidence", "confidence_level"}


@method(Card(
    name="risk.persistence_curve",
    definition="Kaplan-Meier share still on treatment with its log(-log) interval, median, restricted mean, and log-rank test of groups.",
    units="1; durations in their own unit",
    reference="Kaplan & Meier 1958, JASA 53:457; Mantel 1966",
    equals="lifelines 0.30.3, to 1e-8",
    limits="Takes being seen no longer as unrelated to stopping; groups are compared unadjusted.",
))  # fmt: skip
def run_persistence_curve(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("risk.persistence_curve", arguments, _ARGUMENTS)
    if arguments.get("confidence", "log_log") != "log_log":
        raise SettingsError(f"persistence_curve: the interval is log_log; {arguments['confidence']!r} is not offered.")
    data = inputs["data"]
    duration, stopped = numbers(data, str(arguments["duration"])), numbers(data, str(arguments["event"]))
    limit, times, level = arguments.get("restricted_mean_limit"), arguments["times"], float(arguments.get("confidence_level", 0.95))
    if arguments.get("by") is None:
        return {"all": _told(persistence_curve(duration, stopped), limit, times, level)}
    by = str(arguments["by"])
    if by not in data.columns:
        raise SchemaError(f"The input has no column '{by}'; it has {', '.join(data.columns)}.")
    groups = data[by]
    told: dict[str, Any] = {}
    for value in groups.unique().sort():
        chosen = (groups == value).to_numpy()
        told[f"{by}_{value}"] = _told(persistence_curve(duration[chosen], stopped[chosen]), limit, times, level)
    told["logrank_statistic"], told["logrank_p_value"] = log_rank(duration, stopped, groups.to_numpy())
    return told


def _told(curve: Persistence, limit: float | None, times: list[float], level: float) -> dict[str, Any]:
    survival, lower, upper = curve.at(times, level)
    told: dict[str, Any] = {
        "times": list(times), "survival": survival.tolist(), "ci_lower": lower.tolist(), "ci_upper": upper.tolist(), "median": curve.median,
    }  # fmt: skip
    if limit is not None:
        told[f"rmst_{limit:g}"] = curve.restricted_mean(float(limit))
    return told
