"""Condor ActTrust: a report of keys and values, then a table with semicolons; the count is PIM, the integral of movement."""

from __future__ import annotations

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, instants, split


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an ActTrust report."""
    return b"Condor Instruments Report" in head[:300]


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith("DATE/TIME")), -1)
    header = lines[at].strip().split(";") if at >= 0 else []
    if "PIM" not in header:
        raise SourceError(place, "it has no table with DATE/TIME and PIM", CURE)
    count = header.index("PIM")
    model = next((line.split(":", 1)[1].strip() for line in lines[:at] if line.startswith("DEVICE_MODEL")), "ActTrust")
    table = list(enumerate(split(lines[at + 1 :], ";", place, at + 2), at + 2))
    whole = [(number, row) for number, row in table if len(row) > count and " " in row[0]]
    if not whole:
        raise SourceError(place, "its table holds no epoch", CURE, at + 1)
    stamps = [row[0].split(" ", 1) for _, row in whole]
    begins = instants([stamp[0] for stamp in stamps], [stamp[1] for stamp in stamps], wanted.dates or "dmy", place, at + 2)
    found = epochs(model, begins, [row[count] for _, row in whole], [number for number, _ in whole], place)
    cut = {number for number, row in table if any(row)} - {number for number, _ in whole}
    found.unread += [(number, "the line has too few columns to be an epoch", lines[number - 1]) for number in sorted(cut)]
    return found


ATR = Format("ATR", fits, read)
