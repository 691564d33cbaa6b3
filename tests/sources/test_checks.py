"""What every source promises: one suite, run over all registered members on a sample of their own and on what was made of it."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.sources.samples import SAMPLES

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.labels import Raw
from heedful.core.schemas import TABLES, Quarantine
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Batch, Options, Source

KNOWN_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
BATCH_SIZES = ("BATCH_ROWS", "RESOURCES")
UNIQUE = ("observations", "dispensings", "series")
"""Tables whose key, with `known_at`, must be unique within one file. Posts may come again: the newest counts."""

every = pytest.mark.parametrize("name", SOURCES.names())


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of seven records everywhere, so that a small sample is cut many times."""
    SOURCES.load()
    for name, module in list(sys.modules.items()):
        for size in BATCH_SIZES:
            if name.startswith("heedful.sources") and hasattr(module, size):
                monkeypatch.setattr(module, size, 7)


def written(name: str, folder: Path) -> tuple[Source, Path, Options]:
    assert name in SAMPLES, f"the source {name} has no sample: add one to tests/sources/samples.py"
    path, options = SAMPLES[name](folder)
    return SOURCES.get(name), path, options


def read(source: Source, path: Path, options: Options, cursor: dict[str, Any] | None = None) -> list[Batch]:
    return list(source.read(path, options, KNOWN_AT, cursor))


def told(batch: Batch) -> tuple[Any, ...]:
    """All that a batch says but its progress, comparable."""
    rows = [(frame.schema.table, unseal(frame).rows()) for frame in batch.rows]
    return rows, batch.cursor, batch.records, batch.deletions, batch.skipped, batch.aside


def tables(batches: list[Batch]) -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        for frame in batch.rows:
            parts.setdefault(frame.schema.table, []).append(unseal(frame))
    return {name: pl.concat(frames) for name, frames in parts.items()}


@every
def test_the_card_is_complete(name: str) -> None:
    card = SOURCES.get(name).card
    assert card.name == name
    assert Quarantine in card.tables
    assert all(TABLES[schema.table] is schema and schema.kind == "base" for schema in card.tables)
    assert all(len(text) > 10 for text in (card.says, card.zone_rule, card.terms, card.tested_on))
    assert all(code in CODES for code in card.codes)
    assert {CODES[code].unit for code in card.codes} <= set(card.units)


@every
def test_it_yields_what_it_declares(name: str, tmp_path: Path, small_batches: None) -> None:
    source, path, options = written(name, tmp_path)
    found = tables(read(source, path, options))
    assert set(found) - {"quarantine"}, "the sample gives no row"
    assert set(found) <= {schema.table for schema in source.card.tables}
    if "observations" in found:
        rows = found["observations"]
        own = rows.filter(~pl.col("code").str.contains(":"))
        assert set(own["code"]) <= set(source.card.codes)
        assert set(own["unit"]) <= set(source.card.units)
        assert all(CODES[code].unit == unit for code, unit in own.select("code", "unit").unique().rows())
        assert set(rows["how"]) <= {"measured", "vendor_derived", "self_reported"}
    if "series" in found:
        assert set(found["series"]["unit"]) <= set(source.card.units)
    if "posts" in found:
        assert set(found["posts"]["kind"]) <= {"post", "reply", "repost", "review", "comment"}
    for table in set(found) & set(UNIQUE):
        key = [*TABLES[table].key, *({"known_at"} - set(TABLES[table].key))]
        assert not found[table].select(key).is_duplicated().any(), table


@every
def test_every_record_is_accounted_for(name: str, tmp_path: Path, small_batches: None) -> None:
    source, path, options = written(name, tmp_path)
    for batch in read(source, path, options):
        assert all(frame.label is Raw for frame in batch.rows)
        # Rows that go away by a deletion are no rows, and the event that says so is counted among the skipped.
        assert sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records
        assert all(count > 0 for count in batch.skipped.values())


@every
def test_it_goes_on_from_every_cursor(name: str, tmp_path: Path, small_batches: None) -> None:
    source, path, options = written(name, tmp_path)
    whole = [told(batch) for batch in read(source, path, options)]
    assert len(whole) > 1, "the sample is too small to be cut"
    assert whole == [told(batch) for batch in read(source, path, options)], "two readings differ"
    for place, (_, cursor, *_) in enumerate(whole):
        assert [told(batch) for batch in read(source, path, options, cursor)] == whole[place + 1 :], place


@every
def test_large_batches_give_the_same_rows(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source, path, options = written(name, tmp_path)
    large = remaining(read(source, path, options))
    request.getfixturevalue("small_batches")
    small = remaining(read(source, path, options))
    assert large.keys() == small.keys()
    assert all(large[table].equals(small[table]) for table in large)


def remaining(batches: list[Batch]) -> dict[str, pl.DataFrame]:
    """All rows, sorted, without the posts that the same file takes back: a large batch never shows them, a small one may."""
    gone = [deletion.subject for batch in batches for deletion in batch.deletions]
    rows = tables(batches)
    if "posts" in rows:
        rows["posts"] = rows["posts"].filter(~pl.col("post").is_in(gone) & ~pl.col("author").is_in(gone))
    return {table: found.sort(pl.all()) for table, found in rows.items()}


@every
def test_instants_are_utc_and_sane(name: str, tmp_path: Path) -> None:
    source, path, options = written(name, tmp_path)
    for table, rows in tables(read(source, path, options)).items():
        for column, dtype in rows.schema.items():
            if isinstance(dtype, pl.Datetime):
                assert dtype.time_zone == "UTC", (table, column)
                assert rows[column].drop_nulls().dt.year().is_between(1880, 2200).all(), (table, column)
        if "known_at" in rows.columns:
            assert rows["known_at"].max() <= KNOWN_AT, table
        if table == "observations":
            local = (pl.col("start_at") + pl.duration(minutes=pl.col("offset_minutes"))).dt.date()
            assert rows.filter(local != pl.col("day")).is_empty()
            assert rows.filter(pl.col("end_at") < pl.col("start_at")).is_empty()


@every
def test_what_cannot_be_read_names_file_line_reason_and_cure(name: str, tmp_path: Path) -> None:
    source, path, options = written(name, tmp_path)
    aside = tables(read(source, path, options)).get("quarantine", Quarantine.empty())
    assert aside.height, "the sample holds no row that cannot be read"
    assert (aside["line"] > 0).all()
    assert (aside["reason"].str.len_chars() > 15).all()
    assert set(aside["source"]) <= {options.name, name}
    assert not any("/" in file for file in aside["file"])


@every
def test_it_recognises_its_own_sample_and_no_other(name: str, tmp_path: Path) -> None:
    source = SOURCES.get(name)
    for other in SAMPLES:
        (tmp_path / other).mkdir()
        path, options = SAMPLES[other](tmp_path / other)
        sure = source.recognise(path, head_of(path))
        if other != name:
            assert sure < SOURCES.get(other).recognise(path, head_of(path)) or sure < 0.5, other
        elif "table" not in options.settings:
            assert sure >= 0.5


def head_of(path: Path) -> bytes:
    from heedful.sources.posts.streams import opening

    return b"" if path.is_dir() else opening(path, path.read_bytes()[: 1 << 16])


def damaged(path: Path) -> Iterator[tuple[str, bytes]]:
    """A sample's bytes gone wrong in the ways that files do, and things that it is not."""
    good, chance = path.read_bytes(), random.Random(7)
    yield "empty", b""
    yield "blank", b"\n \n\n"
    yield "half", good[: len(good) // 2]
    yield "all but the end", good[:-3]
    yield "a hole of NUL", good[: len(good) // 3] + bytes(200) + good[len(good) // 3 :]
    yield "flipped", bytes(byte ^ (0x80 if chance.random() < 0.01 else 0) for byte in good)
    yield "noise", chance.randbytes(5_000)
    yield "twice", good + good
    yield "UTF-16 of half", good.decode("latin-1")[: len(good) // 2].encode("utf-16")
    yield "deep JSON", b'{"a":' * 50_000
    yield "deep list", b"[" * 100_000
    yield "one long line", b"x" * 3_000_000
    yield "quotes", b'"' * 5_001 + b"\n" + good
    yield "header only", good.split(b"\n", 1)[0] + b"\n"
    yield "XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccccccc">]><a>' + b"&b;" * 1_000
    yield "not a zip", b"PK\x03\x04" + chance.randbytes(500)
    yield "not gzip", b"\x1f\x8b\x08\x00" + chance.randbytes(500)
    yield "not zstd", b"\x28\xb5\x2f\xfd" + chance.randbytes(500)


@every
def test_damaged_files_end_in_nothing_but_a_source_error(name: str, tmp_path: Path) -> None:
    source, path, options = written(name, tmp_path)
    target = path
    if path.is_dir():
        target = max((file for file in path.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    outcomes: Counter[str] = Counter()
    for kind, data in list(damaged(target)):
        target.write_bytes(data)
        assert 0.0 <= source.recognise(path, b"" if path.is_dir() else data[: 1 << 16]) <= 1.0, kind
        outcomes[outcome(source, path, options)] += 1
    assert outcomes["refused"] or path.is_dir()


def outcome(source: Source, path: Path, options: Options) -> str:
    """Reads a file to its end; whatever it raises but a helpful `SourceError` fails the test."""
    refused: SourceError | None = None
    try:
        for batch in source.read(path, options, KNOWN_AT):
            assert sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records
    except SourceError as error:
        refused = error
    if refused is None:
        return "read"
    assert refused.reason
    assert refused.cure.rstrip("'\")").endswith("."), refused.cure
    assert refused.path.name
    return "refused"


@pytest.mark.real
@every
def test_the_hostile_set_is_survived(name: str, tmp_path: Path, shared_data: Path) -> None:
    source, _, options = written(name, tmp_path)
    files = [path for path in sorted((shared_data / "hostile").rglob("*")) if path.is_file()]
    assert len(files) > 400
    outcomes = Counter(outcome(source, path, options) for path in files)
    assert outcomes["refused"] > 10
    assert all(0.0 <= source.recognise(path, path.read_bytes()[: 1 << 16]) <= 1.0 for path in files)
