"""Doses that were taken, as a pill box saw them and as the person says, beside what the dispensings make possible (`dispensed`).

How reliable. A pill box (`how` measured) sees that it was opened, not that a tablet was swallowed; a report leans towards more than was
taken; a dispensing says what could have been taken. None is the truth: they stand side by side, and how far two of them agree is told.

The drug of a `dose_taken` row is its coded value; without one the dose counts for 'all' only. A day counts as taken if its doses of one
way add up to more than none; several boxes or apps that say the same do not make it more. Vrijens et al. 2012, Br J Clin Pharmacol 73:691
(implementation: the share of days with the dose taken); El Alili et al. 2016, Br J Clin Pharmacol 82:268 (which methods disagree, how far).

Reports are calibrated where the box watched at least 14 of their days: the share of days on which it would have seen a dose, by how often
it did on days reported as taken and as not taken (regression calibration of a yes or no; half a day is added to each kind, so that few
days promise nothing).
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.adherence.dispensed import ALL_DRUGS
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Observations

CODE, LEAST_DAYS, LEAST_BOTH = "dose_taken", 7, 14
PILLBOX, REPORTED, AGREEMENT = "taken[pillbox]", "taken[reported]", "taken[agreement]"
CALIBRATED = "taken[calibrated]"


@derivation(reads=(Observations,), writes=Adherence, by=("person",), only={"observations": (CODE,)}, version=3)
def doses_taken(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Adherence]:
    """`taken[pillbox]` and `taken[reported]`: share of days with a dose, of those from the first to the last day that this way tells of;
    `taken[agreement]`: share of the days reported and watched by the box on which both say the same; `taken[calibrated]`: what the reported
    share stands for by these days. `events`: days told of; of agreement days with both, of calibration those that the box watched.

    A day on which nothing is told counts as not taken by a pill box (from its first day to its last it is there every day), in agreement
    and calibration too, and is left out of what is reported.
    Missing as `too_short` below seven days.
    """
    days = _days(observations.data.filter(pl.col("code") == CODE))
    parts = [_shares(days, PILLBOX, whole=True), _shares(days, REPORTED, whole=False), _agreement(days), _calibrated(days)]
    return observations.derive(Adherence, pl.concat(parts).sort("person", "drug", "window_start", "measure"))


def _days(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each person, drug, way and day with a plausible row whether a dose was taken; each drug's doses also under 'all'."""
    bounds = CODES[CODE]
    way = pl.when(pl.col("how") == "self_reported").then(pl.lit(REPORTED)).otherwise(pl.lit(PILLBOX))
    sound = rows.filter(pl.col("value").is_between(bounds.low, bounds.high)).select(
        "person", "day", way.alias("measure"), pl.col("value") > 0, drug=pl.col("value_code").fill_null(ALL_DRUGS)
    )
    both = pl.concat([sound, sound.filter(pl.col("drug") != ALL_DRUGS).with_columns(drug=pl.lit(ALL_DRUGS))])
    return both.group_by("person", "drug", "measure", "day").agg(taken=pl.col("value").any())


def _shares(days: pl.DataFrame, measure: str, *, whole: bool) -> pl.DataFrame:
    """The share of days with a dose: of all from the first to the last (`whole`), else of those that are told of."""
    found = days.filter(pl.col("measure") == measure).group_by("person", "drug").agg(
        window_start=pl.col("day").min(), window_end=pl.col("day").max().dt.offset_by("1d"), events=pl.len().cast(pl.Int32),
        taken=pl.col("taken").sum(),
    )  # fmt: skip
    length = (pl.col("window_end") - pl.col("window_start")).dt.total_days()
    out_of = length if whole else pl.col("events").cast(pl.Int64)
    return _rows(found, measure, pl.col("taken") / out_of, out_of)


def _watched(days: pl.DataFrame) -> pl.DataFrame:
    """Days that are reported (`taken`) between the box's first and last (`seen`): one on which it tells nothing is not taken."""
    boxes, told = (days.filter(pl.col("measure") == way).drop("measure") for way in (PILLBOX, REPORTED))
    each = ["person", "drug"]
    between = told.join(boxes.group_by(each).agg(first=pl.col("day").min(), last=pl.col("day").max()), on=each)
    both = between.filter(pl.col("day").is_between("first", "last")).join(boxes.rename({"taken": "seen"}), on=[*each, "day"], how="left")
    return both.with_columns(pl.col("seen").fill_null(False))


def _agreement(days: pl.DataFrame) -> pl.DataFrame:
    found = _watched(days).group_by("person", "drug").agg(
        window_start=pl.col("day").min(), window_end=pl.col("day").max().dt.offset_by("1d"), events=pl.len().cast(pl.Int32),
        same=(pl.col("taken") == pl.col("seen")).sum(),
    )  # fmt: skip
    return _rows(found, AGREEMENT, pl.col("same") / pl.col("events"), pl.col("events"))


def _calibrated(days: pl.DataFrame) -> pl.DataFrame:
    """The reported share as the box would have seen it."""
    each, said, seen = ["person", "drug"], pl.col("taken"), pl.col("seen")
    told = days.filter(pl.col("measure") == REPORTED)
    pairs = (
        _watched(days)
        .group_by(each)
        .agg(
            events=pl.len().cast(pl.Int32), said=said.sum().cast(pl.Int64), seen_said=(seen & said).sum(), seen_unsaid=(seen & ~said).sum()
        )
    )
    whole = told.group_by(each).agg(
        pl.col("taken").mean().alias("share"), window_start=pl.col("day").min(), window_end=pl.col("day").max().dt.offset_by("1d")
    )
    if_said = (pl.col("seen_said") + 0.5) / (pl.col("said") + 1)
    if_not = (pl.col("seen_unsaid") + 0.5) / (pl.col("events").cast(pl.Int64) - pl.col("said") + 1)
    value = pl.col("share") * if_said + (1 - pl.col("share")) * if_not
    return _rows(pairs.join(whole, on=each), CALIBRATED, value, pl.col("events"), LEAST_BOTH)


def _rows(found: pl.DataFrame, measure: str, value: pl.Expr, days: pl.Expr, least: int = LEAST_DAYS) -> pl.DataFrame:
    enough = days >= least
    return found.select(
        "person", "drug", "window_start", "window_end", measure=pl.lit(measure), value=pl.when(enough).then(value), events="events",
        missing=pl.when(enough).then(pl.lit("")).otherwise(pl.lit("too_short")),
    )  # fmt: skip
