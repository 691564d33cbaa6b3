"""Progress towards a goal: by SciPy's own beta laws, on known days only, and whether it is told for goals of the record."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from heedful.core.labels import Consented, Held
from heedful.core.schemas import Features, Plans
from heedful.core.seals import seal
from heedful.person.progress import goal_progress, probability_higher

HELD = Consented[Held]
GOAL = pl.DataFrame({
    "person": ["p"], "item": ["steps"], "kind": ["goal"], "title": ["Walk"], "target": [6000.0], "unit": ["{steps}"], "measure": ["steps[sum]"],
    "comparator": ["at_least"], "from_day": [date(2026, 3, 1)], "reason": ["r"],
})  # fmt: skip


def progress(features: pl.DataFrame, goals: pl.DataFrame = GOAL) -> pl.DataFrame:
    return goal_progress(seal(features, HELD, Features), seal(goals, HELD, Plans)).data


def test_met_days_their_interval_and_the_days_before(rows: SimpleNamespace) -> None:
    values: list[float | None] = [1000.0] * 14 + [7000.0] * 11 + [None] + [5000.0] * 3 + [99_999.0]
    row = progress(rows.features("p", "steps[sum]", "{steps}", values)).row(0, named=True)
    # The newest day may not be over, the unknown one is no day: 14 known days are the 3 low and 11 high ones.
    assert (row["met"], row["days"], row["earlier_met"], row["earlier_days"]) == (11, 14, 0, 14)
    assert row["day"] == date(2026, 3, 1) + timedelta(days=28)
    law = beta(11.5, 3.5)
    assert (row["share"], row["low"], row["high"]) == pytest.approx((law.mean(), law.ppf(0.05), law.ppf(0.95)))
    assert row["better"] > 0.999
    assert row["sentence"] == "Met on 11 of the last 14 known days (a share between 57 and 92 %); before, on 0 of 14: more often now."


def test_a_goal_to_stay_below_counts_the_other_side(rows: SimpleNamespace) -> None:
    goal = GOAL.with_columns(comparator=pl.lit("at_most"))
    assert progress(rows.features("p", "steps[sum]", "{steps}", [5000.0] * 8), goal)["met"].item() == 7


def test_few_days_or_no_measure_give_no_progress(rows: SimpleNamespace) -> None:
    assert progress(rows.features("p", "steps[sum]", "{steps}", [7000.0] * 5)).is_empty()
    unmeasured = GOAL.with_columns(measure=pl.lit(None, pl.String))
    assert progress(rows.features("p", "steps[sum]", "{steps}", [7000.0] * 20), unmeasured).is_empty()


@given(st.tuples(*[st.integers(0, 14)] * 4))
def test_the_comparison_of_two_shares_is_the_double_integral(counts: tuple[int, int, int, int]) -> None:
    k, n, before, m = counts[0], max(counts[:2]), counts[2], max(counts[2:])
    a, b, c, d = k + 0.5, n - k + 0.5, before + 0.5, m - before + 0.5
    whole = quad(lambda q: beta(c, d).cdf(beta(a, b).ppf(q)), 0, 1, limit=200)[0]
    found = probability_higher(*(np.array([value]) for value in (a, b, c, d)))[0]
    assert found == pytest.approx(whole, abs=2e-3)
