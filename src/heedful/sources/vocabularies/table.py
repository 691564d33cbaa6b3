"""A table of terms: columns term, code, label, type, separated by tabs or commas; `#` lines before it may name source, version, licence."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.language.vocabulary import TERM_COLUMNS
from heedful.sources.vocabularies.concepts import CROSSWALK_COLUMNS, TERM_TYPES, VocabularyFile, same_name

_ABOUT = re.compile(r"#\s*(source|version|licen[cs]e)\s*:\s*(.*\S)", re.IGNORECASE)
_COLUMNS = "Its columns are term, code, label and type; without type, say --type for all."


def read_table(path: Path, text: str, kind: str = "") -> VocabularyFile:
    """Terms of a table; `kind` is the type of every term where there is no column type.

    In a table with tabs quotes are letters like others. A row that is too short or too long, or has an empty value or an unknown type, is
    set aside and named by its line. Of a term that has several codes the first counts, and the others are its crosswalks. Raises
    `SourceError` with the line of a column that is missing, of quotes that do not close, or of the first broken row if no other is left.
    """
    lines = [line + "\n" for line in text.replace("\r\n", "\n").split("\n")]
    start = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    if start == len(lines):
        raise SourceError(path, "it holds no table", _COLUMNS)
    about = {found[1].lower().replace("license", "licence"): found[2] for line in lines[:start] if (found := _ABOUT.match(line))}
    broken = list[SourceError]()
    rows = list(_rows(path, lines, start, kind, broken))
    if not rows and broken:
        raise broken[0]
    if not rows:
        raise SourceError(path, "it holds no term below its header", "Write one term a line.", start + 1)
    named, said = pl.DataFrame(rows, schema=TERM_COLUMNS, orient="row"), tuple(str(error) for error in broken)
    first = pl.col("code").first().over(pl.col("term").str.to_lowercase())
    also = [
        same_name(code, other)
        for code, other in named.select(first.alias("first"), "code").filter(pl.col("first") != pl.col("code")).iter_rows()
    ]
    terms = named.filter(first == pl.col("code")).unique(keep="first", maintain_order=True)
    crosswalks = pl.DataFrame(also, schema=CROSSWALK_COLUMNS, orient="row").unique(maintain_order=True)
    return VocabularyFile(terms, about.get("source", ""), about.get("version", ""), about.get("licence", ""), {}, crosswalks, said)


def table_text(file: VocabularyFile) -> str:
    """The table that `read_table` reads back as `file`; its values hold neither tab nor line end."""
    head = "".join(f"# {name}: {value}\n" for name in ("source", "version", "licence") if (value := " ".join(getattr(file, name).split())))
    return head + file.terms.select(list(TERM_COLUMNS)).write_csv(separator="\t", quote_style="never")


def _rows(path: Path, lines: list[str], start: int, kind: str, broken: list[SourceError]) -> Iterator[tuple[str, str, str, str]]:
    separator = "\t" if "\t" in lines[start] else ","
    reader = csv.reader(lines[start:], delimiter=separator, quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader)]
    except csv.Error as error:
        raise _not_whole(path, error, start + 1) from error
    wanted = [name for name in TERM_COLUMNS if name != "type" or not kind]
    lost = [name for name in wanted if name not in names]
    if lost:
        raise SourceError(path, f"it has no column {' or '.join(lost)}", _COLUMNS, start + 1)
    if kind and "type" in names:
        raise SourceError(path, "it has a column type, and --type was given as well", "Leave out --type.", start + 1)
    try:
        for values in reader:
            line = start + reader.line_num
            if not any(value.strip() for value in values):
                continue
            try:
                row = _row(path, names, values, kind, line)
            except SourceError as error:
                broken.append(error)
                continue
            yield row
    except csv.Error as error:
        raise _not_whole(path, error, start + reader.line_num) from error


def _not_whole(path: Path, error: csv.Error, line: int) -> SourceError:
    return SourceError(path, f"it is not a whole table ({error})", "Close each quote.", line)


def _row(path: Path, names: list[str], values: list[str], kind: str, line: int) -> tuple[str, str, str, str]:
    if len(values) != len(names):
        said = f"there are {len(values)} values below {len(names)} column names"
        raise SourceError(path, said, "Quote values with commas, or use tabs.", line)
    return _checked(path, {"type": kind} | dict(zip(names, (value.strip() for value in values), strict=True)), line)


def _checked(path: Path, row: dict[str, str], line: int) -> tuple[str, str, str, str]:
    empty = [name for name in TERM_COLUMNS if not row[name]]
    if empty:
        raise SourceError(path, f"{' and '.join(empty)} is empty", "Fill it, or remove the line.", line)
    if any(mark in row[name] for name in TERM_COLUMNS for mark in "\t\r\n"):
        raise SourceError(path, "a value holds a tab or a line end", "Write it in one line with plain spaces.", line)
    if row["type"] not in TERM_TYPES:
        raise SourceError(path, f"{row['type']!r} is not a type of term", f"Write one of {', '.join(TERM_TYPES)}.", line)
    return row["term"], row["code"], row["label"], row["type"]
