"""Compliance with prompts: answered over asked, and silence where a source hides what was not answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from heedful.behavior.ema_compliance import ema_compliance
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Answers
from heedful.core.seals import seal

DAY = dt.date(2026, 3, 2)


def prompt(
    hour: int, value: float | None, *, form: str = "mood", item: str = "calm", day: dt.date = DAY, later: int | None = 0
) -> dict[str, Any]:
    at = dt.datetime.combine(day, dt.time(hour), dt.UTC)
    done = None if value is None or later is None else at + dt.timedelta(minutes=later)
    return {
        "person": "ana", "instrument": form, "item": item, "day": day, "asked_at": at, "answered_at": done, "value": value, "known_at": at,
    }  # fmt: skip


def derived(rows: list[dict[str, Any]], day: dt.date = DAY) -> dict[str, float]:
    table = Answers.check(pl.DataFrame(rows, schema={name: kind for name, kind in Answers.dtypes().items() if name in rows[0]}))
    found = ema_compliance(seal(table, Consented[Care], Answers)).data.filter(pl.col("day") == day)
    return dict(found.select("feature", "value").rows())


def test_answered_over_prompted() -> None:
    rows = [prompt(9, 1.0), prompt(12, None), prompt(15, 3.0), prompt(18, None), prompt(18, 2.0, item="tired")]
    assert derived(rows) == {"ema_compliance[mood]": 75.0, "ema_prompts[mood]": 4.0}


def test_a_source_that_delivers_answers_only_says_nothing() -> None:
    rows = [prompt(9, 1.0), prompt(12, 2.0)]
    assert derived(rows) == {}
    assert derived([*rows, prompt(15, 1.0, later=7)])["ema_compliance[mood]"] == 100
    before = prompt(9, None, day=DAY - dt.timedelta(days=27))
    assert derived([*rows, before])["ema_compliance[mood]"] == 100
    assert derived([*rows, prompt(9, None, day=DAY - dt.timedelta(days=28))]) == {}


def test_a_form_that_is_asked_once_a_day_or_has_a_key_is_not_momentary() -> None:
    assert derived([prompt(9, None)]) == {}
    assert derived([prompt(9, None, form="PHQ-9"), prompt(12, 1.0, form="PHQ-9")]) == {}
