"""Sources that fell silent, against a slow reading of the rule day by day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.silence import LEAST_DAYS, LEAST_SILENCE, RARE, source_states

TODAY = date(2026, 3, 1)


def rows(values: dict[int, float], code: str = "steps") -> pl.DataFrame:
    """One source; `values` by days before `TODAY`."""
    return pl.DataFrame(
        {
            "person": ["p"] * len(values),
            "device": ["Watch"] * len(values),
            "code": [code] * len(values),
            "day": [TODAY - timedelta(days=back) for back in values],
            "value": list(values.values()),
        },
        schema={"person": pl.String, "device": pl.String, "code": pl.String, "day": pl.Date, "value": pl.Float64},
    )


def state(values: dict[int, float], code: str = "steps") -> str:
    return str(source_states(rows(values, code), TODAY)["state"].item())


def slow(values: dict[int, float]) -> str:
    days = sorted(values, reverse=True)
    if len(days) < LEAST_DAYS:
        return "too few days"
    gaps = sorted(earlier - later for earlier, later in pairwise(days))
    usual = gaps[-(-95 * (len(gaps) - 1) // 100)]
    if days[-1] > LEAST_SILENCE and days[-1] > 2 * usual:
        return "stopped"
    run = 0
    while run < len(days) and values[days[-1 - run]] == 0:
        run += 1
    before = days[: len(days) - run]
    share = (sum(values[day] == 0 for day in before) + 1) / (len(before) + 2)
    return "only zeros" if len(before) >= LEAST_DAYS and share**run < RARE else "delivering"


@given(st.dictionaries(st.integers(0, 100), st.sampled_from([0.0, 0.0, 900.0]), min_size=1, max_size=60))
def test_state_equals_the_rule_read_day_by_day(values: dict[int, float]) -> None:
    assert state(values) == slow(values)


def test_weekly_scale_is_not_silent_after_eight_days_but_is_after_fifteen() -> None:
    assert state({8 + 7 * week: 80.0 for week in range(10)}, "body_weight") == "delivering"
    assert state({15 + 7 * week: 80.0 for week in range(10)}, "body_weight") == "stopped"


def test_zeros_after_walking_days_are_said() -> None:
    assert state({back: 0.0 if back < 4 else 5000.0 for back in range(40)}) == "only zeros"
    assert state({back: 0.0 if back < 1 else 5000.0 for back in range(40)}) == "delivering"
    assert state({back: 0.0 if back % 2 else 5000.0 for back in range(40)}) == "delivering"


def test_later_days_are_not_looked_at() -> None:
    seen = rows(dict.fromkeys(range(30), 5000.0))
    assert source_states(seen, TODAY - timedelta(days=10))["last_day"].item() == TODAY - timedelta(days=10)


def test_sentence_names_source_days_and_date() -> None:
    told = source_states(rows(dict.fromkeys(range(12, 40), 5000.0)), TODAY)["sentence"].item()
    assert told == "steps of Watch: nothing for 12 days, last on 2026-02-17; its 28 days with data are usually at most 1 day apart."
