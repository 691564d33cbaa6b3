from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from tests.report.content import PEOPLE, content

from heedful.core.errors import SchemaError
from heedful.core.schemas import TABLES
from heedful.report.content import PageContent


def _bare(**tables: pl.DataFrame) -> PageContent:
    return PageContent(title="t", subtitle="s", made_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), run="look", **tables)


def test_every_table_may_be_left_out() -> None:
    bare = _bare()
    frames = {name: value for name, value in vars(bare).items() if isinstance(value, pl.DataFrame)}
    assert len(frames) > 15
    assert all(frame.is_empty() for frame in frames.values())
    assert {name for name in frames if name not in TABLES} == {
        "accounting",
        "diary_experiences",
        "diary_mentions",
        "safety",
        "score",
        "sources",
    }


def test_a_table_of_another_schema_is_refused() -> None:
    with pytest.raises(SchemaError, match="alarms: unknown columns"):
        _bare(alarms=pl.DataFrame({"nonsense": [1]}))


def test_people_are_ranked_by_unusual_days() -> None:
    assert content().people()[:2] == [PEOPLE[1], PEOPLE[0]]
    assert _bare().people() == []
