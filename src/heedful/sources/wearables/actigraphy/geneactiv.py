"""GENEActiv: a text header with the calibration, then pages of ten lines; the last of a page holds 300 samples as hexadecimal digits.

Each sample has 12 digits: x, y and z of 12 bits, then light and button. g = (100 × raw - offset) / gain (ActivInsights' file description).
ENMO and angle equal wristpy's 0.2.10 over the samples of GGIRread's file (tests/sources/wearables/test_accelerometer.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.acceleration import Floats, RawFormat, Recording, Stretch, Unread, spaced
from heedful.sources.wearables.actigraphy.drift import MOST_SECONDS, SETTING
from heedful.sources.wearables.actigraphy.epochs import micro
from heedful.sources.wearables.archives import DECODING, plain_or_gzip

_PAGE = b"Recorded Data"
_LONGEST = 1 << 16
_CURE = "Download the recording again from the device; the other pages were read"
_AGAIN = "Download the recording again from the device."
_DRIFT = re.compile(r"device clock drift\s*(-?\d[\d.,]*)\s*s")
_ZONE = re.compile(r"GMT\s*([+-]?)(\d{1,2}):(\d\d)")


def fits(path: Path, head: bytes) -> bool:
    """Whether a file that begins so is a GENEActiv recording."""
    return head.startswith(b"Device Identity") and b"GENEActiv" in head[:2_048]


def read(path: Path) -> Recording:
    """The recording. Errors: `SourceError` where the header lacks calibration or frequency."""
    with plain_or_gzip(path) as file:
        header = _header(path, file)
    try:
        rate = float(header["Measurement Frequency"].split()[0].replace(",", "."))
        gains, offsets = (np.array([float(header[f"{axis} {name}"]) for axis in "xyz"]) for name in ("gain", "offset"))
    except (KeyError, ValueError, IndexError) as error:
        raise SourceError(path, f"its header has no calibration or frequency ({error})", _AGAIN) from error
    if not (0 < rate <= 1_000) or not np.all(gains):
        raise SourceError(path, f"its header says {rate} Hz and gains {gains.tolist()}", _AGAIN)
    zone = _ZONE.search(header.get("Time Zone", ""))
    offset = (-1 if zone[1] == "-" else 1) * (60 * int(zone[2]) + int(zone[3])) if zone else None
    return Recording("GENEActiv", rate, offset, _pieces(path, gains, offsets), _clock_notes(header))


def _clock_notes(header: dict[str, str]) -> tuple[str, ...]:
    """How far the device's clock was from the computer's when it was read out, which the maker's program notes in the header.

    >>> header = {"Start Time": "2024-01-01 00:00:00:000", "Extract Time": "2024-01-11 00:00:00:000"}
    >>> _clock_notes(header | {"Extract Notes": "(device clock drift 14.000s)"})[0]
    "the maker's program found the clock 14.0 s off after 10.0 days: if it is fast by it, declare clock_gain_seconds = 1.4"
    """
    found = _DRIFT.search(header.get("Extract Notes", ""))
    if found is None:
        return ()
    seconds = _seconds(found[1])
    try:
        days = (_loose(header["Extract Time"]) - _loose(header["Start Time"])).total_seconds() / 86_400
    except (KeyError, ValueError):
        days = 0.0
    told = f"the maker's program found the clock {seconds} s off after {days:.1f} days"
    if days < 1 or abs(seconds) / days > MOST_SECONDS:
        return (f"{told}: so much is no drift; it was set wrongly, or stopped",)
    return (f"{told}: if it is {'fast' if seconds > 0 else 'slow'} by it, declare {SETTING} = {seconds / days:.2g}",) if seconds else ()


def _seconds(written: str) -> float:
    """Seconds with decimals, in the notation of the computer's language.

    >>> _seconds("1,214.500"), _seconds("1.214,500"), _seconds("-14,000"), _seconds("14")
    (1214.5, 1214.5, -14.0, 14.0)
    """
    *whole, decimals = re.split("[.,]", written) if re.search("[.,]", written) else (written, "0")
    return float(f"{''.join(whole)}.{decimals}")


def _loose(written: str) -> datetime:
    """A time of the header, whose months and days may be of one digit."""
    return datetime.strptime(written.strip(), "%Y-%m-%d %H:%M:%S:%f")


def _header(path: Path, file: IO[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for line in iter(lambda: file.readline(_LONGEST), b""):
            if line.startswith(_PAGE):
                return found
            name, _, value = line.decode("latin-1").partition(":")
            found[name.strip()] = value.strip()
            if len(found) > 1_000:
                break
    except DECODING as error:
        raise SourceError(path, f"the file cannot be unpacked ({error})", _AGAIN) from error
    raise SourceError(path, "no page of samples follows its header", _AGAIN)


def _pieces(path: Path, gains: Floats, offsets: Floats) -> Iterator[Stretch | Unread]:
    number = 0
    with plain_or_gzip(path) as file:
        try:
            told: list[bytes] = []
            for line in iter(lambda: file.readline(_LONGEST), b""):
                if line.startswith(_PAGE):
                    if number:
                        yield from _page(number, told, gains, offsets)
                    number, told = number + 1, []
                elif number and len(told) < 20 and line.strip():
                    told.append(line.strip())
            yield from _page(number, told, gains, offsets, is_last=True)
        except DECODING as error:
            yield Unread(max(1, number), f"the file cannot be unpacked after page {number} ({error}); {_CURE}")


def _page(number: int, lines: list[bytes], gains: Floats, offsets: Floats, *, is_last: bool = False) -> Iterator[Stretch | Unread]:
    """The samples of a page of 300. Of the last one, where the end of the file cuts it, those that stand before the cut are read; a page
    that is too short elsewhere has lost digits nobody knows where, so that none of its samples can be trusted."""
    named = dict(line.split(b":", 1) for line in lines if b":" in line)
    digits = lines[-1] if lines else b""
    try:
        rate = float(named[b"Measurement Frequency"].replace(b",", b"."))
        begins = micro(_time(named[b"Page Time"].decode("ascii")))
        values = np.frombuffer(bytes.fromhex(digits[: len(digits) // 12 * 12].decode("ascii")), np.uint8).reshape(-1, 6).astype(np.int64)
        is_cut = len(digits) < 3_600 or len(digits) % 12 > 0
        if not len(values) or not 0 < rate <= 1_000 or (is_cut and not is_last):
            raise ValueError(f"{len(digits):,} of 3,600 digits")
    except (KeyError, ValueError) as error:
        yield Unread(number, f"page {number} is damaged or cut off ({type(error).__name__}: {str(error)[:60]}); {_CURE}")
        return
    if is_cut:
        yield Unread(
            number, f"page {number}, the last, is cut off after {len(values)} of 300 samples ({len(digits):,} of 3,600 digits); {_AGAIN}"
        )
    raw = np.stack(
        [
            (values[:, 0] << 4) | (values[:, 1] >> 4),
            ((values[:, 1] & 15) << 8) | values[:, 2],
            (values[:, 3] << 4) | (values[:, 4] >> 4),
        ],
        axis=1,
    )
    raw -= (raw >= 2_048) * 4_096
    yield Stretch(number, spaced(np.array([begins]), len(values), rate), (100.0 * raw - offsets) / gains)


def _time(written: str) -> datetime:
    return datetime.strptime(written.strip(), "%Y-%m-%d %H:%M:%S:%f")


GENEACTIV = RawFormat("GENEActiv", fits, read)
