"""When the main sleep of each night began and ended: the common ground of regularity and social jet lag over many nights.

Only nights that are known: one that a watch not worn cut short (`sleep`, "Whether it was worn"), or one in bed only, has no row.
Kept apart from the features, so that what reaches over weeks reads a row a night, and is not asked again whenever an hour passes.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.behavior.sleep import nightly_sleep, nights
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import LiveHours, MainSleeps, Observations

STAGES = ("sleep_stage",)


@derivation(
    reads=(Observations, LiveHours), writes=MainSleeps, by=("person", "day"), lookback=nightly_sleep.lookback, needs=("devices",),
    only={"observations": STAGES}, version=1, empty_without=Observations,
)  # fmt: skip
def main_sleeps(
    observations: Frame[Consented[P], Observations], hours: Frame[Consented[P], LiveHours], devices: DeviceTrust = TODAY
) -> Frame[Consented[P], MainSleeps]:
    """Onset and offset (min after local midnight of the day, before it negative) of each night for which `nightly_sleep` says both."""
    found = nights(of_codes(observations.data, STAGES), devices, hours.data)
    onset, offset = (
        found.filter((pl.col("feature") == name) & pl.col("value").is_finite()).select("person", "day", pl.col("value").alias(short))
        for name, short in (("sleep_onset", "onset"), ("sleep_offset", "offset"))
    )
    return observations.derive(MainSleeps, onset.join(offset, on=["person", "day"]).sort("person", "day"))
