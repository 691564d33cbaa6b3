"""What a device can measure, how, and which of its numbers are a vendor's: a table of families, found by a device's name.

A number is *measured* where the sensor gives it by a published rule, *derived* where the vendor computes it by a rule that it keeps to
itself (stages of sleep, energy, resting rates, scores): these may change with the next update, without notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError

COLUMNS = ("family", "pattern", "worn", "measured", "derived", "sensors", "source")


@dataclass(frozen=True)
class Family:
    """Devices of one kind. `pattern`: what their names hold; `worn`: where; `measured`, `derived`: codes; `source`: who says so."""

    name: str
    pattern: str
    worn: str
    measured: tuple[str, ...]
    derived: tuple[str, ...]
    sensors: str
    source: str

    def says(self, code: str) -> str:
        """How the family comes to a code: measured, vendor_derived, or '' where it has no sensor for it."""
        return "measured" if code in self.measured else "vendor_derived" if code in self.derived else ""


@dataclass(frozen=True)
class DeviceRegistry:
    """Families, the first that fits a name first."""

    families: tuple[Family, ...]

    def family_of(self, device: str) -> Family | None:
        """The family of a device by its name; None where no family fits.

        >>> row = ["Fitbit", "fitbit|versa", "wrist", "steps", "sleep_stage", "accelerometer", "maker"]
        >>> registry = device_registry(pl.DataFrame([row], schema=list(COLUMNS), orient="row"))
        >>> registry.family_of("Fitbit Versa 2").says("sleep_stage"), registry.family_of("csv")
        ('vendor_derived', None)
        """
        return next((family for family in self.families if re.search(family.pattern, device, re.IGNORECASE)), None)

    def able(self, code: str) -> list[Family]:
        """Families that give a code, those that measure it first."""
        found = [family for family in self.families if family.says(code)]
        return sorted(found, key=lambda family: family.says(code) != "measured")

    def named(self, name: str) -> list[Family]:
        """Families by a device's name, a part of a family's name, or a code."""
        if name in CODES:
            return self.able(name)
        found = [family for family in self.families if name.lower() in family.name.lower()]
        fitting = self.family_of(name)
        return found or ([fitting] if fitting else [])


def device_registry(table: pl.DataFrame) -> DeviceRegistry:
    """The registry of a table with the columns `COLUMNS`. Raises `SettingsError` for a pattern or code that is none."""
    families = []
    for row in table.select(COLUMNS).iter_rows():
        name, pattern, worn, measured, derived, sensors, source = (str(cell) for cell in row)
        family = Family(name, pattern, worn, tuple(measured.split()), tuple(derived.split()), sensors, source)
        check_pattern(pattern, f"the family {name}")
        unknown = sorted({*family.measured, *family.derived} - set(CODES))
        both = sorted(set(family.measured) & set(family.derived))
        if unknown or both or not source:
            raise SettingsError(f"The family {name} names codes that are none ({unknown}), codes twice ({both}), or no source.")
        families.append(family)
    return DeviceRegistry(tuple(families))


def check_pattern(pattern: str, where: str) -> None:
    """Raise `SettingsError` unless `pattern` is a regular expression that polars, too, understands."""
    try:
        re.compile(pattern)
        pl.Series(["x"]).str.contains(f"(?i){pattern}")
    except (re.error, pl.exceptions.ComputeError) as error:
        raise SettingsError(
            f"{where}: {pattern!r} is no regular expression ({str(error)[:80]}); write a part of the device's name."
        ) from error
