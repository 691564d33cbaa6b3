"""One suite for both ledgers: acts once, audit chain, journal, forgetting a person, many writers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sql

from heedful.core.errors import StoreError
from heedful.store.decision_log import DecisionLog
from heedful.store.ledger import Ledger
from heedful.trust.audit import verify_chain

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def decision(n: int, person: str = "p") -> dict[str, Any]:
    return {
        "decision": f"d{n}", "person": person, "decision_point": "daily", "scheduled_at": NOW + timedelta(minutes=n), "decided_at": NOW,
        "outcome": "send", "refused_by": "", "reason": "because", "policy": "fixed/1", "probability": 0.4, "u": 0.1, "action": "walk",
        "features": "{}", "offset_minutes": 60,
    }  # fmt: skip


def delivery(n: int) -> dict[str, Any]:
    return {"decision": f"d{n}", "channel": "file", "text": "Hello", "deliver_by": NOW, "status": "waiting", "at": NOW}


def test_a_decision_is_taken_once(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    assert ledger.insert("decisions", [decision(1)]) == 1
    assert ledger.insert("decisions", [{**decision(1), "decision": "other", "outcome": "no_message"}]) == 0
    rows = ledger.rows("decisions")
    assert rows["outcome"].to_list() == ["send"]
    assert rows["decided_at"].to_list() == [NOW]


def test_sent_are_the_messages_of_the_people_asked_for_and_not_older(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    others = [decision(1, f"x{n}") for n in range(1_200)]
    ledger.insert("decisions", [decision(1), decision(5), {**decision(6), "outcome": "refused"}, decision(7, "q"), *others])
    found = ledger.sent(["p", "nobody"], NOW + timedelta(minutes=2))
    assert found.rows() == [("p", NOW + timedelta(minutes=5), "send")]
    assert ledger.sent([f"x{n}" for n in range(1_200)], NOW).height == 1_200
    assert ledger.sent([], NOW).height == 0


def test_acts_cannot_be_rewritten(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    with pytest.raises(StoreError, match="never rewritten"):
        ledger.update("decisions", {"decision": "d1"}, {"outcome": "send"})
    ledger.insert("deliveries", [delivery(1)])
    assert ledger.update("deliveries", {"decision": "d1"}, {"status": "sent"}) == 1


def test_the_audit_chain_shows_every_change(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    for n in range(5):
        ledger.audit(NOW + timedelta(seconds=n), "read", {"n": n})
    assert verify_chain(ledger.rows("audit")) is None
    for damage in ("UPDATE audit SET detail = '{}' WHERE n = 3", "DELETE FROM audit WHERE n = 2"):
        with ledger.engine.begin() as connection:
            connection.execute(sql.text(damage))
        assert verify_chain(ledger.rows("audit")) is not None


def test_the_journal_follows_a_batch(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    number = ledger.begin_batch("file", NOW)
    assert ledger.open_batches() == [(number, "file", "begun", None)]
    ledger.base_written(number, "file", {"line": 7}, False, {"records": 7}, NOW)
    assert ledger.inputs()["file"]["cursor"] == {"line": 7}
    assert ledger.open_batches()[0][2] == "base"
    ledger.derived_written([number])
    assert ledger.open_batches() == []
    assert ledger.begin_batch("file", NOW) == number + 1


def test_forgetting_a_person_leaves_others(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    ledger.insert("decisions", [decision(1, "p"), decision(2, "q")])
    ledger.insert("deliveries", [delivery(1), delivery(2)])
    assert ledger.forget_person("p") == {"deliveries": 1, "decisions": 1}
    assert ledger.rows("decisions")["person"].to_list() == ["q"]
    assert ledger.rows("deliveries")["decision"].to_list() == ["d2"]


def test_a_hundred_writers_lose_nothing(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    with DecisionLog(ledger) as log:
        threads = [
            threading.Thread(target=lambda k=k: [log.record(decision(100 * k + n), delivery(100 * k + n)) for n in range(5)])
            for k in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ledger.rows("decisions").height == 100
    assert ledger.rows("deliveries").height == 100


def test_a_decision_that_was_there_is_said_so(ledger_url: str) -> None:
    with DecisionLog(Ledger(ledger_url)) as log:
        assert log.record(decision(1), None) is True
        assert log.record(decision(1), None) is False


def test_a_ledger_that_cannot_be_opened_says_so() -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Ledger("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
