"""Filled days: by hand, marked, and never where too little is known; no derivation fills."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import heedful
from heedful.behavior.imputation import imputed_days
from heedful.core.errors import SettingsError
from heedful.core.schemas import Features

MONDAY = date(2026, 3, 2)


def days(values: list[float | None]) -> pl.DataFrame:
    rows = [
        {"person": "p", "day": MONDAY + timedelta(days=n), "feature": "steps[sum]", "value": value, "unit": "{steps}",
         "coverage": 0.0 if value is None else 1.0, "missing": "not_worn" if value is None else ""}
        for n, value in enumerate(values)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=Features.dtypes())


def test_a_working_day_is_filled_from_working_days_and_a_weekend_from_weekends() -> None:
    # Monday to Sunday, twice: the second Wednesday and the second Saturday are missing.
    week = [10.0, 20.0, 30.0, 40.0, 50.0, 1.0, 2.0]
    found = imputed_days(days([*week, 10.0, 20.0, None, 40.0, 50.0, None, 2.0]))
    wednesday, saturday = found.row(9, named=True), found.row(12, named=True)
    assert (wednesday["value"], wednesday["imputed"], wednesday["from_days"], wednesday["missing"]) == (30.0, True, 9, "not_worn")
    assert (saturday["value"], saturday["imputed"], saturday["from_days"]) == (2.0, True, 3)
    assert wednesday["coverage"] == 0.0
    assert found["imputed"].sum() == 2


def test_too_few_days_leave_it_missing() -> None:
    found = imputed_days(days([10.0, 20.0, None]))
    assert found.row(2, named=True)["value"] is None
    assert not found["imputed"].any()
    with pytest.raises(SettingsError):
        imputed_days(days([1.0]), window_days=0)


def test_a_day_without_a_row_is_a_missing_day_too() -> None:
    whole = days([10.0, 20.0, 30.0, 40.0, 50.0, 1.0, 2.0])
    found = imputed_days(whole.filter(pl.col("day") != MONDAY + timedelta(days=2)))
    assert found.row(2, named=True) | {"person": "p"} == {
        "person": "p", "day": MONDAY + timedelta(days=2), "feature": "steps[sum]", "value": 30.0, "unit": "{steps}", "coverage": 0.0,
        "missing": "no_data", "imputed": True, "from_days": 4,
    }  # fmt: skip


@given(st.lists(st.none() | st.floats(0, 1e5), max_size=40), st.integers(1, 40), st.integers(1, 5))
def test_what_was_measured_is_never_touched(values: list[float | None], window: int, least: int) -> None:
    found = imputed_days(days(values), window, least)
    assert found.height == len(values)
    for measured, told, imputed in zip(values, found["value"], found["imputed"], strict=True):
        assert imputed == (measured is None and told is not None)
        if measured is not None:
            assert told == measured


def test_no_derivation_fills() -> None:
    """Only the command on request imports the module."""
    root = Path(heedful.__file__).parent
    users = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if "behavior.imputation" in path.read_text("utf-8")]
    assert users == ["cli/impute.py"]
