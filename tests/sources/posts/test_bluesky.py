from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from heedful.core.errors import SettingsError
from heedful.sources.posts.bluesky import BLUESKY, OPT_OUT, OPTED_OUT, POST, PROFILE, TAKEN_BACK
from heedful.sources.posts.rows import DELETION, EMPTY_TEXT

Read = Callable[..., Any]
NOW = 1_780_000_000_000_000


def commit(did: str, key: str, operation: str = "create", at: int = 0, collection: str = POST, **record: Any) -> dict[str, Any]:
    body = {"operation": operation, "collection": collection, "rkey": key, "rev": "r"}
    if operation != "delete":
        body |= {"record": {"$type": collection, "text": f"text of {key}", "createdAt": "2026-05-01T00:00:00Z"} | record, "cid": "c"}
    return {"did": did, "time_us": NOW + at, "kind": "commit", "commit": body}


def account(did: str, status: str = "", at: int = 0) -> dict[str, Any]:
    told = {"active": not status, "did": did} | ({"status": status} if status else {})
    return {"did": did, "time_us": NOW + at, "kind": "account", "account": told}


def uri(did: str, key: str) -> str:
    return f"at://{did}/{POST}/{key}"


def recording(path: Path, *events: dict[str, Any] | str) -> Path:
    path.write_text("".join((event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events))
    return path


def test_posts_replies_languages_and_times(tmp_path: Path, read: Read) -> None:
    reply = {"parent": {"uri": "at://p"}, "root": {"uri": "at://r"}}
    got = read(
        BLUESKY,
        recording(
            tmp_path / "j",
            commit("did:a", "1", langs=["de", "en"]),
            commit("did:b", "2", reply=reply, createdAt="2099-01-01T00:00:00Z"),
            commit("did:b", "3", reply="odd", langs="odd", createdAt="odd"),
            commit("did:b", "4", text=7),
            commit("did:b", "5", text=""),
            {"did": "did:c", "time_us": NOW, "kind": "identity"},
            commit("did:a", "6", collection="app.bsky.feed.like"),
            commit("did:a", "6", collection="fm.teal.x"),
            {"did": "did:c"},
            commit("did:a", "7", at=-NOW),
        ),
    )
    now = datetime.fromtimestamp(NOW / 1e6, UTC)
    assert got.posts.select("post", "author", "language", "reply_to", "thread", "kind", "posted_at").rows() == [
        (uri("did:a", "1"), "did:a", "de", None, uri("did:a", "1"), "post", datetime(2026, 5, 1, tzinfo=UTC)),
        (uri("did:b", "2"), "did:b", None, "at://p", "at://r", "reply", now),
        (uri("did:b", "3"), "did:b", None, None, uri("did:b", "3"), "post", now),
    ]
    assert got.skipped == {EMPTY_TEXT: 1, "identity": 1, "not a post: like": 1, "not a post: other record": 1}
    assert sorted(got.quarantine["line"]) == [4, 9, 10]


def test_edits_are_versions_and_deletions_are_passed_on(tmp_path: Path, read: Read) -> None:
    got = read(
        BLUESKY,
        recording(
            tmp_path / "j",
            commit("did:a", "1"), commit("did:a", "1", "update", 5, text="edited"), commit("did:a", "2"), commit("did:a", "2", "delete", 7),
            commit("did:b", "3"), account("did:b", "deactivated", 9), account("did:d"), account("did:e", "desynchronized"),
            commit("did:f", "9", "delete"),
        ),
    )  # fmt: skip
    assert got.posts.select("text").to_series().to_list() == ["text of 1", "edited"]
    assert got.posts["known_at"].n_unique() == 2
    assert got.deletions == [("post", uri("did:a", "2")), ("post", uri("did:f", "9")), ("author", "did:b")]
    assert got.skipped == {TAKEN_BACK: 2, DELETION: 3, "account event": 2}


@pytest.mark.parametrize("status", ["deleted", "takendown", "suspended", "deactivated"])
def test_every_way_an_account_goes(tmp_path: Path, read: Read, status: str) -> None:
    assert read(BLUESKY, recording(tmp_path / "j", account("did:a", status))).deletions == [("author", "did:a")]


def test_a_batch_ends_before_a_post_that_comes_after_its_deletion(tmp_path: Path, read: Read) -> None:
    path = recording(
        tmp_path / "j",
        commit("did:a", "1"), commit("did:a", "1", "delete"), "{broken", commit("did:b", "2"), commit("did:a", "1", at=3),
        account("did:b", "deleted"), commit("did:b", "4", at=9),
    )  # fmt: skip
    got = read(BLUESKY, path)
    assert [batch.records for batch in got.batches] == [4, 2, 1]
    assert [len(batch.deletions) for batch in got.batches] == [1, 1, 0]
    assert got.posts["post"].to_list() == [uri("did:b", "2"), uri("did:a", "1"), uri("did:b", "4")]
    assert got.quarantine["line"].to_list() == [3]


def test_opting_out_is_respected(tmp_path: Path, read: Read) -> None:
    label = {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": OPT_OUT}]}}
    got = read(
        BLUESKY,
        recording(
            tmp_path / "j",
            commit("did:a", "1", **label), commit("did:b", "2"), commit("did:b", "self", collection=PROFILE, **label), commit("did:b", "3"),
            commit("did:c", "4"), commit("did:c", "4", "update", 1, **label), commit("did:d", "self", collection=PROFILE),
        ),
    )  # fmt: skip
    assert got.posts.height == 0
    assert got.deletions == [("post", uri("did:c", "4")), ("author", "did:b")]
    assert got.skipped == {OPTED_OUT: 3, DELETION: 1, TAKEN_BACK: 2, "not a post: profile": 1}


def test_relay_frames_give_what_jetstream_gives(shared_data: Path, read: Read) -> None:
    corpus = shared_data / "interop/bluesky/firehose_corpus"
    relay, jetstream = (read(BLUESKY, corpus / name) for name in ("frames.bin.zst", "expected_v1.jsonl.gz"))
    assert relay.skipped == jetstream.skipped
    assert relay.records == jetstream.records == 152
    assert relay.deletions == jetstream.deletions
    assert relay.posts.height == 16, "17 posts are created in the corpus, one of them without text"
    columns = ["post", "author", "text", "language", "reply_to", "thread", "kind", "extra"]
    assert relay.posts.select(columns).equals(jetstream.posts.select(columns))


def test_the_golden_file(shared_data: Path, read: Read) -> None:
    got = read(BLUESKY, shared_data / "interop/bluesky/jetstream_golden_v1.jsonl")
    assert got.posts["text"].to_list() == ["Try RSV for a good time !!"]
    assert got.posts["kind"].to_list() == ["reply"]
    assert (got.records, sum(got.skipped.values())) == (10, 9)


def test_jetstreams_own_dictionary(shared_data: Path, tmp_path: Path, read: Read) -> None:
    folder = shared_data / "interop/bluesky"
    dictionary = folder / "zstd_dictionaries/legacy_subscribe.zdict"
    packer = zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(dictionary.read_bytes()))
    lines = (folder / "jetstream_golden_v1.jsonl").read_bytes().splitlines()
    path = tmp_path / "j.zst"
    path.write_bytes(b"".join(map(packer.compress, lines)))
    assert read(BLUESKY, path, dictionary=str(dictionary)).posts["text"].to_list() == ["Try RSV for a good time !!"]
    with pytest.raises(SettingsError, match="cannot be read"):
        read(BLUESKY, path, dictionary=str(tmp_path / "none"))


def test_recognition(shared_data: Path) -> None:
    folder = shared_data / "interop/bluesky"
    for name in ("jetstream_golden_v1.jsonl", "firehose_corpus/frames.bin.zst"):
        assert BLUESKY.recognise(folder / name, (folder / name).read_bytes()[: 1 << 16]) == 0.95
    assert BLUESKY.recognise(Path("x"), b'{"id": 1}') == 0.0
