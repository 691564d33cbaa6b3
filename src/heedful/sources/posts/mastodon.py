"""Posts from Mastodon: recorded answers, statuses and streaming events, of authors who opted in; absent opt-in reads as no.

A line is a status, a streaming message (`{"event": …, "payload": …}`), or a recorded answer (`{"method", "path", "status", "body"}`)
whose body is a status, a list of them, or server-sent events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lxml.etree as etree
import orjson
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.schemas import Posts, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Deletion, Options, SourceCard
from heedful.sources.posts.instants import instants
from heedful.sources.posts.json_lines import Object, parse_lines, refuse_if_nothing
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.rows import DELETION, Tally, finish
from heedful.sources.posts.streams import Stream, opening
from heedful.sources.quarantine import QuarantineList

TAKEN_BACK = "deleted later in the same batch"
_COLUMNS = ("line", "post", "author", "created", "text", "language", "reply_to", "community", "kind", "extra")
_STATUS_FIELDS = frozenset({"id", "visibility", "account", "created_at"})
_ROUTE = re.compile(r"^/api/v\d+/statuses/([^/?]+)$")
# Characters that libxml2 refuses and no text needs.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Mastodon:
    """Statuses that are public, of accounts whose `indexable` is true and whose `discoverable` is not false. No settings."""

    card = SourceCard(
        name="posts.mastodon",
        says="Mastodon statuses, streaming messages or recorded answers as JSON lines",
        family="posts",
        tables=(Posts, Quarantine),
        zone_rule="created_at carries its offset; the day is the UTC day.",
        terms="Only public statuses of accounts that say indexable = true (and do not say discoverable = false); an absent opt-in is a no. "
        "Deletions are passed on.",
        tested_on="recorded: a client's answers and events from a test server with made-up accounts",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the first line: a status, a streaming message, or an answer of `/api/v…`."""
        if path.is_dir():
            return 0.0
        line = opening(path, head).lstrip().split(b"\n", 1)[0][: 1 << 16]
        if not line.startswith(b"{"):
            return 0.0
        if all(name in line for name in (b'"method"', b'"path"', b'"body"')) and b"/api/v" in line:
            return 0.8
        if all(name in line for name in (b'"visibility"', b'"account"', b'"content"', b'"created_at"')):
            return 0.9
        return 0.8 if b'"event"' in line and b'"payload"' in line else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of posts and deletions. Errors: `SourceError` if no line is a JSON object; `SettingsError` on any setting."""
        if options.settings:
            raise SettingsError(f"{path}: posts.mastodon has no settings, and {sorted(options.settings)} were given.")
        place = cursor or {"offset": 0, "line": 0}
        reader = LineReader(Stream(path, place["offset"]), place["offset"], place["line"])
        quarantine = QuarantineList(options.name, path, known_at)
        while lines := reader.take(BATCH_ROWS):
            number = reader.line - len(lines) + 1
            objects, numbers, unread = parse_lines(lines, number)
            if cursor is None and number == 1:
                refuse_if_nothing(path, len(objects), unread)
            gathered = _Gathered(options.name, Tally(quarantine))
            left = gathered.take(objects, numbers)
            for bad in unread:
                if not left or bad.line < left:
                    gathered.set_aside(bad.line, bad.reason, bad.content)
            reader.give_back(lines[left - number :] if left else [])
            yield gathered.batch(known_at, {"offset": reader.offset, "line": reader.line}, reader.done, reader.total)


MASTODON = SOURCES.add("posts.mastodon", Mastodon())


def happenings(item: Object) -> list[tuple[str, Any]]:
    """What a line says happened: ('update', status), ('delete', id), or ('other', None) for anything that is no status."""
    if "event" in item and "payload" in item:
        return [_message(str(item["event"]), item["payload"])]
    if "body" not in item or "method" not in item:
        return [("update", item) if item.keys() >= _STATUS_FIELDS else ("other", None)]
    body = item["body"] if isinstance(item["body"], str) else ""
    if item.get("content_type") == "text/event-stream":
        return _server_sent(body) or [("other", None)]
    route = _ROUTE.match(str(item.get("path", "")))
    if item.get("method") == "DELETE" and item.get("status") == 200 and route:
        return [("delete", route[1])]
    value = _loaded(body)
    found = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict) and one.keys() >= _STATUS_FIELDS]
    return [("update", one) for one in found] or [("other", None)]


def text_of(html: str) -> str:
    """The text of a status: paragraphs apart by an empty line, breaks as line feeds, links whole.

    >>> text_of("<p>Day 3 of <a href='#'>#flu</a>.<br>Still in bed.</p><p>Tea helps &amp; sleep.</p>")
    'Day 3 of #flu.\\nStill in bed.\\n\\nTea helps & sleep.'
    """
    cleaned = _CONTROLS.sub("", html)
    if not cleaned.strip():
        return ""
    tree = etree.fromstring(f"<div>{cleaned}</div>", etree.HTMLParser(recover=True, no_network=True, huge_tree=False))
    if tree is None:
        return ""
    for node in tree.iter("br"):
        node.tail = "\n" + (node.tail or "")
    for node in tree.iter("p"):
        node.tail = "\n\n" + (node.tail or "")
    return "".join(tree.itertext()).strip()


def _message(event: str, payload: Any) -> tuple[str, Any]:
    if event == "delete" and isinstance(payload, str | int):
        return "delete", str(payload)
    value = _loaded(payload) if isinstance(payload, str) else payload
    if event in ("update", "status.update") and isinstance(value, dict) and value.keys() >= _STATUS_FIELDS:
        return "update", value
    return "other", None


def _server_sent(body: str) -> list[tuple[str, Any]]:
    """The messages of an event stream: `event:` and `data:` lines, an empty line after each."""
    found: list[tuple[str, Any]] = []
    event, data = "", list[str]()
    for line in (*body.splitlines(), ""):
        name, _, value = line.partition(":")
        if name == "event":
            event = value.strip()
        elif name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            found.append(_message(event, "\n".join(data)))
            event, data = "", []
    return found


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


class _Gathered:
    """Statuses and deletions of one batch; its deletions happen after its rows."""

    def __init__(self, source: str, tally: Tally) -> None:
        self._source, self._tally = source, tally
        self._rows: list[tuple[Any, ...]] = []
        self._gone: dict[str, None] = {}

    def take(self, objects: list[Object], numbers: list[int]) -> int:
        """Add all `objects`; the line to end before if one writes a status that this batch already takes back, else 0."""
        for item, line in zip(objects, numbers, strict=True):
            found = happenings(item)
            if any(what == "update" and str(value["id"]) in self._gone for what, value in found):
                return line
            for what, value in found:
                self._add(what, value, line)
        return 0

    def set_aside(self, line: int, reason: str, content: str | bytes | None) -> None:
        self._tally.records += 1
        self._tally.quarantine.add(line, reason, content)

    def batch(self, known_at: datetime, cursor: dict[str, Any], done: int, total: int) -> Batch:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(_COLUMNS)
        data = pl.DataFrame(
            [
                pl.Series(name, values, dtype=pl.Int64 if name == "line" else pl.String)
                for name, values in zip(_COLUMNS, columns, strict=True)
            ]
        )
        data = data.with_columns(posted_at=instants(data["created"]))
        for line in data.filter(pl.col("posted_at").is_null())["line"]:
            self._tally.quarantine.add(line, "its created_at is no time")
        dated = data.filter(pl.col("posted_at").is_not_null())
        kept = dated.filter(~pl.col("post").is_in(list(self._gone)))
        self._tally.skipped[TAKEN_BACK] += dated.height - kept.height
        posts = finish(kept, self._source, known_at, self._tally.skipped)
        self._tally.deletions += [Deletion("post", self._source, post) for post in self._gone]
        return self._tally.batch(posts, cursor, done, total)

    def _add(self, what: str, value: Any, line: int) -> None:
        self._tally.records += 1
        if what == "delete":
            self._gone[value] = None
            self._tally.skipped[DELETION] += 1
        elif what == "other":
            self._tally.skipped["not a status"] += 1
        elif reason := _refused(value):
            self._tally.skipped[reason] += 1
        else:
            self._rows.append(_row(value, line))


def _refused(status: Object) -> str:
    account = status["account"] if isinstance(status["account"], dict) else {}
    if status.get("reblog"):
        return "reblog"
    if status["visibility"] != "public":
        return "not public"
    opted_in = account.get("indexable") is True and account.get("discoverable") is not False and account.get("noindex") is not True
    return "" if opted_in else "the author did not opt in"


def _row(status: Object, line: int) -> tuple[Any, ...]:
    account = status["account"]
    warning, content = status.get("spoiler_text"), status.get("content")
    text = "\n\n".join(part for part in (warning, text_of(content) if isinstance(content, str) else "") if isinstance(part, str) and part)
    reply = status.get("in_reply_to_id")
    language = status.get("language")
    uri = status.get("uri")
    kept = {name: status[name] for name in ("sensitive", "edited_at") if status.get(name)}
    created = status["created_at"]
    return (
        line, str(status["id"]), str(account.get("uri") or account.get("url") or account.get("acct") or "") or None,
        created if isinstance(created, str) else None, text, language if isinstance(language, str) else None,
        None if reply is None else str(reply), urlsplit(uri).netloc or None if isinstance(uri, str) else None,
        "post" if reply is None else "reply", orjson.dumps(kept).decode() if kept else None,
    )  # fmt: skip
