"""The index says of each row what a plain dictionary says, wherever the row lies: in memory, put aside on disk, or in the lake."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import StoreError
from heedful.core.schemas import Observations, Posts, Schema
from heedful.store import key_index
from heedful.store.key_index import KeyIndex
from heedful.store.key_portions import KeyPortions, Pairs, Portions
from heedful.store.lake import Lake

ROWS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2)), max_size=20)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


class Stored:
    """Files of a lake: rows by file name."""

    def __init__(self, files: dict[str, list[tuple[int, int]]]) -> None:
        self.of, self.times_read = files, dict.fromkeys(files, 0)

    def files(self, schema: type[Schema], portions: Collection[int]) -> list[str]:
        return [name for name, rows in self.of.items() if schema is Posts or any(portion_of(key) in portions for key, _ in rows)]

    def hashes(self, schema: type[Schema], file: str) -> Iterator[tuple[Portions, Pairs]]:
        self.times_read[file] += 1
        for at in range(0, len(self.of[file]), 3):
            rows = framed(schema, self.of[file][at : at + 3])
            yield rows["_portion"].to_numpy(), rows.select("_id", "_content").to_numpy()


def portion_of(key: int) -> int:
    return key % 3


def framed(schema: type[Schema], rows: list[tuple[int, int]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"_id": pl.Int64, "_content": pl.Int64}, orient="row")
    return frame.with_columns(_portion=pl.lit(0, pl.Int64) if schema is Posts else pl.col("_id") % 3)


def plain(known: set[tuple[int, int]], rows: list[tuple[int, int]]) -> tuple[list[bool], list[int]]:
    """Which rows are to be stored, and which of them are of a known key."""
    seen, store, corrected = set(known), [], []
    for key, content in rows:
        content = 1 if (key, content) == (0, 0) else content  # the empty slot
        store.append((key, content) not in seen)
        corrected.append(int(any(key == other for other, _ in seen)))
        seen.add((key, content))
    return store, corrected


def full(pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(key, 1 if (key, content) == (0, 0) else content) for key, content in pairs}


@settings(deadline=None)
@given(st.sampled_from([Posts, Observations]), st.lists(ROWS, max_size=3), st.lists(ROWS, max_size=5), st.integers(0, 12))
def test_equals_a_dictionary(
    schema: type[Schema], stored: list[list[tuple[int, int]]], batches: list[list[tuple[int, int]]], most: int
) -> None:
    files = {f"old-{number}": rows for number, rows in enumerate(stored)}
    lake = Stored(files)
    known = full([row for rows in stored for row in rows])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_index, "MOST_PAIRS", most)
        index = KeyIndex(lake.files, lake.hashes, Path(folder))
        for number, rows in enumerate(batches):
            frame = framed(schema, rows)
            mask, versions = index.classify(schema, frame)
            want, corrected = plain(known, rows)
            assert mask.to_list() == want
            assert [version for version, new in zip(versions.tolist(), want, strict=True) if new] == [
                version for version, new in zip(corrected, want, strict=True) if new
            ]
            lake.of[f"new-{number}"] = [row for row, new in zip(rows, want, strict=True) if new]
            lake.times_read[f"new-{number}"] = 0
            index.add(schema, frame.filter(mask), [f"new-{number}"])
            known |= full(rows)
        assert not list(Path(folder).iterdir()), "hashes stay in no file that has a name"
    assert all(times <= ("old" in name) for name, times in lake.times_read.items()), "each file is read once, none of this process's own"


def test_many_rows_grow_the_table(tmp_path: Path) -> None:
    lake = Stored({})
    index = KeyIndex(lake.files, lake.hashes, tmp_path)
    rng = np.random.default_rng(1)
    rows = pl.DataFrame({"_id": rng.integers(-(2**62), 2**62, 50_000), "_content": rng.integers(-(2**62), 2**62, 50_000)})
    rows = rows.with_columns(_portion=pl.lit(0, pl.Int64))
    index.add(Posts, rows, [])
    mask, versions = index.classify(Posts, rows.with_columns(_content=pl.col("_content") + (pl.col("_id") % 2)))
    assert mask.to_list() == (rows["_id"] % 2 != 0).to_list()
    assert versions.all()


def test_memory_holds_the_portions_of_a_batch_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_index, "MOST_PAIRS", 4_000)
    lake = Stored({})
    index = KeyIndex(lake.files, lake.hashes, tmp_path)
    ids = np.random.default_rng(2).integers(1, 2**62, 100_000)
    rows = pl.DataFrame({"_id": ids, "_content": ids, "_portion": np.arange(100_000) // 1_000})
    for at in range(0, 100_000, 2_000):
        index.add(Observations, rows[at : at + 2_000], [])
        assert index._tables["observations"].pairs.held <= 4_000 + 2_000
    for at in (0, 57_000, 99_000):
        assert not index.classify(Observations, rows[at : at + 1_000])[0].any()


def observations(*starts: datetime, value: float = 1.0) -> pl.DataFrame:
    return Observations.check(
        pl.DataFrame(
            {
                "person": "a", "code": "steps", "day": [at.date() for at in starts], "start_at": starts, "end_at": starts, "offset_minutes": 0,
                "value": value, "unit": "1", "device": "d", "how": "measured", "row": 0, "known_at": MIDNIGHT,
            }
        )
    )  # fmt: skip


def test_a_fresh_process_finds_keys_at_the_edge_of_a_day(tmp_path: Path) -> None:
    """A file's least and greatest start are read back to the microsecond, and a correction that moves the local day keeps its key."""
    edges = [MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=40)]
    Lake(tmp_path).append(Observations, observations(*edges), 1)
    for edge in edges:
        lake = Lake(tmp_path)
        assert lake.append(Observations, observations(edge), 2).duplicates == 1
        moved = observations(edge, value=2.0).with_columns(day=pl.lit(date(2026, 1, 1)), known_at=pl.col("known_at").dt.offset_by("1h"))
        assert lake.append(Observations, moved, 3).corrected == 1
    assert Lake(tmp_path).read(Observations)["day"].unique().to_list() == [date(2026, 1, 1)]


def test_compacted_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)
    for number in range(3):
        lake.append(Observations, observations(MIDNIGHT + timedelta(minutes=number)), number)
    lake.compact("observations")
    monkeypatch.setattr(lake._index, "_stored", lambda schema, file: pytest.fail(f"{file} was read"))
    assert lake.append(Observations, observations(MIDNIGHT, MIDNIGHT + timedelta(hours=1)), 4).duplicates == 1


def test_a_deleted_key_is_new_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Observations, observations(MIDNIGHT, MIDNIGHT + timedelta(days=1)), 1)
    lake.delete(Observations, pl.DataFrame({"person": ["a"], "start_at": [MIDNIGHT]}))
    again = lake.append(Observations, observations(MIDNIGHT, MIDNIGHT + timedelta(days=1)), 2)
    assert (again.added, again.duplicates) == (1, 1)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="16 bytes a row"):
        KeyPortions(tmp_path / "file").add(np.zeros(1, np.int64), np.zeros((1, 2), np.int64))
