from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from heedful.core.errors import SettingsError
from heedful.sources.base import SOURCES
from heedful.sources.posts.table import TABLE

Read = Callable[..., Any]


def file(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_it_is_registered() -> None:
    assert SOURCES._members["posts.table"] is TABLE


def test_json_lines(tmp_path: Path, read: Read) -> None:
    rows = [
        {
            "id": 7,
            "user": {"id": 12, "screen_name": "a"},
            "created_at": "2024-03-01T10:00:00+01:00",
            "text": "sick",
            "email": "x@y",
            "likes": 3,
        },
        {"id": "8", "user": None, "created_at": "2024-03-01", "text": "better", "in_reply_to": 7, "lang": "en"},
        {"id": 9, "created_at": "2024-03-01", "text": " \n"},
        {"id": 10, "created_at": "some day", "text": "x"},
        {"id": 1.8446744073709552e19, "created_at": "2024-03-02", "text": "an id that a float has rounded"},
    ]
    path = file(
        tmp_path / "posts.jsonl", "\n".join(map(json.dumps, rows)) + '\n{"id":\n[1]\n\n{"text": 5, "id": 11, "created_at": "2024-03-02"}'
    )
    got = read(TABLE, path)
    assert got.posts.select("post", "author", "kind", "reply_to", "language", "extra").rows() == [
        ("7", "12", "post", None, None, '{"likes":3}'),
        ("8", "unknown:8", "reply", "7", "en", None),
        ("posts.jsonl:5", "unknown:posts.jsonl:5", "post", None, None, None),
        ("11", "unknown:11", "post", None, None, None),
    ]
    assert got.posts["posted_at"][0] == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert got.posts["text"].to_list()[-1] == "5"
    assert got.skipped == {"empty text": 1}
    assert got.quarantine.sort("line")["line"].to_list() == [4, 6, 7]
    assert got.quarantine.sort("line")["content"].to_list() == [json.dumps(rows[3]), '{"id":', "[1]"]
    assert "'some day' is not understood" in got.quarantine.sort("line")["reason"][0]
    assert got.records == 8
    assert got.batches[0].aside == {"email": 1, "likes": 1}


def test_without_times_known_at_is_taken_and_missing_ids_are_lines(tmp_path: Path, read: Read) -> None:
    got = read(TABLE, file(tmp_path / "t.csv", "text\nhello\n\nworld\n")).posts
    assert got["post"].to_list() == ["t.csv:2", "t.csv:4"]
    assert got["author"].n_unique() == 2
    assert got["posted_at"].to_list() == got["known_at"].to_list() == [datetime(2026, 1, 1, tzinfo=UTC)] * 2


CSV = 'id,author,text\n1,a,"two\nlines, ""quoted"""\n2,b,plain\n3,c,💊\n'
ROWS = [("1", "a", 'two\nlines, "quoted"'), ("2", "b", "plain"), ("3", "c", "💊")]


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(), b"\xef\xbb\xbf" + CSV.encode(), CSV.encode("utf-16"), gzip.compress(CSV.encode()), zstandard.compress(CSV.encode()),
        CSV.replace(",", ";").replace("lines;", "lines,").encode(), CSV.replace(",", "\t").replace("lines\t", "lines,").encode(),
        gzip.compress(CSV.encode("utf-16-le").join([b"\xff\xfe", b""])),
    ],
    ids=["plain", "bom", "utf16", "gzip", "zstd", "semicolon", "tab", "utf16 in gzip"],
)  # fmt: skip
def test_csv_in_every_dress(tmp_path: Path, read: Read, data: bytes) -> None:
    assert read(TABLE, file(tmp_path / "posts", data)).posts.select("post", "author", "text").rows() == ROWS


def test_broken_csv_rows_are_set_aside_and_no_others(tmp_path: Path, read: Read) -> None:
    data = b'id,text\n1,good\n2\n3,a,b\n4,"never closed\n5,good\n6,nul\0\n7,caf\xe9\n8,"bad "quote"\n9,good\n'
    got = read(TABLE, file(tmp_path / "t.csv", data))
    assert got.posts["post"].to_list() == ["1", "5", "9"]
    reasons = {row["line"]: row["reason"] for row in got.quarantine.iter_rows(named=True)}
    assert sorted(reasons) == [3, 4, 5, 7, 8, 9]
    assert "1 fields where the header has 2" in reasons[3]
    assert "quot" in reasons[5]
    assert "quot" in reasons[9]
    assert "NUL" in reasons[7]
    assert "cp1252" in reasons[8]
    assert read(TABLE, file(tmp_path / "l.csv", "id,text\n1,café\n".encode("cp1252")), encoding="cp1252").posts["text"].to_list() == [
        "café"
    ]


def test_a_quote_left_open_costs_its_line_only_however_long_the_file(tmp_path: Path, read: Read) -> None:
    rows = "".join(f"{n},fine\n" for n in range(5_000))
    got = read(TABLE, file(tmp_path / "t.csv", 'id,text\nx,"open\n' + rows))
    assert (got.posts.height, got.quarantine["line"].to_list()) == (5_000, [2])


def test_headless_csv_and_declared_columns(tmp_path: Path, read: Read) -> None:
    path = file(tmp_path / "t.csv", "4,9,never happy,u1\n0,10,happy,u2\n")
    got = read(TABLE, path, header=["target", "id", "text", "user"], kind="review", synthetic=True).posts
    assert got.select("post", "author", "text", "kind", "synthetic", "extra").row(0) == (
        "9", "u1", "never happy", "review", True, '{"target":"4"}',
    )  # fmt: skip
    with pytest.raises(SettingsError, match="colums"):
        read(TABLE, path, colums={})
    with pytest.raises(SettingsError, match="one character"):
        read(TABLE, path, delimiter="::")


def test_parquet_of_any_row_groups(tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heedful.sources.posts.parquet.BATCH_ROWS", 1_000)
    data = pl.DataFrame({"id": range(3_500), "text": [f"t{n}" for n in range(3_500)], "day": ["x"] * 3_500}).with_columns(
        created_at=pl.datetime(2024, 3, 1) + pl.duration(minutes=pl.col("id")), author=pl.lit("a").cast(pl.Categorical)
    )
    data.write_parquet(tmp_path / "t.parquet", row_group_size=700)
    got = read(TABLE, tmp_path / "t.parquet", zone="Europe/Berlin")
    assert [batch.records for batch in got.batches] == [1_000, 1_000, 1_000, 500]
    assert got.posts["text"].to_list() == data["text"].to_list()
    assert got.posts["posted_at"][0] == datetime(2024, 2, 29, 23, tzinfo=UTC)
    for number, batch in enumerate(got.batches):
        rest = read(TABLE, tmp_path / "t.parquet", cursor=batch.cursor, zone="Europe/Berlin")
        assert [b.cursor for b in rest.batches] == [b.cursor for b in got.batches[number + 1 :]]
        assert rest.posts.equals(got.posts[sum(b.records for b in got.batches[: number + 1]) :])
    broken = file(tmp_path / "b.parquet", (tmp_path / "t.parquet").read_bytes()[:5_000])
    assert "no sound Parquet" in str(read(TABLE, broken).error).replace("not a sound", "no sound")


def test_recognition_is_by_content(tmp_path: Path) -> None:
    jsonl = b'{"id": 1, "text": "x", "author": "a"}\n'
    assert TABLE.recognise(tmp_path / "a.bin", jsonl) == TABLE.recognise(tmp_path / "a.csv", b"id,author,text\n") == 0.6
    assert TABLE.recognise(tmp_path / "a.jsonl", b'{"resourceType":"Patient","text":{"div":"x"},"id":"1"}\n') == 0.0
    assert TABLE.recognise(tmp_path / "a.csv", b"ActivityDate,TotalSteps\n4/12/2016,13162\n") == 0.0
    assert TABLE.recognise(tmp_path, b"") == 0.0


@pytest.mark.parametrize(
    ("name", "settings", "records", "posts", "skipped"),
    [
        # Rows as SOURCE.txt of each set counts them.
        ("psytar/reviews", {"time_format": ["%m/%d/%Y", "%m/%d/%YE", "%m/%d/%YEm"]}, 832, 718, {"empty text": 114}),
        ("psytar/sentences", {}, 5_612, 5_607, {"empty text": 5}),
        ("rhmd/posts", {}, 9_355, 9_355, {}),
        ("dreaddit/segments", {}, 3_553, 3_553, {}),
        ("broad_twitter_corpus/posts", {}, 9_340, 9_339, {"empty text": 1}),
        ("socialdisner_es/tweets", {}, 7_500, 7_500, {}),
        ("smm4h_ade_multilingual/posts", {}, 11_804, 11_804, {}),
        ("druglib/reviews", {"columns": {"text": "side_effects_review"}}, 4_143, 4_143 - 195, {"empty text": 195}),
    ],
)
def test_real_sets(
    shared_data: Path, read: Read, name: str, settings: dict[str, Any], records: int, posts: int, skipped: dict[str, int]
) -> None:
    path = shared_data / f"nlp/{name}.jsonl.gz"
    got = read(TABLE, path, **settings)
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert (got.records, got.posts.height, got.skipped) == (records, posts, skipped)
    column = settings.get("columns", {}).get("text", "text")
    assert got.posts["text"].to_list() == [line[column] for line in lines if line.get(column) and line[column].strip()]
