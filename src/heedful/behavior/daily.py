"""The day's features of activity and heart, in one pass over the minutes of many people."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.activity import activity_features, activity_sums
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.feature_rows import feature_rows
from heedful.behavior.folds import WarmDays
from heedful.behavior.heart import VENDOR_CODE, heart_features, heart_sums, vendor_resting_rate
from heedful.behavior.minutes import CODES_READ, Minutes, minutes
from heedful.behavior.rows import blocks, rows
from heedful.core.derivations import Fold, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

DAILY_CODES = (*CODES_READ, VENDOR_CODE)


@derivation(
    reads=(Observations,), writes=Features, by=("person", "day"), needs=("devices",), only={"observations": DAILY_CODES}, version=4,
    fold=Fold(WarmDays, WarmDays.read),
)  # fmt: skip
def daily_features(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`steps[sum]`, active, MVPA and sedentary minutes and bouts, peak cadence, `wear_minutes` (rules: `activity`, `wear`),
    `resting_heart_rate[nightsignal]`, `resting_heart_rate[vendor]`, `day_resting_heart_rate[rhrad]`,
    `day_resting_heart_rate[rhr_diff]` and `heart_rate_mean` (definitions: `heart`) of every person's local day.

    Those of activity exist for each day with steps, heart rates or movement, those of the heart for each day with such rows;
    what cannot be said is missing with its reason, never zero.
    """
    return observations.derive(Features, _daily(observations.data, devices))


def _daily(observations: pl.DataFrame, devices: DeviceTrust) -> pl.DataFrame:
    held = rows(observations, CODES_READ, devices)
    sums = [_block_sums(minutes(held, *block), held.trust_of_rank) for block in blocks(held)]
    if not sums:
        return Features.empty()
    days = {name: np.concatenate([block[name] for block in sums]) for name in sums[0]}
    person, day = held.persons.gather(days["person"]), pl.Series(days["day"].astype(np.int32)).cast(pl.Date)
    found = feature_rows(person, day, [*activity_features(days), *heart_features(days)])
    if VENDOR_CODE not in held.codes:
        return found
    stated = vendor_resting_rate(observations.filter(pl.col("code") == VENDOR_CODE), devices)
    return pl.concat([found, stated]).sort("person", "day", "feature")


def _block_sums(laid: Minutes, trust_of_rank: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    keys: dict[str, NDArray[Any]] = {"person": laid.person, "day": laid.day, "seen": laid.seen}
    return keys | activity_sums(laid, trust_of_rank) | heart_sums(laid)
