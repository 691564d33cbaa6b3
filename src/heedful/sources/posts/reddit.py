"""Posts from Reddit archives: monthly dumps of comments and submissions, as `.zst` (window 2^31), `.gz` or plain JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Posts, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard
from heedful.sources.posts.cuts import Unread
from heedful.sources.posts.instants import instants
from heedful.sources.posts.json_lines import PIECE_ROWS, Object, extras, fields, parse_lines
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.rows import Tally, finish
from heedful.sources.posts.streams import Stream, opening
from heedful.sources.quarantine import QuarantineList

GONE_TEXT = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]", "[ Removed by reddit ]"})
TEXT_GONE = "text deleted or removed"
REMOVED_LATER = "platform terms: deleted or removed after it was archived"
KEPT_ASIDE = ("score", "num_comments", "over_18", "distinguished", "link_flair_text", "edited")
"""Fields that go into `extra`. None of them names the author."""

_USED = frozenset({"id", "name", "author", "created_utc", "body", "title", "selftext", "subreddit", "parent_id", "link_id", *KEPT_ASIDE})
_REMOVAL = frozenset({"_meta", "removed_by_category"})
_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int64(), "post": pl.String(), "author": pl.String(), "posted_at": INSTANT, "title": pl.String(), "body": pl.String(),
    "reply_to": pl.String(), "thread": pl.String(), "community": pl.String(), "kind": pl.String(), "later": pl.Boolean(),
    "extra": pl.String(),
}  # fmt: skip


class Reddit:
    """Comments and submissions. Settings: `keep_removed` = true keeps posts that were deleted or removed after they were archived."""

    card = SourceCard(
        name="posts.reddit",
        says="a Reddit archive: comments (RC_*) or submissions (RS_*), .zst, .gz or JSON lines",
        family="posts",
        tables=(Posts, Quarantine),
        zone_rule="created_utc is a UTC epoch; the day is the UTC day.",
        terms="Deleted and removed posts are left out, also those that the archive marks as deleted or removed later; a post of a "
        "deleted account stays, its author unknown and never joined with another.",
        tested_on="real: RC_2005-12.zst, comments and submissions of a client's recordings",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the fields of the first line: a subreddit, an author and a body or a title."""
        if path.is_dir():
            return 0.0
        line = opening(path, head).lstrip().split(b"\n", 1)[0]
        names = (b'"subreddit"', b'"author"', b'"created_utc"')
        if not line.startswith(b"{") or not all(name in line for name in names):
            return 0.0
        return 0.95 if b'"body"' in line or b'"selftext"' in line else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of posts. Errors: `SourceError` if the file holds neither comments nor submissions, or its compressed data breaks off."""
        unknown = sorted(set(options.settings) - {"keep_removed"})
        if unknown:
            raise SettingsError(f"{path}: unknown settings {unknown} of posts.reddit. Known: keep_removed.")
        place = cursor or {"offset": 0, "line": 0}
        reader = LineReader(Stream(path, place["offset"]), place["offset"], place["line"])
        keep = bool(options.settings.get("keep_removed", False))
        first = cursor is None
        quarantine = QuarantineList(options.name, path, known_at)
        while lines := reader.take(BATCH_ROWS):
            tally = Tally(quarantine)
            number = reader.line - len(lines) + 1
            archived = _archived(path, lines, number, tally, first=first)
            posts = _posts(archived, lines, number, options.name, known_at, tally, keep=keep)
            first = False
            yield tally.batch(posts, {"offset": reader.offset, "line": reader.line}, reader.done, reader.total)


REDDIT = SOURCES.add("posts.reddit", Reddit())


def _archived(path: Path, lines: list[bytes], number: int, tally: Tally, *, first: bool) -> pl.DataFrame:
    """Columns of all comments and submissions among `lines`, of which the first has `number`; other lines go to quarantine."""
    gathered = {kind: _Gathered(kind) for kind in ("comment", "post")}
    unread: list[Unread] = []
    shapes: Counter[tuple[str, ...]] = Counter()
    for start in range(0, len(lines), PIECE_ROWS):
        objects, numbers, broken = parse_lines(lines[start : start + PIECE_ROWS], number + start)
        unread += broken
        here = Counter(map(tuple, objects))
        shapes.update(here)
        known = set(chain.from_iterable(here))
        for items, where, kind in _by_kind(objects, numbers):
            if kind:
                gathered[kind].add(items, where, known)
            else:
                unread += [
                    Unread(line, "it is neither a comment (body) nor a submission (selftext)", lines[line - number]) for line in where
                ]
    for bad in unread:
        tally.quarantine.add(bad.line, bad.reason, bad.content)
    for shape, count in shapes.items():
        tally.aside.update({name: count for name in shape if name not in _USED})
    out = pl.concat([one.data() for one in gathered.values()])
    tally.records = out.height + len(unread)
    if first and out.is_empty() and unread:
        raise SourceError(
            path,
            f"it holds neither comments nor submissions (of its first line: {unread[0].reason})",
            "Give a file of comments (RC_*) or submissions (RS_*), one JSON object a line.",
            unread[0].line,
        )
    return out


def _by_kind(objects: list[Object], numbers: list[int]) -> Iterator[tuple[list[Object], list[int], str]]:
    """Objects and their lines by kind: comments, submissions, and '' for what is neither."""
    kinds = ["comment" if "body" in item else "post" if "selftext" in item else "" for item in objects]
    for kind in dict.fromkeys(kinds):
        if kinds.count(kind) == len(kinds):
            yield objects, numbers, kind
        else:
            places = [place for place, one in enumerate(kinds) if one == kind]
            yield [objects[place] for place in places], [numbers[place] for place in places], kind


class _Gathered:
    """Comments, or submissions, of one batch as lists of values."""

    def __init__(self, kind: str) -> None:
        self._kind, self._comment = kind, kind == "comment"
        self._names = (
            "id",
            "author",
            "created_utc",
            "subreddit",
            *(("body", "parent_id", "link_id") if self._comment else ("selftext", "title")),
        )
        self._values: list[list[Any]] = [[] for _ in self._names]
        self._lines: list[int] = []
        self._later: list[bool] = []
        self._extra: list[str | None] = []

    def add(self, items: list[Object], numbers: list[int], known: set[str]) -> None:
        """Take what a post needs of `items`; `known` are all fields that any of them has."""
        for gathered, values in zip(self._values, fields(items, self._names), strict=True):
            gathered += values
        self._lines += numbers
        self._later += map(_removed_later, items) if _REMOVAL & known else [False] * len(items)
        self._extra += extras(items, [name for name in KEPT_ASIDE if name in known])

    def data(self) -> pl.DataFrame:
        ids, authors, created, communities, bodies, *rest = self._values
        name = ("t1_" if self._comment else "t3_") + _strings(ids)
        nothing = pl.repeat(None, len(ids), dtype=pl.String, eager=True)
        return pl.DataFrame(
            {
                "line": self._lines,
                "post": name,
                "author": _strings(authors),
                "posted_at": _times(created),
                "title": nothing if self._comment else _strings(rest[0]),
                "body": _strings(bodies),
                "reply_to": _strings(rest[0]) if self._comment else nothing,
                "thread": _strings(rest[1]) if self._comment else name,
                "community": _strings(communities),
                "kind": pl.repeat(self._kind, len(ids), dtype=pl.String, eager=True),
                "later": self._later,
                "extra": self._extra,
            },
            schema=_SCHEMA,
        )


def _removed_later(item: Object) -> bool:
    meta = item.get("_meta")
    told = isinstance(meta, Mapping) and (meta.get("was_deleted_later") or meta.get("removal_type") or meta.get("removal"))
    return bool(told or item.get("removed_by_category"))


def _times(values: Sequence[Any]) -> pl.Series:
    if set(map(type, values)) <= {int, float, type(None)}:
        return instants(pl.Series(values, dtype=pl.Float64, strict=False))
    return instants(pl.Series([None if value is None else str(value) for value in values], dtype=pl.String))


def _posts(
    archived: pl.DataFrame, lines: list[bytes], number: int, source: str, known_at: datetime, tally: Tally, *, keep: bool
) -> pl.DataFrame:
    gone = pl.col("body").is_in(GONE_TEXT)
    later = pl.col("later") & ~pl.lit(keep)
    whole = pl.col("posted_at").is_not_null() & pl.col("post").is_not_null()
    marked = archived.with_columns(
        fate=pl.when(gone.fill_null(False)).then(pl.lit(TEXT_GONE)).when(later).then(pl.lit(REMOVED_LATER)).when(~whole).then(pl.lit("?"))
    )
    for fate, count in marked["fate"].drop_nulls().value_counts().iter_rows():
        tally.skipped[fate] += count
    del tally.skipped["?"]
    for line in marked.filter(pl.col("fate") == "?")["line"]:
        tally.quarantine.add(line, "it has no id, or no created_utc that is a time", lines[line - number].rstrip())
    text = pl.concat_str(pl.col("title"), pl.when(pl.col("body") != "").then(pl.col("body")), separator="\n\n", ignore_nulls=True)
    posts = marked.filter(pl.col("fate").is_null()).with_columns(
        text=_unescaped(text), author=pl.when(pl.col("author") != "[deleted]").then(pl.col("author"))
    )
    return finish(posts, source, known_at, tally.skipped)


def _strings(values: Sequence[Any]) -> pl.Series:
    """Text as it is; other types (old dumps hold a number here and there) as text."""
    if set(map(type, values)) <= {str, type(None)}:
        return pl.Series(values, dtype=pl.String)
    return pl.Series([value if value is None or isinstance(value, str) else str(value) for value in values], dtype=pl.String)


def _unescaped(text: pl.Expr) -> pl.Expr:
    """Reddit's API escapes exactly these three, the ampersand first: so it is taken back last."""
    for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.str.replace_all(written, meant, literal=True)
    return text
