"""The clock as an argument: subject rooms never ask the machine what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that can say what time it is, as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, in UTC, to the microsecond."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is set: for replays, tests and `as_of` runs.

    >>> FixedClock(datetime(2026, 1, 2, tzinfo=UTC)).now().isoformat()
    '2026-01-02T00:00:00+00:00'
    """

    instant: datetime

    def now(self) -> datetime:
        return self.instant
