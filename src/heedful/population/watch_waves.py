"""Watching weekly counts with a year and a half behind them: harmonic regression asks what flexible Farrington, needing three, cannot.

Each date is fitted to its own look-back alone, four years at most without the newest half year. EARS, which knows the weeks just before and
no season, would take the season's rise for an outbreak (`scripts/compare_defaults.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heedful.population.farrington import State
from heedful.population.harmonic_regression import HarmonicRegression, HarmonicResult, harmonic_regression
from heedful.population.histories import Histories
from heedful.population.yearly_reference import Calendar

WAVES = "harmonic_regression"
LEAST_WEEKS = 78
"""Known weeks before a tested one: a year to fit the season to, and the half year that is left out."""

YEARS = 4
"""With the half year left out they lie within the look-back of flexible Farrington, so that one reading serves both."""

Flags = npt.NDArray[np.bool_]
Numbers = dict[str, npt.NDArray[np.generic]]


def wave_answers(data: Histories, at: npt.NDArray[np.int64], unanswered: Flags, alpha: float, back: int) -> tuple[Numbers, Flags]:
    """Ask dates that nothing else could test.

    Parameters
    ----------
    data: weekly histories with `back` weeks before the first date. at: [dates] columns to test. unanswered: [series, dates] cells to ask,
    where at least `LEAST_WEEKS` are known; others are passed over. alpha: one-sided level of the bound.

    Returns the numbers [series, dates], among them `weeks` in the fit, and the cells answered.
    """
    shape = unanswered.shape
    numbers: Numbers = {
        **{name: np.full(shape, np.nan) for name in ("expected", "bound", "p")},
        **{name: np.zeros(shape, bool) for name in ("above", "trend")},
        **{name: np.zeros(shape, np.int64) for name in ("weeks", "down_weighted")},
    }  # fmt: skip
    answered = np.zeros(shape, dtype=bool)
    known = ~np.isnan(data.counts)
    before = np.concatenate([np.zeros((len(known), 1), np.int64), np.cumsum(known, axis=1)], axis=1)
    enough = known[:, at] & (before[:, at] - before[:, at - back] >= LEAST_WEEKS)
    settings = HarmonicRegression(years=YEARS, alpha=alpha)
    for place, column in enumerate(at):
        series = np.flatnonzero(unanswered[:, place] & enough[:, place])
        if not len(series):
            continue
        # a window that begins as far back for every date: days would else be counted from elsewhere, and its numbers end in other digits
        window = slice(column - back, column + 1)
        calendar = Calendar(data.calendar.frequency, data.days[window])
        result = harmonic_regression(data.counts[series, window], calendar, settings, slice(back, back + 1))
        found = (result.state == State.TESTED) & np.isfinite(result.bound) & np.isfinite(result.p)
        cells = series[found[:, 0]]
        answered[cells, place] = True
        for name, value in _numbers(result).items():
            numbers[name][cells, place] = value[found]
    return numbers, answered


def _numbers(result: HarmonicResult) -> Numbers:
    return {
        "expected": result.expected, "bound": result.bound, "p": result.p, "above": result.alarm, "trend": result.trend_kept,
        "weeks": result.used, "down_weighted": result.down_weighted,
    }  # fmt: skip
