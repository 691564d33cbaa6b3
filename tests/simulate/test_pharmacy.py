from __future__ import annotations

from datetime import timedelta

import polars as pl

from heedful.simulate.pharmacy import dispensing, doses, missed_doses
from heedful.simulate.town import build


def test_poor_refillers_run_out_and_good_ones_hardly_do() -> None:
    town = build(7)
    events = dispensing(town).sort("PATIENT_ID", "DATE")
    wait = events.with_columns(days=(pl.col("DATE") - pl.col("DATE").shift(1).over("PATIENT_ID")).dt.total_days())
    late = wait.filter(pl.col("days").is_not_null()).group_by("PATIENT_ID").agg((pl.col("days") >= 33).mean().alias("late"))
    poor = set(town.people.filter(pl.col("poor_refills"))["person"])
    assert late.filter(pl.col("PATIENT_ID").is_in(list(poor)))["late"].min() > 0.7
    assert late.filter(pl.col("PATIENT_ID").is_in(list(poor)).not_())["late"].max() == 0
    assert set(events["PATIENT_ID"]) == set(town.people.filter(pl.col("drug").is_not_null())["person"])


def test_a_missed_dose_is_a_day_without_a_dose() -> None:
    town = build(7)
    missed = missed_doses(town)
    taken = doses(town, missed)
    for person, days in missed.items():
        seen = set(taken.filter(pl.col("person") == person)["wall"].dt.date())
        assert seen | set(days) == {town.size.first_day + timedelta(days=n) for n in range(town.size.days)}
        assert not seen & set(days)
