"""`heedful units`: values that look as if written in another unit than declared, for a human to ask about."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.unit_jumps import unit_jumps


def units(config: Path, days: int, json: bool) -> None:
    """Weights, heights and sugars that changed as if their unit had."""
    with open_site(config) as site:
        found = unit_jumps(site, days)
        site.ledger.audit(site.clock.now(), "read", {"queue": "units", "rows": found.height})
    if json:
        emit({"findings": found.to_dicts()})
        return
    shown = found.group_by("person", "code", "device", "says", maintain_order=True).agg(
        since=pl.col("day").min(), rows=pl.len(),
        example=pl.format("{} {}, before {}", pl.col("value").first().round(1), pl.col("unit").first(), pl.col("usual").first().round(1)),
    )  # fmt: skip
    told = shown.select("person", pl.format("{}, {}", "code", "device"), "since", "rows", "example", "says")
    table("Values that may be in another unit", ["participant", "what", "from", "rows", "example", "asks"], told.rows())
    say(
        "If it is so: correct the unit in the file, or declare it for the input, and read it again; "
        "rows of the same person, time and device are corrected."
        if found.height
        else f"Of the last {days} days no weight, height or sugar changed as if its unit had."
    )
