"""Our own counts of people by week, for detectors that look years back: a day says little of its season, and seven of them have no weekday.

A week ends on Sunday, and is there once Monday has counts: until then nothing follows from it, so that a live minute looks a week back and
no further. It is the sum of what is shown of its days, so nobody becomes visible in it who was not: people who speak on several days count
on each of them. A withheld day stands as half the minimum. Where nobody was seen to post on one of its days there is no week.
"""

from __future__ import annotations

from typing import Protocol

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate
from heedful.core.schemas import Counts, WeeklyPeople
from heedful.population.people_mentions import ANY

_DAYS = 7


class SmallestCell(Protocol):
    """What is needed of the resource `detection`."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def minimum_cell(self) -> int: ...


@derivation(
    reads=(Counts,),
    writes=WeeklyPeople,
    by=("day",),
    lookback=_DAYS - 1,
    reach=_DAYS - 1,
    lookahead=1,
    needs=("detection",),
    own_days=True,
    version=1,
)
def weekly_people(counts: Frame[Aggregate, Counts], *, detection: SmallestCell) -> Frame[Aggregate, WeeklyPeople]:
    """Person-days of each signal, place and week that is over, from the newest known counts; a row of `any` says that it has counts."""
    cell = ["signal", "place", "stratum"]
    newest = counts.data.sort("known_at").unique([*cell, "day"], keep="last", maintain_order=True)
    sunday = pl.col("day") + pl.duration(days=_DAYS - pl.col("day").dt.weekday())
    newest = newest.with_columns(sunday.cast(pl.Date).alias("week"))
    over = newest.select(week=pl.col("day") - pl.duration(days=1)).unique()
    posted = newest.filter(pl.col("signal") == ANY).group_by("place", "stratum", "week").len()
    whole = posted.filter(pl.col("len") == _DAYS).join(over, on="week", how="semi")
    withheld = pl.col("suppressed") != ""
    people = pl.when(withheld).then(detection.minimum_cell / 2).otherwise(pl.col("people").cast(pl.Float64))
    weeks = (
        newest.join(whole, on=["place", "stratum", "week"], how="semi")
        .group_by(*cell, day=pl.col("week"))
        .agg(people.sum().alias("people"), withheld=withheld.cast(pl.Int64).sum())
    )
    return counts.derive(WeeklyPeople, WeeklyPeople.check(weeks.select(*WeeklyPeople.columns)).sort(WeeklyPeople.key))
