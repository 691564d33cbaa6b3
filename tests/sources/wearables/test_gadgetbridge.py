"""Against sqlite3 over a real database."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError

SOURCE = "wearables.gadgetbridge"


@pytest.mark.real
def test_minutes_are_those_of_the_database(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/gadgetbridge/Gadgetbridge.db.gz"
    plain = tmp_path / "x"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    with contextlib.closing(sqlite3.connect(plain)) as database:
        minutes, steps = database.execute("SELECT COUNT(*), SUM(STEPS) FROM MI_BAND_ACTIVITY_SAMPLE").fetchone()
        pulses = database.execute("SELECT TIMESTAMP, HEART_RATE FROM MI_BAND_ACTIVITY_SAMPLE WHERE HEART_RATE BETWEEN 1 AND 254").fetchall()
    found = read(SOURCE, path, subject="p1")
    rows = found["observations"]
    assert rows.filter(pl.col("code") == "steps").height == minutes == 1_921
    assert rows.filter(pl.col("code") == "steps")["value"].sum() == steps
    ours = rows.filter(pl.col("code") == "heart_rate").sort("start_at")
    assert [(int(at.timestamp()), value) for at, value in ours.select("start_at", "value").rows()] == sorted(pulses)
    assert found.records == 2 * minutes
    assert found["observations"].equals(read(SOURCE, plain, subject="p1")["observations"])


def test_several_users_stay_apart_and_milliseconds_are_seen(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE HUAMI_EXTENDED_ACTIVITY_SAMPLE (TIMESTAMP, DEVICE_ID, USER_ID, STEPS, RAW_KIND, HEART_RATE)")
        database.executemany(
            "INSERT INTO HUAMI_EXTENDED_ACTIVITY_SAMPLE VALUES (?, 1, ?, ?, 1, ?)",
            [(1_554_110_880, 1, 5, 70), (1_554_110_880_000 + 60_000, 2, 6, -1), (1_554_110_940, 1, -1, "x")],
        )
    found = read(SOURCE, path, subject="home")
    rows = found["observations"].sort("code", "start_at")
    assert rows.select("person", "code", "value").rows() == [
        ("home user 1", "heart_rate", 70),
        ("home user 1", "steps", 5),
        ("home user 2", "steps", 6),
    ]
    assert (rows["start_at"][2] - rows["start_at"][1]).total_seconds() == 60


def test_a_straps_intervals_follow_each_other(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE POLAR_H10_ACTIVITY_SAMPLE (TIMESTAMP, DEVICE_ID, USER_ID, HEART_RATE)")
        database.execute("CREATE TABLE DEVICE (_id INTEGER, NAME TEXT)")
        database.execute("INSERT INTO DEVICE VALUES (1, 'Polar H10')")
        database.execute("CREATE TABLE HEART_RR_INTERVAL_SAMPLE (TIMESTAMP, DEVICE_ID, USER_ID, SEQ, RR_MILLIS)")
        told = [(0, 0, 800), (1_700, 0, 810), (1_700, 1, 790), (2_400, 0, 0), (2_500, 0, 100), (60_000, 0, 900)]
        database.executemany(
            "INSERT INTO HEART_RR_INTERVAL_SAMPLE VALUES (?, 1, 1, ?, ?)", [(1_709_280_000_000 + at, seq, value) for at, seq, value in told]
        )
    found = read(SOURCE, path)
    rows = found["observations"].sort("start_at")
    assert rows.select("code", "value", "device").rows() == [("rr_interval", value, "Polar H10") for value in (800.0, 810.0, 790.0, 900.0)]
    ends = [(at.timestamp() - 1_709_280_000) for at in rows["end_at"]]
    assert ends == pytest.approx([0.0, 0.81, 1.6, 60.0])
    assert found.skipped.total() == 1
    assert found["quarantine"].height == 1
    assert found.records == 6


def test_another_database_is_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE a (b)")
    with pytest.raises(SourceError, match="no table of minutes"):
        read(SOURCE, path)
