"""The day's features of activity and heart, in one pass over the minutes of many people."""

from __future__ import annotations

import polars as pl

from heedful.behavior.activity import activity_features
from heedful.behavior.heart import VENDOR_CODE, heart_features, vendor_resting_rate
from heedful.behavior.minutes import CODES_READ, DayRangeError, minutes
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

DAILY_CODES = (*CODES_READ, VENDOR_CODE)


@derivation(reads=(Observations,), writes=Features, by=("person", "day"), only={"observations": DAILY_CODES}, version=1)
def daily_features(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Features]:
    """`steps[sum]`, `active_minutes`, `wear_minutes` (rules: `activity`, `wear`), `resting_heart_rate[nightsignal]`,
    `resting_heart_rate[vendor]` and `heart_rate_mean` (definitions: `heart`) of every person's local day.

    The three of activity exist for each day with steps, heart rates or movement, those of the heart for each day with such rows;
    what cannot be said is missing with its reason, never zero.
    """
    return observations.derive(Features, _daily(observations.data).sort("person", "day", "feature"))


def _daily(observations: pl.DataFrame) -> pl.DataFrame:
    try:
        held = minutes(observations)
    except DayRangeError as error:
        if error.people == 1:
            raise
        persons = observations.get_column("person").unique().sort()
        first_half = pl.col("person") < persons[len(persons) // 2]
        return pl.concat([_daily(observations.filter(first_half)), _daily(observations.filter(~first_half))])
    stated = observations.filter(pl.col("code") == VENDOR_CODE) if VENDOR_CODE in held.codes else observations.clear()
    return pl.concat([activity_features(held), heart_features(held), vendor_resting_rate(stated)])
