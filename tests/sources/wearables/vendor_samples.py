"""Samples of vendors' exports for the source checks (imported by `samples`)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.sources.samples import sample

from heedful.sources.base import Options

START = 1_709_280_000_000
BASE = "row_id INTEGER PRIMARY KEY, uuid BLOB, app_info_id INTEGER, recording_method INTEGER"
INTERVAL = f"{BASE}, start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER"
INSTANT = f"{BASE}, time INTEGER, zone_offset INTEGER"


def health_connect_tables(database: sqlite3.Connection) -> None:
    """The tables that Android writes, as public descriptions give them."""
    for name, shape in {
        "application_info_table": "row_id INTEGER, package_name TEXT, app_name TEXT",
        "steps_record_table": f"{INTERVAL}, count INTEGER",
        "total_calories_burned_record_table": f"{INTERVAL}, energy REAL",
        "heart_rate_record_table": INTERVAL,
        "heart_rate_record_series_table": "parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER",
        "sleep_session_record_table": INTERVAL,
        "sleep_stages_table": "parent_key INTEGER, stage_start_time INTEGER, stage_end_time INTEGER, stage_type INTEGER",
        "weight_record_table": f"{INSTANT}, weight REAL",
        "exercise_session_record_table": f"{INTERVAL}, exercise_type INTEGER",
        "power_record_table": "parent_key INTEGER, power REAL, epoch_millis INTEGER",
    }.items():
        database.execute(f"CREATE TABLE {name} ({shape})")
    database.execute("INSERT INTO application_info_table VALUES (1, 'com.example.watch', 'Watch App')")


@sample("wearables.health_connect")
def health_connect(folder: Path) -> tuple[Path, Options]:
    path = folder / "health_connect_export.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        health_connect_tables(database)
        steps = [(None, None, 1, 2, START + 60_000 * n, 3_600, START + 60_000 * (n + 1), 3_600, n) for n in range(12)]
        steps += [
            (None, None, 1, 2, 60_000, 3_600, 120_000, 3_600, 5),
            (None, None, 1, 2, START + 60_000, 3_600, START + 120_000, 3_600, 1),
        ]
        database.executemany("INSERT INTO steps_record_table VALUES (?,?,?,?,?,?,?,?,?)", steps)
        database.execute("INSERT INTO heart_rate_record_table VALUES (1,NULL,1,1,?,3600,?,3600)", (START, START + 60_000))
        pulse = [(1, 60 + n, START + 1_000 * n) for n in range(9)] + [(1, 900, START + 20_000)]
        database.executemany("INSERT INTO heart_rate_record_series_table VALUES (?,?,?)", pulse)
        database.execute("INSERT INTO sleep_session_record_table VALUES (1,NULL,1,1,?,3600,?,3600)", (START, START + 60_000))
        stages = [(1, START + 600_000 * n, START + 600_000 * (n + 1), n) for n in range(8)]
        database.executemany("INSERT INTO sleep_stages_table VALUES (?,?,?,?)", stages)
        database.execute("INSERT INTO weight_record_table VALUES (1,NULL,1,3,?,3600,70500.0)", (START,))
        database.execute("INSERT INTO power_record_table VALUES (1,200.0,?)", (START,))
        database.commit()
    return path, Options("phone", subject="p1", zone="Europe/Berlin")


@sample("wearables.samsung")
def samsung(folder: Path) -> tuple[Path, Options]:
    export = folder / "samsunghealth_me_20240301"
    export.mkdir()

    def write(kind: str, header: str, *rows: str) -> None:
        (export / f"{kind}.20240301.csv").write_text("\n".join([f"{kind},6,1", header, *rows, ""]))

    prefix = "com.samsung.health.heart_rate."
    pulse = [f"2024-03-01 08:{n:02}:00.000,UTC+0100,{60 + n}.0,a," for n in range(20)]
    bad = ["soon,UTC+0100,60,a,", "2024-03-01 08:30:00.000,UTC+0100,600,a,", "2024-03-01 08:31:00.000"]
    write(
        "com.samsung.shealth.tracker.heart_rate",
        f"{prefix}start_time,{prefix}time_offset,{prefix}heart_rate,comment",
        *pulse[:9],
        *bad,
        pulse[0],
        *pulse[9:],
    )
    write("com.samsung.shealth.step_daily_trend", "day_time,count,source_type", "1709251200000,9000,-2,", "1709251200000,4000,0,")
    write(
        "com.samsung.health.sleep_stage",
        "start_time,end_time,time_offset,stage",
        "2024-03-01 01:00:00.000,2024-03-01 02:00:00.000,UTC+0100,40003,",
    )
    write("com.samsung.shealth.badge", "start_time,type", "2024-03-01 01:00:00.000,7,")
    return export, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.polar")
def polar(folder: Path) -> tuple[Path, Options]:
    export = folder / "polar-user-data-export"
    export.mkdir()

    def write(name: str, content: Any) -> None:
        (export / name).write_text(json.dumps(content))

    samples = [{"heartRate": 60 + n, "secondsFromDayStart": 300 * n, "source": "OPTICAL"} for n in range(15)]
    write(
        "247ohr_1_2024.json",
        {"deviceDays": [{"date": "2024-03-01", "samples": [*samples, samples[0], {"heartRate": 70, "secondsFromDayStart": "x"}]}]},
    )
    steps = [{"localTime": f"08:{n:02}:00", "value": n} for n in range(6)]
    write(
        "activity-2024-03-01.json",
        {"exportVersion": "1.6", "date": "2024-03-01", "summary": {"stepCount": 15, "calories": 2100}, "samples": {"steps": steps}},
    )
    beats = [{"dateTime": f"2024-03-01T10:00:0{n}.000", "value": 120 + n} for n in range(5)]
    session = {
        "exportVersion": "1.6",
        "startTime": "2024-03-01T10:00:00.000",
        "timezoneOffset": 60,
        "duration": "PT1800.5S",
        "kiloCalories": 300,
    }
    write("training-session-2024.json", session | {"exercises": [{"sport": "RUNNING", "samples": {"heartRate": beats}}]})
    changes = [{"offsetFromStart": f"PT{n}H", "state": state} for n, state in enumerate(("NONREM12", "NONREM3", "REM", "WAKE"))]
    night = {"sleepStart": "2024-03-01T23:00:00.000+01:00", "sleepEnd": "2024-03-02T03:30:00.000+01:00", "sleepStateChanges": changes}
    write("sleep_result_1.json", [{"sleepResult": {"hypnogram": night}}])
    pulses = [{"sampleDateTime": f"2024-03-02T02:00:{n:02}.000", "pulseLength": 990 + n} for n in range(12)]
    pulses += [
        {"sampleDateTime": "2024-03-02T02:00:12.000", "pulseLength": 0},
        {"sampleDateTime": "2024-03-02T02:00:13.000", "pulseLength": 90},
    ]
    write("ppi_samples_1.json", [{"date": "2024-03-02", "devicePpiSamplesList": [{"deviceId": "A1", "ppiSamples": pulses}]}])
    write("account-data.json", {"exportVersion": "1.6", "username": "x"})
    return export, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.rr_intervals")
def rr_intervals(folder: Path) -> tuple[Path, Options]:
    path = folder / "Polar_H10_RR.txt"
    beats = [f"2024-03-02T02:00:{n:02}.000;{990 + n}" for n in range(30)]
    beats += ["2024-03-02T02:00:30.000;90", "2024-03-02T02:00:31.000", beats[3]]
    path.write_text("\n".join(["Phone timestamp;RR-interval [ms]", *beats, ""]))
    return path, Options("strap", subject="p1", zone="Europe/Berlin")


@sample("wearables.fitbit_api")
def fitbit_api(folder: Path) -> tuple[Path, Options]:
    export = folder / "fitbit_api"
    export.mkdir()
    minutes = [{"time": f"08:{n:02}:00", "value": n} for n in range(20)] + [
        {"time": "late", "value": 3},
        {"time": "08:50:00", "value": None},
    ]
    steps = {
        "activities-steps": [{"dateTime": "2024-03-01", "value": "190"}],
        "activities-steps-intraday": {"dataset": [*minutes, minutes[1]], "datasetInterval": 1},
    }
    (export / "steps.json").write_text(json.dumps(steps))
    heart = [{"dateTime": f"2024-03-0{day}", "value": {"restingHeartRate": 60 + day}} for day in range(1, 6)]
    (export / "heart.json").write_text(json.dumps({"activities-heart": [*heart, {"dateTime": "2024-03-07", "value": "64.2"}]}))
    (export / "hrv.json").write_text(json.dumps({"hrv": [{"value": {"dailyRmssd": 34.5, "deepRmssd": 31}, "dateTime": "2024-03-01"}]}))
    return export, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.shimmer")
def shimmer(folder: Path) -> tuple[Path, Options]:
    export = folder / "shimmer"
    export.mkdir()
    nanos = [str((START + 60_000 * n) * 1_000_000) for n in range(21)]
    points = [
        {"startTimeNanos": nanos[n], "endTimeNanos": nanos[n + 1], "dataTypeName": "com.google.step_count.delta", "value": [{"intVal": n}]}
        for n in range(20)
    ]
    (export / "steps.json").write_text(
        json.dumps({"dataSourceId": "merge_step_deltas", "point": [*points, points[0], {"value": [{"intVal": 3}]}]})
    )
    pressure = [
        {"HP": 120 + n, "LP": 80, "HR": 60, "MDate": 1_709_280_000 + n, "TimeZone": "+0100", "DataSource": "Manual"} for n in range(5)
    ]
    (export / "bp.json").write_text(json.dumps({"BPDataList": pressure, "BPUnit": 0}))
    return export, Options("study", subject="p1")
