from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.sources.posts.lines import LINE_LIMIT, LineReader
from heedful.sources.posts.streams import Stream


@settings(deadline=None)
@given(
    lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), min_size=1, max_size=40),
    end=st.sampled_from([b"\n", b"\r\n"]),
    rows=st.integers(1, 9),
    size=st.integers(1, 60),
    back=st.integers(0, 3),
)
def test_portions_are_the_lines_and_resume_anywhere(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, rows: int, size: int, back: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "lines"
    data = end.join([b"x", *lines]) + end
    path.write_bytes(data)
    reader = LineReader(Stream(path))
    portions, places = [], []
    while taken := reader.take(rows, size):
        kept = taken[: max(1, len(taken) - back)]
        reader.give_back(taken[len(kept) :])
        portions.append(kept)
        places.append((reader.offset, reader.line))
    assert b"".join(b"".join(portion) for portion in portions) == data
    for number, (offset, line) in enumerate(places):
        again = LineReader(Stream(path, offset), offset, line)
        taken = again.take(rows, size)
        assert taken[: max(1, len(taken) - back)] == (portions[number + 1] if number + 1 < len(portions) else [])
        assert again.line == line + len(taken)


def test_a_line_without_end_is_refused_and_those_before_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"one\ntwo\n" + b" " * (LINE_LIMIT + 300_000))
    reader = LineReader(Stream(path))
    assert reader.take(10) == [b"one\n", b"two\n"]
    with pytest.raises(SourceError, match="longer than 16 MB") as caught:
        reader.take(10)
    assert caught.value.line == 3


def test_the_rest_of_a_broken_line_is_not_a_line(tmp_path: Path, shared_data: Path) -> None:
    packed = (shared_data / "interop/reddit/RC_2005-12.zst").read_bytes()
    path = tmp_path / "cut.zst"
    path.write_bytes(packed[: len(packed) // 2])
    reader = LineReader(Stream(path))
    whole = reader.take(10_000)
    assert 100 < len(whole) < 1_075
    assert all(line.endswith(b"}\n") for line in whole)
    with pytest.raises(SourceError, match=f"breaks off.*{len(whole):,} whole lines"):
        reader.take(10_000)
