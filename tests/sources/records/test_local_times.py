"""Local times against the standard library, at every hour of the year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.sources.records.local_times import local_times

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"])
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0))


@settings(deadline=None)
@given(ZONES, st.lists(MOMENTS, min_size=1, max_size=5))
def test_times_without_offset_are_those_of_the_zone(zone: str, moments: list[datetime]) -> None:
    got = local_times(pl.Series([at.isoformat(" ") for at in moments]), zone)
    for at, row in zip(moments, got.iter_rows(named=True), strict=True):
        placed = at.replace(tzinfo=ZoneInfo(zone))
        if placed.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != at:
            assert row["at"] > placed.astimezone(UTC) - timedelta(hours=2)
            continue
        assert row["at"] == placed.astimezone(UTC)
        assert row["offset_minutes"] == placed.utcoffset().total_seconds() // 60
        assert row["day"] == at.date()


@settings(deadline=None)
@given(ZONES, MOMENTS, st.integers(-12 * 60, 14 * 60))
def test_written_offsets_stay_and_z_is_placed_in_the_zone(zone: str, at: datetime, minutes: int) -> None:
    sign, hours = "-" if minutes < 0 else "+", f"{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    got = local_times(pl.Series([f"{at.isoformat()}{sign}{hours}", f"{at.isoformat()}Z"]), zone)
    instant = at.replace(tzinfo=UTC)
    assert got["at"].to_list() == [instant - timedelta(minutes=minutes), instant]
    assert got["offset_minutes"][0] == minutes
    assert got["day"].to_list() == [at.date(), instant.astimezone(ZoneInfo(zone)).date()]


@pytest.mark.parametrize("text", ["soon", "2024-02-30", "2024-01-01T25:00", "24-01-01", "1709283600", "0001-01-01", "", None])
def test_what_is_no_time_is_missing(text: str | None) -> None:
    assert local_times(pl.Series([text], dtype=pl.String), "UTC").row(0) == (None, None, None)


def test_forms() -> None:
    values = {
        "%d.%m.%Y %H:%M": "01.03.2024 10:00",
        "%m/%d/%Y": "03/01/2024",
        "epoch_ms": "1709287200000",
        "%Y-%m-%d %H:%M %z": "2024-03-01 10:00 +0100",
    }
    got = {form: local_times(pl.Series([text]), "Europe/Berlin", form).row(0)[0] for form, text in values.items()}
    ten = datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert got == {
        "%d.%m.%Y %H:%M": ten,
        "%m/%d/%Y": datetime(2024, 2, 29, 23, tzinfo=UTC),
        "epoch_ms": ten + timedelta(hours=1),
        "%Y-%m-%d %H:%M %z": ten,
    }
