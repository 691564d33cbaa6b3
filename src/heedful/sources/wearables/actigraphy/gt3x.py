"""ActiGraph GT3X: a zip of info.txt and log.bin, a record a second with its time and checksum; before 2013 activity.bin without either.

Samples are of 16 bits (Link and later) or 12 (wGT3X and before). While a device sleeps (idle sleep mode) it writes no records: nothing
is filled in. Times are the local time of the device's initialisation, whose offset info.txt names. ActiGraph, GT3X file format.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from functools import reduce
from operator import xor
from pathlib import Path
from typing import IO

import numpy as np

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.acceleration import Floats, RawFormat, Recording, Stretch, Unread, spaced
from heedful.sources.wearables.archives import DECODING, is_zip, opened_zip

_SEPARATOR, _WORDS, _PACKED = 0x1E, 0x1A, 0x00
_CHUNK = 1 << 20
_BATCH = 600
"""Seconds that are unpacked together."""
_TICKS = 621_355_968_000_000_000
"""Ticks of 100 ns from the year 1 to 1970."""
_CURE = "Download the recording again from the device; the other records were read"
_AGAIN = "Download the recording again from the device."


def fits(path: Path, head: bytes) -> bool:
    """Whether a file is a zip with ActiGraph's members."""
    if head[:2] != b"PK" or not path.is_file() or not is_zip(path, head):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (*DECODING, ValueError):
        return False
    return "info.txt" in names and bool(names & {"log.bin", "activity.bin"})


def read(path: Path) -> Recording:
    """The recording. Errors: `SourceError` where the archive or its info.txt is damaged."""
    with opened_zip(path) as archive:
        names = {member.filename for member in archive.infolist()}
        if "info.txt" not in names or not names & {"log.bin", "activity.bin"}:
            raise SourceError(path, "it has no info.txt beside log.bin or activity.bin", _AGAIN)
        try:
            text = archive.read("info.txt")[:_CHUNK].decode("utf-8", "replace")
        except (*DECODING, ValueError) as error:
            raise SourceError(path, f"its info.txt cannot be read ({error})", _AGAIN) from error
    info = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
    try:
        rate, scale = float(info["Sample Rate"]), float(info.get("Acceleration Scale", "0").replace(",", ".")) or _scale(info)
        begins = (int(info["Start Date"]) - _TICKS) // 10
    except (KeyError, ValueError) as error:
        raise SourceError(path, f"its info.txt lacks the rate of samples or the start ({error})", _AGAIN) from error
    if not 0 < rate <= 1_000 or not 0 < scale <= 1 << 16:
        raise SourceError(path, f"its info.txt says {rate} Hz and {scale} counts of 1 g", _AGAIN)
    pieces = _logged(path, rate, scale) if "log.bin" in names else _unlogged(path, rate, scale, begins)
    return Recording("ActiGraph", rate, _offset(info.get("TimeZone", "")), pieces)


def _scale(info: dict[str, str]) -> float:
    """Counts of 1 g, by the serial number where info.txt does not say it."""
    return 256.0 if info.get("Serial Number", "").startswith(("CLE", "MOS2E", "MOS3", "MOS4", "TAS")) else 341.0


def _offset(written: str) -> int | None:
    sign = -1 if written.startswith("-") else 1
    pieces = written.lstrip("+-").split(":")
    return sign * (60 * int(pieces[0]) + int(pieces[1])) if len(pieces) >= 2 and all(piece.isdigit() for piece in pieces[:2]) else None


def _logged(path: Path, rate: float, scale: float) -> Iterator[Stretch | Unread]:
    with opened_zip(path) as archive:
        held: list[tuple[int, int, int, bytes]] = []
        try:
            with archive.open("log.bin") as file:
                for found in _records(file):
                    if isinstance(found, Unread):
                        yield found
                        continue
                    number, kind, at, payload = found
                    if kind not in (_WORDS, _PACKED) or len(payload) < 9:
                        continue
                    if (held and (held[0][1], len(held[0][3])) != (kind, len(payload))) or len(held) >= _BATCH:
                        yield _unpacked(held, rate, scale)
                        held = []
                    held.append((number, kind, at, payload))
        except (*DECODING, ValueError) as error:
            number = held[-1][0] if held else 1
            yield Unread(number, f"log.bin cannot be unpacked after record {number} ({error}); {_CURE}")
        if held:
            yield _unpacked(held, rate, scale)


def _records(file: IO[bytes]) -> Iterator[tuple[int, int, int, bytes] | Unread]:
    """Records as (number, kind, Unix seconds, payload); where a checksum is wrong, the next sound record is looked for."""
    data, base, place, number, lost = file.read(_CHUNK), 0, 0, 0, -1
    while True:
        if len(data) - place < 1 << 17:
            data, base, place = data[place:] + file.read(_CHUNK), base + place, 0
        if place >= len(data):
            break
        size = _sound(data, place)
        if size < 0:
            if lost < 0:
                lost = base + place
            following = data.find(_SEPARATOR, place + 1)
            place = following if following >= 0 else len(data)
            continue
        number += 1
        if lost >= 0:
            yield Unread(number, f"{base + place - lost:,} bytes before record {number} (from byte {lost:,}) are no sound record; {_CURE}")
            lost = -1
        kind, at = struct.unpack_from("<BI", data, place + 1)
        yield number, kind, at, data[place + 8 : place + 8 + size]
        place += 9 + size
    if lost >= 0:
        yield Unread(number + 1, f"the last {base + len(data) - lost:,} bytes (from byte {lost:,}) are no sound record; {_CURE}")


def _sound(data: bytes, place: int) -> int:
    """Bytes of the payload of the record that begins at `place`; -1 if none does."""
    if data[place] != _SEPARATOR or len(data) - place < 9:
        return -1
    size = int.from_bytes(data[place + 6 : place + 8], "little")
    end = place + 8 + size
    if end >= len(data):
        return -1
    bytewise = np.frombuffer(data, np.uint8, size + 8, place)
    found = int(np.bitwise_xor.reduce(bytewise)) if size > 32 else reduce(xor, data[place:end])
    return size if ~found & 0xFF == data[end] else -1


def _unpacked(held: list[tuple[int, int, int, bytes]], rate: float, scale: float) -> Stretch:
    number, kind, _, payload = held[0]
    begins = np.array([one[2] for one in held], np.int64) * 1_000_000
    raw = np.frombuffer(b"".join(one[3] for one in held), np.uint8).reshape(len(held), len(payload))
    axes = _words(raw) if kind == _WORDS else _twelve(raw)[..., [1, 0, 2]]
    count = min(axes.shape[1], int(np.ceil(rate)))
    return Stretch(number, spaced(begins, count, rate), axes[:, :count].reshape(-1, 3) / scale)


def _words(raw: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Floats:
    count = raw.shape[1] // 6
    return np.ascontiguousarray(raw[:, : 6 * count]).view("<i2").reshape(len(raw), count, 3).astype(np.float64)


def _twelve(raw: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Floats:
    """Values of 12 bits, big end first, three a sample; each row may end with half a byte that means nothing."""
    values = raw.shape[1] * 2 // 3
    padded = np.zeros((len(raw), (raw.shape[1] + 2) // 3 * 3), np.int32)
    padded[:, : raw.shape[1]] = raw
    triples = padded.reshape(len(raw), -1, 3)
    both = np.stack([(triples[..., 0] << 4) | (triples[..., 1] >> 4), ((triples[..., 1] & 15) << 8) | triples[..., 2]], axis=-1).reshape(
        len(raw), -1
    )[:, : values // 3 * 3]
    both = np.where(both >= 2_048, both - 4_096, both)
    return both.reshape(len(raw), -1, 3).astype(np.float64)


def _unlogged(path: Path, rate: float, scale: float, begins: int) -> Iterator[Stretch | Unread]:
    """activity.bin: samples of 12 bits without a break from the start, two in 9 bytes."""
    size, number, done = 9 * _CHUNK // 64, 1, 0
    with opened_zip(path) as archive:
        try:
            with archive.open("activity.bin") as file:
                while data := file.read(size):
                    whole = len(data) // 9 * 9
                    if whole:
                        axes = _twelve(np.frombuffer(data[:whole], np.uint8).reshape(1, -1))[0] / scale
                        at = begins + np.asarray((done + np.arange(len(axes))) * 1e6 / rate, np.int64)
                        yield Stretch(number, at, axes)
                        done += len(axes)
                    if len(data) - whole >= 5:
                        yield Unread(number, f"activity.bin ends within a pair of samples (byte {done // 2 * 9:,}); {_CURE}")
                    number += 1
        except (*DECODING, ValueError) as error:
            yield Unread(number, f"activity.bin cannot be unpacked after sample {done:,} ({error}); {_CURE}")


GT3X = RawFormat("GT3X", fits, read)
