"""Histories over the edges of years."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.population.histories import histories


def rows(*given: tuple[str, date, float | None]) -> pl.DataFrame:
    return pl.DataFrame(given, schema={"signal": pl.String, "day": pl.Date, "value": pl.Float64}, orient="row")


def test_the_53rd_week_of_2020_and_the_turn_of_2024_are_weeks_like_others() -> None:
    days = [date(2020, 12, 21), date(2020, 12, 28), date(2021, 1, 4)]
    found = histories(rows(*(("ili", day, float(n)) for n, day in enumerate(days))), ["signal"], 7)
    assert found[0].counts.tolist() == [[0, 1, 2]]
    assert found[0].calendar.frequency == 52
    later = histories(rows(("ili", date(2024, 12, 30), 1.0), ("ili", date(2025, 1, 6), 2.0)), ["signal"], 7)
    assert later[0].counts.tolist() == [[1, 2]]


def test_weeks_that_begin_on_other_days_are_other_matrices() -> None:
    found = histories(rows(("monday", date(2025, 1, 6), 1.0), ("sunday", date(2025, 1, 5), 2.0)), ["signal"], 7)
    assert sorted(part.keys["signal"][0] for part in found) == ["monday", "sunday"]


def test_missing_is_missing_and_zero_only_where_somebody_posted() -> None:
    values = rows(("a", date(2025, 1, 1), 4.0), ("a", date(2025, 1, 4), None)).with_columns(place=pl.lit("X"), stratum=pl.lit("all"))
    zeros = pl.DataFrame({"place": ["X"], "stratum": ["all"], "day": [date(2025, 1, 2)]})
    found = histories(values, ["signal", "place", "stratum"], 1, zeros)[0]
    assert np.array_equal(found.counts, [[4, 0, np.nan, np.nan]], equal_nan=True)
    assert histories(values.head(0), ["signal"], 1) == []
    with pytest.raises(SettingsError, match="every 30 days"):
        histories(values, ["signal"], 30)
