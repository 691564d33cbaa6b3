"""ESSENCE's EWMA: two exponentially weighted means of the newest counts, one for waves and one for leaps, against a baseline.

z(t) = w y(t) + (1 - w) z(t-1) for w = 0.4 and 0.9; each is set against mean and standard deviation of the `baseline` dates that end
`guard` dates before t, the latter corrected for the smoothing and with a small-count floor, on Student's t. The smaller p counts. A mean
beyond its limit is held at that limit, so that one leap does not raise alarms for days.

Reference: Burkom et al. 2004, MMWR 53 Suppl:159-165 (ESSENCE II); Fricker 2013, ch. 5 and 9. Equals the loop of CDC's R `Rnssp`
(`alert_ewma`) within 1e-9, with the floors that a version of it has (see `Ewma`), and Python `pynssp` 0.1.0 with `baseline` 29 (it takes
a date more than it is told) and `warning` 0.025.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats

METHODS.add(
    "surveillance.essence_ewma",
    Method(
        Card(
            name="surveillance.essence_ewma",
            definition="Smoothed newest counts, slow and quick, above a baseline of 28 days that ends two days before; Student's t.",
            units="{count}",
            reference="Burkom et al. 2004, MMWR 53 Suppl:159-165",
            equals="CDC's R Rnssp alert_ewma, within 1e-9",
            limits="Knows neither weekdays nor seasons; a missing count leaves the 30 dates after it untested.",
        )
    ),
)


@dataclass(frozen=True)
class Ewma:
    """Settings. `baseline` dates at most, at least `shortest`, ending `guard` dates before the tested one; weights `slow` and `quick`;
    alarm where p < `alpha`, `warning` the level whose t scales the small-count floors.

    The floor of a smoothed mean's standard error is w / t * (`floor` + `floor_slope` (1 - w)^2), in counts: 1 and 0.5 in Rnssp 0.1
    and pynssp, 0.01 and 0.05 in later versions.

    Errors: `SettingsError` for a setting outside its range.
    """

    baseline: int = 28
    guard: int = 2
    shortest: int = 11
    slow: float = 0.4
    quick: float = 0.9
    alpha: float = 0.01
    warning: float = 0.05
    floor: float = 1.0
    floor_slope: float = 0.5

    def __post_init__(self) -> None:
        if self.guard < 0 or not 3 <= self.shortest <= self.baseline:
            raise SettingsError(f"essence_ewma: guard not negative, and 3 <= shortest <= baseline, not {self}.")
        if not 0 < self.slow < 1 or not 0 < self.quick <= 1 or not 0 < self.alpha < 0.5 or not 0 < self.warning < 0.5:
            raise SettingsError(f"essence_ewma: weights lie between 0 and 1, alpha and warning between 0 and 0.5: {self}.")
        if self.floor < 0 or self.floor_slope < 0:
            raise SettingsError(f"essence_ewma: floors are not negative: {self}.")

    @property
    def memory(self) -> int:
        """Dates before the tested one that are looked at."""
        return self.baseline + self.guard


@dataclass(frozen=True)
class EssenceResult:
    """All [series, dates], NaN where untested. `expected` and `bound` in counts (the least count above which the alarm is raised);
    `statistic` on the scale of t, `p` its upper tail, `alarm` p < alpha."""

    expected: Floats
    bound: Floats
    statistic: Floats
    p: Floats
    alarm: npt.NDArray[np.bool_]


def ewma(counts: Floats, settings: Ewma | None = None) -> EssenceResult:
    """Test every date of every series.

    Parameters
    ----------
    counts: [series, dates], consecutive dates, NaN for a missing count: it is not tested, the smoothed means stand still, and a baseline
        that it lies in leaves a date untested.

    >>> counts = np.tile([4.0, 6.0, 5.0, 5.0], (1, 9))
    >>> counts[0, -1] = 15
    >>> result = ewma(counts)
    >>> round(float(result.expected[0, -1]), 2), round(float(result.statistic[0, -1]), 2), result.alarm[0, -2:].tolist()
    (5.0, 10.96, [False, True])
    """
    counts = np.asarray(counts, dtype=np.float64)
    stream = EwmaStream(len(counts), settings or Ewma())
    return joined([stream.step(counts[:, date]) for date in range(counts.shape[1])], len(counts))


class EwmaStream:
    """The same one date at a time: it keeps two smoothed means and the last counts of each series.

    >>> stream = EwmaStream(1)
    >>> [bool(stream.step(np.array([count])).alarm[0, 0]) for count in [2.0, 3.0] * 8 + [12.0]][-2:]
    [False, True]
    """

    def __init__(self, series: int, settings: Ewma | None = None) -> None:
        self.settings = settings or Ewma()
        self._kept: Floats = np.empty((series, 0))
        self._smoothed: Floats = np.full((2, series), np.nan)

    def step(self, counts: Floats) -> EssenceResult:
        """Test one new date; `counts` [series]. The result's arrays are [series, 1]."""
        settings, kept = self.settings, self._kept
        length = min(kept.shape[1] - settings.guard, settings.baseline)
        before = np.where(np.isnan(self._smoothed), counts, self._smoothed)
        weights = np.array([[settings.slow], [settings.quick]])
        smoothed = np.where(np.isnan(counts), before, weights * counts + (1 - weights) * before)
        if length < settings.shortest:
            self._keep(counts, smoothed)
            return untested(len(counts))
        baseline = kept[:, kept.shape[1] - settings.guard - length : kept.shape[1] - settings.guard]
        scale = _scale(length, settings)
        expected = baseline.mean(axis=1)
        error = np.maximum(scale.floor[:, None], baseline.std(axis=1, ddof=1) * scale.correction[:, None] + scale.constant[:, None])
        both = np.where(np.isnan(counts), np.nan, (smoothed - expected) / error)
        held = expected + np.sign(both) * scale.limit * error
        self._keep(counts, np.where(np.abs(both) > scale.limit, held, smoothed))
        statistic = both.max(axis=0)
        needed = (expected + scale.limit * error - (1 - weights) * before) / weights
        bound = np.where(np.isnan(counts), np.nan, np.maximum(needed.min(axis=0), 0.0))
        p = stdtr(length - 1, -statistic)
        return EssenceResult(
            *(part[:, None] for part in (np.where(np.isnan(counts), np.nan, expected), bound, statistic, p, p < settings.alpha))
        )

    def _keep(self, counts: Floats, smoothed: Floats) -> None:
        self._kept = np.column_stack([self._kept, counts])[:, -self.settings.memory :]
        self._smoothed = smoothed


@dataclass(frozen=True)
class _Scale:
    """Of a baseline of some length: [slow, quick] factor and addend of the standard deviation, floor, and the limit of t."""

    correction: Floats
    constant: Floats
    floor: Floats
    limit: float


@lru_cache(maxsize=256)
def _scale(length: int, settings: Ewma) -> _Scale:
    w = np.array([settings.slow, settings.quick])
    rest = 1 - w
    between = 2 * rest ** (settings.guard + 1) * (1 - rest**length) / length
    limit, warning = (t_limit(level, length - 1) for level in (settings.alpha, settings.warning))
    # ESSENCE's table look-up for small counts, as a formula at a level of 5 %
    constant = (0.1289 - (0.2414 - 0.1826 * rest**4) * np.log(10 * 0.05)) * w / warning
    floor = w / warning * (settings.floor + settings.floor_slope * rest**2)
    return _Scale(np.sqrt(w / (2 - w) + 1 / length - between), constant, floor, limit)


def t_limit(level: float, degrees: int) -> float:
    """Quantile 1 - `level` of Student's t, to the five digits of CDC's tables.

    >>> t_limit(0.01, 27)
    2.47266
    """
    return round(float(stdtrit(degrees, 1 - level)), 5)


def untested(series: int) -> EssenceResult:
    """One date that could not be tested."""
    nothing = np.full((series, 1), np.nan)
    return EssenceResult(nothing, nothing, nothing, nothing, np.zeros((series, 1), dtype=np.bool_))


def joined(dates: list[EssenceResult], series: int) -> EssenceResult:
    """Dates side by side."""
    if not dates:
        nothing = np.full((series, 0), np.nan)
        return EssenceResult(nothing, nothing, nothing, nothing, np.zeros((series, 0), dtype=np.bool_))
    return EssenceResult(*(np.hstack([getattr(one, name) for one in dates]) for name in ("expected", "bound", "statistic", "p", "alarm")))
