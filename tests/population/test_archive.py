"""The archive: a past day as known then, sums over places and ages, gaps in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from heedful.population.archive import SERIES, as_known, gaps, roll_up_places, roll_up_strata


def row(place: str, day: date, value: float | None, stratum: str = "all", known: int = 1, unit: str = "{count}") -> dict[str, object]:
    return {
        "source": "office", "signal": "flu", "place": place, "stratum": stratum, "day": day, "period_days": 7, "value": value, "unit": unit,
        "known_at": datetime(2026, 1, known, tzinfo=UTC),
    }  # fmt: skip


WEEK = date(2020, 12, 28)  # the 53rd of 2020


def test_a_past_day_is_seen_as_it_was_known_and_a_revision_replaces_what_it_revises() -> None:
    rows = pl.DataFrame([row("US", WEEK, 5.0, known=2), row("US", WEEK, 9.0, known=8), row("US", WEEK + timedelta(7), 4.0, known=8)])
    key = [*SERIES, "day"]
    assert as_known(rows, key, datetime(2026, 1, 5, tzinfo=UTC))["value"].to_list() == [5.0]
    assert as_known(rows, key)["value"].to_list() == [9.0, 4.0]
    assert as_known(rows, key, datetime(2025, 1, 1, tzinfo=UTC)).is_empty()


def test_towns_roll_up_to_regions_and_countries_only_where_all_of_them_count() -> None:
    rows = pl.DataFrame([
        row("US/NY/1", WEEK, 2.0), row("US/NY/2", WEEK, 3.0), row("US/CA", WEEK, 10.0),
        row("US/NY/1", WEEK + timedelta(7), 4.0), row("US/CA", WEEK + timedelta(7), 1.0),
    ])  # fmt: skip
    found = roll_up_places(rows)
    assert found.filter(place="US/NY").select("day", "value", "missing").rows() == [(WEEK, 5.0, 0), (WEEK + timedelta(7), None, 1)]
    assert found.filter(place="US").select("value", "parts").rows() == [(15.0, 2), (None, 2)]
    assert found.filter(place="US/CA")["parts"].to_list() == [0, 0]


def test_what_the_issuer_counts_itself_is_never_summed_and_rates_never_are() -> None:
    rows = pl.DataFrame([row("US/NY", WEEK, 2.0), row("US", WEEK, 99.0), row("DE/BE", WEEK, 2.0, unit="%")])
    assert roll_up_places(rows).select("place", "value").rows() == [("DE/BE", 2.0), ("US", 99.0), ("US/NY", 2.0)]


def test_age_groups_roll_up_to_all() -> None:
    rows = pl.DataFrame([row("US", WEEK, 2.0, "0-4"), row("US", WEEK, 5.0, "5+"), row("DE", WEEK, 1.0, "0-4"), row("DE", WEEK, 7.0)])
    found = roll_up_strata(rows).filter(stratum="all")
    assert found.select("place", "value", "parts").rows() == [("DE", 7.0, 0), ("US", 7.0, 2)]


@pytest.mark.parametrize("first", [date(2020, 12, 14), date(2024, 12, 16), date(2026, 12, 14)])
def test_weeks_are_dates_over_every_turn_of_the_year(first: date) -> None:
    days = [first + timedelta(weeks=n) for n in range(20) if n != 2]
    said = gaps(pl.DataFrame({"day": days, "period_days": 7, "value": 3.0}))
    assert (
        said[0]
        == f"1 of the 20 weeks from {first} to {first + timedelta(weeks=19)} was not issued; the first missing is {first + timedelta(weeks=2)}."
    )
    assert "20 weeks are known; a comparison with earlier years needs 157: 137 are missing." in said


def test_short_zero_and_changing_series_are_named() -> None:
    days = [WEEK + timedelta(weeks=n) for n in range(14)]
    assert "11 are missing." in gaps(pl.DataFrame({"day": days[:1], "period_days": 7, "value": [2.0]}))[0]
    zeros = gaps(pl.DataFrame({"day": days, "period_days": 7, "value": 0.0}))
    assert any(line.startswith("All 14 weeks are zero") for line in zeros)
    grown = pl.DataFrame({"day": days, "period_days": 7, "value": 3.0, "denominator": [1000.0] * 13 + [2000.0]})
    assert any("from 1,000 to 2,000" in line for line in gaps(grown))
    assert gaps(grown.clear()) == ["Nothing is known of this series."]
    off = gaps(pl.DataFrame({"day": [*days, WEEK + timedelta(3)], "period_days": 7, "value": 3.0}))
    assert any("do not begin on the same weekday" in line for line in off)
