"""Opening files, folders and zips: in order, bounded, and without following what leads elsewhere."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from heedful.core.errors import SourceError
from heedful.sources.wearables import parts
from heedful.sources.wearables.parts import glimpsed, opened, share


def is_text(name: str) -> bool:
    return name.endswith(".txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    given = tmp_path / "given"
    for name in ("b/two.txt", "a/one.txt.gz", "c.csv"):
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        data = name.encode()
        (given / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    (given / "link.txt").symlink_to(given / "c.csv")
    return given


def test_a_folder_and_its_zip_are_the_same(folder: Path, tmp_path: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", folder))
    (folder / "link.txt").unlink()
    with opened(folder, is_text) as ours:
        told = [(part.name, part.place, part.bytes()) for part in ours]
    assert told == [("one.txt.gz", "a/one.txt.gz", b"a/one.txt.gz"), ("two.txt", "b/two.txt", b"b/two.txt")]
    with opened(packed, is_text) as theirs:
        assert [(part.name, part.place, part.bytes()) for part in theirs if part.name != "link.txt"] == told


def test_a_link_is_not_followed(folder: Path) -> None:
    assert "link.txt" not in [part.name for part in glimpsed(folder)]
    with opened(folder, is_text) as found:
        assert "link.txt" not in [part.name for part in found]


def test_what_a_folder_mostly_holds_and_no_more_than_a_glimpse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(folder, is_text) == pytest.approx(2 / 3)
    assert share(folder, is_text, lambda head: head.startswith(b"a")) == pytest.approx(1 / 3)
    assert share(folder / "nowhere", is_text) == 0.0
    monkeypatch.setattr(parts, "GLIMPSE", 1)
    assert len(glimpsed(folder)) == 1


def test_empty_damaged_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data, said in (("a.txt", b"", "empty"), ("b.txt", b"\x1f\x8b\x08\x00junk", "unpacked"), ("c.txt", b"x" * 200, "larger")):
        (tmp_path / name).write_bytes(data)
        monkeypatch.setattr(parts, "LARGEST", 100)
        with opened(tmp_path / name, is_text) as (part,), pytest.raises(SourceError, match=said):
            part.bytes()
    with pytest.raises(SourceError, match="absent"), opened(tmp_path / "nowhere", is_text):
        pass
