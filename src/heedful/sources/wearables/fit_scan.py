"""FIT's record headers and checksum: where each data record lies, which definition it follows and when it was written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from heedful.sources.wearables.fit_limits import BROKEN, FULL, NO_DEFINITION

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


def nibbles() -> npt.NDArray[np.uint16]:
    """The checksum's table: CRC-16 with the reflected polynomial A001, by byte."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ 0xA001, table >> 1)
    return table.astype(np.uint16)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def checksum(data: Bytes, table: npt.NDArray[np.uint16]) -> int:
    """FIT's CRC-16 of all bytes; 0 over a file with its checksum at the end."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ int(table[(crc ^ byte) & 0xFF])
    return crc


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def scan(data: Bytes, position: int, end: int, local: Ints, at: Ints, which: Ints, when: Ints, defined: Ints) -> tuple[int, int, int, int]:
    """Walks records from `position` to `end` until `at` or `defined` is full.

    `local`: 16 local types and what goes on, as 5 columns (number of the definition, size of a record, place of its timestamp or -1,
    whether it is big-endian, and in row 0 the last timestamp), kept between calls; a fresh one is all -1.
    Writes the place of each data record's first field to `at`, the number of its definition to `which`, its time (seconds of FIT's
    clock, -1 if unknown) to `when`, and the place of each definition to `defined`. Returns place, records, definitions and a state.
    """
    records, definitions = 0, 0
    while position < end:
        if records == len(at) or definitions == len(defined):
            return position, records, definitions, FULL
        header = int(data[position])
        if header & 0xC0 == 0x40:
            length = 6 + 3 * int(data[position + 5]) if position + 6 <= end else 1 << 40
            if header & 0x20:
                length += 1 + 3 * int(data[position + length]) if position + length < end else 1 << 40
            if position + length > end:
                return position, records, definitions, BROKEN
            _define(data, position, header, local)
            defined[definitions] = position
            definitions += 1
            position += length
            continue
        kind = (header >> 5) & 3 if header & 0x80 else header & 0x0F
        size = local[kind, 1]
        if size < 0:
            return position, records, definitions, NO_DEFINITION
        if position + 1 + size > end:
            return position, records, definitions, BROKEN
        last = local[0, 4]
        time = -1
        if local[kind, 2] >= 0:
            time = _four(data, position + 1 + local[kind, 2], local[kind, 3])
        elif header & 0x80 and last >= 0:
            time = last + ((header & 0x1F) - last) % 32
        if time >= 0 and time != 0xFFFFFFFF:
            local[0, 4] = time
        at[records], which[records], when[records] = position + 1, local[kind, 0], time
        records += 1
        position += 1 + size
    return position, records, definitions, 0


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _define(data: Bytes, position: int, header: int, local: Ints) -> None:
    kind, fields = header & 0x0F, int(data[position + 5])
    local[kind, 0] = position
    size, stamp = 0, -1
    for field in range(fields):
        place = position + 6 + 3 * field
        if data[place] == 253 and data[place + 1] == 4 and stamp < 0:
            stamp = size
        size += int(data[place + 1])
    if header & 0x20:
        place = position + 6 + 3 * fields
        for field in range(int(data[place])):
            size += int(data[place + 2 + 3 * field])
    local[kind, 1], local[kind, 2], local[kind, 3] = size, stamp, int(data[position + 2])


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _four(data: Bytes, place: int, big: int) -> int:
    if big:
        return (int(data[place]) << 24) | (int(data[place + 1]) << 16) | (int(data[place + 2]) << 8) | int(data[place + 3])
    return (int(data[place + 3]) << 24) | (int(data[place + 2]) << 16) | (int(data[place + 1]) << 8) | int(data[place])
