"""Against the tables that pyActigraphy read from the same recordings, and what the files themselves say."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import SOURCES
from heedful.sources.wearables.actigraphy.epochs import NOT_MEASURED, NOT_WORN, day_named, day_ordered

SOURCE = "wearables.actigraphy"


def table(path: Path) -> list[tuple[datetime, float]]:
    rows = csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))
    return [(datetime.fromisoformat(row["time"]), float(row["activity"])) for row in rows]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "read_by_others", "first_day", "dates"),
    [
        ("example_01.AWD.gz", "actiwatch_60s_12days.csv.gz", "2018-01-23", ""),
        ("test_sample_rpx_eng.csv.gz", "actiwatch_rpx_30s_7days.csv.gz", "", ""),
    ],
)
def test_counts_are_those_that_pyactigraphy_read(
    name: str, read_by_others: str, first_day: str, dates: str, shared_data: Path, read: Callable[..., Any]
) -> None:
    folder = shared_data / "behavior/actigraphy"
    rows = read(SOURCE, folder / name, **({"first_day": first_day} if first_day else {}))["observations"]
    ours = dict(rows.filter(pl.col("code") == "activity_count").select("start_at", "value").rows())
    theirs = table(folder / read_by_others)
    shift = date.fromisoformat(first_day) - date(1918, 1, 23) if first_day else timedelta()
    assert len(theirs) > 10_000
    assert all(ours[(at + shift).replace(tzinfo=UTC)] == value for at, value in theirs)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "seconds", "begins", "total"),
    [
        ("Actiwatch.AWD", 329, 60, "2009-10-01T17:00", 108_864),  # awk over the file's first column
        ("test_sample_aw4.AWD.gz", 31_854, 60, "2011-02-22T12:00", 12_564_915),
        ("test_sample_aws.AWD", 1_521, 60, "1999-01-14T15:07", 66_375),
        ("test_sample.mtn.gz", 5_978, 5, "2018-05-23T17:30", 109_065),
        ("test_sample_rpx_fr.csv.gz", 11_581 - 26, 60, "2015-02-04T11:45", 210_821),
        ("test_sample_rpx_ger_with_light.csv.gz", 20_160 - 199, 30, "2019-09-19T14:00", 1_097_936),
        ("Actiwatch.csv.gz", 860 - 797, 15, "2019-11-23T09:19:15", 4_589),
        ("test_sample_tal.txt.gz", 10_080, 60, "2000-01-01T00:00", 788_482),
        ("test_sample_dqt.csv.gz", 43_200, 1, "2000-01-27T19:00", 262_326),
        ("test_sample.agd.gz", 5_394, 10, "2019-04-15T15:00", 1_063_504),
        ("ActiGraph13.csv", 990, 15, "2013-08-26T09:00", 50_980),
        ("ActiGraph61.csv", 990, 5, "2016-08-15T21:35", 6_295),
        ("ActiGraph13_timestamps_headers.csv", 1_000, 1, "2017-09-12T15:00", 54_340),
        ("Actical.csv", 501, 60, "2021-05-13T00:00", 7_974),
    ],
)
def test_every_maker_s_format(
    name: str, rows: int, seconds: int, begins: str, total: int, shared_data: Path, read: Callable[..., Any]
) -> None:
    path = shared_data / "interop/actigraphy" / name
    head = path.read_bytes()
    assert SOURCES.get(SOURCE).recognise(path, (gzip.decompress(head) if name.endswith(".gz") else head)[:65_536]) == 0.9
    found = read(SOURCE, path)
    counted = found["observations"].filter(pl.col("code") == "activity_count")
    assert counted.height == rows
    assert counted["value"].sum() == total
    assert counted["start_at"].min() == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert set(counted["end_at"] - counted["start_at"]) == {timedelta(seconds=seconds)}
    assert found.records == found["observations"].height + found.skipped.total()


@pytest.mark.real
def test_not_worn_is_missing_with_its_reason(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/actigraphy"
    assert read(SOURCE, folder / "Actiwatch.csv.gz").skipped == {NOT_WORN: 797}
    assert read(SOURCE, folder / "test_sample_rpx_fr.csv.gz").skipped == {NOT_MEASURED: 26}


@pytest.mark.real
def test_dates_put_into_the_past_are_refused_until_a_day_is_declared(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/actigraphy/test_sample_atr.txt.gz"
    with pytest.raises(SourceError, match=r"began in 191\d.*first_day"):
        read(SOURCE, path)
    rows = read(SOURCE, path, first_day="2018-05-01")["observations"]
    assert rows.height == 5_760
    assert rows["start_at"][0] == datetime(2018, 5, 1, 9, tzinfo=UTC)


@pytest.mark.real
def test_raw_acceleration_is_said_to_be_so(shared_data: Path, read: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match="raw acceleration"):
        read(SOURCE, shared_data / "interop/actigraphy/TAS1H30182785_2019-09-17.csv.gz")


@pytest.mark.real
def test_a_folder_is_read_on_after_one_that_cannot_be_read(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    for name in ("Actiwatch.AWD", "test_sample.mtn.gz", "test_sample_atr.txt.gz"):
        shutil.copyfile(shared_data / "interop/actigraphy" / name, tmp_path / name)
    assert SOURCES.get(SOURCE).recognise(tmp_path, b"") == 0.85
    found = read(SOURCE, tmp_path)
    assert found["observations"].height == 329 + 5_978
    assert "first_day" in found["quarantine"]["reason"][0]


def written(path: Path, start: str, hour: str, count: int) -> Path:
    path.write_text("\n".join(["x", start, hour, "4", "0", "V1", "X", *(["7"] * count), ""]))
    return path


def test_the_device_s_clock_runs_on_over_the_change_of_the_hour(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = written(tmp_path / "a.AWD", "26-Oct-2024", "12:00", 24 * 60)
    rows = read(SOURCE, path, zone="Europe/Berlin")["observations"]
    assert rows["start_at"][0] == datetime(2024, 10, 26, 10, tzinfo=UTC)
    assert rows["start_at"][-1] == datetime(2024, 10, 27, 9, 59, tzinfo=UTC)
    assert set(rows["offset_minutes"]) == {120, 60}


def test_settings_are_checked(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = written(tmp_path / "a.AWD", "26-Oct-2024", "12:00", 5)
    for wrong in ({"first": 1}, {"dates": "xyz"}, {"first_day": "soon"}, {"epoch_seconds": "x"}):
        with pytest.raises(SettingsError):
            read(SOURCE, path, **wrong)
    path.write_text(path.read_text().replace("\n4\n", "\n81\n"))
    with pytest.raises(SourceError, match="epoch_seconds = 60"):
        read(SOURCE, path)
    rows = read(SOURCE, path, epoch_seconds=2)["observations"]
    assert rows["start_at"][1] - rows["start_at"][0] == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("said", "day"),
    [("23-Jan-2018", "2018-01-23"), ("01-mai-98", "1998-05-01"), ("5 Mär 2020", "2020-03-05"), ("7-févr.-2015", "2015-02-07"),
     ("1-Dez-2019", "2019-12-01"), ("01-juil-2010", "2010-07-01"), ("13-May-21", "2021-05-13"), ("3-ago-2011", "2011-08-03")],
)  # fmt: skip
def test_months_in_several_languages(said: str, day: str) -> None:
    assert day_named(said, "x", 1) == date.fromisoformat(day)


def test_the_order_of_day_and_month_comes_from_days_that_follow_each_other() -> None:
    assert day_ordered(["04/07/2015", "05/07/2015"], "", "x", 1)["04/07/2015"] == date(2015, 7, 4)
    assert day_ordered(["7/4/2015", "7/5/2015"], "", "x", 1)["7/4/2015"] == date(2015, 7, 4)
    with pytest.raises(SourceError, match=r"two different ones.*dates"):
        day_ordered(["04/07/2015"], "", "x", 1)
    assert day_ordered(["04/07/2015"], "mdy", "x", 1)["04/07/2015"] == date(2015, 4, 7)


@pytest.mark.real
def test_a_clock_that_gains_is_set_right(shared_data: Path, read: Callable[..., Any]) -> None:
    """A day after the start the rows lie as many seconds earlier as the clock gained; the first row stays, no count changes."""
    path = shared_data / "interop/actigraphy/test_sample.agd.gz"
    plain, mended = (read("wearables.actigraphy", path, **more)["observations"] for more in ({}, {"clock_gain_seconds": 8.64}))
    moved = (plain["start_at"] - mended["start_at"]).dt.total_milliseconds()
    days = (plain["start_at"] - plain["start_at"].min()).dt.total_seconds() / 86_400
    assert (moved / 1_000 - 8.64 * days).abs().max() < 0.0011
    assert moved[0] == 0
    assert moved.max() > 1_000
    assert plain["value"].equals(mended["value"])
    with pytest.raises(SettingsError, match="clock_gain_seconds"):
        read("wearables.actigraphy", path, clock_gain_seconds=4_000)


@pytest.mark.real
def test_a_raw_recordings_clock_is_set_right_the_same_way(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/actigraphy/ax3_testfile.cwa.gz"
    plain, mended = (read("wearables.accelerometer", path, **more)["observations"] for more in ({}, {"clock_gain_seconds": 600}))
    moved = (plain["start_at"] - mended["start_at"]).dt.total_milliseconds() / 1_000
    assert moved.max() == pytest.approx(600 * 174 / 86_400, abs=0.5)  # 174 seconds of recording
    assert plain["value"].equals(mended["value"])
