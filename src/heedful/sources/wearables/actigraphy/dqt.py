"""Daqtometer: a header of keys, then time, counts and light a line; times in the zone that the header names."""

from __future__ import annotations

from datetime import datetime

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, micro, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, split


def fits(head: bytes) -> bool:
    """Whether a file that begins so is a Daqtometer table."""
    lines = text_of(head[:1_000]).splitlines()
    return len(lines) > 4 and lines[0].startswith("Start:") and any(line.startswith("Binning mode:") for line in lines)


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    zone = lines[0].rsplit(" ", 1)[-1].strip().rstrip(",")
    if zone not in ("GMT", "UTC"):
        raise SourceError(place, f"its times are in a zone {zone[:20]!r} that is not understood", "Export the recording in GMT.", 1)
    table = [(number, row) for number, row in enumerate(split(lines, ",", place, 1), 1)]
    begins, whole, unread = [], [], list[tuple[int, str, str | bytes | None]]()
    for number, row in table:
        if len(row) > 1 and row[0][:4].isdigit():
            try:
                begins.append(micro(datetime.fromisoformat(row[0]).replace(tzinfo=None)))
                whole.append((number, row))
            except ValueError:
                unread.append((number, f"{row[0][:40]!r} is no time", lines[number - 1]))
    if not whole:
        raise SourceError(place, "it holds no epoch", CURE)
    found = epochs("Daqtometer", begins, [row[1] for _, row in whole], [number for number, _ in whole], place, is_utc=True)
    found.unread += unread
    return found


DQT = Format("DQT", fits, read)
