"""A live minute of 200 people over 30 days of history: raw rows to features, changes and decisions, batch after batch.

Each batch: 200 people × steps and heart rate of one minute, where one row in twenty is one of the last three days that arrives late; through the
consent door into the lake, every derivation brought up to date, then the decisions of the ten people who are due in this minute, each durable.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.measure import Line, at_most, fresh_process, median, percentile

BAR = 500.0
LATE_SHARE = 0.05
LATE_MINUTES = 3 * 1_440
DUE_EVERY = 20
EDGE = 100


def lines(folder: Path, people: int, days: int, batches: int) -> list[Line]:
    answer = fresh_process("live:work", folder, people, days, batches)
    waits: list[float] = answer["ms"]
    parts = ", ".join(f"{name} {median(values):.0f}" for name, values in answer["parts"].items())
    found = [
        at_most(
            f"live: {people} people × 1 minute, p99", percentile(waits, 0.99), "ms", BAR,
            f"{batches} batches over {days} days, p50 {median(waits):.0f} ms ({parts}); {answer['decisions']:,} decisions; first batch after "
            f"opening {answer['first']:.0f} ms; {answer['peak_mb']:.0f} MB",
        )
    ]  # fmt: skip
    edge = min(EDGE, batches // 2)
    early, late = median(waits[:edge]), median(waits[-edge:])
    found.append(
        at_most(
            f"live: last {edge} batches of {batches:,} / first {edge}", late / early, "×", 1.25, f"medians {early:.0f} and {late:.0f} ms"
        )
    )
    return found


def work(folder: str, people: str, days: str, batches: str) -> dict[str, Any]:
    """Fill a site with history, open it anew as a service would start, and go through the batches."""
    from bench.sites import open_site

    live = LiveMinutes(int(people), int(days), int(batches))
    site = open_site(Path(folder))
    with site.writing():
        live.history(site)
    site.close()
    site = open_site(Path(folder), live.begin)
    with site.writing():
        return live.run(site)


class LiveMinutes:
    """What arrives when; all of it follows from the seed."""

    def __init__(self, people: int, days: int, batches: int) -> None:
        from bench.minutes import FIRST, MINUTES, month, raw_id

        self.people, self.batches, self.names = people, batches + 1, [raw_id(person) for person in range(people)]
        self.first_minute = days * MINUTES
        self.begin = FIRST + timedelta(days=days)
        everything = month(range(people), days)
        late = self._late(everything)
        self.held_back = everything.join(late, on=["person", "code", "start_at"], how="inner").sort("batch", "person", "code", "start_at")
        self.past = everything.join(late, on=["person", "code", "start_at"], how="anti").with_columns(
            known_at=pl.lit(self.begin).cast(pl.Datetime("us", "UTC"))
        )

    def _late(self, everything: pl.DataFrame) -> pl.DataFrame:
        """Which rows of the last three days come late, and with which batch."""
        count = round(self.people * 2 * LATE_SHARE)
        recent = everything.filter(pl.col("start_at") >= self.begin - timedelta(minutes=LATE_MINUTES)).select("person", "code", "start_at")
        chosen = recent.sample(count * self.batches, seed=5)
        return chosen.with_columns(batch=pl.Series(np.repeat(np.arange(self.batches), count)))

    def history(self, site: Any) -> None:
        from bench.sites import fill

        fill(site, range(self.people), self.past.partition_by("person", maintain_order=True))

    def batch(self, number: int, at: datetime) -> pl.DataFrame:
        from bench.minutes import rows

        rng = np.random.default_rng(number)
        minute = np.array([self.first_minute + number])
        late = self.held_back.filter(pl.col("batch") == number).drop("batch")
        fresh = pl.concat(
            [rows(name, "steps", "{steps}", minute, rng.poisson(6, 1).astype(float)) for name in self.names]
            + [rows(name, "heart_rate", "/min", minute, rng.normal(70, 5, 1).round()) for name in self.names]
        )
        on_time = fresh.sample(fresh.height - late.height, seed=number)
        return pl.concat([on_time, late]).with_columns(known_at=pl.lit(at).cast(pl.Datetime("us", "UTC")))

    def run(self, site: Any) -> dict[str, Any]:
        from bench.sites import take
        from heedful.core.schemas import Observations
        from heedful.engine.intake import Accounts

        accounts, taken = Accounts(), 0
        parts: dict[str, list[float]] = {"take": [], "derive": [], "decide": []}
        for number in range(self.batches):
            at = self.begin + timedelta(minutes=number, seconds=65)
            site.clock.instant = at
            arriving = self.batch(number, at)
            clock = [time.perf_counter()]
            take(site, "live", Observations, arriving, accounts)
            clock.append(time.perf_counter())
            site.intake.derive()
            clock.append(time.perf_counter())
            taken += self._decide(site, number, at)
            clock.append(time.perf_counter())
            for name, begun, ended in zip(parts, clock, clock[1:], strict=False):
                parts[name].append((ended - begun) * 1e3)
        waits = [sum(of_one) for of_one in zip(*parts.values(), strict=True)]
        return {"ms": waits[1:], "first": waits[0], "parts": {name: values[1:] for name, values in parts.items()}, "decisions": taken}

    def _decide(self, site: Any, number: int, at: datetime) -> int:
        """As `heedful.loops.personal.decide_due`, for the people whose time is this minute: that one has one local time for everybody."""
        from heedful.core.labels import Care
        from heedful.core.schemas import Features
        from heedful.intervene import DecisionPoint, LedgerState, Scheduled, decide_many, ledger_states
        from heedful.intervene.decide import Due
        from heedful.loops.personal import DECISION_KINDS, person_states, rules_of
        from heedful.store.decision_log import DecisionLog
        from heedful.trust.consent import people_with

        due_at = at.replace(second=0)
        point = DecisionPoint("live", due_at.time())
        names = {site.participant_key.name(name) for name in self.names[number % DUE_EVERY :: DUE_EVERY]}
        agreed = people_with(site.grants(), "care", DECISION_KINDS)
        sent = ledger_states(site.ledger.rows("decisions"))
        dues = [
            Due(state, Scheduled(due_at.date(), due_at, 0), state.person in agreed, sent.get(state.person, LedgerState()))
            for state in person_states(site)
            if state.person in names
        ]
        rules = rules_of(site.settings.decisions, site.secret.derived("decisions"))
        with DecisionLog(site.ledger) as log:
            return sum(log.record(decision.row(), None) for decision in decide_many(point, dues, site.view(Features, Care), rules, at))
