"""How much is too much: messages a day and a week, the least gap between two, and hours in which nothing may arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from heedful.core.errors import SettingsError
from heedful.intervene.decision_points import instant, zone_of
from heedful.intervene.ledger_state import LedgerState


@dataclass(frozen=True)
class QuietHours:
    """Local hours without messages, from `start` up to but not at `end`; over midnight if `end` is earlier. Equal times: none.

    >>> QuietHours(time(21), time(8)).holds(time(7, 59)), QuietHours(time(21), time(8)).holds(time(8))
    (True, False)
    """

    start: time = time(21)
    end: time = time(8)

    def holds(self, local: time) -> bool:
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True)
class Budget:
    """The most that a person is sent: messages a local day, in seven local days, and the least minutes between two."""

    a_day: int = 1
    a_week: int = 5
    minimum_gap_minutes: int = 60
    quiet: QuietHours = field(default_factory=QuietHours)

    def __post_init__(self) -> None:
        if min(self.a_day, self.a_week, self.minimum_gap_minutes) < 0:
            raise SettingsError("A budget cannot be negative: a_day, a_week and minimum_gap_minutes are counts from 0 on.")

    @property
    def reach(self) -> timedelta:
        """How long before a decision a message can still count: seven local days lie within eight days, and the gap may be longer."""
        return max(timedelta(days=8), timedelta(minutes=self.minimum_gap_minutes))


def in_quiet_hours(budget: Budget, zone: str, at: datetime) -> str:
    """Why `at` is too early or late in the person's zone, as a sentence; empty if it is not."""
    local = at.astimezone(zone_of(zone))
    if budget.quiet.holds(local.time().replace(fold=0)):
        return f"It is {local:%H:%M} for this person, within the quiet hours from {budget.quiet.start:%H:%M} to {budget.quiet.end:%H:%M}."
    return ""


def overburdened(budget: Budget, zone: str, state: LedgerState, at: datetime) -> str:
    """Which limit one more message at `at` would break, as a sentence; empty if none. Days are days of the person's zone."""
    where = zone_of(zone)
    earlier = [sent for sent in state.sent_at if sent <= at]
    if earlier and at - max(earlier) < timedelta(minutes=budget.minimum_gap_minutes):
        return f"The last message was less than {budget.minimum_gap_minutes} min ago."
    today = at.astimezone(where).date()
    ages = [(today - sent.astimezone(where).date()).days for sent in earlier]
    if sum(age == 0 for age in ages) >= budget.a_day:
        return f"The budget of {budget.a_day} a day is used up."
    if sum(age < 7 for age in ages) >= budget.a_week:
        return f"The budget of {budget.a_week} in seven days is used up."
    return ""


def quiet_begins(budget: Budget, zone: str, at: datetime) -> datetime | None:
    """The next instant after `at` (outside of quiet hours) at which they begin; None if there are none."""
    if budget.quiet.start == budget.quiet.end:
        return None
    local = at.astimezone(zone_of(zone))
    for days in (0, 1):
        begins, _ = instant(local.date() + timedelta(days=days), budget.quiet.start, zone)
        if begins > at:
            return begins
    return None
