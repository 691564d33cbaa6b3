"""Watching weekly counts with years behind them: flexible Farrington asks every series at once; what it cannot test, harmonic regression
(`heedful.population.watch_waves`), from a year and a half on; what neither can is left to EARS.

A date is asked if the series has a known count around the same time three years back; it is compared with as many years as there are,
five at most. The bound is "muan", the quantile of the negative binomial at the fitted mean's own upper limit, and p the tail there: over
the 42 scenarios of `noufaily_scenarios`, weeks with five cases in four, p is at most 0.01 on 0.2-0.3 % of quiet weeks and at most 0.001
on 0.02-0.03 %. Under the delta method it is on 1.8-2.0 % and 0.4-0.5 %, so that false discoveries among many series would not be held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.population.cases import Floats
from heedful.population.farrington import FarringtonResult, State
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.histories import Histories, histories
from heedful.population.watch import LEAST_EXPECTED, NODES
from heedful.population.watch_waves import WAVES, wave_answers
from heedful.population.yearly_reference import NO_ROW, Calendar, Days

DETECTOR = "farrington_flexible"
LEAST_YEARS, MOST_YEARS, HALF_WINDOW = 3, 5, 3
LOOKBACK_DAYS = 7 * 265
"""Five years (1,827 days), a half window (21) and the way to the same weekday (3), in whole weeks."""

SERIES_AT_ONCE = 10_000
"""Bounds memory, whatever the number of series."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class YearlyAnswers:
    """`rows`: as `heedful.population.watch.answers` has them, with `years` compared with or `weeks` fitted to, `down_weighted` weeks and
    whether a `trend` was kept. `answered`: keys and day of all cells that were tested, quiet ones too."""

    rows: pl.DataFrame
    answered: pl.DataFrame


def yearly_answers(
    values: pl.DataFrame, keys: list[str], days: pl.Series, alpha: float, zeros: pl.DataFrame | None = None
) -> YearlyAnswers:  # fmt: skip
    """Ask weekly counts on `days`.

    Parameters
    ----------
    values: `keys`, day, value (null: missing), one row a series and week; with `node_low`, `node_high` where a value is a nowcast:
    then p is averaged over what it may come to. days: dates to test. alpha: one-sided level of the bound.
    zeros: place, stratum, day on which an absent row means zero, for series that had a case within the look-back; None: absent is missing.
    """
    found = _once(values, keys, days, alpha, zeros)
    if "node_low" not in values.columns or not found.rows.height:
        return found
    unsure = values.filter(pl.col("node_low").is_not_null() & pl.col("day").is_in(days.implode()))
    if unsure.is_empty():
        return found
    mine = values.join(unsure.select(keys).unique(), on=keys, how="semi")
    rows, weights = found.rows, list(NODES.values())
    ends = []
    for node in ("node_low", "node_high"):
        again = _once(mine.with_columns(value=pl.coalesce(node, "value")), keys, unsure["day"].unique(), alpha, zeros).rows
        if again.height:
            rows = rows.join(again.select(*keys, "day", pl.col("p").alias(node)), on=[*keys, "day"], how="left", maintain_order="left")
        else:
            rows = rows.with_columns(pl.lit(None, pl.Float64).alias(node))
        ends.append(pl.col(node).fill_null(1.0))
    rows = rows.join(unsure.select(*keys, "day", _unsure=pl.lit(True)), on=[*keys, "day"], how="left", maintain_order="left")
    averaged = weights[1] * pl.col("p") + weights[0] * ends[0] + weights[2] * ends[1]
    rows = rows.with_columns(p=pl.when(pl.col("_unsure")).then(averaged).otherwise("p")).drop("_unsure", "node_low", "node_high")
    return YearlyAnswers(rows, found.answered)


def _once(values: pl.DataFrame, keys: list[str], days: pl.Series, alpha: float, zeros: pl.DataFrame | None) -> YearlyAnswers:
    rows, answered = list[pl.DataFrame](), [values.select(*keys, "day").clear()]
    for data in histories(values, keys, 7, zeros) if len(days) else []:
        here = np.isin(data.days, days.to_numpy().astype("datetime64[D]"))
        for at in range(0, len(data.counts) if here.any() else 0, SERIES_AT_ONCE):
            part = slice(at, at + SERIES_AT_ONCE)
            some = Histories(data.keys[part], data.days, data.counts[part], data.step)
            found = _asked(_padded(some, int(np.argmax(here))), keys, np.flatnonzero(here), alpha, had_cases=zeros is not None)
            rows.append(found.rows)
            answered.append(found.answered)
    return YearlyAnswers(pl.concat(rows) if rows else pl.DataFrame(), pl.concat(answered))


def _padded(data: Histories, first: int) -> Histories:
    """With all the weeks before the first tested one that may be looked at: whether a date can be tested depends on no other's history."""
    back = LOOKBACK_DAYS // data.step
    begin = data.days[0] + (first - back) * np.timedelta64(data.step, "D")
    days: Days = np.arange(begin, data.days[-1] + np.timedelta64(1, "D"), data.step)
    counts = np.full((len(data.counts), len(days)), np.nan)
    shared = min(len(days), data.counts.shape[1])
    counts[:, len(days) - shared :] = data.counts[:, data.counts.shape[1] - shared :]
    return Histories(data.keys, days, counts, data.step)


def _asked(data: Histories, keys: list[str], tested: npt.NDArray[np.int64], alpha: float, *, had_cases: bool) -> YearlyAnswers:
    """`had_cases`: whether only series with a case within the look-back are asked, since others are not known to be series."""
    at = tested - tested[0] + LOOKBACK_DAYS // data.step
    years = _years_known(data.counts, data.calendar, at)
    numbers, by_years = _by_years(data, at, years, alpha)
    waves, by_waves = wave_answers(data, at, ~by_years, alpha, LOOKBACK_DAYS // data.step)
    for name, value in waves.items():
        numbers[name] = np.where(by_waves, value, numbers[name]) if name in numbers else value
    numbers |= {"years": years, "observed": data.counts[:, at], "waves": by_waves}
    asked = by_years | by_waves
    if had_cases:
        cases = np.concatenate([np.zeros((len(data.counts), 1)), np.cumsum(data.counts > 0, axis=1)], axis=1)
        asked &= cases[:, at + 1] > cases[:, at - LOOKBACK_DAYS // data.step]
    row, column = np.nonzero(asked)
    days = pl.Series("day", data.days[at].astype("datetime64[D]")).cast(pl.Date)
    cells = data.keys[row].with_columns(days[column], **{name: pl.Series(value[row, column]) for name, value in numbers.items()})
    shown = cells.filter((pl.col("observed") > 0) | (pl.col("expected") >= LEAST_EXPECTED)).with_columns(
        pl.when("waves").then(pl.lit(WAVES)).otherwise(pl.lit(DETECTOR)).alias("detector"),
        pl.when("few").then(pl.lit("few")).otherwise(pl.lit("tested")).alias("state"),
    )
    return YearlyAnswers(shown.drop("few", "waves"), cells.select(*keys, "day"))


def _years_known(counts: Floats, calendar: Calendar, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """[series, dates] years back with a known count around the same time, `LEAST_YEARS` .. `MOST_YEARS`; 0 if fewer."""
    rows = calendar.windows_back(at, MOST_YEARS, HALF_WINDOW).reshape(len(at), MOST_YEARS, -1)
    known = ~np.isnan(counts)
    years = np.zeros((len(counts), len(at)), dtype=np.int64)
    for back in range(LEAST_YEARS, MOST_YEARS + 1):
        window = rows[:, MOST_YEARS - back]  # oldest first
        there = (known[:, np.maximum(window, 0)] & (window != NO_ROW)).any(axis=2)
        years[there] = back
    return np.where((years > 0) & known[:, at], years, 0)


def _by_years(
    data: Histories, at: npt.NDArray[np.int64], years: npt.NDArray[np.int64], alpha: float
) -> tuple[dict[str, npt.NDArray[np.generic]], Flags]:
    """Numbers [series, dates] of the cells that could be tested, and which those are."""
    shape = years.shape
    empty = np.full(shape, np.nan)
    out: dict[str, npt.NDArray[np.generic]] = {
        "expected": empty, "bound": empty.copy(), "p": empty.copy(), "above": np.zeros(shape, bool), "few": np.zeros(shape, bool),
        "trend": np.zeros(shape, bool), "down_weighted": np.zeros(shape, np.int64),
    }  # fmt: skip
    answered = np.zeros(shape, dtype=bool)
    for back in range(LEAST_YEARS, MOST_YEARS + 1):
        mine = years == back
        series = np.flatnonzero(mine.any(axis=1))
        if not len(series):
            continue
        settings = FarringtonFlexible(years_back=back, half_window=HALF_WINDOW, alpha=alpha, threshold="muan")
        result = farrington_flexible(data.counts[series], data.calendar, settings, slice(int(at[0]), int(at[-1]) + 1))
        picked = {name: value[:, at - at[0]] for name, value in _numbers(result).items()}
        cells = mine[series] & picked.pop("answered").astype(bool)
        answered[series] |= cells
        for name, value in picked.items():
            out[name][series] = np.where(cells, value, out[name][series])
    return out, answered


def _numbers(result: FarringtonResult) -> dict[str, npt.NDArray[np.generic]]:
    few = result.state == State.FEW_CASES
    answered = ((result.state == State.TESTED) | few) & np.isfinite(result.bound) & np.isfinite(result.p_value)
    return {
        "expected": result.expected, "bound": result.bound, "p": result.p_value, "above": result.alarm, "few": few,
        "trend": result.trend_kept, "down_weighted": result.down_weighted.astype(np.int64), "answered": answered,
    }  # fmt: skip
