"""Writes FIT files for the tests: definitions and records as given, with the two checksums."""

from __future__ import annotations

import struct
from collections.abc import Iterable

EPOCH = 631_065_600
_SIZES = {
    0: ("B", 1),
    1: ("b", 1),
    2: ("B", 1),
    0x83: ("h", 2),
    0x84: ("H", 2),
    0x85: ("i", 4),
    0x86: ("I", 4),
    0x88: ("f", 4),
    0x0D: ("B", 1),
}


def checksum(data: bytes) -> int:
    """CRC-16 by bits: slow, and written apart from the reader's."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def definition(local: int, message: int, fields: Iterable[tuple[int, int]], *, big: bool = False) -> bytes:
    """`fields`: (number, base type) each."""
    told = list(fields)
    body = b"".join(bytes((number, _SIZES[base][1], base)) for number, base in told)
    return bytes((0x40 | local, 0, big)) + message.to_bytes(2, "big" if big else "little") + bytes((len(told),)) + body


def record(local: int, fields: Iterable[tuple[int, int]], values: Iterable[float], *, big: bool = False) -> bytes:
    """A record of `fields`, whose `values` are as stored."""
    packed = (struct.pack((">" if big else "<") + _SIZES[base][0], value) for (_, base), value in zip(fields, values, strict=True))
    return bytes((local,)) + b"".join(packed)


def file(body: bytes) -> bytes:
    """A whole file around its records."""
    head = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    head += struct.pack("<H", checksum(head))
    return head + body + struct.pack("<H", checksum(head + body))
