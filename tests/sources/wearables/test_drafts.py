"""From drafts to batches: every record accounted for, whatever the rows are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import Options
from heedful.sources.wearables import drafts
from heedful.sources.wearables.drafts import REPEAT, Draft, Rows, batches, of_parts
from heedful.sources.wearables.parts import Part

KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2024, 3, 10, 8, tzinfo=UTC)


def made(told: list[tuple[int, float | None]], file: str = "a") -> Draft:
    rows = Rows()
    for minute, value in told:
        rows.add(minute + 1, "heart_rate", START + timedelta(minutes=minute), value)
    return Draft(file, rows.table(), skipped=Counter({"left out": 1}))


def frames(found: list[drafts.Batch], table: str) -> pl.DataFrame:
    parts = [unseal(frame) for batch in found for frame in batch.rows if frame.schema.table == table]
    return pl.concat(parts) if parts else pl.DataFrame()


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(10, 80))), max_size=12), max_size=4), st.integers(1, 5)
)
@settings(deadline=None, max_examples=60)
def test_rows_in_are_rows_out_set_aside_or_skipped(told: list[list[tuple[int, float | None]]], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drafts, "BATCH_ROWS", size)
        whole = list(batches((made(one) for one in told), Options("x", "p1"), KNOWN_AT, None, 0))
        for place, batch in enumerate(whole):
            rest = list(batches((made(one) for one in told), Options("x", "p1"), KNOWN_AT, batch.cursor, 0))
            assert [one.cursor for one in rest] == [one.cursor for one in whole[place + 1 :]]
            assert sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records
    assert sum(batch.records for batch in whole) == sum(len(one) + 1 for one in told)
    rows = frames(whole, "observations")
    good = [(minute, value) for one in told for minute, value in one if value is not None and value >= 20]
    assert rows.height == len(set(good))
    if rows.height:
        assert not rows.select("person", "code", "start_at", "device", "row").is_duplicated().any()
    assert sum(batch.skipped.get(REPEAT, 0) for batch in whole) == len(good) - len(set(good))


def test_local_days_come_from_the_row_s_offset_else_from_the_zone() -> None:
    rows = Rows()
    late = datetime(2024, 3, 10, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    rows.add(1, "steps", late, 5, end=late + timedelta(minutes=1))
    rows.add(2, "steps", late.astimezone(UTC), 6)
    found = frames(list(batches([Draft("a", rows.table())], Options("x", zone="Asia/Tokyo"), KNOWN_AT, None, 0)), "observations")
    assert found.select(pl.col("day").cast(pl.String), "offset_minutes", "person").rows() == [
        ("2024-03-10", -300, "self"),
        ("2024-03-11", 540, "self"),
    ]


def test_one_refused_file_of_several_is_set_aside() -> None:
    def read(part: Part) -> Draft:
        if part.name == "bad":
            raise SourceError(part.name, "it is damaged", "Copy it again.", 7)
        return made([(0, 60)], part.name)

    given_parts = [Part(name, name, 3, lambda: b"") for name in ("good", "bad")]
    found = list(batches(of_parts(given_parts, read), Options("x"), KNOWN_AT, None, 6))
    aside = frames(found, "quarantine")
    assert aside.select("file", "line", "reason").rows() == [("bad", 7, "it is damaged; Copy it again.")]
    assert found[-1].done == 6
    with pytest.raises(SourceError):
        list(of_parts(given_parts[1:], read))


def test_times_of_no_calendar_are_set_aside() -> None:
    """As a damaged database holds them; the others of the file are read."""
    good = int(START.timestamp()) * 1_000_000
    times = [
        pl.Series(name, one).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        for name, one in (("start_at", [-(1 << 63) + 1, good, good]), ("end_at", [good, (1 << 63) - 1, good]))
    ]
    rows = pl.DataFrame([pl.Series("line", [1, 2, 3]), *times]).with_columns(code=pl.lit("heart_rate"), value=60.0)
    found = list(batches([Draft("a", rows)], Options("x", "p1"), KNOWN_AT, None, 0))
    assert frames(found, "observations")["start_at"].to_list() == [START]
    aside = frames(found, "quarantine")
    assert aside["line"].to_list() == [1, 2]
    assert aside["reason"].str.contains("no year that a calendar has").all()
