"""Answers as features of the day: PHQ-9, GAD-7, WHO-5, AUDIT-C and PSQI by their keys (`answers`), momentary answers as means.

Which form. An instrument is known by its name, whatever its spelling: `phq9`, `PHQ-9`, `audit_c`; a form that was filled in again on the
same occasion carries `#2`. Of PHQ-9 to AUDIT-C the item is the number with which its name ends (`phq9_3`, `item_3`, `q3`); the PSQI's items
have the names of its key (`bedtime`, `q5a` …), with or without `psqi_` before them. Of several on one day the last counts.

Momentary assessment. A numeric item of any other form that was asked at two or more times of one day is a mean over its answers; whether
the answers are few, and when they are missing, may itself depend on how the person is.

A score screens, it diagnoses nothing. Item 9 of the PHQ-9 is for a human to see: `thoughts_of_harm` is what the decision loop asks, and
while a positive answer is not cleared by a human no automatic message leaves.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.answers import SCORES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Answers, Features

_NUMBERED = {"phq9": ("PHQ-9", 9), "gad7": ("GAD-7", 7), "who5": ("WHO-5", 5), "auditc": ("AUDIT-C", 3)}
_PSQI_ITEMS = (
    "bedtime", "risetime", "latency_minutes", "hours_slept", *(f"q5{letter}" for letter in "abcdefghij"), "q6_quality", "q7_medication",
    "q8_awake", "q9_enthusiasm",
)  # fmt: skip
_PSQI_OPTIONAL = "q5j"
_SCORED = {
    "phq9": (("phq9[total]", "total"), ("phq9[item_9]", "item_9")), "gad7": (("gad7[total]", "total"),),
    "who5": (("who5[percent]", "percent"),), "auditc": (("audit_c[total]", "total"),), "psqi": (("psqi[global]", "global"),),
}  # fmt: skip
SCORED_FORMS = tuple(_SCORED)
"""Plain names of the forms that have a key of their own."""
_OCCASION = ["person", "day", "known_as", "instrument", "asked_at"]


@derivation(reads=(Answers,), writes=Features, by=("person", "day"), version=1)
def daily_answers(answers: Frame[Consented[P], Answers]) -> Frame[Consented[P], Features]:
    """`phq9[total]`, `phq9[item_9]`, `gad7[total]`, `who5[percent]`, `audit_c[total]`, `psqi[global]` of each day on which they were
    asked, and `ema[FORM.ITEM]` of numeric items of other forms that were asked at least twice that day.

    Coverage: answered share of the items. Missing as `no_data` where an item that the key needs is unanswered or out of its range: none
    of these keys imputes.
    """
    known = named(answers.data)
    parts = [_scores(known.filter(pl.col("known_as") == name), name) for name in _SCORED]
    return answers.derive(Features, pl.concat([*parts, _momentary(known)]).sort("person", "day", "feature"))


def thoughts_of_harm(answers: pl.DataFrame) -> pl.DataFrame:
    """The positive answers to item 9 of the PHQ-9, with `words` for a human: what was answered, on which scale.

    >>> from datetime import UTC, date, datetime
    >>> one = {"person": "p", "instrument": "PHQ-9", "item": "phq9_9", "day": date(2026, 3, 1), "value": 1.0, "value_text": None}
    >>> thoughts_of_harm(pl.DataFrame([one | {"asked_at": datetime(2026, 3, 1, tzinfo=UTC), "answered_at": None}]))["words"].to_list()
    ['answered 1 of 3 to item 9 of the PHQ-9']
    """
    told = pl.format("answered {} of 3 to item 9 of the PHQ-9", pl.col("value").round(0).cast(pl.Int64, strict=False))
    return named(answers).filter((pl.col("known_as") == "phq9") & (_number() == 9) & (pl.col("value") > 0)).with_columns(words=told)


def named(answers: pl.DataFrame) -> pl.DataFrame:
    """The answers, with the instrument's plain name (`phq9`) as `known_as`."""
    plain = pl.col("instrument").str.to_lowercase().str.replace(r"#\d+$", "").str.replace_all(r"[^a-z0-9]", "")
    return answers.with_columns(known_as=plain)


def _number() -> pl.Expr:
    """The number with which an item's name ends."""
    return pl.col("item").str.extract(r"(\d+)$").cast(pl.Int64, strict=False)


def _scores(answers: pl.DataFrame, known_as: str) -> pl.DataFrame:
    """The features of one instrument: its last occasion of each day."""
    if known_as in _NUMBERED:
        key, count = _NUMBERED[known_as]
        items = [f"item_{n}" for n in range(1, count + 1)]
        answers = answers.with_columns(slot=pl.format("item_{}", _number()), told=pl.col("value").cast(pl.String))
    else:
        key, items = "PSQI", list(_PSQI_ITEMS)
        told = pl.coalesce(pl.col("value").cast(pl.String), "value_text")
        clock = pl.coalesce(pl.col("value_text").str.extract(r"(\d{1,2}:\d\d)"), told)
        slot = pl.col("item").str.to_lowercase().str.replace(r"^psqi_", "")
        answers = answers.with_columns(slot=slot, told=pl.when(slot.is_in(["bedtime", "risetime"])).then(clock).otherwise(told))
    held = answers.filter(pl.col("slot").is_in(items)).sort(*_OCCASION, "slot", "item")
    if held.is_empty():
        return Features.empty()
    wide = held.group_by(_OCCASION, maintain_order=True).agg(
        *(pl.col("told").filter(pl.col("slot") == name).last().alias(name) for name in items)
    )
    last = wide.sort("person", "day", "asked_at", "instrument").group_by("person", "day", maintain_order=True).last()
    asked = [name for name in items if name != _PSQI_OPTIONAL]
    scored = SCORES[key](last.select(items))
    if known_as == "phq9":
        answer = last.get_column("item_9").cast(pl.Float64, strict=False)
        scored = scored.with_columns(item_9=answer.set(~answer.is_in([0.0, 1.0, 2.0, 3.0]), None))
    whole = last.select("person", "day", coverage=pl.mean_horizontal([pl.col(name).is_not_null().cast(pl.Float64) for name in asked]))
    return pl.concat([
        whole.with_columns(value=scored.get_column(column).cast(pl.Float64), feature=pl.lit(feature)).select(
            "person", "day", "feature", "value", unit=pl.lit("{score}") if column != "percent" else pl.lit("%"), coverage="coverage",
            missing=pl.when(pl.col("value").is_null()).then(pl.lit("no_data")).otherwise(pl.lit("")),
        )
        for feature, column in _SCORED[known_as]
    ])  # fmt: skip


def _momentary(answers: pl.DataFrame) -> pl.DataFrame:
    """Means of numeric items that were asked at two or more times of a day."""
    other = answers.filter(~pl.col("known_as").is_in(list(_SCORED))).with_columns(
        form=pl.col("instrument").str.replace(r"#\d+$", ""), number=pl.when(pl.col("value").is_finite()).then("value")
    )  # fmt: skip
    days = (
        other.sort("person", "day", "form", "item", "asked_at", "instrument")
        .group_by("person", "day", "form", "item", maintain_order=True)
        .agg(
            asked=pl.col("asked_at").n_unique(), value=pl.col("number").mean(), answered=pl.col("number").count(), rows=pl.len(),
            worded=pl.col("value_text").is_not_null().all(),
        )
    )  # fmt: skip
    asked = days.filter((pl.col("asked") >= 2) & ((pl.col("answered") > 0) | ~pl.col("worded")))
    return asked.select(
        "person", "day", feature=pl.format("ema[{}.{}]", "form", "item"), value="value", unit=pl.lit("{score}"),
        coverage=pl.col("answered") / pl.col("rows"),
        missing=pl.when(pl.col("value").is_null()).then(pl.lit("no_data")).otherwise(pl.lit("")),
    )  # fmt: skip
