"""Hospital stays: days taken out of the calendar, worked by hand, beside a plain twin that counts day by day."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.adherence.dispensed import adherence
from heedful.behavior.adherence.stays import OUTSIDE, adherence_outside_stays
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Dispensings, Records, Schema
from heedful.core.seals import seal

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


def _frame(schema: type[Schema], rows: list[dict[str, Any]]) -> Any:
    names = rows[0] if rows else {}
    made = pl.DataFrame(rows, schema={name: kind for name, kind in schema.dtypes().items() if name in names}) if rows else schema.empty()
    return seal(schema.check(made), Consented[Care], schema)


def dispensed(day: int, supply: int, drug: str = "A", person: str = "ana") -> dict[str, Any]:
    on = START.date() + dt.timedelta(days=day)
    return {
        "person": person, "drug": drug, "drug_system": "local", "day": on, "dispensed_on": on, "days_supplied": float(supply), "row": day,
        "known_at": START,
    }  # fmt: skip


def stay(begin: int, end: int, kind: str = "IMP", person: str = "ana") -> dict[str, Any]:
    at = START + dt.timedelta(days=begin)
    return {
        "person": person, "resource": f"Encounter/{begin}-{end}-{kind}", "type": "Encounter", "day": at.date(), "happened_at": at,
        "ended_at": START + dt.timedelta(days=end), "known_at": START, "json": json.dumps({"class": {"code": kind}}),
    }  # fmt: skip


def outside(supplies: list[dict[str, Any]], stays: list[dict[str, Any]]) -> dict[str, float | None]:
    found = adherence_outside_stays(_frame(Dispensings, supplies), _frame(Records, stays)).data
    assert set(found["measure"]) <= {OUTSIDE}
    return dict(found.select("drug", "value").rows())


def test_what_lies_at_home_lasts_through_a_stay() -> None:
    supplies = [dispensed(0, 30), dispensed(40, 30), dispensed(80, 30)]
    plain = adherence(_frame(Dispensings, supplies)).data.filter((pl.col("measure") == "CMA7") & (pl.col("drug") == "A"))
    assert plain["value"].to_list() == [pytest.approx(60 / 80)]
    # ten days away before the first refill: 60 of 70 days at home
    assert outside(supplies, [stay(10, 20)])["A"] == pytest.approx(60 / 70)
    # overlapping stays count once; the last day is spent at home
    assert outside(supplies, [stay(10, 20), stay(15, 20), stay(70, 80)])["A"] == pytest.approx(60 / 60)


def test_no_stay_another_kind_another_person_or_none_in_the_window_gives_no_row() -> None:
    supplies = [dispensed(0, 30), dispensed(40, 30)]
    for stays in ([], [stay(5, 9, "AMB")], [stay(5, 9, person="bo")], [stay(60, 70)], [stay(5, 5)], [stay(-900, 20)]):
        assert outside(supplies, stays) == {}


def test_the_window_is_told_as_the_calendar_has_it() -> None:
    found = adherence_outside_stays(_frame(Dispensings, [dispensed(0, 30), dispensed(40, 30)]), _frame(Records, [stay(10, 20)])).data
    assert set(found["window_end"] - found["window_start"]) == {dt.timedelta(days=40)}
    assert set(found["events"]) == {2}


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40)), min_size=2, max_size=6, unique_by=lambda each: each[0]),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), min_size=1, max_size=3),
)
def test_it_is_cma7_of_the_days_at_home(supplies: list[tuple[int, int]], stays: list[tuple[int, int]]) -> None:
    away = {day for begin, length in stays for day in range(begin, begin + length)}
    first, last = min(day for day, _ in supplies), max(day for day, _ in supplies)
    left = covered = 0
    home = [day for day in range(first, last) if day not in away]
    given_on = {}
    for day, supply in supplies:  # a dispensing in a stay counts from its end
        at = next(each for each in range(day, 400) if each not in away)
        given_on[at] = given_on.get(at, 0) + supply
    for day in home:
        left += given_on.get(day, 0)
        covered += left > 0
        left = max(left - 1, 0)
    found = outside([dispensed(*each) for each in supplies], [stay(begin, begin + length) for begin, length in stays])
    if len(home) == last - first:
        assert found == {}
    elif home:
        assert found["A"] == pytest.approx(covered / len(home))
