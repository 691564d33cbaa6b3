"""Respironics Actiware CSV in English, French, German, Dutch and others: the last table of the file holds the epochs."""

from __future__ import annotations

import re

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, text_of
from heedful.sources.wearables.actigraphy.rows import epochs, instants, split

_NAMES = {
    "day": ("date", "datum", "fecha", "data"),
    "time": ("time", "heure", "zeit", "uhrzeit", "tijd", "hora", "ora"),
    "count": ("activity", "activité", "aktivität", "activiteit", "actividad", "attività", "atividade"),
}
"""What the columns are called, language by language."""
_WRIST = re.compile(r"wrist|handgelenk|poignet|pols|muñeca|pulso")


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an Actiware CSV."""
    first = text_of(head[:400]).split("\n", 1)[0].lower()
    return "actiware" in first and "(vers" in first


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    lines = text_of(data).splitlines()
    at = _header(lines, place)
    header = [cell.lower() for cell in split([lines[at]], ",", place, at + 1)[0]]
    column = {ours: next(place for place, name in enumerate(header) if name in names) for ours, names in _NAMES.items()}
    wrist = next((place for place, name in enumerate(header) if _WRIST.search(name)), None)
    numbered = [(number, line) for number, line in enumerate(lines[at + 1 :], at + 2) if line.strip(' ,"\r')]
    table = split([line for _, line in numbered], ",", place, at + 2)
    needed = max(column.values()) + 1
    if len(table) != len(numbered):
        raise SourceError(place, "a quotation mark of its table does not end", CURE, at + 2)
    whole = [(number, row) for (number, _), row in zip(numbered, table, strict=True) if len(row) >= needed and row[column["time"]]]
    if not whole:
        raise SourceError(place, "its table holds no epoch", CURE, at + 1)
    begins = instants([row[column["day"]] for _, row in whole], [row[column["time"]] for _, row in whole], wanted.dates, place, at + 2)
    worn = None if wrist is None else [row[wrist] if len(row) > wrist else "" for _, row in whole]
    found = epochs("Actiwatch", begins, [row[column["count"]] for _, row in whole], [number for number, _ in whole], place, not_worn=worn)
    cut = {number for number, _ in numbered} - {number for number, _ in whole}
    found.unread += [(number, "the line has too few columns to be an epoch", lines[number - 1]) for number in sorted(cut)]
    return found


def _header(lines: list[str], place: str) -> int:
    """The last line that names day, time and count: earlier ones are tables of markers and statistics."""
    for at in range(len(lines) - 1, -1, -1):
        cells = {cell.strip(' "\r').lower() for cell in lines[at].split(",")}
        if all(cells & set(names) for names in _NAMES.values()):
            return at
    raise SourceError(place, "it has no table of epochs with date, time and activity in a language that is known", CURE)


RPX = Format("RPX", fits, read)
