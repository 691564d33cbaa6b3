"""A change by a unit's factor is found, whatever the person; what people's bodies do is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.unit_jumps import unit_jumps

START = datetime(2025, 1, 1, 8, tzinfo=UTC)


def rows(values: list[float], code: str = "body_weight", person: str = "p", step: int = 1) -> pl.DataFrame:
    at = [START + timedelta(days=step * n) for n in range(len(values))]
    made = pl.DataFrame({"person": person, "code": code, "start_at": at, "device": "scale", "value": values})
    return made.with_columns(pl.col("start_at").cast(pl.Datetime("us", "UTC")), day=pl.col("start_at").dt.date())


@settings(deadline=None)
@given(weight=st.floats(35, 150), noise=st.lists(st.floats(0.97, 1.03), min_size=6, max_size=30), place=st.integers(3, 5))
def test_one_weighing_in_pounds_among_kilograms(weight: float, noise: list[float], place: int) -> None:
    values = [weight * one for one in noise]
    assert unit_jumps(rows(values)).is_empty()
    values[place] *= 2.20462
    found = unit_jumps(rows(values))
    assert found["value"].to_list() == [values[place]]
    assert found["says"][0].endswith("written in pounds?")


def test_a_whole_file_in_pounds_and_the_way_back() -> None:
    values = [70.0] * 20 + [154.3] * 5 + [70.5]
    found = unit_jumps(rows(values))
    assert found["value"].to_list() == [154.3] * 5
    back = unit_jumps(rows([154.3] * 5 + [70.0]))
    assert back["says"].to_list() == ["0.45 times what the 180 days before say: were those written in pounds?"]


def test_years_between_two_weighings_say_nothing() -> None:
    assert unit_jumps(rows([31.0, 68.0], step=400)).is_empty()


@pytest.mark.parametrize(("code", "usual", "odd", "name"), [("body_height", 178.0, 70.1, "inches"), ("glucose", 100.0, 5.6, "mmol/L")])
def test_other_units(code: str, usual: float, odd: float, name: str) -> None:
    assert name in unit_jumps(rows([usual] * 3 + [odd], code))["says"][0]


def test_people_are_not_mixed() -> None:
    both = pl.concat([rows([70.0, 70.0], person="a"), rows([154.0, 154.0], person="b")])
    assert unit_jumps(both).is_empty()
    assert unit_jumps(both.head(0)).is_empty()
