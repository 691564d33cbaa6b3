"""From the tables of a participant to the days that the timeline draws."""

from __future__ import annotations

import datetime

import polars as pl

from heedful.person.plan import step_goals
from heedful.report.charts.supply import covered
from heedful.report.charts.timeline import Days
from heedful.report.content import PageContent
from heedful.report.wording import name

MOST_DAYS = 90
FEW_DAYS = 14
"""Where the newest `MOST_DAYS` days hold fewer known ones than this, the stretch of that length that holds most is drawn."""
MOST_DRUGS = 6
MOST_SYMPTOMS = 6
BAND_SPREADS = 2.0
"""The band of usual values is this many robust standard deviations wide on each side of the baseline."""

_ONSET, _OFFSET = ("sleep_onset",), ("sleep_offset", "sleep_end", "wake_time")


def days_of(content: PageContent, person: str) -> Days | None:
    """What there is to draw of a person, over the newest `MOST_DAYS` days with features (a year of dispensings without any).

    A day between the first and the last of what is drawn on which nothing came stands as missing, never as nothing at all.
    """
    features = content.features.filter(pl.col("person") == person)
    changes = content.changes.filter(pl.col("person") == person)
    dispensings = content.dispensings.filter(pl.col("person") == person)
    window = _window(features, dispensings)
    if window is None:
        return None
    first, last = window
    inside = pl.col("day").is_between(first, last)
    goal = (
        content.plans.filter((pl.col("person") == person) & (pl.col("unit") == "{steps}") & (pl.col("kind") == "goal")).sort("item").head(1)
    )
    supplies, dispensed = _supplies(dispensings, content, first, last)
    days = Days(
        first,
        last,
        nights=_every_day(_nights(features.filter(inside)), first, last),
        heart=_every_day(_heart(features.filter(inside), changes), first, last),
        steps=_every_day(_steps(features, changes, goal).filter(inside), first, last),
        supplies=supplies,
        dispensed=dispensed,
        symptoms=_symptoms(
            content.diary_mentions.filter((pl.col("author") == person) & inside),
            content.timeline.filter((pl.col("person") == person) & inside),
        ),
    )
    return days if any(part.height for part in (days.nights, days.heart, days.steps, days.supplies, days.symptoms)) else None


def _window(features: pl.DataFrame, dispensings: pl.DataFrame) -> tuple[datetime.date, datetime.date] | None:
    days = features["day"] if features.height else dispensings["dispensed_on"]
    if days.is_empty():
        return None
    first, last = days.min(), days.max()
    assert isinstance(first, datetime.date)
    assert isinstance(last, datetime.date)
    if not features.height:
        last += datetime.timedelta(days=30)
        return max(first, last - datetime.timedelta(days=364)), last
    drawn = pl.col("feature").str.replace(r"\[.*$", "").is_in([*_ONSET, *_OFFSET, "resting_heart_rate", "steps"])
    known = features.filter(pl.col("value").is_not_null() & drawn)["day"].sort()
    newest = known.filter(known > last - datetime.timedelta(days=MOST_DAYS))
    if known.len() and newest.n_unique() < min(FEW_DAYS, known.n_unique()):
        number = known.to_physical().to_numpy()
        ends = number.searchsorted(number + MOST_DAYS)
        last = known.to_list()[int(ends[(ends - range(known.len())).argmax()]) - 1]
    return max(first, last - datetime.timedelta(days=MOST_DAYS - 1)), last


def _every_day(drawn: pl.DataFrame, first: datetime.date, last: datetime.date) -> pl.DataFrame:
    """`drawn` with a row for every day; those on which nothing came are missing. Nothing at all stays nothing."""
    if not drawn.height:
        return drawn
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    return days.join(drawn, on="day", how="left").with_columns(
        pl.col("missing").fill_null("no_data"), *([pl.col("level").fill_null(0)] if "level" in drawn.columns else []),
        *([pl.col("goal").forward_fill()] if "goal" in drawn.columns else []),
    ).select(drawn.columns)  # fmt: skip


def pick(features: pl.DataFrame, *prefixes: str) -> pl.DataFrame:
    """The days of one feature: of those whose bare name is one of `prefixes`, the one known on most days, then the first by name."""
    bare = pl.col("feature").str.replace(r"\[.*$", "")
    mine = features.filter(bare.is_in(prefixes))
    best = mine.group_by("feature").agg(n=pl.col("value").count()).sort("n", "feature", descending=[True, False]).head(1)
    return mine.join(best.select("feature"), on="feature", how="semi").sort("day")


def _clock(features: pl.DataFrame, column: str) -> pl.DataFrame:
    minutes = pl.when(pl.col("unit") == "h").then(pl.col("value") * 60).otherwise("value")
    return features.select("day", minutes.alias(column), pl.col("missing").alias(f"missing_{column}"))


def _nights(features: pl.DataFrame) -> pl.DataFrame:
    onset, offset = _clock(pick(features, *_ONSET), "onset"), _clock(pick(features, *_OFFSET), "offset")
    both = onset.join(offset, on="day", how="full", coalesce=True).sort("day")
    reason = pl.coalesce(pl.col("missing_onset").replace("", None), pl.col("missing_offset").replace("", None), pl.lit("no_data"))
    gone = pl.col("onset").is_null() | pl.col("offset").is_null()
    return both.select("day", "onset", "offset", missing=pl.when(gone).then(reason).otherwise(pl.lit("")))


def _levels(changes: pl.DataFrame, feature: pl.DataFrame) -> pl.DataFrame:
    """By day: the highest level over all detectors of this feature, and the usual range of the first that states one."""
    mine = changes.join(feature.select("feature").unique(), on="feature", how="semi")
    wide = pl.col("spread") * BAND_SPREADS
    return (
        mine.sort("day", "detector")
        .group_by("day", maintain_order=True)
        .agg(
            level=pl.col("level").max(),
            low=(pl.col("expected") - wide).drop_nulls().first(),
            high=(pl.col("expected") + wide).drop_nulls().first(),
        )
    )


def _heart(features: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    rate = pick(features, "resting_heart_rate")
    joined = rate.join(_levels(changes, rate), on="day", how="left").sort("day")
    return joined.select("day", "value", "low", "high", pl.col("level").fill_null(0), "missing")


def _steps(features: pl.DataFrame, changes: pl.DataFrame, goal: pl.DataFrame) -> pl.DataFrame:
    """Each day beside the goal that held then: heedful's own moves with the days before it, one of the record holds from its first day."""
    steps = pick(features, "steps")
    joined = steps.join(_levels(changes, steps), on="day", how="left").sort("day")
    return joined.join(_goals(steps, goal), on="day", how="left", maintain_order="left").select(
        "day", "value", "missing", pl.col("level").fill_null(0), "goal"
    )


def _goals(steps: pl.DataFrame, goal: pl.DataFrame) -> pl.DataFrame:
    """The days that had a goal: columns day, goal."""
    days = steps.select("day").unique()
    if goal.is_empty():
        return days.select("day", goal=pl.lit(None, pl.Float64))
    row = goal.row(0, named=True)
    begun = pl.lit(True) if row["from_day"] is None else pl.col("day") >= row["from_day"]
    stated = days.filter(begun).select("day", goal=pl.lit(row["target"], pl.Float64))
    if row["given_by"] is not None:
        return stated
    return pl.concat([step_goals(steps).join(stated, on="day", how="anti"), stated])


def _symptoms(mentions: pl.DataFrame, timeline: pl.DataFrame) -> pl.DataFrame:
    """What the diary, or a post under an account of the person's own, says to be there on a day, of the person: those told on most days
    first, `MOST_SYMPTOMS` of them. Told in both, it is the diary's."""
    label = pl.col("label")
    diary = (
        mentions.filter(pl.col("type").is_in(["symptom", "condition"]) & (pl.col("concept") != ""))
        .filter((pl.col("assertion") == "present") & (pl.col("experiencer") == "self"))
        .select("day", symptom=label.str.slice(0, 1).str.to_uppercase() + label.str.slice(1), told=pl.lit("diary"))
    )
    name_ = pl.col("item").str.replace(r" \[.*$", "")
    posts = timeline.filter(pl.col("lane") == "symptom", pl.col("from_table") == "own_posts").select(
        "day", symptom=name_.str.slice(0, 1).str.to_uppercase() + name_.str.slice(1), told=pl.lit("post")
    )
    there = pl.concat([diary, posts]).sort("told").unique(["day", "symptom"], keep="first", maintain_order=True)
    most = there.group_by("symptom").len().sort("len", "symptom", descending=[True, False]).head(MOST_SYMPTOMS)
    return there.join(most, on="symptom", how="semi").sort("symptom", "day")


def _supplies(
    dispensings: pl.DataFrame, content: PageContent, first: datetime.date, last: datetime.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    most = dispensings.group_by("drug").agg(n=pl.len()).sort("n", "drug", descending=[True, False]).head(MOST_DRUGS)["drug"]
    names = {drug: name(drug, content.labels) for drug in most}
    kept = dispensings.filter(pl.col("drug").is_in(most.implode())).with_columns(pl.col("drug").replace(names))
    end = last + datetime.timedelta(days=1)
    supplies = (
        covered(kept)
        .filter((pl.col("to_day") > first) & (pl.col("from_day") <= last))
        .with_columns(pl.max_horizontal("from_day", pl.lit(first)), pl.min_horizontal("to_day", pl.lit(end)))
    )
    dispensed = kept.filter(pl.col("dispensed_on").is_between(first, last)).select("drug", day="dispensed_on").unique().sort("drug", "day")
    return supplies, dispensed
