"""ESSENCE's regression on a trend and the day of the week, and the switch to its EWMA where that regression explains too little.

A straight line and seven weekdays are fitted by least squares to the `baseline` days that end `guard` days before the tested one; the
forecast's error is Student's t with a floor for small counts. Where the adjusted R squared of that fit is below 0.60 the days follow no
such pattern (few cases, no clinic week), and the switch asks `heedful.population.ewma` instead, which is what sparse series need.

Reference: Burkom 2003, J Urban Health 80:i57-i65; Marsden-Haug et al. 2007, Emerg Infect Dis 13:207-216 (use in ESSENCE).
Equals CDC's R `Rnssp` (`alert_regression`) and Python `pynssp` 0.1.0 within 1e-9, without the later removal of alarms below a seven-day
mean. Holidays are not modeled (ESSENCE's own regression 1.2 does).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats
from heedful.population.ewma import EssenceResult, Ewma, EwmaStream, joined, t_limit, untested

for _card in (
    Card(
        name="surveillance.essence_regression",
        definition="Count above the forecast of a line and weekdays fitted to the 28 days that end two days before; Student's t.",
        units="{count}",
        reference="Burkom 2003, J Urban Health 80:i57-i65",
        equals="CDC's R Rnssp alert_regression and Python pynssp 0.1.0, within 1e-9",
        limits="Daily counts only; no holidays; a missing count leaves the 30 dates after it untested; errors taken as normal.",
    ),
    Card(
        name="surveillance.essence_switch",
        definition="ESSENCE's regression where its adjusted R squared is 0.60 or more, else its EWMA.",
        units="{count}",
        reference="Burkom 2003, J Urban Health 80:i57-i65; CDC NSSP ESSENCE",
        equals="CDC's rule in Rnssp and pynssp",
        limits="Chosen anew each day, so that two neighboring days may be judged differently.",
    ),
):
    METHODS.add(_card.name, Method(_card))

COEFFICIENTS = 8
"""A constant, a slope and six weekdays."""


@dataclass(frozen=True)
class Essence:
    """Settings. `baseline` days at most (whole weeks), at least `shortest`, ending `guard` days before the tested one; alarm where
    p < `alpha`; the forecast's standard error is at least `floor` / t(`warning`), in counts (1.01 in Rnssp 0.1 and pynssp, 0.01 in later
    versions); `least_fit` adjusted R squared below which the switch takes the EWMA with its `fallback` settings.

    Errors: `SettingsError` for a setting outside its range.
    """

    baseline: int = 28
    guard: int = 2
    shortest: int = 11
    alpha: float = 0.01
    warning: float = 0.05
    floor: float = 1.01
    least_fit: float = 0.60
    fallback: Ewma = field(default_factory=Ewma)

    def __post_init__(self) -> None:
        if self.baseline % 7 or self.guard < 0 or not COEFFICIENTS < self.shortest <= self.baseline:
            raise SettingsError(
                f"essence: a baseline of whole weeks, at least `shortest` days, that above {COEFFICIENTS}; no negative guard: {self}."
            )
        if not 0 < self.alpha < 0.5 or not 0 < self.warning < 0.5 or self.floor < 0 or not self.least_fit <= 1:
            raise SettingsError(
                f"essence: alpha and warning lie between 0 and 0.5, the floor is not negative, least_fit at most 1: {self}."
            )

    @property
    def memory(self) -> int:
        """Days before the tested one that are looked at."""
        return self.baseline + self.guard


@dataclass(frozen=True)
class Switched:
    """`result` of the switch; `by_regression` [series, dates] where the regression was asked; its `fit`, adjusted R squared (NaN: no
    regression)."""

    result: EssenceResult
    by_regression: npt.NDArray[np.bool_]
    fit: Floats


def essence_regression(counts: Floats, settings: Essence | None = None) -> EssenceResult:
    """Test every day of every series by the regression alone.

    Parameters
    ----------
    counts: [series, days], consecutive days, NaN for a missing count: it is not tested, and neither is a day whose baseline it lies in.

    >>> counts = np.tile([9.0, 8.0, 8.0, 7.0, 8.0, 3.0, 2.0], (1, 6))
    >>> counts[0, 37] = 15
    >>> result = essence_regression(counts)
    >>> result.expected[0, 35:39].round(6).tolist(), np.flatnonzero(result.alarm[0]).tolist()
    ([9.0, 8.0, 8.0, 7.0], [37])
    """
    counts, settings = np.asarray(counts, dtype=np.float64), settings or Essence()
    days = [_regressed(counts[:, max(day - settings.memory, 0) : day], counts[:, day], settings)[0] for day in range(counts.shape[1])]
    return joined(days, len(counts))


def essence_switch(counts: Floats, settings: Essence | None = None) -> Switched:
    """Test every day of every series, by regression or EWMA; `counts` as for `essence_regression`.

    >>> week = np.tile([90.0, 80.0, 85.0, 70.0, 75.0, 30.0, 20.0], 6)
    >>> rare = np.tile([0.0, 1.0, 0.0], 14)
    >>> essence_switch(np.vstack([week, rare])).by_regression[:, -1].tolist()
    [True, False]
    """
    counts, settings = np.asarray(counts, dtype=np.float64), settings or Essence()
    stream = EssenceStream(len(counts), settings)
    days = [stream.step(counts[:, day]) for day in range(counts.shape[1])]
    nothing = np.full((len(counts), 0), np.nan)
    return Switched(
        joined([one.result for one in days], len(counts)),
        np.hstack([nothing > 0, *(one.by_regression for one in days)]),
        np.hstack([nothing, *(one.fit for one in days)]),
    )


class EssenceStream:
    """The switch one day at a time: it keeps the last `settings.memory` counts of each series and the state of its EWMA."""

    def __init__(self, series: int, settings: Essence | None = None) -> None:
        self.settings = settings or Essence()
        self._kept: Floats = np.empty((series, 0))
        self._fallback = EwmaStream(series, self.settings.fallback)

    def step(self, counts: Floats) -> Switched:
        """Test one new day; `counts` [series]. The result's arrays are [series, 1]."""
        regressed, fit = _regressed(self._kept, counts, self.settings)
        smoothed = self._fallback.step(counts)
        self._kept = np.column_stack([self._kept, counts])[:, -self.settings.memory :]
        mine = fit >= self.settings.least_fit
        parts = [
            np.where(mine, getattr(regressed, name), getattr(smoothed, name)) for name in ("expected", "bound", "statistic", "p", "alarm")
        ]
        return Switched(EssenceResult(*parts), mine, fit)


def _regressed(before: Floats, counts: Floats, settings: Essence) -> tuple[EssenceResult, Floats]:
    """One day: `before` [series, days] up to the day before it, `counts` [series]; and the fit's adjusted R squared [series, 1]."""
    length = min(before.shape[1] - settings.guard, settings.baseline)
    if length < settings.shortest:
        return untested(len(counts)), np.full((len(counts), 1), np.nan)
    y = before[:, before.shape[1] - settings.guard - length : before.shape[1] - settings.guard]
    basis, ahead = _design(length, settings.guard)
    degrees = length - COEFFICIENTS
    within = y @ basis
    residual = y - within @ basis.T
    unexplained = (residual**2).sum(axis=1)
    total = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        fit = np.where(total > 0, 1 - unexplained / total * (length - 1) / degrees, np.where(np.isnan(total), np.nan, 0.0))
    expected = np.where(np.isnan(counts), np.nan, np.maximum(within @ ahead, 0.0))
    # the error of a forecast from whole weeks, which CDC's programs take for shorter baselines too
    widened = np.sqrt((length + 7) * (length - 4) / (length * (length - 7)))
    error = np.fmax(np.sqrt(unexplained / degrees) * widened, settings.floor / t_limit(settings.warning, degrees))
    error = np.where(np.isnan(unexplained), np.nan, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (counts - expected) / error
    p = stdtr(degrees, -statistic)
    bound = expected + t_limit(settings.alpha, degrees) * error
    found = EssenceResult(expected[:, None], bound[:, None], statistic[:, None], p[:, None], (p < settings.alpha)[:, None])
    return found, fit[:, None]


@lru_cache(maxsize=256)
def _design(length: int, guard: int) -> tuple[Floats, Floats]:
    """Orthonormal basis [days, 8] of line and weekdays, and the coordinates in it of the forecast `guard` + 1 days after. Which weekday the
    first day is makes no difference: each has its own level."""
    days = np.append(np.arange(length), length + guard)
    design = np.column_stack([days, days[:, None] % 7 == np.arange(7)]).astype(np.float64)
    basis, triangle = np.linalg.qr(design[:-1])
    return basis, np.linalg.solve(triangle.T, design[-1])
