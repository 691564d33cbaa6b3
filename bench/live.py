"""A live minute of 200 people over 30 days of history: raw rows to features, changes and decisions, batch after batch.

Each batch: 200 people × steps and heart rate of one minute, where one row in twenty is one of the last three days that arrives late; through the
consent door into the lake, every derivation brought up to date, then the decisions of the ten people who are due in this minute, each durable.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.measure import Line, Times, at_most, fresh_process, median, percentile

BAR = 500.0
LATE_SHARE = 0.05
LATE_MINUTES = 3 * 1_440
DUE_EVERY = 20
EDGE = 100
LATE = "late.parquet"
UPKEEP_EVERY = 60
"""Batches after which tables of many small files are compacted, as a service would between two minutes: not part of a batch's time."""


def lines(folder: Path, people: int, days: int, batches: int) -> list[Line]:
    site = folder / f"live-{people}-{days}"
    shutil.rmtree(site, ignore_errors=True)
    fresh_process("live:fill", site, people, days, batches)
    answer = fresh_process("live:work", site, people, days, batches, one_core=True)
    waits, clock = ([1e3 * value for value in answer["times"][name]] for name in ("undisturbed", "clock"))
    parts = ", ".join(f"{name} {median(values):.0f}" for name, values in answer["parts"].items())
    edge = min(EDGE, batches // 2)
    early, late = median(waits[:edge]), median(waits[-edge:])
    return [
        at_most(
            f"live: {people} people × 1 minute, p99", percentile(waits, 0.99), "ms", BAR, f"{percentile(clock, 0.99):.0f} ms", "",
            f"{batches:,} batches over {days} days of history, one core, p50 {median(waits):.0f} ms ({parts}); {answer['decisions']:,} decisions; "
            f"first batch after opening {answer['first'] * 1e3:.0f} ms; upkeep between batches {answer['upkeep']:.1f} s in all; "
            f"{answer['peak_mb']:.0f} MB",
        ),
        at_most(
            f"live: last {edge} batches of {batches:,} / first {edge}", late / early, "×", 1.25,
            f"{median(clock[-edge:]) / median(clock[:edge]):.2f} ×", "", f"medians {early:.0f} and {late:.0f} ms",
        ),
    ]  # fmt: skip


def fill(folder: str, people: str, days: str, batches: str) -> dict[str, Any]:
    """A site with its history, and beside it what will arrive late."""
    from bench.sites import open_site

    live = LiveMinutes(int(people), int(days), int(batches))
    everything, late = live.made()
    site = open_site(Path(folder))
    with site.writing():
        live.history(site, everything)
    site.close()
    late.write_parquet(Path(folder) / LATE)
    return {}


def work(folder: str, people: str, days: str, batches: str) -> dict[str, Any]:
    """Open the site anew, as a service would start, and go through the batches."""
    from bench.sites import open_site

    live = LiveMinutes(int(people), int(days), int(batches))
    live.held_back = pl.read_parquet(Path(folder) / LATE)
    site = open_site(Path(folder), live.begin)
    with site.writing():
        return live.run(site)


class LiveMinutes:
    """What arrives when; all of it follows from the seed."""

    def __init__(self, people: int, days: int, batches: int) -> None:
        from bench.minutes import FIRST, MINUTES, raw_id

        self.people, self.batches, self.names = people, batches + 1, [raw_id(person) for person in range(people)]
        self.first_minute, self.days = days * MINUTES, days
        self.begin = FIRST + timedelta(days=days)
        self.held_back = pl.DataFrame()

    def made(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The history, and the rows of its last three days that come late, each with the batch that brings it."""
        from bench.minutes import month

        everything = month(range(self.people), self.days)
        count = round(self.people * 2 * LATE_SHARE)
        recent = everything.filter(pl.col("start_at") >= self.begin - timedelta(minutes=LATE_MINUTES)).select("person", "code", "start_at")
        chosen = recent.sample(count * self.batches, seed=5).with_columns(batch=pl.Series(np.repeat(np.arange(self.batches), count)))
        by = ["person", "code", "start_at"]
        late = everything.join(chosen, on=by, how="inner").sort("batch", *by)
        past = everything.join(chosen, on=by, how="anti").with_columns(known_at=pl.lit(self.begin).cast(pl.Datetime("us", "UTC")))
        return past, late

    def history(self, site: Any, past: pl.DataFrame) -> None:
        from bench.sites import fill

        fill(site, range(self.people), past.partition_by("person", maintain_order=True))

    def batch(self, number: int, at: datetime) -> pl.DataFrame:
        from bench.minutes import rows

        rng = np.random.default_rng(number)
        minute = np.full(self.people, self.first_minute + number)
        late = self.held_back.filter(pl.col("batch") == number).drop("batch")
        values = (("steps", "{steps}", rng.poisson(6, self.people)), ("heart_rate", "/min", rng.normal(70, 5, self.people).round()))
        fresh = pl.concat(
            [rows("", code, unit, minute, value.astype(float)).with_columns(person=pl.Series(self.names)) for code, unit, value in values]
        )
        on_time = fresh.sample(fresh.height - late.height, seed=number)
        return pl.concat([on_time, late]).with_columns(known_at=pl.lit(at).cast(pl.Datetime("us", "UTC")))

    def run(self, site: Any) -> dict[str, Any]:
        from bench.sites import compact, take
        from heedful.core.schemas import Observations
        from heedful.engine.intake import Accounts

        accounts, taken, whole, upkeep = Accounts(), 0, Times(), Times()
        parts = {"take": Times(), "derive": Times(), "decide": Times()}
        for number in range(self.batches):
            at = self.begin + timedelta(minutes=number, seconds=65)
            site.clock.instant = at
            arriving = self.batch(number, at)
            with whole.one_more():
                with parts["take"].one_more():
                    take(site, "live", Observations, arriving, accounts)
                with parts["derive"].one_more():
                    site.intake.derive()
                with parts["decide"].one_more():
                    taken += self._decide(site, number, at)
            if number % UPKEEP_EVERY == UPKEEP_EVERY - 1:
                with upkeep.one_more():
                    compact(site)
        times = whole.as_dict()
        return {
            "times": {name: values[1:] for name, values in times.items()}, "first": times["undisturbed"][0], "decisions": taken,
            "parts": {name: [1e3 * value for value in part.as_dict()["undisturbed"][1:]] for name, part in parts.items()},
            "upkeep": sum(one.undisturbed for one in upkeep.watches),
        }  # fmt: skip

    def _decide(self, site: Any, number: int, at: datetime) -> int:
        """As `heedful.loops.personal.decide_due`, for the people whose time is this minute: that one has one local time for everybody."""
        from heedful.core.labels import Care
        from heedful.core.schemas import Features
        from heedful.intervene import DecisionPoint, LedgerState, Scheduled, decide_many
        from heedful.intervene.decide import Due
        from heedful.loops.personal import DECISION_KINDS, person_states, rules_of, sent_before
        from heedful.store.decision_log import DecisionLog
        from heedful.trust.consent import people_with

        due_at = at.replace(second=0)
        point = DecisionPoint("live", due_at.time())
        names = {site.participant_key.name(name) for name in self.names[number % DUE_EVERY :: DUE_EVERY]}
        agreed = people_with(site.grants(), "care", DECISION_KINDS)
        rules = rules_of(site.settings.decisions, site.secret.derived("decisions"))
        sent = sent_before(site, names, due_at, rules.budget)
        dues = [
            Due(state, Scheduled(due_at.date(), due_at, 0), state.person in agreed, sent.get(state.person, LedgerState()))
            for state in person_states(site)
            if state.person in names
        ]
        with DecisionLog(site.ledger) as log:
            return sum(log.record(decision.row(), None) for decision in decide_many(point, dues, site.view(Features, Care), rules, at))
