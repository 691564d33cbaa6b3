"""Which of a table's columns is the text, the author, the time: declared by the user, or guessed from the usual names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from heedful.core.errors import SettingsError, SourceError

ALIASES: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "full_text", "post_text", "tweet_text", "comment_text", "review_text", "body", "content", "message", "tweet",
        "post", "comment", "review", "sentence", "status", "selftext",
    ),
    "post": (
        "post", "id", "post_id", "tweet_id", "comment_id", "status_id", "review_id", "message_id", "sentence_id", "id_str", "doc_id",
        "uuid", "uri",
    ),
    "author": (
        "author", "author_id", "user_id", "userid", "user", "username", "user_name", "screen_name", "handle", "account", "poster", "did",
    ),
    "posted_at": (
        "posted_at", "created_at", "created_utc", "createdat", "date", "datetime", "timestamp", "time", "published_at", "published",
        "posted", "posted_on", "tweet_created", "date_posted",
    ),
    "known_at": ("known_at",),
    "language": ("language", "lang"),
    "place_declared": ("place_declared", "place", "location", "user_location", "country"),
    "reply_to": ("reply_to", "in_reply_to", "in_reply_to_id", "in_reply_to_status_id", "parent_id", "parent"),
    "thread": ("thread", "thread_id", "conversation_id", "link_id", "topic_id"),
    "community": ("community", "subreddit", "forum", "group", "channel", "instance"),
    "kind": ("kind",),
    "synthetic": ("synthetic",),
}  # fmt: skip
WEAK_TEXT = ("body", "content", "message", "post", "comment", "review", "status", "sentence")
"""Names that a text column may have, and so may a column of something else: alone they do not make a table one of posts."""

PERSONAL = frozenset(
    {*ALIASES["author"], "name", "display_name", "full_name", "first_name", "last_name", "email", "e_mail", "phone", "address", "ip",
     "url", "profile_url", "avatar", "latitude", "longitude", "lat", "lon", "lng", "coordinates", "geo", "author_fullname"}
)  # fmt: skip
"""Columns that would name the author beside the pseudonym: they are counted as aside and not kept in `extra`."""


def plain(name: str) -> str:
    """A column name as the lists above spell it.

    >>> plain(" Created At "), plain("userName")
    ('created_at', 'user_name')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")


def guess(names: Iterable[str], text_names: Iterable[str] | None = None) -> dict[str, str]:
    """Our column -> theirs, by the usual names; a column is used once. `text_names` are those that may hold text (default: all).

    >>> guess(["id", "created_utc", "body", "score"])
    {'text': 'body', 'post': 'id', 'posted_at': 'created_utc'}
    """
    names = list(names)
    spelled = {plain(name): name for name in reversed(names)}
    may_hold_text = set(names if text_names is None else text_names)
    found: dict[str, str] = {}
    for ours, aliases in ALIASES.items():
        for alias in aliases:
            theirs = spelled.get(alias)
            if theirs is None or theirs in found.values() or (ours == "text" and theirs not in may_hold_text):
                continue
            found[ours] = theirs
            break
    return found


def likeness(found: Mapping[str, str]) -> float:
    """How surely a table with this guessed mapping is one of posts, 0 to 1."""
    if "text" not in found:
        return 0.0
    others = len({"author", "posted_at", "post", "community", "reply_to", "thread"} & set(found))
    if plain(found["text"]) in WEAK_TEXT:
        return 0.2 if others < 2 else 0.45
    return min(0.6, 0.4 + 0.1 * others)


def resolve(path: Path, names: Iterable[str], declared: Mapping[str, str], text_names: Iterable[str] | None = None) -> dict[str, str]:
    """The mapping of one file: what is declared, then what can be guessed; a column declared as "" stays unmapped.

    Errors: `SettingsError` for a column that is not ours; `SourceError` when a declared column is absent or no text is found.
    """
    names = list(names)
    unknown = sorted(set(declared) - set(ALIASES))
    if unknown:
        raise SettingsError(f"{path}: columns {unknown} are not columns of posts. Left of '=' may stand: {', '.join(ALIASES)}.")
    absent = [theirs for theirs in declared.values() if theirs and not {theirs, theirs.partition(".")[0]} & set(names)]
    if absent:
        raise SourceError(path, f"it has no column {absent[0]!r}; its columns are {_shown(names)}", "Correct the setting columns.")
    taken = set(declared.values())
    free = [name for name in names if name not in taken]
    guessed = guess(free, None if text_names is None else [name for name in text_names if name not in taken])
    found = {ours: theirs for ours, theirs in {**guessed, **declared}.items() if theirs}
    if "text" not in found:
        raise SourceError(
            path, f"no column looks like the text of a post; its columns are {_shown(names)}", 'Declare it: columns = {text = "name"}.'
        )
    return found


def _shown(names: list[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "none"
