"""Simulated weekly counts with the trends, seasons and dispersions on which Noufaily et al. compared detectors.

mu(t) = exp(theta + beta t + sum over j = 1..m of gamma1 cos(2 pi j t / 52) + gamma2 sin(2 pi j t / 52)); counts are negative binomial with
variance phi mu, Poisson where phi is 1. Seven sets of parameters, each with and without trend and with 0, 1 or 2 waves a year, are 42
scenarios.

Reference: Noufaily et al. 2013, Stat Med 32:1206-1222, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats

WEEKS, FIRST_BASELINE_WEEK, FIRST_TESTED_WEEK = 624, 313, 576
"""Weeks are counted from 1: the baseline is 313-575, tested are 576-624."""

_SETS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
"""theta, beta, gamma1, gamma2, phi."""


@dataclass(frozen=True)
class Scenario:
    """One way in which counts come about; `waves` a year, `trend` or none (then beta counts as 0)."""

    number: int
    theta: float
    beta: float
    gamma1: float
    gamma2: float
    phi: float
    waves: int
    trend: bool

    def mean(self, weeks: int = WEEKS) -> Floats:
        """Expected counts of weeks 1 .. `weeks`."""
        t = np.arange(1, weeks + 1, dtype=np.float64)
        season = np.zeros(weeks)
        for wave in range(1, self.waves + 1):
            angle = 2 * np.pi * wave * t / 52
            season += self.gamma1 * np.cos(angle) + self.gamma2 * np.sin(angle)
        return np.asarray(np.exp(self.theta + self.beta * t + season))


SCENARIOS = tuple(
    Scenario(6 * place + 3 * trend + waves + 1, theta, beta * trend, gamma1, gamma2, phi, waves, bool(trend))
    for place, (theta, beta, gamma1, gamma2, phi) in enumerate(_SETS)
    for trend in (0, 1)
    for waves in (0, 1, 2)
)


def simulate(scenario: Scenario, series: int, seed: int, weeks: int = WEEKS) -> tuple[Floats, Floats]:
    """Counts of `series` outbreak-free histories, [series, weeks], and the standard deviation behind each, of the same shape.

    Errors: `SettingsError` if fewer than one series or week is asked for.

    >>> counts, spread = simulate(SCENARIOS[12], 200, seed=1)
    >>> round(float(counts.mean()), 1), round(float(spread[0, 0] ** 2), 1)
    (4.5, 4.5)
    """
    if series < 1 or weeks < 1:
        raise SettingsError(f"simulate: at least one series of one week, not {series} of {weeks}.")
    rng = np.random.default_rng((seed, scenario.number))
    mean = np.broadcast_to(scenario.mean(weeks), (series, weeks))
    over = scenario.phi - 1
    counts = rng.negative_binomial(mean / over, 1 / scenario.phi) if over > 0 else rng.poisson(mean)
    return counts.astype(np.float64), np.sqrt(scenario.phi * mean)
