"""CuSum of resting heart rate as a step: minute after minute, the sum of today's hours carried on from where yesterday left it.

`WarmCusum` says of the minutes so far what `cusum_online` says of all days with today cut off there: a minute moves the mean of its hour,
and the sum is followed again from that hour on (of the last hour: one addition and one look into the baseline's sums). The day's end
takes today for the past, which may renew the baseline; that is work of a day, not of a minute.

RHR-Diff has no such step: it scans the whole history for its highest stretch against random orders, which a minute changes as a whole
(`rank_scan`, on the residuals that are held here). After a restart or a correction a person is started anew from the days.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.cusum_online import MINUTES, NOT_BELOW, CusumOnline, CusumResult, Following, first_days
from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]


class WarmCusum:
    """One person. `rate` (/min) and `walked` [days, 1440] are the days before today, as for `cusum_online`, at least the baseline's.

    Memory: the baseline's minutes (28 days: 320 kB) and the residuals so far.

    >>> rng = np.random.default_rng(0)
    >>> rate = rng.normal(60, 2, (8, 1440))
    >>> held = WarmCusum(rate[:7], np.zeros((7, 1440), bool), CusumOnline(baseline_days=7))
    >>> for minute in range(180):
    ...     held.step(minute, 75.0, walked=False)
    >>> [round(one, 1) for one in held.sums]
    [3.7, 7.4, 11.1]
    """

    def __init__(self, rate: Floats, walked: NDArray[np.bool_], settings: CusumOnline | None = None) -> None:
        self.settings = settings or CusumOnline()
        days = self.settings.baseline_days
        if rate.shape != walked.shape or rate.ndim != 2 or rate.shape[1] != MINUTES or len(rate) < days:
            raise SettingsError(f"WarmCusum: rate and walked are both [{days} days or more, {MINUTES}], not {rate.shape}, {walked.shape}.")
        self._past = Following(first_days(rate[:days], walked[:days], self.settings), self.settings)
        self._minute = self._walked = self._place = -1
        self._total, self._many = np.longdouble(0.0), 0
        self._today = np.full(MINUTES, np.nan)
        self.steps, self.runs = list[int](), list[int]()
        self.residuals, self.sums, self.p_values = list[float](), list[float](), list[float]()
        for day_rate, day_walked in zip(rate[days:], walked[days:], strict=True):
            self._today[:] = np.where(self._resting(day_walked), np.nan, day_rate)
            self.end_day()

    def step(self, minute: int, rate: float, *, walked: bool) -> None:
        """A minute of today, later than the one before (0 to 1439); rate NaN where not measured.

        Errors: `SettingsError` for a minute that is not later.
        """
        if not self._minute < minute < MINUTES:
            raise SettingsError(f"WarmCusum: minute {minute} after minute {self._minute}; start the day anew from all of its minutes.")
        self._minute = minute
        self._walked = minute if walked else self._walked
        if rate != rate or (self._walked >= 0 and minute - self._walked <= self.settings.rest_minutes_later):
            return
        self._today[minute] = rate
        place = minute // self.settings.resolution_minutes
        if place != self._place:
            self._place, self._total, self._many = place, np.longdouble(0.0), 0
        elif self.steps and self.steps[-1] == place:
            for told in self._told:
                told.pop()
        self._total, self._many = self._total + np.longdouble(rate), self._many + 1
        residual = self._past.residual(float(self._total / self._many), place)
        if residual == residual:  # else the baseline never measured this step
            self._follow(place, residual)

    def end_day(self) -> bool:
        """Take today for the past; False if it says nothing (fewer than two steps measured)."""
        told = self._past.day(self._today.reshape(-1, self.settings.resolution_minutes).copy())
        self._begin()
        return told

    def drop_day(self) -> None:
        """Leave today out, as days without any heart rate are."""
        self._begin()

    @property
    def _told(self) -> tuple[list[Any], ...]:
        return self.steps, self.residuals, self.sums, self.runs, self.p_values

    @property
    def past(self) -> CusumResult:
        """The days that ended."""
        return self._past.result

    @property
    def enough(self) -> bool:
        """Whether today has the two measured steps without which a day says nothing."""
        return len(self.steps) >= 2

    def _begin(self) -> None:
        self._today[:] = np.nan
        self._minute = self._walked = self._place = -1
        self._total, self._many = np.longdouble(0.0), 0
        for told in self._told:
            told.clear()

    def _follow(self, place: int, residual: float) -> None:
        """Sum, run and p of the newest step."""
        base = self._past.base
        total, run = (self.sums[-1], self.runs[-1]) if self.sums else (self._past.sum, self._past.run)
        total = max(0.0, total + residual - base.threshold)
        run = run + 1 if total > 0 else 0
        risk = float("nan")
        if run > len(base.null):
            risk = 1.0
        elif run >= 2:
            maxima = base.null[run - 1]
            risk = float(np.searchsorted(maxima, total - NOT_BELOW, side="right")) / len(maxima)
        self.steps.append(place)
        self.residuals.append(residual)
        self.sums.append(total)
        self.runs.append(run)
        self.p_values.append(1 - risk)

    def _resting(self, walked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        out = walked.copy()
        for minutes in range(1, self.settings.rest_minutes_later + 1):
            out[minutes:] |= walked[:-minutes]
        return out
