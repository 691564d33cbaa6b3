from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.sources.wearables.stamps import end_of_day, in_zone, localized, parse

stamps = st.builds(
    lambda at, offset: at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset))),
    st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 30)),
    st.integers(-18 * 60 + 1, 18 * 60 - 1),
)


@given(st.lists(stamps, min_size=1))
def test_stamps_are_those_of_the_standard_library(instants: list[datetime]) -> None:
    found = parse(b"".join(at.strftime("%4Y-%m-%d %H:%M:%S %z|").encode() for at in instants))
    assert found.valid.all()
    assert found.instant.tolist() == [(at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for at in instants]
    assert found.day.tolist() == [(at.date() - datetime(1970, 1, 1).date()).days for at in instants]
    assert found.offset.tolist() == [at.utcoffset() // timedelta(minutes=1) for at in instants]


@given(st.text(st.characters(max_codepoint=127), min_size=25, max_size=25))
def test_what_the_standard_library_refuses_is_not_valid(text: str) -> None:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        assert not parse(text.encode() + b"|").valid[0]


def test_the_repeated_hour_is_read_in_order_and_the_skipped_hour_is_no_time() -> None:
    clock = [datetime(2024, 10, 27, 2, 30), datetime(2024, 10, 27, 2, 30), datetime(2024, 3, 31, 2, 30), datetime(2024, 7, 1)]
    found = localized(pl.DataFrame({"person": "p", "local": clock}), "local", "Europe/Berlin", within=("person",))
    assert found["offset_minutes"].to_list() == [120, 60, None, 120]
    assert found["start_at"][1] - found["start_at"][0] == timedelta(hours=1)
    assert found["start_at"][2] is None


def test_days_end_after_23_24_and_25_hours() -> None:
    days = pl.DataFrame({"local": [datetime(2024, 3, 31), datetime(2024, 7, 1), datetime(2024, 10, 27)], "person": "p"})
    found = localized(days, "local", "Europe/Berlin", within=("person",)).with_columns(end_at=end_of_day(pl.col("day"), "Europe/Berlin"))
    assert (found["end_at"] - found["start_at"]).dt.total_hours().to_list() == [23, 24, 25]


def test_a_utc_instant_falls_on_the_zone_s_day() -> None:
    found = in_zone(
        pl.DataFrame({"start_at": [datetime(2023, 6, 23, 6, 59, 59, tzinfo=UTC), datetime(2023, 6, 23, 7, tzinfo=UTC)]}),
        "America/Los_Angeles",
    )
    assert [str(day) for day in found["day"]] == ["2023-06-22", "2023-06-23"]
    assert found["offset_minutes"].to_list() == [-420, -420]
