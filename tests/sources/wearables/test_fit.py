"""Against fitdecode on every real file, the values that its test suite keeps, and a file of our own written bit by bit."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.wearables.fit_writer import EPOCH, checksum, definition, file, record

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES, Options
from heedful.sources.wearables import fit_scan
from heedful.sources.wearables.fit_messages import BASELINE, Told
from heedful.sources.wearables.fit_records import records

SOURCE = "wearables.fit"
KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
UINT8, UINT16, UINT32 = 0x02, 0x84, 0x86


def raw(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def good(shared_data: Path) -> list[Path]:
    folder = shared_data / "interop/fit"
    return sorted([*folder.glob("*.fit.gz"), *folder.glob("garmin_sdk/*.fit.gz")])


@pytest.mark.real
def test_every_record_and_field_is_fitdecode_s(shared_data: Path) -> None:
    fitdecode = pytest.importorskip("fitdecode", reason="fitdecode is not installed")
    files = good(shared_data)
    assert len(files) > 25
    for path in files:
        theirs: dict[int, list[dict[int, float]]] = {}
        with fitdecode.FitReader(io.BytesIO(raw(path)), keep_raw_chunks=False) as reader:
            for message in reader:
                if isinstance(message, fitdecode.FitDataMessage):
                    fields = {
                        one.def_num: one.raw_value
                        for one in reversed(message.fields)
                        if isinstance(one.raw_value, int) and type(one.field_def) is fitdecode.types.FieldDefinition
                    }
                    theirs.setdefault(message.global_mesg_num, []).append(fields)
        ours: dict[int, list[Any]] = {}
        for found in records(raw(path), path.name):
            ours.setdefault(found.message, []).append(found)
        assert Counter({number: len(rows) for number, rows in theirs.items()}) == Counter(
            {number: sum(len(one.order) for one in parts) for number, parts in ours.items()}
        ), path.name
        for number in {18, 20, 30, 55} & set(ours):
            told = Told(ours[number])
            for field in {2, 3, 5, 7, 9, 11, 19, 24, 26, 27, 253}:
                expected = [row.get(field, np.nan) for row in theirs[number]]
                if all(np.isnan(expected)):
                    continue
                mine = told.field(field) if field != 253 else told.time
                stated = ~np.isnan(np.array(expected, float))
                assert np.array_equal(mine[stated], np.array(expected, float)[stated]), (path.name, number, field)


@pytest.mark.real
@pytest.mark.parametrize("name", ["garmin-edge-820-bike", "garmin-fenix-5-bike", "garmin-fenix-5-run", "garmin-fenix-5-walk"])
def test_heart_rates_are_those_that_fitdecode_keeps(name: str, shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/fit"
    kept = list(csv.DictReader((folder / "expected" / f"{name}-records.csv").open()))
    pulse, stamp = (next(column for column in kept[0] if word in column.lower()) for word in ("heart", "timestamp"))
    expected = [(in_california(row[stamp]), float(row[pulse])) for row in kept if row[pulse] not in ("null", "", "None")]
    rows = read(SOURCE, folder / f"{name}.fit.gz")["observations"].filter(pl.col("code") == "heart_rate")
    assert len(expected) > 10
    assert rows.select("start_at", "value").rows() == expected


def in_california(written: str) -> datetime:
    return (datetime.strptime(written.replace(" PDT", ""), "%a %b %d %H:%M:%S %Y") + timedelta(hours=7)).replace(tzinfo=UTC)


@pytest.mark.real
def test_steps_of_a_day_add_up_to_the_watch_s_own_total(shared_data: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, shared_data / "interop/fit/MonitoringFile.fit.gz")
    steps = found["observations"].filter(pl.col("code") == "steps")
    assert steps["value"].sum() == 3_142 + 31  # walking and running, as the file's last two messages say
    assert set(steps["day"].to_list()) == {datetime(2014, 12, 27).date()}
    assert steps["start_at"].min() >= datetime(2014, 12, 27, 6, tzinfo=UTC)
    assert steps["end_at"].max() == datetime(2014, 12, 28, 6, tzinfo=UTC)
    assert set(steps["offset_minutes"]) == {-360}


@pytest.mark.real
def test_a_scale_s_users_stay_apart(shared_data: Path, read: Callable[..., Any]) -> None:
    rows = read(SOURCE, shared_data / "interop/fit/WeightScaleMultiUser.fit.gz", subject="home")["observations"]
    weights = rows.filter(pl.col("code") == "body_weight").sort("person")
    assert weights["person"].to_list() == ["home user 0", "home user 1"]
    assert weights["value"][0] == pytest.approx(75.8)


@pytest.mark.real
def test_a_time_that_counts_from_switching_on_is_no_date(shared_data: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, shared_data / "interop/fit/compressed-speed-distance.fit.gz")
    assert found["observations"].is_empty()
    assert found["quarantine"].height > 700
    assert found["quarantine"]["reason"].str.contains("bears no date").all()


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "said", "rows"),
    [
        ("activity-filecrc", "checksum is wrong", 0),
        ("activity-activity-filecrc", "checksum is wrong", 1),
        ("activity-settings-corruptheader", "is no FIT file", 1),
        ("activity-settings-nodata", "breaks off", 1),
        ("activity-unexpected-eof", "breaks off", 1),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(name: str, said: str, rows: int, shared_data: Path) -> None:
    batches = SOURCES.get(SOURCE).read(shared_data / "interop/fit/invalid" / f"{name}.fit", Options("x"), KNOWN_AT)
    seen = list[int]()
    with pytest.raises(SourceError, match=said):
        seen.extend(sum(len(frame) for frame in batch.rows) for batch in batches)
    assert sum(seen) == rows


@pytest.mark.real
def test_a_folder_reads_on_after_a_damaged_file(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    for name in ("invalid/activity-filecrc.fit", "garmin-fenix-5-walk.fit.gz"):
        shutil.copyfile(shared_data / "interop/fit" / name, tmp_path / Path(name).name)
    assert SOURCES.get(SOURCE).recognise(tmp_path, b"") == 0.9
    found = read(SOURCE, tmp_path)
    assert found["observations"].height > 10
    assert "checksum" in found["quarantine"]["reason"][0]
    assert found.records == found["observations"].height + found["quarantine"].height + found.skipped.total()
    packed = Path(shutil.make_archive(str(tmp_path.parent / "packed"), "zip", tmp_path))
    assert read(SOURCE, packed)["observations"].equals(found["observations"])


def monitored(*readings: tuple[int, int, int], begins: int) -> bytes:
    """Cycles of a kind of activity at a time, in a file that begins at `begins` in a zone an hour east of UTC."""
    header, fields = [(253, UINT32), (0, UINT32)], [(253, UINT32), (3, UINT32), (5, 0)]
    body = definition(0, 103, header) + record(0, header, [begins, begins + 3_600]) + definition(1, 55, fields)
    return file(body + b"".join(record(1, fields, [at, cycles, kind]) for at, cycles, kind in readings))


def test_counters_restart_at_local_midnight(tmp_path: Path, read: Callable[..., Any]) -> None:
    midnight = (1_000_000_000 - EPOCH % 86_400) // 86_400 * 86_400 + (-EPOCH) % 86_400 - 3_600
    path = tmp_path / "day.fit"
    path.write_bytes(monitored((midnight + 600, 100, 6), (midnight + 1_200, 130, 6), (midnight + 1_800, 9, 1), (midnight + 86_400, 200, 6),
                               (midnight + 86_700, 40, 6), begins=midnight))  # fmt: skip
    found = read(SOURCE, path)
    rows = found["observations"].sort("start_at", "end_at")
    assert rows["value"].to_list() == [100, 9, 30, 70, 40]
    assert rows["end_at"][3] - rows["start_at"][3] == timedelta(seconds=86_400 - 1_200)
    assert rows["start_at"][4] == rows["end_at"][3]
    path.write_bytes(monitored((midnight + 700, 100, 6), (midnight + 1_200, 130, 6), begins=midnight + 600))
    found = read(SOURCE, path)
    assert found["observations"]["value"].to_list() == [30]
    assert found.skipped == {BASELINE: 1}


def test_compressed_times_and_both_byte_orders(tmp_path: Path, read: Callable[..., Any]) -> None:
    start, stamped, bare = 1_000_000_031, [(253, UINT32), (3, UINT8)], [(3, UINT8)]
    body = definition(0, 20, stamped, big=True) + record(0, stamped, [start, 70], big=True)
    body += definition(1, 20, bare) + b"".join(bytes((0x80 | 1 << 5 | (start + gap) & 31, 70 + gap)) for gap in (1, 5, 30, 60))
    path = tmp_path / "x.fit"
    path.write_bytes(file(body))
    rows = read(SOURCE, path)["observations"]
    assert [int(at.timestamp()) - EPOCH - start for at in rows["start_at"]] == [0, 1, 5, 30, 60]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from((20, 21, 55)),
            st.booleans(),
            st.lists(
                st.tuples(st.integers(0, 250), st.sampled_from((UINT8, UINT16, UINT32))),
                min_size=1,
                max_size=5,
                unique_by=lambda one: one[0],
            ),
            st.lists(st.integers(0, 250), max_size=6),
        ),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=60)
def test_what_was_written_is_read(made: list[tuple[int, int, bool, list[tuple[int, int]], list[int]]]) -> None:
    body, expected = b"", list[tuple[int, dict[int, float]]]()
    for local, message, big, fields, values in made:
        body += definition(local, message, fields, big=big)
        for value in values:
            body += record(local, fields, [value] * len(fields), big=big)
            expected.append((message, {number: value for number, _ in fields}))
    data = file(body)
    found: dict[int, tuple[int, dict[int, float]]] = {}
    for part in records(data, "x"):
        numbers = [number for number, *_ in part.definition.fields]
        for place, order in enumerate(part.order.tolist()):
            found[order] = (part.message, {number: part.field(number)[place] for number in numbers})
    assert [found[order] for order in sorted(found)] == expected


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_compiled_and_plain_agree(data: bytes) -> None:
    view = np.frombuffer(data, np.uint8)
    assert fit_scan.checksum(view, fit_scan.nibbles()) == checksum(data)
    answers = []
    for scan in (fit_scan.scan, fit_scan.scan.py_func):
        local = np.full((16, 5), -1, np.int64)
        at, which, when, defined = (np.full(400, -7, np.int64) for _ in range(4))
        answers.append(
            (scan(view, 0, len(data), local, at, which, when, defined), local.tolist(), at.tolist(), when.tolist(), defined.tolist())
        )
    assert answers[0] == answers[1]
