"""MMWR weeks against CDC's own week-ending dates."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from heedful.sources.series.mmwr import week_start

LONG_YEARS = (1980, 1986, 1992, 1997, 2003, 2008, 2014, 2020, 2025)
"""Years with a week 53 in CDC's published MMWR calendars."""


def starts(years: list[int], weeks: list[int]) -> list[date | None]:
    frame = pl.DataFrame({"year": years, "week": weeks})
    return frame.select(week_start(pl.col("year"), pl.col("week"))).to_series().to_list()


@pytest.mark.real
def test_weeks_end_on_cdcs_saturdays(shared_data: Path) -> None:
    """Two files of one series: CDC's by year and week, another's by the date of its last day; all 919 weeks of both agree."""

    def rows(name: str) -> pl.DataFrame:
        return pl.read_csv(gzip.decompress((shared_data / "surveillance" / name).read_bytes()), infer_schema_length=None)

    weeks = rows("fluview_ilinet_1997_2016.csv.gz").filter(pl.col("region") == "nation")
    ends = weeks.select(week_start(pl.col("year"), pl.col("week")) + pl.duration(days=6), "weighted_ili_percent")
    theirs = rows("argo_cdc_gft.csv.gz")["week_ending"].str.to_date().to_list()
    assert len(theirs) > 900
    assert ends.to_series(0).to_list()[: len(theirs)] == theirs


def test_week_53_exists_in_long_years_only() -> None:
    years = list(range(1980, 2027))
    assert [year for year, day in zip(years, starts(years, [53] * len(years)), strict=True) if day] == list(LONG_YEARS)
    assert starts([2024, 2024, 2024], [0, 54, -1]) == [None, None, None]


def test_weeks_follow_each_other_without_gap_or_overlap() -> None:
    days = [day for year in range(1970, 2050) for day in starts([year] * 53, list(range(1, 54))) if day]
    assert all(day.isoweekday() == 7 for day in days)
    assert all(after - before == timedelta(days=7) for before, after in pairwise(days))
