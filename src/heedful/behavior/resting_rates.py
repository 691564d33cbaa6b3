"""A day's resting heart rate by the two rules of Mishra et al. 2020, beside NightSignal's night and the vendor's own (`heart`).

RHR-AD: minutes that end 12 measured minutes without a step; their rates averaged over 400 such minutes, which may reach into days
before; the day's value is the mean of these. RHR-Diff: rates averaged over 10 minutes; minutes with steps and the 10 minutes after them are
left out; the mean of the rest. Both take the whole day, sleep included, and are not cut to whole numbers: they lie above a night's value.

What is averaged is what their detectors (`rhrad`, `cusum_online`) average by hour before they standardise it. These functions take a
person's whole history; the daily features `day_resting_heart_rate[rhrad]` and `[rhr_diff]` (`heart`) say the same of each day's minutes
alone, and equal them there.

Reference: Mishra et al. 2020, Nat Biomed Eng 4:1208-1220. Smoothing of every day is that of RHR-Diff's first baseline; its program leaves
later days unsmoothed.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.cusum_online import MINUTES, CusumOnline, first_days
from heedful.behavior.rhrad import Rhrad, smoothed_rates
from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method

_PAPER = "Mishra et al. 2020, Nat Biomed Eng 4:1208-1220"
CARDS = (
    Card(
        name="features.resting_heart_rate_rhrad",
        definition="Mean of a day's heart rates in minutes that end 12 measured minutes without a step, smoothed over 400 such minutes.",
        units="/min", reference=_PAPER,
        limits="The whole day, sleep included; smoothing reaches into days before; the daily feature takes each day alone.",
    ),
    Card(
        name="features.resting_heart_rate_rhr_diff",
        definition="Mean of a day's heart rates smoothed over 10 minutes, without minutes with steps and the 10 minutes after them.",
        units="/min", reference=_PAPER,
        limits="The whole day, sleep included; a minute not measured takes nine others with it; the daily feature takes each day alone.",
    ),
)  # fmt: skip
for _card in CARDS:
    METHODS.add(_card.name, Method(_card))


def rhrad_resting_rates(minutes: pl.DataFrame, *, window: int = 12, smoothing: int = 400) -> pl.DataFrame:
    """RHR-AD's resting rate of one person's days: `day` and `value` (/min); a day without a smoothed resting minute does not appear.

    Parameters
    ----------
    minutes: `at` (Datetime, local, in order or not), `rate` (/min), `steps`: one row a measured minute, none missing.
    window: measured minutes without a step that make rest. smoothing: resting minutes that are averaged.

    Errors: `SettingsError` if either is below 1.

    >>> at = pl.datetime_range(pl.datetime(2026, 3, 1), pl.datetime(2026, 3, 1, 0, 5), "1m", eager=True)
    >>> minutes = pl.DataFrame({"at": at, "rate": [90.0, 80, 70, 60, 62, 64], "steps": [9.0, 0, 0, 0, 0, 0]})
    >>> rhrad_resting_rates(minutes, window=2, smoothing=3)["value"].to_list()  # of 70, 60, 62, 64
    [63.0]
    """
    days = smoothed_rates(minutes, Rhrad(window=window, smoothing=smoothing, resolution="1d"))
    return days.select(day=pl.col("hour").dt.date(), value="value")


def rhr_diff_resting_rates(
    rate: NDArray[np.float64], walked: NDArray[np.bool_], *, smoothing: int = 10, rest: int = 10
) -> NDArray[np.float64]:  # fmt: skip
    """RHR-Diff's resting rate (/min) of one person's days; NaN of a day in which no minute is at rest.

    Parameters
    ----------
    rate: heart rate of every minute, [days, 1440], NaN where not measured: the smoothed rate of the minutes that reach over it is too.
    walked: minutes with steps, same shape. The smoothing reaches over midnight into the row before, the rest after steps does not.
    smoothing: minutes averaged up to each one. rest: minutes left out after one with steps.

    Errors: `SettingsError` for another shape, or a setting out of its range.

    >>> rate = np.full((1, 1440), np.nan)
    >>> rate[0, :5] = [60, 62, 64, 66, 100]
    >>> walked = np.zeros((1, 1440), bool)
    >>> walked[0, 4] = True
    >>> rhr_diff_resting_rates(rate, walked, smoothing=2, rest=1)  # of 61, 63, 65
    array([63.])
    """
    if rate.shape != walked.shape or rate.ndim != 2 or rate.shape[1] != MINUTES:
        raise SettingsError(f"rhr_diff_resting_rates: rate and walked are both [days, {MINUTES}], not {rate.shape} and {walked.shape}.")
    resting = first_days(rate, walked, CusumOnline(smoothing_minutes=smoothing, rest_minutes=rest)).reshape(rate.shape)
    known = np.isfinite(resting)
    count = known.sum(axis=1)
    return np.divide(np.where(known, resting, 0.0).sum(axis=1), count, out=np.full(len(rate), np.nan), where=count > 0)
