"""CSV as cuts: quotes over lines, any delimiter, ragged rows set aside; a quote that is never closed costs its own line only."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import BATCH_ROWS
from heedful.sources.posts.cuts import Cut, Unread
from heedful.sources.posts.lines import LINE_LIMIT, LineReader
from heedful.sources.posts.mapping import PERSONAL, guess, likeness, plain, resolve

DELIMITERS = (",", ";", "\t", "|")
HEADER_BYTES = 1 << 20
RECORD_LINES = 1_000
"""A quoted field over more lines than this is taken as a quote that somebody forgot to close."""

# The module's limit is one for the whole process and too small for long posts; lines are bounded by LINE_LIMIT anyway.
csv.field_size_limit(LINE_LIMIT)


def sniff(text: str) -> tuple[str, list[str]]:
    """Delimiter and header fields of a text that begins with a header line.

    >>> sniff("id;text\\n1;a, b\\n")
    (';', ['id', 'text'])
    """
    best = (",", [""])
    score = (-1.0, -1)
    for delimiter in DELIMITERS:
        try:
            header = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True), [""])
        except csv.Error:
            continue
        if (likeness(guess(header)), len(header)) > score:
            best, score = (delimiter, header), (likeness(guess(header)), len(header))
    return best


def cuts(path: Path, reader: LineReader, settings: Mapping[str, Any], cursor: Mapping[str, Any] | None) -> Iterator[Cut]:
    """Cuts of at most `BATCH_ROWS` lines; delimiter, header and mapping are settled at the start and kept in the cursor.

    `settings`: `delimiter`; `header`, the names of the columns of a file that has no header line; `columns`.
    """
    if cursor:
        delimiter, header, mapping = cursor["delimiter"], list(cursor["header"]), dict(cursor["columns"])
    else:
        delimiter, header = _header(path, reader, settings)
        mapping = resolve(path, header, settings.get("columns", {}))
    while True:
        first = reader.line + 1
        lines = reader.take(BATCH_ROWS)
        if not lines:
            return
        portion = _Portion(lines, first, delimiter, len(header), last=reader.ended)
        if portion.left:
            reader.give_back(portion.left)
        place = {"offset": reader.offset, "line": reader.line, "delimiter": delimiter, "header": header, "columns": mapping}
        yield _cut(portion, header, mapping, place, reader)


def _header(path: Path, reader: LineReader, settings: Mapping[str, Any]) -> tuple[str, list[str]]:
    lines = reader.take(RECORD_LINES, HEADER_BYTES)
    if len(lines[0]) > HEADER_BYTES:
        raise SourceError(path, "its first line is longer than 1 MB, so it is no header of a table", "Check that this is a CSV file.", 1)
    text = b"".join(lines).decode("utf-8", "replace")
    delimiter, names = sniff(text)
    delimiter = str(settings.get("delimiter", delimiter))
    if len(delimiter) != 1:
        raise SettingsError(f"{path}: the delimiter must be one character, not {delimiter!r}.")
    if "header" in settings:
        reader.give_back(lines)
        return delimiter, _distinct([str(name) for name in settings["header"]])
    parser = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    names = next(parser, [])
    reader.give_back(lines[parser.line_num :])
    return delimiter, _distinct(names)


def _distinct(names: list[str]) -> list[str]:
    """Names that can be keys: an empty one becomes column_3, a second `a` becomes `a_2`."""
    out: list[str] = []
    for place, name in enumerate(names, 1):
        name = name.strip() or f"column_{place}"
        out.append(name if name not in out else f"{name}_{place}")
    return out


class _Portion:
    """Lines parsed into records of `width` fields. `left`: lines at the end whose record goes on after this portion."""

    def __init__(self, lines: list[bytes], first: int, delimiter: str, width: int, *, last: bool) -> None:
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.ends: list[int] = []
        self.unread: list[Unread] = []
        self.left: list[bytes] = []
        self._raw, self._first = lines, first
        self._texts, self._clean = _decoded(lines)
        start = 0
        while start < len(lines):
            start = self._parse(start, delimiter, width, last=last)

    def content(self, row: int) -> bytes:
        start = self.lines[row] - self._first
        return b"".join(self._raw[start : self.ends[row]]).rstrip(b"\r\n")

    def _parse(self, start: int, delimiter: str, width: int, *, last: bool) -> int:
        """Parse from line `start` (0-based) to the end or the first broken record; the line to go on from."""
        begun = [start]
        parser = csv.reader(self._feed(begun), delimiter=delimiter, strict=True)
        while True:
            at = begun[0]
            try:
                row = next(parser, None)
            except csv.Error as error:
                end = start + parser.line_num
                endless = "unexpected end" in str(error)
                # A record that the portion's end cuts is read again with the next portion, unless it was the portion's first.
                if endless and end == len(self._raw) and not last and at > 0:
                    self.left = self._raw[at:]
                    return len(self._raw)
                reason = "a quote is opened and not closed" if endless else f"broken quoting: {error}"
                self.unread.append(Unread(self._first + at, reason, self._raw[at].rstrip(b"\r\n")))
                return at + 1
            if row is None:
                return len(self._raw)
            begun[0] = end = start + parser.line_num
            if row:
                self._admit(row, at, end, width)

    def _feed(self, begun: list[int]) -> Iterator[str]:
        for place in range(begun[0], len(self._texts)):
            if place - begun[0] > RECORD_LINES:
                return
            yield self._texts[place]

    def _admit(self, row: list[str], start: int, end: int, width: int) -> None:
        reason = ""
        if len(row) != width:
            reason = f"{len(row)} fields where the header has {width}; correct or remove the line"
        elif not self._clean:
            reason = _unclean(row)
        if reason:
            self.unread.append(Unread(self._first + start, reason, b"".join(self._raw[start:end]).rstrip(b"\r\n")))
            return
        self.rows.append(row)
        self.lines.append(self._first + start)
        self.ends.append(end)


def _decoded(lines: list[bytes]) -> tuple[list[str], bool]:
    """The lines as text, and whether all were UTF-8 without NUL bytes."""
    try:
        return [line.decode() for line in lines], not any(b"\0" in line for line in lines)
    except UnicodeDecodeError:
        return [line.decode("utf-8", "surrogateescape") for line in lines], False


def _unclean(row: list[str]) -> str:
    text = "".join(row)
    if "\0" in text:
        return "the row holds NUL bytes: the file is damaged, or in an encoding that it does not declare"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "the row is not UTF-8; if the whole file is in another encoding, declare it: encoding = 'cp1252'"
    return ""


def _cut(portion: _Portion, header: list[str], mapping: dict[str, str], cursor: dict[str, Any], reader: LineReader) -> Cut:
    values = list(zip(*portion.rows, strict=True)) if portion.rows else [() for _ in header]
    data = pl.DataFrame({name: pl.Series(column, dtype=pl.String) for name, column in zip(header, values, strict=True)})
    used = set(mapping.values())
    rest = [name for name in header if name not in used and plain(name) not in PERSONAL]
    missing = data.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in header)
    return Cut(
        columns={ours: missing[theirs] for ours, theirs in mapping.items()},
        extra=data.select(pl.struct(rest).struct.json_encode()).to_series() if rest else None,
        lines=portion.lines,
        content=portion.content,
        cursor=cursor,
        done=reader.done,
        total=reader.total,
        unread=portion.unread,
        aside=dict.fromkeys((name for name in header if name not in used), len(portion.rows)) if portion.rows else {},
    )
