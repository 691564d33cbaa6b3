from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.sources.wearables.takeout_clock import clock, offset_of_cut


@given(st.dates(date(2010, 1, 1), date(2030, 1, 1)), st.integers(-48, 56), st.integers(0, 899), st.integers(1, 900))
def test_a_day_worn_from_midnight_to_midnight_gives_its_offset(day: date, quarters: int, late: int, early: int) -> None:
    midnight = datetime(day.year, day.month, day.day) - timedelta(minutes=15 * quarters)
    first, last = midnight + timedelta(seconds=late), midnight + timedelta(days=1, seconds=-early)
    assert offset_of_cut(day, first, last) == 15 * quarters


def test_a_day_worn_for_some_hours_gives_none() -> None:
    assert offset_of_cut(date(2023, 6, 23), datetime(2023, 6, 23, 15), datetime(2023, 6, 24, 2)) is None


@pytest.mark.parametrize("zone", ["America/Los_Angeles", ""])
def test_instants_and_local_times_agree(zone: str) -> None:
    found = clock(zone, [(date(2023, 6, 23), -420)])
    instants = pl.DataFrame({"start_at": [datetime(2023, 6, 23, 6, 59, tzinfo=UTC), datetime(2023, 6, 23, 7, tzinfo=UTC)]})
    placed = found.of_instants(instants)
    assert [str(day) for day in placed["day"]] == ["2023-06-22", "2023-06-23"]
    local = pl.DataFrame({"local": [datetime(2023, 6, 22, 23, 59), datetime(2023, 6, 23)], "code": "x"})
    assert found.of_local_times(local)["start_at"].to_list() == instants["start_at"].to_list()
    assert found.of_local_times(local)["offset_minutes"].to_list() == [-420, -420]


def test_without_zone_and_cut_it_is_utc() -> None:
    assert clock("", []).zone == "UTC"
