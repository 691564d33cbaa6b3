"""Questionnaires as features of the day; item 9 is found however the form is spelled."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from heedful.behavior.questionnaires import daily_answers, thoughts_of_harm
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Answers
from heedful.core.seals import seal

DAY = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


def _answer(instrument: str, item: str, value: float | None, hour: int = 0, **more: Any) -> dict[str, Any]:
    at = DAY + dt.timedelta(hours=hour)
    return {
        "person": "ana", "instrument": instrument, "item": item, "day": at.date(), "asked_at": at, "answered_at": None, "value": value,
        "value_text": None, "known_at": at,
    } | more  # fmt: skip


def _table(made: list[dict[str, Any]]) -> pl.DataFrame:
    return Answers.check(pl.DataFrame(made, schema={name: dtype for name, dtype in Answers.dtypes().items() if name in made[0]}))


def _derived(made: list[dict[str, Any]]) -> dict[str, tuple[float | None, str, float]]:
    out = daily_answers(seal(_table(made), Consented[Care], Answers)).data
    return {row["feature"]: (row["value"], row["missing"], row["coverage"]) for row in out.iter_rows(named=True)}


def test_scores_by_their_keys() -> None:
    made = [_answer("PHQ-9", f"phq9_{n}", 1) for n in range(1, 10)] + [_answer("gad7", f"item_{n}", 2) for n in range(1, 8)]
    made += [_answer("WHO5", f"q{n}", 3) for n in range(1, 6)] + [_answer("audit-c", f"audit_c_{n}", 4) for n in range(1, 4)]
    found = _derived(made)
    assert {name: value for name, (value, _, _) in found.items()} == {
        "phq9[total]": 9, "phq9[item_9]": 1, "gad7[total]": 14, "who5[percent]": 60, "audit_c[total]": 12,
    }  # fmt: skip


def test_the_last_of_a_day_counts_and_nothing_is_imputed() -> None:
    first = [_answer("gad7", f"gad7_{n}", 3) for n in range(1, 8)]
    second = [_answer("gad7#2", f"gad7_{n}", 1, hour=3) for n in range(1, 7)]
    assert _derived(first + second)["gad7[total]"] == (None, "no_data", 6 / 7)
    assert _derived([*first, *second, _answer("gad7#2", "gad7_7", 1, hour=3)])["gad7[total]"] == (7, "", 1)


def test_psqi_with_clock_times() -> None:
    zeros = [*(f"q5{letter}" for letter in "abcdefghi"), "q6_quality", "q7_medication", "q8_awake", "q9_enthusiasm"]
    made = [_answer("psqi", f"psqi_{name}", 0) for name in zeros] + [
        _answer("psqi", "hours_slept", 8),
        _answer("psqi", "latency_minutes", 5),
    ]
    made += [_answer("psqi", name, None, value_text=at) for name, at in (("bedtime", "22:30"), ("risetime", "07:00"))]
    assert _derived(made)["psqi[global]"] == (0, "", 1)


def test_momentary_answers_are_means_of_the_day() -> None:
    made = [_answer("mood", "calm", value, hour=n) for n, value in enumerate((1, 3, None))] + [_answer("intake", "weight", 70)]
    assert _derived(made) == {"ema[mood.calm]": (2, "", 2 / 3)}


def test_item_nine_is_for_a_human() -> None:
    made = [_answer("phq-9#2", "phq9_9", 2, hour=5), _answer("PHQ9", "item_9", 1), _answer("phq9", "item_8", 3, hour=9)]
    found = thoughts_of_harm(_table(made))
    assert found.select("person", pl.coalesce("answered_at", "asked_at").max()).unique().rows() == [("ana", DAY + dt.timedelta(hours=5))]
    assert thoughts_of_harm(_table([_answer("phq9", "item_9", 0)])).is_empty()
