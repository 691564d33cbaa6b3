"""A phone's battery and the light around it, day by day: charges, how fast charge was lost, how bright it was.

Written to `context_features`, seen only under a consent that names *phone*. A level holds until the phone's next row, at most 30 minutes
and never over midnight: what the evening's last row still holds after it is left out. Rows of one state without such a gap are one charge
or discharge; those in which the level did not move are none. Charging and full count as charging, not charging counts as discharging.

As RAPIDS (Vega et al. 2021, Front Digit Health 3:769823) phone_battery and phone_light with one segment a day; RAPIDS' minutes lack 1 ms.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.rows import of_codes
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import ContextFeatures, Observations

SENSOR_CODES = ("phone_battery", "ambient_light")
HOLDS_MINUTES = 30.0
BATTERY = {
    "battery_charges": "{charges}", "battery_discharges": "{discharges}", "battery_minutes[charging]": "min",
    "battery_minutes[discharging]": "min", "battery_consumption[mean]": "%/h", "battery_level[lowest]": "%",
}  # fmt: skip
_COUNTED = ("battery_charges", "battery_discharges", "battery_minutes[charging]", "battery_minutes[discharging]")
LIGHT = ("mean", "median", "max")
_DAY = ["person", "day"]
_PHONE_DAY = [*_DAY, "device"]
_CHARGING = {"charging": True, "full": True, "discharging": False, "not_charging": False}


@derivation(
    reads=(Observations,), writes=ContextFeatures, by=("person", "day"), only={"observations": SENSOR_CODES}, version=1,
)  # fmt: skip
def daily_phone_sensors(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], ContextFeatures]:
    """`BATTERY` of days on which a phone told its battery's state, `ambient_light[mean]`, `[median]`, `[max]` of those with light (lx).

    Several phones: charges and minutes add up. Coverage: share of the 24 hours with a row. Missing as `no_data`: no discharge that moved
    the level, so no rate of it.
    """
    rows = of_codes(observations.data, SENSOR_CODES).with_columns(minute=_local_minute())
    low, high = (pl.col("code").replace_strict({name: getattr(CODES[name], end) for name in SENSOR_CODES}) for end in ("low", "high"))
    sound = rows.filter(pl.col("value").is_between(low, high))
    parts = [_battery(sound.filter(pl.col("code") == "phone_battery")), _light(sound.filter(pl.col("code") == "ambient_light"))]
    return observations.derive(ContextFeatures, pl.concat(parts).sort(*_DAY, "feature"))


def _local_minute() -> pl.Expr:
    """Minutes since local midnight of the row's day, with their fractions."""
    return pl.col("start_at").dt.epoch("us") / 60_000_000 + pl.col("offset_minutes") - pl.col("day").to_physical().cast(pl.Int64) * 1440


def _battery(rows: pl.DataFrame) -> pl.DataFrame:
    state = pl.col("value_code").replace_strict(_CHARGING, default=None, return_dtype=pl.Boolean)
    known = rows.with_columns(charging=state).filter(pl.col("charging").is_not_null()).sort(*_PHONE_DAY, "minute", "row")
    after = pl.col("minute").shift(-1).over(_PHONE_DAY)
    until = pl.min_horizontal(after.fill_null(1440.0), pl.col("minute") + HOLDS_MINUTES, pl.lit(1440.0))
    silent = (pl.col("minute") - pl.col("minute").shift().over(_PHONE_DAY)) > HOLDS_MINUTES
    begins = (silent | (pl.col("value_code") != pl.col("value_code").shift().over(_PHONE_DAY))).fill_null(True)
    runs = (
        known.with_columns(length=until - pl.col("minute"), run=begins.cum_sum().over(_PHONE_DAY))
        .group_by(*_PHONE_DAY, "run", "charging", maintain_order=True)
        .agg(minutes=pl.col("length").sum(), lost=pl.col("value").first() - pl.col("value").last())
        .filter((pl.col("lost") != 0) & (pl.col("minutes") > 0))
    )
    up, down = pl.col("charging"), ~pl.col("charging")
    moved = runs.group_by(_DAY).agg(
        up.sum().cast(pl.Float64).alias("battery_charges"), down.sum().cast(pl.Float64).alias("battery_discharges"),
        pl.col("minutes").filter(up).sum().alias("battery_minutes[charging]"),
        pl.col("minutes").filter(down).sum().alias("battery_minutes[discharging]"),
        (60 * (pl.col("lost") / pl.col("minutes")).filter(down)).mean().alias("battery_consumption[mean]"),
    )  # fmt: skip
    days = known.group_by(_DAY).agg(hours=_hours(), lowest=pl.col("value").min()).join(moved, on=_DAY, how="left")
    counted = days.rename({"lowest": "battery_level[lowest]"}).with_columns(pl.col(name).fill_null(0.0) for name in _COUNTED)
    return pl.concat([_told(counted, name, unit) for name, unit in BATTERY.items()])


def _light(rows: pl.DataFrame) -> pl.DataFrame:
    lux = pl.col("value")
    found = rows.sort(*_DAY, "device", "minute", "row").group_by(_DAY, maintain_order=True).agg(
        lux.mean().alias("mean"), lux.median().alias("median"), lux.max().alias("max"), hours=_hours()
    )  # fmt: skip
    return pl.concat([_told(found.rename({name: f"ambient_light[{name}]"}), f"ambient_light[{name}]", "lx") for name in LIGHT])


def _hours() -> pl.Expr:
    return (pl.col("minute") // 60).n_unique()


def _told(days: pl.DataFrame, name: str, unit: str) -> pl.DataFrame:
    return days.select(
        *_DAY, feature=pl.lit(name), value=pl.col(name), unit=pl.lit(unit), coverage=pl.col("hours") / 24,
        missing=pl.when(pl.col(name).is_null()).then(pl.lit("no_data")).otherwise(pl.lit("")),
    )  # fmt: skip
