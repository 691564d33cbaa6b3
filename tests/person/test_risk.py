from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from heedful.core.labels import Consented, Held
from heedful.core.schemas import INSTANT, Dispensings
from heedful.core.seals import seal
from heedful.person.risk import _refills, beta_binomial, medication_gap_risk

START = date(2026, 1, 1)


def _dispensings(person: str, offsets: list[int], supply: list[float] | float = 30.0, drug: str = "drug:sertraline") -> pl.DataFrame:
    n = len(offsets)
    days = [START + timedelta(days=offset) for offset in offsets]
    return pl.DataFrame(
        {"day": days, "dispensed_on": days, "days_supplied": supply if isinstance(supply, list) else [supply] * n, "row": list(range(n))},
        schema_overrides={"row": pl.Int32, "days_supplied": pl.Float64},
    ).with_columns(
        person=pl.lit(person), drug=pl.lit(drug), drug_system=pl.lit("local"),
        known_at=pl.lit("2026-06-01T00:00:00Z").str.to_datetime(time_unit="us", time_zone="UTC").cast(INSTANT),
    )  # fmt: skip


@pytest.mark.parametrize(("events", "trials"), [(0, 4), (1, 10), (5, 12), (3, 3)])
def test_the_interval_holds_ninety_per_cent_of_the_posterior(events: int, trials: int) -> None:
    mean, low, high = (float(value[0]) for value in beta_binomial([events], [trials]))
    density = beta(events + 0.5, trials - events + 0.5).pdf
    total = quad(lambda p: p * density(p), 0, 1, limit=200)[0]
    assert mean == pytest.approx(total, rel=1e-6)
    # One-sided where nothing, or everything, happened: the other 5 % tail then belongs to the interval.
    mass = quad(density, low, high, limit=200)[0]
    assert mass == pytest.approx(0.9 if 0 < events < trials else 0.95, abs=1e-6)


def test_no_history_gives_no_number() -> None:
    assert all(np.isnan(value[0]) for value in beta_binomial([0], [0]))


def test_a_late_refill_is_counted_and_supply_left_over_is_carried_forward() -> None:
    # Refills on days 0, 20 (10 left over: supply to 60), 62 (2 days late: no gap), 95 (supply to 92, 3 late: a gap).
    out = medication_gap_risk(seal(_dispensings("p", [0, 20, 62, 95]), Consented[Held], Dispensings)).data.row(0, named=True)
    assert out["why"] == "The supply of sertraline lasts until 6 May 2026; 1 of 3 earlier refills came 3 or more days late."
    assert out["probability"] == pytest.approx(1.5 / 4)
    assert out["low"] < out["probability"] < out["high"]
    # Supply runs out on day 125; stated 13 days before.
    assert out["day"] == START + timedelta(days=112)


def test_a_first_dispensing_has_no_probability_and_says_so() -> None:
    out = medication_gap_risk(seal(_dispensings("p", [0], 10.0), Consented[Held], Dispensings)).data.row(0, named=True)
    assert (out["probability"], out["low"], out["day"]) == (None, None, START)
    assert "no earlier refill" in out["why"]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), min_size=1, max_size=15))
def test_the_scan_equals_counting_day_by_day(events: list[tuple[int, int]]) -> None:
    by_day: dict[int, int] = {}
    for offset, supply in events:
        by_day[offset] = by_day.get(offset, 0) + supply
    end, late, trials = None, 0, 0
    for offset in sorted(by_day):
        if end is not None:
            trials += 1
            late += offset - end >= 3
        end = max(end if end is not None else offset, offset) + by_day[offset]
    row = _refills(_dispensings("p", [offset for offset, _ in events], [float(supply) for _, supply in events])).row(0, named=True)
    assert (row["trials"], row["late"], row["run_out"]) == (trials, late, START + timedelta(days=end or 0))


def test_a_persons_risk_does_not_depend_on_who_else_is_asked_about() -> None:
    one = _dispensings("p", [0, 35, 64])
    both = pl.concat([_dispensings("q", [3, 90], 14.0), one])
    alone = medication_gap_risk(seal(one, Consented[Held], Dispensings)).data
    assert medication_gap_risk(seal(both, Consented[Held], Dispensings)).data.filter(pl.col("person") == "p").equals(alone)
