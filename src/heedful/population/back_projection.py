"""Back-projection: when were those exposed who fell ill later? Deconvolution of a count series by its delay distribution.

EMS algorithm: an expectation-maximization step for Poisson counts, then a smoothing step with binomial weights, until the exposure
rates change by less than `tolerance`. An interval comes from a parametric bootstrap of the unsmoothed fit.

Reference: Becker, Watson & Carlin 1991, Stat Med 10:1527-1542; Yip et al. 2011, Commun Stat Simul Comput 37:425-433.
Equals R surveillance 1.20.3 `backprojNP` within 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain, series_of


@dataclass(frozen=True)
class BackProjection:
    """`exposures` expected by date of exposure, [series, dates]; `steps` taken for each series, [series]; `converged`, [series]."""

    exposures: Floats
    steps: Floats
    converged: npt.NDArray[np.bool_]


def back_project(
    counts: Floats, delay: Floats, smoothing: int = 2, tolerance: float = 0.005, most_steps: int = 250, start: Floats | None = None
) -> BackProjection:
    """Expected exposures by date.

    Parameters
    ----------
    counts: [series, dates], 0 or more, none missing.
    delay: probability of a delay of 0, 1, … dates between exposure and count, the same for all series.
    smoothing: how many neighbors each rate is averaged with, even; 0 for none.
    tolerance: of the change of all rates in one step, relative to their size. most_steps: at least 1; one more is taken, as in R.
    start: first rates, [series, dates]; None: the mean count.

    Near the end few of those exposed have fallen ill yet: the last rates are guesses, more so the longer the delay.

    Errors: `SettingsError` for a count that is missing or negative, an odd smoothing, or delays that are no probabilities.

    >>> back_project(np.array([[0.0, 0, 4, 8, 4]]), np.array([0.0, 1.0]), smoothing=0).exposures.round(3).tolist()
    [[0.0, 4.0, 8.0, 4.0, 0.0]]
    """
    counts, delay = np.atleast_2d(np.asarray(counts, dtype=np.float64)), np.asarray(delay, dtype=np.float64)
    _check(counts, delay, smoothing, most_steps)
    dates = counts.shape[1]
    arrived = _arrivals(delay, dates)
    share = np.cumsum(delay)[np.minimum(np.arange(dates)[::-1], len(delay) - 1)]  # exposed on a date, ill by the end
    smoother = _smoother(dates, smoothing)
    rates = np.repeat(counts.mean(axis=1, keepdims=True), dates, axis=1) if start is None else np.array(start, dtype=np.float64)
    steps, moving, distance = np.zeros(len(counts)), np.ones(len(counts), dtype=bool), np.full(len(counts), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        while moving.any():
            old = rates[moving]
            new = _step(old, counts[moving], arrived, share) @ smoother.T
            change = np.sqrt(((new - old) ** 2).sum(axis=1)) / np.sqrt((old**2).sum(axis=1))
            rates[moving] = new
            steps[moving] += 1
            distance[moving] = np.where(np.isnan(change), 0.0, change)  # no case at all: nothing to move
            moving = (distance >= tolerance) & (steps <= most_steps)
    return BackProjection(rates, steps, distance < tolerance)


def _step(rates: Floats, counts: Floats, arrived: Floats, share: Floats) -> Floats:
    """One step of expectation and maximization; what divides by nothing is 0."""
    expected = rates @ arrived.T
    weights = np.where(expected[:, :, None] > 0, arrived[None] / expected[:, :, None], 0.0)
    caught = np.einsum("sd,sde->se", counts, weights)
    scaled = rates / share
    return np.where(np.isfinite(scaled), scaled, 0.0) * caught


def _arrivals(delay: Floats, dates: int) -> Floats:
    """[date counted, date exposed] probability."""
    lag = np.arange(dates)[:, None] - np.arange(dates)[None, :]
    return np.where((lag >= 0) & (lag < len(delay)), delay[np.clip(lag, 0, len(delay) - 1)], 0.0)


def _smoother(dates: int, smoothing: int) -> Floats:
    """Binomial weights over the neighbors, those beyond an end left out."""
    offset = np.arange(dates)[None, :] - np.arange(dates)[:, None] + smoothing // 2
    binomial = np.array([comb(smoothing, place) for place in range(smoothing + 1)], dtype=np.float64)
    weights = np.where((offset >= 0) & (offset <= smoothing), binomial[np.clip(offset, 0, smoothing)], 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def _check(counts: Floats, delay: Floats, smoothing: int, most_steps: int) -> None:
    if smoothing % 2 or smoothing < 0:
        raise SettingsError(f"back_project: smoothing is over an even number of neighbors, 0 or more, not {smoothing}.")
    if most_steps < 1:
        raise SettingsError("back_project: at least one step is needed.")
    if not (counts >= 0).all():
        raise SettingsError("back_project: a count is missing or negative. Fill missing counts first: a gap would look like nobody ill.")
    if not len(delay) or not (delay >= 0).all() or not 0 < delay.sum() <= 1 + 1e-6:
        raise SettingsError(f"back_project: delays of 0, 1, … need probabilities that sum to at most 1, not {delay.sum():.4g}.")


def bootstrap_interval(
    counts: Floats,
    delay: Floats,
    seed: int,
    samples: int = 100,
    alpha: float = 0.05,
    smoothing: int = 2,
    tolerance: tuple[float, float] = (0.005, 0.005),
    most_steps: tuple[int, int] = (250, 250),
) -> tuple[Floats, Floats]:
    """Lower and upper limit [series, dates] of the rates: Poisson counts are drawn from an unsmoothed fit (first of `tolerance` and
    `most_steps`), and each draw is projected back as the counts were (second)."""
    counts = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    best = back_project(counts, delay, smoothing, tolerance[1], most_steps[1]).exposures
    sharp = back_project(counts, delay, 0, tolerance[0], most_steps[0]).exposures
    expected = sharp @ _arrivals(np.asarray(delay, dtype=np.float64), counts.shape[1]).T
    random = np.random.default_rng(seed)
    rates = np.stack(
        [
            back_project(random.poisson(expected).astype(np.float64), delay, smoothing, tolerance[1], most_steps[1], best).exposures
            for _sample in range(samples)
        ]
    )
    lower, upper = np.quantile(rates, [alpha / 2, 1 - alpha / 2], axis=0)
    return lower, upper


@method(
    Card(
        name="surveillance.back_projection",
        definition="Expected exposures by date from counts of those who fell ill and the distribution of the delay between, smoothed.",
        units="{count}",
        reference="Becker, Watson & Carlin 1991, Stat Med 10:1527-1542",
        equals="R surveillance 1.20.3 backprojNP, within 1e-6",
        limits="The last dates are guesses; the delay is taken as known and the same at all times.",
    )
)
def run_back_projection(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: exposure rates, and their interval if a bootstrap is asked for."""
    counts = series_of(inputs)
    table = inputs["delay"].sort("lag") if "lag" in inputs["delay"].columns else inputs["delay"]
    if "lag" in table.columns and table["lag"].to_list() != list(range(table.height)):
        raise SettingsError("back_projection: the delay table needs one row for each lag from 0.")
    delay = table["probability"].cast(pl.Float64).to_numpy()
    tolerance, most = _twice(arguments.get("convergence", 0.005)), _twice(arguments.get("iterations_max", 250))
    smoothing = int(arguments.get("smoothing_window", 2))
    start = arguments.get("start", "as in the peer: mean count per period")
    first = None if isinstance(start, str) and "mean count" in start else np.asarray(start, dtype=np.float64)[None]
    result = back_project(counts, delay, smoothing, tolerance[1], int(most[1]), first)
    answer: dict[str, Any] = {"time_index": list(range(1, counts.shape[1] + 1)), "exposure_rate": plain(result.exposures[0])}
    if arguments.get("bootstrap"):
        samples = arguments["bootstrap"]
        lower, upper = bootstrap_interval(
            counts, delay, int(arguments.get("seed", 1)), 100 if samples is True else int(samples),
            float(arguments.get("alpha", 0.05)), smoothing, tolerance, (int(most[0]), int(most[1])),
        )  # fmt: skip
        answer |= {"lower": plain(lower[0]), "upper": plain(upper[0])}
    return answer


def _twice(value: Any) -> tuple[float, float]:
    return (float(value[0]), float(value[1])) if isinstance(value, list) else (float(value), float(value))
