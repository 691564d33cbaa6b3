"""The day's glucose of every person: mean, time in, below and above range, variation, and the management indicator of the day's mean.

Which device. Two sensors, or a sensor and finger sticks, must not be mixed: of the devices with a plausible reading on the day one is
taken, the most trusted (`devices`), then the one that covers most of the day, then the one with most readings, then the first by name.

How much is enough. Consensus asks for 70 % of a sensor's readings over 14 days (Battelino et al. 2019, Diabetes Care 42:1593); a day of
which less than 70 % of the quarter hours hold a reading is `too_short`. Four finger sticks a day are no time in range.

Percents are of readings, from 70 to 180 mg/dL both included, as in `range_and_risk`, which says what each index is.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

CODE = "glucose"
LOW, HIGH = 70, 180
QUARTERS_A_DAY, LEAST_QUARTERS = 96, 67
_FEATURES = {
    "glucose_mean": "mg/dL", "glucose_in_range[70-180]": "%", "glucose_below[70]": "%", "glucose_above[180]": "%", "glucose_variation": "%",
    "glucose_management_indicator": "%",
}  # fmt: skip


@derivation(reads=(Observations,), writes=Features, by=("person", "day"), needs=("devices",), only={"observations": (CODE,)}, version=2)
def daily_glucose(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`glucose_mean` (mg/dL), `glucose_in_range[70-180]`, `glucose_below[70]`, `glucose_above[180]`, `glucose_variation` (coefficient,
    n - 1) and `glucose_management_indicator` (all %) of every local day with readings.

    Coverage: share of the day's quarter hours with a reading. Missing as `implausible` if no reading is plausible, as `too_short` below
    70 % coverage.
    """
    readings = observations.data.filter(pl.col("code") == CODE)
    days = _days(readings, devices).with_columns(coverage=(pl.col("quarters") / QUARTERS_A_DAY).clip(0.0, 1.0))
    missing = (
        pl.when(pl.col("readings") == 0).then(pl.lit("implausible"))
        .when(pl.col("quarters") < LEAST_QUARTERS).then(pl.lit("too_short")).otherwise(pl.lit(""))
    )  # fmt: skip
    parts = [
        days.select(
            "person", "day", feature=pl.lit(name), value=pl.when(missing == "").then(name), unit=pl.lit(unit), coverage="coverage",
            missing=missing,
        )
        for name, unit in _FEATURES.items()
    ]  # fmt: skip
    return observations.derive(Features, pl.concat(parts).sort("person", "day", "feature"))


def _days(readings: pl.DataFrame, devices: DeviceTrust) -> pl.DataFrame:
    """Of each person's day the chosen device's sums, one column a feature."""
    bounds, value = CODES[CODE], pl.col("value")
    sound = value.is_between(bounds.low, bounds.high).fill_null(value=False)
    local = pl.col("start_at").dt.replace_time_zone(None) + pl.duration(minutes=pl.col("offset_minutes").cast(pl.Int64))
    kept = value.filter(sound)
    percent = {"glucose_in_range[70-180]": kept.is_between(LOW, HIGH), "glucose_below[70]": kept < LOW, "glucose_above[180]": kept > HIGH}
    by_device = (
        readings.with_columns(devices.of(CODE), quarter=local.dt.truncate("15m"))
        .sort("person", "day", "device", "start_at", "row")
        .group_by("person", "day", "device", maintain_order=True)
        .agg(
            readings=sound.sum(), quarters=pl.col("quarter").filter(sound).n_unique(), trust=pl.col("trust").filter(sound).max(),
            glucose_mean=kept.mean(), glucose_variation=100 * kept.std() / kept.mean(),
            glucose_management_indicator=3.31 + 0.02392 * kept.mean(),
            **{name: 100 * inside.sum() / kept.len() for name, inside in percent.items()},
        )
    )  # fmt: skip
    order = ["trust", "quarters", "readings", "device"]
    best = by_device.sort("person", "day", *order, descending=[False, False, True, True, True, False], nulls_last=True)
    return best.group_by("person", "day", maintain_order=True).first()
