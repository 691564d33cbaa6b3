"""Samples of Fitbit's exports for the source checks (see `tests.sources.samples`, which must import this module)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.sources.samples import sample
from tests.sources.wearables.fit_writer import definition, file, record

from heedful.sources.base import Options


@sample("wearables.fitabase")
def fitabase(folder: Path) -> tuple[Path, Options]:
    minutes = [f"{1 + n % 2},4/12/2016 2:{n:02}:00 PM,{n % 5}" for n in range(30)]
    bad = ["1,4/12/2016 2:40:00 PM,many", "1,31/12/2016 2:41:00 PM,7", "1,4/12/2016 2:42:00 PM", ",4/12/2016 2:43:00 PM,7"]
    days = [f"{person},4/{day}/2016,{person * day}" for person in (1, 2, 3) for day in (12, 13)]
    export = folder / "fitabase"
    export.mkdir()
    (export / "minuteStepsNarrow_merged.csv").write_text(
        "\n".join(["Id,ActivityMinute,Steps", *minutes[:9], *bad, minutes[0], *minutes[9:], ""])
    )
    (export / "dailySteps_merged.csv").write_text("\n".join(["Id,ActivityDay,StepTotal", *days, ""]))
    return export, Options("study", zone="Europe/Berlin")


@sample("wearables.fitbit_takeout")
def fitbit_takeout(folder: Path) -> tuple[Path, Options]:
    def stamped(values: list[Any], day: int = 23) -> list[dict[str, Any]]:
        return [{"dateTime": f"06/{day}/23 08:{minute:02}:00", "value": value} for minute, value in enumerate(values)]

    export, google = folder / "Fitbit" / "Global Export Data", folder / "Fitbit" / "Physical Activity_GoogleData"
    for one in (export, google):
        one.mkdir(parents=True)
    steps = [
        *stamped([str(n % 5) for n in range(20)]),
        {"dateTime": "soon", "value": "3"},
        {"dateTime": "06/23/23 09:00:00", "value": "many"},
    ]
    heart = stamped([{"bpm": 60 + n, "confidence": 2} for n in range(15)] + [{"bpm": 600, "confidence": 0}])
    (export / "steps-2023-06-23.json").write_text(json.dumps([*steps, steps[0]]))
    (export / "heart_rate-2023-06-23.json").write_text(json.dumps(heart))
    csv = [f"2023-06-{day}T08:0{n}:00Z,{n}" for day in (23, 24) for n in range(9)]
    (google / "steps_2023-06-01.csv").write_text("\n".join(["timestamp,steps", *csv, ""]))
    return folder / "Fitbit", Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.fit")
def fit(folder: Path) -> tuple[Path, Options]:
    heart, session = [(253, 0x86), (3, 0x02)], [(253, 0x86), (2, 0x86), (7, 0x86), (5, 0x00), (9, 0x86), (11, 0x84)]
    start = 1_000_000_000
    body = definition(0, 0, [(1, 0x84), (2, 0x84)]) + record(0, [(1, 0x84), (2, 0x84)], [1, 2713])
    body += definition(0, 20, heart) + definition(1, 18, session, big=True)
    pulses = [(start + 5 * n, 90 + n) for n in range(25)]
    body += b"".join(record(0, heart, one) for one in [*pulses[:9], (start + 45, 0xFF), (start + 46, 9), (1_000, 80), *pulses[8:]])
    body += record(1, session, [start + 130, start, 130_000, 1, 30_000, 12], big=True)
    path = folder / "activity.fit"
    path.write_bytes(file(body))
    return path, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.actigraphy")
def actigraphy(folder: Path) -> tuple[Path, Options]:
    counts = [f"{n % 11 * 10} , 0,00{' M' if n == 3 else ''}" for n in range(40)]
    counts[12] = "many"
    path = folder / "wrist.AWD"
    path.write_text("\r\n".join(["P1", "23-mai-2018", "13:58", " 4 ", "00", "V664055", "X", *counts, ""]))
    return path, Options("wrist", subject="p1", zone="Europe/Berlin")


@sample("wearables.withings")
def withings(folder: Path) -> tuple[Path, Options]:
    def group(number: int, kind: int, value: Any, **more: Any) -> dict[str, Any]:
        measures = [{"value": value, "type": kind, "unit": -3, "fm": 3}]
        return {
            "grpid": number,
            "attrib": 0,
            "date": 1_693_651_151 + number * 600,
            "category": 1,
            "measures": measures,
            "model": "Body+",
        } | more

    groups = [group(n, 1, 70_000 + n) for n in range(20)] + [group(n, 10, 120_000 + n) for n in range(5)]
    groups += [group(1, 1, 70_001), group(30, 1, 65_000, category=2), group(31, 1, 65_000, attrib=1), group(32, 1, 70_000, attrib=2)]
    groups += [group(33, 1, "heavy"), group(34, 1, 900_000), {"grpid": 35}, group(36, 5, 60_000)]
    path = folder / "measures.json"
    path.write_text(json.dumps({"status": 0, "body": {"timezone": "Europe/Amsterdam", "measuregrps": groups}}))
    return path, Options("scale", subject="p1", zone="Europe/Berlin")


@sample("wearables.oura")
def oura(folder: Path) -> tuple[Path, Options]:
    pulse = [{"timestamp": f"2024-03-10T02:{n:02}:00.000-07:00", "bpm": 48 + n, "source": "sleep"} for n in range(25)]
    data = [*pulse, pulse[3], {"timestamp": "soon", "bpm": 50, "source": "rest"}, {"bpm": 50}, "x"]
    path = folder / "heartrate.json"
    path.write_text(json.dumps({"data": data, "next_token": None}))
    return path, Options("ring", subject="p1", zone="America/Denver")


@sample("wearables.gadgetbridge")
def gadgetbridge(folder: Path) -> tuple[Path, Options]:
    path = folder / "Gadgetbridge.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE DEVICE (_id INTEGER PRIMARY KEY, NAME TEXT, IDENTIFIER TEXT)")
        database.execute("INSERT INTO DEVICE VALUES (1, 'Amazfit Bip', 'C0:FF:EE:00:00:01')")
        columns = "TIMESTAMP INTEGER, DEVICE_ID INTEGER, USER_ID INTEGER, RAW_INTENSITY INTEGER, STEPS INTEGER, RAW_KIND INTEGER, HEART_RATE INTEGER"
        database.execute(f"CREATE TABLE MI_BAND_ACTIVITY_SAMPLE ({columns})")
        minutes = [(1_554_110_880 + 60 * n, 1, 1, 10, n % 5 * 10, 80, 255 if n % 3 else 70 + n) for n in range(30)]
        minutes += [minutes[4], (1_554_113_000, 1, 1, 10, 200_000, 80, -1), (-5, 1, 1, 10, 3, 80, 0)]
        database.executemany("INSERT INTO MI_BAND_ACTIVITY_SAMPLE VALUES (?, ?, ?, ?, ?, ?, ?)", minutes)
        database.execute(
            "CREATE TABLE HEART_RR_INTERVAL_SAMPLE (TIMESTAMP INTEGER, DEVICE_ID INTEGER, USER_ID INTEGER, SEQ INTEGER, RR_MILLIS INTEGER)"
        )
        beats = [(1_554_110_880_000 + 1_000 * n, 1, 1, 0, 990 + n if n < 15 else 0) for n in range(17)]
        database.executemany("INSERT INTO HEART_RR_INTERVAL_SAMPLE VALUES (?, ?, ?, ?, ?)", beats)
    return path, Options("band", subject="p1", zone="Europe/Rome")


def _points(count: int) -> list[str]:
    return [f"2024-03-10T10:{n:02}:00Z" for n in range(count)]


@sample("wearables.tcx")
def tcx(folder: Path) -> tuple[Path, Options]:
    pulses = [(at, str(100 + n)) for n, at in enumerate(_points(20))]
    pulses += [pulses[4], ("2024-03-10T10:40:00Z", "600"), ("soon", "90"), ("2024-03-10T10:41:00Z", "fast")]
    points = "\n".join(f"<Trackpoint><Time>{at}</Time><HeartRateBpm><Value>{one}</Value></HeartRateBpm></Trackpoint>" for at, one in pulses)
    lap = f'<Lap StartTime="2024-03-10T10:00:00Z"><TotalTimeSeconds>1200</TotalTimeSeconds><Track>{points}</Track></Lap>'
    path = folder / "run.tcx"
    space = 'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
    activities = f'<Activities><Activity Sport="Running"><Id>x</Id>{lap}</Activity></Activities>'
    path.write_text(f'<?xml version="1.0"?>\n<TrainingCenterDatabase {space}>{activities}</TrainingCenterDatabase>')
    return path, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.gpx")
def gpx(folder: Path) -> tuple[Path, Options]:
    pulses = [(at, str(100 + n)) for n, at in enumerate(_points(20))]
    pulses += [pulses[4], ("2024-03-10T10:40:00Z", "600"), ("soon", "90"), ("2024-03-10T10:41:00Z", "fast")]
    points = "\n".join(
        f'<trkpt lat="0" lon="0"><time>{at}</time><extensions><x:hr xmlns:x="urn:x">{one}</x:hr></extensions></trkpt>' for at, one in pulses
    )
    path = folder / "run.gpx"
    tracks = f"<trk><type>running</type><trkseg>{points}</trkseg></trk><trk><trkseg/></trk>"
    path.write_text(f'<?xml version="1.0"?>\n<gpx version="1.1" creator="Watch" xmlns="http://www.topografix.com/GPX/1/1">{tracks}</gpx>')
    return path, Options("watch", subject="p1", zone="Europe/Berlin")


@sample("wearables.google_fit")
def google_fit(folder: Path) -> tuple[Path, Options]:
    days = folder / "Fit" / "Daily activity metrics"
    days.mkdir(parents=True)
    for day in ("2025-01-29", "2025-01-30"):
        rows = [f"{n:02}:00:00.000+05:30,{n:02}:15:00.000+05:30,{n * 2.5},{n * 10}" for n in range(14)]
        rows += [
            "23:45:00.000+05:30,00:00:00.000+05:30,1,many",
            "noon,12:15:00.000+05:30,1,2",
            "20:00:00.000+05:30,20:15:00.000+05:30,,900000",
        ]
        (days / f"{day}.csv").write_text("\n".join(["Start time,End time,Calories (kcal),Step count", *rows, ""]))
    (days / "Daily activity metrics.csv").write_text("Date,Step count\n2025-01-29,910\n")
    return folder / "Fit", Options("phone", subject="p1", zone="Asia/Kolkata")


@sample("wearables.open_mhealth")
def open_mhealth(folder: Path) -> tuple[Path, Options]:
    def point(minute: int, **body: Any) -> dict[str, Any]:
        header = {"id": "x", "schema_id": {"namespace": "omh", "name": "heart-rate", "version": "1.0"}, "user_id": "p7"}
        return {"header": header, "body": {"effective_time_frame": {"date_time": f"2024-03-10T10:{minute:02}:00+01:00"}} | body}

    points = [point(n, heart_rate={"value": 60 + n, "unit": "beats/min"}) for n in range(20)]
    points += [points[3], point(30, heart_rate={"value": 60, "unit": "Hz"}), point(31, heart_rate={"value": 600, "unit": "beats/min"})]
    points += [
        point(32, body_weight={"value": 150, "unit": "lb"}),
        point(33, heart_rate={"value": 50, "unit": "beats/min"}, descriptive_statistic="minimum"),
    ]
    path = folder / "points.json"
    path.write_text("\n".join([*(json.dumps(one) for one in points), '{"cut": ', ""]))
    return path, Options("study", zone="Europe/Berlin")


@sample("wearables.dexcom_clarity")
def dexcom_clarity(folder: Path) -> tuple[Path, Options]:
    header = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,Source Device ID,Glucose Value (mg/dL),Transmitter ID"
    names = ["1,,FirstName,,Jane,,,,", "2,,LastName,,Doe,,,,", "3,,DateOfBirth,,1980-01-01,,,,"]
    rows = [f"{n + 4},2024-03-10T10:{n:02}:00,EGV,,,,iPhone,{90 + n},8XYZ" for n in range(25)]
    rows += [rows[2], "40,2024-03-10T11:00:00,EGV,,,,iPhone,Low,8XYZ", "41,2024-03-10T11:05:00,EGV,,,,iPhone,much,8XYZ",
             "42,soon,EGV,,,,iPhone,90,8XYZ", "43,2024-03-10T11:10:00,Insulin,Fast-Acting,,,iPhone,,", "44,2024-03-10T11:15:00,EGV",
             "45,2024-03-10T11:20:00,Calibration,,,,iPhone,101,"]  # fmt: skip
    path = folder / "clarity.csv"
    path.write_text("\n".join([header, *names, *rows, ""]))
    return path, Options("sensor", subject="p1", zone="America/New_York")


@sample("wearables.libreview")
def libreview(folder: Path) -> tuple[Path, Options]:
    header = "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mmol/L,Scan Glucose mmol/L,Notes,Strip Glucose mmol/L"
    rows = [f"FreeStyle Libre 2,ABC,{14 + n // 12}-03-2024 {n % 12 + 1}:05 AM,0,{4 + n / 10:.1f},,," for n in range(24)]
    rows += [rows[2], "FreeStyle Libre 2,ABC,14-03-2024 3:06 PM,1,,6.5,,", "FreeStyle Libre 2,ABC,14-03-2024 3:07 PM,5,,,lunch,",
             "FreeStyle Libre 2,ABC,14-03-2024 3:08 PM,0,HI,,,", "FreeStyle Libre 2,ABC,noon,0,5.5,,,", "FreeStyle Libre 2,ABC,14-03-2024 3:09 PM,0,,,,",
             "FreeStyle Libre 2,ABC,14-03-2024 3:10 PM,2,,,,7.0"]  # fmt: skip
    path = folder / "libreview.csv"
    path.write_text("\n".join(["Glucose Data,Generated on,14-03-2024 10:00 UTC,Generated by,Jane Doe", header, *rows, ""]))
    return path, Options("sensor", subject="p1", zone="Europe/Berlin")


@sample("wearables.carelink")
def carelink(folder: Path) -> tuple[Path, Options]:
    header = (
        "Index;Date;Time;New Device Time;BG Reading (mmol/L);Bolus Volume Delivered (U);Sensor Glucose (mmol/L);ISIG Value;Event Marker"
    )
    pump = [f"{n};2024/03/13;{23 - n:02}:05:00;;{'6,1' if n < 3 else ''};{'1,2' if n >= 3 else ''};;;" for n in range(6)]
    sensor = [f"{n},00000;2024/03/{14 - n // 20};{23 - n % 20:02}:10:00;;;;{5 + n / 10:.1f};20,1;".replace(".", ",") for n in range(24)]
    sensor += [sensor[2], "30;2024/03/13;noon;;;;5,5;;", "31;2024/03/13;01:00:00", "32;2024/03/13;00:50:00;;;;much;;"]
    titles = ["Last Name;First Name;Patient ID;Start Date", "Doe;Jane;77;2024/03/13", "-------;MiniMed 780G;Pump;NG1;-------"]
    path = folder / "carelink.csv"
    path.write_text("\n".join([*titles, header, *pump, "-------;MiniMed 780G;Sensor;NG1;-------", header, *sensor, ""]))
    return path, Options("sensor", subject="p1", zone="Europe/Berlin")


@sample("wearables.accelerometer")
def accelerometer(folder: Path) -> tuple[Path, Options]:
    header = ["Device Identity", "Device Type:GENEActiv", "Measurement Frequency:10.0 Hz", "Time Zone:GMT +01:00"]
    header += [f"{axis} {name}" for axis in "xyz" for name in ("gain:25600", "offset:0")]
    path = folder / "raw.bin"
    lines = ["\r\n".join([*header, "Number of Pages:16"])]
    for number in range(16):
        raw = "".join(f"{n % 9:03X}{0:03X}{256 + n % 50 + number:03X}000" for n in range(300 if number != 5 else 40))
        minute, second = divmod(30 * number, 60)
        page = ["Recorded Data", f"Sequence Number:{number}", f"Page Time:2024-03-01 08:{minute:02}:{second:02}:000"]
        lines.append("\r\n".join([*page, "Measurement Frequency:10.0", raw]))
    path.write_bytes("\r\n".join([*lines, ""]).encode())
    return path, Options("geneactiv", subject="p1")


from tests.sources.wearables import vendor_samples as vendor_samples  # noqa: E402  (it registers its samples, too)


@sample("wearables.rapids")
def rapids(folder: Path) -> tuple[Path, Options]:
    export = folder / "rapids"
    export.mkdir()
    minutes = [f"0,d{1 + n % 2},{n},2020-03-06 08:{n:02}:00" for n in range(20)]
    bad = ["0,d1,many,2020-03-06 09:00:00", "0,d1,3,soon", "0,d1"]
    (export / "steps_intraday.csv").write_text("\n".join(["timestamp,device_id,steps,local_date_time", *minutes, *bad, minutes[0], ""]))
    days = [f"0,d1,{900 + day},2020-03-{day:02} 00:00:00" for day in (6, 7)]
    (export / "steps_summary.csv").write_text("\n".join(["timestamp,device_id,steps,local_date_time", *days, ""]))
    head = '"timestamp","device_id","label","fitbit_id","fitbit_data_type","fitbit_data"'
    cells = [
        json.dumps({"weight": [{"logId": n, "date": f"2020-03-{n:02}", "time": "07:00:00", "weight": 70.0 + n}]}) for n in range(1, 12)
    ]
    rows = [f'{n},"d1","a","b","weight","{cell}"' for n, cell in enumerate(one.replace('"', '\\"') for one in [*cells, cells[0], "{"])]
    (export / "weight.csv").write_text("\n".join([head, *rows, ""]))
    return export, Options("study", zone="America/New_York")
