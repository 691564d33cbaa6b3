"""Group commit for decisions: many writers, one durable commit for all who wait; each returns only when its own row is on disk."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from heedful.store.ledger import Ledger

GATHER_SECONDS = 0.002
"""How long a commit waits for as many rows as the one before had: those writers were just let go and bring their next."""


class _Waiting:
    def __init__(self, decision: Mapping[str, Any], delivery: Mapping[str, Any] | None) -> None:
        self.decision, self.delivery = decision, delivery
        self.done, self.new = threading.Event(), False
        self.error: Exception | None = None


class DecisionLog:
    """Records decisions with their outbox rows. Use as a context manager; one thread commits what the others bring.

    `record` blocks until its row is durable. With one writer each row is its own commit; with many, a commit carries all that
    arrived while the one before was being written.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wake = threading.Condition()
        self._queue: list[_Waiting] = []
        self._closing = False
        self._thread = threading.Thread(target=self._commit_groups, name="decision-log", daemon=True)

    def __enter__(self) -> DecisionLog:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def record(self, decision: Mapping[str, Any], delivery: Mapping[str, Any] | None) -> bool:
        """Write a decision, and its outbox row if it sends; False if one for this person, point and time was there already.

        Raises whatever the database raised: then nothing was written and nothing may leave.
        """
        waiting = _Waiting(decision, delivery)
        with self._wake:
            self._queue.append(waiting)
            self._wake.notify()
        waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        return waiting.new

    def _commit_groups(self) -> None:
        expected = 1
        while True:
            with self._wake:
                self._wake.wait_for(lambda: bool(self._queue) or self._closing)
                self._wake.wait_for(lambda: len(self._queue) >= expected or self._closing, GATHER_SECONDS)  # noqa: B023
                group, self._queue = self._queue, []
                expected = len(group)
                if not group and self._closing:
                    return
            self._commit(group)

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            with self._ledger.transaction() as connection:
                fresh = self._ledger.insert_new_decisions([waiting.decision for waiting in group], connection)
                for waiting in group:
                    waiting.new = waiting.decision["decision"] in fresh
                self._ledger.insert("deliveries", [w.delivery for w in group if w.new and w.delivery is not None], connection)
        except Exception as error:
            for waiting in group:
                waiting.error = error
        finally:
            for waiting in group:
                waiting.done.set()
