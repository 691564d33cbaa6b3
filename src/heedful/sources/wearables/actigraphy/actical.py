"""Actical list export: settings, then a table of epochs whose names stand in several lines."""

from __future__ import annotations

from datetime import datetime

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, clock_time, day_named, micro, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, split


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an Actical list export."""
    return b"Actical List Export" in head[:200]


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith("Epoch#")), -1)
    header = split([lines[at]], ",", place, at + 1)[0] if at >= 0 else []
    if not {"Date", "Time", "Activity"} <= set(header):
        raise SourceError(place, "it has no table with Date, Time and Activity", CURE)
    day, time, count = (header.index(name) for name in ("Date", "Time", "Activity"))
    step = header.index("Steps") if "Steps" in header else None
    table = [(number, row) for number, row in enumerate(split(lines[at + 1 :], ",", place, at + 2), at + 2) if row and row[0].isdecimal()]
    whole = [(number, row) for number, row in table if len(row) > max(day, time, count, step or 0)]
    if not whole:
        raise SourceError(place, "its table holds no epoch", CURE, at + 1)
    begins = [_instant(row[day], row[time], place, number) for number, row in whole]
    steps = None if step is None else [row[step] for _, row in whole]
    found = epochs("Actical", begins, [row[count] for _, row in whole], [number for number, _ in whole], place, steps=steps)
    cut = {number for number, _ in table} - {number for number, _ in whole}
    found.unread += [(number, "the line has too few columns to be an epoch", lines[number - 1]) for number in sorted(cut)]
    return found


def _instant(day: str, time: str, place: str, line: int) -> int:
    hour, minute, second = clock_time(time, place, line)
    return micro(datetime.combine(day_named(day, place, line), datetime.min.time()).replace(hour=hour, minute=minute, second=second))


ACTICAL = Format("Actical", fits, read)
