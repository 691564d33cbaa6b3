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
READ = datetime(2026, 12, 1, tzinfo=UTC)


def plain_of(path: Path) -> pl.DataFrame:
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None, schema_overrides={"location_fips": pl.String})


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "vintages"), [("flu_hospital_admissions_vintages", 25_477, 89), ("flu_ed_visit_share_vintages", 14_633, 25)]
)
def test_vintages(shared_data: Path, read: Read, name: str, rows: int, vintages: int) -> None:
    """Row and vintage counts as SOURCE.txt states them; the table as known on a day equals the last row up to that vintage."""
    path = shared_data / f"surveillance/{name}.csv.gz"
    got, plain = read(TABLE, path, name="cdc", signal="admissions", known_at=READ)["series"], plain_of(path)
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


def reasons_of(got: Any) -> list[str]:
    return got["quarantine"].sort("line")["reason"].to_list()  # type: ignore[no-any-return]


def test_negative_and_fractional_counts_are_set_aside_by_name_and_rates_are_not(csv: CSV, read: Read) -> None:
    rows = ["US,2024-01-01,5", "US,2024-01-08,-2", "US,2024-01-15,2.5", "US,2024-01-22,7"]
    got = read(TABLE, csv("place,date,value", *rows), name="flu", unit="{count}")
    assert got["series"]["value"].to_list() == [5, 7]
    assert [(reason.split(";")[0], reason.split(" [")[1]) for reason in reasons_of(got)] == [
        ("its count is below 0", "flu, US, all, 2024-01-08]"), ("its count is not a whole number", "flu, US, all, 2024-01-15]"),
    ]  # fmt: skip
    assert all("correct it, or declare" in reason for reason in reasons_of(got))
    assert read(TABLE, csv("place,date,value", *rows), unit="%")["series"].height == 4
    undeclared = read(TABLE, csv("place,date,value", *rows))["series"]  # the first values are not all whole: a measure
    assert (undeclared.height, set(undeclared["unit"])) == (4, {"1"})


def test_a_denominator_below_zero_is_set_aside(csv: CSV, read: Read) -> None:
    got = read(TABLE, csv("place,date,value,population", "US,2024-01-01,5,-1", "US,2024-01-08,5,100"))
    assert got["series"]["denominator"].to_list() == [100]
    assert "correct the denominator [test, US, all, 2024-01-01]" in reasons_of(got)[0]


def test_a_vintage_from_the_future_is_set_aside_until_its_day(csv: CSV, read: Read) -> None:
    path = csv("place,date,value,issue_date", "US,2024-01-01,5,2024-01-10", "US,2024-01-01,6,2024-01-17")
    got = read(TABLE, path, known_at=datetime(2024, 1, 12, tzinfo=UTC))
    assert got["series"]["value"].to_list() == [5]
    assert reasons_of(got)[0].startswith("it is issued after this site's clock")
    assert "read it again after that day [test, US, all, 2024-01-01]" in reasons_of(got)[0]
    assert read(TABLE, path, known_at=datetime(2024, 1, 20, tzinfo=UTC))["series"].height == 2


def test_an_issue_of_a_day_that_has_begun_in_another_zone_is_known_when_it_is_read(csv: CSV, read: Read) -> None:
    """It is 20:00 UTC on the 16th, and already the 17th in Auckland."""
    clock = datetime(2024, 1, 16, 20, tzinfo=UTC)
    got = read(TABLE, csv("place,date,value,issue_date", "NZ,2024-01-08,6,2024-01-17", "NZ,2024-01-08,5,2024-01-16"), known_at=clock)
    assert got["series"].select("value", "known_at").rows() == [(6, clock), (5, datetime(2024, 1, 16, tzinfo=UTC))]


def test_days_are_those_of_the_issuers_calendar_in_whatever_zone(csv: CSV, read: Read) -> None:
    """One instant, written in two zones, is two days: each as its issuer wrote it, none is moved."""
    got = read(TABLE, csv("place,date,value", "US,2024-01-01T23:00:00-05:00,5", "GB,2024-01-02T04:00:00+00:00,6"), period_days=1)
    assert got["series"].select("place", "day").rows() == [("US", date(2024, 1, 1)), ("GB", date(2024, 1, 2))]


def test_a_forecast_is_no_count(csv: CSV, read: Read) -> None:
    got = read(TABLE, csv("place,date,value,issue_date", "US,2026-02-01,5,2024-01-10", "US,2024-01-01,5,2024-01-10"))
    assert got["series"]["day"].to_list() == [date(2024, 1, 1)]
    assert "it is a forecast, not a count" in reasons_of(got)[0]


def test_an_issue_date_of_the_file_after_the_clock_is_refused(csv: CSV, read: Read) -> None:
    with pytest.raises(SettingsError, match=r"2031-01-01 lies after this site's clock \(2026-01-01"):
        read(TABLE, csv("place,date,value", "US,2024-01-01,5"), issue_date="2031-01-01")


def test_an_unknown_place_stays_the_issuers_own(csv: CSV, read: Read) -> None:
    got = read(TABLE, csv("place,date,value", "Atlantis,2024-01-01,5", "Bayern,2024-01-01,5"), places={"Bayern": "DE/BY"})
    assert got["series"]["place"].to_list() == ["Atlantis", "DE/BY"]


def test_an_empty_value_withdraws_what_was_issued_before(csv: CSV, read: Read) -> None:
    got = read(TABLE, csv("place,date,value,issue_date", "US,2024-01-01,5,2024-01-10", "US,2024-01-01,,2024-01-17"))
    assert got["series"].sort("known_at")["value"].to_list() == [5, None]


def test_a_second_row_of_one_issue_is_set_aside(csv: CSV, read: Read) -> None:
    got = read(
        TABLE, csv("place,date,value,issue_date", "US,2024-01-01,5,2024-02-01", "US,2024-01-01,6,2024-02-01", "US,2024-01-01,6,2024-03-01")
    )
    assert got["series"]["value"].to_list() == [5, 6]
    assert "a second time, and the first counts; keep one row" in got["quarantine"]["reason"][0]
    assert got["quarantine"]["reason"][0].endswith("[test, US, all, 2024-01-01]")


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
