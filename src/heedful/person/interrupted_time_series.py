"""Interrupted time series: did level or slope of a regular series change when something began? Segmented regression with seasons.

Ordinary least squares on time, step, time since the step and sine-cosine pairs; standard errors after Newey and West, who allow for
neighboring months to be alike; the counterfactual is the same model with step and change of slope taken out.

References: Bernal, Cummins & Gasparrini 2017, Int J Epidemiol 46:348; Newey & West 1987, Econometrica 55:703. Equals R 4.2 `lm` and
sandwich 3.0 `NeweyWest` (a given lag; with and without prewhitening and finite-sample adjustment).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SegmentedFit:
    """Estimates in the order intercept, time, level change, slope change, seasons; `fitted` and `counterfactual` for each row."""

    estimate: Floats
    std_error: Floats
    std_error_newey_west: Floats
    durbin_watson: float
    fitted: Floats
    counterfactual: Floats


def interrupted_time_series(
    outcome: ArrayLike, time: ArrayLike, level: ArrayLike, trend_after: ArrayLike, seasons: list[tuple[float, int]] | None = None, *,
    lag: int = 0, prewhite: bool = False, adjust: bool = False,
) -> SegmentedFit:  # fmt: skip
    """Fit one regular series.

    Parameters
    ----------
    outcome: one number a period, none missing. time: its number, rising evenly. level: 0 before, 1 from the interruption on.
    trend_after: periods since then, 0 before. seasons: (period in the unit of time, number of harmonics). lag: of the Newey-West
    standard error; prewhite: by a first-order vector autoregression; adjust: times n / (n - terms).

    Errors: `SettingsError` for missing values, uneven time, collinear terms, or a lag outside 0 .. n - 2.

    >>> month = np.arange(1.0, 49)
    >>> after = (month > 24) * 1.0
    >>> fit = interrupted_time_series(10 + month - 5 * after, month, after, after * (month - 24), [(12, 1)], lag=2)
    >>> fit.estimate[:3].round(6).tolist(), float((fit.fitted - fit.counterfactual)[-1].round(6))
    ([10.0, 1.0, -5.0], -5.0)
    """
    y, at, step, since = (np.asarray(values, dtype=np.float64) for values in (outcome, time, level, trend_after))
    waves = [wave(2 * np.pi * k * at / period) for period, order in seasons or [] for k in range(1, order + 1) for wave in (np.sin, np.cos)]
    design = np.column_stack([np.ones(len(y)), at, step, since, *waves])
    _check(y, design, lag)
    n, p = design.shape
    q, r = np.linalg.qr(design)
    estimate = np.asarray(np.linalg.solve(r, q.T @ y), dtype=np.float64)
    root = np.linalg.inv(r)
    bread = root @ root.T
    fitted = design @ estimate
    rest = y - fitted
    meat = _newey_west(design * rest[:, None], lag, prewhite) * (n / (n - p) if adjust else 1.0)
    return SegmentedFit(
        estimate,
        np.sqrt(np.diag(bread) * float(rest @ rest) / (n - p)),
        np.sqrt(np.diag(bread @ meat @ bread)),
        float((np.diff(rest) ** 2).sum() / (rest @ rest)) if rest.any() else float("nan"),
        fitted,
        fitted - step * estimate[2] - since * estimate[3],
    )


def _check(y: Floats, design: Floats, lag: int) -> None:
    n, p = design.shape
    if not (np.isfinite(y).all() and np.isfinite(design).all()):
        raise SettingsError("interrupted_time_series: a value is missing; the lags need every period, so fill or cut the series first.")
    steps = np.diff(design[:, 1])
    if n <= p or not (steps > 0).all() or not np.allclose(steps, steps[0]):
        raise SettingsError(f"interrupted_time_series: {n} periods in even, rising steps of time, more than the {p} terms, are needed.")
    if np.linalg.matrix_rank(design) < p:
        raise SettingsError("interrupted_time_series: the terms are collinear; is there no period before or after the interruption?")
    if not 0 <= lag < n - 1:
        raise SettingsError(f"interrupted_time_series: the lag lies between 0 and {n - 2}, not {lag}.")


def _newey_west(scores: Floats, lag: int, prewhite: bool) -> Floats:
    """Long-run covariance of the scores with Bartlett's weights, as a sum over the periods."""
    recolor = np.eye(scores.shape[1])
    if prewhite:
        before, after = scores[:-1], scores[1:]
        transition = np.linalg.lstsq(before, after, rcond=None)[0].T
        recolor = np.linalg.inv(np.eye(len(transition)) - transition)
        scores = after - before @ transition.T
    total = scores.T @ scores
    for away in range(1, lag + 1):
        both = scores[:-away].T @ scores[away:]
        total = total + (1 - away / (lag + 1)) * (both + both.T)
    return np.asarray(recolor @ total @ recolor.T, dtype=np.float64)


_ARGUMENTS = {"outcome", "time", "level", "trend_after", "harmonics", "standard_error", "lag", "prewhite", "adjust"}


@method(Card(
    name="experiments.interrupted_time_series",
    definition="Change of level and slope of a series at an interruption, seasons and autocorrelation allowed for, and what it would have "
    "been without.",
    units="unit of the outcome",
    reference="Bernal, Cummins & Gasparrini 2017, Int J Epidemiol 46:348; Newey & West 1987, Econometrica 55:703",
    equals="R 4.2 lm and sandwich 3.0 NeweyWest with a given lag, to 1e-8",
    limits="Whatever else began at the same time is counted in; needs many periods on both sides; the lag is the analyst's.",
))  # fmt: skip
def run_interrupted_time_series(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("experiments.interrupted_time_series", arguments, _ARGUMENTS)
    kind = arguments.get("standard_error", "newey_west")
    if kind not in ("newey_west", "ols"):
        raise SettingsError(f"interrupted_time_series: the standard error is newey_west or ols; {kind!r} is not offered.")
    if kind == "newey_west" and arguments.get("lag") is None:
        raise SettingsError("interrupted_time_series: say the lag of the Newey-West standard error; it is not chosen automatically.")
    seasons = [(float(wave["period"]), int(wave.get("order", 1))) for wave in arguments.get("harmonics") or []]
    columns = [numbers(inputs["data"], str(arguments[name])) for name in ("outcome", "time", "level", "trend_after")]
    lag = int(arguments.get("lag") or 0)
    outcome, time, level, after = columns
    prewhite, adjust = bool(arguments.get("prewhite", False)), bool(arguments.get("adjust", False))
    fit = interrupted_time_series(outcome, time, level, after, seasons, lag=lag, prewhite=prewhite, adjust=adjust)
    told: dict[str, Any] = {
        "terms": ["intercept", "time", "level_change", "slope_change", *_wave_names(seasons)], "estimate": fit.estimate.tolist(),
        "std_error_ols": fit.std_error.tolist(), "durbin_watson": fit.durbin_watson,
        "counterfactual_last": float(fit.counterfactual[-1]), "effect_at_last": float(fit.fitted[-1] - fit.counterfactual[-1]),
    }  # fmt: skip
    if kind == "newey_west":
        told[f"std_error_newey_west_lag{lag}"] = fit.std_error_newey_west.tolist()
    return told


def _wave_names(seasons: list[tuple[float, int]]) -> list[str]:
    """sin12, cos12; the k-th harmonic of a period by its own length: sin6, cos6."""
    return [f"{wave}{period / k:g}" for period, order in seasons for k in range(1, order + 1) for wave in ("sin", "cos")]
