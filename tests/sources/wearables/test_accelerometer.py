"""Against the maker's own export, what GGIRread and pygt3x say of the same recordings, and recordings written here."""

from __future__ import annotations

import gzip
import io
import itertools
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.sources.base import SOURCES, Options
from heedful.sources.wearables.actigraphy import cwa, geneactiv, gt3x
from heedful.sources.wearables.actigraphy.acceleration import Minutes, Stretch, Unread, summary
from heedful.sources.wearables.actigraphy.accelerometer import SCANT, SCANT_ANGLE

SOURCE = "wearables.accelerometer"


def samples(pieces: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    found = [piece for piece in pieces if isinstance(piece, Stretch)]
    return np.concatenate([one.at for one in found]), np.concatenate([one.axes for one in found])


@pytest.mark.real
def test_gt3x_samples_are_those_of_the_makers_export(shared_data: Path) -> None:
    folder = shared_data / "interop/actigraphy"
    at, axes = samples(gt3x.read(folder / "TAS1H30182785_2019-09-17.gt3x").pieces)
    with gzip.open(folder / "TAS1H30182785_2019-09-17.csv.gz", "rt") as file:
        theirs = np.loadtxt(file, delimiter=",", skiprows=11)
    start = datetime(2019, 9, 17, 18, 40, tzinfo=UTC).timestamp() * 1e6  # the CSV's local start; a sample each 10 ms, sleep filled in
    place = ((at - start) // 10_000).astype(int)
    assert len(place) > 30_000
    assert np.abs(theirs[place] - axes).max() <= 0.0005 + 1e-9  # the CSV has three digits


WRISTPY = {
    "acceleration_enmo": (708.1608867, 183.3409112, 150.3962085),
    "acceleration_mad": (518.9747137, 206.1524855, 189.7980130),
}
"""What wristpy 0.2.10 (`metrics.euclidean_norm_minus_one`, 60 s; `metrics.mean_amplitude_deviation`, 6 s, mean of a minute's ten) makes of the
maker's CSV of the recording, in thousandths of g, of its three minutes without idle sleep: 18:41 to 18:43."""


@pytest.mark.real
def test_enmo_and_mad_are_wristpys(shared_data: Path, read: Callable[..., Any]) -> None:
    """Within 0.02 of ENMO (the CSV has three digits of a g) and 0.002 of MAD, which rounding of single samples moves less."""
    rows = read(SOURCE, shared_data / "interop/actigraphy/TAS1H30182785_2019-09-17.gt3x")["observations"]
    whole = rows.filter(pl.col("extra").is_null()).sort("start_at")
    for code, tolerance in (("acceleration_enmo", 0.022), ("acceleration_mad", 0.002)):
        assert whole.filter(pl.col("code") == code)["value"].to_list() == pytest.approx(WRISTPY[code], abs=tolerance)


def test_enmo_and_mad_by_hand() -> None:
    """A minute of 0.9 and 1.1 g in turn: ENMO is 100 every other sample, 50; the mean is 1 g, each sample 0.1 off it, MAD 100."""
    turns = np.zeros((600, 3))
    turns[:, 2] = np.where(np.arange(600) % 2, 1.1, 0.9)
    minute = summary(np.arange(600) * 100_000, np.linalg.norm(turns, axis=1), np.ones(600, np.int64)).row(0, named=True)
    found = [round(minute[f"acceleration_{name}"], 6) for name in ("mean", "enmo", "mad")]
    assert found == [1_000.0, 50.0, 100.0]
    # A slow turn of the whole wrist is no deviation within any six seconds: half the minute at 0.5 g, half at 1.5 g.
    slow = np.where(np.arange(600) < 300, 0.5, 1.5)
    minute = summary(np.arange(600) * 100_000, slow, np.ones(600, np.int64)).row(0, named=True)
    assert [round(minute[f"acceleration_{name}"], 6) for name in ("mean", "enmo", "mad")] == [1_000.0, 250.0, 0.0]


@pytest.mark.real
def test_idle_sleep_is_a_gap_and_no_movement_is_made_up(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/actigraphy"
    at, _ = samples(gt3x.read(folder / "ISM_Enabled.gt3x").pieces)
    seconds = set((at // 1_000_000).tolist())
    assert not seconds & set(range(1616169537, 1616169575))  # asleep by pygt3x's own test
    assert min(seconds) == 1616169420
    found = read(SOURCE, folder / "ISM_Enabled.gt3x")["observations"]
    minutes = found.filter(pl.col("code") != "arm_angle")
    assert minutes["extra"].str.json_path_match("$.seconds").cast(pl.Float64).unique().sort().to_list() == [24.0, 25.0]
    angles = found.filter(pl.col("code") == "arm_angle")["start_at"].dt.epoch("s").to_list()
    assert not {one + n for one in angles for n in range(5)} & set(range(1616169537, 1616169575))
    assert set(found["offset_minutes"]) == {-300}


@pytest.mark.real
def test_cwa_is_what_ggirread_resamples(shared_data: Path) -> None:
    """GGIRread: from 1551178509 on, at 100 Hz, between the blocks' own times: 900 rows whose values sum to 1,407 (its own test)."""
    at, axes = samples(cwa.read(shared_data / "interop/actigraphy/ax3_testfile.cwa.gz").pieces)
    assert axes.shape == (17_400, 3)  # 145 blocks, as GGIR's test says, of 120 samples
    begins = at[::120]
    times = np.concatenate([np.linspace(one, other, 120, endpoint=False) for one, other in itertools.pairwise(begins)])
    grid = 1551178509e6 + np.arange(900) * 10_000
    resampled = np.stack([np.interp(grid, times, axes[: len(times), axis]) for axis in range(3)], axis=1)
    assert int(np.abs(resampled).sum()) == 1_407
    assert resampled[0, 0] == pytest.approx(0.8845225, abs=1e-3)
    assert resampled[3, 1] == pytest.approx(-0.34375, abs=1e-6)


@pytest.mark.real
def test_the_whole_cwa_is_what_ggirread_resamples_but_for_its_last_block(shared_data: Path) -> None:
    """GGIRread's own test of the whole file: 17,599 rows whose values sum to 25,367; as it was recorded, to 25,404.

    The difference is the last block alone: GGIRread spreads its samples from the start of the block before (`prevStart`, where
    `prevRaw$start` is meant), so that half of them fall before the rows that are still to be filled. With that done to the last block the sum is
    its own to the digit; read as it was recorded, between its own start and end, it is not.
    """
    at, axes = samples(cwa.read(shared_data / "interop/actigraphy/ax3_testfile.cwa.gz").pieces)
    begins = at[::120]
    times = np.concatenate([np.linspace(one, other, 120, endpoint=False) for one, other in itertools.pairwise(begins)])
    grid = begins[0] + np.arange(17_599) * 10_000
    end = begins[-1] + (begins[-1] - begins[-2])

    def resampled(grid: np.ndarray[Any, Any], times: np.ndarray[Any, Any], axes: np.ndarray[Any, Any]) -> float:
        return float(sum(np.abs(np.interp(grid, times, axes[:, axis])).sum() for axis in range(3)))

    tail = grid > times[-1]
    theirs = np.linspace(begins[-2], end, 120, endpoint=False)
    assert int(resampled(grid[~tail], times, axes[:-120]) + resampled(grid[tail], theirs, axes[-120:])) == 25_367
    recorded = np.concatenate([times, np.linspace(begins[-1], end, 120, endpoint=False)])
    assert int(resampled(grid, recorded, axes)) == 25_404


@pytest.mark.real
def test_corrupt_blocks_are_named_and_the_rest_is_kept(shared_data: Path, read: Callable[..., Any]) -> None:
    """The file's own name says which blocks are corrupt: 0, 13, 14, 142, 143, 144 (from 0)."""
    path = shared_data / "interop/actigraphy/ax3_testfile_corrupt_blocks_0_13_14_142_143_144.cwa.gz"
    _, axes = samples(cwa.read(path).pieces)
    assert len(axes) == (145 - 6) * 120
    found = read(SOURCE, path)
    assert found["quarantine"]["line"].to_list() == [1, 14, 143]
    assert "blocks 143 to 145" in found["quarantine"]["reason"][2]
    whole = read(SOURCE, path.with_name("ax3_testfile.cwa.gz"))["observations"]
    same = whole.filter(pl.col("code") != "arm_angle").join(found["observations"], on=["code", "start_at", "value"])
    assert same.height == 3  # the minute without a corrupt block


@pytest.mark.real
def test_geneactiv_is_what_ggirread_reads(shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / "interop/actigraphy/GENEActiv_testfile.bin.gz"
    recording = geneactiv.read(path)
    at, axes = samples(recording.pieces)
    assert recording.rate == 85.7
    assert axes[299, 2] == pytest.approx(-0.80836403369903564453, abs=1e-7)
    assert at[0] == 1369908774500 * 1_000
    found = read(SOURCE, path)
    assert "page 17, the last, is cut off after 231 of 300 samples" in found["quarantine"]["reason"][0]
    assert found.skipped == {SCANT: 3, SCANT_ANGLE: 2}
    # what wristpy 0.2.10 reads: 16 pages and the 231 samples, -0.5773526, 0.3093961, -0.8553529 the last; ENMO 41.460499 of its minute
    assert axes.shape == (5_031, 3)
    assert axes[-1] == pytest.approx([-0.5773526430130005, 0.3093961179256439, -0.8553528189659119], abs=2e-7)
    enmo = found["observations"].filter(pl.col("code") == "acceleration_enmo")
    assert enmo["value"].to_list() == pytest.approx([41.460499], abs=1e-3)


@pytest.mark.real
def test_every_recording_is_recognised(shared_data: Path) -> None:
    folder = shared_data / "interop/actigraphy"
    for name in ("ISM_Disabled.gt3x", "ax3_testfile.cwa.gz", "GENEActiv_testfile.bin.gz"):
        path = folder / name
        head = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        assert SOURCES.get(SOURCE).recognise(path, head[:65_536]) == 0.9


# --- recordings written here ------------------------------------------------------------------------------------------


def cwa_file(axes: list[tuple[int, int, int]], begins: list[int], *, words: bool = False) -> bytes:
    """A recording at 100 Hz of blocks of equal samples (1/256 g), each beginning `begins` seconds after midnight of 2024-03-01."""
    out = b"MD\xfc\x03\x17" + bytes(31) + b"\x4a" + bytes(1_024 - 37)
    for x, y, z in axes:
        second = begins[len(out) // 512 - 2]
        stamp = (24 << 26) | (3 << 22) | (1 << 17) | (second // 3_600 << 12) | (second // 60 % 60 << 6) | second % 60
        count = 80 if words else 120
        one = np.array([x, y, z], "<i2").tobytes() if words else int((x & 1023) | (y & 1023) << 10 | (z & 1023) << 20).to_bytes(4, "little")
        body = b"AX\xfc\x01" + bytes(10) + stamp.to_bytes(4, "little") + bytes(6) + b"\x4a" + (b"\x32" if words else b"\x30") + bytes(2)
        body += count.to_bytes(2, "little") + one * count
        total = int(np.frombuffer(body + bytes(510 - len(body)), "<u2").astype(np.int64).sum())
        out += body + bytes(510 - len(body)) + (-total & 0xFFFF).to_bytes(2, "little")
    return out


def gt3x_file(folder: Path, payloads: list[tuple[int, int, bytes]], info: str = "", rate: int = 30) -> Path:
    log = b""
    for kind, at, payload in payloads:
        record = bytes([0x1E, kind]) + at.to_bytes(4, "little") + len(payload).to_bytes(2, "little") + payload
        log += record + bytes([~reduce(xor, record) & 0xFF])
    path = folder / "one.gt3x"
    text = (
        f"Serial Number: TAS1\nSample Rate: {rate}\nStart Date: 638448480000000000\nTimeZone: -05:00:00\nAcceleration Scale: 256.0\n{info}"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("info.txt", text)
        archive.writestr("log.bin", log)
    return path


def second_of(value: int, rate: int = 30) -> bytes:
    return np.tile(np.array([0, 0, value], "<i2"), rate).tobytes()


def test_packed_and_unpacked_blocks_say_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a.cwa", tmp_path / "b.cwa"
    first.write_bytes(cwa_file([(-3, 260, 100)] * 4, [1, 2, 3, 4]))
    second.write_bytes(cwa_file([(-3, 260, 100)] * 4, [1, 2, 3, 4], words=True))
    one, other = samples(cwa.read(first).pieces)[1], samples(cwa.read(second).pieces)[1]
    assert np.unique(one, axis=0).tolist() == np.unique(other, axis=0).tolist() == [[-3 / 256, 260 / 256, 100 / 256]]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(*[st.integers(-2_048, 2_047)] * 3), min_size=1, max_size=40))
def test_twelve_bits_are_unpacked(axes: list[tuple[int, int, int]]) -> None:
    digits = "".join(f"{value & 0xFFF:03x}" for sample in axes for value in sample)
    raw = np.frombuffer(bytes.fromhex(digits + "0" * (len(digits) % 2)), np.uint8).reshape(1, -1)
    assert gt3x._twelve(raw)[0].tolist() == [list(map(float, one)) for one in axes]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 400), st.integers(0, 2**32), st.integers(1, 5))
def test_minutes_do_not_depend_on_how_samples_arrive(count: int, seed: int, pieces: int) -> None:
    chance = np.random.default_rng(seed)
    at = np.cumsum(chance.integers(1, 3_000_000, count))
    axes = chance.normal(size=(count, 3))
    size = np.sqrt((axes**2).sum(axis=1))
    whole = summary(at, size, np.ones(count, np.int64))
    minutes = Minutes()
    parts = [minutes.add(Stretch(1, at[part], axes[part])) for part in np.array_split(np.arange(count), pieces) if len(part)]
    together = pl.concat([*parts, minutes.rest()])
    assert together.drop("line").equals(whole.drop("line"), null_equal=True) or np.allclose(
        together.drop("line").to_numpy(), whole.drop("line").to_numpy()
    )
    for minute, enmo, mad in whole.select("minute", "acceleration_enmo", "acceleration_mad").iter_rows():
        own = at // 60_000_000 == minute // 60_000_000
        assert enmo == pytest.approx(1_000 * np.maximum(size[own] - 1, 0).mean(), abs=1e-9)
        windows = [size[own & (at // 6_000_000 == one)] for one in np.unique(at[own] // 6_000_000)]
        assert mad == pytest.approx(1_000 * np.mean([np.abs(one - one.mean()).mean() for one in windows]), abs=1e-9)


def test_a_sensor_that_runs_fast_does_not_tear_its_minutes() -> None:
    """Blocks of 1.2 s by the sensor's nominal rate that begin each 1.19 s."""
    minutes = Minutes()
    told = []
    for block in range(101):
        at = block * 1_190_000 + np.arange(120) * 10_000
        told.append(minutes.add(Stretch(block + 1, at, np.tile([0.0, 0.0, 1.0], (120, 1)))))
    whole = pl.concat([*told, minutes.rest()])
    assert whole["minute"].to_list() == [0, 60_000_000, 120_000_000]
    assert whole["samples"].sum() == 101 * 120


def test_a_device_before_2013_has_no_log(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "old.gt3x"
    two = bytes.fromhex("".join(f"{value & 0xFFF:03x}" for value in (0, 0, 341, 0, 0, 341)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("info.txt", "Serial Number: NEO1DXXXXXXXX\nSample Rate: 30\nStart Date: 634763184000000000\n")
        archive.writestr("activity.bin", two * 900)
    found = read(SOURCE, path)["observations"].filter(pl.col("code") != "arm_angle")
    assert found["value"].to_list() == [0.0, 0.0, 1_000.0]
    assert found["start_at"][0] == datetime(2012, 6, 26, 14, 40, tzinfo=UTC)


def test_clocks_that_lie_are_set_aside_and_the_rest_is_kept(tmp_path: Path, read: Callable[..., Any]) -> None:
    start = 1_709_251_200
    seconds = [(0x1A, 30 + n, second_of(256)) for n in range(60)]  # 1970
    seconds += [(0x1A, start + n, second_of(300)) for n in range(60)]
    seconds += [(0x1A, 4_070_908_800 + n, second_of(256)) for n in range(60)]  # 2099
    found = read(SOURCE, gt3x_file(tmp_path, seconds))
    minutes = found["observations"].filter(pl.col("code") != "arm_angle")
    assert minutes["start_at"].unique().to_list() == [datetime(2024, 3, 1, 5, tzinfo=UTC)]
    assert found["observations"]["start_at"].dt.minute().unique().to_list() == [0]
    reasons = " ".join(found["quarantine"]["reason"])
    assert "before 1980" in reasons
    assert "wrong clock" in reasons


def test_a_bomb_is_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "bomb.gt3x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("info.txt", "Sample Rate: 30\nStart Date: 634763184000000000\n")
        archive.writestr("log.bin", bytes(30_000_000))
    with pytest.raises(SourceError, match="zip bomb"):
        read(SOURCE, path)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    path = gt3x_file(folder, [(0x1A, 1_709_251_200 + n, second_of(256 + n)) for n in range(130)])
    return {"cut.cwa": cwa_file([(1, 2, 256 + n) for n in range(20)], [n * 7 for n in range(20)]), "cut.gt3x": path.read_bytes()}


def kept_or_refused(path: Path) -> bool:
    """Every record is accounted for, or the refusal names a cure."""
    try:
        batches = list(SOURCES.get(SOURCE).read(path, Options("x", "p"), datetime(2026, 1, 1, tzinfo=UTC)))
    except SourceError as error:
        return bool(error.cure)
    return all(sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records for batch in batches)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["cut.cwa", "cut.gt3x"]), cut=st.floats(0, 1), hole=st.integers(0, 60), data=st.binary(max_size=40))
def test_any_cut_or_hole_ends_in_rows_or_a_source_error(
    kind: str, cut: float, hole: int, data: bytes, good: dict[str, bytes], tmp_path: Path
) -> None:
    whole = good[kind]
    place = int(cut * len(whole))
    path = tmp_path / kind
    for damaged in (whole[:place], whole[:place] + data + whole[place + hole :]):
        path.write_bytes(damaged)
        SOURCES.get(SOURCE).recognise(path, damaged[:65_536])
        assert kept_or_refused(path)


def test_records_after_a_hole_are_found_again() -> None:
    record = bytes([0x1E, 0x1A]) + (1_709_251_200).to_bytes(4, "little") + (180).to_bytes(2, "little") + second_of(256)
    record += bytes([~reduce(xor, record) & 0xFF])
    found = list(gt3x._records(io.BytesIO(record * 3 + b"\x1e\x00noise" + record * 2 + record[:50])))
    assert [one for one in found if not isinstance(one, Unread)] == [
        (number, 0x1A, 1_709_251_200, second_of(256)) for number in (1, 2, 3, 4, 5)
    ]
    assert ["7 bytes before record 4" in found[3].reason, "the last 50 bytes" in found[-1].reason] == [True, True]  # type: ignore[union-attr]


def test_a_page_in_the_middle_that_lost_digits_is_not_read(shared_data: Path, tmp_path: Path) -> None:
    """Nobody knows which digits are lost: only of the last page is what stands before the cut whole."""
    lines = gzip.decompress((shared_data / "interop/actigraphy/GENEActiv_testfile.bin.gz").read_bytes()).splitlines(keepends=True)
    long = [place for place, line in enumerate(lines) if len(line) > 3_000]
    lines[long[4]] = lines[long[4]][:1_000] + lines[long[4]][1_120:]
    path = tmp_path / "one.bin"
    path.write_bytes(b"".join(lines))
    pieces = list(geneactiv.read(path).pieces)
    assert [one.page for one in pieces if isinstance(one, Unread)] == [5, 17]
    assert sum(len(one.at) for one in pieces if isinstance(one, Stretch)) == 15 * 300 + 231
