from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.intervene.burden import Budget, QuietHours, in_quiet_hours, overburdened, quiet_begins
from heedful.intervene.ledger_state import LedgerState

NEW_YORK = "America/New_York"
AT = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # 18:00 in New York


def _sent(*hours_ago: float) -> LedgerState:
    return LedgerState(tuple(sorted(AT - timedelta(hours=hours) for hours in hours_ago)))


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (_sent(), ""),
        (_sent(0.5), "less than 60 min"),
        (_sent(17.9), "a day"),  # 00:06 on the same local day
        (_sent(18.1), ""),  # 23:54 on the day before
        (_sent(24, 48, 72, 96, 120), "in seven days"),
        (_sent(24, 48, 72, 96, 175), ""),  # the fifth is more than seven local days old
    ],
)
def test_the_budget_counts_days_of_the_persons_zone(state: LedgerState, word: str) -> None:
    reason = overburdened(Budget(), NEW_YORK, state, AT)
    assert word in reason
    assert bool(reason) == bool(word)


@pytest.mark.parametrize(("hour_utc", "quiet"), [(1, False), (2, True), (12, True), (13, False), (23, False)])
def test_quiet_hours_are_those_of_the_persons_wall_clock(hour_utc: int, quiet: bool) -> None:
    # 21:00 to 08:00 in New York (UTC-5) is 02:00 to 13:00 UTC.
    assert bool(in_quiet_hours(Budget(), NEW_YORK, datetime(2026, 3, 2, hour_utc, tzinfo=UTC))) is quiet


def test_quiet_hours_follow_the_clock_change() -> None:
    assert in_quiet_hours(Budget(), NEW_YORK, datetime(2026, 3, 9, 12, 30, tzinfo=UTC)) == ""  # 08:30 in summer time
    assert in_quiet_hours(Budget(), NEW_YORK, datetime(2026, 3, 6, 12, 30, tzinfo=UTC))  # 07:30 in winter time


def test_quiet_hours_begin_tonight_or_tomorrow_or_never() -> None:
    assert quiet_begins(Budget(), NEW_YORK, AT) == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert quiet_begins(Budget(quiet=QuietHours(time(12), time(14))), NEW_YORK, AT) == datetime(2026, 3, 3, 17, tzinfo=UTC)
    assert quiet_begins(Budget(quiet=QuietHours(time(0), time(0))), NEW_YORK, AT) is None


@given(st.times(), st.times(), st.times())
def test_quiet_hours_and_their_reverse_share_the_day_between_them(start: time, end: time, local: time) -> None:
    if start != end:
        assert QuietHours(start, end).holds(local) != QuietHours(end, start).holds(local)
    else:
        assert not QuietHours(start, end).holds(local)


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(SettingsError):
        Budget(a_day=-1)
