"""Which devices of a site may have been swapped between two people, over its last weeks, among those who agreed to care."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from heedful.behavior.swapped_devices import changed_places, same_recordings
from heedful.core.labels import Care
from heedful.core.schemas import Features, Observations
from heedful.engine.intake import label_of
from heedful.loops.site import Site
from heedful.trust.doors import for_purpose

CODES_READ = ("heart_rate", "steps", "activity_count", "glucose")
DAYS = 120


def swapped_devices(site: Site, days: int = DAYS) -> pl.DataFrame:
    """Findings of `heedful.behavior.swapped_devices` of the `days` up to today, month by month, so that memory does not grow with time."""
    today = site.clock.now().date()
    features = site.view(Features, Care).data.filter(pl.col("day") > today - timedelta(days=days))
    held = site.engine.table(Observations, label_of(Observations), Observations.empty().select(Observations.key))
    parts = [changed_places(features)]
    for begin in range(0, days, 7):
        span = (today - timedelta(days=begin + 6), today - timedelta(days=begin))
        rows = site.lake.read(Observations, days=span).filter(pl.col("code").is_in(CODES_READ))
        parts.append(same_recordings(for_purpose(held.derive(Observations, rows), Care, site.grants()).data))
    return pl.concat(parts).sort("day", "person", "other", "finding", "says")
