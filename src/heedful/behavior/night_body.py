"""What a night held of heart rate variability, breathing and skin temperature: one value each, from the most trusted device.

The value is the mean of the plausible rows that start between midnight and noon of the local day: single measurements of the night, and
the day's own value that vendors date at midnight or at waking. Definitions of vendors differ (a mean over sleep, over deep sleep, of the
last three hours), so that a person's nights are compared with each other, never with another device's. A Fitbit skin temperature is a
deviation from its own baseline, which does no harm here.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from heedful.behavior.devices import trust
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

NIGHT_CODES = ("hrv_rmssd", "respiratory_rate", "skin_temperature")
NOON_HOUR = 12
HRV = "hrv_rmssd"
"""Named apart from `hrv_rmssd[night]`, which leaves out what the vendor states for the whole day (`hrv_daily`)."""


@derivation(reads=(Observations,), writes=Features, by=("person", "day"), only={"observations": NIGHT_CODES}, version=2)
def night_body(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Features]:
    """`hrv_rmssd[before_noon]`, `respiratory_rate[night]` and `skin_temperature[night]` of each day with such rows before noon
    (coverage 1); missing as `implausible` if none of them is within the bounds of its code."""
    local = pl.col("start_at").dt.replace_time_zone(None) + pl.duration(minutes=pl.col("offset_minutes").cast(pl.Int64))
    rows = observations.data.filter(pl.col("code").is_in(NIGHT_CODES) & pl.col("value").is_not_null() & (local.dt.hour() < NOON_HOUR))
    low, high = (_of_code({code: float(getattr(CODES[code], end)) for code in NIGHT_CODES}, pl.Float64) for end in ("low", "high"))
    unit = _of_code({code: CODES[code].unit for code in NIGHT_CODES}, pl.String)
    best = (
        rows.with_columns(trust(pl.col("device"), pl.col("how")), sound=pl.col("value").is_between(low, high))
        .sort("person", "day", "code", "device", "start_at", "row", "value")
        .group_by("person", "day", "code", "sound", "trust", "device", maintain_order=True).agg(pl.col("value").mean())
        .sort("person", "day", "code", "sound", "trust", "device", descending=[False, False, False, True, True, False])
        .group_by("person", "day", "code", maintain_order=True).first()
    )  # fmt: skip
    name = pl.when(pl.col("code") == HRV).then(pl.lit(f"{HRV}[before_noon]")).otherwise(pl.format("{}[night]", "code"))
    return observations.derive(Features, best.select(
        "person", "day", feature=name, value=pl.when("sound").then("value"), unit=unit,
        coverage=pl.when("sound").then(1.0).otherwise(0.0), missing=pl.when("sound").then(pl.lit("")).otherwise(pl.lit("implausible")),
    ))  # fmt: skip


def _of_code(values: Mapping[str, object], dtype: type[pl.DataType]) -> pl.Expr:
    return pl.col("code").replace_strict(values, return_dtype=dtype, default=None)
