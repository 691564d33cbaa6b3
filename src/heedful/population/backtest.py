"""Back-test: which detector finds outbreaks in *this* history, how soon, and with how many false alerts?

Outbreaks of known size and date are put into a history, every date of the last year is judged with what came before it, and each detector
and setting is scored on the same outbreaks:

- *probability of detection*: share of outbreaks with an alarm that begins between their first and last case; one that was ringing
  before tells nothing of them;
- *delay*: dates from the first case to the first alarm, of those detected; *timeliness*: 1 for an alarm on the first date, falling to 0
  at the end of the outbreak, 0 if it is missed, so that finding only the obvious does not look fast;
- *false alerts a year*: alarms that begin where nothing was put in, a run of alarm dates counting once. Real outbreaks in the history
  are among them. The share of quiet dates in alarm stands beside it, for charts that ring on.

Reference: Noufaily et al. 2013, Stat Med 32:1206-1222 (outbreaks); Buckeridge 2007, J Biomed Inform 40:370-379 (what to measure).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.cases import Floats
from heedful.population.contenders import Contender
from heedful.population.outbreak_injection import Injected, Outbreaks, baseline_spread, outbreaks
from heedful.population.yearly_reference import Calendar

Flags = npt.NDArray[np.bool_]
Known = Callable[[int], Floats]
"""The counts [series, dates] as they were known when this row was tested."""
Progress = Callable[[str, int, int], None]

LEAST_COVERAGE = 0.5
"""A detector that could not test half of the dates is not recommended."""

CARD = Card(
    name="surveillance.backtest",
    definition="Outbreaks of k baseline standard deviations put into a history; probability of detection, timeliness and false alerts a "
    "year of each detector and setting, with intervals.",
    units="1",
    reference="Noufaily et al. 2013, Stat Med 32:1206-1222",
    limits="Real outbreaks in the history count as false alerts. Intervals of detection take outbreaks as independent, which those put "
    "into one history several times are not quite. Outbreaks rise as log-normal delays do; others may be found sooner or later.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Plan:
    """`tested_rows` last rows that are tested (None: a year of them); `replicas` how often each series gets a new outbreak; `outbreaks`
    how large; `false_alerts` a year and series that a recommended detector may have; `level` of intervals.

    Errors: `SettingsError` for a setting outside its range.
    """

    tested_rows: int | None = None
    replicas: int = 10
    outbreaks: Outbreaks = field(default_factory=Outbreaks)
    false_alerts: float = 1.0
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.replicas < 1 or (self.tested_rows is not None and self.tested_rows < 1):
            raise SettingsError(f"A back-test needs at least 1 replica and 1 tested row, not {self.replicas} and {self.tested_rows}.")
        if self.false_alerts < 0 or not 0 < self.level < 1:
            raise SettingsError(f"A back-test's false alerts are not negative and its level is a share: {self}.")


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; NaN where nothing was there to estimate it from."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """One detector and setting over `outbreaks`: see the module for what each figure is. `alarm_share`: of quiet dates in alarm;
    `coverage`: share of the known dates tested."""

    detector: str
    settings: str
    outbreaks: int
    detection: Interval
    timeliness: Interval
    delay: Interval
    false_alerts: Interval
    alarm_share: float
    coverage: float


@dataclass(frozen=True)
class Tally:
    """[outbreaks] of one contender: `series` it was put into, `found`, `delay` in dates (NaN if missed), `length`; and for each,
    `false_alerts`, `quiet` (tested dates without outbreak) and how many of them were in `alarm`, `tested` and `known` dates of the series
    in that replica."""

    contender: Contender
    series: npt.NDArray[np.int64]
    there: Flags
    found: Flags
    delay: Floats
    length: Floats
    false_alerts: Floats
    quiet: Floats
    alarm: Floats
    tested: Floats
    known: Floats


@dataclass(frozen=True)
class Backtest:
    """`scores` in the order of the contenders, `tallies` behind them (for figures by group: `score`), the place of the `recommended` one
    (None: no detector could test enough), `said` in one sentence why, and how many series had `no_case` to size an outbreak by."""

    scores: list[Score]
    tallies: list[Tally]
    recommended: int | None
    said: str
    no_case: int


def backtest(
    counts: Floats, calendar: Calendar, contenders: Sequence[Contender], plan: Plan, seed: int, *,
    spread: Floats | None = None, known: Known | None = None, progress: Progress | None = None,
) -> Backtest:  # fmt: skip
    """Put outbreaks into the last rows of `counts` and score every contender on them.

    Parameters
    ----------
    counts: [series, dates], consecutive dates, NaN where missing.
    calendar: when the dates were. seed: of the outbreaks.
    spread: standard deviation of each count, if it is known; else fitted (`baseline_spread`).
    known: the history as it was known when a row was tested; else as it is known now. Cases put in are then known as completely as
        the history's own were.
    progress: called with a contender's name, rounds done, rounds in all.

    Errors: `SettingsError` if there is no history before the tested rows, or no contender.
    """
    counts = np.asarray(counts, dtype=np.float64)
    rows = _tested_rows(counts, calendar, plan)
    if not contenders:
        raise SettingsError("A back-test needs at least one detector to judge.")
    spread = baseline_spread(counts, calendar) if spread is None else spread
    rng = np.random.default_rng(seed)
    parts: list[list[Tally]] = [[] for _ in contenders]
    for replica in range(plan.replicas):
        put_in = outbreaks(spread, rows, _rows_a_week(calendar), plan.outbreaks, rng)
        for place, contender in enumerate(contenders):
            if progress is not None:
                progress(contender.title, replica * len(contenders) + place, plan.replicas * len(contenders))
            alarm, tested = _replayed(contender, counts, calendar, rows, put_in, known)
            parts[place].append(_tally(contender, counts, alarm, tested, rows, put_in))
    tallies = [_joined(part) for part in parts]
    scores = [score(tally, plan, calendar.frequency) for tally in tallies]
    recommended, said = recommend(scores, tallies, plan)
    return Backtest(scores, tallies, recommended, said, int((spread[:, rows].sum(axis=1) == 0).sum()))


def _tested_rows(counts: Floats, calendar: Calendar, plan: Plan) -> slice:
    dates = counts.shape[1]
    asked = calendar.frequency if plan.tested_rows is None else plan.tested_rows
    if counts.ndim != 2 or not len(counts) or asked >= dates:
        raise SettingsError(
            f"A back-test over the last {asked} dates needs dates before them, and the history has {dates} in all: {asked - dates + 1} "
            "more are needed, or fewer tested ones."
        )
    return slice(dates - asked, dates)


def _rows_a_week(calendar: Calendar) -> float:
    return calendar.frequency / 52 if calendar.frequency < 360 else 7.0


def _replayed(
    contender: Contender, counts: Floats, calendar: Calendar, rows: slice, put_in: Injected, known: Known | None
) -> tuple[Flags, Flags]:
    """Alarm and whether it was tested, [series, tested rows]."""
    if known is None:
        return contender.run(counts + put_in.cases, calendar, rows.start, rows)
    answers = []
    for row in range(rows.start, rows.stop):
        then = known(row)
        with np.errstate(divide="ignore", invalid="ignore"):
            complete = np.where(counts > 0, np.clip(np.nan_to_num(then / counts), 0, 1), 1.0)
        answers.append(contender.run(then + np.rint(put_in.cases * complete), calendar, rows.start, slice(row, row + 1)))
    return np.hstack([alarm for alarm, _ in answers]), np.hstack([tested for _, tested in answers])


def _tally(contender: Contender, counts: Floats, alarm: Flags, tested: Flags, rows: slice, put_in: Injected) -> Tally:
    window = put_in.window[:, rows]
    alarm = alarm & tested
    begins = alarm & ~np.hstack([np.zeros((len(alarm), 1), dtype=bool), alarm[:, :-1]])
    hit = begins & window
    found, there = np.asarray(hit.any(axis=1)), put_in.start >= 0
    delay = np.where(found, np.argmax(hit, axis=1) + rows.start - put_in.start, np.nan)
    numbers = ((begins & ~window), (tested & ~window), (alarm & ~window), tested, ~np.isnan(counts[:, rows]))
    false_alerts, quiet, ringing, asked, given = (part.sum(axis=1).astype(np.float64) for part in numbers)
    length = window.sum(axis=1).astype(np.float64)
    return Tally(contender, np.arange(len(counts)), there, found, delay, length, false_alerts, quiet, ringing, asked, given)


def _joined(parts: list[Tally]) -> Tally:
    def column(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts])

    names = ("series", "there", "found", "delay", "length", "false_alerts", "quiet", "alarm", "tested", "known")
    return Tally(parts[0].contender, *(column(name) for name in names))  # type: ignore[arg-type]


def score(tally: Tally, plan: Plan, frequency: int, series: Flags | None = None) -> Score:
    """The figures of a tally; of some `series` ([series] flags) alone if asked."""
    mine = np.ones(len(tally.series), dtype=bool) if series is None else series[tally.series]
    there = mine & tally.there
    number, hits = int(there.sum()), int((there & tally.found).sum())
    early = _timeliness(tally)[there]
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage = float(tally.tested[mine].sum() / tally.known[mine].sum())
        ringing = float(tally.alarm[mine].sum() / tally.quiet[mine].sum())
    return Score(
        tally.contender.name, tally.contender.settings, number, wilson(hits, number, plan.level), mean_interval(early, plan.level, 0, 1),
        mean_interval(tally.delay[there & tally.found], plan.level, 0, np.inf),
        rate_interval(tally.false_alerts[mine], tally.quiet[mine] / frequency, plan.level), ringing, coverage,
    )  # fmt: skip


def wilson(hits: int, number: int, level: float) -> Interval:
    """Share of `number` with Wilson's interval (1927).

    >>> found = wilson(8, 10, 0.95)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.8, 0.49, 0.943)
    """
    if number == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    z, share = float(ndtri((1 + level) / 2)), hits / number
    center = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    reach = z * np.sqrt(share * (1 - share) / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
    return Interval(share, float(max(center - reach, 0)), float(min(center + reach, 1)))


def mean_interval(values: Floats, level: float, least: float, most: float) -> Interval:
    """Mean of independent values, normal interval kept within what can be; of fewer than two, the whole range."""
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, least, most)
    reach = float(ndtri((1 + level) / 2)) * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Interval(mean, max(mean - reach, least), min(mean + reach, most))


def rate_interval(events: Floats, years: Floats, level: float) -> Interval:
    """Events a year over all units, with Garwood's exact Poisson interval (1936), widened by the units' own overdispersion.

    >>> found = rate_interval(np.zeros(3), np.ones(3), 0.95)
    >>> found.value, found.low, round(found.high, 3)
    (0.0, 0.0, 1.23)
    """
    total, exposure = float(events.sum()), float(years.sum())
    if exposure == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    rate = total / exposure
    expected = rate * years
    inside = expected > 0
    units = int(inside.sum())
    over = float((((events - expected)[inside]) ** 2 / expected[inside]).sum()) / (units - 1) if units > 1 else 1.0
    over = max(over, 1.0)
    tail, seen, span = (1 - level) / 2, total / over, exposure / over
    low = float(chdtri(2 * seen, 1 - tail)) / 2 / span if seen > 0 else 0.0
    return Interval(rate, low, float(chdtri(2 * seen + 2, tail)) / 2 / span)


def recommend(scores: Sequence[Score], tallies: Sequence[Tally], plan: Plan) -> tuple[int | None, str]:
    """The timeliest detector among those within the limit of false alerts, and why; those that cannot be told apart on the same
    outbreaks are named."""
    able = [place for place, one in enumerate(scores) if one.coverage >= LEAST_COVERAGE and one.outbreaks]
    if not able:
        return None, "No detector could test half of the dates: the history is too short or has too many gaps. Take daily or longer series."
    within = [place for place in able if scores[place].false_alerts.value <= plan.false_alerts]
    if not within:
        calm = min(able, key=lambda place: scores[place].false_alerts.value)
        one = scores[calm]
        return calm, (
            f"No detector stays within {plan.false_alerts:g} false alerts a year and series; {one.detector} ({one.settings}) has the "
            f"fewest, {one.false_alerts.value:.2f}."
        )
    best = max(within, key=lambda place: (scores[place].timeliness.value, -scores[place].false_alerts.value))
    one = scores[best]
    rivals = [
        f"{scores[place].detector} ({scores[place].settings})" for place in within
        if place != best and _alike(tallies[best], tallies[place], plan.level)
    ]  # fmt: skip
    close = f" Not told apart from it: {', '.join(rivals)}." if rivals else ""
    return best, (
        f"{one.detector} ({one.settings}) is the timeliest within {plan.false_alerts:g} false alerts a year and series: it found "
        f"{one.detection.value:.0%} of {one.outbreaks} outbreaks, after {one.delay.value:.1f} dates, with {one.false_alerts.value:.2f} "
        f"false alerts a year.{close}"
    )


def _timeliness(tally: Tally) -> Floats:
    """[outbreaks], 1 at once to 0 for missed."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(tally.found, 1 - tally.delay / tally.length, 0.0)


def _alike(one: Tally, other: Tally, level: float) -> bool:
    """Whether the mean difference in timeliness on the same outbreaks may be none."""
    there = one.there
    difference = mean_interval((_timeliness(one) - _timeliness(other))[there], level, -1, 1)
    return difference.low <= 0 <= difference.high
