"""EARS C1, C2 and C3: today's count against mean and spread of the days just before, over a matrix of series.

z = normal quantile of 1 - `alpha`. C1 looks at the `baseline` dates before today; C2 leaves `lag` dates between; C3 adds what C2
exceeded by on today and the two dates before. A missing count (NaN) inside a baseline makes the date untested (NaN), never zero.

Reference: Hutwagner et al. 2003, J Urban Health 80:i89-i96; Fricker, Hegler & Dunfee 2008, Stat Med 27:3407-3429.
Equals R surveillance 1.20.3 `earsC` within 1e-9, its C3 under the name "C3[surveillance]": that form starts from today's observed
count, so its alarm does not depend on today at all. "C3" is the published form; a date without cases never raises an alarm there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, flags, plain, series_of, tested, time_index

Form = Literal["C1", "C2", "C3", "C3[surveillance]"]


@dataclass(frozen=True)
class Ears:
    """Settings of one detector. `baseline` dates of baseline; `lag` dates between baseline and today (C1: 0); `min_sigma` floor of
    the standard deviation, in counts; `alpha` nominal share of false alarms on one date.

    Errors: `SettingsError` for a setting outside its range.
    """

    form: Form = "C1"
    baseline: int = 7
    lag: int | None = None
    min_sigma: float = 0.0
    alpha: float = 0.001

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise SettingsError(f"EARS has no form {self.form!r}; it is one of {', '.join(get_args(Form))}.")
        if self.baseline < 2:
            raise SettingsError(f"EARS needs at least 2 baseline dates to see a spread, not {self.baseline}.")
        if not 0 < self.alpha < 1 or self.min_sigma < 0 or (self.lag is not None and self.lag < 0):
            raise SettingsError(f"EARS: alpha must lie between 0 and 1, min_sigma and lag must not be negative: {self}.")

    @property
    def gap(self) -> int:
        """Dates between the baseline and today."""
        return (0 if self.form == "C1" else 2) if self.lag is None else self.lag

    @property
    def memory(self) -> int:
        """Dates before today that are looked at."""
        return self.baseline + self.gap + (2 if self.form.startswith("C3") else 0)

    @property
    def z(self) -> float:
        return float(ndtri(1 - self.alpha))


@dataclass(frozen=True)
class EarsResult:
    """All [series, dates], NaN where untested. `expected`, `spread`, `bound` in counts; `statistic` in standard deviations."""

    expected: Floats
    spread: Floats
    statistic: Floats
    bound: Floats
    alarm: npt.NDArray[np.bool_]


def ears(counts: Floats, settings: Ears) -> EarsResult:
    """Test every date of every series.

    Parameters
    ----------
    counts: [series, dates], consecutive dates, NaN for a missing count.
    settings: form, baseline, lag, floor of the spread, alpha.

    Returns
    -------
    Mean and floored spread of the baseline, statistic, bound and alarm; a date with fewer than `settings.memory` dates before it, or
    with a missing one among those it needs, is NaN and no alarm.

    >>> result = ears(np.array([[3.0, 2, 4, 3, 3, 2, 4, 9]]), Ears("C1"))
    >>> float(result.expected[0, 7]), float(result.bound[0, 7].round(4)), bool(result.alarm[0, 7])
    (3.0, 5.5232, True)
    """
    counts = np.asarray(counts, dtype=np.float64)
    expected, spread = _baseline(counts, settings)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = (counts - expected) / spread
        if settings.form == "C3":
            return _published_c3(counts, expected, spread, excess, settings)
        if settings.form == "C3[surveillance]":
            return _peer_c3(counts, expected, spread, excess, settings)
        bound = expected + settings.z * spread
        statistic = np.where((spread == 0) & (counts == expected), 0.0, excess)
        return EarsResult(expected, spread, statistic, np.where(np.isnan(counts), np.nan, bound), counts > bound)


def _baseline(counts: Floats, settings: Ears) -> tuple[Floats, Floats]:
    """Mean and floored standard deviation (n - 1) of each date's baseline, in two passes so that equal counts have spread 0."""
    mean, spread = np.full_like(counts, np.nan), np.full_like(counts, np.nan)
    first, dates = settings.baseline + settings.gap, counts.shape[1]
    if dates <= first:
        return mean, spread
    shifted = [counts[:, offset : offset + dates - first] for offset in range(settings.baseline)]
    center = sum(shifted) / np.float64(settings.baseline)
    squares = sum((part - center) ** 2 for part in shifted)
    mean[:, first:] = center
    spread[:, first:] = np.maximum(np.sqrt(squares / np.float64(settings.baseline - 1)), settings.min_sigma)
    return mean, spread


def _earlier(excess: Floats) -> Floats:
    """Sum over the two dates before of what C2 exceeded 1 by."""
    over = np.maximum(excess - 1, 0)
    total = np.full_like(excess, np.nan)
    total[:, 2:] = over[:, 1:-1] + over[:, :-2]
    return total


def _published_c3(counts: Floats, expected: Floats, spread: Floats, excess: Floats, settings: Ears) -> EarsResult:
    excess = np.where((spread == 0) & (counts == expected), 0.0, excess)
    earlier = _earlier(excess)
    statistic = earlier + np.maximum(excess - 1, 0)
    needed = settings.z - earlier
    # 0 * inf would hide the bound of a series without spread: there the mean itself is the bound
    reach = np.where(spread == 0, 0.0, spread * (1 + needed))
    bound = np.where(needed > 0, expected + reach, 0.0)
    bound = np.where(np.isnan(statistic), np.nan, bound)
    return EarsResult(expected, spread, statistic, bound, (counts > bound) & (counts > 0))


def _peer_c3(counts: Floats, expected: Floats, spread: Floats, excess: Floats, settings: Ears) -> EarsResult:
    earlier = _earlier(excess)
    bound = np.maximum(counts + spread * (settings.z - earlier), 0)
    return EarsResult(expected, spread, earlier, bound, counts > bound)


class EarsStream:
    """The same answers one date at a time: it keeps the last `settings.memory` counts of each series, and nothing else.

    >>> stream = EarsStream(1, Ears("C1", baseline=3))
    >>> [bool(stream.step(np.array([count])).alarm[0, 0]) for count in (3.0, 2.0, 4.0, 12.0)]
    [False, False, False, True]
    """

    def __init__(self, series: int, settings: Ears) -> None:
        self.settings = settings
        self._kept: Floats = np.full((series, settings.memory), np.nan)

    def step(self, counts: Floats) -> EarsResult:
        """Test one new date; `counts` [series]. The result's arrays are [series, 1]."""
        seen = np.column_stack([self._kept, counts])
        self._kept = seen[:, 1:]
        result = ears(seen, self.settings)
        expected, spread, statistic, bound = (part[:, -1:] for part in (result.expected, result.spread, result.statistic, result.bound))
        return EarsResult(expected, spread, statistic, bound, result.alarm[:, -1:])


@method(
    Card(
        name="surveillance.ears",
        definition="Count above mean + z * standard deviation of the dates just before (C1), lagged by two (C2), or C2's excess over three "
        "dates (C3).",
        units="{count}",
        reference="Hutwagner et al. 2003; Fricker et al. 2008",
        equals="R surveillance 1.20.3 earsC, within 1e-9 (case form C3 is that program's own, not the published one)",
        limits="Seven dates are a short baseline: the nominal false-alarm share is exceeded on skewed or weekday-bound counts.",
    )
)
def run_ears(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: bound and alarm of the tested rows."""
    counts = series_of(inputs)
    form: Form = "C3[surveillance]" if arguments["method"] == "C3" else arguments["method"]
    settings = Ears(form, int(arguments["baseline"]), int(arguments["lag"]), float(arguments["min_sigma"]), float(arguments["alpha"]))
    rows = tested(arguments, counts.shape[1])
    result = ears(counts, settings)
    bound = result.bound[0, rows]
    return {"time_index": time_index(rows), "upperbound": plain(bound), "alarm": flags(result.alarm[0, rows], bound)}
