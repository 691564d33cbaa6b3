"""Every detector at the same rate of false alarms, over Noufaily's scenarios: what decided about the season blend (docs/decisions/0005).

    python scripts/compare_detectors.py [--series N] [--seed SEED]

Of the 42 scenarios the odd ones choose the blend's weight of the earlier date, the even ones, drawn anew, judge. Each detector's own statistic is cut where
the same share of quiet weeks lies beyond it, all series of a half together; so no detector gains by a stricter or looser nominal level.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heedful.population.bayes import bayes
from heedful.population.cases import Floats
from heedful.population.change_point_online import ChangePoints, change_points
from heedful.population.cusum import cusum
from heedful.population.ears import Ears, ears
from heedful.population.ears_reweighted import ears_t_reweighted
from heedful.population.ewma import ewma
from heedful.population.farrington import Farrington, farrington
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.glr import Glr, glr
from heedful.population.harmonic_regression import HarmonicRegression, harmonic_regression
from heedful.population.noufaily_scenarios import FIRST_BASELINE_WEEK, FIRST_TESTED_WEEK, SCENARIOS, WEEKS, Scenario, simulate
from heedful.population.outbreak_injection import Outbreaks, outbreaks
from heedful.population.outbreak_p import outbreak_p
from heedful.population.overdispersed import upper_tail
from heedful.population.reference_window import ReferenceWindow
from heedful.population.rki import rki
from heedful.population.season_blend import SeasonBlend, season_blend
from heedful.population.seasonal import fit_poisson, harmonics
from heedful.population.yearly_reference import Calendar

WEEKLY = Calendar(52)
BEFORE = FIRST_TESTED_WEEK - FIRST_BASELINE_WEEK
ROWS = slice(BEFORE, WEEKS - FIRST_BASELINE_WEEK + 1)
LEVELS = (0.02, 0.01, 0.002)
WEIGHTS = (0.0, 0.15, 0.25, 0.35, 0.5)
Statistic = Callable[[Floats], Floats]
"""Counts [series, rows] to what is smaller the more it looks like an outbreak, [series, tested rows]."""


def blend(earlier: float) -> Statistic:
    settings = SeasonBlend(earlier=earlier, steps=FarringtonFlexible(years_back=4, alpha=0.01, threshold="muan"))
    return lambda counts: season_blend(counts, WEEKLY, settings, ROWS).p


def chart_mean(counts: Floats) -> Floats:
    """Seasonal mean of the tested rows; the overall one of series with few cases."""
    design, past = harmonics(np.arange(counts.shape[1]), 52), counts[:, :BEFORE]
    mean = np.broadcast_to(past.mean(axis=1, keepdims=True) + 0.01, (len(counts), ROWS.stop - BEFORE)).copy()
    rich = past.sum(axis=1) >= 10
    mean[rich] = np.exp(np.clip(fit_poisson(past[rich], design[:BEFORE]) @ design[BEFORE:].T, -30, 30))
    return mean


def dispersion(counts: Floats) -> float:
    """Typical a of variance = mean + a mean^2, for the negative binomial chart."""
    mean, variance = counts[:, :BEFORE].mean(axis=1), counts[:, :BEFORE].var(axis=1)
    return float(np.median(np.maximum(variance - mean, 0) / mean**2))


def _flexible(threshold: str) -> Statistic:
    settings = FarringtonFlexible(years_back=4, alpha=0.01, threshold=threshold)  # type: ignore[arg-type]
    return lambda counts: farrington_flexible(counts, WEEKLY, settings, ROWS).p_value


def _by_bound(bound: Floats, counts: Floats, center: Floats) -> Floats:
    """How far above the bound, in distances of the bound from the center."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(counts - center) / (bound - center)


def _bayes(counts: Floats) -> Floats:
    found = np.full((len(counts), ROWS.stop - BEFORE), 1.0)
    for alpha in np.geomspace(0.2, 1e-6, 25):  # its bound at each level: the least level that alarms
        found = np.where(bayes(counts, ReferenceWindow(2, 6, True, 52), float(alpha))[1][:, ROWS], alpha, found)
    return found


def _rki(counts: Floats) -> Floats:
    past = np.cumsum(np.hstack([np.zeros((len(counts), 1)), counts]), axis=1)
    center = (past[:, ROWS] - past[:, BEFORE - 6 : ROWS.stop - 6]) / 6
    return _by_bound(rki(counts, ReferenceWindow(2, 6, True, 52))[0][:, ROWS], counts[:, ROWS], np.minimum(center, counts[:, ROWS]))


STATISTICS: dict[str, Statistic] = {
    "EARS C1": lambda counts: -ears(counts, Ears("C1", min_sigma=1.0)).statistic[:, ROWS],
    "EARS C2": lambda counts: -ears(counts, Ears("C2", min_sigma=1.0)).statistic[:, ROWS],
    "EARS C3": lambda counts: -ears(counts, Ears("C3", min_sigma=1.0)).statistic[:, ROWS],
    "re-weighted EARS": lambda counts: (lambda r: _by_bound(r.bound[:, ROWS], counts[:, ROWS], r.mean[:, ROWS]))(ears_t_reweighted(counts)),
    "OutbreakP": lambda counts: -outbreak_p(counts[:, BEFORE - 26 :]).log_statistic[:, 26:],
    "ESSENCE EWMA": lambda counts: ewma(counts).p[:, ROWS],
    "CUSUM, Rossi": lambda counts: -cusum(counts[:, ROWS], chart_mean(counts)).statistic,
    "GLR, Poisson": lambda counts: -glr(counts[:, ROWS], chart_mean(counts), Glr(threshold=1e9, longest=12)).statistic,
    "GLR, negative binomial": lambda counts: (
        -glr(counts[:, ROWS], chart_mean(counts), Glr(threshold=1e9, longest=12, alpha=max(dispersion(counts), 0.01))).statistic
    ),
    "Bayesian change point": lambda counts: (
        -change_points(counts[:, ROWS], ChangePoints(prior_cases=5, prior_dates=5), chart_mean(counts)).risen
    ),
    "Bayes": _bayes,
    "RKI": _rki,
    "Farrington 1996": lambda counts: -farrington(counts, WEEKLY, Farrington(years_back=5), ROWS).score,
    "flexible Farrington, delta": _flexible("delta"),
    "flexible Farrington, nbPlugin": _flexible("nbPlugin"),
    "flexible Farrington, muan": _flexible("muan"),
    "harmonic negative binomial": lambda counts: harmonic_regression(counts, WEEKLY, HarmonicRegression(), ROWS).p,
}


def histories(scenarios: list[Scenario], series: int, seed: int) -> tuple[Floats, np.ndarray, Floats]:
    """Counts with four outbreaks in the past and one in the tested weeks, where that one is, and the quiet counts' own tail."""
    parts = [simulate(scenario, series, seed) for scenario in scenarios]
    counts, spread = (np.vstack([part[one] for part in parts]) for one in (0, 1))
    rng = np.random.default_rng((seed, len(scenarios)))
    for _ in range(4):
        counts = counts + outbreaks(spread, slice(FIRST_BASELINE_WEEK - 1, FIRST_TESTED_WEEK - 1), 1, Outbreaks(), rng).cases
    put_in = outbreaks(spread, slice(FIRST_TESTED_WEEK - 1, WEEKS), 1, Outbreaks(), rng)
    first = FIRST_BASELINE_WEEK - 1
    counts = (counts + put_in.cases)[:, first:]
    mean = np.vstack([np.broadcast_to(scenario.mean(), (series, WEEKS)) for scenario in scenarios])[:, first:][:, ROWS]
    phi = np.repeat([scenario.phi for scenario in scenarios], series)[:, None]
    return counts, put_in.window[:, first:][:, ROWS], upper_tail(counts[:, ROWS], mean, phi)


def at_equal_rate(statistic: Floats, window: np.ndarray, level: float) -> tuple[float, float, float]:
    """Share of outbreaks found, timeliness, and dates to the first alarm, with `level` of the quiet weeks in alarm."""
    statistic = np.where(np.isnan(statistic), np.inf, statistic)
    quiet = np.sort(statistic[~window])
    alarm = statistic < quiet[int(level * len(quiet))]
    begins = alarm & ~np.hstack([np.zeros((len(alarm), 1), dtype=bool), alarm[:, :-1]])
    there = window.any(axis=1)
    hit = (begins & window)[there]
    found, delay = hit.any(axis=1), np.argmax(hit, axis=1) - np.argmax(window[there], axis=1)
    timely = np.where(found, 1 - delay / window[there].sum(axis=1), 0)
    return float(found.mean()), float(timely.mean()), float(delay[found].mean()) if found.any() else float("nan")


def row(name: str, statistic: Floats, window: np.ndarray) -> str:
    cells = [
        f"{found:.3f} | {timely:.3f} | {delay:.2f}"
        for found, timely, delay in (at_equal_rate(statistic, window, level) for level in LEVELS)
    ]
    return f"| {name} | {' | '.join(cells)} |"


def choose(series: int, seed: int) -> float:
    """The weight with the highest mean timeliness over the levels, on the odd scenarios."""
    counts, window, _ = histories([one for one in SCENARIOS if one.number % 2], series, seed)
    timely = {}
    for weight in WEIGHTS:
        statistic = blend(weight)(counts)
        parts = [at_equal_rate(statistic, window, level) for level in LEVELS]
        timely[weight] = float(np.mean([part[:2] for part in parts]))
        print(f"odd scenarios, earlier = {weight:g}: {timely[weight]:.4f} (mean of found and timeliness over the levels)", flush=True)
    return max(timely, key=timely.__getitem__)


def main() -> None:
    parser = argparse.ArgumentParser(description="Detectors at equal rates of false alarms over Noufaily's scenarios.")
    parser.add_argument("--series", type=int, default=100, help="of each scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--earlier", type=float, help="the blend's weight, if it has been chosen before")
    given = parser.parse_args()
    weight = choose(given.series, given.seed) if given.earlier is None else given.earlier
    counts, window, own_tail = histories([one for one in SCENARIOS if not one.number % 2], given.series, given.seed + 1)
    print(f"\nEven scenarios, {len(counts):,} series, earlier = {weight:g}. Columns: found, timeliness, weeks to the first alarm.\n")
    print("| detector | " + " | ".join(f"{level:.1%} | | " for level in LEVELS) + "|", flush=True)
    found = season_blend(
        counts, WEEKLY, replace(SeasonBlend(earlier=weight), steps=FarringtonFlexible(years_back=4, alpha=0.01, threshold="muan")), ROWS
    )
    for name, statistic in STATISTICS.items():
        print(row(name, statistic(counts), window), flush=True)
    print(row("season blend", found.p, window))
    print(row("(the true model's own tail)", own_tail, window))
    for level in (0.05, 0.01, 0.005, 0.001):
        print(f"blend's p <= {level:g} on {(found.p[~window] <= level).mean():.4f} of quiet weeks")


if __name__ == "__main__":
    main()
