"""Recorded frames of an AT Protocol relay (`subscribeRepos`), read as the events that Jetstream would have sent for them.

A recording is a sequence of frames, each a little-endian u32 length and that many bytes: a DAG-CBOR header and a DAG-CBOR body, whose
`blocks` are a CAR of the records. The answers equal Jetstream's except for `time_us`, which is the relay's own time here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import libipld

from heedful.core.errors import SourceError
from heedful.sources.posts.lines import PORTION_BYTES
from heedful.sources.posts.streams import Stream

Event = dict[str, Any]
FRAME_LIMIT = 16 * 1024 * 1024
"""The protocol allows 5 MB; a longer length says that the file is something else."""

_CID_PREFIXES = (b"\x01\x71\x12\x20", b"\x01\x55\x12\x20")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def looks_like_frames(head: bytes) -> bool:
    """Whether `head` begins with a length and a frame's header map, `{"t": "#…", "op": 1}` in either order."""
    header = head[4:40]
    length = int.from_bytes(head[:4], "little")
    return 8 < length < FRAME_LIMIT and header.startswith(b"\xa2") and b"\x61t" in header and b"\x62op" in header


class FrameReader:
    """Whole frames of a recording with their place in it, as `LineReader` does for lines; `line` counts frames.

    Errors: `SourceError` when the recording breaks off inside a frame, or a length is impossible.
    """

    def __init__(self, stream: Stream, offset: int = 0, line: int = 0) -> None:
        self.offset, self.line = offset, line
        self._stream, self._blocks = stream, iter(stream)
        self._held = b""
        self._returned: list[bytes] = []

    @property
    def done(self) -> int:
        return self._stream.done

    @property
    def total(self) -> int:
        return self._stream.total

    def take(self, rows: int) -> list[bytes]:
        """Up to `rows` frames of up to 16 MB together; empty at the end."""
        frames: list[bytes] = []
        size = 0
        while len(frames) < rows and size < PORTION_BYTES:
            try:
                frame = self._returned.pop(0) if self._returned else self._next()
            except SourceError:
                if frames:
                    # What is whole comes first; the same break is met again by the next call.
                    return frames
                raise
            if frame is None:
                break
            frames.append(frame)
            size += 4 + len(frame)
            self.offset += 4 + len(frame)
            self.line += 1
        return frames

    def give_back(self, frames: list[bytes]) -> None:
        """Put the last frames that were taken in front again."""
        self._returned[:0] = frames
        self.offset -= sum(4 + len(frame) for frame in frames)
        self.line -= len(frames)

    def _next(self) -> bytes | None:
        if not self._have(4):
            if self._held:
                raise self._broken("the recording breaks off inside a frame's length")
            return None
        length = int.from_bytes(self._held[:4], "little")
        if not 2 <= length <= FRAME_LIMIT:
            raise self._broken(f"a frame claims {length:,} bytes, so this is no recording of relay frames")
        if not self._have(4 + length):
            raise self._broken(f"the recording breaks off inside a frame of {length:,} bytes")
        frame, self._held = self._held[4 : 4 + length], self._held[4 + length :]
        return frame

    def _have(self, size: int) -> bool:
        pieces, held = [self._held], len(self._held)
        try:
            while held < size and (block := next(self._blocks, None)) is not None:
                pieces.append(block)
                held += len(block)
        finally:
            self._held = b"".join(pieces)
        return held >= size

    def _broken(self, reason: str) -> SourceError:
        cure = "Record or fetch it again; what was read before this point is kept, and the next run goes on from there."
        return SourceError(self._stream.path, f"{reason}; {self.line:,} whole frames were read before", cure, self.line + 1)


def events(frame: bytes, collections: Iterable[str] | None = None) -> list[Event]:
    """Jetstream events of one frame; a commit gives one an operation.

    `collections`: those whose records are decoded (default all); operations on others come without their `record`.
    Errors: `ValueError` when the frame is no frame, says what.
    """
    try:
        header, body = libipld.decode_dag_cbor_multi(frame)
        kind = header["t"]
        if kind == "#commit":
            return list(_operations(body, None if collections is None else frozenset(collections)))
        if kind not in ("#identity", "#account"):
            return [{"did": body.get("did", ""), "kind": kind.removeprefix("#"), "time_us": 0}]
        return [{"did": body["did"], "time_us": _micros(body["time"]), "kind": kind[1:], kind[1:]: body}]
    except (ValueError, RecursionError, MemoryError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a relay frame: {type(error).__name__}: {str(error)[:200]}") from error


def _operations(body: dict[str, Any], collections: frozenset[str] | None) -> Iterator[Event]:
    operations = [(item, *item["path"].partition("/")[::2]) for item in body["ops"]]
    wanted = any(item["action"] != "delete" and (collections is None or collection in collections) for item, collection, _ in operations)
    blocks: dict[bytes, Any] = libipld.decode_car(body["blocks"])[1] if wanted else {}
    for item, collection, key in operations:
        commit: dict[str, Any] = {"rev": body["rev"], "operation": item["action"], "collection": collection, "rkey": key}
        if item["action"] != "delete":
            if collections is None or collection in collections:
                commit["record"] = as_json(blocks[item["cid"]])
            commit["cid"] = libipld.encode_cid(item["cid"])
        yield {"did": body["repo"], "time_us": _micros(body["time"]), "kind": "commit", "commit": commit}


def as_json(value: Any) -> Any:
    """A DAG-CBOR value in the AT Protocol's JSON form: links as `{"$link": …}`, bytes as `{"$bytes": …}`.

    libipld gives links and bytes alike as bytes; 36 bytes with a CID's prefix are taken as a link.
    """
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, bytes):
        if len(value) == 36 and value.startswith(_CID_PREFIXES):
            return {"$link": libipld.encode_cid(value)}
        return {"$bytes": base64.b64encode(value).decode().rstrip("=")}
    return value


def _micros(time: str) -> int:
    instant = datetime.fromisoformat(time)
    since = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
