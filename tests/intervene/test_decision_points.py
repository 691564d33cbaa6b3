from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.intervene.decision_points import DecisionPoint, instant, scheduled, zone_of

ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_times_around_the_spring_change_of_new_york() -> None:
    point = DecisionPoint("night", time(2, 30))
    due = scheduled(point, "America/New_York", _at("2026-03-07"), _at("2026-03-10"))
    # RFC 5545, 3.3.5: 02:30 does not exist on 8 March and is read with the offset before the change: 03:30 EDT.
    assert [one.at for one in due] == [_at("2026-03-07T07:30"), _at("2026-03-08T07:30"), _at("2026-03-09T06:30")]
    assert [one.offset_minutes for one in due] == [-300, -240, -240]


def test_an_hour_that_comes_twice_is_used_once_the_first_time() -> None:
    due = scheduled(DecisionPoint("night", time(1, 30)), "America/New_York", _at("2026-11-01"), _at("2026-11-02"))
    assert [(one.at, one.offset_minutes) for one in due] == [(_at("2026-11-01T05:30"), -240)]


@given(st.sampled_from(ZONES), st.dates(date(2011, 6, 1), date(2030, 1, 1)), st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_cutting_a_span_anywhere_gives_the_same_times_once(zone: str, day: date, local: time) -> None:
    point = DecisionPoint("p", local)
    start = datetime.combine(day, time(0), UTC)
    cut, end = start + timedelta(hours=37, minutes=13), start + timedelta(days=5)
    whole = scheduled(point, zone, start, end)
    assert scheduled(point, zone, start, cut) + scheduled(point, zone, cut, end) == whole
    assert [one.day for one in whole] == sorted({one.day for one in whole})


@given(st.sampled_from(ZONES), st.dates(date(2011, 6, 1), date(2030, 1, 1)), st.integers(0, 1439))
def test_the_offset_leads_back_to_the_wall_clock(zone: str, day: date, minute: int) -> None:
    at, offset = instant(day, time(minute // 60, minute % 60), zone)
    wall = (at + timedelta(minutes=offset)).replace(tzinfo=None)
    assert at.astimezone(zone_of(zone)).replace(tzinfo=None) == wall
    away = wall - datetime.combine(day, time(minute // 60, minute % 60))
    assert timedelta(0) <= away <= timedelta(days=1)  # later only where the clock skipped (Apia once skipped a whole day)


def test_a_zone_that_does_not_exist_and_a_time_with_a_zone_are_refused() -> None:
    with pytest.raises(SettingsError, match="Europe/Berlin"):
        zone_of("Berlin")
    with pytest.raises(SettingsError, match="own zone"):
        DecisionPoint("p", time(18, tzinfo=UTC))
