"""Time to onset: how long after starting a treatment an effect is told to begin, and whether its hazard falls, stays or rises.

A Weibull distribution is fitted to each group (a drug and an effect): a shape under 1 means effects come early (hazard falls), 1 at
random, above 1 late (wears on). The interval of the shape is normal on its logarithm with the large-sample variance 6 / (pi^2 n).

Reference: Cornelius et al. 2012, Drug Saf 35:599-610 (shape as a signal); Lawless 2003, ch. 5 (variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats

SAME_DAY = 0.5
"""Days: an effect on the day of the start began, on average, half a day after it."""
_STEPS = 60

CARD = Card(
    name="safety.time_to_onset",
    definition="Median and quartiles of days from start to effect, and the Weibull shape: under 1 early, above 1 late.",
    units="d",
    reference="Cornelius et al. 2012, Drug Saf 35:599-610",
    equals="SciPy weibull_min.fit with location 0",
    limits="Only effects that came are seen (right truncation makes onset look early); the same day counts as half a day.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Onset:
    """[groups]: `count`; `first_quartile`, `median`, `third_quartile` in days; Weibull `shape` with `low` and `high`, and `scale` in days;
    NaN in groups of fewer than 3, or whose days are all equal. Quartiles are NaN in empty groups."""

    count: npt.NDArray[np.int64]
    first_quartile: Floats
    median: Floats
    third_quartile: Floats
    shape: Floats
    low: Floats
    high: Floats
    scale: Floats


def time_to_onset(group: npt.NDArray[np.int64], days: npt.ArrayLike, groups: int, level: float = 0.95) -> Onset:
    """Describe each group's days to onset.

    Parameters
    ----------
    group: [effects], number of the group, 0 .. `groups` - 1. days: [effects], 0 or more, none missing.

    Errors: `SettingsError` for a group outside the range or days that are negative or missing.

    >>> found = time_to_onset(np.zeros(5, int), [1.0, 2.0, 2.0, 7.0, 30.0], 1)
    >>> float(found.median[0]), float(found.shape[0].round(3)), float(found.scale[0].round(3))
    (2.0, 0.801, 7.268)
    """
    time = np.asarray(days, dtype=np.float64)
    if len(group) != len(time) or not ((group >= 0) & (group < groups)).all():
        raise SettingsError(f"time_to_onset: each of {len(time)} days needs the number of one of {groups} groups.")
    if not ((time >= 0) & np.isfinite(time)).all():
        raise SettingsError("time_to_onset: an effect cannot begin before the treatment; leave out what did, and what is not known.")
    if not 0 < level < 1:
        raise SettingsError(f"The level of an interval is a share between 0 and 1, such as 0.95, not {level}.")
    count = np.bincount(group, minlength=groups)
    shape, scale = _weibull(group, np.log(np.where(time == 0, SAME_DAY, time)), count)
    with np.errstate(divide="ignore"):
        reach = np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(6 / np.pi**2 / count))
    quartiles = _quartiles(group, time, count)
    return Onset(count, quartiles[0], quartiles[1], quartiles[2], shape, shape / reach, shape * reach, scale)


def _quartiles(group: npt.NDArray[np.int64], time: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """[3, groups], linear between neighbors as NumPy's default."""
    ordered = time[np.lexsort((time, group))]
    begin = np.cumsum(count) - count
    out = np.full((3, len(count)), np.nan)
    some = count > 0
    for row, share in enumerate((0.25, 0.5, 0.75)):
        place = share * (count[some] - 1)
        lower = np.floor(place).astype(np.int64)
        upper = np.minimum(lower + 1, count[some] - 1)
        one, other = ordered[begin[some] + lower], ordered[begin[some] + upper]
        out[row, some] = one + (place - lower) * (other - one)
    return out


def _weibull(group: npt.NDArray[np.int64], logs: Floats, count: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Maximum likelihood in every group at once: Newton's steps for the shape k where sum x^k log x / sum x^k - 1/k = mean log x."""
    groups = len(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(group, logs, groups) / count
        centered = logs - mean[group]
        spread = np.sqrt(np.bincount(group, centered**2, groups) / count)
        usable = (count >= 3) & (spread > 1e-12)
        shape = np.where(usable, np.pi / np.sqrt(6) / spread, 1.0)
    for _step in range(_STEPS):
        powers = np.exp(np.clip(shape[group] * centered, -700, 700))
        zero, one, two = (np.maximum(np.bincount(group, powers * centered**order, groups), -np.inf) for order in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = one / zero - 1 / shape
            slope = two / zero - (one / zero) ** 2 + 1 / shape**2
            new = np.where(usable, shape - value / slope, 1.0)
        # the equation is increasing in k: a step past 0 is halved
        new = np.where(new > 0, new, shape / 2)
        if (np.abs(new - shape) <= 1e-12 * shape).all():
            break
        shape = new
    powers = np.exp(np.clip(shape[group] * centered, -700, 700))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.exp(mean + np.log(np.bincount(group, powers, groups) / count) / shape)
    return np.where(usable, shape, np.nan), np.where(usable, scale, np.nan)
