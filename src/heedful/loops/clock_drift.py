"""Which clocks of a site's devices seem to gain or lose, over its last weeks, among those who agreed to care."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from heedful.behavior.clock_drift import arrivals, gains, shifts
from heedful.core.labels import Care
from heedful.core.schemas import Observations
from heedful.engine.intake import label_of
from heedful.loops.site import Site
from heedful.trust.doors import for_purpose

DAYS = 60
SETTING = "clock_gain_seconds"


def clock_gains(site: Site, days: int = DAYS) -> pl.DataFrame:
    """Estimates of `heedful.behavior.clock_drift` of the `days` up to today, week by week, so that memory does not grow with time."""
    today = site.clock.now().date()
    held = site.engine.table(Observations, label_of(Observations), Observations.empty().select(Observations.key))
    parts = []
    for begin in range(0, days, 7):
        span = (today - timedelta(days=min(begin + 6, days - 1)), today - timedelta(days=begin))
        rows = for_purpose(held.derive(Observations, site.lake.read(Observations, days=span)), Care, site.grants()).data
        parts += [arrivals(rows), shifts(rows)]
    found = pl.concat(parts)
    # A day of arrival, and one of UTC, may lie in two weeks of local days.
    by_day = found.group_by("person", "device", "other", "day").agg(
        seconds=pl.when(pl.col("other").first() == "").then(pl.col("seconds").max()).otherwise(pl.col("seconds").median())
    )
    return gains(by_day)
