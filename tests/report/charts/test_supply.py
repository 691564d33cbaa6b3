from __future__ import annotations

import datetime as dt

import polars as pl

from heedful.report.charts.supply import covered


def _dispensings(*events: tuple[int, float | None]) -> pl.DataFrame:
    first = dt.date(2026, 1, 1)
    return pl.DataFrame(
        [{"drug": "a", "dispensed_on": first + dt.timedelta(days=on), "days_supplied": supply, "row": 0} for on, supply in events],
        schema={"drug": pl.String, "dispensed_on": pl.Date, "days_supplied": pl.Float64, "row": pl.Int32},
    )


def _spans(frame: pl.DataFrame) -> list[tuple[int, int, str]]:
    day = pl.col("from_day", "to_day") - dt.date(2026, 1, 1)
    return frame.select(day.dt.total_days(), "kind").rows()


def test_supply_left_over_is_carried_forward() -> None:
    assert _spans(covered(_dispensings((0, 30), (20, 30)))) == [(0, 30, "supply"), (30, 60, "supply")]


def test_days_without_supply_are_a_gap() -> None:
    assert _spans(covered(_dispensings((0, 30), (37, 30)))) == [(0, 30, "supply"), (30, 37, "gap"), (37, 67, "supply")]


def test_unknown_supply_covers_nothing() -> None:
    assert covered(_dispensings((0, None))).is_empty()
    assert _spans(covered(_dispensings((0, 10), (5, None), (12, 10)))) == [(0, 10, "supply"), (10, 12, "gap"), (12, 22, "supply")]
