"""A decision, features in hand, to durable in the ledger: one writer alone, and a hundred at once; SQLite with full synchronisation."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measure import Line, at_least, at_most, median, percentile, spread

WRITERS = 100


def lines(folder: Path, alone: int, each: int, rounds: int) -> list[Line]:
    waits, rates, syncs = [], [], []
    for number in range(rounds):
        waits += _alone(folder / f"alone-{number}.sqlite", alone)
        rates.append(_together(folder / f"together-{number}.sqlite", each))
        syncs.append(_sync_ms(folder / "sync"))
    return [
        at_most(
            "one decision → durable, alone, p99", percentile(waits, 0.99) * 1e3, "ms", 20,
            f"{len(waits):,} decisions, p50 {median(waits) * 1e3:.1f} ms; a bare 4 kB write and fsync here {median(syncs):.1f} ms",
        ),
        at_least(
            f"decisions of {WRITERS} writers → durable", median(rates), "/s", 5_000, f"{rounds} rounds of {WRITERS * each:,}, {spread(rates, 0)}"
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


def _alone(path: Path, count: int) -> list[float]:
    from heedful.store.decision_log import DecisionLog
    from heedful.store.ledger import Ledger

    ledger, waits = Ledger(f"sqlite:///{path}"), []
    rows = [decision(number) for number in range(count + 20)]
    with DecisionLog(ledger) as log:
        for row in rows:
            begun = time.perf_counter()
            assert log.record(*row)
            waits.append(time.perf_counter() - begun)
    ledger.close()
    return waits[20:]


def _together(path: Path, each: int) -> float:
    from heedful.store.decision_log import DecisionLog
    from heedful.store.ledger import Ledger

    ledger = Ledger(f"sqlite:///{path}")
    rows = [[decision(writer * each + number) for number in range(each)] for writer in range(WRITERS)]
    with DecisionLog(ledger) as log:
        threads = [threading.Thread(target=lambda mine=mine: [log.record(*row) for row in mine]) for mine in rows]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - begun
    assert ledger.rows("decisions").height == WRITERS * each
    ledger.close()
    return WRITERS * each / taken


def _sync_ms(path: Path, times: int = 50) -> float:
    with path.open("wb") as out:
        begun = time.perf_counter()
        for _ in range(times):
            out.write(b"x" * 4096)
            out.flush()
            os.fsync(out.fileno())
    return (time.perf_counter() - begun) / times * 1e3
