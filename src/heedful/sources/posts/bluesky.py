"""Posts from Bluesky: Jetstream events as JSON lines, and recorded frames of a relay.

A batch's deletions happen after its rows: a row that a later event of the same batch takes back is not yielded, and a batch ends
before a post that comes after the deletion of its post or author.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Posts, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Deletion, Options, SourceCard
from heedful.sources.posts.instants import instants
from heedful.sources.posts.json_lines import PIECE_ROWS, parse_lines
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.relay import Event, FrameReader, events, looks_like_frames
from heedful.sources.posts.rows import DELETION, EMPTY_TEXT, Tally, finish
from heedful.sources.posts.streams import Stream, opening, peek
from heedful.sources.quarantine import QuarantineList

POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
OPT_OUT = "!no-unauthenticated"
OPTED_OUT = "opted out: the author asks not to be shown to people who are not signed in"
TAKEN_BACK = "deleted, or its author gone, later in the same batch"
GONE_STATUSES = frozenset({"deleted", "takendown", "suspended", "deactivated"})
EARLIEST_MICROS, LATEST_MICROS = 1_577_836_800_000_000, 4_102_444_800_000_000
"""2020 to 2100: what lies outside cannot be the time of a Jetstream event."""

_COLUMNS = ("post", "author", "created", "time_us", "text", "language", "reply_to", "thread", "kind", "extra")
_FRAMES_AT_ONCE = 4_096


class Bluesky:
    """Jetstream and relay. Setting: `dictionary`, path of the zstd dictionary of a compressed Jetstream recording (a frame a message)."""

    card = SourceCard(
        name="posts.bluesky",
        says="Bluesky: Jetstream events as JSON lines (.zst, .gz), or recorded relay frames",
        family="posts",
        tables=(Posts, Quarantine),
        zone_rule="posted_at is the earlier of the record's createdAt and the event's time, known_at the event's time; days are UTC days.",
        terms="Deleted posts and accounts that are deleted, taken down, suspended or deactivated are erased; authors who ask not to be "
        "shown without sign-in are left out, and erased when their profile says so.",
        tested_on="recorded: 150 relay frames against what Jetstream served for them; Jetstream's golden file",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the first event's fields, or the first frame's header."""
        if path.is_dir():
            return 0.0
        head = opening(path, head)
        if looks_like_frames(head):
            return 0.95
        line = head.lstrip().split(b"\n", 1)[0]
        return 0.95 if line.startswith(b"{") and all(name in line for name in (b'"did"', b'"time_us"', b'"kind"')) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of posts and deletions. Errors: `SourceError` if there are no events or the recording breaks off; `SettingsError`."""
        place = cursor or {"offset": 0, "line": 0}
        dictionary = _dictionary(path, options)
        stream = Stream(path, place["offset"], dictionary=dictionary)
        framed = looks_like_frames(peek(path, dictionary=dictionary))
        reader = (FrameReader if framed else LineReader)(stream, place["offset"], place["line"])
        quarantine = QuarantineList(options.name, path, known_at)
        first = cursor is None
        while True:
            taken = reader.take(_FRAMES_AT_ONCE if framed else BATCH_ROWS)
            if not taken:
                return
            gathered = _Gathered(options.name, Tally(quarantine))
            number = reader.line - len(taken) + 1
            left = _frames(gathered, taken, number) if framed else _lines(gathered, taken, number)
            if first and not gathered.seen and len(quarantine):
                raise SourceError(
                    path, "its first portion holds no Bluesky event", "Give a Jetstream recording as JSON lines, or relay frames.", 1
                )
            reader.give_back(left)
            first = False
            yield gathered.batch(known_at, {"offset": reader.offset, "line": reader.line}, reader.done, reader.total)


BLUESKY = SOURCES.add("posts.bluesky", Bluesky())


def _dictionary(path: Path, options: Options) -> bytes:
    unknown = sorted(set(options.settings) - {"dictionary"})
    if unknown:
        raise SettingsError(f"{path}: unknown settings {unknown} of posts.bluesky. Known: dictionary.")
    named = options.settings.get("dictionary")
    try:
        return Path(named).read_bytes() if named else b""
    except OSError as error:
        raise SettingsError(f"{path}: the zstd dictionary {named} cannot be read ({error.strerror}).") from error


def _lines(gathered: _Gathered, lines: list[bytes], number: int) -> list[bytes]:
    """Add the events of `lines`, of which the first has `number`; the lines that belong to the next batch."""
    for start in range(0, len(lines), PIECE_ROWS):
        piece = lines[start : start + PIECE_ROWS]
        objects, numbers, unread = parse_lines(piece, number + start)
        for item, at in zip(objects, numbers, strict=True):
            if gathered.must_end_before(item):
                for bad in unread:
                    if bad.line < at:
                        gathered.set_aside(bad.line, bad.reason, bad.content)
                return lines[at - number :]
            gathered.add(item, at, lines[at - number])
        for bad in unread:
            gathered.set_aside(bad.line, bad.reason, bad.content)
        gathered.settle()
    return []


def _frames(gathered: _Gathered, frames: list[bytes], number: int) -> list[bytes]:
    """As `_lines`, for relay frames. A frame's own operations stay together: a deletion and a creation in one are an edit."""
    for place, frame in enumerate(frames):
        try:
            found = events(frame, (POST, PROFILE))
        except ValueError as error:
            gathered.set_aside(number + place, str(error), frame.hex())
            continue
        if any(map(gathered.must_end_before, found)):
            return frames[place:]
        for item in found:
            gathered.add(item, number + place, frame)
        if not found:
            gathered.leave_out("commit without operations")
    return []


@dataclass
class _Gathered:
    """Events of one batch, as columns of posts and as what is taken back."""

    source: str
    tally: Tally
    seen: int = 0
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    columns: list[list[Any]] = field(default_factory=lambda: [[] for _ in _COLUMNS])
    gone_posts: dict[str, None] = field(default_factory=dict)
    gone_authors: dict[str, None] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)

    def must_end_before(self, event: Event) -> bool:
        """Whether `event` writes a post that this batch already takes back."""
        if not (self.gone_posts or self.gone_authors):
            return False
        commit, did = event.get("commit"), event.get("did")
        if not isinstance(commit, dict) or commit.get("collection") != POST or commit.get("operation") == "delete" or did in self.opted_out:
            return False
        return did in self.gone_authors or _uri(did, commit.get("rkey")) in self.gone_posts

    def add(self, event: Event, line: int, content: bytes) -> None:
        """One event: a post, a deletion, or something that is left out."""
        did, time_us, kind = event.get("did"), event.get("time_us"), event.get("kind")
        if not isinstance(did, str) or not isinstance(kind, str) or not isinstance(time_us, int):
            self.set_aside(line, "it is no event: did, kind and time_us are not all there", content.rstrip())
            return
        self.seen += 1
        if kind == "commit":
            self._commit(did, time_us, event.get("commit"), line, content)
        elif kind == "account":
            self._account(did, event.get("account"))
        else:
            self.leave_out(kind if kind in ("identity", "sync", "info") else "unknown event")

    def settle(self) -> None:
        """Move rows into columns: many small tuples that live long are what the garbage collector walks again and again."""
        for column, values in zip(self.columns, zip(*self.rows, strict=True), strict=False):
            column += values
        self.rows.clear()

    def leave_out(self, reason: str) -> None:
        self.tally.records += 1
        self.tally.skipped[reason] += 1

    def set_aside(self, line: int, reason: str, content: str | bytes | None) -> None:
        self.tally.records += 1
        self.tally.quarantine.add(line, reason, content)

    def batch(self, known_at: datetime, cursor: dict[str, Any], done: int, total: int) -> Batch:
        """The batch: rows that are still there at its end, then its deletions."""
        data = self._data()
        kept = data.filter(~pl.col("post").is_in(list(self.gone_posts)) & ~pl.col("author").is_in(list(self.gone_authors)))
        self.tally.skipped[TAKEN_BACK] += data.height - kept.height
        posts = finish(kept, self.source, known_at, self.tally.skipped)
        self.tally.deletions += [Deletion("post", self.source, post) for post in self.gone_posts]
        self.tally.deletions += [Deletion("author", self.source, author) for author in self.gone_authors]
        return self.tally.batch(posts, cursor, done, total)

    def _commit(self, did: str, time_us: int, commit: Any, line: int, content: bytes) -> None:
        collection = commit.get("collection") if isinstance(commit, dict) else None
        if collection == PROFILE and _opts_out(commit.get("record")):
            self.opted_out.add(did)
            self.gone_authors[did] = None
            self.leave_out(DELETION)
        elif collection != POST:
            self.leave_out(f"not a post: {_short(collection)}")
        elif commit.get("operation") == "delete":
            self.gone_posts[_uri(did, commit.get("rkey"))] = None
            self.leave_out(DELETION)
        else:
            self._post(did, time_us, commit, line, content)

    def _account(self, did: str, account: Any) -> None:
        account = account if isinstance(account, dict) else {}
        if account.get("active") is False and account.get("status") in GONE_STATUSES:
            self.gone_authors[did] = None
            self.leave_out(DELETION)
        else:
            self.leave_out("account event")

    def _post(self, did: str, time_us: int, commit: dict[str, Any], line: int, content: bytes) -> None:
        record, key = commit.get("record"), commit.get("rkey")
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or not isinstance(key, str):
            self.set_aside(line, "a post without key, record or text", content.rstrip())
            return
        if not EARLIEST_MICROS < time_us < LATEST_MICROS:
            self.set_aside(line, f"its time_us {time_us} is no time between 2020 and 2100", content.rstrip())
            return
        uri = _uri(did, key)
        if did in self.opted_out or _opts_out(record) or not record["text"].strip():
            self._withhold(uri, commit, OPTED_OUT if record["text"].strip() else EMPTY_TEXT)
            return
        self.gone_posts.pop(uri, None)
        parent, root = _reply(record)
        langs = record.get("langs")
        created = record.get("createdAt")
        self.rows.append(
            (
                uri, did, created if isinstance(created, str) else None, time_us, record["text"],
                langs[0] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None,
                parent, root or uri, "reply" if parent else "post", _extra(commit, record),
            )
        )  # fmt: skip
        self.tally.records += 1

    def _withhold(self, uri: str, commit: dict[str, Any], reason: str) -> None:
        """Leave a post out; an edit that takes the text or the permission away takes the earlier versions with it."""
        if commit.get("operation") == "update":
            self.gone_posts[uri] = None
        self.leave_out(reason)

    def _data(self) -> pl.DataFrame:
        self.settle()
        types = {name: pl.Int64 if name == "time_us" else pl.String for name in _COLUMNS}
        data = pl.DataFrame([pl.Series(name, values, dtype=types[name]) for name, values in zip(_COLUMNS, self.columns, strict=True)])
        seen = pl.col("time_us").cast(INSTANT)
        created = instants(data["created"])
        # The rule of Bluesky's own sort order: the earlier of both; a createdAt in the future or unreadable counts for nothing.
        return data.with_columns(known_at=seen, posted_at=pl.min_horizontal(seen, created))


def _uri(did: Any, key: Any) -> str:
    return f"at://{did}/{POST}/{key}"


def _short(collection: Any) -> str:
    """The end of a collection's name if it is Bluesky's own; others are counted together, since anybody can make one up."""
    own = isinstance(collection, str) and collection.startswith("app.bsky.") and len(collection) < 60
    return collection.rpartition(".")[2] if own else "other record"


def _opts_out(record: Any) -> bool:
    labels = record.get("labels") if isinstance(record, dict) else None
    values = labels.get("values") if isinstance(labels, dict) else None
    return isinstance(values, list) and any(isinstance(one, dict) and one.get("val") == OPT_OUT for one in values)


def _reply(record: dict[str, Any]) -> tuple[str | None, str | None]:
    reply = record.get("reply")
    if not isinstance(reply, dict):
        return None, None
    uris = [reply[end].get("uri") if isinstance(reply.get(end), dict) else None for end in ("parent", "root")]
    parent, root = (uri if isinstance(uri, str) else None for uri in uris)
    return parent, root


def _extra(commit: dict[str, Any], record: dict[str, Any]) -> str | None:
    """What else a reader may need: all languages, hashtags, the kind of embed, an outside link. Nothing that names a person."""
    kept: dict[str, Any] = {name: record[name] for name in ("langs", "tags") if record.get(name)}
    embed = record.get("embed")
    if isinstance(embed, dict):
        kept["embed"] = embed.get("$type")
        external = embed.get("external")
        if isinstance(external, dict):
            kept["link"] = external.get("uri")
    if commit.get("operation") == "update":
        kept["edited"] = True
    return orjson.dumps(kept).decode() if kept else None
