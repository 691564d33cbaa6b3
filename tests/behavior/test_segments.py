"""Time segments of the three kinds, on days on which the clock changes too."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from heedful.behavior.segments import SegmentsError, assign, instances, rows_of, segments_for
from heedful.core.errors import SettingsError

ZONE = "America/New_York"
SPRING, AUTUMN = dt.date(2020, 3, 8), dt.date(2020, 11, 1)
PERIODIC = pl.DataFrame({
    "label": ["morning", "threeday", "weekend"], "start_time": ["06:00:00", "00:00:00", "00:00:00"],
    "length": ["5H 59M 59S", "71H 59M 59S", "71H 59M 59S"], "repeats_on": ["every_day", "every_day", "wday"], "repeats_value": [0, 0, 5],
})  # fmt: skip


def frequency(minutes: int, day: dt.date) -> pl.DataFrame:
    return instances("frequency", pl.DataFrame({"label": ["part"], "length": [minutes]}), (day, day), ZONE)


def test_a_day_in_parts() -> None:
    assert frequency(30, dt.date(2020, 3, 6)).height == 48
    assert frequency(7 * 60, dt.date(2020, 3, 6))["start_text"].to_list() == [f"2020-03-06 {h}:00:00" for h in ("00", "07", "14")]


def test_the_hour_that_the_clock_jumps_over_has_no_segment_and_the_repeated_one_is_the_first() -> None:
    held = frequency(60, SPRING)
    assert [text[11:13] for text in held["start_text"]] == [f"{h:02d}" for h in range(24) if h != 2]
    first_one = frequency(60, AUTUMN).filter(pl.col("start_text").str.ends_with("01:00:00"))
    assert first_one["start_ms"].item() == int(dt.datetime(2020, 11, 1, 5, tzinfo=dt.UTC).timestamp() * 1000)


def test_overlapping_and_weekly_segments() -> None:
    held = instances("periodic", PERIODIC, (dt.date(2020, 3, 6), dt.date(2020, 3, 9)), ZONE)
    by_label = dict(held.group_by("label").len().iter_rows())
    assert by_label == {"morning": 4, "threeday": 4, "weekend": 1}
    assert held.filter(pl.col("label") == "weekend")["name"].item() == "weekend#2020-03-06 00:00:00,2020-03-08 23:59:59"
    noon = pl.DataFrame({"row": [0], "at_ms": [int(dt.datetime(2020, 3, 8, 12, tzinfo=dt.UTC).timestamp() * 1000)]})
    assert assign(noon, held)["label"].to_list() == ["morning", "threeday", "threeday", "threeday", "weekend"]


def test_events_of_one_device() -> None:
    table = pl.DataFrame({
        "label": ["before", "before"], "event_timestamp": [1583625600000, 1583625600000], "length": ["22H", "22H"], "shift": ["3H", "3H"],
        "shift_direction": [-1, -1], "device_id": ["android", "ios"],
    })  # fmt: skip
    raw = pl.DataFrame({"timestamp": [1583625600000], "device_id": ["android"]})
    arguments = {"segment_type": "event", "timezone": ZONE, "device_id": "android"}
    held = segments_for(rows_of(raw, arguments), table, arguments)
    assert held["name"].to_list() == ["before#2020-03-07 16:00:00,2020-03-08 15:00:00"]
    with pytest.raises(SettingsError, match="overlap"):
        instances("event", table, (SPRING, SPRING), ZONE)


def test_a_local_time_that_is_none_is_left_out() -> None:
    raw = pl.DataFrame({"timestamp": [0, 0], "local_date_time": ["2020-03-08 02:30:00", "2020/03/08 03:30:00"]})
    assert rows_of(raw, {"timezone": ZONE})["row"].to_list() == [1]
    with pytest.raises(SegmentsError):
        rows_of(raw.select(pl.lit(1).alias("x")), {})


@pytest.mark.parametrize("change", [
    {"length": "3 hours"}, {"start_time": "24:00:00"}, {"repeats_on": "fortnight"},
])  # fmt: skip
def test_what_is_not_understood(change: dict[str, str]) -> None:
    table = PERIODIC.head(1).with_columns(**{name: pl.lit(value) for name, value in change.items()})
    with pytest.raises(SettingsError):
        instances("periodic", table, (SPRING, SPRING), ZONE)


def test_other_kinds_zones_and_lengths() -> None:
    with pytest.raises(SettingsError):
        instances("hourly", PERIODIC, (SPRING, SPRING), ZONE)
    with pytest.raises(SettingsError):
        instances("periodic", PERIODIC, (SPRING, SPRING), "Mars/Olympus")
    with pytest.raises(SettingsError):
        frequency(2000, SPRING)
    with pytest.raises(SettingsError):
        instances("periodic", pl.concat([PERIODIC, PERIODIC]), (SPRING, SPRING), ZONE)
    raw = rows_of(pl.DataFrame({"timestamp": [1583625600000]}), {"timezone": ZONE})
    with pytest.raises(SettingsError):
        segments_for(raw, pl.DataFrame({"label": ["part"], "length": [30]}), {"segment_minutes": 60, "timezone": ZONE})
