"""Which values of a site changed as if their unit had, over its last weeks, among those who agreed to care."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from heedful.behavior.unit_jumps import FACTORS
from heedful.behavior.unit_jumps import unit_jumps as jumps_in
from heedful.core.labels import Care
from heedful.core.schemas import Observations
from heedful.engine.intake import label_of
from heedful.loops.site import Site
from heedful.trust.doors import for_purpose

BEFORE_DAYS = 180
STEP_DAYS = 7


def unit_jumps(site: Site, days: int) -> pl.DataFrame:
    """Findings of `heedful.behavior.unit_jumps` of the `days` up to today, read week by week, so that memory does not grow with time."""
    today = site.clock.now().date()
    held = site.engine.table(Observations, label_of(Observations), Observations.empty().select(Observations.key))
    parts = [Observations.empty()]
    for begin in range(0, days + BEFORE_DAYS, STEP_DAYS):
        span = (today - timedelta(days=begin + STEP_DAYS - 1), today - timedelta(days=begin))
        rows = site.lake.read(Observations, days=span).filter(pl.col("code").is_in(list(FACTORS)))
        if rows.height:
            parts.append(for_purpose(held.derive(Observations, rows), Care, site.grants()).data)
    found = jumps_in(pl.concat(parts, how="diagonal"))
    return found.filter(pl.col("day") > today - timedelta(days=days))
