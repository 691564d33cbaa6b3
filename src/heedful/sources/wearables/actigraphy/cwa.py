"""Axivity AX3 and AX6 (CWA): a header of 1,024 bytes, then blocks of 512 with a checksum, each dated to a fraction of a second.

Open Movement, cwa.h. Samples are packed (three times 10 bits and an exponent) or of 16 bits; of an AX6 the gyroscope is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.acceleration import Ints, RawFormat, Recording, Stretch, Unread, spaced
from heedful.sources.wearables.archives import DECODING, plain_or_gzip

HEADER, BLOCK = 1_024, 512
_BATCH = 512
_CURE = "Copy the recording again from the device; the other blocks were read"
_EPOCH = np.datetime64("1970-01-01", "us")
Bytes = npt.NDArray[np.uint8]


def fits(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is an Axivity recording."""
    return head[:4] == b"MD\xfc\x03"


def read(path: Path) -> Recording:
    """The recording. Errors: `SourceError` where the header is none, or no block can be read."""
    with plain_or_gzip(path) as file:
        try:
            head = file.read(HEADER + 8 * BLOCK)
        except DECODING as error:
            raise SourceError(path, f"the file cannot be unpacked ({error})", "Copy the recording again from the device.") from error
    if len(head) < HEADER + BLOCK:
        raise SourceError(path, "it ends within its header: there is no sample in it", "Copy the recording again from the device.")
    blocks = np.frombuffer(head[HEADER : HEADER + (len(head) - HEADER) // BLOCK * BLOCK], np.uint8).reshape(-1, BLOCK)
    sound = blocks[_sound(blocks)]
    rates = _rates(sound)
    rate = float(rates[0]) if len(rates) else float(3_200 / (1 << (15 - (head[36] & 15))))
    return Recording("Axivity AX6" if head[4] == 0x64 else "Axivity AX3", rate, None, _pieces(path))


def _pieces(path: Path) -> Iterator[Stretch | Unread]:
    number = 1
    with plain_or_gzip(path) as file:
        try:
            file.read(HEADER)
            while data := file.read(_BATCH * BLOCK):
                whole = len(data) // BLOCK
                if whole:
                    yield from _of_blocks(np.frombuffer(data[: whole * BLOCK], np.uint8).reshape(-1, BLOCK), number)
                if len(data) % BLOCK:
                    place = HEADER + (number + whole - 1) * BLOCK
                    yield Unread(number + whole, f"the file ends within block {number + whole} (byte {place:,}); {_CURE}")
                number += whole
        except DECODING as error:
            yield Unread(number, f"the file cannot be unpacked after block {number} ({error}); {_CURE}")


def _sound(blocks: Bytes) -> npt.NDArray[np.bool_]:
    words = blocks.view("<u2")
    magic = (blocks[:, 0] == ord("A")) & (blocks[:, 1] == ord("X")) & (words[:, 1] == 508)
    # The words of a block sum to zero; devices that do not write a sum leave it at zero.
    return magic & ((words.sum(axis=1, dtype=np.uint32) & 0xFFFF == 0) | (words[:, 255] == 0))


def _rates(blocks: Bytes) -> npt.NDArray[np.float64]:
    return np.where(blocks[:, 24] > 0, 3_200 / (1 << (15 - (blocks[:, 24] & 15).astype(np.int64))), 100.0)


def _of_blocks(blocks: Bytes, first: int) -> Iterator[Stretch | Unread]:
    sound, count = _sound(blocks), blocks[:, 28:30].copy().view("<u2").ravel().astype(np.int64)
    layout, rates = blocks[:, 25].astype(np.int64), _rates(blocks)
    capacity = np.where(layout & 15 == 0, 120, np.where(layout & 15 == 2, 480 // np.maximum(1, 2 * (layout >> 4)), 0))
    fit = sound & (count > 0) & (count <= capacity) & (layout >> 4 >= 3)
    scale = blocks[:, 19] >> 5
    key = np.stack([fit, layout, count, blocks[:, 24], scale], axis=1).astype(np.int64)
    edges = np.concatenate([[0], np.flatnonzero((key[1:] != key[:-1]).any(axis=1)) + 1, [len(blocks)]])
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        page = first + begin
        if not fit[begin]:
            why = "its checksum is wrong" if not sound[begin] else "its layout of samples is not known"
            which = f"block {page}" if end == begin + 1 else f"blocks {page} to {first + end - 1}"
            yield Unread(page, f"{which} (from byte {HEADER + (page - 1) * BLOCK:,}): {why}; {_CURE}")
            continue
        part = blocks[begin:end]
        axes = _axes(part, int(layout[begin]), int(count[begin]), int(scale[begin]))
        yield Stretch(page, spaced(_begins(part, float(rates[begin])), int(count[begin]), float(rates[begin])), axes)


def _axes(blocks: Bytes, layout: int, count: int, scale: int) -> npt.NDArray[np.float64]:
    if layout & 15 == 0:
        packed = np.ascontiguousarray(blocks[:, 30 : 30 + 4 * count]).view("<u4").ravel()
        shift = (6 - (packed >> 30)).astype(np.int16)
        parts = [((packed << 6) & 0xFFC0), ((packed >> 4) & 0xFFC0), ((packed >> 14) & 0xFFC0)]
        return np.stack([part.astype(np.uint16).view(np.int16) >> shift for part in parts], axis=1) / 256.0
    channels = layout >> 4
    values = np.ascontiguousarray(blocks[:, 30 : 30 + 2 * channels * count]).view("<i2").reshape(-1, channels)
    # With six axes the gyroscope's stand first.
    return np.asarray(values[:, 3:6] if channels >= 6 else values[:, :3]) / float(1 << (8 + scale))


def _begins(blocks: Bytes, rate: float) -> Ints:
    """When the first sample of each block was taken, in microseconds by the device's clock."""
    packed = np.ascontiguousarray(blocks[:, 14:18]).view("<u4").ravel().astype(np.int64)
    fraction = np.ascontiguousarray(blocks[:, 4:6]).view("<u2").ravel().astype(np.int64)
    offset = np.ascontiguousarray(blocks[:, 26:28]).view("<i2").ravel().astype(np.int64)
    part = np.where(fraction & 0x8000, (fraction & 0x7FFF) << 1, 0)
    # The offset was moved so that older programs, which know no fraction, still see the right second.
    offset = offset + ((part * round(rate)) >> 16)
    months = (2000 - 1970 + ((packed >> 26) & 63)) * 12 + np.clip(((packed >> 22) & 15) - 1, 0, 11)
    days = np.datetime64("1970-01", "M") + months
    midnight = (days.astype("datetime64[D]") + (((packed >> 17) & 31) - 1)).astype("datetime64[us]") - _EPOCH
    seconds = ((packed >> 12) & 31) * 3_600 + ((packed >> 6) & 63) * 60 + (packed & 63)
    return np.asarray(midnight.astype(np.int64) + seconds * 1_000_000 + part * 1_000_000 // 65_536 - offset * 1e6 / rate, np.int64)


CWA = RawFormat("CWA", fits, read)
