"""Season blend, a detector of our own: two ways to say what is usual at this time of year, of this date and of it and the last together.

p(1): flexible Farrington's negative binomial tail at the upper limit of its mean ("muan"), seasons as steps. p(2): that of a negative
binomial regression on waves of the year (`heedful.population.harmonic_regression`). p(3): the same model's tail of the sum of this date and
the one before, which finds outbreaks whose first week hid in chance. The blend is their geometric mean, p(3) with weight `earlier`:

    p = (p(1) p(2))^((1 - earlier) / 2) p(3)^earlier

Steps and waves err at different times, so both must be surprised. Being a mean of tails that move together, p stays near a tail itself: the
share of quiet weeks at or below it is measured in docs/population.md, where the blend is set against every other detector on scenarios that
had no part in choosing `earlier`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats
from heedful.population.farrington import FarringtonResult, State
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.harmonic_regression import HarmonicRegression, HarmonicResult, harmonic_regression
from heedful.population.overdispersed import quantile, upper_tail
from heedful.population.yearly_reference import Calendar

METHODS.add(
    "surveillance.season_blend",
    Method(
        Card(
            name="surveillance.season_blend",
            definition="Geometric mean of three upper tails: flexible Farrington's, a harmonic negative binomial regression's, and the "
            "latter's of two dates together.",
            units="1",
            reference="ours; parts: Noufaily et al. 2013; Hilbe 2011",
            limits="Needs the years of both its parts; p is calibrated by simulation, not in theory.",
        )
    ),
)


@dataclass(frozen=True)
class SeasonBlend:
    """Settings. Alarm where p < `alpha`; `earlier` weight of the two dates together; `steps` and `waves`, settings of the two models
    (the alpha of `waves` plays no part, that of `steps` says how far its mean is raised).

    Errors: `SettingsError` for a setting outside its range.
    """

    alpha: float = 0.02
    earlier: float = 0.35
    steps: FarringtonFlexible = field(default_factory=lambda: FarringtonFlexible(alpha=0.01, threshold="muan"))
    waves: HarmonicRegression = field(default_factory=HarmonicRegression)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1 or not 0 <= self.earlier < 1:
            raise SettingsError(f"season_blend: alpha lies between 0 and 1, earlier from 0 to under 1: {self}.")
        if self.steps.threshold == "delta" or self.steps.mode != "corrected":
            raise SettingsError("season_blend: its steps are flexible Farrington, corrected, with a tail of counts: muan or nbPlugin.")


@dataclass(frozen=True)
class BlendResult:
    """All [series, rows], NaN where untested. `expected`, geometric mean of both models' means; `bound`, the most cases without an alarm;
    `state` why not tested."""

    expected: Floats
    bound: Floats
    p: Floats
    alarm: npt.NDArray[np.bool_]
    state: npt.NDArray[np.int8]


def season_blend(counts: Floats, calendar: Calendar, settings: SeasonBlend | None = None, rows: slice | None = None) -> BlendResult:
    """Test `rows` (all of them if None; the last one alone for one new date) of every series.

    Parameters
    ----------
    counts: [series, rows], NaN where missing: left out of the past, and not tested. Where the date before is missing, p(3) is left out.
    calendar: when the rows were.

    Errors: as `farrington_flexible` and `harmonic_regression`.

    >>> counts = np.rint(20 * np.exp(np.cos(2 * np.pi * np.arange(312) / 52)))[None]
    >>> counts[0, -1] = 90
    >>> found = season_blend(counts, Calendar(52), rows=slice(310, 312))
    >>> found.bound.tolist(), found.alarm.tolist()
    ([[70.0, 72.0]], [[False, True]])
    """
    settings = settings or SeasonBlend()
    counts = np.asarray(counts, dtype=np.float64)
    start, stop, _ = (rows or slice(None)).indices(counts.shape[1])
    first = max(start - 1, 0)
    steps = farrington_flexible(counts, calendar, settings.steps, slice(start, stop))
    waves = harmonic_regression(counts, calendar, settings.waves, slice(first, stop))
    parts = _Parts.of(counts, start, stop, first, steps, waves)
    observed = counts[:, start:stop]
    p = parts.blend(observed, settings.earlier)
    state = np.where(steps.state == State.FEW_CASES, State.TESTED, steps.state)
    state = np.where((state == State.TESTED) & np.isnan(p), waves.state[:, start - first :], state).astype(np.int8)
    bound = parts.bound(settings)
    return BlendResult(np.where(np.isnan(p), np.nan, np.sqrt(parts.step_mean * parts.mean)), bound, p, p < settings.alpha, state)


@dataclass(frozen=True)
class _Parts:
    """[series, rows]: mean inside flexible Farrington's tail and its dispersion; the waves' mean and variance; the same of the date before,
    with its count; where that is missing, NaN."""

    step_mean: Floats
    raised_mean: Floats
    step_dispersion: Floats
    mean: Floats
    spread: Floats
    before: Floats
    two_mean: Floats
    two_spread: Floats

    @staticmethod
    def of(counts: Floats, start: int, stop: int, first: int, steps: FarringtonResult, waves: HarmonicResult) -> _Parts:
        mean, spread = waves.expected, 1 + waves.dispersion * waves.expected
        before = np.full_like(steps.expected, np.nan)
        before_mean, before_spread = before.copy(), before.copy()
        known = slice(1 if start == first else 0, None)
        before[:, known] = counts[:, first : stop - 1]
        before_mean[:, known], before_spread[:, known] = mean[:, : stop - 1 - first], spread[:, : stop - 1 - first]
        now, wide = mean[:, start - first :], spread[:, start - first :]
        two = now + before_mean
        return _Parts(
            steps.expected, steps.mean_for_bound, steps.dispersion, now, wide, before, two, (now * wide + before_mean * before_spread) / two
        )

    def blend(self, count: Floats, earlier: float) -> Floats:
        """p if `count` is seen."""
        with np.errstate(divide="ignore"):
            one = np.log(upper_tail(count, self.raised_mean, self.step_dispersion))
            two = np.log(upper_tail(count, self.mean, self.spread))
            three = np.log(upper_tail(count + self.before, self.two_mean, self.two_spread))
        both = (one + two) / 2
        return np.exp(np.where(np.isnan(three), both, (1 - earlier) * both + earlier * three))

    def bound(self, settings: SeasonBlend) -> Floats:
        """The most cases without an alarm. p falls as the count rises and lies between its parts, so that its bound lies between theirs;
        halving finds it."""
        q = 1 - settings.alpha
        parts = np.stack([
            quantile(q, self.raised_mean, self.step_dispersion), quantile(q, self.mean, self.spread),
            quantile(q, self.two_mean, self.two_spread) - self.before,
        ])  # fmt: skip
        untested = np.isnan(parts[:2]).any(axis=0)
        parts[:, untested] = 0.0
        low, high = np.maximum(np.nanmin(parts, axis=0) - 1, -1), np.nanmax(parts, axis=0) + 1
        while (open_ := high - low > 1).any():
            middle = np.floor((low + high) / 2)
            alarm = self.blend(middle, settings.earlier) < settings.alpha
            low, high = np.where(open_ & ~alarm, middle, low), np.where(open_ & alarm, middle, high)
        return np.where(untested, np.nan, np.maximum(low, 0.0))
