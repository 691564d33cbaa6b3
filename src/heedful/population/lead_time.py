"""Lead time: how much earlier a digital nowcast says that a season has begun than the official figure is out, and how sure that is.

A season begins in the first of `sustained` weeks in a row at or above the threshold (a country's epidemic baseline). The official figure of
a week is out `delay` weeks after the week's nowcast. Seasons differ more than weeks do, so the interval is Student's over seasons; with few
of them it is wide, as it should be. Seasons that the nowcast missed or made up are counted, not averaged away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats


@dataclass(frozen=True)
class LeadTime:
    """`weeks` of each season that both saw begin, in order; their `mean`, the ends `low` and `high` of its interval (NaN under two);
    `missed` seasons that the official figure alone saw, `false` those that the nowcast alone saw."""

    weeks: Floats
    mean: float
    low: float
    high: float
    missed: int
    false: int


def lead_time(
    nowcast: Floats,
    official: Floats,
    seasons: npt.NDArray[np.int64],
    threshold: float,
    delay: int = 1,
    sustained: int = 2,
    level: float = 0.95,
) -> LeadTime:
    """How many weeks before the official figure the nowcast told of a season's beginning.

    Parameters
    ----------
    nowcast, official: [weeks], NaN where missing: then a run of weeks is broken. seasons: [weeks], one number for all weeks of a season.
    delay: weeks from a week's nowcast to its official figure.

    Errors: `SettingsError` where shapes differ, or delay or `sustained` cannot be.

    >>> official = np.tile([1.0, 1.0, 1.0, 3.0, 3.0, 3.0], 3)
    >>> seasons = np.repeat([0, 1, 2], 6)
    >>> nowcast = np.concatenate([official[:6], [1.0, 1.0, 3.0, 3.0, 3.0, 3.0], np.ones(6)])
    >>> found = lead_time(nowcast, official, seasons, 2.0)
    >>> found.weeks.tolist(), found.mean, found.missed
    ([1.0, 2.0], 1.5, 1)
    """
    if not nowcast.shape == official.shape == seasons.shape or nowcast.ndim != 1:
        raise SettingsError(f"lead_time: {nowcast.shape}, {official.shape} and {seasons.shape} must be the same weeks.")
    if delay < 0 or sustained < 1 or not 0 < level < 1:
        raise SettingsError(f"lead_time: a delay of {delay} weeks, {sustained} weeks in a row or a level of {level} cannot be.")
    begins = [(_begin(nowcast, mine, threshold, sustained), _begin(official, mine, threshold, sustained)) for mine in _weeks_of(seasons)]
    weeks = np.array([told + delay - own for own, told in begins if own >= 0 and told >= 0], dtype=np.float64)
    missed, false = sum(told >= 0 > own for own, told in begins), sum(own >= 0 > told for own, told in begins)
    mean = float(weeks.mean()) if len(weeks) else float("nan")
    if len(weeks) < 2:
        return LeadTime(weeks, mean, float("nan"), float("nan"), missed, false)
    half = float(stdtrit(len(weeks) - 1, (1 + level) / 2)) * float(weeks.std(ddof=1)) / np.sqrt(len(weeks))
    return LeadTime(weeks, mean, float(mean - half), float(mean + half), missed, false)


def _weeks_of(seasons: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    return [np.flatnonzero(seasons == one) for one in np.unique(seasons)]


def _begin(values: Floats, weeks: npt.NDArray[np.int64], threshold: float, sustained: int) -> int:
    """First of `sustained` weeks in a row at or above the threshold; -1 where there are none."""
    run = 0
    for week in weeks:
        run = run + 1 if values[week] >= threshold else 0
        if run == sustained:
            return int(week) - sustained + 1
    return -1
