"""GPX, TCX and Google Fit against the files' own text, read by the standard library."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options


@pytest.mark.real
@pytest.mark.parametrize("name", ["test.tcx.gz", "sup_activity_1.tcx.gz", "no_hr.tcx.gz"])
def test_pulses_and_workout_of_a_tcx(name: str, shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/gpx_tcx" / name
    text = gzip.decompress(path.read_bytes()).decode()
    points = re.findall(r"<Trackpoint>.*?</Trackpoint>", text, re.S)
    pulses = [int(found[1]) for point in points if (found := re.search(r"<HeartRateBpm[^>]*>\s*<Value>(\d+)</Value>", point))]
    rows = read("wearables.tcx", path)["observations"]
    assert rows.filter(pl.col("code") == "heart_rate")["value"].to_list() == pulses
    (workout,) = rows.filter(pl.col("code") == "workout").rows(named=True)
    laps = [float(one) for one in re.findall(r"<TotalTimeSeconds>([\d.]+)", text)]
    assert workout["value"] == pytest.approx(sum(laps) / 60)


@pytest.mark.real
def test_distance_that_restarts_at_each_lap_is_added_up(shared_data: Path, read: Callable[..., Any]) -> None:
    for path in (shared_data / "interop/google_fit_takeout/Activities").glob("*.tcx"):
        activities = re.findall(r"<Activity .*?</Activity>", path.read_text(), re.S)
        expected = [sum(max(float(one) for one in re.findall(r"<DistanceMeters>([\d.]+)", lap)) for lap in re.findall(r"<Lap .*?</Lap>", activity, re.S))
                    for activity in activities]  # fmt: skip
        rows = read("wearables.tcx", path)["observations"].filter(pl.col("code") == "workout").sort("start_at")
        ours = sorted(json.loads(extra)["distance_m"] for extra in rows["extra"])
        assert ours == pytest.approx(sorted(expected), abs=0.001)


@pytest.mark.real
def test_gpx_with_and_without_pulses(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/gpx_tcx"
    files = sorted(folder.glob("*.gpx"))
    assert len(files) == 23
    for path in files:
        assert SOURCES.get("wearables.gpx").recognise(path, path.read_bytes()[:65_536]) == 0.95, path.name
        found = read("wearables.gpx", path)
        assert found.records == found["observations"].height + found["quarantine"].height + found.skipped.total()
        tracks = len(re.findall(rb"<trk[ >]", path.read_bytes()))
        assert found.records - tracks == path.read_bytes().count(b":hr>") // 2, path.name
    (pulse,) = read("wearables.gpx", folder / "gpx_with_garmin_extension.gpx")["observations"].rows(named=True)
    assert (pulse["value"], pulse["start_at"].isoformat()) == (171.0, "2016-06-17T23:41:03+00:00")


@pytest.mark.real
def test_days_of_google_fit(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/google_fit_takeout"
    found = read("wearables.google_fit", folder)
    rows = found["observations"]
    for path in (folder / "Daily activity metrics").glob("*.csv"):
        expected = sum(float(row["Step count"] or 0) for row in csv.DictReader(path.open()))
        day = rows.filter((pl.col("code") == "steps") & (pl.col("day").cast(pl.String) == path.stem))
        assert day["value"].sum() == expected, path.name
    assert set(rows["offset_minutes"]) == {330}
    assert rows.filter(pl.col("code") == "workout").height == 7
    assert sum("derived_com" in reason for reason in found.aside) == 5
    assert found.records == rows.height + found["quarantine"].height + found.skipped.total()


TRANSLATED = {
    "Hora de inicio": "Start time", "Hora de finalización": "End time", "Recuento de Minutos Activos": "Move Minutes count",
    "Calorías (kcal)": "Calories (kcal)", "Distancia (m)": "Distance (m)", "Puntos Cardio": "Heart Points", "Minutos de cardio": "Heart Minutes",
    "Latitud baja (deg)": "Low latitude (deg)", "Longitud baja (deg)": "Low longitude (deg)", "Latitud alta (deg)": "High latitude (deg)",
    "Longitud alta (deg)": "High longitude (deg)", "Velocidad media (m/s)": "Average speed (m/s)", "Velocidad máxima (m/s)": "Max speed (m/s)",
    "Velocidad mínima (m/s)": "Min speed (m/s)", "Recuento de pasos": "Step count", "Peso medio (kg)": "Average weight (kg)",
    "Peso máximo (kg)": "Max weight (kg)", "Peso mínimo (kg)": "Min weight (kg)", "Caminar duración (ms)": "Walking duration (ms)",
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("steps", ["Recuento de pasos", "Schritte"])
def test_a_translated_day_says_the_same(shared_data: Path, tmp_path: Path, read: Callable[..., Any], steps: str) -> None:
    source = shared_data / "interop/google_fit_takeout/Daily activity metrics/2025-02-02.csv"
    header, rest = source.read_text().split("\n", 1)
    spanish = {english: own for own, english in TRANSLATED.items()} | {"Step count": steps}
    path = tmp_path / "Métricas de actividad diaria" / source.name
    path.parent.mkdir()
    path.write_text(",".join(spanish.get(name, name) for name in header.split(",")) + "\n" + rest)
    assert SOURCES.get("wearables.google_fit").recognise(path.parent, b"") == 0.9
    key = ["code", "start_at", "end_at", "value"]
    assert (
        read("wearables.google_fit", path)["observations"]
        .select(key)
        .equals(read("wearables.google_fit", source)["observations"].select(key))
    )


def test_a_column_behind_the_speeds_is_steps_only_where_none_is_called_so(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "2024-10-25.csv"
    row = "00:00:00.000+02:00,00:15:00.000+02:00,1e3,1.0,7,50"
    for names, steps in (("Start time,End time,Calories (kcal),Average speed (m/s),Heart Points,Step count", 50.0),
                         ("Anfang,Ende,Kalorien (kcal),Tempo (m/s),Schritte,Herzpunkte", 7.0)):  # fmt: skip
        path.write_bytes(f"\ufeff{names}\r\n{row}\r\n".encode())
        rows = read("wearables.google_fit", path)["observations"].sort("code")
        assert rows.select("code", "value").rows() == [("steps", steps), ("total_energy", 1_000.0)]


@pytest.mark.real
def test_an_app_s_stream_of_google_fit_says_why_it_is_not_read(shared_data: Path, read: Callable[..., Any]) -> None:
    for path in (shared_data / "interop/google_fit_takeout/All Data").iterdir():
        with pytest.raises(SourceError, match="it would count twice"):
            read("wearables.google_fit", path)


def test_what_is_something_else_is_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x"
    path.write_text("<html><gpx/></html>")
    for source in ("wearables.gpx", "wearables.tcx"):
        assert SOURCES.get(source).recognise(path, path.read_bytes()) == 0.0
    with pytest.raises(SourceError, match="no TCX file"):
        read("wearables.tcx", path)
    path.write_text("Start time,End time,Step count\n00:00:00.000+05:30,00:15:00.000+05:30,5\n")
    with pytest.raises(SourceError, match="named after no day"):
        read("wearables.google_fit", path)


def test_of_a_cut_track_the_whole_points_are_kept(tmp_path: Path) -> None:
    point = '<trkpt lat="1" lon="2"><time>2024-03-01T10:0{0}:00Z</time><extensions><hr>10{0}</hr></extensions></trkpt>\n'
    path = tmp_path / "a.gpx"
    path.write_text('<gpx creator="watch"><trk><trkseg>\n' + "".join(map(point.format, range(5))) + '<trkpt lat="1" l')
    reading = SOURCES.get("wearables.gpx").read(path, Options("x"), datetime(2026, 1, 1, tzinfo=UTC))
    assert unseal(next(reading).rows[0])["value"].to_list() == [100.0, 101.0, 102.0, 103.0, 104.0]
    with pytest.raises(SourceError, match="what was read before is kept") as refused:
        next(reading)
    assert refused.value.line == 7
