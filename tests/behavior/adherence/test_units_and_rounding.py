"""Options of the adherence cases beyond days and whole supplies, worked by the steps of AdhereR's public source (ddediu/AdhereR)."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.behavior.adherence.windows import after
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import METHODS

EVENTS = pl.DataFrame(
    {
        "patient_id": [1] * 5,
        "date": ["2026-01-31", "2026-02-10", "2026-03-20", "2026-06-10", "2026-08-01"],
        "duration_days": [30, 50, 30, 60, 30],
        "daily_dose": [4, 6, 5, 2, 4],
        "medication_class": ["a", "a", "b", "b", "b"],
    }
)
METHOD_NAMES = (
    "continuous_medication_availability", "continuous_medication_availability_by_group", "event_intervals_and_gaps", "treatment_episodes",
    "per_episode", "sliding_window",
)  # fmt: skip


def run(name: str, **arguments: Any) -> dict[str, Any]:
    method = METHODS.get(f"adherence.{name}").run
    assert method is not None
    return method({"follow_up_window_duration": 365, **arguments}, {"events": EVENTS})


@pytest.mark.parametrize(("measure", "expected"), [("CMA7", 0.747), ("CMA8", 0.7038759689922551), ("CMA9", 0.6355245901639344)])
def test_supplies_that_end_within_a_day(measure: str, expected: float) -> None:
    found = run(
        "continuous_medication_availability", measure=measure, consider_dosage_change=True, observation_window_start=45,
        observation_window_duration=200,
    )  # fmt: skip
    assert found["adherence"] == pytest.approx([expected], abs=1e-12)


def test_windows_are_whole_days_half_to_even() -> None:
    day = np.array([100.0])
    assert [float(after(day, amount, "days")[0]) for amount in (0.5, 1.5, 90.5)] == [100.0, 102.0, 190.0]
    assert float(after(day, 1.5, "weeks")[0]) == 110.0
    assert float(after(np.array([30.0]), 1.6, "months")[0]) == 89.0  # two months after 31 January 1970


def test_a_first_window_some_months_on_begins_on_the_calendars_day_and_so_many_windows_fill_the_rest() -> None:
    found = run(
        "sliding_window", measure="CMA7", observation_window_duration=200, sliding_window_start=1, sliding_window_start_unit="months",
        sliding_window_duration=60, sliding_window_no_steps=3,
    )  # fmt: skip
    assert found["window_start"] == ["2026-03-01", "2026-04-26", "2026-06-20"]
    assert found["window_end"] == ["2026-04-30", "2026-06-25", "2026-08-19"]
    assert found["adherence"] == pytest.approx([1.0, 2 / 3, 1.0])
    one = run("sliding_window", measure="CMA7", observation_window_duration=200, sliding_window_duration=60, sliding_window_no_steps=1)
    assert one["window_start"] == ["2026-01-31"]


def test_inside_an_episode_cma9_looks_as_far_as_the_unit_of_follow_up_says() -> None:
    asked = {
        "measure": "CMA9", "observation_window_duration": 300, "maximum_permissible_gap": 20, "consider_dosage_change": True,
        "dosage_change_means_new_treatment_episode": True,
    }  # fmt: skip
    by_years = run("per_episode", **asked, follow_up_window_duration=1, follow_up_window_duration_unit="years")
    by_days = run("per_episode", **asked)
    assert by_years["episode_duration_days"] == by_days["episode_duration_days"] == pytest.approx([108.4, 86.0])
    assert by_years["adherence"] == pytest.approx([0.8536585365853658, 0.6050798072138335])
    assert by_days["adherence"] == pytest.approx([1.0, 1.0])


def test_a_group_may_begin_with_its_own_first_event() -> None:
    asked = {"measure": "CMA7", "medication_groups": {"B": "medication_class == 'b'"}, "observation_window_duration": 100}
    whole = run("continuous_medication_availability_by_group", **asked)
    own = run("continuous_medication_availability_by_group", **asked, follow_up_window_start_per_medication_group=True)
    assert whole["adherence"][0] == pytest.approx(0.3)  # 30 of the 100 days from 31 January on
    assert own["adherence"][0] == pytest.approx(0.48)  # 30 and then 18 of the 100 days from 20 March on


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_an_argument_that_a_method_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="does not know wisdom"):
        run(name, wisdom=1)


@pytest.mark.parametrize(
    "wrong",
    [{"sliding_window_start": -1}, {"sliding_window_step_duration": 0}, {"sliding_window_no_steps": 0}, {"sliding_window_duration": 0}],
)
def test_sliding_windows_that_are_none(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="Sliding windows need"):
        run("sliding_window", measure="CMA1", observation_window_duration=100, **wrong)


def test_groups_come_flat_only() -> None:
    with pytest.raises(SettingsError, match="flat"):
        run("continuous_medication_availability_by_group", measure="CMA1", medication_groups={}, flatten_medication_groups=False)


@pytest.mark.parametrize(
    ("change", "says"), [({"date": ["04/26/2033"] * 5}, "dates as 2026-03-01"), ({"duration_days": None}, "lack duration_days")]
)
def test_events_that_cannot_be_read(change: dict[str, list[str] | None], says: str) -> None:
    name, values = next(iter(change.items()))
    table = EVENTS.drop(name) if values is None else EVENTS.with_columns(pl.Series(name, values))
    method = METHODS.get("adherence.continuous_medication_availability").run
    assert method is not None
    with pytest.raises(SchemaError, match=says):
        method({"measure": "CMA1"}, {"events": table})
