"""Which device is believed: the declared order of trust that decides whenever two devices speak about the same minute or night.

Without a declaration a watch, band or ring comes before a phone, a phone before others, and what a person reports last. A site may declare
an order of its own for a signal: `[devices] trust.heart_rate = ["polar", "apple watch"]`; devices that it names come before all others.
"""

from __future__ import annotations

from dataclasses import dataclass

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


STEP = 10
"""What a declared place adds to the trust of a device: trust modulo `STEP` still says what it is (phone, wearable, …)."""


@dataclass(frozen=True)
class DeviceTrust:
    """The resource `devices` of derivations: for a code the patterns of devices' names that are believed first, the best first."""

    orders: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def fingerprint(self) -> str:
        return f"trust={self.orders!r}" if self.orders else "trust by kind of device: wearable, phone, other, self-reported"

    def order_of(self, code: str) -> tuple[str, ...]:
        """The patterns declared for a code; none is today's rule."""
        return dict(self.orders).get(code, ())

    def of(self, code: str | pl.Expr) -> pl.Expr:
        """Trust of each row by its columns `device` and `how`, for one code or the code of the row (an expression), as `trust`.

        >>> declared = DeviceTrust((("steps", ("phone", "watch")),))
        >>> rows = pl.DataFrame({"device": ["Apple Watch", "iPhone", "iPhone"], "how": ["measured", "measured", "self_reported"]})
        >>> rows.select(declared.of("steps")).to_series().to_list(), rows.select(declared.of("glucose")).to_series().to_list()
        ([13, 22, 0], [3, 2, 0])
        """
        device, how = pl.col("device"), pl.col("how")
        plain = trust(device, how)
        more = pl.lit(0, pl.Int32)
        for name, patterns in self.orders:
            if isinstance(code, str) and code != name:
                continue
            place = pl.lit(0, pl.Int32)
            for number, pattern in enumerate(reversed(patterns), start=1):
                place = pl.when(device.str.contains(f"(?i){pattern}")).then(pl.lit(STEP * number, pl.Int32)).otherwise(place)
            more = place if isinstance(code, str) else pl.when(code == name).then(place).otherwise(more)
        return (plain + pl.when(how == "self_reported").then(pl.lit(0, pl.Int32)).otherwise(more)).cast(pl.Int32).alias("trust")


TODAY = DeviceTrust()
"""No declaration: trust by the kind of device."""
