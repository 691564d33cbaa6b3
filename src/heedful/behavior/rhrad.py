"""RHR-AD: hours whose resting heart rate lies outside this person's usual range, of the whole history at once or of the month before.

Minutes are at rest if no step was counted in the last 12 measured minutes; their heart rate is averaged over 400 such minutes, then by
hour, standardised, and hours outside the elliptic envelope are anomalies; those above the mean are the ones told.

Reference: Mishra et al. 2020, Nat Biomed Eng 4:1208 (by Mahalanobis distance). Equals rhrad_offline.py of AnomalyDetect (1484183d), also
where it is odd: it means to judge heart rate *and* steps, but puts the heart rate into both columns, so that the random start of the search
(`seed`) decides which hours the envelope is fitted to. `nightsignal` and `cusum_online` have no such dependence.

`rhrad_online` judges each hour by the envelope of the `baseline` hours before it, as rhrad_online.py of the same authors does, also where
that is odd: beside the heart rate stand two columns of zeros. `warm_rhrad` carries it on minute by minute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.elliptic_envelope import Envelope, fitted_envelope, outside_envelope
from heedful.core.columns import check_arguments
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

MODEL = "elliptic envelope on (heart rate, rolling steps), standardised"
BASELINE_HOURS, LEAST_HOURS = 744, 10
_SHIFT = 0.1
"""Added by the program before it standardises; it moves only the rounding."""


@dataclass(frozen=True)
class Rhrad:
    """Settings. `window` measured minutes without a step make rest; `smoothing` resting minutes are averaged; `resolution` is a duration
    ('1h', '30m'); `outside` share of hours called anomalies; `support` share the envelope is fitted to."""

    window: int = 12
    smoothing: int = 400
    resolution: str = "1h"
    outside: float = 0.1
    support: float = 0.7
    seed: int = 10

    def __post_init__(self) -> None:
        if self.window < 1 or self.smoothing < 1 or not re.fullmatch(r"[1-9]\d*[mhd]", self.resolution):
            raise SettingsError(f"rhrad_offline: window and smoothing of at least 1, a resolution such as 1h or 30m: {self}.")


def rhrad_offline(minutes: pl.DataFrame, settings: Rhrad | None = None) -> pl.DataFrame:
    """Hours of one person: `hour` (start), `value` (standardised resting heart rate, unit 1) and `anomaly`.

    Parameters
    ----------
    minutes: `at` (Datetime, in order or not), `rate` (/min), `steps`: one row a measured minute, none missing.

    Hours with no smoothed value do not appear. Errors: `SettingsError` if too few resting minutes remain.

    >>> from datetime import datetime, timedelta
    >>> rng = np.random.default_rng(0)
    >>> at = [datetime(2026, 3, 1) + timedelta(minutes=n) for n in range(4320)]
    >>> rate = np.concatenate([rng.normal(60, 2, 3960), rng.normal(75, 2, 360)])
    >>> found = rhrad_offline(pl.DataFrame({"at": at, "rate": rate, "steps": [0.0] * 4320}), Rhrad(smoothing=60))
    >>> found.filter(pl.col("anomaly") & (pl.col("value") > 0))["hour"].dt.hour().to_list()
    [18, 19, 20, 21, 22, 23]
    """
    settings = settings or Rhrad()
    hours = smoothed_rates(minutes, settings)
    if len(hours) < 3:
        resting = len(at_rest(minutes, settings.window))
        raise SettingsError(
            f"rhrad_offline: {resting} resting minutes leave {len(hours)} smoothed hours; it needs more than "
            f"{settings.smoothing} resting minutes over at least 3 hours. Give a longer recording or a smaller smoothing."
        )
    value = _standardised(hours["value"].to_numpy())
    twice = np.column_stack([value, value])
    anomaly = outside_envelope(twice, outside=settings.outside, support=settings.support, seed=settings.seed)
    return hours.with_columns(value=pl.Series(value), anomaly=pl.Series(anomaly))


def rhrad_online(minutes: pl.DataFrame, settings: Rhrad | None = None, baseline: int = BASELINE_HOURS) -> pl.DataFrame:
    """Hours of one person after the first `baseline` (31 days of 24): `hour`, `value` (resting heart rate standardised by the hours before,
    unit 1) and `anomaly`, each from the `baseline` hours with a value before it.

    `minutes` as for `rhrad_offline`. An hour whose baseline is all alike is standardised by 1 and is an anomaly if it differs. No row where
    there are not more hours than the baseline takes. Errors: `SettingsError` for a baseline below 10 hours.

    >>> from datetime import datetime, timedelta
    >>> rng = np.random.default_rng(0)
    >>> at = [datetime(2026, 3, 1) + timedelta(minutes=n) for n in range(4320)]
    >>> rate = np.concatenate([rng.normal(60, 2, 4140), rng.normal(75, 2, 180)])
    >>> minutes = pl.DataFrame({"at": at, "rate": rate, "steps": [0.0] * 4320})
    >>> found = rhrad_online(minutes, Rhrad(smoothing=30), baseline=48)
    >>> found.filter(pl.col("anomaly") & (pl.col("value") > 3))["hour"].dt.hour().to_list()
    [21, 22, 23]
    """
    settings = settings or Rhrad()
    hours = smoothed_rates(minutes, settings)
    value = hours["value"].to_numpy()
    found = [MonthBefore(value[end - baseline : end], settings).judge(float(value[end])) for end in range(baseline, len(value))]
    later = hours[baseline:]
    return later.with_columns(
        value=pl.Series([z for z, _ in found], dtype=pl.Float64), anomaly=pl.Series([out for _, out in found], dtype=pl.Boolean)
    )


class MonthBefore:
    """The hours that one hour is judged by: their mean and spread (/min), and the envelope of what is left."""

    def __init__(self, value: NDArray[np.float64], settings: Rhrad) -> None:
        if len(value) < LEAST_HOURS:
            raise SettingsError(f"rhrad_online: a baseline of {len(value)} hours; give {LEAST_HOURS} or more.")
        shifted = value + _SHIFT
        alike = float(np.ptp(value)) == 0
        self._mean, self._spread = (float(shifted[0]), 1.0) if alike else (float(shifted.mean()), float(shifted.std()))
        self._envelope: Envelope | None = None
        if not alike:
            points = _with_zeros((shifted - self._mean) / self._spread)
            self._envelope = fitted_envelope(points, outside=settings.outside, support=settings.support, seed=settings.seed)

    def judge(self, rate: float) -> tuple[float, bool]:
        """A rate (/min), standardised, and whether it lies outside."""
        z = (rate + _SHIFT - self._mean) / self._spread
        if self._envelope is None:
            return z, z != 0
        return z, bool(self._envelope.leaves_out(_with_zeros(np.array([z])))[0])


def _with_zeros(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([value, np.zeros((len(value), 2))])


def at_rest(minutes: pl.DataFrame, window: int) -> pl.DataFrame:
    """Minutes, in order, that end `window` measured minutes without a step."""
    return minutes.sort("at").filter(pl.col("steps").rolling_sum(window) == 0)


def smoothed_rates(minutes: pl.DataFrame, settings: Rhrad) -> pl.DataFrame:
    """Resting heart rate (`value`, /min) of each `hour`, or what `resolution` says, that has a smoothed resting minute."""
    smooth = at_rest(minutes, settings.window).with_columns(smooth=pl.col("rate").rolling_mean(settings.smoothing)).drop_nulls("smooth")
    return smooth.group_by(hour=pl.col("at").dt.truncate(settings.resolution)).agg(value=pl.col("smooth").mean()).sort("hour")


def _standardised(value: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = value + _SHIFT
    spread = shifted.std()
    return np.asarray((shifted - shifted.mean()) / (spread if spread > 0 else 1.0))


_ARGUMENTS = {"steps_window_minutes", "smoothing_samples", "resolution", "outlier_fraction", "support_fraction", "random_seed", "model"}


@method(Card(
    name="illness.rhrad_offline",
    definition="Hours of smoothed resting heart rate outside the elliptic envelope of a person's whole history.",
    units="1",
    reference="Mishra et al. 2020, Nat Biomed Eng 4:1208-1220 (its detector by Mahalanobis distance)",
    equals="rhrad_offline.py of AnomalyDetect (1484183d) with scikit-learn 1.9.1, hours exactly, values to 1e-6",
    limits="Always calls the stated share of hours anomalous, ill or not; reads the whole history, so it cannot warn; depends on a seed.",
))  # fmt: skip
def run_rhrad_offline(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: heart rate and steps of one person."""
    check_arguments("illness.rhrad_offline", arguments, _ARGUMENTS)
    if arguments.get("model", MODEL) != MODEL:
        raise SettingsError(f"rhrad_offline: the model is {MODEL!r}; {arguments['model']!r} is not offered.")
    settings = Rhrad(
        window=int(arguments.get("steps_window_minutes", 12)), smoothing=int(arguments.get("smoothing_samples", 400)),
        resolution=_duration(str(arguments.get("resolution", "1h"))), outside=float(arguments.get("outlier_fraction", 0.1)),
        support=float(arguments.get("support_fraction", 0.7)), seed=int(arguments.get("random_seed", 10)),
    )  # fmt: skip
    found = rhrad_offline(measured_minutes(inputs["heart_rate"], inputs["steps"]), settings)
    hour = found["hour"].dt.strftime("%Y-%m-%d %H:%M:%S")
    return {
        "hour": hour.to_list(), "standardised_resting_heart_rate": found["value"].to_list(), "anomaly": found["anomaly"].to_list(),
        "high_anomaly_hours": hour.filter(found["anomaly"] & (found["value"] > 0)).to_list(),
    }  # fmt: skip


def measured_minutes(heart_rate: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Rows of the two tables (`datetime` as text, `heartrate`; `datetime`, `steps`) at the same instant, averaged by minute."""
    for table, column in ((heart_rate, "heartrate"), (steps, "steps")):
        if not {"datetime", column} <= set(table.columns):
            raise SchemaError(f"The input has no columns 'datetime' and '{column}'; it has {', '.join(table.columns)}.")
    at = pl.col("datetime").cast(pl.String).str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
    rates = heart_rate.select(at=at, rate=pl.col("heartrate").cast(pl.Float64))
    counts = steps.select(at=at, steps=pl.col("steps").cast(pl.Float64))
    return rates.join(counts, on="at").group_by(pl.col("at").dt.truncate("1m")).agg(pl.col("rate", "steps").mean()).drop_nulls().sort("at")


def _duration(text: str) -> str:
    """A resolution as pandas writes it ('1h', '1H', '30min') as polars does."""
    return text.strip().lower().replace("min", "m").replace("t", "m")
