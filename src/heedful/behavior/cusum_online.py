"""CuSum of resting heart rate: hours above this person's last 28 usual days, added up until chance no longer explains the sum.

Each hour's mean resting heart rate is standardised by the same hours of the baseline (cut at +-4), and W = max(0, W + residual - r) with
r half the 90 % quantile of the baseline's residuals. A run of W > 0 is judged by the highest W that the baseline's own runs had reached
after as many hours. A day without a significant hour replaces the oldest day of the baseline.

Reference: Mishra et al. 2020, Nat Biomed Eng 4:1208-1220. Equals `get.stats.fn` and `cusum.detection.fn` of WearableDetection
(R/detection_fn.R, 38955bc0), also where it is odd: only the first baseline is smoothed; later days are not, and their minutes of rest
after steps are `rest_minutes_later` whatever `rest_minutes` says; alarms come before any illness (the planted case has one).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.rank_scan import SHORTEST, Intervals, rank_scan
from heedful.core.columns import check_arguments
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
MINUTES = 1440
NEW_START_DAYS = 60
"""A pause of the device this long starts the history anew."""
MOST = 4.0
"""Residuals are cut here."""
NOT_BELOW = 0.001
"""Taken from a sum before it is compared with the baseline's, as the program does."""


@dataclass(frozen=True)
class CusumOnline:
    """Settings; minutes, days and hours as named. Errors: `SettingsError` for a setting outside its range."""

    smoothing_minutes: int = 10
    rest_minutes: int = 10
    rest_minutes_later: int = 10
    baseline_days: int = 28
    resolution_minutes: int = 60
    residual_quantile: float = 0.9
    p_value: float = 0.01
    steps_to_maximum: int = 24
    steps_of_run: int = 48

    def __post_init__(self) -> None:
        if MINUTES % self.resolution_minutes or self.smoothing_minutes < 1 or min(self.rest_minutes, self.rest_minutes_later) < 0:
            raise SettingsError(f"cusum_online: the resolution divides 1440 minutes, smoothing takes 1 or more, rest 0 or more: {self}.")
        if self.baseline_days < 2 or not 0 < self.residual_quantile < 1 or not 0 < self.p_value < 1:
            raise SettingsError(f"cusum_online: at least 2 baseline days; quantile and p between 0 and 1: {self}.")


@dataclass(frozen=True)
class CusumResult:
    """`residual` and `threshold` [judged days * steps of a day], NaN where nothing was measured; `step` places in them of the measured
    ones, and for each of these `cusum`, `run` (length so far of the run it is in, 0 if W is 0) and `p_value` (NaN in the first step of a
    run and outside runs). `day` numbers the judged days among those given."""

    day: NDArray[np.int64]
    residual: Floats
    threshold: Floats
    step: NDArray[np.int64]
    cusum: Floats
    run: NDArray[np.int64]
    p_value: Floats


@dataclass(frozen=True)
class Alarm:
    """A run long enough to be told: places among the measured steps of its first significant step and of its maximum; its lengths."""

    at: int
    maximum_at: int
    length: int


def cusum_online(rate: Floats, walked: NDArray[np.bool_], settings: CusumOnline | None = None) -> CusumResult:
    """Residuals, CuSum statistic and p of every step of one person.

    Parameters
    ----------
    rate: heart rate (/min) of every minute, [days, 1440], NaN where not measured; days without any are left out by the caller.
    walked: minutes with steps, same shape.

    Errors: `SettingsError` if shapes differ or there are not more days than the baseline takes.

    >>> rng = np.random.default_rng(0)
    >>> rate = rng.normal(60, 2, (12, 1440))
    >>> rate[10:] += 3
    >>> found = cusum_online(rate, np.zeros(rate.shape, bool), CusumOnline(baseline_days=7))
    >>> bool(found.cusum[-1] > 50), found.run[-1] >= 48, float(found.p_value[-1])
    (True, np.True_, 0.0)
    """
    settings = settings or CusumOnline()
    if rate.shape != walked.shape or rate.ndim != 2 or rate.shape[1] != MINUTES:
        raise SettingsError(f"cusum_online: rate and walked are both [days, {MINUTES}], not {rate.shape} and {walked.shape}.")
    days = settings.baseline_days
    if len(rate) <= days:
        raise SettingsError(f"cusum_online: {len(rate)} days of heart rate; it needs more than the {days} days of the baseline.")
    later = np.where(_resting_later(walked[days:], settings.rest_minutes_later), np.nan, rate[days:])
    return _follow(first_days(rate[:days], walked[:days], settings), _by_step(later, settings), settings)


def first_days(rate: Floats, walked: NDArray[np.bool_], settings: CusumOnline) -> Floats:
    """The days of the first baseline, smoothed, minutes after steps left out: [days, steps, minutes of a step]."""
    first = np.where(np.isnan(rate), np.nan, _smoothed(rate, settings.smoothing_minutes))
    first[_resting_later(walked, settings.rest_minutes)] = np.nan
    return _by_step(first, settings)


def cusum_alarms(result: CusumResult, settings: CusumOnline | None = None) -> list[Alarm]:
    """Runs that become significant, take more than `steps_to_maximum` to their maximum and more than `steps_of_run` in all."""
    settings = settings or CusumOnline()
    risk = np.nan_to_num(1 - result.p_value, nan=0.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (result.run > 0).astype(np.int8), [0]])))
    found = []
    for start, end in edges.reshape(-1, 2):
        significant = np.flatnonzero(risk[start:end] > 1 - settings.p_value)
        highest = int(np.argmax(result.cusum[start:end]))
        if significant.size and end - start > settings.steps_of_run and highest + 1 > settings.steps_to_maximum:
            found.append(Alarm(int(start + significant[0]), int(start + highest), int(end - start)))
    return found


def _smoothed(rate: Floats, minutes: int) -> Floats:
    """Mean over the minutes up to each one, across midnight to the day before in the table; NaN if one of them is."""
    flat = rate.ravel()
    out = np.full(flat.shape, np.nan)
    if len(flat) >= minutes:
        out[minutes - 1 :] = np.lib.stride_tricks.sliding_window_view(flat, minutes).mean(axis=1)
    return out.reshape(rate.shape)


def _resting_later(walked: NDArray[np.bool_], rest: int) -> NDArray[np.bool_]:
    """Minutes with steps and the `rest` minutes after them, within the day."""
    out = walked.copy()
    for minutes in range(1, rest + 1):
        out[:, minutes:] |= walked[:, :-minutes]
    return out


def _by_step(rate: Floats, settings: CusumOnline) -> Floats:
    """[days, steps, minutes of a step]."""
    return rate.reshape(len(rate), -1, settings.resolution_minutes)


@dataclass
class _Baseline:
    """What a day is held against."""

    center: Floats
    spread: Floats
    residual: Floats
    threshold: float
    null: list[Floats]


class Following:
    """The baseline and the sum as they stand after some days; `day` judges the next one. Days are [steps, minutes of a step]."""

    def __init__(self, first: Floats, settings: CusumOnline) -> None:
        self.settings, self._days = settings, first
        self.base = _baseline(first, settings)
        self.sum, self.run = 0.0, 0
        self._given = len(first)
        self._judged = list(range(len(first)))
        known = self.base.residual[~np.isnan(self.base.residual)]
        self._told: list[list[Any]] = [[], [], [], [], []]
        self._keep(self.base.residual, *self.judged(known))

    def judged(self, known: Floats) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Sum, run and p of residuals that follow."""
        cusum, run = _cusum(known, self.base.threshold, self.sum, self.run)
        return cusum, run, _p_values(cusum, run, self.base.null)

    def day(self, day: Floats) -> bool:
        """Judge a day and take it for the past; False if it has fewer than two measured steps, and says nothing."""
        number, self._given = self._given, self._given + 1
        z = _standardised(_means(day[None])[0], self.base)
        known = z[~np.isnan(z)]
        if len(known) < 2:
            return False
        self._judged.append(number)
        cusum, run, p_value = self.judged(known)
        self._keep(z, cusum, run, p_value)
        if not (1 - p_value > 1 - self.settings.p_value).any():
            self._days = np.concatenate([self._days, day[None]])[-self.settings.baseline_days :]
            self.base = _baseline(self._days, self.settings)
        return True

    def residual(self, mean: float, step: int) -> float:
        """The standardised mean of one step; NaN where the baseline has none."""
        away, spread = mean - float(self.base.center[step]), float(self.base.spread[step])
        if spread == 0:
            away, spread = (float("nan") if away == 0 else math.copysign(MOST, away)), 1.0
        return away / spread if abs(away / spread) < MOST else math.copysign(MOST, away) if away == away and spread == spread else math.nan

    @property
    def result(self) -> CusumResult:
        """All days so far."""
        residual, threshold, cusum, run, p_value = (np.concatenate(parts) for parts in self._told)
        return CusumResult(np.array(self._judged), residual, threshold, np.flatnonzero(~np.isnan(residual)), cusum, run, p_value)

    def _keep(self, residual: Floats, cusum: Floats, run: NDArray[np.int64], p_value: Floats) -> None:
        for told, part in zip(self._told, (residual, np.full(residual.shape, self.base.threshold), cusum, run, p_value), strict=True):
            told.append(part)
        self.sum, self.run = float(cusum[-1]), int(run[-1])


def _follow(first: Floats, later: Floats, settings: CusumOnline) -> CusumResult:
    following = Following(first, settings)
    for day in later:
        following.day(day)
    return following.result


def _means(days: Floats) -> Floats:
    """Mean of each step of each day over its known minutes, NaN if there is none.

    Added up in extended precision, as R does: whether two hours tie decides their ranks in the scan.
    """
    known = np.isfinite(days)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.where(known, days, 0.0).sum(axis=2, dtype=np.longdouble) / known.sum(axis=2)).astype(np.float64)


def _baseline(days: Floats, settings: CusumOnline) -> _Baseline:
    known = np.isfinite(days)
    n = known.sum(axis=(0, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, days, 0.0).sum(axis=(0, 2), dtype=np.longdouble) / n
        away = np.where(known, days - mean[None, :, None], 0.0)
        mean = mean + away.sum(axis=(0, 2)) / n
        away = np.where(known, days - mean[None, :, None], 0.0)
        spread = np.sqrt(((away**2).sum(axis=(0, 2)) / np.where(n > 1, n - 1, np.nan)).astype(np.float64))
    base = _Baseline(mean.astype(np.float64), spread, np.empty(0), np.nan, [])
    base.residual = _standardised(_means(days), base).ravel()
    measured = base.residual[~np.isnan(base.residual)]
    if len(measured) < 2:
        raise SettingsError("cusum_online: the baseline has fewer than two measured resting steps; give more days or shorter rests.")
    base.threshold = float(np.quantile(measured, settings.residual_quantile)) / 2
    base.null = _null(_cusum(measured, base.threshold, 0.0, 0)[0])
    return base


def _standardised(means: Floats, base: _Baseline) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip((means - base.center) / base.spread, -MOST, MOST)


def _cusum(residual: Floats, threshold: float, before: float, run_before: int) -> tuple[Floats, NDArray[np.int64]]:
    sums, runs = np.empty(len(residual)), np.empty(len(residual), np.int64)
    total, run = float(before), int(run_before)
    for place, value in enumerate(residual.tolist()):
        total = max(0.0, total + value - threshold)
        run = run + 1 if total > 0 else 0
        sums[place], runs[place] = total, run
    return sums, runs


def _null(cusum: Floats) -> list[Floats]:
    """For k = 1, 2, ...: the sorted maxima of the sums within k steps after each start of a run, runs cut off by the end left out.

    k goes up to the longest way from one start to the next.
    """
    starts = np.flatnonzero((cusum[:-1] == 0) & (cusum[1:] > 0))
    if len(starts) == 0:
        return []
    longest = int(np.diff(starts).max()) if len(starts) > 1 else 1
    highest = cusum[starts]
    null = []
    for steps in range(1, longest + 1):
        inside = starts + steps < len(cusum)
        highest = np.maximum(highest[: inside.sum()], cusum[starts[inside] + steps])
        null.append(np.sort(highest))
    return null


def _p_values(cusum: Floats, run: NDArray[np.int64], null: list[Floats]) -> Floats:
    """1 - share of the baseline's maxima at or below the sum; 0 for a run longer than any of the baseline."""
    risk = np.full(len(cusum), np.nan)
    for place in np.flatnonzero(run > 0):
        steps = run[place]
        if steps > len(null):
            risk[place] = 1.0
        elif steps >= 2:
            maxima = null[steps - 1]
            risk[place] = np.searchsorted(maxima, cusum[place] - NOT_BELOW, side="right") / len(maxima)
    return 1 - risk


_ARGUMENTS = {
    "smoothing_minutes", "rest_minutes_after_steps", "baseline_days", "resolution_minutes", "residual_quantile", "p_value_threshold",
    "min_hours_to_maximum", "min_run_hours", "rhr_diff_alpha", "rhr_diff_null_draws", "rhr_diff_seed",
}  # fmt: skip
_ALARM = (
    "ParticipantID", "alarming time", "alarming hour", "duration hours to max", "total hours", "max CuSum statistics",
    "CuSum statistics at alarm", "p-value",
)  # fmt: skip
# "staring": spelled as the program does
_INTERVAL = (
    "ParticipantID", "staring time of detected interval", "ending time of detected interval", "rank scan test statistics", "p-value",
)  # fmt: skip
SHORTEST_INTERVAL_HOURS = 24


@method(Card(
    name="illness.cusum_online",
    definition="Hourly resting heart rate standardised by the last 28 usual days, its one-sided CuSum with p, alarms of long runs; and, "
    "offline, intervals whose ranks are high (RHR-Diff).",
    units="1",
    reference="Mishra et al. 2020, Nat Biomed Eng 4:1208-1220",
    equals="WearableDetection R/detection_fn.R (38955bc0), to 1e-6, its random orders included",
    limits="Needs 29 days; raises alarms without illness (stress, alcohol, travel, a new device); looks at high values only.",
))  # fmt: skip
def run_cusum_online(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: minutes of heart rate and steps of one person."""
    check_arguments("illness.cusum_online", arguments, _ARGUMENTS)
    settings = CusumOnline(
        smoothing_minutes=int(arguments.get("smoothing_minutes", 10)), rest_minutes=int(arguments.get("rest_minutes_after_steps", 10)),
        baseline_days=int(arguments.get("baseline_days", 28)), resolution_minutes=int(arguments.get("resolution_minutes", 60)),
        residual_quantile=float(arguments.get("residual_quantile", 0.9)), p_value=float(arguments.get("p_value_threshold", 0.01)),
        steps_to_maximum=int(arguments.get("min_hours_to_maximum", 24)), steps_of_run=int(arguments.get("min_run_hours", 48)),
    )  # fmt: skip
    days, rate, walked = minute_table(inputs["heart_rate"], inputs["steps"])
    result = cusum_online(rate, walked, settings)
    person = str(inputs["heart_rate"]["user"][0])
    names = _step_names([days[n] for n in result.day], settings)
    hours = [names[n] for n in result.step]
    scanned = rhr_diff(
        names, result.residual, alpha=float(arguments.get("rhr_diff_alpha", 0.05)), draws=int(arguments.get("rhr_diff_null_draws", 1000)),
        seed=int(arguments.get("rhr_diff_seed", 1)),
    )  # fmt: skip
    return {
        "hour": hours, "cusum": result.cusum.tolist(), "run_index": result.run.tolist(), "p_value": _plain(result.p_value),
        "threshold": result.threshold.tolist(), "residual_hour": names, "residual": _plain(result.residual),
        "alarms": _alarm_rows(person, hours, result, cusum_alarms(result, settings)),
        "rhr_diff_intervals": _interval_rows(person, *scanned),
    }  # fmt: skip


def minute_table(heart_rate: pl.DataFrame, steps: pl.DataFrame) -> tuple[list[str], Floats, NDArray[np.bool_]]:
    """Days with heart rate, median rate of each minute and minutes with steps, [days, 1440].

    `heart_rate` (datetime, heartrate) and `steps` (datetime, steps) with local times 'YYYY-mm-dd HH:MM:SS' as text. What lies before the
    last pause of 60 days or more is left out. Steps count only where they are dated on a whole minute.
    """
    for table, columns in ((heart_rate, ("datetime", "heartrate")), (steps, ("datetime", "steps"))):
        for column in columns:
            if column not in table.columns:
                raise SchemaError(f"The input has no column '{column}'; it has {', '.join(table.columns)}.")
    text = pl.col("datetime").cast(pl.String)
    rates = (
        heart_rate.select(minute=text.str.slice(0, 16), rate=pl.col("heartrate").cast(pl.Float64, strict=False).fill_nan(None)).drop_nulls()
        .group_by("minute").agg(pl.col("rate").median()).sort("minute")
        .with_columns(day=pl.col("minute").str.slice(0, 10), place=_minute_of_day(pl.col("minute").str.slice(11)))
    )  # fmt: skip
    rates = _since_last_pause(rates)
    days = rates["day"].unique().sort().to_list()
    number = pl.DataFrame({"day": days, "number": range(len(days))}, schema={"day": pl.String, "number": pl.Int64})
    rate, walked = np.full((len(days), MINUTES), np.nan), np.zeros((len(days), MINUTES), bool)
    placed = rates.join(number, on="day")
    rate[placed["number"].to_numpy(), placed["place"].to_numpy()] = placed["rate"].to_numpy()
    walks = (
        steps.filter(pl.col("steps").cast(pl.Float64, strict=False) > 0)
        .select(day=text.str.slice(0, 10), time=text.str.slice(11))
        .filter(pl.col("time").str.ends_with(":00") & (pl.col("time").str.len_chars() == 8))
        .join(number, on="day").with_columns(place=_minute_of_day(pl.col("time")))
    )  # fmt: skip
    walked[walks["number"].to_numpy(), walks["place"].to_numpy()] = True
    return days, rate, walked


def _since_last_pause(rates: pl.DataFrame) -> pl.DataFrame:
    days = rates["day"].unique().sort()
    starts = days.filter(days.str.to_date().diff().dt.total_days().fill_null(0) >= NEW_START_DAYS)
    return rates.filter(pl.col("day") >= starts[-1]) if len(starts) else rates


def _minute_of_day(time: pl.Expr) -> pl.Expr:
    return time.str.slice(0, 2).cast(pl.Int64) * 60 + time.str.slice(3, 2).cast(pl.Int64)


def _step_names(days: list[str], settings: CusumOnline) -> list[str]:
    starts = range(0, MINUTES, settings.resolution_minutes)
    return [f"{day} {start // 60:02d}:{start % 60:02d}:00" for day in days for start in starts]


def rhr_diff(names: list[str], residual: Floats, *, alpha: float, draws: int, seed: int) -> tuple[list[str], Intervals]:
    """Rank scan of the residuals laid on every hour from the first to the last day, 0 where there is none; the hours' names come too."""
    steps = len({name[11:] for name in names})
    days = np.arange(np.datetime64(names[0][:10]), np.datetime64(names[-1][:10]) + 1)
    grid = [f"{day} {name[11:]}" for day in days for name in names[:steps]]
    place = {name: n for n, name in enumerate(grid)}
    values = np.zeros(len(grid))
    values[[place[name] for name in names]] = np.nan_to_num(residual, nan=0.0)
    if len(grid) < SHORTEST:
        raise SettingsError(f"RHR-Diff needs at least {SHORTEST} steps; there are {len(grid)}. Take a finer resolution.")
    return grid, rank_scan(values, alpha=alpha, draws=draws, seed=seed)


def _alarm_rows(person: str, hours: list[str], result: CusumResult, alarms: list[Alarm]) -> list[dict[str, str]]:
    rows: list[tuple[str, ...]] = [
        (
            person, hours[alarm.at], str(result.run[alarm.at]), str(result.run[alarm.maximum_at]), str(alarm.length),
            _text(round(float(result.cusum[alarm.maximum_at]), 2)), _text(round(float(result.cusum[alarm.at]), 2)),
            _text(round(float(result.p_value[alarm.at]), 2)),
        )
        for alarm in alarms
    ]  # fmt: skip
    return [dict(zip(_ALARM, row, strict=True)) for row in rows or [(person, *["N/A"] * (len(_ALARM) - 1))]]


def _interval_rows(person: str, grid: list[str], found: Intervals) -> list[dict[str, str]]:
    """High intervals of a day or longer; of two with the same statistic to three places the first."""
    rows, seen = list[tuple[str, ...]](), set[str]()
    for first, last, statistic, p_value in zip(found.first, found.last, found.statistic, found.p_value, strict=True):
        told = _text(round(float(statistic), 3))
        hours = (np.datetime64(grid[last]) - np.datetime64(grid[first])) / np.timedelta64(1, "h")
        if told not in seen and hours >= SHORTEST_INTERVAL_HOURS and statistic > 0:
            rows.append((person, grid[first], grid[last], told, _text(round(float(p_value), 3))))
        seen.add(told)
    return [dict(zip(_INTERVAL, row, strict=True)) for row in rows or [(person, *["N/A"] * (len(_INTERVAL) - 1))]]


def _text(value: float) -> str:
    """A number as R writes it."""
    return f"{value:.15g}"


def _plain(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
