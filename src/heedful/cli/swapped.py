"""`heedful swapped`: sensors that two people may have swapped, for a human to ask about."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.swapped_devices import swapped_devices


def swapped(config: Path, days: int, json: bool) -> None:
    """Pairs of participants with one recording under both names, or whose bodies changed places."""
    with open_site(config) as site:
        found = swapped_devices(site, days)
        site.ledger.audit(site.clock.now(), "read", {"queue": "swapped devices", "rows": found.height})
    if json:
        emit({"findings": found.to_dicts()})
        return
    table("Devices that may have been swapped", ["participant", "other", "from", "finding", "says"], found.rows())
    say(
        "Ask who wore what. If it is so: correct the person in the file, erase what it wrote, and read it again."
        if found.height
        else f"Of the last {days} days no recording lies under two names, and no two bodies changed places."
    )
