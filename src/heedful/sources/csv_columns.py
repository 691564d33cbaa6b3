"""A CSV file as portions of text columns with the line of every record, for the sources of tables that are not posts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.posts import delimited
from heedful.sources.posts.cuts import Cut
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.streams import Stream
from heedful.sources.quarantine import QuarantineList

READING = ("delimiter", "encoding", "decimal")
"""Settings that every source of this kind knows: one character, a name such as cp1252, '.' or ','."""

LINE, AT = "\0line", "\0at"
"""Columns of `table` beside the file's own: no header can hold a NUL, so no column of a file is ever called so."""
HEADER_LIMIT = 1 << 20

Cursor = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """What the first lines of a CSV say: its column names, in order, and its first records as they stand."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","

    def first(self, name: str) -> str:
        """The first value of a column that is not empty, or ''."""
        place = self.names.index(name)
        return next((row[place] for row in self.rows if row[place]), "")


def peeked(head: bytes, rows: int = 50) -> Head:
    """The header and up to `rows` whole records of `head`; no names where this is not a table with at least two columns.

    >>> peeked(b"place;date;value\\nUS;2024-01-07;5\\n").names
    ('place', 'date', 'value')
    """
    text = head.decode("utf-8-sig", "replace")
    nothing = Head((), ())
    if "\0" in text or text.lstrip()[:1] in ("", "{", "[", "<"):
        return nothing
    lines = text.splitlines(keepends=True)
    lines = lines[title_lines(lines) :]
    if len(head) >= 1 << 16:
        lines = lines[:-1]
    delimiter, _ = delimited.sniff("".join(lines[:5]))
    try:
        records = [record for _, record in zip(range(rows + 1), csv.reader(lines, delimiter=delimiter), strict=False) if record]
    except csv.Error:
        return nothing
    if not records or len(records[0]) < 2:
        return nothing
    names = tuple(name.strip() for name in records[0])
    return Head(names, tuple(tuple(row) for row in records[1:] if len(row) == len(names)), delimiter)


def title_lines(lines: list[str]) -> int:
    """How many lines of a title stand over the header: CDC's downloads begin with one sentence."""
    return 1 if len(lines) > 1 and lines[0].upper().startswith("PERCENTAGE OF VISITS FOR INFLUENZA") else 0


class Columns:
    """Reads `path` from its header or from a cursor on.

    `names` are the columns, known before the first portion. `portions` yields `Cut`s of up to `BATCH_ROWS` records whose `columns`
    are all columns as text, null where a cell is empty. Errors: `SourceError` where the file is broken off or is no table.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], cursor: Cursor | None = None) -> None:
        self._path, self._encoding = path, str(settings.get("encoding", ""))
        place = cursor or {"offset": 0, "line": 0}
        self._reader = self._open(place["offset"], place["line"])
        self._start = dict(cursor["csv"]) if cursor else self._header(settings)
        self.names: list[str] = list(self._start["header"])
        self._start |= {"offset": self._reader.offset, "line": self._reader.line, "columns": {name: name for name in self.names}}

    def portions(self) -> Iterator[Cut]:
        """Portions, each with a cursor `{"offset", "line", "csv"}` that goes on right after it."""
        for cut in delimited.cuts(self._path, self._reader, {}, self._start):
            kept = {name: self._start[name] for name in ("delimiter", "header")}
            cut.cursor = {"offset": cut.cursor["offset"], "line": cut.cursor["line"], "csv": kept}
            yield cut

    def _open(self, offset: int, line: int) -> LineReader:
        return LineReader(Stream(self._path, offset, encoding=self._encoding), offset, line)

    def _header(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        lines = self._reader.take(1_000, HEADER_LIMIT)
        if lines and len(lines[0]) > HEADER_LIMIT:
            raise SourceError(self._path, "its first line is longer than 1 MB, so it is no header", "Check that it is a CSV file.", 1)
        texts = [line.decode("utf-8", "replace") for line in lines]
        titles = title_lines(texts)
        delimiter = str(settings.get("delimiter", "")) or delimited.sniff("".join(texts[titles:]))[0]
        if len(delimiter) != 1:
            raise SettingsError(f"{self._path}: the delimiter must be one character, not {delimiter!r}.")
        parser = csv.reader(texts[titles:], delimiter=delimiter)
        try:
            names = [name.strip() for name in next(parser, [])]
        except csv.Error as error:
            raise SourceError(self._path, f"the header line cannot be read ({error})", "Export the table again as CSV.", 1) from error
        self._reader.give_back(lines[titles + parser.line_num :])
        if len(names) < 2 or any("\0" in name for name in names):
            raise SourceError(self._path, "its first line is not a header of at least two columns", "Check that it is a CSV file.", 1)
        return {"delimiter": delimiter, "header": _distinct(names)}


def _distinct(names: list[str]) -> list[str]:
    """Names that can be column names: an empty one, or one that polars takes for a pattern, becomes column_3; a second `a` a_2."""
    out: list[str] = []
    for place, name in enumerate(names, 1):
        if not name or name == "*" or (name.startswith("^") and name.endswith("$")):
            name = f"column_{place}"
        out.append(name if name not in out else f"{name}_{place}")
    return out


def spelled(name: str) -> str:
    """A column name without case, dots, spaces and underscores, as the lists of usual names write it."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def by_usual_names(names: Sequence[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Our column -> theirs: of each of ours the first alias that a column is called by.

    >>> by_usual_names(["Patient.ID", "date"], {"person": ("subject", "patientid"), "value": ("count",)})
    {'person': 'Patient.ID'}
    """
    theirs = {spelled(name): name for name in reversed(names)}
    return {ours: theirs[alias] for ours, known in aliases.items() if (alias := next((name for name in known if name in theirs), ""))}


def earlier(path: Path, settings: Mapping[str, Any], cursor: Cursor | None) -> Iterator[tuple[pl.DataFrame, Cut]]:
    """The records before `cursor` once more, for what must be known of them (running numbers): rows with `LINE`, and their cut."""
    if cursor is None:
        return
    for cut in Columns(path, settings).portions():
        yield table(cut).filter(pl.col(LINE) <= cursor["line"]), cut
        if cut.cursor["line"] >= cursor["line"]:
            return


def table(cut: Cut) -> pl.DataFrame:
    """The columns of a cut beside `LINE` (1-based) and `AT`, the record's place in the cut."""
    lines = pl.Series(LINE, cut.lines, dtype=pl.Int64)
    return pl.DataFrame(cut.columns).with_columns(lines, pl.int_range(len(cut.lines), dtype=pl.Int64, eager=True).alias(AT))


def set_aside(rows: pl.DataFrame, cut: Cut, quarantine: QuarantineList) -> pl.DataFrame:
    """Rows whose `reason` is null.

    The others, whose `line` and `at` say where they stood, go to quarantine, and so do the records of the cut that were no rows.
    """
    for unread in cut.unread:
        quarantine.add(unread.line, unread.reason, unread.content)
    bad = rows.filter(pl.col("reason").is_not_null())
    for line, at, reason in bad.select("line", "at", "reason").iter_rows():
        quarantine.add(line, reason, cut.content(at))
    return rows.filter(pl.col("reason").is_null())


def numbers(column: str, decimal: str = ".") -> pl.Expr:
    """The finite numbers of a text column; null for empty, NA and what is no number."""
    text = pl.col(column).str.strip_chars()
    text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True) if decimal == "," else text
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def told(column: str) -> pl.Expr:
    """Whether a cell holds something: neither empty nor NA."""
    text = pl.col(column).str.strip_chars()
    return text.is_not_null() & ~text.is_in(["", "NA", "NULL", "null"])


def only(path: Path, source: str, settings: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    """Raise `SettingsError` for a setting that the source does not know, naming those it does."""
    unknown = sorted(set(settings) - set(allowed))
    if unknown:
        raise SettingsError(f"{path}: {source} does not know the settings {unknown}. It knows: {', '.join(allowed)}.")
    if settings.get("decimal", ".") not in (".", ","):
        raise SettingsError(f"{path}: decimal is '.' or ',', not {settings['decimal']!r}.")


def declared(path: Path, source: str, names: list[str], columns: Any, allowed: tuple[str, ...]) -> dict[str, str]:
    """The setting `columns` (ours = theirs), checked. `SettingsError`: not ours. `SourceError`: not in the file."""
    if not isinstance(columns, Mapping) or not all(isinstance(value, str) for value in columns.values()):
        raise SettingsError(f'{path}: columns must be a table such as columns = {{{allowed[0]} = "name in the file"}}.')
    unknown = sorted(set(columns) - set(allowed))
    if unknown:
        raise SettingsError(f"{path}: {source} has no columns {unknown}. Left of '=' may stand: {', '.join(allowed)}.")
    for theirs in columns.values():
        if theirs not in names:
            shown = ", ".join(repr(name[:40]) for name in names[:20])
            raise SourceError(path, f"it has no column {theirs!r}; its columns are {shown}", "Correct the setting columns.")
    return dict(columns)
