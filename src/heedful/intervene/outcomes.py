"""What followed a decision: steps in the window after it, whether a message was sent or not."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations, Outcomes

NAME = "steps_after"
MINIMUM_COVERAGE = 0.5
HEART_RATE_MINUTES = 10
"""How long a heart rate vouches that the device was worn: watches measure every minute, or only every five to ten."""
_WORN = ("steps", "heart_rate")


@checked
def outcomes(
    decisions: pl.DataFrame, observations: Frame[Consented[Care], Observations], windows: dict[str, int], until: datetime
) -> Frame[Consented[Care], Outcomes]:
    """Steps in the outcome window of every decision that was randomised: sent or not, but not refused.

    Parameters
    ----------
    decisions: rows of `Decisions`; refused ones have no outcome, as nothing was left to chance.
    windows: length of the window in minutes by decision point. until: what is known up to; windows that end later are left out.

    An interval that only partly lies in the window counts with the share that does. One device speaks for a window: the one with
    the most covered time, then the most steps, then the first by name; so no step counts twice. Below half of the window covered
    the value is missing: 'too_short', 'not_worn' where a device wrote zeros alone, or 'no_data' where there is nothing at all.
    Covered is what has a heart rate or steps; of a device that never measured this person's heart, zeros count as well.
    """
    due = _windows(decisions, windows, until)
    devices = _by_device(due, observations.data)
    best = devices.sort(
        "decision", pl.col("counts_steps").not_(), "covered", "steps", "device", descending=[False, False, True, True, False]
    ).unique("decision", keep="first", maintain_order=True)
    rows = due.join(best, on="decision", how="left").with_columns(
        share=pl.col("covered") / (pl.col("end") - pl.col("start")).dt.total_seconds()
    )
    missing = (
        pl.when(pl.col("share").is_null() | pl.col("counts_steps").not_()).then(pl.lit("no_data"))
        .when(pl.col("share") == 0).then(pl.lit("not_worn"))
        .when(pl.col("share") < MINIMUM_COVERAGE).then(pl.lit("too_short"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    out = rows.with_columns(missing=missing).select(
        "decision", name=pl.lit(NAME), value=pl.when(pl.col("missing") == "").then("steps"), unit=pl.lit("{steps}"),
        window_end="end", missing="missing",
    )  # fmt: skip
    return observations.derive(Outcomes, out.sort("decision"))


def _windows(decisions: pl.DataFrame, windows: dict[str, int], until: datetime) -> pl.DataFrame:
    minutes = pl.col("decision_point").replace_strict(windows, default=None, return_dtype=pl.Int64)
    return (
        decisions.filter(pl.col("outcome") != "refused")
        .select("decision", "person", start="scheduled_at", end=pl.col("scheduled_at") + pl.duration(minutes=minutes))
        .filter(pl.col("end") <= until)
    )


def _by_device(due: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """Per decision and device: seconds covered within the window, and steps."""
    heart = pl.col("code") == "heart_rate"
    least = pl.when(heart).then(pl.duration(minutes=HEART_RATE_MINUTES)).otherwise(pl.duration(minutes=1))
    worn = heart | (pl.col("value") > 0) | heart.any().over("person", "device").not_()
    seen = observations.filter(pl.col("code").is_in(_WORN)).select(
        "person",
        "device",
        "code",
        "start_at",
        "value",
        last=pl.max_horizontal("end_at", pl.col("start_at") + least),
        worn=worn.fill_null(False),
    )
    short = pl.col("last") - pl.col("start_at") <= pl.duration(hours=1)
    hits = (
        pl.concat([_meet(due, seen.filter(short), "1h"), _meet(due, seen.filter(short.not_()), "1d")])
        .filter((pl.col("start_at") < pl.col("end")) & (pl.col("last") > pl.col("start")))
        .with_columns(begins=pl.max_horizontal("start_at", "start"), ends=pl.min_horizontal("last", "end"))
        .with_columns(part=(pl.col("ends") - pl.col("begins")) / (pl.col("last") - pl.col("start_at")))
    )
    counts = pl.col("code") == "steps"
    steps = hits.group_by("decision", "device").agg(
        (pl.col("value") * pl.col("part")).filter(counts).sort().sum().alias("steps"), counts.any().alias("counts_steps")
    )
    return steps.join(_covered(hits.filter("worn")), on=["decision", "device"], how="left").with_columns(pl.col("covered").fill_null(0))


def _meet(due: pl.DataFrame, seen: pl.DataFrame, bucket: str) -> pl.DataFrame:
    """Windows beside the rows that start in a bucket that they touch, or in the one before: not every row of a person beside each."""
    buckets = pl.datetime_ranges(pl.col("start").dt.offset_by(f"-{bucket}").dt.truncate(bucket), pl.col("end"), bucket)
    windows = due.with_columns(bucket=buckets).explode("bucket")
    return windows.join(seen.with_columns(bucket=pl.col("start_at").dt.truncate(bucket)), on=["person", "bucket"]).drop("bucket")


def _covered(hits: pl.DataFrame) -> pl.DataFrame:
    """Seconds of the union of intervals: what ends before an earlier one ended adds nothing."""
    each = ["decision", "device"]
    ordered = hits.select(*each, "begins", "ends").sort(*each, "begins", "ends")
    reached = pl.col("ends").cum_max().shift(1).over(each)
    new = ordered.with_columns(begins=pl.max_horizontal("begins", reached))
    seconds = (pl.col("ends") - pl.col("begins")).dt.total_seconds().clip(lower_bound=0)
    return new.group_by(each).agg(seconds.sum().alias("covered"))
