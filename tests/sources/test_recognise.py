"""Recognising: real folders, archives, and what nobody should open."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from tests.sources.samples import SAMPLES

from heedful.sources.base import SOURCES
from heedful.sources.recognise import Found, recognise


@pytest.fixture
def only(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    return folder


def names(found: list[Found]) -> Counter[str | None]:
    return Counter(one.source for one in found)


@pytest.mark.parametrize("name", [name for name in SOURCES.names() if name != "records.mapped"])
def test_every_sample_is_known_whatever_its_name(name: str, only: Path) -> None:
    path, _ = SAMPLES[name](only)
    if path.is_file():
        # Only packing may be told by a suffix, and not even that is needed.
        path = path.rename(only / "x")
    (found,) = recognise(path)
    assert (found.source, found.reason) == (name, ""), found
    assert found.confidence >= 0.5
    assert SOURCES.get(name).card.says in found.why


@pytest.mark.real
def test_real_folders(shared_data: Path) -> None:
    assert names(recognise(shared_data / "surveillance")) == {None: 13, "series.ilinet": 2, "series.table": 3}
    assert names(recognise(shared_data / "behavior/dispensing")) == {None: 3, "records.dispensing": 3}
    assert names(recognise(shared_data / "interop/synthea")) == {None: 1, "records.fhir": 5}
    assert names(recognise(shared_data / "interop/fhir_r4_examples")) == {None: 2, "records.fhir": 304}
    assert names(recognise(shared_data / "interop/fhir_bulk_ndjson")) == {None: 2, "records.fhir": 13}
    assert names(recognise(shared_data / "interop/omop")) == {"records.omop": 1}
    known = names(recognise(shared_data / "interop/fit"))
    assert known["wearables.fit"] == 1 or known["wearables.fit"] > 30
    assert names(recognise(shared_data / "interop/gpx_tcx")) == {None: 1, "wearables.gpx": 23, "wearables.tcx": 3}
    everything = recognise(shared_data / "interop")
    assert len(everything) > 500, "a folder of many kinds was taken for one kind"
    everywhere = [found for found in everything if found.source and found.source.startswith(("records", "series"))]
    assert all(any(word in str(found.path) for word in ("fhir", "synthea", "omop", "pharmgx")) for found in everywhere)


@pytest.mark.real
def test_the_hostile_set(shared_data: Path) -> None:
    found = {str(one.path.relative_to(shared_data / "hostile")): one for one in recognise(shared_data / "hostile")}
    assert len(found) > 400
    assert all(one.source or one.reason for one in found.values())
    assert not any("failed on it" in one.reason for one in found.values())
    assert "outside" in found["zip/path_traversal.zip"].reason
    assert "outside" in found["zip/symlink_member.zip"].reason
    bomb = found["zip/ratio_bomb_200MB.zip"].reason
    assert "zip bomb" in bomb
    assert "unpack it" not in bomb
    assert found["zip/zero_bytes.zip"].reason.startswith("it is empty")
    assert found["zip/truncated_export.zip"].source is None


def test_the_name_decides_nothing(only: Path) -> None:
    for name in ("export.xml", "dispensing.csv", "ILINet.csv", "bundle.json", "export.zip", "steps.csv.gz"):
        (only / name).write_text("Dear diary, today I walked.\n")
    found = recognise(only)
    assert names(found) == {None: 6}
    assert all("Dear diary" in one.reason for one in found)


def test_a_folder_is_walked_in_order_without_hidden_files_and_links(only: Path) -> None:
    for name in ("b/one", "a/two", ".git/three"):
        (only / name).parent.mkdir(exist_ok=True)
        (only / name).write_text("place,date,value,issue_date\nUS,2024-01-01,5,2024-02-01\n")
    (only / "loop").symlink_to(only)
    (only / "a/link").symlink_to(only / "b/one")
    found = recognise(only)
    assert [str(one.path.relative_to(only)) for one in found] == ["a/two", "b/one"]
    assert names(found) == {"series.table": 2}


def test_what_cannot_be_opened_has_a_reason(only: Path) -> None:
    (only / "empty").touch()
    os.mkfifo(only / "pipe")
    (only / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 100)
    (only / "binary").write_bytes(bytes(range(256)))
    reasons = {one.path.name: one.reason for one in recognise(only)}
    assert reasons["empty"].startswith("it is empty")
    assert reasons["pipe"] == "it is neither a file nor a folder"
    assert "damaged" in reasons["broken.gz"]
    assert "binary" in reasons["binary"]
    assert "cannot be opened" in recognise(only / "nowhere")[0].reason


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def test_an_archive_says_what_it_holds(only: Path) -> None:
    table = b"place,date,value,issue_date\nUS,2024-01-01,5,2024-02-01\n"
    (found,) = recognise(zipped(only / "a.zip", data__readme=b"hello", data__table=gzip.compress(table)))
    assert found.source is None
    assert "series.table (data/table)" in found.reason
    assert "unpack it" in found.reason
    (empty,) = recognise(zipped(only / "b.zip", readme=b"hello"))
    assert "in which no source knows a file" in empty.reason


def test_what_another_program_must_write_anew_is_named(only: Path) -> None:
    zipped(only / "table.xlsx", xl__workbook=b"x")
    (only / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    (only / "one.yml").write_text("id: a\nresourceType: Observation\nstatus: final\n")
    (only / "one.xml").write_text('<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="a"/></Patient>')
    reasons = {one.path.name: one.reason for one in recognise(only)}
    assert all("save the sheet as CSV" in reasons[name] for name in ("table.xlsx", "old.xls"))
    assert all("application/fhir+json" in reasons[name] for name in ("one.yml", "one.xml"))


def test_archives_that_point_outside_or_are_locked(only: Path) -> None:
    (outside,) = recognise(zipped(only / "a.zip", **{"..__x": b"1"}))
    assert "outside" in outside.reason
    link = zipfile.ZipInfo("x")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(only / "b.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "outside" in recognise(only / "b.zip")[0].reason
    data = bytearray(zipped(only / "c.zip", x=b"hello").read_bytes())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(mark) + (6 if mark.endswith(b"\x04") else 8)
        data[at] |= 1
    (only / "c.zip").write_bytes(data)
    assert "encrypted" in recognise(only / "c.zip")[0].reason


def test_a_source_that_fails_is_named_and_the_walk_goes_on(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, head: bytes) -> float:
        raise RecursionError("too deep")

    monkeypatch.setattr(SOURCES.get("records.fhir"), "recognise", fail, raising=False)
    (only / "x").write_text("hello")
    (found,) = recognise(only)
    assert "records.fhir failed on it (RecursionError: too deep)" in found.reason


def test_a_long_gz_is_not_unpacked_whole(only: Path) -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(b"place,date,value,issue_date\n")
        for _ in range(200):
            file.write(b"US,2024-01-01,5,2024-02-01\n" * 10_000)
    (only / "x").write_bytes(buffer.getvalue())
    assert recognise(only / "x")[0].source == "series.table"
