"""Official series as tables: dated vintages, the R package's series, and declared ones."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError

Read = Callable[..., Any]
CSV = Callable[..., Path]
TABLE = "series.table"


def plain_of(path: Path) -> pl.DataFrame:
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None, schema_overrides={"location_fips": pl.String})


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "vintages"), [("flu_hospital_admissions_vintages", 25_477, 89), ("flu_ed_visit_share_vintages", 14_633, 25)]
)
def test_vintages(shared_data: Path, read: Read, name: str, rows: int, vintages: int) -> None:
    """Row and vintage counts as SOURCE.txt states them; the table as known on a day equals the last row up to that vintage."""
    path = shared_data / f"surveillance/{name}.csv.gz"
    got, plain = read(TABLE, path, name="cdc", signal="admissions")["series"], plain_of(path)
    assert (got.height, got["known_at"].n_unique()) == (rows, vintages)
    assert set(got["period_days"]) == {7}
    assert set(got["place"].str.len_chars()) == {2, 5}
    known = datetime(2026, 1, 10, tzinfo=UTC)
    ours = got.filter(pl.col("known_at") <= known).sort("known_at").unique(["place", "day"], keep="last")
    theirs = plain.filter(pl.col("vintage") <= "2026-01-10").sort("vintage").unique(["location_fips", "week_ending"], keep="last")
    assert ours.height == theirs.height
    assert ours["value"].sum() == pytest.approx(theirs["value"].sum())
    ends = theirs.filter(pl.col("location_fips") == "36")["week_ending"].str.to_date().to_list()
    assert sorted(ours.filter(pl.col("place") == "US/NY")["day"]) == sorted(end - timedelta(days=6) for end in ends)


@pytest.mark.real
def test_series_of_the_r_package(shared_data: Path, read: Read) -> None:
    """Every dated row is read, weeks on Mondays, months with their own length; the 12,904 rows without a date are counted."""
    path = shared_data / "surveillance/r_surveillance_series.csv.gz"
    got, plain = read(TABLE, path), plain_of(path)
    rows, dated = got["series"], plain.filter(pl.col("date").is_not_null())
    assert (rows.height, got.skipped) == (dated.height, {"row without a date": 12_904})
    assert rows["value"].sum() == dated["count"].sum()
    assert set(rows.filter(pl.col("signal") == "salmNewport")["day"].dt.weekday()) == {1}
    assert set(rows.filter(pl.col("signal") == "salmNewport")["period_days"]) == {7}
    months = rows.filter(pl.col("signal") == "rotaBB")
    assert months.filter(pl.col("day") == date(2004, 2, 1))["period_days"].unique().to_list() == [29]
    assert set(rows["known_at"]) == {datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.real
def test_a_file_without_places_by_declaration(shared_data: Path, read: Read) -> None:
    path = shared_data / "surveillance/campyDE_with_humidity.csv.gz"
    with pytest.raises(SourceError, match="place"):
        read(TABLE, path)
    got = read(TABLE, path, place="DE", columns={"value": "case"}, signal="campylobacter")
    assert (got["series"].height, set(got["series"]["place"]), set(got["series"]["period_days"])) == (522, {"DE"}, {7})
    assert got["series"]["value"].sum() == plain_of(path)["case"].sum()


def test_places_periods_and_empty_values(csv: CSV, read: Read) -> None:
    rows = ["Bayern,2024-01-01,5", "Bayern,2024-02-01,NA", "new york,2024-03-01,7", "Bayern,,7", "Bayern,2024-03-01,x", ",2024-03-01,7"]
    got = read(TABLE, csv("region,date,cases", *rows), places={"Bayern": "DE/BY"}, unit="{cases}")
    assert got["series"].select("place", "period_days", "value", "unit").rows() == [
        ("DE/BY", 31, 5, "{cases}"), ("DE/BY", 29, None, "{cases}"), ("US/NY", 31, 7, "{cases}"),
    ]  # fmt: skip
    assert got.skipped == {"row without a date": 1}
    assert got["quarantine"]["line"].to_list() == [6, 7]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(("2024-01-01", "2024-01-02"), 1), (("2024-01-01", "2024-01-08"), 7), (("2024-01-01", "2024-04-01"), 91), (("2024-01-01",), 1)],
)
def test_periods_are_the_gaps_between_dates(csv: CSV, read: Read, days: tuple[str, ...], expected: int) -> None:
    got = read(TABLE, csv("region,date,cases", *(f"a,{day},5" for day in days)))
    assert set(got["series"]["period_days"]) == {expected}


def test_a_second_row_of_one_issue_is_set_aside(csv: CSV, read: Read) -> None:
    got = read(
        TABLE, csv("place,date,value,issue_date", "US,2024-01-01,5,2024-02-01", "US,2024-01-01,6,2024-02-01", "US,2024-01-01,6,2024-03-01")
    )
    assert got["series"]["value"].to_list() == [5, 6]
    assert "a second time" in got["quarantine"]["reason"][0]


@pytest.mark.parametrize(
    "settings",
    [
        {"period_days": -1},
        {"period_days": "week"},
        {"date_is": "middle"},
        {"places": "DE"},
        {"issue_date": 5},
        {"frequency": 7},
        {"columns": {"x": "place"}},
    ],
)
def test_wrong_settings(csv: CSV, read: Read, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read(TABLE, csv("place,date,value", "US,2024-01-13,5"), **settings)
