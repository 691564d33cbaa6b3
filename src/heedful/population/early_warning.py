"""This week's official figure before it is published, from what is searched, said or measured this week and the figures known so far.

After ARGO (Yang, Santillana and Kou 2015, PNAS 112:14473): a lasso on lags of the official series and on digital signals, learned anew
each week from a moving window. It departs from R's `argo` in three ways, each of which lowers the error on its packaged inputs: what is
learned is the *step* from last week's figure, so that a lasso that finds nothing says "as last week" and not "as on average"; changes of
the signals stand beside their levels; and the penalty is not cross-validated within the window but weighed by how well each one foretold
the weeks before, which is honest forward in time and costs one path a week.

A week's answer uses the official figures of the weeks before it and the digital signals of weeks up to it, nothing later. Official
figures as published first may differ from those given here: give the vintage that was known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.lasso_path import lasso_path

Floats = npt.NDArray[np.float64]
_ERRORS = 20
"""Weeks of errors that an interval needs."""

CARD = Card(
    name="early_warning.argo_steps",
    definition="Nowcast of an official share from its own lags and digital signals: a lasso on the weekly step of its logit, learned anew "
    "each week; penalties weighed by their forward errors; intervals from the errors of the weeks before.",
    units="%",
    reference="Yang, Santillana and Kou 2015 (ARGO), changed as the module says.",
    limits="Lags are of the figures as given: with figures revised later the error is too hopeful. Says nothing of a signal that nobody "
    "gave. Watch the signal itself with early_warning.digital_drift.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class EarlyWarning:
    """How a nowcast learns.

    lags: weeks of the official series that are looked back on. window: weeks learned from. penalties, least: how many penalties, and the
    smallest as a share of the first. memory: weeks after which a forward error counts a third as much. sharpness: how much worse (as a
    share of the best's error) a penalty may have been to weigh a third of the best. band: weeks of errors behind an interval.
    level: of the interval. delay: weeks until a week's official figure is known: a nowcast uses figures that many weeks back or more.
    """

    lags: int = 52
    window: int = 104
    penalties: int = 25
    least: float = 1e-2
    memory: float = 52.0
    sharpness: float = 0.3
    band: int = 104
    level: float = 0.95
    delay: int = 1

    @property
    def weeks_needed(self) -> int:
        """Whole weeks, from the first on, that must be known before a nowcast has an interval."""
        return max(self.window, self.lags + self.delay - 1 + self.window // 2) + self.delay - 1 + _ERRORS

    def __post_init__(self) -> None:
        if (
            self.lags < 1
            or self.window < 20
            or self.penalties < 2
            or not 0 < self.least < 1
            or not 0 < self.level < 1
            or self.band < 20
            or self.delay < 1
        ):
            raise SettingsError(
                f"A nowcast needs 1 lag, a window and a band of 20 weeks, 2 penalties, a delay of 1, and shares within 0..1; got {self}."
            )


@dataclass(frozen=True)
class Nowcast:
    """A figure each week, [weeks]; NaN where too little was known.

    estimate, low, high: in the unit of the official series. carried: the newest figure known then, of
    `delay` weeks before: what one has without a nowcast.
    """

    estimate: Floats
    low: Floats
    high: Floats
    carried: Floats


def early_warning(official: Floats, digital: Floats, settings: EarlyWarning | None = None) -> Nowcast:
    """Nowcast every week from what was known in it.

    Parameters
    ----------
    official: [weeks], a share in percent, above 0 and below 100; a week without a figure is NaN and is neither learned from nor a lag.
    digital: [weeks, signals], counts or index values of the same weeks, 0 or more; NaN where not known.

    Raises `SettingsError` for shapes that do not agree and values outside their range.

    >>> weeks = np.arange(260)
    >>> share = 2 + np.sin(weeks / 8) + 0.1 * np.cos(weeks * 1.7)
    >>> found = early_warning(share, (100 * share)[:, None], EarlyWarning(lags=4))
    >>> known = np.isfinite(found.estimate)
    >>> bool(np.abs(found.estimate - share)[known].mean() < 0.5 * np.abs(found.carried - share)[known].mean())
    True
    """
    settings = settings or EarlyWarning()
    _check(official, digital)
    outcome = np.log(official / (100 - official))
    columns, step, carried = _design(outcome, np.log(digital + 0.5), settings.lags, settings.delay)
    candidates = _candidates(columns, step, settings) + carried[:, None]
    estimate = _weighed(candidates, outcome, settings)
    low, high = _interval(estimate, outcome, settings)
    return Nowcast(*(100 / (1 + np.exp(-value)) for value in (estimate, low, high, carried)))


def _check(official: Floats, digital: Floats) -> None:
    if official.ndim != 1 or digital.ndim != 2 or len(digital) != len(official):
        raise SettingsError(f"official must be [weeks] and digital [weeks, signals]; got {official.shape} and {digital.shape}.")
    if (official <= 0).any() or (official >= 100).any():
        week = int(np.flatnonzero((official <= 0) | (official >= 100))[0])
        raise SettingsError(
            f"The official share of week {week} is {official[week]:g} %: it must lie above 0 and below 100; say NaN if unknown."
        )
    if (digital < 0).any():
        week, signal = (int(place[0]) for place in np.nonzero(digital < 0))
        raise SettingsError(f"Digital signal {signal} is {digital[week, signal]:g} in week {week}: counts and index values are 0 or more.")


def _design(outcome: Floats, signals: Floats, lags: int, delay: int) -> tuple[Floats, Floats, Floats]:
    """Columns [weeks, lags + 2 signals], the step from `delay` weeks before [weeks], and the figure of that week [weeks]."""
    carried = np.concatenate([np.full(delay, np.nan), outcome])[: len(outcome)]
    before = np.full((len(outcome), lags), np.nan)
    for lag in range(1, lags + 1):
        before[lag - 1 :, lag - 1] = carried[: max(len(outcome) - lag + 1, 0)]
    changes = np.vstack([np.full((1, signals.shape[1]), np.nan), np.diff(signals, axis=0)])
    return np.hstack([before, signals, changes]), outcome - carried, carried


def _candidates(columns: Floats, step: Floats, settings: EarlyWarning) -> Floats:
    """The step that each penalty foretells for each week, [weeks, penalties], learned from the window before it."""
    found = np.full((len(step), settings.penalties), np.nan)
    shares = np.exp(np.linspace(0, np.log(settings.least), settings.penalties))
    whole = np.asarray(np.isfinite(columns).all(axis=1))
    usable = whole & np.isfinite(step)
    first = np.flatnonzero(usable)[: settings.window]
    middle = columns[first].mean(axis=0) if len(first) else np.zeros(columns.shape[1])  # sums about it keep their digits
    sums = _sums_of(np.hstack([columns - middle, step[:, None]]), usable, settings.window)
    for past, (number, plain, products) in enumerate(sums):
        week = past + settings.delay - 1  # the newest step known in it is that of the week `past` - 1
        if week < len(step) and past >= settings.window and whole[week] and number >= settings.window // 2:
            found[week] = _foretold(number, plain, products, columns[week] - middle, shares)
    return found


def _sums_of(rows: Floats, usable: npt.NDArray[np.bool_], window: int) -> Iterator[tuple[int, Floats, Floats]]:
    """Of the usable rows of the window before each week: how many, their sum and the sum of their products, moved on row by row."""
    number, plain, products = 0, np.zeros(rows.shape[1]), np.zeros((rows.shape[1], rows.shape[1]))
    for week in range(len(rows)):
        yield number, plain, products
        for row, sign in ((week, 1), (week - window, -1)):
            if row >= 0 and usable[row]:
                number, plain = number + sign, plain + sign * rows[row]
                products += np.multiply.outer(sign * rows[row], rows[row])


_FLAT = 1e-6
"""Spread, in logarithms, below which a column says nothing."""


def _foretold(number: int, plain: Floats, products: Floats, now: Floats, shares: Floats) -> Floats:
    mean = plain / number
    spread = np.sqrt(np.maximum(np.diagonal(products) / number - mean**2, 0.0))
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread >= _FLAT)
    scale[-1] = 1.0  # the outcome keeps its unit
    moments = (products / number - np.multiply.outer(mean, mean)) * scale
    moments *= scale[:, None]
    with_outcome = np.ascontiguousarray(moments[:-1, -1])
    first = np.abs(with_outcome).max()
    if first == 0:
        return np.full(len(shares), mean[-1])
    path = lasso_path(moments[:-1, :-1], with_outcome, first * shares, tolerance=1e-3 * float(spread[-1]))
    told: Floats = mean[-1] + path @ ((now - mean[:-1]) * scale[:-1])
    return told


def _weighed(candidates: Floats, outcome: Floats, settings: EarlyWarning) -> Floats:
    """One figure a week: penalties weighed by their discounted squared errors on the weeks before, equally at first."""
    weeks, penalties = candidates.shape
    told, errors = np.full(weeks, np.nan), np.zeros(penalties)
    for week in range(weeks):
        past = week - settings.delay
        if past >= 0 and np.isfinite(candidates[past, 0]) and np.isfinite(outcome[past]):
            errors = errors * np.exp(-1 / settings.memory) + (candidates[past] - outcome[past]) ** 2
        if not np.isfinite(candidates[week, 0]):
            continue
        best = errors.min()
        weight = np.exp(-(errors - best) / (settings.sharpness * best)) if best > 0 else np.ones(penalties)
        told[week] = weight @ candidates[week] / weight.sum()
    return told


def _interval(told: Floats, outcome: Floats, settings: EarlyWarning) -> tuple[Floats, Floats]:
    """Told plus and minus the quantile of the absolute errors of the `band` weeks before (split conformal: Vovk 2005)."""
    half = np.full(len(told), np.nan)
    errors = np.abs(told - outcome)
    for week in range(len(told)):
        known = errors[: max(week - settings.delay + 1, 0)]
        earlier = known[np.isfinite(known)][-settings.band :]
        if len(earlier) >= _ERRORS:
            rank = int(np.ceil((len(earlier) + 1) * settings.level))
            half[week] = np.sort(earlier)[rank - 1] if rank <= len(earlier) else np.inf
    return told - half, told + half
