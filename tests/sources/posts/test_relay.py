from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from heedful.core.errors import SourceError
from heedful.sources.posts.relay import FrameReader, events, looks_like_frames
from heedful.sources.posts.streams import Stream


@pytest.fixture
def corpus(shared_data: Path) -> Path:
    return shared_data / "interop/bluesky/firehose_corpus"


def key(event: dict[str, Any]) -> tuple[str, ...]:
    commit = event.get("commit", {})
    return (event["did"], event["kind"], *(commit.get(name, "") for name in ("rev", "collection", "rkey", "operation")))


def test_all_operations_equal_what_jetstream_served(corpus: Path) -> None:
    frames = FrameReader(Stream(corpus / "frames.bin.zst")).take(1_000)
    ours = {key(event): event for frame in frames for event in events(frame)}
    served = {
        key(event): event for event in map(orjson.loads, gzip.decompress((corpus / "expected_v1.jsonl.gz").read_bytes()).splitlines())
    }
    assert (len(frames), len(ours)) == (150, 152)
    assert ours.keys() == served.keys()
    assert sum(ours[one].get("commit") == served[one]["commit"] for one in served if one[1] == "commit") == 150
    assert all(ours[one][one[1]] == served[one][one[1]] for one in served if one[1] in ("account", "identity"))


def test_frames_resume_and_breaks_are_told(corpus: Path, tmp_path: Path) -> None:
    data = zstandard.ZstdDecompressor().stream_reader((corpus / "frames.bin.zst").read_bytes()).read()
    assert looks_like_frames(data[:64])
    path = tmp_path / "frames.bin"
    path.write_bytes(data)
    reader = FrameReader(Stream(path))
    first = reader.take(70)
    reader.give_back(first[60:])
    rest = FrameReader(Stream(path, reader.offset), reader.offset, reader.line).take(1_000)
    assert (reader.line, len(rest), rest[:10]) == (60, 90, first[60:])
    path.write_bytes(data[:-7])
    reader = FrameReader(Stream(path))
    assert len(reader.take(1_000)) == 149
    with pytest.raises(SourceError, match="149 whole frames"):
        reader.take(1)
    path.write_bytes(data + b"\xff\xff\xff\xff")
    reader = FrameReader(Stream(path))
    reader.take(150)
    with pytest.raises(SourceError, match="claims"):
        reader.take(1)


def test_hostile_cbor_is_a_value_error(shared_data: Path) -> None:
    for path in sorted((shared_data / "hostile/cbor").iterdir()):
        assert not looks_like_frames(path.read_bytes()[:64])
        with pytest.raises(ValueError, match="not a relay frame"):
            events(path.read_bytes())
