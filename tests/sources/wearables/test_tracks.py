"""GPX, TCX and Google Fit against the files' own text, read by the standard library."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES


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
    rows = list[float]()
    with pytest.raises(SourceError, match="what was read before is kept") as refused:
        for batch in SOURCES.get("wearables.gpx").read(path, Options("x"), datetime(2026, 1, 1, tzinfo=UTC)):
            rows += unseal(batch.rows[0])["value"].to_list()
    assert rows == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert refused.value.line == 7
