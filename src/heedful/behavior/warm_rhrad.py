"""RHR-AD online as a step: minute after minute the mean resting rate of the hour so far, judged by the month of hours before it.

`WarmRhrad` says of the newest hour what `rhrad_online` says of all minutes so far. A minute moves one running mean; the envelope of the
month before is the same for all minutes of an hour, and is fitted once, when the hour is first asked for. After a restart or a correction a
person is started anew from the minutes.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from math import fsum

import numpy as np
import polars as pl

from heedful.behavior.rhrad import BASELINE_HOURS, MonthBefore, Rhrad
from heedful.core.errors import SettingsError


class WarmRhrad:
    """One person. `minutes` (`at`, `rate`, `steps`, as for `rhrad_online`) are those before now. Memory: 10 kB.

    >>> rng = np.random.default_rng(0)
    >>> first = datetime(2026, 3, 1)
    >>> at = [first + timedelta(minutes=n) for n in range(3000)]
    >>> minutes = pl.DataFrame({"at": at, "rate": rng.normal(60, 2, 3000), "steps": [0.0] * 3000})
    >>> held = WarmRhrad(minutes, Rhrad(smoothing=30), baseline=48)
    >>> for n in range(40):
    ...     held.step(at[-1] + timedelta(minutes=n + 1), 90.0, 0.0)
    >>> held.read()[2]
    True
    """

    def __init__(self, minutes: pl.DataFrame, settings: Rhrad | None = None, baseline: int = BASELINE_HOURS) -> None:
        self.settings = settings or Rhrad()
        if not self.settings.resolution.endswith(("m", "h")) or timedelta(days=1) % _length(self.settings.resolution):
            raise SettingsError(f"WarmRhrad: a resolution of minutes or hours that divides a day, not {self.settings.resolution!r}.")
        self._every = _length(self.settings.resolution)
        self._still = 0
        self._resting: deque[float] = deque(maxlen=self.settings.smoothing)
        self._sum = 0.0
        self._hours: deque[float] = deque(maxlen=baseline)
        self._baseline = baseline
        self._now: datetime | None = None
        self._hour: datetime | None = None
        self._total, self._many = 0.0, 0
        self._before: MonthBefore | None = None
        rows = minutes.sort("at")
        for at, rate, steps in zip(rows["at"].to_list(), rows["rate"].to_list(), rows["steps"].to_list(), strict=True):
            self.step(at, rate, steps)

    def step(self, at: datetime, rate: float, steps: float) -> None:
        """A measured minute, later than the one before. Errors: `SettingsError` for one that is not."""
        if self._now is not None and at <= self._now:
            raise SettingsError(f"WarmRhrad: {at} after {self._now}; start the person anew from all minutes.")
        self._now = at
        self._still = 0 if steps else self._still + 1
        if self._still < self.settings.window:
            return
        if len(self._resting) == self.settings.smoothing:
            self._sum -= self._resting[0]
        self._resting.append(rate)
        self._sum += rate
        if len(self._resting) < self.settings.smoothing:
            return
        hour = at - (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) % self._every
        if hour != self._hour:
            self._end_hour(hour)
        self._total += self._sum / self.settings.smoothing
        self._many += 1

    def read(self) -> tuple[datetime, float, bool] | None:
        """The newest hour with a value, its standardised rate so far, whether it lies outside; None while the baseline is not complete."""
        if self._hour is None or len(self._hours) < self._baseline:
            return None
        if self._before is None:
            self._before = MonthBefore(np.array(self._hours), self.settings)
        return self._hour, *self._before.judge(self._total / self._many)

    def _end_hour(self, hour: datetime) -> None:
        if self._many:
            self._hours.append(self._total / self._many)
        self._hour, self._total, self._many, self._before = hour, 0.0, 0, None
        self._sum = fsum(self._resting)  # what rounding added up in the hour before is taken off


def _length(resolution: str) -> timedelta:
    number = int(resolution[:-1])
    return timedelta(minutes=number) if resolution.endswith("m") else timedelta(hours=number)
