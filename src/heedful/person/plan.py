"""A person's plan: a step goal, a way to take medicine, a steadier bedtime; each with its reason, all waiting for a human's yes."""

from __future__ import annotations

import math

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Features, Plans
from heedful.person.goals import PERCENTILE, WINDOW_DAYS
from heedful.person.wording import date_words, drug_name, number

STEPS = "steps[sum]"
SLEEP_ONSET = "sleep_onset"
"""Minutes after local midnight, negative before it."""
AT_LEAST, AT_MOST = "at_least", "at_most"
RECENT_DAYS = 28
ADHERENCE_GOAL = 0.8
NIGHTS, NIGHTS_NEEDED = 14, 7
ONSET_SD_MINUTES = 60.0

_STEP_EVIDENCE = (
    "Goals by a percentile of one's own last days raised walking more than a fixed 10,000 steps in a randomised trial of 20 people "
    "(Adams 2013, PLoS ONE 8:e82901); in a later one of 96 the fixed goal did as well at first, and the adaptive one held longer "
    "(Adams 2017, PMC5372290)."
)
_ADHERENCE_EVIDENCE = (
    "80 % of days covered is the usual mark of good adherence; the share that best foretold a hospital stay lay between 58 and 89 % in "
    "five diseases (Karve 2009, Curr Med Res Opin 25:2303)."
)
_SLEEP_EVIDENCE = "Irregular sleep timing goes with more cardiovascular disease in a cohort (Huang 2020, JACC 75:991); cause is not shown."


@derivation(reads=(Features, Adherence), writes=Plans, by=("person",), version=3, only={"features": (STEPS, SLEEP_ONSET)})
def plan(features: Frame[Consented[P], Features], adherence: Frame[Consented[P], Adherence]) -> Frame[Consented[P], Plans]:
    """Items of the plan as this person's own days suggest them; no item where too little is known.

    `steps`: the 60th percentile of the last nine valid days before the newest one, which may not be over yet.
    `adherence: DRUG`: where the newest CMA7 of a drug is below 0.8.
    `sleep_regularity`: where the standard deviation of sleep onset over the last 14 nights is above 60 min (at least 7 nights).
    """
    read = features.data.filter(pl.col("feature").is_in([STEPS, SLEEP_ONSET]))
    valid = read.filter((pl.col("missing") == "") & pl.col("value").is_finite())
    # By feature: tonight's sleep may belong to tomorrow already, while today's steps are still being taken.
    newest = read.group_by("person", "feature").agg(pl.col("day").max().alias("newest"))
    recent = valid.join(newest, on=["person", "feature"]).filter(pl.col("day") > pl.col("newest") - pl.duration(days=RECENT_DAYS))
    items = pl.concat([_steps(recent), _medicine(adherence.data), _bedtime(recent)])
    return features.derive(Plans, items.sort("person", "item"))


def _steps(recent: pl.DataFrame) -> pl.DataFrame:
    days = (
        recent.filter((pl.col("feature") == STEPS) & (pl.col("day") < pl.col("newest")))
        .sort("person", "day")
        .group_by("person", maintain_order=True)
        .agg(
            pl.col("value").tail(WINDOW_DAYS).quantile(PERCENTILE, "linear").round(0).alias("target"),
            pl.col("day").tail(WINDOW_DAYS).min().alias("first"), pl.col("day").max().alias("last"),
            pl.col("newest").first(), pl.len().alias("n"),
        )
        .filter(pl.col("n") >= WINDOW_DAYS)
    )  # fmt: skip
    reason = pl.format(
        "On {} valid days between {} and {} this person reached this number on about four of ten days.",
        pl.lit(WINDOW_DAYS), date_words(pl.col("first")), date_words(pl.col("last")),
    )  # fmt: skip
    return _items(
        days, item=pl.lit("steps"), kind="goal", title=pl.format("Walk {} steps a day", number(pl.col("target"))),
        target=pl.col("target"), unit="{steps}", from_day=pl.col("newest"), reason=reason, evidence=_STEP_EVIDENCE,
        measure=STEPS, comparator=AT_LEAST,
    )  # fmt: skip


def step_goals(steps: pl.DataFrame) -> pl.DataFrame:
    """The step goal of each day as `plan` stated it on that day, for the days of which there is one: columns day, goal.

    steps: rows of `Features` of one person and of the feature of steps, any order.
    """
    valid = steps.filter((pl.col("missing") == "") & pl.col("value").is_finite()).select("value", then="day").sort("then")
    before = steps.select("day").unique().join(valid, how="cross").filter(
        (pl.col("then") < pl.col("day")) & (pl.col("then") > pl.col("day") - pl.duration(days=RECENT_DAYS))
    )  # fmt: skip
    goal = pl.col("value").sort_by("then").tail(WINDOW_DAYS).quantile(PERCENTILE, "linear").round(0)
    return before.group_by("day").agg(goal=goal, n=pl.len()).filter(pl.col("n") >= WINDOW_DAYS).select("day", "goal").sort("day")


def _medicine(adherence: pl.DataFrame) -> pl.DataFrame:
    low = (
        adherence.filter((pl.col("measure") == "CMA7") & pl.col("value").is_finite())
        .sort("person", "drug", "window_end", "window_start", descending=[False, False, True, True])
        .unique(["person", "drug"], keep="first", maintain_order=True)
        .filter(pl.col("value") < ADHERENCE_GOAL)
    )
    name = pl.when(pl.col("drug") == "all").then(pl.lit("the medicine")).otherwise(drug_name(pl.col("drug")))
    reason = pl.format(
        "{} was at hand on {} % of the days between {} and {} (CMA7), from {} dispensings.",
        name.str.slice(0, 1).str.to_uppercase() + name.str.slice(1), number(pl.col("value") * 100), date_words(pl.col("window_start")),
        date_words(pl.col("window_end") - pl.duration(days=1)), "events",
    )  # fmt: skip
    return _items(
        low, item=pl.format("adherence: {}", "drug"), kind="activity",
        title=pl.format("Talk about what gets in the way of taking {}", name),
        target=pl.lit(ADHERENCE_GOAL), unit="1", from_day=pl.col("window_end"), reason=reason, evidence=_ADHERENCE_EVIDENCE,
        comparator=AT_LEAST,
    )  # fmt: skip


def _bedtime(recent: pl.DataFrame) -> pl.DataFrame:
    nights = (
        recent.filter(pl.col("feature") == SLEEP_ONSET)
        .select("person", "day", "newest", minute="value")
        .sort("person", "day")
        .group_by("person", maintain_order=True)
        .tail(NIGHTS)
    )
    angle = pl.col("minute") * (2 * math.pi / 1440)
    # Clock times wrap at midnight: deviations are taken around the circular mean, within half a day of it.
    centre = pl.arctan2(angle.sin().mean(), angle.cos().mean()).over("person") * (1440 / (2 * math.pi))
    away = (pl.col("minute") - centre + 720).mod(1440) - 720
    spread = (
        nights.with_columns(away=away)
        .group_by("person")
        .agg(pl.col("away").std().alias("sd"), pl.col("newest").first(), pl.len().alias("n"))
        .filter((pl.col("n") >= NIGHTS_NEEDED) & (pl.col("sd") > ONSET_SD_MINUTES))
    )
    reason = pl.format(
        "Over the last {} recorded nights the time of falling asleep varied by {} min (standard deviation).", "n", number(pl.col("sd"))
    )
    return _items(
        spread, item=pl.lit("sleep_regularity"), kind="goal", title=pl.lit("Go to sleep at about the same time every night"),
        target=pl.lit(ONSET_SD_MINUTES), unit="min", from_day=pl.col("newest"), reason=reason, evidence=_SLEEP_EVIDENCE,
        comparator=AT_MOST,
    )  # fmt: skip


def _items(
    rows: pl.DataFrame,
    *,
    item: pl.Expr,
    kind: str,
    title: pl.Expr,
    target: pl.Expr,
    unit: str,
    from_day: pl.Expr,
    reason: pl.Expr,
    evidence: str,
    measure: str | None = None,
    comparator: str | None = None,
) -> pl.DataFrame:
    return rows.select(
        pl.col("person"), item.alias("item"), pl.lit(kind).alias("kind"), title.alias("title"), target.cast(pl.Float64).alias("target"),
        pl.lit(unit).alias("unit"), pl.lit(measure, pl.String).alias("measure"),
        pl.lit(comparator, pl.String).alias("comparator"), from_day.alias("from_day"), reason.alias("reason"),
        pl.lit(evidence).alias("evidence"), pl.lit(None, pl.String).alias("given_by"),
    )  # fmt: skip
