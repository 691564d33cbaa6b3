"""A JSON document that breaks off: the records of its list that are whole are read, and where it breaks off is said.

Only of a document that ends too early. One with a fault in its middle is refused as a whole, because what follows the fault may mean
anything; so is a document of one record, because half a record may mean something else than the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import orjson

from heedful.core.errors import SourceError

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
_CLOSES = {ord("["): b"]", ord("{"): b"}"}
_QUOTE = ord('"')


@dataclass(frozen=True)
class Whole:
    """The document up to its last whole record, closed so that it is JSON; how many records these are; the line at which it breaks off."""

    data: bytes
    records: int
    line: int


class BrokenOffError(SourceError):
    """A document breaks off; `whole` holds the part of it that can be read."""

    def __init__(self, path: Path | str, whole: Whole) -> None:
        self.whole = whole
        told = "one whole record, which is read" if whole.records == 1 else f"{whole.records:,} whole records, which are read"
        reason = f"it is not complete JSON: it breaks off here, behind {told}"
        super().__init__(path, reason, "Export or copy the file again; rows that are there already do no harm.", whole.line)


def whole_part(data: bytes) -> Whole | None:
    """The part of a document that can be read; None if it does not break off, or no record of a list in it is whole.

    The list is the outermost one: the document itself, or one that only objects enclose.

    >>> whole_part(b'{"entry":[{"a":[1]},{"b":2},{"c":')
    Whole(data=b'{"entry":[{"a":[1]},{"b":2}]}', records=2, line=1)
    >>> whole_part(b'[{"a":1}} oops')
    """
    open_, depth, end, records = bytearray(), 0, 0, 0
    for token in _TOKEN.finditer(data):
        character = data[token.start()]
        if character == _QUOTE:
            if token.end() - token.start() == 1:
                break  # a text that has no end
        elif character in _CLOSES:
            open_.append(character)
            if character == ord("[") and not depth:
                depth, end, records = len(open_), 0, 0
        elif not open_ or _CLOSES[open_.pop()] != data[token.start() : token.end()]:
            return None
        elif depth == len(open_):
            end, records = token.end(), records + 1
        elif depth > len(open_):
            depth = 0
    if not (open_ and depth and end):
        return None
    closed = data[:end] + b"".join(_CLOSES[one] for one in reversed(open_[:depth]))
    try:
        orjson.loads(closed)
    except orjson.JSONDecodeError:
        return None
    return Whole(closed, records, data.count(b"\n") + 1)
