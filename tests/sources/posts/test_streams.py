from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.posts.streams import WINDOW, Stream, compression, opening, peek

TEXT = b"".join(b'{"id":%d}\n' % number for number in range(200_000))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_plain_gzip_and_zstd_give_the_same_bytes_from_any_place(tmp_path: Path) -> None:
    forms = (TEXT, gzip.compress(TEXT), zstandard.compress(TEXT), zstandard.compress(TEXT[:999]) + zstandard.compress(TEXT[999:]))
    for number, data in enumerate((*forms, gzip.compress(TEXT[:999]) + gzip.compress(TEXT[999:]) + b"\0" * 512)):
        path = written(tmp_path / str(number), data)
        for start in (0, 1, 300_000, len(TEXT)):
            assert b"".join(Stream(path, start)) == TEXT[start:]


@settings(deadline=None, max_examples=40)
@given(cut=st.floats(0.02, 0.99), pack=st.sampled_from(["gzip", "zstd"]))
def test_a_cut_file_raises_wherever_it_is_cut(tmp_path_factory: pytest.TempPathFactory, cut: float, pack: str) -> None:
    data = gzip.compress(TEXT) if pack == "gzip" else zstandard.compress(TEXT)
    path = written(tmp_path_factory.mktemp("cut") / "cut", data[: int(len(data) * cut)])
    got = []
    with pytest.raises(SourceError, match="breaks off"):
        got.extend(Stream(path))
    assert TEXT.startswith(b"".join(got))


def test_damage_and_foreign_bytes_are_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(SourceError, match=r"damaged|breaks off"):
        list(Stream(written(tmp_path / "a", bytes(packed))))
    for data in (zstandard.compress(TEXT) + b"garbage", gzip.compress(TEXT) + b"garbage"):
        with pytest.raises(SourceError, match="that are not"):
            list(Stream(written(tmp_path / "b", data)))
    with pytest.raises(SourceError, match="empty"):
        Stream(written(tmp_path / "c", b""))
    with pytest.raises(SourceError, match="cannot be opened"):
        Stream(tmp_path / "nowhere")


def test_a_window_of_two_gigabytes_is_read(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=31, write_content_size=False)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = written(tmp_path / "w.zst", frame.compress(TEXT) + frame.flush())
    assert zstandard.get_frame_parameters(path.read_bytes()).window_size == WINDOW
    assert b"".join(Stream(path)) == TEXT


def test_a_bomb_comes_in_bounded_pieces(shared_data: Path) -> None:
    sizes = [len(block) for block in Stream(shared_data / "hostile/zst/bomb_300MB.zst")]
    assert sum(sizes) == 300_000_000
    assert max(sizes) <= 65 * 1024 * 1024


def test_recoding_and_marks(tmp_path: Path) -> None:
    text = "id;text\n1;grüße 💊\n"
    for encoding, data in (("", text.encode("utf-16")), ("", b"\xef\xbb\xbf" + text.encode()), ("utf-16-be", text.encode("utf-16-be"))):
        assert b"".join(Stream(written(tmp_path / "t", data), encoding=encoding)) == text.encode()
    latin = written(tmp_path / "l", "grüße\n".encode("cp1252"))
    assert b"".join(Stream(latin, encoding="cp1252")) == "grüße\n".encode()
    with pytest.raises(SettingsError, match="not known"):
        list(Stream(latin, encoding="klingon"))


def test_a_dictionary_makes_a_line_of_every_frame(tmp_path: Path) -> None:
    messages = [b'{"did":"did:plc:%d","time_us":%d,"kind":"identity"}' % (n, n) for n in range(300)]
    dictionary = zstandard.train_dictionary(1_024, messages)
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    path = written(tmp_path / "d.zst", b"".join(packer.compress(message) for message in messages))
    assert b"".join(Stream(path, dictionary=dictionary.as_bytes())).splitlines() == messages
    with pytest.raises(SourceError, match="damaged"):
        list(Stream(path))


def test_heads(tmp_path: Path) -> None:
    assert (compression(b"\x28\xb5\x2f\xfd"), compression(b"PK"), compression(b"")) == ("zstd", "", "")
    path = written(tmp_path / "z", zstandard.compress(TEXT))
    assert opening(path, path.read_bytes()[:100], 9) == opening(Path("nowhere"), path.read_bytes(), 9) == b'{"id":0}\n'
    assert opening(Path("nowhere"), gzip.compress(TEXT)[:999]).startswith(b'{"id":0}\n')
    assert opening(Path("nowhere"), b"\x28\xb5\x2f\xfdnonsense") == b""
    assert opening(Path("nowhere"), "a,b".encode("utf-16")) == b"a,b"
    assert peek(written(tmp_path / "p", zstandard.compress(TEXT)), 5) == b'{"id"'
