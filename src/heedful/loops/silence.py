"""Which sources of which participants fell silent, as it stood at an instant, for care."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from heedful.behavior.silence import LOOKBACK_DAYS, source_states
from heedful.core.labels import Care
from heedful.core.schemas import Observations
from heedful.engine.intake import label_of
from heedful.loops.site import Site
from heedful.store.lake import OURS
from heedful.trust.doors import for_purpose

QUIET = ("stopped", "only zeros")


def sources_now(site: Site, at: datetime) -> pl.DataFrame:
    """States of all sources that care may see at `at` (`heedful.behavior.silence`), judged on the last day of which
    anybody's data is there.

    So an export of last year is judged at its own end: what stopped before the rest did is told, not that a year went by.
    """
    schema = Observations
    source = ["person", "code", "device", "day"]
    first = at.date() - timedelta(days=36_500)
    known = site.lake.scan(schema.table, schema, days=(first, at.date())).filter(pl.col("known_at") <= at, pl.col("day") <= at.date())
    last = known.select(pl.col("day").max()).collect().item()
    if last is None:
        return source_states(schema.empty(), at.date())
    days = (last - timedelta(days=LOOKBACK_DAYS), last)
    near = site.lake.scan(schema.table, schema, days=days).filter(pl.col("known_at") <= at, pl.col("day").is_between(*days))
    greatest = near.drop(list(OURS)).group_by(source).agg(pl.all().sort_by("value", nulls_last=False).last())
    held = site.engine.table(schema, label_of(schema), schema.empty().select(schema.key)).derive(
        schema, greatest.select(*schema.columns).collect()
    )
    return source_states(for_purpose(held, Care, site.grants()).data, last)
