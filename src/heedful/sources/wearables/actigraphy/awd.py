"""Actiwatch AWD: seven lines of header, then a count a line, with light or temperature and a marker beside it."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, clock_time, day_named, evenly, text_of

HEADER = 7
_EPOCHS = {1: 15.0, 2: 30.0, 4: 60.0, 8: 120.0, 20: 300.0}
"""The fourth line counts quarters of a minute."""
_DAY = re.compile(r"\s*\d{1,2}[-./ ][^\W\d]{3,9}\.?[-./ ]\d{2,4}\s*")
_COUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:,.*|M)?\s*")
"""A count; after it a comma with light or temperature (in either decimal mark), an M where the marker was pressed."""


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an Actiwatch AWD."""
    lines = text_of(head[:2_000]).splitlines()
    return len(lines) > HEADER and _DAY.fullmatch(lines[1]) is not None and lines[3].strip().isdigit() and ":" in lines[2]


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).replace("\0", "").splitlines()
    if len(lines) <= HEADER:
        raise SourceError(place, "it has no more than a header", CURE)
    start = datetime.combine(day_named(lines[1].strip(), place, 2), datetime.min.time())
    hour, minute, second = clock_time(lines[2], place, 3)
    code = lines[3].strip()
    seconds = wanted.epoch_seconds or _EPOCHS.get(int(code) if code.isdecimal() else -1, 0.0)
    if not seconds:
        cure = "Declare the length of an epoch in the settings: epoch_seconds = 60."
        raise SourceError(place, f"its fourth line, {code[:20]!r}, is no length of an epoch that is known", cure, 4)
    counted = [_COUNT.fullmatch(line) for line in lines[HEADER:]]
    while counted and not lines[HEADER + len(counted) - 1].strip():
        counted.pop()
    values = np.array([float(one[1]) if one else np.nan for one in counted])
    unread: list[tuple[int, str, str | bytes | None]] = [
        (number, "it is no count of an epoch; the epoch is left out", lines[number - 1])
        for number, one in enumerate(counted, HEADER + 1)
        if one is None
    ]
    # An epoch that cannot be read keeps its place in time: those after it are counted from the start.
    kept = ~np.isnan(values)
    begins = evenly(start.replace(hour=hour, minute=minute, second=second), seconds, len(values))
    return Epochs("Actiwatch", seconds, begins[kept], values[kept], np.flatnonzero(kept) + HEADER + 1, unread=unread)


AWD = Format("AWD", fits, read)
