from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heedful.core.errors import SettingsError
from heedful.sources.posts.mastodon import MASTODON, TAKEN_BACK, text_of

Read = Callable[..., Any]


def status(number: int, **more: Any) -> dict[str, Any]:
    account = {"uri": "https://a.example/users/u", "acct": "u", "indexable": True} | more.pop("account", {})
    return {
        "id": str(number), "visibility": "public", "created_at": "2026-08-01T13:53:56.596Z", "content": f"<p>toot {number}</p>",
        "language": "en",
        "uri": f"https://a.example/statuses/{number}", "in_reply_to_id": None, "spoiler_text": "", "account": account,
    } | more  # fmt: skip


def recording(path: Path, *items: Any) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def test_only_public_statuses_of_people_who_opted_in(tmp_path: Path, read: Read) -> None:
    got = read(
        MASTODON,
        recording(
            tmp_path / "m",
            status(1), status(2, visibility="unlisted"), status(3, account={"indexable": None}), status(4, account={"discoverable": False}),
            status(5, reblog={"id": "9"}), status(6, in_reply_to_id="1", spoiler_text="CW"), status(7, created_at="never"), {"domain": "x"},
            status(8, account={"indexable": False, "discoverable": True}),
        ),
    )  # fmt: skip
    assert got.posts.select("post", "text", "kind", "reply_to", "community", "author").rows() == [
        ("1", "toot 1", "post", None, "a.example", "https://a.example/users/u"),
        ("6", "CW\n\ntoot 6", "reply", "1", "a.example", "https://a.example/users/u"),
    ]
    assert got.skipped == {"not public": 1, "the author did not opt in": 3, "reblog": 1, "not a status": 1}
    assert got.quarantine["line"].to_list() == [7]
    with pytest.raises(SettingsError):
        read(MASTODON, tmp_path / "m", all=True)


def test_streams_and_deletions(tmp_path: Path, read: Read) -> None:
    first, second = (f"event: update\ndata: {json.dumps(status(number))}\n\n" for number in (2, 3))
    events = f"{first}:thump\nevent: delete\ndata: 2\n\n{second}"
    got = read(
        MASTODON,
        recording(
            tmp_path / "m",
            {"event": "update", "payload": json.dumps(status(1))},
            {"method": "GET", "path": "/api/v1/streaming/public", "status": 200, "content_type": "text/event-stream", "body": events},
            {"event": "delete", "payload": "1"},
            {"method": "DELETE", "path": "/api/v1/statuses/77", "status": 200, "content_type": "application/json", "body": "{}"},
            {"event": "update", "payload": json.dumps(status(1))},
        ),
    )
    assert [batch.records for batch in got.batches] == [6, 1]
    assert got.posts["post"].to_list() == ["3", "1"]
    assert got.deletions == [("post", "2"), ("post", "1"), ("post", "77")]
    assert got.skipped[TAKEN_BACK] == 2


def test_html_becomes_text() -> None:
    html = (
        '<p><a href="#">@<span>ann</span></a> see <a href="https://x.y/z"><span class="invisible">https://</span><span>x.y/z</span></a></p>'
    )
    assert text_of(html) == "@ann see https://x.y/z"
    assert text_of("") == text_of("\x00") == text_of("<!-- x -->") == ""
    assert text_of("a < b & \x0bc") == "a < b & c"


def test_recorded_answers(shared_data: Path, read: Read) -> None:
    folder = shared_data / "interop/mastodon"
    public = read(MASTODON, folder / "test_status_post[None-public].jsonl.gz")
    assert public.deletions == [("post", "117020585924712638")]
    assert public.skipped[TAKEN_BACK] == 1
    for name in ("None-private", "None-direct", "None-unlisted"):
        assert read(MASTODON, folder / f"test_status_post[{name}].jsonl.gz").skipped["not public"] == 1
    edited = read(MASTODON, folder / "test_status_edit.jsonl.gz").posts
    assert edited["text"].to_list() == ["the best editor? why, of course it is the KDE Advanced Text Editor, Kate"]
    unasked = read(MASTODON, folder / "test_stream_user_direct.jsonl.gz")
    assert (unasked.posts.height, unasked.skipped["the author did not opt in"]) == (0, 6)
