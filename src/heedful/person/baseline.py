"""What is usual for this person: median and spread of each feature over the last four weeks."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Schema, column

DAYS = 28
MAD_TO_SD = 1.4826


class Baselines(Schema, table="baselines", stream="personal", key=("person", "feature"), register=False):
    """A person's usual value of a feature. Computed when asked for, never stored."""

    person = column(pl.String, "pseudonym of the participant space")
    feature = column(pl.String, "feature's name with its definition")
    unit = column(pl.String, "UCUM unit")
    median = column(pl.Float64, "median of the valid days")
    mad = column(pl.Float64, "median absolute deviation from the median, in the feature's unit; times 1.4826 it estimates the sd")
    n = column(pl.Int32, "valid days behind it", unit="d")


@checked
def person_baseline(features: Frame[Consented[P], Features], before: date, days: int = DAYS) -> Frame[Consented[P], Baselines]:
    """Median, median absolute deviation and number of valid days of every feature over `days` days before `before`.

    Parameters
    ----------
    features: any persons, any days; days with a reason in `missing` do not count.
    before: the first day that is not used, so that a day is never judged against itself.
    days: length of the window in days.

    Returns
    -------
    One row a person and feature with at least one valid day, sorted. Reference: Leys et al. 2013, J Exp Soc Psychol 49:764.
    """
    window = features.data.filter(
        (pl.col("day") < before) & (pl.col("day") >= before - timedelta(days=days)) & (pl.col("missing") == "")
        & pl.col("value").is_finite()
    )  # fmt: skip
    middle = pl.col("value").median()
    rows = window.group_by("person", "feature", "unit").agg(
        middle.alias("median"), (pl.col("value") - middle).abs().median().alias("mad"), pl.len().cast(pl.Int32).alias("n")
    )
    return features.derive(
        Baselines, rows.sort("person", "feature", "unit").unique(["person", "feature"], keep="first", maintain_order=True)
    )
