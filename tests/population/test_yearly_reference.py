"""The same time of earlier years: weeks of long years, leap days, months, and rows shared out among seasonal blocks."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.population.yearly_reference import NO_ROW, Calendar, seasonal_blocks, windows


def weeks(first: str, last: str) -> Calendar:
    return Calendar(52, np.arange(first, last, 7, dtype="datetime64[D]"))


@pytest.mark.parametrize(
    ("monday", "year_before"),
    [
        ("2020-12-28", "2019-12-30"),  # week 53 of 2020
        ("2021-01-04", "2020-01-06"),
        ("2024-12-30", "2024-01-01"),  # week 1 of 2025
        ("2026-12-28", "2025-12-29"),  # week 53 of 2026
        ("2028-02-28", "2027-03-01"),
    ],
)
def test_a_year_back_is_the_nearest_same_weekday(monday: str, year_before: str) -> None:
    calendar = weeks("2015-01-05", "2029-01-01")
    assert calendar.days is not None
    row = np.flatnonzero(calendar.days == np.datetime64(monday))
    assert str(calendar.days[calendar.years_back(row, 1)[0, 0]]) == year_before


def test_a_leap_day_is_the_first_of_march_in_other_years() -> None:
    calendar = Calendar(365, np.arange("2021-01-01", "2024-03-02", dtype="datetime64[D]"))
    assert calendar.days is not None
    row = np.flatnonzero(calendar.days == np.datetime64("2024-02-29"))
    assert [str(calendar.days[back]) for back in calendar.years_back(row, 3)[0]] == ["2023-03-01", "2022-03-01", "2021-03-01"]


def test_a_lost_week_shifts_no_other() -> None:
    whole = weeks("2015-01-05", "2021-01-04")
    assert whole.days is not None
    lost = Calendar(52, np.delete(whole.days, 200))
    assert lost.days is not None
    row = np.array([len(whole.days) - 1])
    before = whole.days[whole.windows_back(row, 3, 3)[0]]
    after = lost.windows_back(row - 1, 3, 3)[0]
    found = lost.days[after[after != NO_ROW]]
    assert set(found) == set(before) - {whole.days[200]}


def test_months_are_calendar_months() -> None:
    months = np.arange("2015-01", "2020-01", dtype="datetime64[M]").astype("datetime64[D]")
    assert Calendar(12, months).windows_back(np.array([50]), 2, 1).tolist() == [[25, 26, 27, 37, 38, 39]]


def test_blocks_share_out_the_rows_between_windows() -> None:
    reference = seasonal_blocks(Calendar(12), np.array([30]), 2, 1, 4, 2)
    assert reference.rows[0].tolist() == [*range(5, 28), *[NO_ROW] * (reference.rows.shape[1] - 23)]
    assert reference.levels[0, :23].tolist() == [3] * 3 + [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [0] * 3 + [1] * 3 + [2] * 2


def test_one_period_holds_windows_only_and_recent_rows_are_left_out() -> None:
    rows = seasonal_blocks(Calendar(52), np.array([200]), 1, 2, 1, 1).rows[0]
    assert sorted(rows[rows != NO_ROW]) == [146, 147, 148, 149, 150, 198]


def test_what_does_not_exist_is_counted() -> None:
    assert windows(Calendar(52), np.array([53]), 2, 1).lacking.tolist() == [3]
    assert seasonal_blocks(Calendar(52), np.array([53]), 2, 1, 1, 1).lacking.tolist() == [1]


def test_days_must_rise_and_blocks_must_fit() -> None:
    with pytest.raises(SettingsError, match="Row 2"):
        Calendar(52, np.array(["2020-01-06", "2020-01-06"], dtype="datetime64[D]"))
    with pytest.raises(SettingsError, match="fewer periods"):
        seasonal_blocks(Calendar(12), np.array([30]), 2, 1, 12, 2)
