"""Doses taken beside dispensings; initiation and persistence worked by hand."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from heedful.behavior.adherence.taken import doses_taken
from heedful.behavior.adherence.taxonomy import abc_taxonomy
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Dispensings, Records, Schema
from heedful.core.seals import seal

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


def _frame(schema: type[Schema], made: list[dict[str, Any]]) -> Any:
    names = made[0] if made else {}
    return (
        seal(
            schema.check(pl.DataFrame(made, schema={name: t for name, t in schema.dtypes().items() if name in names})),
            Consented[Care],
            schema,
        )
        if made
        else seal(schema.empty(), Consented[Care], schema)
    )


def _values(table: pl.DataFrame) -> dict[tuple[str, str], Any]:
    return {(row["drug"], row["measure"]): row["missing"] or row["value"] for row in table.iter_rows(named=True)}


def test_pill_box_and_report_stand_side_by_side(rows: SimpleNamespace) -> None:
    # Reported on seven days; the box saw the dose on five of them, nothing on day 2 (reported as taken), and a dose on day 4 (as not taken).
    taken = [rows.observed("dose_taken", START + dt.timedelta(days=n), 0, 1.0, device="box") for n in (0, 1, 3, 4, 7, 9)]
    told = [
        rows.observed("dose_taken", START + dt.timedelta(days=n), 0, float(n != 4), device="app", how="self_reported") for n in (0, 1, 2, 3, 4, 7, 9)
    ]  # fmt: skip
    found = _values(rows.derive(doses_taken, taken + told))
    assert found == {
        ("all", "taken[pillbox]"): pytest.approx(0.6), ("all", "taken[reported]"): pytest.approx(6 / 7), ("all", "taken[agreement]"): pytest.approx(5 / 7),
        ("all", "taken[calibrated]"): "too_short",
    }  # fmt: skip


def test_reports_are_calibrated_by_the_days_that_the_box_watched(rows: SimpleNamespace) -> None:
    # The box sees doses on days 0 to 19 but for every fifth; all days up to 39 are reported, every tenth as not taken.
    taken = [rows.observed("dose_taken", START + dt.timedelta(days=n), 0, 1.0, device="box") for n in range(20) if n % 5 or n in (0,)]
    told = [
        rows.observed("dose_taken", START + dt.timedelta(days=n), 0, float(n % 10 != 9), device="app", how="self_reported")
        for n in range(40)
    ]
    found = _values(rows.derive(doses_taken, taken + told))
    # Watched 20 days: 18 reported as taken (the box saw 15), 2 as not taken (it saw both).
    assert found[("all", "taken[calibrated]")] == pytest.approx(0.9 * 15.5 / 19 + 0.1 * 2.5 / 3)
    assert found[("all", "taken[reported]")] == pytest.approx(0.9)


def test_a_day_counts_once_and_drugs_are_kept_apart(rows: SimpleNamespace) -> None:
    made = [
        rows.observed("dose_taken", START + dt.timedelta(days=n, hours=k), 0, 1.0, device=f"box {k}") | {"value_code": drug}
        for n in range(8) for k, drug in ((0, "A"), (1, "A"), (2, "B"))
        if drug == "A" or n in (0, 7)
    ]  # fmt: skip
    found = _values(rows.derive(doses_taken, made))
    assert found == {("A", "taken[pillbox]"): 1.0, ("B", "taken[pillbox]"): 0.25, ("all", "taken[pillbox]"): 1.0}


def _dispensed(day: int, supply: float | None, drug: str = "A10BA02") -> dict[str, Any]:
    on = START.date() + dt.timedelta(days=day)
    return {
        "person": "ana", "drug": drug, "drug_system": "ATC", "day": on, "dispensed_on": on, "days_supplied": supply, "row": 0, "known_at": START,
    }  # fmt: skip


def test_initiation_and_persistence() -> None:
    record = {
        "person": "ana", "resource": "MedicationRequest/1", "type": "MedicationRequest", "day": START.date() - dt.timedelta(days=5), "code": "a10ba02",
        "known_at": START, "json": "{}",
    }  # fmt: skip
    # 30 days from day 0 and 20: supply lasts to day 60; the next comes on day 160, 100 days late
    supplies = [
        _dispensed(0, 30),
        _dispensed(20, 30),
        _dispensed(160, 30),
        _dispensed(0, 30, "B"),
        _dispensed(110, 30, "B"),
        _dispensed(0, None, "C"),
    ]
    found = _values(abc_taxonomy(_frame(Dispensings, supplies), _frame(Records, [record])).data)
    assert found == {
        ("A10BA02", "initiation[days]"): 5, ("A10BA02", "persistence[days_90]"): 60, ("A10BA02", "persistent[90]"): 0,
        ("B", "initiation[days]"): "no_prescription", ("B", "persistence[days_90]"): 110, ("B", "persistent[90]"): 1,
        ("C", "initiation[days]"): "no_prescription", ("C", "persistence[days_90]"): "no_days_supplied", ("C", "persistent[90]"): "no_days_supplied",
    }  # fmt: skip
