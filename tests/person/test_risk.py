from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.labels import Consented, Held
from heedful.core.schemas import INSTANT, Dispensings
from heedful.core.seals import seal
from heedful.person.risk import _drugs, medication_gap_risk

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


def test_a_late_refill_is_counted_and_supply_left_over_is_carried_forward() -> None:
    # Refills on days 0, 20 (10 left over: supply to 60), 62 (2 days late: no gap), 95 (supply to 92, 3 late: a gap).
    out = medication_gap_risk(seal(_dispensings("p", [0, 20, 62, 95]), Consented[Held], Dispensings)).data.row(0, named=True)
    assert out["why"] == "The supply of sertraline lasts until 6 May 2026; 1 of 3 earlier refills came 3 or more days late."
    # By hand: lateness -10, 2, 3 with weights .81, .9, 1; 13 days before the end only the refills later than -13 are still open: all three.
    # Prior: 4 refills, six of ten of them late, the others alike on the 17 days -14 .. 2, of which 15 are later than -13.
    assert out["probability"] == pytest.approx((2.4 + 1) / (4 * (0.6 + 0.4 * 15 / 17) + 2.71))
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
    row = _drugs(_dispensings("p", [offset for offset, _ in events], [float(supply) for _, supply in events])).row(0, named=True)
    assert (row["trials"], row["late"], row["run_out"]) == (trials, late, START + timedelta(days=end or 0))


def test_a_persons_risk_does_not_depend_on_who_else_is_asked_about() -> None:
    one = _dispensings("p", [0, 35, 64])
    both = pl.concat([_dispensings("q", [3, 90], 14.0), one])
    alone = medication_gap_risk(seal(one, Consented[Held], Dispensings)).data
    assert medication_gap_risk(seal(both, Consented[Held], Dispensings)).data.filter(pl.col("person") == "p").equals(alone)
