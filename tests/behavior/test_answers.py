"""Questionnaires equal vectors worked from the published keys; what is not answered is not scored."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.answers import gad7, phq9, psqi, run_score, who5
from heedful.core.errors import SettingsError


@pytest.mark.parametrize("name", ["phq9", "gad7", "who5", "audit_c", "psqi"])
def test_equals_the_published_key(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"questionnaire_{name}")


def test_a_missing_or_impossible_answer_is_not_scored() -> None:
    answers = {f"item_{n}": [1, 1, 1] for n in range(1, 10)} | {"item_3": [1, None, 7], "item_9": [0, 2, None]}
    out = phq9(pl.DataFrame(answers))
    assert out["total"].to_list() == [8, None, None]
    assert out["severity"].to_list() == ["mild", None, None]
    assert out["item9_positive"].to_list() == [False, True, None]
    with pytest.raises(SettingsError, match="PHQ-9, GAD-7"):
        run_score({"instrument": "BDI"}, {})


def test_psqi_at_its_bounds() -> None:
    row = dict.fromkeys([f"q5{letter}" for letter in "abcdefghi"] + ["q6_quality", "q7_medication", "q8_awake", "q9_enthusiasm"], 0)
    for hours, latency, wanted in ((7.01, 15, (0, 0)), (7.0, 16, (1, 1)), (6.0, 30, (1, 1)), (5.99, 31, (2, 1)), (4.99, 61, (3, 2))):
        one = pl.DataFrame([row | {"q5j": None, "bedtime": "22:00", "risetime": "06:00", "hours_slept": hours, "latency_minutes": latency}])
        assert psqi(one).select("duration", "latency").row(0) == wanted
        assert psqi(one)["disturbance"].item() == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_gad7_severity_rises_with_the_total(items: list[int]) -> None:
    out = gad7(pl.DataFrame({f"item_{n}": [value] for n, value in enumerate(items, 1)})).row(0)
    assert out == (sum(items), ["minimal", "mild", "moderate", "severe"][min(sum(items) // 5, 3)])


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=5, max_size=5))
def test_who5_in_percent(items: list[int]) -> None:
    raw, percent, low = who5(pl.DataFrame({f"item_{n}": [value] for n, value in enumerate(items, 1)})).row(0)
    assert (percent, low) == (raw * 4, sum(items) * 4 <= 50)


def test_an_argument_that_the_score_does_not_have_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not know version"):
        run_score({"instrument": "PHQ-9", "version": 2}, {"responses": pl.DataFrame({f"item_{n}": [1] for n in range(1, 10)})})


def test_times_of_day_may_have_seconds() -> None:
    answers = {f"q5{letter}": [0] for letter in "abcdefghij"} | {
        "q6_quality": [0],
        "q7_medication": [0],
        "q8_awake": [0],
        "q9_enthusiasm": [0],
    }
    whole = pl.DataFrame({"bedtime": ["23:00:00"], "risetime": ["07:00"], "latency_minutes": [10], "hours_slept": [6.0], **answers})
    assert psqi(whole)["sleep_efficiency_percent"].to_list() == [75.0]
