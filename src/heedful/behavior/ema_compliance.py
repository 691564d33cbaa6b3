"""Compliance with momentary assessment: which share of a day's prompts was answered.

A prompt is an instant at which a form was asked; it is answered if any item of it has a number or words. A source that delivers answers
only hides the prompts that were let pass: every day would look perfect. So a form counts only where the person's last 28 days of it show
that prompts are told: one without an answer, or one that was answered at another instant than it was asked. And only a form that was asked
at two or more times of some day of these is momentary.

Definition: Stone and Shiffman 2002, Ann Behav Med 24:236 (answered over scheduled prompts, reported with how many there were).
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.questionnaires import SCORED_FORMS, named
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Answers, Features

DAYS = 28
_FORM_DAY = ["person", "day", "form"]


@derivation(reads=(Answers,), writes=Features, by=("person", "day"), lookback=DAYS - 1, version=1)
def ema_compliance(answers: Frame[Consented[P], Answers]) -> Frame[Consented[P], Features]:
    """`ema_compliance[FORM]` (% of the day's prompts that were answered) and `ema_prompts[FORM]` (how many there were)."""
    return answers.derive(Features, _compliance(answers.data))


def _compliance(answers: pl.DataFrame) -> pl.DataFrame:
    own = named(answers).filter(~pl.col("known_as").is_in(SCORED_FORMS)).with_columns(form=pl.col("instrument").str.replace(r"#\d+$", ""))
    told = pl.col("value").is_not_null() | pl.col("value_text").is_not_null()
    prompts = own.group_by(*_FORM_DAY, "asked_at").agg(
        answered=told.any(), apart=(pl.col("answered_at").is_not_null() & (pl.col("answered_at") != pl.col("asked_at"))).any()
    )  # fmt: skip
    days = prompts.group_by(_FORM_DAY).agg(
        prompts=pl.len(), answered=pl.col("answered").sum(), shown=(~pl.col("answered") | pl.col("apart")).any()
    )  # fmt: skip
    then = days.select("person", "form", then="day", often=pl.col("prompts") >= 2, shown="shown")
    recent = (pl.col("then") <= pl.col("day")) & (pl.col("then") > pl.col("day") - pl.duration(days=DAYS))
    near = days.select(_FORM_DAY).join(then, on=["person", "form"]).filter(recent)
    momentary = near.group_by(_FORM_DAY).agg(pl.col("often").any(), pl.col("shown").any()).filter(pl.col("often") & pl.col("shown"))
    counted = days.join(momentary, on=_FORM_DAY, how="semi")
    share = 100.0 * pl.col("answered") / pl.col("prompts")
    named_values = (("ema_compliance", share, "%"), ("ema_prompts", pl.col("prompts"), "{prompts}"))
    parts = [
        counted.select(
            "person", "day", feature=pl.concat_str(pl.lit(f"{name}["), "form", pl.lit("]")), value=value.cast(pl.Float64),
            unit=pl.lit(unit), coverage=pl.lit(1.0), missing=pl.lit(""),
        )
        for name, value, unit in named_values
    ]  # fmt: skip
    return pl.concat(parts).sort("person", "day", "feature")
