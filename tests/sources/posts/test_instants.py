from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.sources.posts.instants import instants


def read(*values: object, dtype: pl.DataType | None = None, zone: str = "UTC", patterns: tuple[str, ...] = ()) -> list[datetime | None]:
    return instants(pl.Series(values, dtype=dtype), zone, patterns).to_list()


def test_every_form_of_one_instant() -> None:
    forms = (
        "2024-03-01T09:00:00Z", "2024-03-01T10:00:00+01:00", "2024-03-01T10:00:00.000+0100", "2024-03-01 09:00:00", "2024-03-01T09:00",
        "2024-03-01 09:00:00+00:00", "2024-03-01 09:00:00 UTC", " 2024-03-01T09:00:00.000000000Z ", "Fri Mar 01 09:00:00 +0000 2024",
        "Fri, 01 Mar 2024 09:00:00 +0000", "1709283600", "1709283600.0", "1709283600000", "1709283600000000",
    )  # fmt: skip
    assert set(read(*forms)) == {datetime(2024, 3, 1, 9, tzinfo=UTC)}


def test_epochs_by_magnitude() -> None:
    want = datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert read(1709283600, 1709283600_000, 1709283600_000_000, 1709283600_000_000_000) == [want] * 4
    assert read(1709283600.25) == [want.replace(microsecond=250_000)]
    assert read(0, -5, 10**18 * 9) == [None] * 3


def test_what_is_not_understood_is_missing() -> None:
    assert read("soon", "", None, "03/04/2024", "0000-01-01T00:00:00Z", "2024-13-01", "9" * 30) == [None] * 7
    assert read(None, None, dtype=pl.String()) == [None, None]
    assert read([1], dtype=pl.List(pl.Int64)) == [None]


def test_declared_patterns_come_first() -> None:
    assert read("03/04/2024", "2024-04-03", patterns=("%d/%m/%Y",)) == [datetime(2024, 4, 3, tzinfo=UTC)] * 2
    assert read("4/14/2007E", "4/14/2007", zone="Asia/Tokyo", patterns=("%m/%d/%Y", "%m/%d/%YE")) == [datetime(2007, 4, 14, tzinfo=UTC)] * 2


def test_local_times_and_the_clock_changes() -> None:
    berlin = {"zone": "Europe/Berlin"}
    assert read("2024-07-01 12:00:00", **berlin) == [datetime(2024, 7, 1, 10, tzinfo=UTC)]
    assert read("2024-10-27 02:30:00", **berlin) == [datetime(2024, 10, 27, 0, 30, tzinfo=UTC)], "the earlier of two"
    assert read("2024-03-31 02:30:00", **berlin) == [datetime(2024, 3, 31, 1, 30, tzinfo=UTC)], "moved on by the hour that was left out"
    assert read("2024-07-01", zone="Asia/Tokyo") == [datetime(2024, 7, 1, tzinfo=UTC)], "a date stays its day"


def test_typed_columns() -> None:
    assert read(date(2024, 3, 1)) == [datetime(2024, 3, 1, tzinfo=UTC)]
    assert read(datetime(2024, 3, 1, 9)) == [datetime(2024, 3, 1, 9, tzinfo=UTC)]
    assert read(datetime(2024, 3, 1, 9), zone="Europe/Berlin") == [datetime(2024, 3, 1, 8, tzinfo=UTC)]


@pytest.mark.parametrize(("name", "good"), [("datetime_syntax_valid", True), ("datetime_parse_invalid", False)])
def test_the_protocols_own_examples(shared_data: Path, name: str, good: bool) -> None:
    lines = (shared_data / f"interop/bluesky/interop_tests/syntax/{name}.txt").read_text().splitlines()
    told = [line for line in lines if line and not line.startswith("#") and line[:4] in ("1985", "2000")]
    assert len(told) > 5
    assert [value is not None for value in read(*told)] == [good] * len(told)
