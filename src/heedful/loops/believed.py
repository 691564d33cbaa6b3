"""Which device was believed: the order of trust of the devices whose rows went into a number, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from heedful.behavior.device_registry import device_registry
from heedful.behavior.devices import DeviceTrust
from heedful.core.schemas import Observations, Schema
from heedful.sources.packaged import device_families

MOST = 6
"""Devices and codes named in a sentence."""


def believed(inputs: Iterable[tuple[tuple[type[Schema], Any], pl.DataFrame]], devices: DeviceTrust) -> list[str]:
    """A sentence for each code that went in: its devices, the most trusted first, by which rule, and whether a number is the vendor's."""
    found = [rows for (schema, _), rows in inputs if schema is Observations and rows.height]
    if not found:
        return []
    ranked = (
        pl.concat([rows.select("code", "device", "how") for rows in found])
        .with_columns(devices.of(pl.col("code")))
        .group_by("code", "device").agg(pl.col("trust").max(), pl.col("how").sort().first())
        .sort("code", "trust", "device", descending=[False, True, False])
    )  # fmt: skip
    names = ranked["code"].unique(maintain_order=True).to_list()
    said = [_sentence(code, ranked.filter(pl.col("code") == code), devices) for code in names[:MOST]]
    return said + ([f"So it is for {len(names) - MOST} other codes."] if len(names) > MOST else [])


def _sentence(code: str, ranked: pl.DataFrame, devices: DeviceTrust) -> str:
    registry = device_registry(device_families())
    shown = []
    for device, how in ranked.select("device", "how").head(MOST).iter_rows():
        family = registry.family_of(device)
        derived = how == "vendor_derived" or (family is not None and family.says(code) == "vendor_derived")
        shown.append(f"{device} (the vendor's own derivation)" if derived else device)
    if len(shown) == 1:
        return f"Its {code} is all of {shown[0]}."
    order = devices.order_of(code)
    rule = f"as [devices] trust.{code} declares" if order else "a watch, band or ring before a phone, a phone before others, reports last"
    return f"For {code} the devices are believed in this order: {', then '.join(shown)}; {rule}."
