"""Social jet lag: how far the middle of sleep on free days lies from that on working days, over four weeks.

|mean midpoint of nights that end on Saturday or Sunday - mean midpoint of the others| (Wittmann et al. 2006, Chronobiol Int 23:497, who
ask; here it is measured). Which days are free is not known: a weekend is taken for free, which is wrong for people who work in shifts.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.behavior.sleep import nightly_sleep, nights
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

WINDOW_DAYS, LEAST_WORKING, LEAST_FREE = 28, 3, 2
NAME, MIDPOINT = "social_jet_lag[28]", "sleep_midpoint"
_SATURDAY = 6


@derivation(
    reads=(Observations,),
    writes=Features,
    by=("person", "day"),
    lookback=WINDOW_DAYS - 1 + nightly_sleep.lookback,
    needs=("devices",),
    only={"observations": ("sleep_stage",)},
    version=2,
)
def social_jet_lag(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`social_jet_lag[28]` (min) of each day that a night with a midpoint ends on, from it and the 27 days before.

    Coverage: share of the 28 nights that are known. Missing as `too_short` with fewer than three working or two free nights.
    """
    found = nights(of_codes(observations.data, ("sleep_stage",)), devices)
    return observations.derive(Features, jet_lags(found.filter(pl.col("feature") == MIDPOINT)))


def jet_lags(midpoints: pl.DataFrame) -> pl.DataFrame:
    """Rows of the feature from those of `sleep_midpoint` (person, day, value)."""
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
