"""Tempatilumi: a table with semicolons under Portuguese names."""

from __future__ import annotations

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, instants, split

_HEADER = ("data", "hora", "atividade")


def fits(head: bytes) -> bool:
    """Whether a file that begins so is a Tempatilumi table."""
    return _at(text_of(head[:4_000]).splitlines()) >= 0


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    at = _at(lines)
    if at < 0:
        raise SourceError(place, "it has no table with Data, Hora and Atividade", CURE)
    header = _cells(lines[at])
    day, time, count = (header.index(name) for name in _HEADER)
    table = list(enumerate(split(lines[at + 1 :], ";", place, at + 2), at + 2))
    whole = [(number, row) for number, row in table if len(row) > count]
    if not whole:
        raise SourceError(place, "its table holds no epoch", CURE, at + 1)
    begins = instants([row[day] for _, row in whole], [row[time] for _, row in whole], wanted.dates, place, at + 2)
    found = epochs("Tempatilumi", begins, [row[count] for _, row in whole], [number for number, _ in whole], place)
    cut = {number for number, row in table if any(row)} - {number for number, _ in whole}
    found.unread += [(number, "the line has too few columns to be an epoch", lines[number - 1]) for number in sorted(cut)]
    return found


def _at(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if ";" in line and set(_HEADER) <= set(_cells(line))), -1)


def _cells(line: str) -> list[str]:
    return [cell.strip().lower() for cell in line.split(";")]


TAL = Format("TAL", fits, read)
