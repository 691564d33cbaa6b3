"""Supplies whose days only a prescription tells: worked by hand, units that do not go together, and what AdhereR's measure says of them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.adherence.dispensed import adherence
from heedful.behavior.adherence.prescribed import adherence_prescribed, prescribed_doses
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Dispensings, Records, Schema
from heedful.core.seals import seal

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


def _frame(schema: type[Schema], rows: list[dict[str, Any]]) -> Any:
    names = {name for row in rows for name in row}
    made = pl.DataFrame(rows, schema={name: kind for name, kind in schema.dtypes().items() if name in names}) if rows else schema.empty()
    return seal(schema.check(made), Consented[Care], schema)


def package(day: int, quantity: float, **more: Any) -> dict[str, Any]:
    on = START.date() + dt.timedelta(days=day)
    return {
        "person": "ana", "drug": "N06AB06", "drug_system": "ATC", "day": on, "dispensed_on": on, "quantity": quantity, "row": day,
        "known_at": START,
    } | more  # fmt: skip


def prescription(day: int, dose: float = 1.0, times: int = 1, unit: str = "tablet", **more: Any) -> dict[str, Any]:
    at = START + dt.timedelta(days=day)
    step = {
        "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": {"value": dose, "unit": unit}}],
    }
    return {
        "person": "ana", "resource": f"MedicationRequest/{day}", "type": "MedicationRequest", "day": at.date(), "happened_at": at,
        "code": "n06ab06", "display": "Sertraline", "status": "active", "known_at": START, "json": json.dumps({"dosageInstruction": [step]}),
    } | more  # fmt: skip


def told(packages: list[dict[str, Any]], prescriptions: list[dict[str, Any]]) -> dict[tuple[str, str], float | None]:
    found = adherence_prescribed(_frame(Dispensings, packages), _frame(Records, prescriptions)).data
    return {(drug, measure): value for drug, measure, value in found.select("drug", "measure", "value").rows()}


def test_days_are_quantity_over_the_newest_dose_before() -> None:
    # 30 tablets at one a day, then 30 at two a day: 30 + 15 days of supply over the 40 days to the last dispensing.
    found = told([package(0, 30), package(20, 30), package(40, 30)], [prescription(-5), prescription(10, times=2), prescription(90)])
    assert found["N06AB06", "CMA1[prescribed_dose]"] == pytest.approx(45 / 40)
    assert found["N06AB06", "CMA7[prescribed_dose]"] == 1.0
    assert found["all", "CMA1[prescribed_dose]"] == pytest.approx(45 / 40)


def test_what_is_stated_comes_first_and_stands_alone() -> None:
    stated = [package(0, 30, days_supplied=10.0), package(20, 30, daily_dose=1.0)]
    assert told(stated, [prescription(-5)]) == {}
    mixed = told([package(0, 30, days_supplied=10.0), package(20, 20), package(40, 30)], [prescription(-5)])
    assert mixed["N06AB06", "CMA1[prescribed_dose]"] == pytest.approx((10 + 20) / 40)


@pytest.mark.parametrize(
    ("supply", "order"),
    [
        (package(0, 30), prescription(-5, unit="mg", dose=50)),  # so many tablets are no milligrams
        (package(0, 30, dose_unit="mg"), prescription(-5)),
        (package(0, 30), prescription(5)),  # prescribed later
        (package(0, 30), prescription(-5, status="cancelled")),
        (package(0, 30), prescription(-5) | {"code": "A10BA02", "display": "Metformin"}),
        (package(0, 30), prescription(-5) | {"json": "{}"}),
    ],
)
def test_what_does_not_go_together_tells_nothing(supply: dict[str, Any], order: dict[str, Any]) -> None:
    assert told([supply, package(30, 30, days_supplied=30.0)], [order]) == {}


def test_an_instruction_of_two_steps_as_needed_or_of_a_range_tells_no_dose() -> None:
    step = json.loads(prescription(0)["json"])["dosageInstruction"][0]
    twice = {"timing": {"repeat": step["timing"]["repeat"] | {"frequencyMax": 2}}}
    loose = {"asNeededBoolean": True}, {"asNeededCodeableConcept": {"text": "pain"}}, twice
    both = [
        prescription(0) | {"json": json.dumps({"dosageInstruction": steps})} for steps in ([step, step], *([step | one] for one in loose))
    ]
    assert prescribed_doses(_frame(Records, both).data).is_empty()
    weekly = step | {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}}
    found = prescribed_doses(_frame(Records, [prescription(0) | {"json": json.dumps({"dosageInstruction": [weekly]})}]).data)
    assert found.select("drug", "dose", "dose_in").rows() == [("n06ab06", 1 / 7, "tablet"), ("sertraline", 1 / 7, "tablet")]


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), min_size=2, max_size=12, unique_by=lambda one: one[0]))
def test_it_is_the_same_as_if_the_days_had_been_stated(packages: list[tuple[int, int]]) -> None:
    found = told([package(day, quantity) for day, quantity in packages], [prescription(-1, times=2)])
    stated = [package(day, quantity, days_supplied=quantity / 2) for day, quantity in packages]
    plain = adherence(_frame(Dispensings, stated)).data.filter(pl.col("measure").is_in(["CMA1", "CMA7"]))
    assert found == {
        (drug, f"{measure}[prescribed_dose]"): value for drug, measure, value in plain.select("drug", "measure", "value").rows()
    }
