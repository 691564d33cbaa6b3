from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from heedful.core.labels import Consented, Held
from heedful.core.schemas import Adherence, Features
from heedful.core.seals import seal
from heedful.person.goals import percentile_goal
from heedful.person.plan import plan, step_goals

HELD = Consented[Held]
STEPS: list[float | None] = [3767, 10254, 3126, 5676, 11880, 4193, None, 4132, 4836, 5853, 9556, 1.0]


def _plan(features: pl.DataFrame, adherence: pl.DataFrame | None = None) -> pl.DataFrame:
    return plan(seal(features, HELD, Features), seal(adherence if adherence is not None else Adherence.empty(), HELD, Adherence)).data


def test_the_step_goal_is_the_percentile_of_the_last_nine_valid_days_before_the_newest(rows: SimpleNamespace) -> None:
    row = _plan(rows.features("p", "steps[sum]", "{steps}", STEPS)).row(0, named=True)
    valid = [value for value in STEPS[:-1] if value is not None]
    assert row["target"] == round(percentile_goal([*valid[-9:], 0.0])[-1])
    assert row["from_day"] == date(2026, 3, 1) + timedelta(days=len(STEPS) - 1)
    assert row["title"] == f"Walk {row['target']:,.0f} steps a day"
    assert row["evidence"]


def test_the_goal_of_a_past_day_is_what_the_plan_said_then(rows: SimpleNamespace) -> None:
    steps = [float(4000 + 137 * (n * n % 29)) if n % 7 else None for n in range(40)]
    features = rows.features("p", "steps[sum]", "{steps}", steps)
    goals = dict(step_goals(features).rows())
    for day in features["day"]:
        said = _plan(features.filter(pl.col("day") <= day)).filter(pl.col("item") == "steps")["target"].to_list()
        assert said == ([goals[day]] if day in goals else [])
    assert len(goals) > 25


def test_eight_valid_days_give_no_step_goal(rows: SimpleNamespace) -> None:
    assert _plan(rows.features("p", "steps[sum]", "{steps}", [5000.0] * 8 + [None, 5000.0])).is_empty()


@pytest.mark.parametrize(("cma7", "wanted"), [(0.79, 1), (0.8, 0), (None, 0)])
def test_medicine_comes_up_below_eighty_per_cent_only(cma7: float | None, wanted: int, rows: SimpleNamespace) -> None:
    assert _plan(Features.empty(), rows.adherence("p", "drug:sertraline", cma7)).height == wanted


def test_only_the_newest_window_of_a_drug_counts(rows: SimpleNamespace) -> None:
    old = rows.adherence("p", "drug:sertraline", 0.3)
    new = rows.adherence("p", "drug:sertraline", 0.95, date(2026, 2, 1), date(2026, 4, 1))
    assert _plan(Features.empty(), pl.concat([old, new])).is_empty()


@pytest.mark.parametrize(
    ("onsets", "wanted"),
    [
        ([1430.0, 10.0] * 7, 0),  # ten to midnight and ten past: regular, although the numbers are far apart
        ([1320.0, 60.0] * 7, 1),  # ten in the evening and one at night
        ([1320.0, 60.0] * 3, 0),  # six nights are too few
    ],
)
def test_bedtimes_are_compared_around_the_clock(onsets: list[float], wanted: int, rows: SimpleNamespace) -> None:
    assert _plan(rows.features("p", "sleep_onset", "min", list(onsets))).height == wanted


def test_a_persons_plan_does_not_depend_on_who_else_has_one(rows: SimpleNamespace) -> None:
    mine = rows.features("p", "steps[sum]", "{steps}", STEPS)
    onsets = rows.features("p", "sleep_onset", "min", [1320.0, 60.0] * 7)
    others = rows.features("q", "steps[sum]", "{steps}", [float(n) for n in range(40)])
    alone = _plan(pl.concat([mine, onsets]), rows.adherence("p", "all", 0.5))
    assert alone["item"].to_list() == ["adherence: all", "sleep_regularity", "steps"]
    together = _plan(pl.concat([others, onsets, mine]), pl.concat([rows.adherence("q", "all", 0.2), rows.adherence("p", "all", 0.5)]))
    assert together.filter(pl.col("person") == "p").equals(alone)
