"""ActiGraph epoch CSV of ActiLife: ten lines of header, then counts by axis and steps, with or without a row of names."""

from __future__ import annotations

import re
from datetime import datetime

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, clock_time, evenly, micro, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, split

HEADER = 10
_ORDER = {"m": "mdy", "d": "dmy", "y": "ymd"}
_STEPS = {0: None, 1: 1, 5: 1, 12: 3, 13: 3, 29: 3, 60: 3, 61: 3}
"""Of a mode the column of steps, counted from the first axis: bit 1 of it means steps, bits 8 and 4 three axes."""


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an ActiGraph epoch CSV."""
    first = text_of(head[:300]).split("\n", 1)[0].lower()
    return "created by actigraph" in first


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    if len(lines) <= HEADER or not lines[HEADER - 1].startswith("---"):
        raise SourceError(place, "its header is not the ten lines of ActiLife", CURE)
    top = "\n".join(lines[:HEADER])
    seconds = _epoch(top, place)
    body = split(lines[HEADER:], ",", place, HEADER + 1)
    names = [name.lower() for name in body[0]]
    has_names = "axis1" in names
    table = [(number, row) for number, row in enumerate(body[has_names:], HEADER + 1 + has_names) if any(row)]
    axis = names.index("axis1") if has_names else 0
    step = _steps(names, top, has_names)
    needed = max(axis, step or 0) + 1
    whole = [(number, row) for number, row in table if len(row) >= needed]
    if not whole:
        raise SourceError(place, "it holds no epoch", CURE)
    if "timestamp" in names:
        # This export writes local time with a false Z: its header gives the same clock.
        begins = [_stamp(row[names.index("timestamp")], place, number) for number, row in whole]
    else:
        start = _start(top, wanted.dates, place)
        begins = evenly(start, seconds, len(table))[[number - table[0][0] for number, _ in whole]].tolist()
    steps = None if step is None else [row[step] for _, row in whole]
    counts, numbers = [row[axis] for _, row in whole], [number for number, _ in whole]
    found = epochs("ActiGraph", begins, counts, numbers, place, seconds=seconds, steps=steps)
    cut = {number for number, _ in table} - {number for number, _ in whole}
    found.unread += [(number, "the line has too few columns to be an epoch", lines[number - 1]) for number in sorted(cut)]
    return found


def _steps(names: list[str], top: str, has_names: bool) -> int | None:
    if has_names:
        return names.index("steps") if "steps" in names else None
    mode = re.search(r"Mode = (\d+)", top)
    return _STEPS.get(int(mode[1])) if mode else None


def _epoch(top: str, place: str) -> float:
    found = re.search(r"Epoch Period \(hh:mm:ss\) (\d+):(\d+):(\d+)", top)
    seconds = int(found[1]) * 3_600 + int(found[2]) * 60 + int(found[3]) if found else 0
    if not seconds:
        what = "it holds raw acceleration, not epochs" if found else "its header gives no epoch period"
        raise SourceError(place, what, "Export the recording as epochs (ActiLife: Download, AGD or CSV).", 5)
    return float(seconds)


def _start(top: str, order: str, place: str) -> datetime:
    day, time = re.search(r"Start Date ([\d./-]+)", top), re.search(r"Start Time ([\d:]+)", top)
    form = re.search(r"date format ([dmyDMY])", top)
    if not day or not time or not (order or form):
        raise SourceError(place, "its header gives no start", CURE, 3)
    letters = order or _ORDER[form[1].lower()]  # type: ignore[index]
    try:
        pieces = dict(zip(letters, (int(one) for one in re.split(r"[./-]", day[1])), strict=True))
        hour, minute, second = clock_time(time[1], place, 3)
        return datetime(pieces["y"], pieces["m"], pieces["d"], hour, minute, second)
    except ValueError as error:
        cure = 'Declare the order in the settings: dates = "dmy" or "mdy".'
        raise SourceError(place, f"its start date {day[1]!r} is none in the order that its header names", cure, 4) from error


def _stamp(written: str, place: str, line: int) -> int:
    try:
        return micro(datetime.fromisoformat(written.removesuffix("Z")).replace(tzinfo=None))
    except ValueError as error:
        raise SourceError(place, f"{written[:40]!r} is no time", CURE, line) from error


ACTIGRAPH_CSV = Format("ActiGraph CSV", fits, read)
