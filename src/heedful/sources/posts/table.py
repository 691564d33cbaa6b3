"""Posts from any table: JSON lines, CSV or Parquet, with a declared or guessed mapping of columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Posts, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.posts import delimited, json_lines, parquet
from heedful.sources.posts.cuts import Cut
from heedful.sources.posts.instants import instants
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.mapping import guess, likeness
from heedful.sources.posts.rows import KINDS, Tally, finish
from heedful.sources.posts.streams import Stream, opening, peek
from heedful.sources.quarantine import QuarantineList

SETTINGS = ("columns", "delimiter", "header", "encoding", "kind", "time_format", "synthetic")
_TEXT_COLUMNS = ("language", "place_declared", "reply_to", "thread", "community")


class Table:
    """A table of posts.

    Settings: `columns` (ours = theirs, dotted for nested JSON, "" for none), `delimiter`, `header` (names of a headless CSV),
    `encoding`, `kind` (of posts that answer none), `time_format` (chrono pattern, or several), `synthetic`.
    """

    card = SourceCard(
        name="posts.table",
        says="a table of posts: JSON lines, CSV (also .gz, .zst, UTF-16, any delimiter) or Parquet, columns declared or guessed",
        family="posts",
        tables=(Posts, Quarantine),
        zone_rule="Times with an offset are taken as such, times without one in the input's zone, epochs and bare dates as UTC; "
        "a table without a time column gets the instant at which it became known as posted_at.",
        terms="Whoever gives the file vouches for it; columns that name the author beside the id are not kept.",
        tested_on="real: PsyTAR, RHMD, Dreaddit and the other open sets; made here: hostile CSV and JSON lines",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the names of the columns that `head` shows; at most 0.6, since a platform's own source knows more."""
        if path.is_dir():
            return 0.0
        head = opening(path, head)
        if head.startswith(parquet.MAGIC):
            return likeness(parquet.columns_of(path))
        if looks_like_json(head):
            item = _first_object(head)
            return likeness(guess(item, [name for name, value in item.items() if isinstance(value, str)]))
        text = head.decode("utf-8", "replace")
        return 0.0 if "\0" in text else likeness(guess(delimited.sniff(text)[1]))

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of posts. Errors: `SourceError` as in the readers, `SettingsError` for a setting that is not one of `SETTINGS`."""
        unknown = sorted(set(options.settings) - set(SETTINGS))
        if unknown:
            raise SettingsError(f"{path}: unknown settings {unknown} of posts.table. Known: {', '.join(SETTINGS)}.")
        if options.settings.get("kind", "post") not in KINDS:
            raise SettingsError(f"{path}: kind must be one of {', '.join(KINDS)}.")
        quarantine = QuarantineList(options.name, path, known_at)
        for cut in _cuts(path, options, cursor):
            yield _batch(cut, path, options, known_at, Tally(quarantine))


def looks_like_json(head: bytes) -> bool:
    """Whether any of the first lines of `head` begins like a JSON object, or the whole like an array."""
    lines = [line.strip() for line in head.splitlines()[:20]]
    told = [line for line in lines if line]
    return bool(told) and (told[0][:1] in (b"{", b"[") or any(line.startswith(b'{"') for line in told))


def _first_object(head: bytes) -> dict[str, Any]:
    for line in head.splitlines()[:20]:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            return value
    return {}


def _cuts(path: Path, options: Options, cursor: dict[str, Any] | None) -> Iterator[Cut]:
    settings, encoding = options.settings, str(options.settings.get("encoding", ""))
    head = peek(path, encoding=encoding)
    if not head:
        raise SourceError(path, "the file is empty", "Check the export or download that made it.")
    if head.startswith(parquet.MAGIC):
        return parquet.cuts(path, settings.get("columns", {}), cursor)
    place = cursor or {"offset": 0, "line": 0}
    reader = LineReader(Stream(path, place["offset"], encoding=encoding), place["offset"], place["line"])
    if looks_like_json(head):
        return json_lines.cuts(path, reader, settings.get("columns", {}), cursor)
    return delimited.cuts(path, reader, settings, cursor)


def _batch(cut: Cut, path: Path, options: Options, known_at: datetime, tally: Tally) -> Batch:
    tally.records = len(cut.lines) + len(cut.unread)
    tally.aside.update(cut.aside)
    for item in cut.unread:
        tally.quarantine.add(item.line, item.reason, item.content)
    data = _typed(cut, path, options, known_at)
    timeless = data.filter(pl.col("posted_at").is_null())
    for row in timeless["row"]:
        tally.quarantine.add(cut.lines[row], _why_timeless(cut, row), cut.content(row))
    posts = finish(data.filter(pl.col("posted_at").is_not_null()), options.name, known_at, tally.skipped)
    return tally.batch(posts, cut.cursor, cut.done, cut.total)


def _typed(cut: Cut, path: Path, options: Options, known_at: datetime) -> pl.DataFrame:
    """The cut's columns with the types of `posts`, and `row`, its place in the cut; posted_at is null where it is not understood."""
    columns, settings = cut.columns, options.settings
    nothing = pl.repeat(None, len(cut.lines), dtype=pl.String, eager=True)
    lines = pl.Series(cut.lines, dtype=pl.Int64)
    now = pl.repeat(known_at, len(cut.lines), dtype=INSTANT, eager=True)
    zone, declared = options.zone, settings.get("time_format", ())
    patterns = [declared] if isinstance(declared, str) else list(declared)
    data = pl.DataFrame(
        {
            "row": pl.Series(range(len(cut.lines)), dtype=pl.Int64),
            "post": columns.get("post", nothing).fill_null(f"{path.name}:" + lines.cast(pl.String)),
            "author": columns.get("author", nothing),
            "posted_at": instants(columns["posted_at"], zone, patterns) if "posted_at" in columns else now,
            "known_at": instants(columns["known_at"], zone).fill_null(known_at) if "known_at" in columns else now,
            "text": columns["text"],
            **{name: columns.get(name, nothing) for name in _TEXT_COLUMNS},
            "kind": columns.get("kind", nothing),
            "synthetic": columns.get("synthetic", nothing).cast(pl.String).str.to_lowercase().is_in(["true", "1", "yes"]),
            "extra": cut.extra if cut.extra is not None else nothing,
        }
    )
    default = pl.when(pl.col("reply_to").is_not_null()).then(pl.lit("reply")).otherwise(pl.lit(settings.get("kind", "post")))
    return data.with_columns(
        kind=pl.when(pl.col("kind").is_in(KINDS)).then(pl.col("kind")).otherwise(default),
        author=pl.when(pl.col("author").str.strip_chars() != "").then(pl.col("author")),
        synthetic=pl.col("synthetic").fill_null(False) | pl.lit(bool(settings.get("synthetic", False))),
    )


def _why_timeless(cut: Cut, row: int) -> str:
    value = cut.columns["posted_at"][row]
    if value is None:
        return 'it has no time; to read the table without times, declare columns = {posted_at = ""}'
    return f"its time {str(value)[:40]!r} is not understood; declare time_format, for example '%d/%m/%Y %H:%M'"


TABLE = SOURCES.add("posts.table", Table())
