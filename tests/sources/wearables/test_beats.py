"""Intervals between heartbeats, source by source: FIT against fitdecode, Apple's lists, Polar's and Empatica's files, plain lists."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fitdecode
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.wearables import fit_writer

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES, Options
from heedful.sources.wearables.apple_beats import OUTSIDE, Beats
from heedful.sources.wearables.beats import RESYNC_SECONDS, chained, of_rates
from heedful.sources.wearables.polar import NO_VALUE
from heedful.sources.wearables.rr_text import NO_CONTACT

TEXT = "wearables.rr_intervals"


def intervals(found: Any) -> pl.DataFrame:
    rows: pl.DataFrame = found["observations"]
    return rows.filter(pl.col("code") == "rr_interval").sort("start_at", "row")


# --- the clock --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(300, 2_000), st.floats(0, 3)), min_size=1, max_size=80))
def test_a_chain_never_steps_back_and_stays_near_the_clock(told: list[tuple[int, float]]) -> None:
    lengths = np.array([float(one) for one, _ in told])
    heard = 1e9 + np.cumsum(lengths / 1_000 + [lag for _, lag in told])
    begins = chained(lengths, heard)
    ends = begins + lengths / 1_000
    assert (begins[1:] >= ends[:-1] - 1e-6).all()
    assert (heard - ends <= RESYNC_SECONDS + 1e-6).all()


def test_rates_of_beats_that_follow_take_the_precision_of_their_times() -> None:
    """Rounded as Apple rounds: whole beats a minute, hundredths of a second."""
    rr = 900 + 50 * np.sin(np.arange(200))
    at = np.cumsum(rr) / 1_000
    found = of_rates(np.rint(60_000 / rr), np.round(at, 2))
    assert np.abs(found[1:] - rr[1:]).max() <= 10.0
    assert np.sqrt(np.mean((found[1:] - rr[1:]) ** 2)) < np.sqrt(np.mean((60_000 / np.rint(60_000 / rr) - rr)[1:] ** 2))


# --- FIT --------------------------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("name", ["garmin-edge-820-bike", "garmin-fenix-5-run", "garmin-fenix-5-walk"])
def test_fit_intervals_are_fitdecodes(name: str, shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    """All values in order; each begins where the one before it ended, and none lies seconds away from the file's own clock."""
    data = gzip.decompress((shared_data / f"interop/fit/{name}.fit.gz").read_bytes())
    theirs, clock = list[float](), list[Any]()
    now: Any = None
    with fitdecode.FitReader(data) as reader:
        for one in reader:
            if isinstance(one, fitdecode.FitDataMessage):
                now = one.get_value("timestamp", fallback=now)
                if one.name == "hrv":
                    told: Any = one.get_value("time")
                    values = [round(1_000 * value) for value in told if value is not None]
                    theirs += values
                    clock += [now] * len(values)
    path = tmp_path / "one.fit"
    path.write_bytes(data)
    rows = intervals(read("wearables.fit", path))
    assert rows["value"].to_list() == theirs
    assert len(theirs) > 60
    gaps = (rows["start_at"][1:] - rows["end_at"][:-1]).dt.total_microseconds().to_numpy()
    assert np.abs(gaps).max() <= 1_000
    late = [abs((end - at).total_seconds()) for end, at in zip(rows["end_at"], clock, strict=True)]
    assert float(np.median(late)) < 5.0


def test_fit_beat_intervals_bear_their_own_time(tmp_path: Path, read: Callable[..., Any]) -> None:
    """Message 290, as Garmin's profile gives it: a time, its milliseconds, and intervals in ms."""
    fields = ((253, 0x86), (0, 0x84), (1, 0x84))
    at = 1_709_280_000 - fit_writer.EPOCH
    body = fit_writer.definition(0, 290, fields) + b"".join(
        fit_writer.record(0, fields, (at + n, 250, value)) for n, value in enumerate((900, 910, 0xFFFF, 0, 250))
    )
    path = tmp_path / "one.fit"
    path.write_bytes(fit_writer.file(body))
    found = read("wearables.fit", path)
    rows = intervals(found)
    assert rows["value"].to_list() == [900.0, 910.0]
    assert rows["end_at"][0] == datetime.fromtimestamp(1_709_280_000.25, UTC)
    assert "rr_interval: the value 250.0 ms is outside" in found["quarantine"]["reason"][0]
    assert found.skipped.total() == 1


# --- Apple ------------------------------------------------------------------------------------------------------------


def apple(
    folder: Path, listed: list[tuple[int, str]], start: str = "2018-10-29 10:17:16 -0800", end: str = "2018-10-29 10:18:21 -0800"
) -> Path:
    beats = "".join(f'<InstantaneousBeatsPerMinute bpm="{rate}" time="{at}"/>\n' for rate, at in listed)
    path = folder / "export.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="en_US">\n'
        '<Record type="HKQuantityTypeIdentifierHeartRateVariabilitySDNN" sourceName="Ada’s Apple\xa0Watch" sourceVersion="5.0.1" '
        'device="&lt;&lt;HKDevice: 0x2&gt;, name:Apple Watch, model:Watch, hardware:Watch4,2, software:5.0.1&gt;" unit="ms" '
        f'startDate="{start}" endDate="{end}" value="49.46">\n<MetadataEntry key="HKAlgorithmVersion" value="2"/>\n'
        f"<HeartRateVariabilityMetadataList>\n{beats}</HeartRateVariabilityMetadataList>\n</Record>\n"
        '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Ada’s Apple\xa0Watch" unit="count/min" '
        f'startDate="{end}" endDate="{end}" value="70"/>\n</HealthData>\n',
        encoding="utf-8",
    )
    return path


def test_apples_listed_beats_are_intervals_of_the_records_minute(tmp_path: Path, read: Callable[..., Any]) -> None:
    """Clock times of another zone (an hour on), with a comma and without AM: as real exports have them."""
    listed = [(80, "11:17:20.53 AM"), (80, "11:17:21.29 AM"), (78, "11:17:22,06"), (60, "11:17:40.00 AM"), (60, "11:40:00.00 AM")]
    found = read("apple_health", apple(tmp_path, listed))
    rows = intervals(found)
    first = datetime(2018, 10, 29, 18, 17, 20, 530_000, UTC)
    assert rows["end_at"].to_list() == [first + timedelta(seconds=n) for n in (0, 0.76, 1.53, 19.47)]
    assert rows["value"].round(2).to_list() == [750.0, 754.72, 770.0, 1_000.0]
    assert rows["device"].unique().to_list() == ["Apple Watch (Watch4,2)"]
    assert rows["offset_minutes"].unique().to_list() == [-480]
    assert found["quarantine"]["reason"].to_list() == [f"rr_interval: {OUTSIDE}"]
    others = found["observations"].filter(pl.col("code") != "rr_interval")
    assert sorted(others["code"]) == ["heart_rate", "hrv_sdnn"]
    assert found.records == found["observations"].height + found["quarantine"].height


def test_a_list_that_is_cut_between_batches_says_the_same(tmp_path: Path) -> None:
    record = {"startDate": "2018-10-29 10:17:16 -0800", "endDate": "2018-10-29 10:18:21 -0800", "sourceName": "Watch"}
    beats = [(record, "80", f"10:17:{20 + 0.76 * n:05.2f} AM") for n in range(9)]
    known_at, options = datetime(2026, 1, 1, tzinfo=UTC), Options("x", "p")
    whole = Beats(tmp_path / "export.xml", options, known_at).rows(beats)[0]
    cut = Beats(tmp_path / "export.xml", options, known_at)
    assert pl.concat([cut.rows(beats[:4])[0], cut.rows([(dict(record), rate, at) for _, rate, at in beats[4:]])[0]]).equals(whole)
    assert whole["value"][1:].round(1).n_unique() <= 3


@pytest.mark.real
def test_apples_real_list_that_is_of_another_hour_is_set_aside(shared_data: Path, read: Callable[..., Any]) -> None:
    """The only list in the shared exports was edited by its owner: its two beats lie 12 hours and 8 minutes from their record."""
    found = read("apple_health", shared_data / "interop/apple_health/grll_export.xml")
    assert found["quarantine"]["reason"].str.contains("rr_interval").sum() == 2


# --- text and JSON ----------------------------------------------------------------------------------------------------


def test_polar_sensor_logger_rr_and_ppi(tmp_path: Path, read: Callable[..., Any]) -> None:
    rr = tmp_path / "Polar_H10_RR.txt"
    rr.write_text("Phone timestamp;RR-interval [ms]\n2026-06-01T21:17:07.832;1000\n2026-06-01T21:17:08.932;1100\nx;900\n")
    found = read(TEXT, rr, zone="Europe/Berlin", known_at=datetime(2026, 7, 1, tzinfo=UTC))
    rows = intervals(found)
    assert rows["value"].to_list() == [1_000.0, 1_100.0]
    assert rows["end_at"].to_list() == [datetime(2026, 6, 1, 19, 17, 7, 832_000, UTC), datetime(2026, 6, 1, 19, 17, 8, 932_000, UTC)]
    assert found["quarantine"]["line"].to_list() == [4]
    ppi = tmp_path / "Polar_Sense_PPI.txt"
    ppi.write_text(
        "Phone Data RX timestamp;PP-interval [ms];error estimate [ms];blocker;contact;contact;hr [bpm]\n"
        "2026-06-01T21:17:07.832;1000;5;0;1;1;60\n2026-06-01T21:17:08.832;900;5;1;1;1;60\n2026-06-01T21:17:09.832;900;5;0;0;1;60\n"
    )
    found = read(TEXT, ppi, known_at=datetime(2026, 7, 1, tzinfo=UTC))
    assert intervals(found)["value"].to_list() == [1_000.0]
    assert found.skipped == {NO_CONTACT: 2}


def test_empatica_keeps_every_gap(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "IBI.csv"
    path.write_text("1509461127.000000, IBI\n10.500000,0.800000\n11.400000,0.900000\n13.000000,0.850000\n")
    rows = intervals(read(TEXT, path))
    assert rows["end_at"].dt.epoch("ms").to_list() == [1_509_461_137_500, 1_509_461_138_400, 1_509_461_140_000]
    assert rows["value"].to_list() == [800.0, 900.0, 850.0]
    assert (rows["start_at"][2] - rows["end_at"][1]).total_seconds() == 0.75


def test_a_plain_list_needs_a_date_from_its_name_or_its_owner(tmp_path: Path, read: Callable[..., Any]) -> None:
    text = "\n".join(str(800 + 7 * n % 50) for n in range(40))
    undated, dated = tmp_path / "morning.txt", tmp_path / "2018-03-04 08-01-23.txt"
    for path in (undated, dated):
        path.write_text(text)
    assert SOURCES.get(TEXT).recognise(undated, text.encode()) == 0.6
    with pytest.raises(SourceError, match="bears no date"):
        read(TEXT, undated)
    first = datetime(2018, 3, 4, 7, 1, 23, tzinfo=UTC)
    for rows in (intervals(read(TEXT, dated, zone="Europe/Berlin")),
                 intervals(read(TEXT, undated, start="2018-03-04T08:01:23", zone="Europe/Berlin"))):  # fmt: skip
        assert rows["start_at"][0] == first
        assert (rows["end_at"][-1] - first).total_seconds() == pytest.approx(rows["value"].sum() / 1_000)
    seconds = tmp_path / "s.txt"
    seconds.write_text("RR\n" + "\n".join(f"{0.8 + 0.01 * (n % 9):.3f}" for n in range(40)))
    assert intervals(read(TEXT, seconds, start="2018-03-04T08:01:23"))["value"][0] == 800.0


def test_polar_flows_pulse_intervals(tmp_path: Path, read: Callable[..., Any]) -> None:
    samples = [{"sampleDateTime": f"2024-03-02T02:00:{n:02}.000", "pulseLength": 1_000} for n in range(5)]
    day = {"date": "2024-03-02", "devicePpiSamplesList": [{"deviceId": "A1", "ppiSamples": [*samples, {"pulseLength": 900}]}]}
    path = tmp_path / "ppi_samples_1.json"
    path.write_text(json.dumps([day]))
    found = read("wearables.polar", path)
    rows = intervals(found)
    assert rows["value"].to_list() == [1_000.0] * 5
    assert rows["end_at"][0] == datetime(2024, 3, 2, 2, tzinfo=UTC)
    assert rows["device"].unique().to_list() == ["Polar"]
    assert found.skipped == {NO_VALUE: 1}


def test_a_list_with_blank_lines_and_a_line_of_words_is_still_a_list(tmp_path: Path, read: Callable[..., Any]) -> None:
    lengths = [str(800 + n % 9) for n in range(60)]
    path = tmp_path / "2018-03-04 08-01-23.txt"
    path.write_bytes("\r\n".join(["\ufeffRR", *lengths[:30], "", "pause", *lengths[30:], "", ""]).encode())
    found = read(TEXT, path)
    assert intervals(found)["value"].to_list() == [float(one) for one in lengths]
    assert found["quarantine"].select("line", "content").rows() == [(33, "pause")]


def test_one_artifact_does_not_move_what_follows_it(tmp_path: Path, read: Callable[..., Any]) -> None:
    """5 ms in a list of milliseconds are no 5 seconds."""
    path = tmp_path / "rr.txt"
    path.write_text("\n".join([*(str(800 + n % 9) for n in range(30)), "5", "900"]))
    found = read(TEXT, path, start="2018-03-04T08:00:00")
    rows = intervals(found)
    assert (rows["start_at"][-1] - rows["end_at"][-2]).total_seconds() == pytest.approx(0.005)
    assert "the value 5.0 ms is outside" in found["quarantine"]["reason"][0]


def test_numbers_that_are_no_times_are_set_aside(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "IBI.csv"
    path.write_text("1509461127.0, IBI\n10.5,0.8\nnan,0.8\n1e300,0.8\n12,nan\n13,inf\n14,-0.8\n")
    found = read(TEXT, path)
    assert intervals(found)["value"].to_list() == [800.0]
    assert sorted(found["quarantine"]["line"]) == [3, 4, 5, 6, 7]
    log = tmp_path / "log.txt"
    log.write_text("Phone timestamp;RR-interval [ms]\n2024-06-01T21:17:07;nan\n2024-06-01T21:17:08;1e400\n2024-06-01T21:17:09;800\n")
    found = read(TEXT, log)
    assert intervals(found)["end_at"].to_list() == [datetime(2024, 6, 1, 21, 17, 9, tzinfo=UTC)]
    assert found["quarantine"]["line"].to_list() == [2, 3]


def test_a_night_s_log_goes_on_through_the_hour_that_autumn_repeats(tmp_path: Path, read: Callable[..., Any]) -> None:
    seconds = range(0, 7_200, 600)  # from 02:00 summer time to 02:50 winter time
    stamps = [datetime.fromtimestamp(1_729_987_200 + one, ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%dT%H:%M:%S") for one in seconds]
    assert stamps[0] == stamps[6] == "2024-10-27T02:00:00"
    path = tmp_path / "log.txt"
    path.write_text("\n".join(["Phone timestamp;RR-interval [ms]", *(f"{at};800" for at in stamps)]))
    rows = intervals(read(TEXT, path, zone="Europe/Berlin"))
    assert rows["end_at"].dt.epoch("s").to_list() == [1_729_987_200 + one for one in seconds]
