"""Heart-rate variability of the night, from what devices report: RMSSD and SDNN of short stretches, and the vendor's own value of the day.

What is computed from the intervals between beats, where a source delivers them, stands in `beats_daily`. `hrv_rmssd[night]` is the median
of a device's values that begin between 0 and 7 o'clock local time; of several devices the most trusted (`devices`), then the one with most
values, then the first by name. Vendors clean beats and choose stretches as they like: compare a person with themselves, on one device.
Values that hold for 20 hours or more, or that the vendor derived for the day, are `hrv_rmssd[vendor]`: the last of the most trusted device.

RMSSD and its nightly use: Task Force 1996, Circulation 93:1043; Plews et al. 2013, Sports Med 43:773.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.rows import of_codes
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

HRV_CODES = ("hrv_rmssd", "hrv_sdnn")
NIGHT_MINUTES, LEAST_VALUES, DAY_HOURS = 7 * 60, 3, 20
_SLOTS = 84
"""Pieces of five minutes in the night."""


@derivation(reads=(Observations,), writes=Features, by=("person", "day"), needs=("devices",), only={"observations": HRV_CODES}, version=2)
def nightly_variability(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`hrv_rmssd[night]`, `hrv_sdnn[night]`, `hrv_rmssd[vendor]` and `hrv_sdnn[vendor]` (ms) of each local day with such rows.

    Coverage: share of the night's 84 pieces of five minutes with a value; of the vendor's 1. Missing as `too_short` with fewer than three
    values in the night, as `implausible` if none is plausible.
    """
    bounds = {code: (CODES[code].low, CODES[code].high) for code in HRV_CODES}
    low, high = (pl.col("code").replace_strict({c: b[n] for c, b in bounds.items()}, return_dtype=pl.Float64) for n in (0, 1))
    local = pl.col("start_at").dt.epoch("us") // 60_000_000 + pl.col("offset_minutes") - pl.col("day").to_physical().cast(pl.Int64) * 1440
    rows = of_codes(observations.data, HRV_CODES).with_columns(
        devices.of(pl.col("code")), local=local, sound=pl.col("value").is_between(low, high).fill_null(value=False),
        whole=((pl.col("end_at") - pl.col("start_at")) >= pl.duration(hours=DAY_HOURS))
        | ((pl.col("how") == "vendor_derived") & (pl.col("end_at") == pl.col("start_at")) & (local == 0)),
    )  # fmt: skip
    short = rows.filter(~pl.col("whole") & pl.col("local").is_between(0, NIGHT_MINUTES - 1))
    out = pl.concat([_nights(short), _stated(rows.filter("whole"))])
    return observations.derive(Features, out.sort("person", "day", "feature"))


def _nights(rows: pl.DataFrame) -> pl.DataFrame:
    sound = pl.col("sound")
    by_device = rows.group_by("person", "day", "code", "trust", "device").agg(
        value=pl.col("value").filter(sound).median(), values=sound.sum(), slots=(pl.col("local") // 5).filter(sound).n_unique()
    )
    best = _best(by_device.with_columns(any=pl.col("values") > 0), "values")
    missing = pl.when(~pl.col("any")).then(pl.lit("implausible")).when(pl.col("values") < LEAST_VALUES).then(pl.lit("too_short"))
    return _rows(best.with_columns(missing=missing.otherwise(pl.lit("")), coverage=pl.col("slots") / _SLOTS), "night")


def _stated(rows: pl.DataFrame) -> pl.DataFrame:
    last = rows.sort("end_at", "start_at", "row", "value").group_by("person", "day", "code", "trust", "device", maintain_order=True)
    by_device = last.agg(value=pl.col("value").filter("sound").last(), any=pl.col("sound").any(), values=pl.len())
    missing = pl.when("any").then(pl.lit("")).otherwise(pl.lit("implausible"))
    return _rows(_best(by_device, "values").with_columns(missing=missing, coverage=pl.col("any").cast(pl.Float64)), "vendor")


def _best(by_device: pl.DataFrame, most: str) -> pl.DataFrame:
    """The chosen device of each person, day and code: one with a sound value first."""
    key, down = ["person", "day", "code"], [False, False, False, True, True, True, False]
    ordered = by_device.sort(*key, "any", "trust", most, "device", descending=down)
    return ordered.group_by(key, maintain_order=True).first()


def _rows(best: pl.DataFrame, way: str) -> pl.DataFrame:
    return best.select(
        "person", "day", feature=pl.format(f"{{}}[{way}]", "code"), value=pl.when(pl.col("missing") == "").then("value"), unit=pl.lit("ms"),
        coverage="coverage", missing="missing",
    )  # fmt: skip
