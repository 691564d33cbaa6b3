"""The lake: corrections, repetitions, deletions, as of a day, two writers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import StoreError
from heedful.core.schemas import Features, Posts
from heedful.store.lake import Lake
from heedful.store.row_keys import hash_rows

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def posts(*rows: tuple[str, str, datetime]) -> pl.DataFrame:
    return Posts.check(
        pl.DataFrame(
            [
                {
                    "source": "s",
                    "post": post,
                    "author": "a",
                    "day": DAY,
                    "posted_at": NOON,
                    "known_at": known,
                    "text": text,
                    "kind": "post",
                    "synthetic": False,
                }
                for post, text, known in rows
            ]
        )
    )


def test_a_repetition_is_dropped_and_a_correction_replaces(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = lake.append(Posts, posts(("1", "one", NOON), ("2", "two", NOON)), 1)
    assert (first.added, first.corrected, first.duplicates) == (2, 0, 0)
    later = NOON + timedelta(days=1)
    again = lake.append(Posts, posts(("1", "one", later), ("2", "TWO", later), ("3", "three", later), ("3", "three", later)), 2)
    assert (again.added, again.corrected, again.duplicates) == (1, 1, 2)
    assert sorted(lake.read(Posts)["text"]) == ["TWO", "one", "three"]
    assert sorted(lake.read(Posts, as_of=NOON)["text"]) == ["one", "two"]
    assert set(again.changed["text"]) == {"TWO", "two", "three"}


def test_of_equal_rows_in_one_batch_the_one_known_first_is_kept(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    found = lake.append(Posts, posts(("1", "one", NOON + timedelta(days=2)), ("1", "one", NOON)), 1)
    assert (found.added, found.duplicates) == (1, 1)
    assert lake.read(Posts, as_of=NOON)["text"].to_list() == ["one"]


def test_a_fresh_process_knows_the_keys(tmp_path: Path) -> None:
    Lake(tmp_path).append(Posts, posts(("1", "one", NOON)), 1)
    again = Lake(tmp_path).append(Posts, posts(("1", "one", NOON)), 2)
    assert again.duplicates == 1
    assert Lake(tmp_path).read(Posts).height == 1


def test_the_winner_of_a_tie_does_not_depend_on_order(tmp_path: Path) -> None:
    rows = [posts(("1", text, NOON)) for text in ("b", "a", "c")]
    winners = set()
    for name, order in (("x", (0, 1, 2)), ("y", (2, 1, 0)), ("z", (1, 0, 2))):
        lake = Lake(tmp_path / name)
        for number, index in enumerate(order, start=1):
            lake.append(Posts, rows[index], number)
        winners.add(lake.read(Posts)["text"][0])
    assert len(winners) == 1


def test_a_deletion_leaves_no_byte_after_vacuum(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Posts, posts(("1", "secretword", NOON), ("2", "harmless", NOON)), 1)
    assert lake.delete(Posts, pl.DataFrame({"post": ["1"]})) == 1
    lake.vacuum("posts")
    lake.forget_history("posts")
    assert lake.read(Posts)["post"].to_list() == ["2"]
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"secretword" not in content, file
    assert pl.read_delta(str(lake.path("posts"))).height == 1


def test_rolling_back_a_batch_is_as_if_it_had_not_been(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Posts, posts(("1", "one", NOON)), 1)
    lake.append(Posts, posts(("2", "two", NOON)), 2)
    lake.roll_back(Posts, 2)
    assert lake.read(Posts)["post"].to_list() == ["1"]
    assert lake.append(Posts, posts(("2", "two", NOON)), 3).added == 1


def test_replacing_touches_only_what_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)

    def features(*rows: tuple[str, date, float]) -> pl.DataFrame:
        return Features.check(
            pl.DataFrame(
                [{"person": p, "day": d, "feature": "f", "value": v, "unit": "1", "coverage": 1.0, "missing": ""} for p, d, v in rows]
            )
        )

    other = date(2026, 5, 1)
    lake.replace("features/f", Features, Features.empty(), features(("a", DAY, 1), ("b", DAY, 2), ("b", other, 3)), 1)
    lake.replace("features/f", Features, features(("a", DAY, 1)), features(("a", DAY, 10), ("c", other, 4)), 2)
    rows = lake.read_derived("features/f", Features, None).sort("person", "day")
    assert rows["value"].to_list() == [10, 2, 3, 4]


def test_the_second_writer_is_told_and_readers_are_not_stopped(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(Posts, posts(("1", "one", NOON)), 1)
    with lake.writer_lock():
        with pytest.raises(StoreError, match="Another heedful is writing"), Lake(tmp_path).writer_lock():
            pass
        assert Lake(tmp_path).read(Posts).height == 1


@given(st.lists(st.tuples(st.text(max_size=12) | st.none(), st.integers(-9, 9)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_row_hashes_are_equal_exactly_where_rows_are(rows: list[tuple[str | None, int]]) -> None:
    clean = [
        (None if text is None else text.replace("\x00", "").replace("\x1f", "").encode("utf-8", "ignore").decode(), n) for text, n in rows
    ]
    data = pl.DataFrame(clean, schema={"a": pl.String, "b": pl.Int64}, orient="row")
    hashes = hash_rows(data, ("a", "b"))
    for i, one in enumerate(clean):
        for j, two in enumerate(clean):
            assert (hashes[i] == hashes[j]) == (one == two)
    assert hash_rows(data[-1:], ("a", "b"))[0] == hashes[-1]
