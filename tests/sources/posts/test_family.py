"""Laws that every post source keeps, on real and hostile files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heedful.core.schemas import Posts, Quarantine
from heedful.sources.base import Source
from heedful.sources.posts.bluesky import BLUESKY
from heedful.sources.posts.mastodon import MASTODON
from heedful.sources.posts.reddit import REDDIT
from heedful.sources.posts.table import TABLE

Read = Callable[..., Any]
MEMBERS: list[Source] = [TABLE, REDDIT, BLUESKY, MASTODON]
BY_NAME = {source.card.name.removeprefix("posts."): source for source in MEMBERS}
members = pytest.mark.parametrize("source", MEMBERS, ids=list(BY_NAME))


@members
def test_cards_are_complete(source: Source) -> None:
    card = source.card
    assert card.tables == (Posts, Quarantine)
    assert card.family == "posts"
    assert all((card.says, card.zone_rule, card.terms, card.tested_on))


@members
def test_hostile_files_give_rows_quarantine_or_a_source_error(shared_data: Path, read: Read, source: Source) -> None:
    files = [path for path in sorted((shared_data / "hostile").rglob("*")) if path.is_file()]
    assert len(files) > 400
    for path in files:
        got = read(source, path)
        assert got.error or got.batches or path.suffix == ".csv", path
        assert got.error is None or got.error.cure.endswith((".", "'.")), path
        assert 0.0 <= source.recognise(path, path.read_bytes()[: 1 << 16]) <= 1.0


def test_hostile_json_and_csv_as_posts(shared_data: Path, tmp_path: Path, read: Read) -> None:
    """JSONTestSuite: what must be accepted is, what must be refused is not, as values of a post's field."""
    for path in sorted((shared_data / "hostile/json_parsing").glob("[yn]_*.json")):
        value = path.read_bytes().strip().replace(b"\n", b" ").replace(b"\r", b" ")
        line = tmp_path / "line.jsonl"
        line.write_bytes(b'{"id": "ok", "text": "fine"}\n{"id": "it", "text": "fine", "value": ' + value + b"}\n")
        got = read(TABLE, line)
        if path.name.startswith("y_"):
            assert got.posts["post"].to_list() == ["ok", "it"], path
        elif not path.name.startswith(("n_object_trailing", "n_structure_trailing")) and b"}" not in value and value:
            assert got.posts["post"].to_list()[0] == "ok", path


def test_hostile_tables_with_a_declared_text(shared_data: Path, read: Read) -> None:
    hostile = shared_data / "hostile"
    bad = read(TABLE, hostile / "jsonl/lines_bad.jsonl", columns={"text": "id"})
    assert bad.posts["text"].to_list() == ["1", "3", "9"]
    assert sorted(bad.quarantine["line"]) == [3, 4, 5, 7, 8, 9, 10]
    assert bad.skipped == {"empty text": 1}, "2**64, which a float would round"
    long = read(TABLE, hostile / "csv/field_2MB.csv.gz", columns={"text": "value"})
    assert long.posts["text"].str.len_bytes().to_list() == [2_000_000]
    formulas = read(TABLE, hostile / "csv/formula_injection.csv", columns={"text": "name"})
    assert formulas.posts["text"].to_list()[1:] == ["@SUM(1+1)", "+1+cmd"]
    ragged = read(TABLE, hostile / "csv/ragged_rows.csv", columns={"text": "a"})
    assert (ragged.posts.height, sorted(ragged.quarantine["line"])) == (0, [2, 3, 5])
    cut = read(TABLE, hostile / "gz/truncated.csv.gz", columns={"text": "a"})
    assert "breaks off" in str(cut.error)
    both = read(TABLE, hostile / "gz/two_members.csv.gz", columns={"text": "a"})
    assert both.posts["text"].to_list() == ["1", "3"]


def test_naughty_strings_come_out_as_they_went_in(shared_data: Path, tmp_path: Path, read: Read) -> None:
    import csv
    import json

    strings = [text for text in json.loads((shared_data / "hostile/naughty_strings/blns.json").read_text()) if text.strip()]
    path = tmp_path / "blns.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(strings)))
    assert read(TABLE, path).posts["text"].to_list() == strings
    with (tmp_path / "blns.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("id", "text"), *enumerate(strings)])
    assert read(TABLE, tmp_path / "blns.csv").posts["text"].to_list() == strings


LARGER = {"table jsonl": 500, "reddit": 30}
"""Rows a batch are so many times more where a file is long: the law is the same, and the test stays short."""

FILES = {
    "table jsonl": ("table", "nlp/wnut17/posts.jsonl.gz"),
    "table csv": ("table", ""),
    "reddit": ("reddit", "interop/reddit/RC_2005-12.zst"),
    "jetstream": ("bluesky", "interop/bluesky/firehose_corpus/expected_v1.jsonl.gz"),
    "relay": ("bluesky", "interop/bluesky/firehose_corpus/frames.bin.zst"),
    "mastodon": ("mastodon", "interop/mastodon/test_stream_user_direct.jsonl.gz"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rows", [1, 7, 400])
def test_reading_on_from_any_cursor_gives_the_same_batches(
    shared_data: Path, tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch, name: str, rows: int
) -> None:
    for module in ("json_lines", "delimited", "reddit", "bluesky", "mastodon"):
        monkeypatch.setattr(f"heedful.sources.posts.{module}.BATCH_ROWS", rows * LARGER.get(name, 1))
    monkeypatch.setattr("heedful.sources.posts.bluesky._FRAMES_AT_ONCE", rows)
    source, path = BY_NAME[FILES[name][0]], shared_data / FILES[name][1]
    if not FILES[name][1]:
        path = tmp_path / "t.csv"
        path.write_text("id;text\n" + "".join(f'{n};"a\nb {n}"\n' if n % 3 else f"{n};plain {n}\n{n}\n" for n in range(60)))
    whole = read(source, path)
    assert whole.error is None
    assert len(whole.batches) >= (2 if rows < 400 else 1)
    chosen = range(0, len(whole.batches), max(1, len(whole.batches) // 5))
    for number in chosen:
        rest = read(source, path, cursor=whole.batches[number].cursor)
        assert [shape(batch) for batch in rest.batches] == [shape(batch) for batch in whole.batches[number + 1 :]]
        behind = sum(len(frame) for batch in whole.batches[: number + 1] for frame in batch.rows if frame.schema is Posts)
        assert rest.posts.equals(whole.posts[behind:])


def shape(batch: Any) -> tuple[Any, ...]:
    return batch.records, batch.cursor, batch.done, batch.total, batch.skipped, batch.aside, batch.deletions
