"""This week's official figure of a site before it is out, from the site's own counts of people and what others issue for the same place.

A nowcast of a week is made `_AFTER` days after its end, from what was known then: official figures as first issued, no fresher than the
issuer is usually late, and own counts of people as known on that day. A figure that came much later than its week (a file read once, with
no dates of issue) stands as it was first known here, and a sentence says so: errors are then too hopeful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.labels import Aggregate
from heedful.core.schemas import Counts, Series
from heedful.loops.archive import end_of_day, one_series
from heedful.loops.site import Site
from heedful.population.archive import SERIES
from heedful.population.cases import Floats
from heedful.population.digital_drift import DigitalDrift, digital_drift
from heedful.population.early_warning import EarlyWarning, Nowcast, early_warning
from heedful.population.lead_time import lead_time
from heedful.population.people_mentions import ANY
from heedful.population.weekly_rates import by_week, weekly_rates

_AFTER = 2
"""Days after the end of a week on which it is nowcast: posts of Sunday are counted, most official figures are not out."""
_BACKFILLED = 8
"""Weeks after which a figure counts as filled in later and says nothing of how late its issuer is."""
_MOST = 100
"""Digital signals that are taken where none is named: those that most people told of, or that were issued for most weeks."""
_TINY = 1e-9
"""Factor that makes shares of counts, so small that their logit is their logarithm."""
_RECENT = 13
"""Weeks for which an alarm of drift stands."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Sought:
    """What is asked for. digital: names of signals; none: all of the place that are known for enough weeks. delay: weeks until an official
    figure is out; 0: as measured. threshold: official figure at which a season begins; 0: what six in ten weeks before the first nowcast
    lay below. season_start: month with which a season's year begins."""

    signal: str
    place: str
    source: str = ""
    stratum: str = "all"
    digital: tuple[str, ...] = ()
    delay: int = 0
    threshold: float = 0.0
    season_start: int = 7
    learning: EarlyWarning = field(default_factory=EarlyWarning)


@dataclass(frozen=True)
class Warned:
    """weeks: day (a week's first), estimate, low, high, official (as first issued), newest (as known now), carried. quality: figures
    over the past weeks; empty if none. drift: one row a digital signal. lead: lead time; empty if it could not be told. said: sentences."""

    weeks: pl.DataFrame
    quality: dict[str, float]
    drift: pl.DataFrame
    lead: dict[str, Any]
    said: list[str]


@dataclass(frozen=True)
class _Weekly:
    """A weekly series: what was first known of each week (`day`, `value`) and how many weeks `late`, the newest
    value; `late` of the series: weeks in which nine in ten were out (None: never seen in time)."""

    name: str
    rows: pl.DataFrame
    late: int | None
    unit: str


def early_warnings(site: Site, sought: Sought, known_on: date | None = None) -> Warned:
    """Nowcasts of the weeks that are over and not yet issued, how such nowcasts did, and whether their signals can still be trusted.

    Errors: `NotFoundError` if nothing of the signal was known there, `SettingsError` for signals that the site has not, for a series that
    is not weekly and for settings that cannot be. Too few weeks are no error: a sentence says how many there are and how many are needed.
    """
    instant = end_of_day(known_on) or site.clock.now()
    series = site.lake.read(Series).filter(pl.col("place") == sought.place, pl.col("known_at") <= instant)
    official = _official(series, sought, known_on)
    learning = replace(sought.learning, delay=sought.delay or max(official.late or 1, 1))
    said = _known_late(official, sought.delay, learning.delay)
    own = site.engine.table(Counts, Aggregate).data.filter(pl.col("place") == sought.place, pl.col("known_at") <= instant)
    last = min(official.rows["day"].max() + 4 * _WEEK, _newest_over(official.rows["day"][0], instant))  # type: ignore[operator]
    days = pl.date_range(official.rows["day"][0], max(last, official.rows["day"][-1]), "7d", eager=True)
    known = official.rows["value"].count()
    if known < learning.weeks_needed:
        return _too_few(official.name, known, learning, said)
    least = site.settings.disclosure.minimum_cell / 2
    others = _issued(series.filter(pl.col("stratum") == "all"), official)
    found = _digital(others, own, days, sought, least)
    names, digital, left_out = _enough(found, sought, learning, by_week(official.rows, "value", days))
    return _warned(days, official, names, digital, sought, learning, said + left_out)


def _newest_over(first: date, instant: datetime) -> date:
    """First day of the newest week, of those that begin on the weekday of `first`, that was over `_AFTER` days ago."""
    return first + _WEEK * (((instant.date() - timedelta(days=_AFTER) - first).days // 7) - 1)


def _official(series: pl.DataFrame, sought: Sought, known_on: date | None) -> _Weekly:
    then = "" if known_on is None else f" on {known_on}"
    rows = series.filter(pl.col("signal") == sought.signal)
    if rows.is_empty():
        there = ", ".join(series["signal"].unique().sort().to_list()[:20]) or "none"
        raise NotFoundError(
            f"No official figure of {sought.signal} in {sought.place} was known{then}. Official series of {sought.place}: {there}. "
            "See: heedful tables series"
        )
    rows = one_series(rows, sought.signal, sought.stratum, sought.source)
    if rows["period_days"].unique().to_list() != [7]:
        raise SettingsError(
            f"A nowcast needs weekly figures; {sought.signal} has periods of {rows['period_days'].unique().sort().to_list()} days."
        )
    if rows["day"].dt.weekday().n_unique() > 1:
        raise SettingsError(f"The weeks of {sought.signal} begin on different weekdays. Give each kind of week a signal of its own.")
    return _weekly(sought.signal, rows)


def _weekly(name: str, rows: pl.DataFrame) -> _Weekly:
    """First and newest value of each week, and in how many weeks nine in ten of those that were issued in time were out."""
    rows = rows.filter(pl.col("value").is_not_null() & pl.col("value").is_not_nan()).sort("day", "known_at")
    weeks = rows.group_by("day", maintain_order=True).agg(pl.col("value").first(), newest=pl.col("value").last(), known_at="known_at")
    first = weeks["known_at"].list.first()
    made = (weeks["day"].cast(pl.Datetime("us")) + timedelta(days=7 + _AFTER)).dt.replace_time_zone("UTC")
    late = np.ceil((first - made).dt.total_seconds().to_numpy() / (7 * 86400)).clip(0)
    timely = late[late <= _BACKFILLED]
    weeks = weeks.with_columns(late=pl.Series(late, dtype=pl.Float64)).drop("known_at")
    return _Weekly(name, weeks, int(np.quantile(timely, 0.9, method="higher")) if len(timely) else None, rows["unit"][0])


def _known_late(official: _Weekly, given: int, delay: int) -> list[str]:
    if not given and official.late is None:
        return [
            f"{official.name} was never seen in time, only filled in later, so that a delay of 1 week is assumed (--delay) and its past is "
            "as revised: errors are too hopeful."
        ]
    weeks = "1 week" if delay == 1 else f"{delay} weeks"
    said = [f"A figure of {official.name} is taken to be out {weeks} after its week's nowcast, which is made {_AFTER} days after the week."]
    later = official.rows.filter(pl.col("late") > delay).height
    if later:
        said.append(
            f"{later} of {official.rows.height} figures came later than that; the past nowcasts use them all the same, as first known."
        )
    return said


def _too_few(name: str, known: int, learning: EarlyWarning, said: list[str]) -> Warned:
    short = replace(learning, lags=4, window=min(learning.window, 40)).weeks_needed
    needed = learning.weeks_needed
    cure = f" With --lags 4 --window 40 {short} are needed, and more is missed." if short < needed else ""
    line = f"{known} weeks of {name} are known; a nowcast with an interval needs {needed}: {needed - known} are missing.{cure}"
    return Warned(pl.DataFrame(), {}, pl.DataFrame(), {}, [line, *said])


def _issued(series: pl.DataFrame, official: _Weekly) -> dict[str, _Weekly]:
    """Other weekly series of the place by name: the signal, or source:signal where several issue it."""
    weekday = official.rows["day"][0].isoweekday()
    fit = series.filter(pl.col("period_days") == 7, pl.col("day").dt.weekday() == weekday, pl.col("value") >= 0)
    fit = fit.filter(pl.col("signal") != official.name) if fit.height else fit
    several = fit.group_by("signal").agg(pl.col("source").n_unique()).filter(pl.col("source") > 1)["signal"].to_list()
    found = {}
    for (source, signal, *_), rows in fit.group_by(*SERIES, maintain_order=True):
        name = f"{source}:{signal}" if signal in several else str(signal)
        found[name] = _weekly(name, rows)
    return found


def _digital(others: dict[str, _Weekly], own: pl.DataFrame, days: pl.Series, sought: Sought, withheld: float) -> dict[str, Floats]:
    """Values by signal, [weeks]: an issued series moved by the weeks it is late, own people per 100,000 who were seen to post."""
    there = {*others, *own["signal"].unique().to_list()} - {ANY}
    unknown = [name for name in sought.digital if name not in there]
    if unknown:
        known = ", ".join(sorted(there)[:20]) or "none"
        raise SettingsError(
            f"There is no signal {', '.join(unknown)} with weeks of {sought.place} beside {sought.signal}. --with can name: {known}"
            f"{f' and {len(there) - 20} more' if len(there) > 20 else ''}. A weekly series must begin on the same weekday."
        )
    wanted = set(sought.digital) or there
    found = {}
    for name in sorted(wanted & set(others)):
        late = others[name].late or 0
        values = by_week(others[name].rows, "value", days)
        found[name] = np.concatenate([np.full(late, np.nan), values])[: len(values)]
    return found | weekly_rates(own.filter(pl.col("signal").is_in([*wanted, ANY])), days, withheld, _AFTER)


def _enough(
    found: dict[str, Floats], sought: Sought, learning: EarlyWarning, figures: Floats
) -> tuple[list[str], dict[str, Floats], list[str]]:
    """Names of the signals that are used, all that were found, and sentences on those that are not used."""
    needed = learning.weeks_needed
    known = {name: int(np.isfinite(values).sum()) for name, values in found.items()}
    names = sorted((name for name in found if known[name] >= needed), key=lambda name: (-known[name], -float(np.nansum(found[name])), name))
    said = []
    short = sorted(set(found) - set(names))
    if short:
        told = ", ".join(f"{name} ({known[name]})" for name in short[:5])
        said.append(f"{len(short)} signals are known for fewer than the {needed} weeks that are needed and are not used: {told}.")
    following = int(np.flatnonzero(np.isfinite(figures))[-1]) + 1
    alive = [name for name in names if following < len(figures) and np.isfinite(found[name][following])]
    if not sought.digital and alive and len(alive) < len(names):
        ended = sorted(set(names) - set(alive))
        said.append(f"{len(ended)} signals are not known of the week to be foretold and are not used: {', '.join(ended[:5])}.")
        names = alive
    if not sought.digital and len(names) > _MOST:
        said.append(f"The {_MOST} signals with most weeks and people of {len(names)} are used; name others with --with.")
        names = names[:_MOST]
    while names and _together([found[name] for name in names], figures) < needed:
        dropped = names.pop()
        said.append(f"{dropped} is not used: too few of its {known[dropped]} weeks are weeks that the others and {sought.signal} know too.")
    if not names:
        said.append(f"No digital signal is used: {sought.signal} is foretold from its own past alone.")
    return names, found, said


def _together(signals: Sequence[Floats], figures: Floats) -> int:
    return int((np.isfinite(np.column_stack(signals)).all(axis=1) & np.isfinite(figures)).sum())


def _warned(
    days: pl.Series,
    official: _Weekly,
    names: list[str],
    digital: dict[str, Floats],
    sought: Sought,
    learning: EarlyWarning,
    said: list[str],
) -> Warned:
    figures, newest = (by_week(official.rows, name, days) for name in ("value", "newest"))
    columns = np.column_stack([digital[name] for name in names]) if names else np.empty((len(days), 0))
    told = _nowcast(figures, columns, learning, official.unit)
    last = int(np.flatnonzero(np.isfinite(figures))[-1])
    for ahead in range(1, len(days) - last):  # each week ahead by a nowcast that never saw a fresher figure than there is now
        if ahead != learning.delay:
            other = _nowcast(figures, columns, replace(learning, delay=ahead), official.unit)
            for name in ("estimate", "low", "high", "carried"):
                getattr(told, name)[last + ahead] = getattr(other, name)[last + ahead]
    judged = np.isfinite(told.low) & np.isfinite(told.high) & np.isfinite(figures)
    weeks = pl.DataFrame({"day": days, "estimate": told.estimate, "low": told.low, "high": told.high, "official": figures,
                          "newest": newest, "carried": told.carried}).filter(pl.col("estimate").is_not_nan())  # fmt: skip
    weeks = weeks.with_columns(pl.col(pl.Float64).fill_nan(None))
    if not weeks.filter(pl.col("official").is_null()).height:
        lack = [name for name in names if last + 1 >= len(days) or not np.isfinite(digital[name][last + 1])]
        why = f"{', '.join(lack[:5])} is not known of the next one" if lack and last + 1 < len(days) else "no later week is over"
        said = [*said, f"The newest figure, of the week of {days[last]}, is issued; nothing is left to foretell: {why}."]
    lead, of_lead = _lead(told, figures, days, judged, sought, learning.delay)
    drift, of_drift = _drift(figures, {name: digital[name] for name in names}, days)
    return Warned(weeks, _quality(told, figures, newest, judged), drift, lead, [*said, *of_lead, *of_drift])


def _nowcast(figures: Floats, columns: Floats, learning: EarlyWarning, unit: str) -> Nowcast:
    """In the series' own unit: a share in percent as it is, else on the logarithm, where half is added to counts for the sake of zeros."""
    if unit == "%":
        inside = np.where((figures > 0) & (figures < 100), figures, np.nan)
        return early_warning(inside, columns, learning)
    added = 0.5 if unit.startswith("{") else 0.0
    raised = figures + added
    found = early_warning(np.where(raised > 0, raised, np.nan) * _TINY, columns, learning)
    back = (np.maximum(value / _TINY - added, 0.0) for value in (found.estimate, found.low, found.high, found.carried))
    return Nowcast(*back)


def _quality(told: Nowcast, figures: Floats, newest: Floats, judged: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Over the judged weeks: root mean squared error against 'as the newest figure', correlation, share of figures in the interval."""
    judged = judged & np.isfinite(told.carried)
    if judged.sum() < 2:
        return {}
    estimate, carried, first, now = (value[judged] for value in (told.estimate, told.carried, figures, newest))

    def error(values: Floats, truth: Floats) -> float:
        return float(np.sqrt(np.mean((values - truth) ** 2)))

    inside = (told.low[judged] <= first) & (first <= told.high[judged])
    naive, naive_now = error(carried, first), error(carried, now)
    return {
        "weeks": int(judged.sum()),
        "error": error(estimate, first),
        "error_to_naive": error(estimate, first) / naive if naive > 0 else float("nan"),
        "error_to_naive_as_revised": error(estimate, now) / naive_now if naive_now > 0 else float("nan"),
        "correlation": float(np.corrcoef(estimate, first)[0, 1]) if estimate.std() > 0 and first.std() > 0 else float("nan"),
        "coverage": float(inside.mean()),
    }


def _drift(figures: Floats, digital: dict[str, Floats], days: pl.Series) -> tuple[pl.DataFrame, list[str]]:
    """Per signal: whether it alarmed in the newest `_RECENT` weeks, when last, how often, and its newest ratio to its usual."""
    settings = DigitalDrift()
    rows, short = [], 0
    for name, values in digital.items():
        found = digital_drift(np.where(figures > 0, figures, np.nan), np.where(values > 0, values, np.nan), settings)
        tested, called = np.flatnonzero(np.isfinite(found.interval)), np.flatnonzero(found.alarm)
        short += not len(tested)
        rows.append({
            "signal": name,
            "alarm": bool(found.alarm[tested[-_RECENT:]].any()) if len(tested) else None,
            "last_alarm": days[int(called[-1])] if len(called) else None,
            "alarms": len(called) if len(tested) else None,
            "weeks_tested": len(tested),
            "ratio_to_usual": float(found.ratio[tested[-1]]) if len(tested) else None,
        })  # fmt: skip
    schema = {"signal": pl.String, "alarm": pl.Boolean, "last_alarm": pl.Date, "alarms": pl.Int64, "weeks_tested": pl.Int64,
              "ratio_to_usual": pl.Float64}  # fmt: skip
    needed = settings.reference // 2 + settings.gap + 1
    said = [f"Drift could not be tested for {short} signals: {needed} weeks above zero beside the figure are needed."] if short else []
    for row in rows:
        if row["alarm"]:
            said.append(
                f"{row['signal']} no longer means what it meant: it parted from the official figure in the week of {row['last_alarm']} "
                f"({row['ratio_to_usual']:.2g} of its usual now). Look at it, or leave it out with --with."
            )
    return pl.DataFrame(rows, schema=schema), said


def _lead(
    told: Nowcast, figures: Floats, days: pl.Series, judged: npt.NDArray[np.bool_], sought: Sought, delay: int
) -> tuple[dict[str, Any], list[str]]:
    """Lead time over the whole seasons that were nowcast from their start on, and what kept it from being told."""
    if not judged.any():
        return {}, ["Lead time cannot be told: no past week was nowcast with an interval."]
    before = figures[: int(np.flatnonzero(judged)[0])]
    threshold = sought.threshold or float(np.nanquantile(before, 0.6))
    season = np.array([day.year + (day.month >= sought.season_start) for day in days.to_list()], np.int64)
    whole = [one for one in np.unique(season[judged]) if _from_below(one, season, judged, figures, threshold)]
    kept = judged & np.isin(season, whole)
    found = lead_time(told.estimate[kept], figures[kept], season[kept], threshold, delay)
    if not len(found.weeks):
        return {}, [
            f"Lead time cannot be told: of {len(whole)} seasons nowcast from a start below {threshold:.4g}, none was seen to begin by both "
            f"nowcast and figure (missed {found.missed}, made up {found.false}). Set another --threshold or --season-start."
        ]
    lead = {
        "threshold": threshold, "seasons": found.weeks.tolist(), "mean": found.mean, "low": found.low, "high": found.high,
        "missed": found.missed, "false": found.false,
    }  # fmt: skip
    said = [] if len(found.weeks) > 1 else ["One season began in the weeks that were nowcast; an interval of the lead time needs two."]
    return lead, said


def _from_below(one: int, season: npt.NDArray[np.int64], judged: npt.NDArray[np.bool_], figures: Floats, threshold: float) -> bool:
    """Whether a season was nowcast from its first week on, and began below the threshold."""
    weeks = np.flatnonzero(season == one)
    first = weeks[:2]
    return bool(judged[first].all() and (figures[first] < threshold).all() and weeks[0] > 0)
