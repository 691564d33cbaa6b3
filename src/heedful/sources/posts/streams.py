"""The bytes of a file, decompressed and recoded to UTF-8 in bounded blocks; a file that is cut or damaged says so.

zstandard's own stream reader ends silently on a truncated file, so frames are fed by hand and their end is checked.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Generator, Iterator
from io import BufferedReader
from pathlib import Path

import zstandard

from heedful.core.errors import SettingsError, SourceError

BLOCK = 1 << 18
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b"
WINDOW = 2**31
# One zstd block of 4 bytes may stand for 128 kB, so 2 kB of input give at most 64 MB at once, whoever made the file.
_PIECE = 2_048
_CURE = "Fetch or export the file again; what was read before this point is kept, and the next run goes on from there"


def compression(head: bytes) -> str:
    """'zstd', 'gzip' or '' by the first bytes of a file.

    >>> compression(b"\\x1f\\x8b\\x08"), compression(b"{}")
    ('gzip', '')
    """
    skippable = head[1:4] == b"\x2a\x4d\x18" and 0x50 <= (head[0] if head else 0) <= 0x5F
    if head.startswith(ZSTD_MAGIC) or skippable:
        return "zstd"
    return "gzip" if head.startswith(GZIP_MAGIC) else ""


class Stream:
    """Iterates over blocks of about 256 kB of a plain, gzip or zstd file (several members or frames included).

    Parameters
    ----------
    path: the file. start: bytes of the decoded stream to leave out.
    encoding: declared encoding; without it a byte order mark decides and UTF-8 is assumed. A mark is never part of the stream.
    dictionary: bytes of a zstd dictionary (Jetstream); then every frame is one message and a line feed is put after it.
    `done`, `total`: bytes of the file read so far, and its size.

    Errors: `SourceError` where the compressed data breaks off or is damaged; `SettingsError` for an unknown encoding.
    """

    def __init__(self, path: Path, start: int = 0, *, encoding: str = "", dictionary: bytes = b"") -> None:
        self.path, self.done = path, 0
        self._dictionary = dictionary
        try:
            self.total = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(8)
        except OSError as error:
            raise SourceError(path, f"the file cannot be opened: {error.strerror}", "Check the path and its permissions.") from error
        if not head:
            raise SourceError(path, "the file is empty", "Check the export or download that made it.")
        self._kind = compression(head)
        if not self._kind and not encoding and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
            self._blocks = self._plain(start + mark)
        else:
            self._blocks = _skip(self._recoded(encoding), start)

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        self._blocks.close()

    def _plain(self, start: int) -> Generator[bytes]:
        with self.path.open("rb") as file:
            file.seek(start)
            self.done = start
            while block := file.read(BLOCK):
                self.done += len(block)
                yield block

    def _recoded(self, encoding: str) -> Iterator[bytes]:
        expanded = {"zstd": self._zstd, "gzip": self._gzip}.get(self._kind, lambda: self._plain(0))()
        first = next(expanded, b"")
        encoding = encoding or _marked_encoding(first)
        try:
            utf8 = codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig") if encoding else True
            # A byte that the encoding does not know goes through as it is, so that its line is quarantined as not UTF-8.
            errors = "surrogateescape" if not encoding.lower().startswith(("utf-16", "utf16")) else "replace"
            decoder = codecs.getincrementaldecoder(encoding or "utf-8")(errors)
        except LookupError as error:
            raise SettingsError(
                f"{self.path}: the encoding {encoding!r} is not known; use a name such as utf-8, cp1252 or utf-16."
            ) from error
        if utf8:
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from expanded
            return
        yield decoder.decode(first).encode("utf-8", "surrogateescape")
        for block in expanded:
            yield decoder.decode(block).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")

    def _gzip(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            data = self._more(file)
            while data:
                member = zlib.decompressobj(wbits=31)
                while not member.eof:
                    try:
                        block = member.decompress(data, BLOCK)
                    except zlib.error as error:
                        raise SourceError(self.path, f"the gzip data is damaged near byte {self.done:,} ({error})", f"{_CURE}.") from error
                    yield block
                    data = member.unconsumed_tail or (b"" if member.eof else self._more(file))
                    if not (member.eof or data or block):
                        raise SourceError(self.path, f"the gzip data breaks off at byte {self.done:,}", f"{_CURE}.")
                data = member.unused_data or self._more(file)
                # Tape and download tools pad with zeros after the last member, and gzip itself allows it.
                while data and not data.strip(b"\0"):
                    data = self._more(file)
                if len(data) == 1:
                    data += self._more(file)
                if data and not data.startswith(GZIP_MAGIC):
                    raise SourceError(self.path, "after the gzip data come bytes that are not gzip", f"{_CURE}.")

    def _more(self, file: BufferedReader, size: int = BLOCK) -> bytes:
        data = file.read(size)
        self.done += len(data)
        return data

    def _zstd(self) -> Iterator[bytes]:
        known = zstandard.ZstdCompressionDict(self._dictionary) if self._dictionary else None
        decompressor = zstandard.ZstdDecompressor(dict_data=known, max_window_size=WINDOW)
        gathered = bytearray()
        with self.path.open("rb") as file:
            data = self._more(file, _PIECE)
            while data:
                if len(data) < 4:
                    data += self._more(file, _PIECE)
                if compression(data) != "zstd":
                    yield bytes(gathered)
                    raise SourceError(self.path, "after the zstd data come bytes that are not zstd", f"{_CURE}.")
                frame = decompressor.decompressobj()
                while not frame.eof:
                    if not data:
                        yield bytes(gathered)
                        raise SourceError(self.path, f"the zstd data breaks off at byte {self.done:,}, inside a frame", f"{_CURE}.")
                    try:
                        gathered += frame.decompress(data)
                    except zstandard.ZstdError as error:
                        yield bytes(gathered)
                        raise SourceError(self.path, f"the zstd data is damaged near byte {self.done:,} ({error})", f"{_CURE}.") from error
                    if len(gathered) >= BLOCK:
                        yield bytes(gathered)
                        gathered.clear()
                    data = b"" if frame.eof else self._more(file, _PIECE)
                data = frame.unused_data or self._more(file, _PIECE)
                if known is not None and not gathered.endswith(b"\n"):
                    gathered += b"\n"
        yield bytes(gathered)


def peek(path: Path, size: int = 1 << 16, *, encoding: str = "", dictionary: bytes = b"") -> bytes:
    """The first `size` decoded bytes of a file (fewer if it is shorter); a break after them is not noticed here."""
    stream, head = Stream(path, encoding=encoding, dictionary=dictionary), b""
    try:
        for block in stream:
            head += block
            if len(head) >= size:
                break
    except SourceError:
        if not head:
            raise
    finally:
        stream.close()
    return head[:size]


def opening(path: Path, head: bytes, size: int = 1 << 16) -> bytes:
    """The first `size` decoded bytes of a file of which `head` was read; empty if it cannot be decoded. Never raises.

    A zstd block may need more of the file than `head` holds, so that the file is asked where there is one.
    """
    kind = compression(head)
    try:
        if kind and path.is_file():
            return peek(path, size)
        if kind == "zstd":
            head = zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(head, read_across_frames=True).read(size)
        elif kind == "gzip":
            head = zlib.decompressobj(wbits=31).decompress(head, size)
    except (SourceError, zstandard.ZstdError, zlib.error):
        return b""
    marked = _marked_encoding(head)
    return head.decode(marked, "replace").encode() if marked else head.removeprefix(codecs.BOM_UTF8)


def _marked_encoding(head: bytes) -> str:
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _skip(blocks: Iterator[bytes], start: int) -> Generator[bytes]:
    for block in blocks:
        if start >= len(block):
            start -= len(block)
        else:
            yield block[start:] if start else block
            start = 0
