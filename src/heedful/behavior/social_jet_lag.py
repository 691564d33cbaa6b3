"""Social jet lag: how far the middle of sleep on free days lies from that on working days, over four weeks.

|mean midpoint of nights that end on Saturday or Sunday - mean midpoint of the others| (Wittmann et al. 2006, Chronobiol Int 23:497, who
ask; here it is measured). Which days are free is not known: a weekend is taken for free, which is wrong for people who work in shifts.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, MainSleeps

WINDOW_DAYS, LEAST_WORKING, LEAST_FREE = 28, 3, 2
NAME = "social_jet_lag[28]"
_SATURDAY = 6


@derivation(reads=(MainSleeps,), writes=Features, by=("person", "day"), lookback=WINDOW_DAYS - 1, version=3, own_days=True)
def social_jet_lag(sleeps: Frame[Consented[P], MainSleeps]) -> Frame[Consented[P], Features]:
    """`social_jet_lag[28]` (min) of each day that a known night ends on, from it and the 27 days before.

    A night that a watch not worn cut short is left out like one without rows. Coverage: share of the 28 nights that are known. Missing as
    `too_short` with fewer than three working or two free nights.
    """
    midpoints = sleeps.data.select("person", "day", value=(pl.col("onset") + pl.col("offset")) / 2)
    return sleeps.derive(Features, jet_lags(midpoints))


def jet_lags(midpoints: pl.DataFrame) -> pl.DataFrame:
    """Rows of the feature from the midpoints of sleep (person, day, value), one a night."""
    known = midpoints.filter(pl.col("value").is_finite()).select("person", "day", "value").sort("person", "day")
    free = pl.col("day").dt.weekday() >= _SATURDAY
    window = known.with_columns(
        free=pl.when(free).then(pl.col("value")), working=pl.when(~free).then(pl.col("value"))
    ).rolling("day", period=f"{WINDOW_DAYS}d", group_by="person").agg(
        pl.col("free").mean().alias("free"), pl.col("working").mean().alias("working"),
        pl.col("free").count().alias("frees"), pl.col("working").count().alias("workings"),
    )  # fmt: skip
    enough = (pl.col("frees") >= LEAST_FREE) & (pl.col("workings") >= LEAST_WORKING)
    return window.select(
        "person", "day", feature=pl.lit(NAME), value=pl.when(enough).then((pl.col("free") - pl.col("working")).abs()), unit=pl.lit("min"),
        coverage=(pl.col("frees") + pl.col("workings")) / WINDOW_DAYS,
        missing=pl.when(enough).then(pl.lit("")).otherwise(pl.lit("too_short")),
    ).sort("person", "day")  # fmt: skip
