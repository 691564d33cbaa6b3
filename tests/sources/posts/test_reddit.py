from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from heedful.core.errors import SettingsError
from heedful.sources.posts.reddit import REDDIT, REMOVED_LATER, TEXT_GONE

Read = Callable[..., Any]
COMMENT = {
    "id": "c1",
    "author": "a",
    "created_utc": 1134365188,
    "subreddit": "s",
    "link_id": "t3_1",
    "parent_id": "t1_0",
    "body": "x &amp;lt; &gt; y",
}
SUBMISSION = {"id": "p1", "author": "b", "created_utc": "1134365188", "subreddit": "s", "title": "Title", "selftext": "text", "score": 3}


def archive(path: Path, *items: dict[str, Any]) -> Path:
    path.write_bytes(zstandard.compress("".join(json.dumps(item) + "\n" for item in items).encode()))
    return path


def test_comments_and_submissions(tmp_path: Path, read: Read) -> None:
    got = read(REDDIT, archive(tmp_path / "r.zst", COMMENT, SUBMISSION, {**SUBMISSION, "id": "p2", "selftext": ""})).posts
    assert got.select("post", "author", "text", "reply_to", "thread", "community", "kind").rows() == [
        ("t1_c1", "a", "x &lt; > y", "t1_0", "t3_1", "s", "comment"),
        ("t3_p1", "b", "Title\n\ntext", None, "t3_p1", "s", "post"),
        ("t3_p2", "b", "Title", None, "t3_p2", "s", "post"),
    ]
    assert json.loads(got["extra"][1]) == {"score": 3}


def test_what_is_gone_is_left_out(tmp_path: Path, read: Read) -> None:
    path = archive(
        tmp_path / "r.zst",
        {**COMMENT, "id": "1", "body": "[deleted]"},
        {**COMMENT, "id": "2", "body": "[removed]"},
        {**SUBMISSION, "id": "3", "selftext": "[removed]"},
        {**COMMENT, "id": "4", "_meta": {"was_deleted_later": True}},
        {**COMMENT, "id": "5", "_meta": {"removal_type": "moderator"}},
        {**SUBMISSION, "id": "6", "removed_by_category": "deleted"},
        {**COMMENT, "id": "7", "_meta": {"retrieved_2nd_on": 5}},
        {**COMMENT, "id": "8", "author": "[deleted]"},
        {**COMMENT, "id": "9", "author": "[deleted]"},
        {**COMMENT, "id": "10", "created_utc": None},
        {"id": "11", "display_name": "a subreddit"},
    )
    got = read(REDDIT, path)
    assert got.posts.select("post", "author").rows() == [("t1_7", "a"), ("t1_8", "unknown:t1_8"), ("t1_9", "unknown:t1_9")]
    assert got.skipped == {TEXT_GONE: 3, REMOVED_LATER: 3}
    assert sorted(got.quarantine["line"]) == [10, 11]
    assert read(REDDIT, path, keep_removed=True).skipped == {TEXT_GONE: 3}
    with pytest.raises(SettingsError, match="keep_removd"):
        read(REDDIT, path, keep_removd=True)


def test_the_first_monthly_dump(shared_data: Path, read: Read) -> None:
    got = read(REDDIT, shared_data / "interop/reddit/RC_2005-12.zst")
    assert (got.records, got.posts.height, got.skipped) == (1_075, 955, {TEXT_GONE: 120})
    assert got.posts["author"].str.starts_with("unknown:").sum() == 65
    assert got.posts.filter(post="t1_c13").select("author", "reply_to", "community").row(0) == ("frjo", "t3_17863", "reddit.com")
    assert got.posts["day"].dt.strftime("%Y-%m").unique().to_list() == ["2005-12"]


def test_recordings(shared_data: Path, read: Read) -> None:
    comments = read(REDDIT, shared_data / "interop/reddit/comments.jsonl.zst")
    assert (comments.records, comments.posts.height, comments.skipped[TEXT_GONE]) == (4_000, 3_961, 39)
    assert read(REDDIT, shared_data / "interop/reddit/submissions.jsonl.zst").posts.height == 1_500
    assert "neither comments nor submissions" in str(read(REDDIT, shared_data / "interop/reddit/subreddits.jsonl.zst").error)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9, 1.0])
def test_a_cut_dump_is_noticed_and_says_what_was_read(shared_data: Path, tmp_path: Path, read: Read, share: float) -> None:
    data = (shared_data / "interop/reddit/RC_2005-12.zst").read_bytes()
    path = tmp_path / "cut.zst"
    path.write_bytes(data[: int(len(data) * share) - 5])
    got = read(REDDIT, path)
    assert got.error is not None
    assert "breaks off" in str(got.error)
    assert f"{got.records:,} whole lines were read" in str(got.error)
    assert got.quarantine.height == 0
    if got.batches:
        path.write_bytes(data)
        assert got.records + read(REDDIT, path, cursor=got.batches[-1].cursor).records == 1_075


def test_recognition(shared_data: Path) -> None:
    for name, sure in (("RC_2005-12.zst", 0.95), ("submissions.jsonl.zst", 0.95), ("subreddits.jsonl.zst", 0.0)):
        assert REDDIT.recognise(Path("x"), (shared_data / "interop/reddit" / name).read_bytes()[: 1 << 16]) == sure
