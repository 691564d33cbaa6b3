"""`heedful devices`: families of devices, what each measures, and which numbers are the vendor's."""

from __future__ import annotations

from heedful.behavior.device_registry import Family, device_registry
from heedful.cli.console import emit, say, table
from heedful.core.errors import NotFoundError
from heedful.sources.packaged import device_families


def devices(name: str, json: bool) -> None:
    """All families, or those of a device's name, a part of a family's, or a code."""
    registry = device_registry(device_families())
    found = registry.named(name) if name else list(registry.families)
    if not found:
        raise NotFoundError(f"No family of devices fits {name!r}. All of them: heedful devices")
    if json:
        emit([family.__dict__ for family in found])
        return
    table(
        "Devices",
        ["family", "worn", "measured", "derived by the vendor", "sensors", "source"],
        [[one.name, one.worn, ", ".join(one.measured), ", ".join(one.derived), one.sensors, one.source] for one in found],
    )
    if len(found) == 1:
        say(_said(found[0]))


def _said(family: Family) -> str:
    derived = ", ".join(family.derived) or "nothing"
    return f"Numbers that {family.name} derives by a rule which its vendor does not publish: {derived}."
