"""Dexcom Clarity, LibreView and CareLink by files of our own; no real ones are at hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.sources.samples import SAMPLES

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES
from heedful.sources.wearables.carelink import OTHER as CARELINK_OTHER
from heedful.sources.wearables.drafts import REPEAT


def clarity(path: Path, unit: str, *rows: str) -> Path:
    head = f"Index;Timestamp (YYYY-MM-DDThh:mm:ss);Event Type;Patient Info;Glucose Value ({unit})"
    path.write_text("\n".join([head, *rows, ""]))
    return path


def test_clarity_in_mmol_with_comma_and_the_repeated_hour(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = clarity(
        tmp_path / "x.csv",
        "mmol/L",
        "1;;FirstName;Jane;",
        "2;2024-10-27T02:30:00;EGV;;5,5",
        "3;2024-10-27T02:30:00;EGV;;6",
        "4;2024-10-27T03:30:00;EGV;;High",
    )
    found = read("wearables.dexcom_clarity", path, zone="Europe/Berlin")
    rows = found["observations"].sort("start_at")
    assert rows["value"].to_list() == pytest.approx([5.5 * 18.0156, 6 * 18.0156, None])
    assert [at.hour for at in rows["start_at"]] == [0, 1, 2]
    assert rows["value_code"].to_list() == [None, None, "high"]
    assert "Jane" not in str(found["quarantine"].rows())
    assert found.records == 4


def test_a_unit_must_be_named(tmp_path: Path, read: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match="neither mg/dL nor mmol/L"):
        read("wearables.dexcom_clarity", clarity(tmp_path / "x.csv", "units", "1;2024-03-10T10:00:00;EGV;;5"))


def test_libreview_keeps_scans_apart_and_words_for_what_has_no_number(tmp_path: Path, read: Callable[..., Any]) -> None:
    path, options = SAMPLES["wearables.libreview"](tmp_path)
    found = read("wearables.libreview", path, zone=options.zone)
    rows = found["observations"]
    assert rows.group_by("device").len().sort("device").rows() == [
        ("FreeStyle Libre", 25),
        ("FreeStyle Libre scan", 1),
        ("FreeStyle strip", 1),
    ]
    assert rows.filter(pl.col("value_code") == "high").height == 1
    assert rows["start_at"].min() == datetime(2024, 3, 13, 23, 5, tzinfo=UTC)  # 12:05 AM in Berlin
    assert rows["value"].min() == pytest.approx(4 * 18.0156)
    assert found["quarantine"].height == 2


def test_libreview_refuses_doubtful_days(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Device,Device Timestamp,Record Type,Historic Glucose mg/dL\nL,03-04-2024 10:00,0,90\n")
    with pytest.raises(SourceError, match="date_format"):
        read("wearables.libreview", path)
    rows = read("wearables.libreview", path, date_format="%d-%m-%Y")["observations"]
    assert rows["day"].cast(pl.String).to_list() == ["2024-04-03"]


def test_carelink_has_a_sensor_and_a_meter_and_nothing_of_the_pump(tmp_path: Path, read: Callable[..., Any]) -> None:
    path, options = SAMPLES["wearables.carelink"](tmp_path)
    assert SOURCES.get("wearables.carelink").recognise(path, path.read_bytes()) == 0.95
    found = read("wearables.carelink", path, zone=options.zone)
    rows = found["observations"]
    assert rows.group_by("device").len().sort("device").rows() == [("Medtronic meter", 3), ("Medtronic sensor", 24)]
    sensor = rows.filter(pl.col("device") == "Medtronic sensor").sort("start_at")
    assert sensor["value"].max() == pytest.approx(7.3 * 18.0156)
    assert sensor["start_at"].max() == datetime(2024, 3, 14, 22, 10, tzinfo=UTC)
    assert found.skipped == {CARELINK_OTHER: 3, REPEAT: 1}
    assert found["quarantine"].height == 3
    assert "Jane" not in str([frame.rows() for frame in (rows, found["quarantine"])])


def test_carelink_before_2018_writes_days_with_the_month_first(tmp_path: Path, read: Callable[..., Any]) -> None:
    head = "Index,Date,Time,Timestamp,New Device Time,BG Reading (mg/dL),Sensor Calibration BG (mg/dL),Sensor Glucose (mg/dL),ISIG Value"
    rows = ["1,8/29/2016,9:27:00,8/29/2016 9:27,,43,,,", "2,8/29/2016,9:30:00,8/29/2016 9:30,,,,111,20"]
    path = tmp_path / "x.csv"
    path.write_text(
        "\n".join(["Medtronic Diabetes CareLink Personal Data Export File (v1.0.1)", "PATIENT INFO", "Name,Jane", head, *rows, ""])
    )
    found = read("wearables.carelink", path)["observations"].sort("start_at")
    assert found.select("value", pl.col("start_at").dt.to_string("%F %R")).rows() == [
        (43.0, "2016-08-29 09:27"),
        (111.0, "2016-08-29 09:30"),
    ]
    path.write_text("\n".join([head, "1,8/9/2016,9:27:00,,,43,,,", ""]))
    with pytest.raises(SourceError, match="no row shows which number is the month"):
        read("wearables.carelink", path)
