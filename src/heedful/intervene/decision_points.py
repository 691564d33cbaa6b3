"""When a decision is due: a named local time a day, in the person's own zone, as instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heedful.core.errors import SettingsError


@dataclass(frozen=True)
class DecisionPoint:
    """A moment of the day at which a message may be sent.

    Parameters
    ----------
    name: as it stands in the ledger. local_time: wall-clock time in the person's zone.
    window_minutes: a message is not delivered later than this after the scheduled time, so that nothing piles up.
    outcome_minutes: length of the window after the scheduled time in which the outcome is measured.
    messages: actions that the policy may choose from; "no message" is always one more. needs_approval: a human is asked first.
    """

    name: str
    local_time: time
    window_minutes: int = 60
    outcome_minutes: int = 120
    messages: tuple[str, ...] = ("walk_short", "walk_goal")
    needs_approval: bool = False

    def __post_init__(self) -> None:
        if self.local_time.tzinfo is not None:
            raise SettingsError(
                f"Decision point {self.name}: local_time has a zone; each person's own zone is used, so give it without one."
            )
        if self.window_minutes <= 0 or self.outcome_minutes <= 0:
            raise SettingsError(f"Decision point {self.name}: window_minutes and outcome_minutes must be above 0.")


@dataclass(frozen=True)
class Scheduled:
    """One time at which a decision point is due: its local day, the instant (UTC) and the zone's offset then, in minutes."""

    day: date
    at: datetime
    offset_minutes: int


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone; raises `SettingsError` for a name that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"There is no time zone {name!r}. Give an IANA name such as Europe/Berlin.") from error


def instant(day: date, local: time, zone: str) -> tuple[datetime, int]:
    """The instant of a wall-clock time and the offset in minutes.

    As RFC 5545 section 3.3.5 says: a time that the spring change skips is read with the offset before the change (02:30 becomes
    03:30), and one that autumn repeats is the first of the two.

    >>> instant(date(2026, 3, 8), time(2, 30), "America/New_York")[0].isoformat()
    '2026-03-08T07:30:00+00:00'
    >>> instant(date(2026, 11, 1), time(1, 30), "America/New_York")[0].isoformat()
    '2026-11-01T05:30:00+00:00'
    """
    at = datetime.combine(day, local.replace(fold=0), zone_of(zone)).astimezone(UTC)
    return at, offset_minutes(at, zone)


def offset_minutes(at: datetime, zone: str) -> int:
    """Offset of local time from UTC at an instant, in minutes."""
    offset = at.astimezone(zone_of(zone)).utcoffset() or timedelta(0)
    return int(offset.total_seconds() // 60)


def scheduled(point: DecisionPoint, zone: str, start: datetime, end: datetime) -> list[Scheduled]:
    """All times at which `point` is due for a person of `zone` with start <= time < end (aware instants), one a local day."""
    first = start.astimezone(zone_of(zone)).date() - timedelta(days=1)
    last = end.astimezone(zone_of(zone)).date() + timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    times = [Scheduled(day, *instant(day, point.local_time, zone)) for day in days]
    return [due for due in times if start <= due.at < end]
