"""The derivation's numbers are AdhereR's for its window; windows, quarters and missing values are as stated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.adherence.continuous import run_cma
from heedful.behavior.adherence.dispensed import adherence
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Dispensings
from heedful.core.seals import seal


def _table(rows: list[tuple[str, str, dt.date, float | None]]) -> pl.DataFrame:
    data = pl.DataFrame(
        rows, schema={"person": pl.String, "drug": pl.String, "dispensed_on": pl.Date, "days_supplied": pl.Float64}, orient="row"
    )
    at = pl.datetime(2026, 1, 1, time_unit="us", time_zone="UTC")
    row = pl.int_range(pl.len()).over("person", "drug", "dispensed_on")
    return data.with_columns(drug_system=pl.lit("local"), day="dispensed_on", row=row, known_at=at)


def _adherence(rows: list[tuple[str, str, dt.date, float | None]]) -> pl.DataFrame:
    return adherence(seal(_table(rows), Consented[Care], Dispensings)).data


def test_windows_quarters_and_counts() -> None:
    day = dt.date
    rows = [("a", "x", day(2026, 1, 1), 30.0), ("a", "x", day(2026, 2, 10), 30.0), ("a", "y", day(2026, 4, 11), 10.0)]
    out = _adherence(rows).filter(pl.col("drug") == "x")
    whole = out.filter(pl.col("measure") == "CMA7").row(0, named=True)
    assert (whole["window_start"], whole["window_end"], whole["events"]) == (day(2026, 1, 1), day(2026, 4, 11), 2)
    assert whole["value"] == pytest.approx(60 / 100)
    assert out.filter(pl.col("measure") == "CMA1")["value"].item() == pytest.approx(30 / 40)
    quarters = out.filter(pl.col("measure") == "CMA7[quarter]")
    assert quarters["window_start"].to_list() == [day(2026, 1, 1), day(2026, 4, 1)]
    assert quarters["value"].to_list() == [pytest.approx(60 / 90), pytest.approx(0.0)]


def test_what_is_missing_says_why() -> None:
    once = _adherence([("a", "x", dt.date(2026, 1, 1), 30.0)])
    assert once["missing"].unique().to_list() == ["too_short"]
    unknown = _adherence([("a", "x", dt.date(2026, 1, 1), None), ("a", "x", dt.date(2026, 2, 1), 30.0)])
    assert set(unknown.filter(pl.col("measure") == "CMA7")["missing"]) == {"no_days_supplied"}
    assert _adherence([]).is_empty()


def test_real_events_as_the_case_says(shared_data: Path) -> None:
    """CMA7 of all drugs equals the method of the reference, which equals AdhereR, over the derivation's window."""
    raw = pl.read_csv(shared_data / "behavior" / "dispensing" / "med_events.csv.gz", infer_schema_length=None)
    raw = raw.rename({name: name.lower() for name in raw.columns})
    day = pl.col("date").str.to_date("%Y-%m-%d") if raw["date"][0][4] == "-" else pl.col("date").str.to_date("%m/%d/%Y")
    table = raw.select(
        person=pl.col("patient_id").cast(pl.String),
        drug=pl.col("category"),
        dispensed_on=day,
        days_supplied=pl.col("duration").cast(pl.Float64),
    )
    out = _adherence(table.rows()).filter((pl.col("drug") == "all") & (pl.col("measure") == "CMA7"))
    assert out.height == 100
    for row in out.head(10).iter_rows(named=True):
        mine = table.filter(pl.col("person") == row["person"])
        days = (row["window_end"] - row["window_start"]).days
        case = mine.select(patient_id="person", date="dispensed_on", duration_days="days_supplied", medication_class="drug")
        found = run_cma({"measure": "CMA7", "follow_up_window_duration": days, "observation_window_duration": days}, {"events": case})
        assert row["value"] == pytest.approx(found["adherence"][0], rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("xy"),
            st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31)),
            st.sampled_from([10.0, 30.0, None]),
        ),
        max_size=20,
    )
)
def test_a_person_stands_alone(rows: list[tuple[str, str, dt.date, float | None]]) -> None:
    both = _table(rows)
    whole = adherence(seal(both, Consented[Care], Dispensings)).data
    for person in "ab":
        alone = adherence(seal(both.filter(pl.col("person") == person).reverse(), Consented[Care], Dispensings)).data
        assert alone.equals(whole.filter(pl.col("person") == person))
    known = whole.filter(pl.col("value").is_not_null() & pl.col("measure").str.starts_with("CMA7"))
    assert known.filter(~pl.col("value").is_between(-1e-9, 1 + 1e-9)).is_empty()
    assert whole.select("person", "drug", "window_start", "measure").is_unique().all()
