"""A decision, features in hand, to durable in the ledger: one writer alone, and a hundred at once; SQLite with full synchronisation."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measure import Line, Times, at_least, at_most, emptied, median, percentile

WRITERS = 100


def lines(folder: Path, alone: int, each: int, rounds: int) -> list[Line]:
    waits, groups, syncs = Times(), Times(), list[float]()
    for number in range(rounds):
        _alone(emptied(folder / f"alone-{number}") / "ledger.sqlite", alone, waits)
        _together(emptied(folder / f"together-{number}") / "ledger.sqlite", each, groups)
        syncs.append(_sync_ms(folder / "sync"))
    one, many = waits.as_dict(), groups.as_dict()
    p99, clock99 = (percentile(one[name], 0.99) * 1e3 for name in ("undisturbed", "clock"))
    rate, clock_rate = (WRITERS * each / median(many[name]) for name in ("undisturbed", "clock"))
    sync = median(syncs)
    return [
        at_most(
            "one decision → durable, alone, p99", p99, "ms", 20, f"{clock99:.1f} ms", f"a 4 kB write and fsync {sync:.1f} ms, {p99 / sync:.1f} ×",
            f"{len(one['clock']):,} decisions with their outbox rows, features in hand; p50 {median(one['undisturbed']) * 1e3:.1f} ms; SQLite",
        ),
        at_least(
            f"decisions of {WRITERS} writers → durable", rate, "/s", 5_000, f"{clock_rate:,.0f}",
            f"one fsync each would be {1e3 / sync:,.0f}/s, {rate * sync / 1e3:.1f} ×", f"{rounds} rounds of {WRITERS * each:,}, group commit; SQLite",
        ),
    ]  # fmt: skip


def decision(number: int) -> tuple[dict[str, object], dict[str, object]]:
    """A decision row and its outbox row, as the loop writes them."""
    at = datetime(2026, 3, 1, 17, tzinfo=UTC) + timedelta(minutes=number)
    row: dict[str, object] = {
        "decision": f"{number:024x}", "person": f"pa_{number % 1000:024x}", "decision_point": "daily", "scheduled_at": at, "decided_at": at,
        "outcome": "send", "refused_by": "", "reason": "The policy gives walk_short the probability 0.30; the draw 0.123 chose it.",
        "policy": "fixed/1", "probability": 0.3, "u": 0.123, "action": "walk_short", "features": '{"steps[sum]": 5012.0}', "offset_minutes": 60,
    }  # fmt: skip
    delivery: dict[str, object] = {
        "decision": row["decision"], "channel": "file", "text": "A short walk today?", "deliver_by": at + timedelta(hours=1), "status": "waiting", "at": at,
    }  # fmt: skip
    return row, delivery


def _alone(path: Path, count: int, waits: Times) -> None:
    from heedful.store.decision_log import DecisionLog
    from heedful.store.ledger import Ledger

    ledger = Ledger(f"sqlite:///{path}")
    rows = [decision(number) for number in range(count + 20)]
    with DecisionLog(ledger) as log:
        for row in rows[:20]:
            log.record(*row)
        for row in rows[20:]:
            with waits.one_more():
                assert log.record(*row)
    ledger.close()


def _together(path: Path, each: int, groups: Times) -> None:
    from heedful.store.decision_log import DecisionLog
    from heedful.store.ledger import Ledger

    ledger = Ledger(f"sqlite:///{path}")
    rows = [[decision(writer * each + number) for number in range(each)] for writer in range(WRITERS)]
    with DecisionLog(ledger) as log:
        threads = [threading.Thread(target=lambda mine=mine: [log.record(*row) for row in mine]) for mine in rows]
        with groups.one_more():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert ledger.rows("decisions").height == WRITERS * each
    ledger.close()


def _sync_ms(path: Path, times: int = 50) -> float:
    with path.open("wb") as out:
        begun = time.perf_counter()
        for _ in range(times):
            out.write(b"x" * 4096)
            out.flush()
            os.fsync(out.fileno())
    return (time.perf_counter() - begun) / times * 1e3
