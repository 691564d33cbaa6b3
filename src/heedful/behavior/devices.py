"""Which device is believed: the declared order of trust that decides whenever two devices speak about the same minute or night."""

from __future__ import annotations

import polars as pl

SELF_REPORTED, OTHER, PHONE, WEARABLE = 0, 1, 2, 3
"""Order of trust: what a person reports counts only where nothing was measured; a watch is nearer to the body than a phone."""

_WEARABLE = (
    r"(?i)watch|fitbit|\bband\b|mi ?band|garmin|forerunner|vivo|fenix|polar|withings|oura|whoop|\bring\b|actigraph|actiwatch|geneactiv"
    r"|axivity|amazfit|suunto|coros|wearable|tracker|inspire|charge|versa|bracelet|wrist"
)
_PHONE = r"(?i)phone|android|pixel|galaxy|samsung|xiaomi|huawei|oneplus|motorola|nokia|handset|mobile"


def trust(device: pl.Expr, how: pl.Expr) -> pl.Expr:
    """Trust of a device by its name and by how it says the value came about: 0 to 3 as above.

    >>> rows = pl.DataFrame({"device": ["Apple Watch", "iPhone", "csv", "iPhone"], "how": ["measured"] * 3 + ["self_reported"]})
    >>> rows.select(trust(pl.col("device"), pl.col("how"))).to_series().to_list()
    [3, 2, 1, 0]
    """
    return (
        pl.when(how == "self_reported").then(SELF_REPORTED)
        .when(device.str.contains(_WEARABLE)).then(WEARABLE)
        .when(device.str.contains(_PHONE)).then(PHONE)
        .otherwise(OTHER).cast(pl.Int32).alias("trust")
    )  # fmt: skip
