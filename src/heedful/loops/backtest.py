"""`heedful backtest`: this site's own histories, or the simulated scenarios, given to the back-test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import polars as pl

from heedful.core.errors import NotFoundError
from heedful.core.schemas import Counts, Series
from heedful.loops.site import Site
from heedful.population.backtest import Backtest, Known, Plan, Progress, backtest
from heedful.population.contenders import contenders
from heedful.population.histories import Histories, histories
from heedful.population.noufaily_scenarios import FIRST_BASELINE_WEEK, FIRST_TESTED_WEEK, SCENARIOS, WEEKS, simulate
from heedful.population.outbreak_injection import outbreaks
from heedful.population.people_mentions import ANY
from heedful.population.yearly_reference import Calendar

PAST_OUTBREAKS = 4
"""In each simulated baseline, as in the paper."""
LEAST_CASES, LEAST_DATES = 10, 20
"""A history with less says nothing of a detector."""
_CELL = ["signal", "place", "stratum"]


@dataclass(frozen=True)
class Judged:
    """A back-test of the histories of one kind: what they are, how they were replayed, and what was left out."""

    title: str
    series: int
    first: str
    last: str
    tested_dates: int
    replayed: str
    left_out: list[str]
    result: Backtest
    plan: Plan
    frequency: int


@dataclass(frozen=True)
class _Kind:
    """Histories of one kind, and those as known when a row was tested, if that was kept."""

    title: str
    data: Histories
    known: Known | None
    left_out: list[str]


def backtest_simulated(plan: Plan, seed: int, progress: Progress | None = None) -> Judged:
    """The 42 scenarios, `plan.replicas` series of each, four outbreaks in every baseline, one in the 49 tested weeks."""
    parts = [simulate(scenario, plan.replicas, seed) for scenario in SCENARIOS]
    counts, spread = (np.vstack([part[one] for part in parts]) for one in (0, 1))
    rng = np.random.default_rng((seed, len(SCENARIOS)))
    baseline = slice(FIRST_BASELINE_WEEK - 1, FIRST_TESTED_WEEK - 1)
    for _ in range(PAST_OUTBREAKS):
        counts = counts + outbreaks(spread, baseline, 1, plan.outbreaks, rng).cases
    first = FIRST_BASELINE_WEEK - 1
    tested = WEEKS - FIRST_TESTED_WEEK + 1
    once = replace(plan, replicas=1, tested_rows=tested)
    calendar = Calendar(52)
    result = backtest(
        counts[:, first:], calendar, contenders(calendar, WEEKS - first - tested), once, seed, spread=spread[:, first:], progress=progress
    )
    title = f"{len(SCENARIOS)} scenarios of Noufaily et al. 2013, {plan.replicas} series each"
    return Judged(title, len(counts), f"week {first + 1}", f"week {WEEKS}", tested, "as drawn", [], result, once, 52)


def backtest_site(site: Site, plan: Plan, seed: int, signal: str = "", place: str = "", progress: Progress | None = None) -> list[Judged]:
    """Official series and counts of people of a site; only those of a `signal` and `place` if named.

    Raises `NotFoundError` if there is no history that could be judged, saying what was left out and why.
    """
    judged, said = [], list[str]()
    for kind in _kinds(site, signal, place):
        data, note = _worth_judging(kind.data)
        left_out = [*kind.left_out, *note]
        dates = data.counts.shape[1]
        if not len(data.counts) or dates < LEAST_DATES:
            said += [f"{kind.title}: {dates} dates, and {LEAST_DATES} are needed." if len(data.counts) else f"{kind.title}:", *left_out]
            continue
        asked = min(data.calendar.frequency, dates // 2) if plan.tested_rows is None else plan.tested_rows
        mine = replace(plan, tested_rows=asked)
        known = None if kind.known is None else _of_rows(kind.known, kind.data, data)
        result = backtest(data.counts, data.calendar, contenders(data.calendar, dates - asked), mine, seed, known=known, progress=progress)
        replayed = "as known then" if known else "as known now (no earlier issue was kept)"
        judged.append(Judged(
            kind.title, len(data.counts), str(data.days[0]), str(data.days[-1]), asked, replayed, left_out, result, mine,
            data.calendar.frequency,
        ))  # fmt: skip
    if not judged:
        reasons = " ".join(said) or "Read official series or posts first: heedful run. Or see simulated histories: --simulate."
        raise NotFoundError(f"There is no history to put outbreaks into. {reasons}")
    return judged


def _worth_judging(data: Histories) -> tuple[Histories, list[str]]:
    """Series with enough cases, and a sentence about the others."""
    enough = np.nansum(data.counts, axis=1) >= LEAST_CASES
    lost = int((~enough).sum())
    kept = Histories(data.keys.filter(pl.Series(enough)), data.days, data.counts[enough], data.step)
    return kept, [f"{lost} series with fewer than {LEAST_CASES} cases in all were left out."] if lost else []


def _of_rows(known: Known, whole: Histories, kept: Histories) -> Known:
    """The same histories as known then, of the series kept."""
    names = whole.keys.columns
    rows = whole.keys.with_row_index("row").join(kept.keys, on=names, how="semi", maintain_order="left")["row"].to_numpy()
    return lambda row: known(row)[rows]


def _kinds(site: Site, signal: str, place: str) -> Iterator[_Kind]:
    yield from _official(_named(site.lake.read(Series), signal, place))
    tables = [step for step in site.engine.plan.steps if step.derivation.writes is Counts]
    parts = [site.lake.read_derived(step.table, Counts, None) for step in tables]
    if parts:
        yield from _people(pl.concat(parts), signal, place, site.settings.disclosure.minimum_cell)


def _named(rows: pl.DataFrame, signal: str, place: str) -> pl.DataFrame:
    wanted = [pl.col(name) == value for name, value in (("signal", signal), ("place", place)) if value]
    return rows.filter(*wanted) if wanted else rows


def _official(rows: pl.DataFrame) -> Iterator[_Kind]:
    keys = ["source", *_CELL]
    rates = rows.filter(~pl.col("unit").str.starts_with("{"))
    others = rows.filter(~pl.col("period_days").is_in([1, 7]))
    for step, word in ((7, "Weekly"), (1, "Daily")):
        mine = rows.filter((pl.col("period_days") == step) & pl.col("unit").str.starts_with("{"))
        mine = mine.with_columns(pl.col("value").fill_nan(None))
        left_out = [
            f"{part.select(keys).n_unique()} series of {what} were left out." for part, what in (
                (rates.filter(pl.col("period_days") == step), "rates (outbreaks are put in as cases)"),
                (others, "other period lengths"),
            ) if part.height
        ]  # fmt: skip
        newest = mine.sort("known_at").unique([*keys, "day"], keep="last", maintain_order=True)
        for data in histories(newest, keys, step):
            yield _Kind(f"{word} official series", data, _as_known(mine, keys, data), left_out)


def _as_known(issues: pl.DataFrame, keys: list[str], data: Histories) -> Known | None:
    """The history as it stood when a row was first issued (the median over series); None if all was issued at once."""
    first = issues.group_by([*keys, "day"]).agg(pl.col("known_at").min()).group_by("day").agg(pl.col("known_at").median().alias("at"))
    if first["at"].n_unique() <= first.height // 2:
        return None
    days = pl.Series("day", data.days.astype("datetime64[D]")).cast(pl.Date)
    moments = days.to_frame().join(first, on="day", how="left", maintain_order="left")["at"].forward_fill().to_list()
    frame = data.keys.join(days.to_frame(), how="cross").with_columns(pl.lit(None, dtype=pl.Float64).alias("value"))

    @cache
    def known(row: int) -> np.ndarray:
        then = issues.filter(pl.col("known_at") <= moments[row]).sort("known_at").unique([*keys, "day"], keep="last")
        filled = frame.join(then.select(*keys, "day", pl.col("value").alias("then")), on=[*keys, "day"], how="left", maintain_order="left")
        return filled["then"].fill_null(np.nan).to_numpy().reshape(data.counts.shape)

    return known


def _people(rows: pl.DataFrame, signal: str, place: str, minimum_cell: int) -> Iterator[_Kind]:
    """Counts of people by day, withheld ones at half the minimum, as the alarms take them."""
    newest = rows.sort("known_at").unique([*_CELL, "day"], keep="last", maintain_order=True)
    posted = newest.filter(pl.col("signal") == ANY).select("place", "stratum", "day")
    known = pl.when(pl.col("suppressed") != "").then(minimum_cell / 2).otherwise(pl.col("people").cast(pl.Float64))
    values = _named(newest.filter(pl.col("signal") != ANY), signal, place).select(*_CELL, "day", known.alias("value"))
    for data in histories(values, _CELL, 1, posted):
        yield _Kind("Daily counts of people", data, None, [])
