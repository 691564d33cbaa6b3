"""Bayesian online change-point detection: how long has the present rate been running, and could this count have come from it?

A run of dates shares one rate; each date starts a new run with probability `hazard`. Kept is the probability of every run length, weighed
anew by how well each predicted the count. Two kinds of counts, both conjugate, so that the answer is exact:

- "poisson": rate ~ Gamma(`prior_cases`, `prior_dates`), count ~ Poisson(rate * expected); with `expected` counts (a season) the rate is
  relative to them;
- "negative_binomial": variance = mean + mean^2 / `size`, success probability ~ Beta; its mean prior as above. No `expected`.

Run lengths beyond `longest` are held at `longest`, which forgets the oldest counts by and by; up to that many dates the answer is exact.

Reference: Adams & MacKay 2007, arXiv:0710.3742; Gamma-Poisson and Beta-negative-binomial predictions: Bernardo & Smith 1994, app. A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats

Kind = Literal["poisson", "negative_binomial"]

METHODS.add(
    "surveillance.change_point_online",
    Method(
        Card(
            name="surveillance.change_point_online",
            definition="Posterior probability that the present rate began within the last dates and is higher than the one before.",
            units="1",
            reference="Adams & MacKay 2007, arXiv:0710.3742",
            limits="Rates jump and stay: a slow rise is a chain of small jumps. Without expected counts a season is a change too.",
        )
    ),
)


@dataclass(frozen=True)
class ChangePoints:
    """Settings. `hazard` of a new run on each date; `prior_cases` in `prior_dates`, what is known of a rate before its first count;
    `size` of the negative binomial; alarm where the chance that the run is at most `recent` dates old, and its rate above that of older
    runs, reaches `threshold`; `longest` run kept.

    Errors: `SettingsError` for a setting outside its range.
    """

    kind: Kind = "poisson"
    hazard: float = 1 / 100
    prior_cases: float = 1.0
    prior_dates: float = 1.0
    size: float = 10.0
    recent: int = 3
    threshold: float = 0.9
    longest: int = 120

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise SettingsError(f"change_point_online: counts are {' or '.join(get_args(Kind))}, not {self.kind!r}.")
        if not 0 < self.hazard < 1 or not 0 < self.threshold <= 1:
            raise SettingsError(f"change_point_online: hazard and threshold are shares above 0: {self}.")
        if not (self.prior_cases > 0 and self.prior_dates > 0 and self.size > 0) or not 1 <= self.recent < self.longest:
            raise SettingsError(f"change_point_online: prior and size above 0, and 1 <= recent < longest: {self}.")


@dataclass(frozen=True)
class ChangePointResult:
    """All [series, dates], NaN where the count is missing. `expected` before the count was seen; `p`, its upper tail then; `risen`, chance
    of a young and higher run; `run_length` expected, in dates; `evidence`, log probability of the count."""

    expected: Floats
    p: Floats
    risen: Floats
    run_length: Floats
    evidence: Floats
    alarm: npt.NDArray[np.bool_]


def change_points(counts: Floats, settings: ChangePoints | None = None, expected: Floats | None = None) -> ChangePointResult:
    """Follow every series from its first date.

    Parameters
    ----------
    counts: [series, dates], whole numbers, NaN for a missing count: runs grow older over it and nothing is learned.
    expected: what a rate of 1 means on each date, [series, dates] or broadcast to it, above 0; None: 1 case.

    Errors: `SettingsError` for a negative count, an expected count not above 0, or one given for the negative binomial.

    >>> counts = np.array([[2.0, 3, 2, 2, 3, 2, 2, 3, 12, 14, 13]])
    >>> result = change_points(counts, ChangePoints(prior_cases=3))
    >>> result.risen[0, 7:].round(2).tolist(), result.alarm[0].nonzero()[0].tolist()
    ([0.02, 0.52, 0.99, 0.95], [9, 10])
    """
    settings = settings or ChangePoints()
    counts = np.asarray(counts, dtype=np.float64)
    stream = ChangePointStream(len(counts), settings)
    given = None if expected is None else np.broadcast_to(np.asarray(expected, dtype=np.float64), counts.shape)
    dates = [stream.step(counts[:, date], None if given is None else given[:, date]) for date in range(counts.shape[1])]
    nothing = np.full((len(counts), 0), np.nan)
    return ChangePointResult(
        np.hstack([nothing, *(one.expected for one in dates)]), np.hstack([nothing, *(one.p for one in dates)]),
        np.hstack([nothing, *(one.risen for one in dates)]), np.hstack([nothing, *(one.run_length for one in dates)]),
        np.hstack([nothing, *(one.evidence for one in dates)]), np.hstack([nothing > 0, *(one.alarm for one in dates)]),
    )  # fmt: skip


class ChangePointStream:
    """The same one date at a time: it keeps, of each series and run length, a probability, the cases and the exposure."""

    def __init__(self, series: int, settings: ChangePoints | None = None) -> None:
        self.settings = settings or ChangePoints()
        self._log_weight: Floats = np.zeros((series, 1))
        self._cases: Floats = np.full((series, 1), self.settings.prior_cases)
        self._exposure: Floats = np.full((series, 1), self.settings.prior_dates)

    def step(self, counts: Floats, expected: Floats | None = None) -> ChangePointResult:
        """Follow one new date; `counts` and `expected` [series]. The result's arrays are [series, 1]."""
        settings = self.settings
        exposure = _checked(counts, expected, settings)
        mean = self._cases / self._exposure
        known = ~np.isnan(counts)[:, None]
        count = np.where(known, counts[:, None], 0.0)
        weight = np.exp(self._log_weight)
        fit, tail = _predicted(count, self._cases, self._exposure, exposure, settings)
        joint = self._log_weight + np.where(known, fit, 0.0)
        evidence = np.logaddexp.reduce(joint, axis=1, keepdims=True)
        before = (weight * mean).sum(axis=1, keepdims=True) * exposure
        p = (weight * tail).sum(axis=1, keepdims=True)
        # after the count: the run goes on, one date older, or a new one begins with the next date
        posterior = joint - evidence
        cases, dates = self._cases + count, self._exposure + np.where(known, exposure, 0.0)
        risen = self._risen(np.exp(posterior), cases / dates)
        length = (np.exp(posterior) * np.arange(1, posterior.shape[1] + 1)).sum(axis=1, keepdims=True)
        self._grow(posterior, cases, dates)
        before, p, shown, length, evidence = (np.where(known, part, np.nan) for part in (before, np.clip(p, 0, 1), risen, length, evidence))
        return ChangePointResult(before, p, shown, length, evidence, known & (risen >= settings.threshold))

    def _risen(self, posterior: Floats, mean: Floats) -> Floats:
        """Chance of a run of at most `recent` dates whose rate is above what older runs say; 0 while there is no older run."""
        recent = self.settings.recent
        if posterior.shape[1] <= recent:
            return np.zeros((len(posterior), 1))
        old = posterior[:, recent:]
        share = np.maximum(old.sum(axis=1, keepdims=True), 1e-300)
        usual = (old * mean[:, recent:]).sum(axis=1, keepdims=True) / share
        higher = mean[:, :recent] > usual
        return np.asarray((posterior[:, :recent] * higher).sum(axis=1, keepdims=True))

    def _grow(self, posterior: Floats, cases: Floats, dates: Floats) -> None:
        settings, series = self.settings, len(posterior)
        fresh = [np.full((series, 1), value) for value in (np.log(settings.hazard), settings.prior_cases, settings.prior_dates)]
        weight = np.hstack([fresh[0], posterior + np.log1p(-settings.hazard)])
        cases, dates = np.hstack([fresh[1], cases]), np.hstack([fresh[2], dates])
        if weight.shape[1] > settings.longest:
            cases, dates, weight = (_merged(part, weight) for part in (cases, dates, None))
        self._log_weight, self._cases, self._exposure = weight, cases, dates


def _merged(part: Floats | None, weight: Floats) -> Floats:
    """The two longest run lengths become one; `part` None: the weights themselves."""
    both = np.logaddexp(weight[:, -1:], weight[:, -2:-1])
    if part is None:
        return np.hstack([weight[:, :-2], both])
    share = np.exp(weight[:, -1:] - both)
    return np.hstack([part[:, :-2], share * part[:, -1:] + (1 - share) * part[:, -2:-1]])


def _checked(counts: Floats, expected: Floats | None, settings: ChangePoints) -> Floats:
    """Exposure [series, 1] of a date."""
    if (counts < 0).any():
        series = int(np.flatnonzero(counts < 0)[0])
        raise SettingsError(f"change_point_online: series {series + 1} has {counts[series]:g} cases on a date. Give counts, 0 or more.")
    if expected is None:
        return np.ones((len(counts), 1))
    if settings.kind == "negative_binomial":
        raise SettingsError("change_point_online: the negative binomial knows no expected counts. Take kind='poisson' for those.")
    if not (np.asarray(expected) > 0).all():
        raise SettingsError("change_point_online: expected counts must be above 0 on every date.")
    return np.asarray(expected, dtype=np.float64)[:, None]


def _predicted(count: Floats, cases: Floats, dates: Floats, exposure: Floats, settings: ChangePoints) -> tuple[Floats, Floats]:
    """Log probability of `count` under each run, and the chance of at least as many."""
    if settings.kind == "poisson":
        share = exposure / (dates + exposure)
        fit = gammaln(cases + count) - gammaln(cases) - gammaln(count + 1) + cases * np.log1p(-share) + count * np.log(share)
        some = np.maximum(count, 1.0)
        return fit, np.where(count > 0, betainc(some, cases, share), 1.0)
    # Beta(size * dates + 1, cases) of the success probability: the mean of the next count is cases / dates
    size, first, second = settings.size, settings.size * dates + 1, cases
    fit = _beta_negative_binomial(count, size, first, second)
    return fit, _tail(count, size, first, second)


def _beta_negative_binomial(count: Floats, size: float, first: Floats, second: Floats) -> Floats:
    """Log probability of `count` failures before the success number `size`, whose chance is Beta(`first`, `second`)."""
    ways = gammaln(count + size) - gammaln(count + 1) - gammaln(size)
    return np.asarray(ways + betaln(first + size, second + count) - betaln(first, second))


def _tail(count: Floats, size: float, first: Floats, second: Floats) -> Floats:
    """P(X >= count): 1 less the probabilities below, added up."""
    below = np.zeros(np.broadcast_shapes(count.shape, first.shape))
    for value in range(int(count.max(initial=0))):
        below += np.where(value < count, np.exp(_beta_negative_binomial(np.float64(value), size, first, second)), 0.0)  # type: ignore[arg-type]
    return np.clip(1 - below, 0, 1)
