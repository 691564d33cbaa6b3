"""Commits of our own: readable by the library, put behind those of others, refused where another took the files out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from heedful.core.errors import StoreError
from heedful.store.table_log import TableLog

EMPTY = pl.DataFrame(schema={"_part": pl.String, "person": pl.String, "value": pl.Int64})


def rows(*values: int, person: str = "ana") -> pl.DataFrame:
    return pl.DataFrame({"_part": "2026-03", "person": person, "value": list(values)}, schema=EMPTY.schema)


def values(folder: Path) -> list[int]:
    return sorted(pl.read_delta(str(folder))["value"].to_list())


def test_two_writers_are_put_behind_each_other(tmp_path: Path) -> None:
    one = TableLog(tmp_path, EMPTY)
    other = TableLog(tmp_path)
    one.alone = other.alone = True  # neither looks before it writes
    assert (len(one.files), len(other.files)) == (0, 0)
    one.commit("append", 1, one.write(rows(1, 2)))
    other.commit("append", 2, other.write(rows(3)))
    assert values(tmp_path) == [1, 2, 3]
    assert DeltaTable(tmp_path).transaction_version("heedful") == 2


def test_a_swap_of_files_that_are_gone_is_refused(tmp_path: Path) -> None:
    one = TableLog(tmp_path, EMPTY)
    one.commit("append", 1, one.write(rows(1, 2)))
    other = TableLog(tmp_path)
    old = list(other.files.values())
    one.commit("replace", 2, one.write(rows(5)), list(one.files.values()))
    with pytest.raises(StoreError, match="another program"):
        other.commit("replace", 3, other.write(rows(6)), old)
    assert values(tmp_path) == [5]


def test_only_files_that_may_hold_a_person_are_opened(tmp_path: Path) -> None:
    log = TableLog(tmp_path, EMPTY)
    for person in ("ana", "bo", "cy"):
        log.commit("append", 1, log.write(rows(1, person=person)))
    for fresh in (log, TableLog(tmp_path)):
        assert [file.low["person"] for file in fresh.chosen(ids={"person": ["bo", "zoe"]})] == ["bo"]
    log.checkpoint()
    assert len(TableLog(tmp_path).chosen(ids={"person": ["ana"]})) == 1
